"""Word vectors come from an installed package's files; whatever is wrong with them, words do."""

from __future__ import annotations

import json
import logging
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.memory.retrieval.embedding import DIMENSIONS, load_embedder, read_table, units
from assistant.memory.retrieval.index import SqliteIndex
from tests.memory.material import journal

TOKENS = ["▁", "p", "a", "r", "o", "t", "▁p", "ar", "▁par", "ot", "rot", "▁parrot"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One like `wordllama`, with a small table."""
    folder = tmp_path / "wordllama"
    for name in ("weights", "tokenizers"):
        (folder / name).mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    write_table(folder, np.random.default_rng(1).standard_normal((len(TOKENS), 256)))
    vocabulary = {token: id for id, token in enumerate(TOKENS)}
    tokenizer = json.dumps({"version": "1.0", "model": {"type": "BPE", "vocab": vocabulary}})
    (folder / "tokenizers" / "l2_supercat_tokenizer_config.json").write_text(tokenizer)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "wordllama", raising=False)
    load_embedder.cache_clear()
    yield folder
    load_embedder.cache_clear()


def table_file(folder: Path) -> Path:
    return folder / "weights" / "l2_supercat_256.safetensors"


def write_table(folder: Path, table: np.ndarray, dtype: str = "F16") -> None:
    data = table.astype("<f2").tobytes()
    tensor = {"dtype": dtype, "shape": table.shape, "data_offsets": [0, len(data)]}
    head = json.dumps({"__metadata__": {"format": "pt"}, "embedding.weight": tensor}).encode()
    table_file(folder).write_bytes(struct.pack("<Q", len(head)) + head + data)


def test_the_first_numbers_of_each_row_come_back_nearly_as_they_were(package: Path) -> None:
    wanted = np.random.default_rng(1).standard_normal((len(TOKENS), 256))[:, :DIMENSIONS]
    table = read_table(package)
    found = table.rows * table.scales[:, None]
    assert np.abs(found - wanted).max() < np.abs(wanted).max() / 200


def test_an_installed_package_is_used_and_not_imported(package: Path) -> None:
    embedder = load_embedder()
    assert embedder is not None
    assert embedder.tokens("parrot") == [TOKENS.index("▁parrot")]
    assert "wordllama" not in sys.modules
    row = read_table(package).rows[TOKENS.index("▁parrot")].astype(np.float32)
    np.testing.assert_allclose(
        units(embedder.sums(["parrot"])), units(row[None]), rtol=1e-5, atol=1e-6
    )


def test_without_the_package_words_alone_find_what_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.memory.retrieval.embedding.table_package", lambda: None)
    load_embedder.cache_clear()
    try:
        index = SqliteIndex(None)
        index.update(journal(said=["My parrot is called Picasso.", "Charming."]))
        [first, *_] = index.search("What is my parrot called?")
        assert first.text == "My parrot is called Picasso."
    finally:
        load_embedder.cache_clear()


@pytest.mark.parametrize("fault", ["another type", "fewer rows", "cut off", "no head", "gone"])
def test_a_table_that_is_not_as_it_is_known_is_left_alone(
    package: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = table_file(package)
    if fault == "another type":
        write_table(package, np.zeros((len(TOKENS), 256)), "BF16")
    elif fault == "fewer rows":
        write_table(package, np.zeros((3, 256)))
    elif fault == "cut off":
        file.write_bytes(file.read_bytes()[:-1])
    elif fault == "no head":
        file.write_bytes(b"\xff" * 40)
    else:
        file.unlink()
    with caplog.at_level(logging.WARNING):
        assert load_embedder() is None
    assert "no vectors" in caplog.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_bytes_in_its_place_can_stop_the_start(package: Path, data: bytes) -> None:
    table_file(package).write_bytes(data)
    with pytest.raises((OSError, ValueError)):
        read_table(package)
