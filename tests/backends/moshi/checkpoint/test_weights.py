"""A checkpoint is what its files say: read without a framework, found without a network."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint import catalog, finding, header
from assistant.backends.moshi.checkpoint.weights import MOSHI_7B, read_checkpoint
from assistant.models import hub as hub_cache
from tests.backends.moshi.conftest import MakeCheckpoint
from tests.hub_stand_in import HubState, isolated, serving

TOKENIZER, MIMI = "tokenizer_spm_32k_3.model", "tokenizer-e351c8d8-checkpoint125.safetensors"
GATE = header.gate_width(4096, 4.125)


def safetensors(shapes: dict[str, tuple[int, ...]], *, data: bool = False) -> bytes:
    """A file with these tensors; without `data`, of no bytes, so that 7B fits into a test."""
    end, entries = 0, {}
    for name, shape in shapes.items():
        size = 4
        for width in shape:
            size *= width
        begin, end = end, end + (size if data else 0)
        entries[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps({"__metadata__": {"made": "here"}, **entries}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(end)


def shapes_7b(steps: int = 8, *, mlx: bool = False, packed: int = 1) -> dict[str, tuple[int, ...]]:
    """Moshi's tensors, as far as they are looked at; `packed`: values in a word of MLX."""
    norm, emb = ("weight", "audio_embs") if mlx else ("alpha", "emb")
    shapes: dict[str, tuple[int, ...]] = {
        f"out_norm.{norm}": (4096,) if mlx else (1, 1, 4096),
        "text_emb.weight": (32001, 4096 // packed),
        "text_linear.weight": (32000, 4096 // packed),
    }
    for layer in range(32):
        shapes[f"transformer.layers.{layer}.gating.linear_in.weight"] = (2 * GATE, 4096 // packed)
    for codebook in range(16):
        shapes[f"{emb}.{codebook}.weight"] = (2049, 4096 // packed)
    for step in range(steps):
        name = f"depformer.slices.{step}.linear_out" if mlx else f"linears.{step}"
        shapes[f"{name}.weight"] = (2048, 1024 // packed)
    for layer in range(6):
        inside = "depformer.slices.0.transformer" if mlx else "depformer"
        shape = (1024,) if mlx else (1, 1, 1024)
        shapes[f"{inside}.layers.{layer}.norm1.{norm}"] = shape
    if packed > 1:
        shapes["text_linear.scales"] = (32000, 64)
    return shapes


def repository(model: bytes, name: str = "model.safetensors", **more: bytes) -> dict[str, bytes]:
    return {name: model, MIMI: safetensors({"x": (1,)}), TOKENIZER: b"words", **more}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    isolated(monkeypatch, tmp_path)

    def write(files: dict[str, bytes], name: str = "some-model") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        return folder

    return write


@pytest.mark.parametrize(("kind", "agent"), [("moshi", 8), ("personaplex", 8), ("stt", 0)])
def test_a_published_folder_is_read_as_upstream_reads_it(
    checkpoint: MakeCheckpoint, kind: str, agent: int
) -> None:
    from moshi.models.loaders import CheckpointInfo

    folder = checkpoint(kind)
    found = read_checkpoint(folder)
    upstream = CheckpointInfo.from_hf_repo(
        "x/y",
        config_path=folder / "config.json",
        moshi_weights=folder / "model.safetensors",
        mimi_weights=folder / "mimi.safetensors",
        tokenizer=folder / "tokenizer.model",
        mimi_config_path=folder / "mimi.json",
    )
    assert (found.kind, found.format, found.stored) == (kind, "pytorch", "none")
    assert (found.model, found.mimi) == (upstream.moshi_weights, upstream.mimi_weights)
    assert found.tokenizer == upstream.tokenizer
    assert found.config == {**upstream.lm_config, "dep_q": agent}
    assert found.mimi_config == upstream.mimi_config
    assert found.delay_seconds == (0.5 if kind == "stt" else 0.0)
    assert found.name == folder.name


def test_mlx_weights_are_recognised_by_their_names_and_bits(place: Any) -> None:
    for packed, name, stored in ((4, "q8", "int8"), (8, "q4", "int4"), (1, "", "none")):
        file = f"model.{name}.safetensors" if name else "model.safetensors"
        model = safetensors(shapes_7b(mlx=True, packed=packed))
        found = read_checkpoint(place(repository(model, file), f"moshiko-mlx-{stored}"))
        assert (found.format, found.stored, found.kind) == ("mlx", stored, "moshi")
        assert found.model.name == file
        assert found.config == {**MOSHI_7B, "delays": list(MOSHI_7B["delays"])}


def test_the_7b_configuration_is_upstreams() -> None:
    loaders = pytest.importorskip("moshi.models.loaders")
    assert {**MOSHI_7B, "delays": list(MOSHI_7B["delays"])} == loaders._lm_kwargs


@pytest.mark.parametrize("config", [{}, {"config.json": b'{"model_type": "personaplex"}'}])
def test_personaplex_is_recognised_without_a_configuration(
    place: Any, config: dict[str, bytes]
) -> None:
    found = read_checkpoint(place(repository(safetensors(shapes_7b(16)), **config)))
    assert (found.kind, found.config["dep_q"], found.config["n_q"]) == ("personaplex", 8, 16)
    assert len(found.config["delays"]) == 17


def test_other_weights_are_never_taken_for_the_7b_model(place: Any) -> None:
    shapes = {
        name: tuple(2048 if width == 4096 else width for width in shape)
        for name, shape in shapes_7b().items()
    }
    with pytest.raises(BackendError, match=r"dim is 4096 .* 2048 in the weights") as refused:
        read_checkpoint(place(repository(safetensors(shapes))))
    assert "config.json" in refused.value.remedy
    for missing in ("transformer.layers.31.gating.linear_in.weight", "emb.15.weight"):
        shapes = shapes_7b()
        del shapes[missing]
        with pytest.raises(BackendError, match="does not fit"):
            read_checkpoint(place(repository(safetensors(shapes))))


def test_a_configuration_of_another_model_is_refused(
    checkpoint: MakeCheckpoint, place: Any
) -> None:
    folder = checkpoint("moshi")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    config = json.loads(files["config.json"])
    for key, value in (("dim", 128), ("num_layers", 3), ("dep_q", 16), ("hidden_scale", 4)):
        files["config.json"] = json.dumps({**config, key: value}).encode()
        with pytest.raises(BackendError, match="does not fit"):
            read_checkpoint(place(files))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({TOKENIZER: None}, "no file tokenizer_spm_32k_3.model"),
        ({MIMI: None}, "no file tokenizer-e351c8d8"),
        ({"model.safetensors": None}, "no file model.safetensors"),
        ({"model.safetensors": b"hello, I am no weights"}, "no safetensors file"),
        ({"model.safetensors": b""}, "no safetensors file"),
        ({"model.safetensors": safetensors({"x": (3, 3)})}, "holds no Moshi language model"),
        ({"config.json": b"{"}, "is no configuration"),
        ({"config.json": b"[1]"}, "is no configuration"),
        ({"config.json": b'{"dim": 1, "model_type": "tts"}'}, "type “tts”"),
        ({"config.json": b'{"dim": 4096, "lora_name": "x"}'}, "LoRA"),
        ({"config.json": b'{"mimi_name": "hf://a/b/c"}'}, "is not here"),
        ({"config.json": b'{"mimi_name": "hf://a"}'}, "names no file"),
        ({"config.json": b'{"mimi_config_name": "shape.json"}'}, "no file shape.json"),
    ],
)
def test_what_is_wrong_with_a_folder_is_told(
    place: Any, change: dict[str, bytes | None], message: str
) -> None:
    files = {**repository(safetensors(shapes_7b())), **change}
    with pytest.raises(BackendError, match=message) as refused:
        read_checkpoint(
            place({name: content for name, content in files.items() if content is not None})
        )
    assert refused.value.remedy


def test_a_truncated_file_is_named(place: Any) -> None:
    model = safetensors({"out_norm.alpha": (1, 1, 4096)}, data=True)
    with pytest.raises(BackendError, match=r"model\.safetensors is cut off"):
        read_checkpoint(place(repository(model[:-100])))


def archive(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def test_nvidias_voices_are_unpacked_once(place: Any) -> None:
    files = repository(safetensors(shapes_7b(16)), **{"voices.tgz": archive(voices__NATF0=b"a")})
    folder = place(files)
    voices = read_checkpoint(folder).voices
    assert voices is not None
    assert (voices / "NATF0").read_bytes() == b"a"
    (voices / "NATF0").write_bytes(b"ours")
    assert read_checkpoint(folder).voices == voices
    assert (voices / "NATF0").read_bytes() == b"ours"
    assert read_checkpoint(folder, unpack=False).voices is None
    (folder / "voices").mkdir()
    assert read_checkpoint(folder).voices == folder / "voices"


def test_hostile_archives_leave_nothing_behind(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.backends.moshi.checkpoint import weights as voice_archive

    files = repository(safetensors(shapes_7b(16)))
    for packed in (
        archive(**{".." + "__" * 1 + "evil": b"x"}),
        b"no archive",
        archive(a=b"x")[:20],
    ):
        with pytest.raises(BackendError, match="cannot be unpacked"):
            read_checkpoint(place({**files, "voices.tgz": packed}))
    monkeypatch.setattr(voice_archive, "_MOST_BYTES", 10)
    with pytest.raises(BackendError, match="far larger"):
        read_checkpoint(place({**files, "voices.tgz": archive(big=b"x" * 11)}))
    assert not list(tmp_path.rglob("evil"))
    assert not list((tmp_path / "cache").rglob("*/voices/*"))


# -- finding -------------------------------------------------------------------------------------


def silent(text: str, fraction: float | None) -> None:
    pass


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    isolated(monkeypatch, tmp_path)
    q8 = safetensors(shapes_7b(mlx=True, packed=4))
    config = {
        "moshi_name": "model.q8.safetensors",
        "mimi_name": "hf://kyutai/mimi/mimi.safetensors",
        "tokenizer_name": TOKENIZER,
    }
    files = {
        "kyutai/moshiko-mlx-q8": {
            **repository(q8, "model.q8.safetensors"),
            "README.md": b"not wanted",
        },
        "nvidia/personaplex-7b-v1": repository(
            safetensors(shapes_7b(16)),
            **{"voices.tgz": archive(voices__NATF0=b"a"), "dist.tgz": b"web pages"},
        ),
        "someone/shared-mimi": {
            "model.q8.safetensors": q8,
            "config.json": json.dumps(config).encode(),
            TOKENIZER: b"words",
        },
        "kyutai/mimi": {"mimi.safetensors": safetensors({"x": (1,)}), "other.bin": b"x"},
        "someone/pictures": {"cat.png": b"meow"},
    }
    with serving(HubState(files)) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        yield state


def test_without_a_yes_nothing_is_asked_of_the_hub(state: HubState) -> None:
    assert not finding.cached("moshiko-mlx-q8", "mlx")
    for source in (None, "kyutai/moshiko-mlx-q8", "moshiko-mlx-q8"):
        with pytest.raises(BackendError, match="not on this machine") as missing:
            finding.find_checkpoint(source, "mlx", silent, download=False)
        assert "assistant models pull" in missing.value.remedy
        assert "moshiko-mlx-q8 (about 8.6 GB)" in missing.value.remedy
    assert state.asked == []


def test_only_what_is_needed_is_downloaded_and_then_no_network_is_needed(
    state: HubState, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = state.repositories["kyutai/moshiko-mlx-q8"]
    wanted = sum(len(content) for name, content in files.items() if name != "README.md")
    assert finding.size_of("kyutai/moshiko-mlx-q8") == wanted

    found = finding.find_checkpoint("moshiko-mlx-q8", "mlx", silent, download=True)

    assert state.downloads() == files.keys() - {"README.md"}
    assert (found.name, found.stored) == ("moshiko-mlx-q8", "int8")
    state.asked.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert finding.cached(None, "mlx")
    assert not finding.cached(None, "torch")
    assert finding.find_checkpoint(None, "mlx", silent, download=False) == found
    assert finding.size_of("kyutai/moshiko-mlx-q8") == 0
    assert state.asked == []


def test_what_is_here_is_taken_before_what_is_usual(state: HubState) -> None:
    finding.pull("nvidia/personaplex-7b-v1", silent)
    assert "dist.tgz" not in state.downloads()
    for framework in ("torch", "mlx"):
        found = finding.find_checkpoint(None, framework, silent, download=False)  # type: ignore[arg-type]
        assert found.kind == "personaplex"
        assert found.voices is not None
    assert finding.find_checkpoint("personaplex", "torch", silent, download=False) == found


def test_files_of_another_repository_come_along(state: HubState) -> None:
    found = finding.find_checkpoint("someone/shared-mimi", "mlx", silent, download=True)
    assert found.mimi == hub_cache.cached_file("kyutai/mimi", "mimi.safetensors")
    assert "other.bin" not in state.downloads()
    shutil.rmtree(hub_cache.repository_folder("kyutai/mimi"))
    assert not finding.cached("someone/shared-mimi", "mlx")


def test_a_cached_file_that_was_cut_off_is_fetched_again(state: HubState) -> None:
    place = finding.pull("kyutai/moshiko-mlx-q8", silent)
    model = (place / "model.q8.safetensors").resolve()
    model.write_bytes(model.read_bytes()[:-50])
    assert not finding.cached("kyutai/moshiko-mlx-q8", "mlx")
    finding.pull("kyutai/moshiko-mlx-q8", silent)
    assert finding.cached("kyutai/moshiko-mlx-q8", "mlx")


def test_weights_of_the_other_framework_are_refused_with_a_better_choice(state: HubState) -> None:
    finding.pull("kyutai/moshiko-mlx-q8", silent)
    with pytest.raises(BackendError, match="MLX's format") as refused:
        finding.find_checkpoint("moshiko-mlx-q8", "torch", silent, download=False)
    assert "kyutai/moshiko-pytorch-bf16" in refused.value.remedy
    assert not finding.cached("moshiko-mlx-q8", "torch")


def test_a_repository_with_something_else_is_refused_before_the_download(state: HubState) -> None:
    with pytest.raises(BackendError, match=r"someone/pictures has no file model\.safetensors"):
        finding.find_checkpoint("someone/pictures", "torch", silent, download=True)
    assert state.downloads() == set()


@pytest.mark.parametrize("source", ["nonsense", "./no/where", "~/nothing"])
def test_nonsense_is_called_by_its_name(state: HubState, source: str) -> None:
    assert not finding.cached(source, "mlx")
    with pytest.raises(BackendError, match=source):
        finding.find_checkpoint(source, "mlx", silent, download=True)
    assert state.asked == []


def test_a_licence_is_asked_for_before_the_download(state: HubState) -> None:
    state.accepted = "hf_good"
    with pytest.raises(BackendError, match="there is no token") as refused:
        finding.size_of("nvidia/personaplex-7b-v1")
    assert "/nvidia/personaplex-7b-v1" in refused.value.remedy


def test_every_known_checkpoint_has_a_name_of_its_own() -> None:
    names = [p.name for p in catalog.PUBLISHED]
    assert len(set(names)) == len(names)
    for framework in ("torch", "mlx"):
        assert catalog.candidates(framework)[0] == catalog.DEFAULT[framework]  # type: ignore[index,arg-type]
        for repository in catalog.candidates(framework):  # type: ignore[arg-type]
            known = catalog.published(repository)
            assert known is not None
            assert framework in known.frameworks
    assert catalog.repository_of("moshika-mlx-q4") == "kyutai/moshika-mlx-q4"
