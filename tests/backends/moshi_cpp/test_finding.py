"""Program and weights: found, or refused with what to do; and whether `auto` takes them."""

from __future__ import annotations

import platform
import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from assistant.backends.base import BackendError
from assistant.backends.moshi_cpp import weights
from assistant.backends.moshi_cpp.finding import check_moshi_cpp, devices_of, find_program
from assistant.backends.moshi_cpp.weights import PUBLISHED, find_weights
from assistant.backends.registry import backend_options, choose_backend, fallback_of
from assistant.config.schema import Config
from assistant.models.hardware import Card, Hardware
from tests.backends.moshi_cpp.conftest import MakeProgram, MakeWeights
from tests.hub_stand_in import HubState, isolated, serving

PLAIN = Hardware("Linux", "x86_64")
GRAPHICS = Hardware("Linux", "x86_64", cards=(Card(0, "RTX 2070", 8 << 30, 6 << 30, "555"),))


def elf(machine: int, order: int = 1) -> bytes:
    head = b"\x7fELF" + bytes([2, order, 1]) + bytes(9)
    return head + struct.pack("<HH" if order == 1 else ">HH", 2, machine)


def written(path: Path, content: bytes, mode: int = 0o755) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refused(find: Any, *arguments: Any) -> tuple[str, str]:
    with pytest.raises(BackendError) as error:
        find(*arguments)
    return error.value.message, error.value.remedy


# -- the program -----------------------------------------------------------------------------------


def test_it_is_taken_from_the_settings_a_folder_or_the_path(
    make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_program()
    assert find_program(str(program)) == program
    assert find_program(str(program.parent)) == program
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_program(None) == program
    assert find_program("moshi-sts") == program
    monkeypatch.setenv("WHERE", str(program.parent))
    assert find_program("$WHERE/moshi-sts") == program


def test_none_is_told_with_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    message, remedy = refused(find_program, None)
    assert "no moshi-sts" in message
    assert "assistant setup moshi-cpp" in remedy
    message, remedy = refused(find_program, str(tmp_path / "gone"))
    assert str(tmp_path / "gone") in message
    assert "backend.moshi_cpp.program" in remedy


def test_one_that_may_not_be_executed(tmp_path: Path) -> None:
    path = written(tmp_path / "moshi-sts", b"#!/bin/sh\n", 0o644)
    message, remedy = refused(find_program, str(path))
    assert "may not be executed" in message
    assert remedy == f"chmod +x {path}"


@pytest.mark.skipif(sys.platform != "linux", reason="programs of Linux")
@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (elf(183 if platform.machine() == "x86_64" else 62), "was built for"),
        (elf(22, order=2), "was built for machine 22"),
        (b"MZ\x90\0" + bytes(30), "for Windows"),
        (b"\xcf\xfa\xed\xfe" + bytes(30), "for macOS"),
        (b"<html>not found</html>", "is no program"),
        (b"", "is no program"),
    ],
)
def test_one_of_another_machine(tmp_path: Path, head: bytes, reason: str) -> None:
    message, remedy = refused(find_program, str(written(tmp_path / "moshi-sts", head)))
    assert reason in message
    assert "assistant setup moshi-cpp" in remedy


@pytest.mark.skipif(sys.platform != "linux", reason="programs of Linux")
def test_one_of_this_machine() -> None:
    assert find_program(sys.executable) == Path(sys.executable)


def test_it_is_asked_for_its_devices(make_program: MakeProgram, tmp_path: Path) -> None:
    assert devices_of(make_program()) == ["CPU"]
    said = b"error while loading shared libraries: libSDL2-2.0.so.0: x"
    broken = written(tmp_path / "moshi-sts", b"#!/bin/sh\necho '%s' >&2\nexit 127" % said)
    message, remedy = refused(devices_of, broken)
    assert "needs the library libSDL2-2.0.so.0" in message
    assert "libsdl2" in remedy


# -- the weights -----------------------------------------------------------------------------------


def test_a_folder_of_weights(make_weights: MakeWeights) -> None:
    folder = make_weights()
    found = find_weights(str(folder))
    assert (found.folder, found.prompted) == (folder, True)
    assert find_weights(str(make_weights("moshi"))).prompted is False
    assert found.voice("NATF1") == folder / "voices" / "NATF1.gguf"
    assert found.voice("NATF1.pt") == folder / "voices" / "NATF1.gguf"
    recording = written(folder.parent / "ada.wav", b"RIFF")
    assert found.voice(str(recording)) == recording
    assert found.voice("NATF9") is None
    assert found.voice("/nowhere.wav") is None
    assert found.voice(None) is None


def test_what_is_missing_or_broken_is_told(make_weights: MakeWeights, tmp_path: Path) -> None:
    assert "is no folder" in refused(find_weights, str(tmp_path / "gone"))[0]
    file = written(tmp_path / "file", b"GGUF")
    assert "is a file" in refused(find_weights, str(file))[0]
    folder = make_weights()
    config = folder / "personaplex-config.json"
    model = folder / "model-q4_k.gguf"
    model.write_bytes(b"<html>")
    assert "no file of weights" in refused(find_weights, str(folder))[0]
    model.unlink()
    assert f"{model} are missing" in refused(find_weights, str(folder))[0]
    config.write_text("[1]")
    assert f"{config} cannot be read" in refused(find_weights, str(folder))[0]
    config.write_text("{")
    assert f"{config} cannot be read" in refused(find_weights, str(folder))[0]


def test_unquantised_weights_are_weights(make_weights: MakeWeights) -> None:
    folder = make_weights("moshi")
    (folder / "config.json").unlink()
    header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    model = folder / "model.safetensors"
    model.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    assert find_weights(str(folder)).folder == folder
    model.write_bytes(struct.pack("<Q", 1 << 40) + header)
    assert "no file of weights" in refused(find_weights, str(folder))[0]


def test_a_folder_whose_name_hides_what_it_holds(make_weights: MakeWeights) -> None:
    """The program would take it for plain Moshi, and read nonsense."""
    folder = make_weights()
    other = folder.rename(folder.parent / "my-model")
    message, remedy = refused(find_weights, str(other))
    assert "by its path" in message
    assert "Rename" in remedy


# -- downloads -------------------------------------------------------------------------------------


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    isolated(monkeypatch, tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    names = {
        "moshi_name": "model-q4_k.gguf",
        "mimi_name": "../moshi-common/mimi-e351c8d8-125.gguf",
        "tokenizer_name": "../moshi-common/tokenizer_spm_32k_3.model",
    }
    config = str(names).replace("'", '"').encode()

    def content(name: str) -> bytes:
        return config if name.endswith(".json") else b"GGUF" + bytes(100_000)

    held = {
        model.repository: {name: content(name) for name in model.files}
        for model in (weights._COMMON, *PUBLISHED)
    }
    with serving(HubState(held)) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        yield state


def test_what_is_pulled_is_found_with_what_it_shares(hub: HubState) -> None:
    told = []
    message, remedy = refused(find_weights, None)
    assert "no weights" in message
    assert remedy.startswith(f"assistant models pull {PUBLISHED[0].name}")
    assert f"models pull {PUBLISHED[1].name}" in refused(find_weights, PUBLISHED[1].name)[1]
    assert (weights.size_of(PUBLISHED[0]) or 0) > 2_000_000
    folder = weights.pull(PUBLISHED[0], lambda text, fraction: told.append(text))
    assert told
    assert find_weights(None).folder == folder
    assert find_weights(PUBLISHED[0].repository).folder == folder
    assert (folder / "../moshi-common/mimi-e351c8d8-125.gguf").is_file()
    assert find_weights(None).voice("VARM4") is not None
    assert weights.size_of(PUBLISHED[0]) == 0
    weights.pull(PUBLISHED[1], lambda text, fraction: None)
    assert hub.downloads() >= {"config.json", "personaplex-config.json"}
    weights.remove(PUBLISHED[0])
    assert find_weights(None).folder == weights.folder_of(PUBLISHED[1])
    weights.remove(PUBLISHED[1])
    assert not list((folder.parent).iterdir()), "with the last one goes what they shared"


def test_half_a_download_is_none(hub: HubState) -> None:
    hub.really["model-q4_k.gguf"] = b"GGUF" + bytes(99_999) + b"x"
    refused(weights.pull, PUBLISHED[1], lambda text, fraction: None)
    refused(find_weights, PUBLISHED[1].name)
    hub.really.clear()
    weights.pull(PUBLISHED[1], lambda text, fraction: None)
    assert find_weights(PUBLISHED[1].name)


# -- whether it can run ----------------------------------------------------------------------------


def config(**settings: Any) -> Config:
    return Config.model_validate({"backend": {"moshi_cpp": settings}})


def test_auto_takes_it_where_it_was_set_up_and_nothing_better_runs(
    make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    there = config(program=str(make_program()), model=str(make_weights()))
    choice = choose_backend(there, lambda: PLAIN)
    assert choice.name == "moshi-cpp"
    assert "personaplex-7b-q4_k-GGUF with" in choice.reason
    slow = config(program=str(make_program()), model=str(make_weights()), device="CPU")
    assert choose_backend(slow, lambda: PLAIN).name == "cascade"
    slow.backend.name = "moshi-cpp"
    assert choose_backend(slow, lambda: PLAIN).name == "moshi-cpp"
    fallback = fallback_of("moshi-cpp", there, lambda: PLAIN)
    assert fallback is not None
    assert fallback.name == "cascade"
    assert backend_options("moshi-cpp", there)["program"] == str(make_program())


def test_what_only_lies_about_is_taken_where_a_card_may_keep_up(
    make_program: MakeProgram, hub: HubState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(make_program().parent))
    assert not check_moshi_cpp(Config(), lambda: GRAPHICS).available
    weights.pull(PUBLISHED[0], lambda text, fraction: None)
    assert check_moshi_cpp(Config(), lambda: GRAPHICS).suited
    without = check_moshi_cpp(Config(), lambda: PLAIN)
    assert (without.available, without.suited) == (True, False)


def test_half_of_it_is_not_enough(
    make_program: MakeProgram,
    make_weights: MakeWeights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    lacking = check_moshi_cpp(config(program=str(make_program())), lambda: PLAIN)
    assert not lacking.available
    assert "assistant models pull" in lacking.remedy
    lacking = check_moshi_cpp(
        config(program=str(tmp_path / "gone"), model=str(make_weights())), lambda: PLAIN
    )
    assert not lacking.available
    assert lacking.remedy
