"""The text vocabulary: what a persona's prompt and a spoken word are to the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.backends.base import BackendError
from tests.backends.moshi import tiny

pytest.importorskip("sentencepiece")

from assistant.backends.moshi.contract import load_tokenizer


@pytest.fixture(scope="session")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.model"
    path.write_bytes(tiny._sentencepiece())
    return path


def test_a_sentence_goes_in_and_comes_out(vocabulary: Path) -> None:
    tokenizer = load_tokenizer(vocabulary)
    tokens = tokenizer.encode("good evening sir at your service")
    assert tokens
    assert all(type(token) is int and 3 < token < tiny.TEXT_CARD for token in tokens)
    spoken = "".join(tokenizer.piece(token) for token in tokens).replace("▁", " ")
    assert spoken == " good evening sir at your service"


def test_a_word_begins_with_its_mark(vocabulary: Path) -> None:
    tokenizer = load_tokenizer(vocabulary)
    assert tokenizer.piece(tokenizer.encode("hello")[0]).startswith("▁")


def test_nothing_to_say_is_no_tokens(vocabulary: Path) -> None:
    assert load_tokenizer(vocabulary).encode("") == []


def test_the_initial_token_is_no_piece_of_a_word(vocabulary: Path) -> None:
    tokenizer = load_tokenizer(vocabulary)
    assert tokenizer.piece(32000) == ""
    assert tokenizer.piece(-1) == ""


def test_a_missing_vocabulary_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="missing") as told:
        load_tokenizer(tmp_path / "tokenizer.model")
    assert "pull" in told.value.remedy


@pytest.mark.parametrize("content", [b"", b"no vocabulary at all"])
def test_a_broken_vocabulary_is_told_without_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(content)
    with pytest.raises(BackendError, match=r"tokenizer\.model is no whole"):
        load_tokenizer(path)
