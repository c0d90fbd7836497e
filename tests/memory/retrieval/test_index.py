"""What is found of what was said, and that the index always says what the journals say."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.memory.base import ANY, Claim, Filters, Journal, MemoryFailure
from assistant.memory.retrieval.embedding import load_embedder
from assistant.memory.retrieval.index import IndexUnusable, SqliteIndex, delete_index
from tests.memory.material import BEGAN, journal, remember

needs_vectors = pytest.mark.skipif(load_embedder() is None, reason="wordllama is not installed")
TALK = [
    "My parrot is called Picasso and he bites the postman.",
    "Charming. Does he speak?",
    "Only the shipping forecast.",
    "I shall listen for gales in Fisher and German Bight.",
    "On Friday I give a talk about lichens in Bergen.",
    "Then pack warm clothes, it rains there.",
]


def ids(index: SqliteIndex, query: str, filters: Filters = ANY, limit: int = 10) -> list[str]:
    return [hit.id for hit in index.search(query, filters, limit)]


def test_a_turn_is_found_by_its_words_whatever_their_endings() -> None:
    index = SqliteIndex(None)
    index.update(journal(said=TALK))
    assert ids(index, "Which parrots bite?")[0] == "2026-03-02T190500-jarvis#1"


def test_an_answer_is_found_by_the_words_of_the_question_before_it() -> None:
    index = SqliteIndex(None)
    index.update(journal(said=["Where shall we eat?", "At Luigi's.", "Fine.", "It is loud there."]))
    assert "2026-03-02T190500-jarvis#2" in ids(index, "Where did we want to eat?", limit=2)


@needs_vectors
def test_a_turn_is_found_by_what_it_means() -> None:
    index = SqliteIndex(None)
    said = [
        "The train was late.",
        "Oh.",
        "Our puppy chewed the sofa.",
        "No!",
        "Taxes are due.",
        "Yes.",
    ]
    index.update(*(journal(f"{n}", [text]) for n, text in enumerate(said)))
    assert ids(index, "What did the dog do?", limit=1) == ["2#1"]


def test_nothing_in_a_question_can_break_the_search() -> None:
    index = SqliteIndex(None)
    index.update(journal(said=TALK))
    for query in (
        '"',
        "AND OR NOT",
        "own:parrot NEAR(x",
        "*",
        "",
        "🦜",
        "'; DROP TABLE items",
        "\0",
    ):
        index.search(query)
        index.search(query, Filters(person=query))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_can_be_asked_and_kept(text: str, person: str) -> None:
    index = SqliteIndex(None)
    index.update(journal(said=[text, "Indeed."]))
    index.search(text, Filters(person=person))
    index.close()


def test_what_was_corrected_is_not_found_any_more() -> None:
    index = SqliteIndex(None)
    kept = journal(said=TALK)
    old = remember(kept, "The talk is on Friday.", "temporal", turn=5)
    index.update(kept)
    assert old.id in ids(index, "When is the talk?")
    kept.memories[0] = replace(old, replaced_by="other")
    index.update(kept)
    assert old.id not in ids(index, "When is the talk?")


def test_a_memory_stands_for_the_turn_it_was_made_from() -> None:
    index = SqliteIndex(None)
    kept = journal(said=TALK)
    memory = remember(kept, "The user has a parrot called Picasso.", turn=1)
    index.update(kept)
    found = index.search("What is my parrot called?")
    assert found[0].memory == memory
    assert f"{kept.id}#1" not in [hit.id for hit in found]


def test_a_memory_is_found_by_its_claim_and_topics() -> None:
    index = SqliteIndex(None)
    kept = journal(said=TALK)
    claim = Claim("Grace", "relation to user", "sister")
    grace = remember(kept, "Grace grew up with her.", claim=claim, topics=("family",))
    index.update(kept)
    assert ids(index, "Who is the sister?", limit=1) == [grace.id]
    assert ids(index, "family", limit=1) == [grace.id]


def test_facts_are_answered_directly_newest_first() -> None:
    index = SqliteIndex(None)
    old = journal("a", TALK)
    first = remember(old, "The parrot is Picasso.", claim=Claim("user", "parrot's name", "Picasso"))
    new = journal("b", TALK, began=BEGAN + timedelta(days=1))
    second = remember(new, "The parrot is Miro.", claim=Claim("User", "Parrot's  name", "Miro"))
    other = remember(new, "The user is 36.", claim=Claim("user", "age", "36"))
    index.update(new, old)
    assert index.facts("user", "parrot's name") == [second, first]
    assert set(index.facts("USER")) == {first, second, other}
    assert index.facts("user", "shoe size") == []


def test_a_search_keeps_to_category_persona_person_and_time() -> None:
    index = SqliteIndex(None)
    early = journal("early", ["I walked in the park with Grace."])
    walk = remember(early, "The user walked with Grace.", "relational", people=("Grace",))
    mood = remember(early, "The user felt well in the park.", "emotional")
    late = journal(
        "late", ["The park was full."], began=BEGAN + timedelta(days=9), persona="glados"
    )
    index.update(early, late)
    q = "What was with the park, the walk?"
    assert set(ids(index, q, Filters(categories=("relational",)))) == {walk.id}
    assert set(ids(index, q, Filters(categories=("relational", "emotional")))) == {walk.id, mood.id}
    assert set(ids(index, q, Filters(persona="glados"))) == {"late#1"}
    assert set(ids(index, q, Filters(person="grace"))) == {walk.id}
    day = timedelta(days=1)
    assert set(ids(index, q, Filters(since=BEGAN + day))) == {"late#1"}
    assert "late#1" not in ids(index, q, Filters(until=BEGAN + day))
    assert ids(index, q, Filters(since=BEGAN + 20 * day)) == []


def test_a_question_without_a_telling_word_gets_the_newest() -> None:
    index = SqliteIndex(None)
    index.update(journal("a", ["First."]), journal("b", ["Last."], began=BEGAN + timedelta(days=1)))
    assert ids(index, "What did I say?") == ["b#1", "a#1"]
    assert ids(index, "What did I say?", Filters(until=BEGAN + timedelta(hours=1))) == ["a#1"]


def test_what_somebody_said_is_what_they_said() -> None:
    index = SqliteIndex(None)
    index.update(journal(said=TALK))
    found = [hit.id for hit in index.search("What did Jarvis tell me?")]
    assert [id[-2:] for id in found] == ["#6", "#4", "#2"]


def test_whoever_is_named_is_heard_first() -> None:
    index = SqliteIndex(None)
    kept = journal(said=["I love sailing boats.", "I love sailing boats."])
    index.update(kept)
    assert ids(index, "What does Jarvis love about sailing?")[0].endswith("#2")
    assert ids(index, "What do I love about sailing?")[0].endswith("#1")


def test_a_journal_that_grows_is_held_as_if_it_had_come_whole(tmp_path: Path) -> None:
    grown, whole = SqliteIndex(tmp_path / "grown.db"), SqliteIndex(None)
    for end in range(1, len(TALK) + 1):
        part = journal(said=TALK[:end])
        remember(part, "The user has a parrot.", turn=1)
        grown.update(part)
        grown.search("parrot")
    whole.rebuild([part])
    for query in ("parrot", "When does it rain?", "Bergen lichens", "shipping"):
        assert same(grown, query) == same(whole, query)


def test_made_anew_it_gives_the_same_results(tmp_path: Path) -> None:
    kept = [journal(f"{n}", TALK[n:] + TALK[:n]) for n in range(4)]
    index = SqliteIndex(tmp_path / "index.db")
    index.update(*kept)
    before = [same(index, query) for query in TALK]
    assert index.rebuild(kept) == 4
    assert [same(index, query) for query in TALK] == before
    index.close()
    assert [same(SqliteIndex(tmp_path / "index.db"), query) for query in TALK] == before


def same(index: SqliteIndex, query: str) -> list[tuple[str, float]]:
    return [(hit.id, round(hit.score, 4)) for hit in index.search(query)]


def test_another_process_that_writes_is_noticed(tmp_path: Path) -> None:
    here, there = SqliteIndex(tmp_path / "index.db"), SqliteIndex(tmp_path / "index.db")
    here.update(journal("a", ["A walrus sang."]))
    assert ids(here, "walrus") == ["a#1"]
    there.update(journal("b", ["Another walrus danced."]))
    assert set(ids(here, "walrus")) == {"a#1", "b#1"}
    there.remove("a")
    assert ids(here, "walrus") == ["b#1"]


def test_threads_may_write_and_search_at_once(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.db")
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                index.update(journal(f"{number}-{turn}", TALK))
                assert index.search("parrot")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(index) == 4 * 10 * len(TALK)


def test_only_the_user_may_read_its_files(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "memory" / "index.db")
    index.update(journal(said=TALK))
    assert len(index.paths()) >= 2
    for path in index.paths():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "memory").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "damage", [b"no database at all" * 300, b"SQLite format 3\0" + b"\7" * 9000]
)
def test_a_damaged_file_is_said_to_be_one_and_can_be_made_anew(
    tmp_path: Path, damage: bytes
) -> None:
    path = tmp_path / "index.db"
    path.write_bytes(damage)
    with pytest.raises(IndexUnusable):
        SqliteIndex(path)
    delete_index(path)
    index = SqliteIndex(path)
    index.update(journal(said=TALK))
    assert index.search("parrot")


def test_damage_in_the_middle_is_said_to_be_damage(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    index = SqliteIndex(path)
    index.rebuild([journal(f"{n}", TALK) for n in range(200)])
    index.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))
    with pytest.raises(IndexUnusable):
        ids(SqliteIndex(path), "parrot")


def test_a_check_finds_damage_and_passes_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    index = SqliteIndex(path)
    kept = journal(said=TALK)
    remember(kept, "Grace is a sister.", claim=Claim("Grace", "is", "sister"), people=("Grace",))
    index.update(kept)
    index.check()
    index.close()
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM words_content")
    with pytest.raises(IndexUnusable, match="damaged"):
        SqliteIndex(path).check()


def test_what_cannot_be_erased_while_another_program_reads_is_said(tmp_path: Path) -> None:
    path = tmp_path / "index.db"

    def impatient(name: str) -> sqlite3.Connection:
        return sqlite3.connect(name, 0.05, isolation_level=None, check_same_thread=False)

    index = SqliteIndex(path, connect=impatient)
    index.update(journal("a", TALK))
    with sqlite3.connect(path, isolation_level=None) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM items").fetchone()
        with pytest.raises(MemoryFailure) as told:
            index.remove("a")
        assert "other program" in told.value.remedy
        reader.execute("COMMIT")
    reader.close()
    index.remove("a")
    assert b"parrot" not in b"".join(file.read_bytes() for file in index.paths())


def test_nothing_of_a_journal_is_held_when_a_part_of_it_cannot_be(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.db")
    broken = journal(said=TALK)
    broken.persona = None  # type: ignore[assignment]
    with pytest.raises(MemoryFailure):
        index.update(journal("a", TALK), broken)
    assert len(index) == 0
    index.update(journal("b", ["A broken \ud800 letter that was typed."]))
    assert ids(index, "broken letter") == ["b#1"]
    half = journal("c", TALK)
    half.persona = "\udfff"
    remember(half, "A split \ud800 hair.", people=("A\udfff",))
    index.update(half)
    assert ids(index, "split hair") == ["c-1"]


@pytest.mark.parametrize("limit", [10**5, 2**63, 10**30])
def test_however_many_hits_are_asked_for_those_there_are_come(limit: int) -> None:
    index = SqliteIndex(None)
    index.update(journal("a", TALK))
    assert index.search(TALK[0], limit=limit)
    assert len(index.search("what did I say?", limit=limit)) == len(TALK)


def test_a_file_of_another_version_is_to_be_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    SqliteIndex(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(IndexUnusable, match="99"):
        SqliteIndex(path)


def test_a_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MemoryFailure) as told:
        SqliteIndex(tmp_path / "file" / "index.db")
    assert told.value.remedy


def test_an_empty_journal_is_no_trouble() -> None:
    index = SqliteIndex(None)
    index.update(Journal("empty", BEGAN, "jarvis"))
    assert index.search("anything") == []
    index.remove("unknown")
    index.clear()
    assert len(index) == 0


def test_the_index_loads_no_models() -> None:
    """It lives in the process that also moves sound."""
    code = (
        "import sys, assistant.memory.retrieval.index as i; i.load_embedder(); print(*sys.modules)"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "numpy" in loaded
    models = {"torch", "onnxruntime", "ctranslate2", "tokenizers", "wordllama"}
    assert not (models | {"textual", "requests"}) & set(loaded)
