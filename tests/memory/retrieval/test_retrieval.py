"""Questions taken apart, and vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.memory.base import ANY, Filters
from assistant.memory.retrieval.embedding import DIMENSIONS, decode, encode, load_embedder, units
from assistant.memory.retrieval.relevance import match_expression, parse_query
from assistant.memory.retrieval.vectors import VectorEntry, Vectors


def test_a_question_is_its_telling_words() -> None:
    assert parse_query("What did I say about the harbour?").words == ("say", "harbour")
    assert parse_query("Isn't it Grace's boat? The boat!").words == ("grace", "boat")


def test_who_spoke_is_not_a_word_to_look_for_unless_there_is_no_other() -> None:
    query = parse_query("What did Grace Hopper paint?", {"grace hopper", "you", "alan"})
    assert (query.words, query.speakers) == (("paint",), {"grace hopper"})
    assert query.meaning == "What did paint?"
    assert parse_query("What did we talk about?").words == ()
    assert parse_query("Do you remember the harbour?").words == ("remember", "harbour")
    assert parse_query("Who is Grace?", {"grace"}).words == ("grace",)


@pytest.mark.parametrize(
    ("question", "side"),
    [
        ("What is my sister's name?", "user"),
        ("Do you remember what I told you?", "user"),
        ("Which book did you recommend?", "agent"),
        ("What did you say about me?", "agent"),
        ("Who is Grace?", None),
    ],
)
def test_whose_words_are_asked_for(question: str, side: str | None) -> None:
    assert parse_query(question).side == side


@given(st.text())
def test_no_question_can_act_as_an_operator(text: str) -> None:
    words = parse_query(text).words
    assert not any('"' in word or "\0" in word for word in words)
    assert match_expression(words).count('"') == 2 * len(words)


embedder = load_embedder()


@pytest.mark.skipif(embedder is None, reason="wordllama is not installed")
class TestEmbedder:
    def test_what_means_the_same_is_nearer_than_what_does_not(self) -> None:
        assert embedder is not None
        texts = ["My dog barks", "", "Our puppy chews", "The invoice is due", ""]
        dog, nothing, puppy, tax, _ = units(embedder.sums(texts))
        assert not nothing.any()
        assert dog @ puppy > dog @ tax + 0.1

    def test_words_are_split_as_the_tokenizer_they_were_trained_with_does(self) -> None:
        """Of Llama 2: found with the `tokenizers` package and the file that WordLlama has."""
        assert embedder is not None
        pieces = {
            "Remember": ["▁Remember"],
            "parrot": ["▁par", "rot"],
            "Picasso": ["▁Pic", "asso"],
            "sunflower": ["▁sun", "flow", "er"],
            "seeds.": ["▁se", "eds", "."],
        }
        names = {id: token for token, id in embedder._vocabulary.items()}
        for word, expected in pieces.items():
            assert [names[id] for id in embedder.tokens(word)] == expected

    @pytest.mark.parametrize("text", ["", " ", "🦜🦜", "the", "x" * 10_000, "\ud800"])
    def test_any_text_has_a_vector_or_none(self, text: str) -> None:
        assert embedder is not None
        vectors = units(embedder.sums([text, "parrot"]))
        assert vectors.shape == (2, DIMENSIONS)
        assert np.isfinite(vectors).all()
        np.testing.assert_allclose(vectors[1], units(embedder.sums(["parrot"]))[0])


Table = np.ndarray[tuple[int, int], np.dtype[np.float32]]


def reader(table: Table) -> Callable[[Sequence[int]], tuple[Sequence[int], Table]]:
    """Vectors as they are stored."""
    return lambda rowids: (rowids, table[list(rowids)])


def entry(rowid: int, category: str = "", persona: str = "jarvis") -> VectorEntry:
    return VectorEntry(rowid, float(rowid), category, persona)


@given(st.lists(st.integers(0, 30), max_size=60))
def test_vectors_hold_what_was_added_and_not_removed(changes: list[int]) -> None:
    """Each number is put in when it is out, and out when it is in."""
    table, held = unit_rows(31), set[int]()
    vectors = Vectors(reader(table))
    for rowid in changes:
        if rowid in held:
            vectors.remove([rowid])
        else:
            vectors.add([entry(rowid)], table[rowid : rowid + 1])
        held ^= {rowid}
    assert not vectors._short[len(held) :].any(), "what is removed is not in memory either"
    for rowid in range(31):
        nearest = vectors.nearest(table[rowid], ANY, None, 1) if held else {}
        assert (rowid in nearest) == (rowid in held)


def test_vectors_grow_and_keep_to_filters() -> None:
    table = unit_rows(3000)
    vectors = Vectors(reader(table))
    categories = ["personal", "emotional", ""]
    vectors.add([entry(n, categories[n % 3], f"p{n % 2}") for n in range(3000)], table)
    assert len(vectors) == 3000
    assert next(iter(vectors.nearest(table[2999], ANY, None, 1))) == 2999
    found = vectors.nearest(table[0], Filters(categories=("emotional",), persona="p1"), None, 5000)
    assert set(found) == {n for n in range(3000) if n % 3 == 1 and n % 2 == 1}
    since, until = (datetime.fromtimestamp(at, UTC) for at in (10, 13))
    assert set(vectors.nearest(table[0], Filters(since=since, until=until), None, 9)) == {
        10,
        11,
        12,
    }
    assert set(vectors.nearest(table[0], ANY, {7, 8}, 9)) == {7, 8}


def test_a_stored_vector_is_what_it_was() -> None:
    table = unit_rows(4)
    np.testing.assert_allclose(decode(encode(table)), table, atol=1e-3)


def test_what_is_compared_in_short_first_is_scored_in_full() -> None:
    table = unit_rows(5000)
    vectors = Vectors(reader(table), 5000)
    vectors.add([entry(n) for n in range(5000)], table)
    near = units(table[1:2] + np.float32(0.3) * table[2:3])[0]
    whole = table @ near
    found = vectors.nearest(near, ANY, None, 10)
    assert max(found, key=lambda rowid: found[rowid]) == int(whole.argmax()) == 1
    np.testing.assert_allclose(list(found.values()), whole[list(found)], atol=1e-6)
    assert vectors.span(ANY) == (0, 4999)


def unit_rows(count: int) -> Table:
    made = np.random.default_rng(1).standard_normal((count, DIMENSIONS)).astype(np.float32)
    rows: Table = made / np.linalg.norm(made, axis=1, keepdims=True)
    return rows
