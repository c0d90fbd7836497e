"""What is forgotten is in no byte of the data folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.memory.base import Claim, Forgotten, Journal
from assistant.memory.deletion.journals import ids_of_day, ids_of_words
from assistant.memory.deletion.plan import Traces
from assistant.memory.journal.format import render
from assistant.memory.store.files import FileStore
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore
from tests.memory.conftest import Maker, raw
from tests.memory.samples import BEGAN, ID, journals, kept, parrot, said
from tests.memory.samples import said as turn_of

WORDS = [
    "Picasso",
    "parrots",
    "Ada's",
    "straße",
    "ÉTÉ",
    "c'est",
    "l’été",
    "*bold*",
    "x_y",
    "日本",
    "42",
]
OTHER = "2026-12-01T080000-glados"


def save(folder: Path, journal: Journal) -> TranscriptStore:
    """Like the program: the transcript is written turn by turn, and stays open."""
    written = TranscriptStore(folder / "transcripts")
    for turn in journal.turns:
        side = "user" if turn.side == "user" else "assistant"
        written.append(TranscriptEntry(turn.at, side, turn.name, turn.text))
    return written


def another() -> Journal:
    later = BEGAN + timedelta(days=10)
    return Journal(
        id=OTHER,
        began=later,
        persona="glados",
        turns=[
            said(1, "Picasso is ill.", seconds=864_000),
            said(2, "I prefer painters like Monet.", agent="GLaDOS", seconds=864_010),
            said(3, "How are you today?", seconds=864_020),
        ],
        memories=[kept(1, "Ada's parrot Picasso is ill.", 1, OTHER, at=later)],
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def full(store: FileStore, data: Path) -> FileStore:
    for journal in (parrot(), another()):
        store.write(journal)
        save(data, journal)
    assert raw(data).count(b"picasso") > 10
    return store


def test_a_memory_is_gone_from_everywhere(full: FileStore, data: Path) -> None:
    """Its turn and the answer to it, its repetitions, the index with its log, the transcripts."""
    assert full.forget([f"{ID}/1"]) == Forgotten(memories=2, turns=3, journals=0)
    assert b"picasso" not in raw(data)
    assert [memory.id for memory in full.memories()] == [f"{ID}/2"]
    assert [turn.number for turn in full.read(ID).turns] == [3, 4]
    assert [turn.number for turn in full.read(OTHER).turns] == [2, 3]
    assert full.read(ID).topics == ["the talk"]


def test_what_was_not_forgotten_stays_in_the_transcripts(full: FileStore, data: Path) -> None:
    full.forget([f"{ID}/1"])
    kept = [path.read_text() for path in sorted((data / "transcripts").iterdir())]
    assert len(kept) == 2
    assert "I give a talk" in kept[0]
    assert "Monet" in kept[1]


def test_a_turn_is_gone_with_what_was_learnt_from_it(full: FileStore, data: Path) -> None:
    full.forget([f"{ID}#3"])
    assert b"i give a talk" not in raw(data)
    assert b"gives a talk" not in raw(data)
    assert b"picasso" in raw(data)


def test_a_whole_conversation(full: FileStore, data: Path) -> None:
    assert full.forget([ID]) == Forgotten(memories=2, turns=4, journals=1)
    left = raw(data)
    for words in (
        b"called picasso",
        b"painter's name",
        b"on friday",
        b"wish you luck",
        b"2026-11-21",
    ):
        assert words not in left
    assert b"picasso is ill" in left
    assert b"how are you today?" in left
    assert full.journals() == [OTHER]


def test_everything(full: FileStore, data: Path) -> None:
    broken = full.tree.path(ID).with_name("2026-11-20T190503-jarvis.md")
    broken.write_bytes(b"\xff\xfe secret")
    (full.folder / "journals" / "strange.md").write_text("secret")
    assert full.forget_all().memories == 3
    left = raw(data)
    for words in (b"picasso", b"talk", b"monet", b"secret", b"jarvis", b"glados"):
        assert words not in left
    assert full.journals() == []


def test_a_day(full: FileStore, data: Path) -> None:
    assert len(ids_of_day(full, date(2026, 11, 21))) == 6
    full.forget_day(date(2026, 11, 21))
    assert full.journals() == [OTHER]
    assert b"wish you luck" not in raw(data)
    assert b"monet" in raw(data)


def test_a_person_or_topic_by_its_words(full: FileStore, data: Path) -> None:
    assert set(ids_of_words(full, "Picasso")) == {
        f"{ID}/1", f"{ID}#1", f"{ID}#2", f"{OTHER}/1", f"{OTHER}#1",
    }  # fmt: skip
    assert ids_of_words(full, "pets") == [f"{ID}/1"]
    full.forget((), ["picasso"])
    assert b"picasso" not in raw(data)
    assert b"monet" in raw(data)
    assert b"wish you luck" in raw(data)


def test_a_name_that_is_known_otherwise_takes_only_what_belongs_to_it(store: FileStore) -> None:
    journal = parrot()
    journal.turns += [said(5, "I live in London."), said(6, "Grace visits London on Monday.")]
    journal.memories = [
        kept(1, "Ada lives in London.", 5, claim=Claim("user", "lives in", "London")),
        kept(2, "Grace visits London on Monday.", 6),
    ]
    store.write(journal)
    store.forget([f"{ID}/1"])
    assert [turn.number for turn in store.read(ID).turns] == [1, 2, 3, 4, 6]
    assert [memory.id for memory in store.memories()] == [f"{ID}/2"]


def test_common_words_take_nothing_with_them(store: FileStore) -> None:
    journal = parrot()
    claim = Claim("user", "favourite colour", "blue")
    journal.turns = [said(1, "Blue is my favourite."), said(2, "The sky is blue.")]
    journal.memories = [kept(1, "Ada's favourite colour is blue.", 1, claim=claim)]
    store.write(journal)
    store.forget([f"{ID}/1"])
    assert [turn.text for turn in store.read(ID).turns] == ["The sky is blue."]


def test_a_conversation_that_goes_on_does_not_bring_it_back(full: FileStore, data: Path) -> None:
    going_on = parrot()
    full.write(going_on)
    full.forget([f"{ID}/1"])
    going_on.turns.append(said(7, "The weather is fine."))
    full.write(going_on)
    assert b"picasso" not in raw(data)
    assert full.read(ID).turns[-1].text == "The weather is fine."


def test_the_open_transcript_of_a_conversation_goes_on(store: FileStore, data: Path) -> None:
    written = save(data, parrot())
    store.write(parrot())
    store.forget([f"{ID}/1"])
    assert written.append(TranscriptEntry(BEGAN, "user", "You", "The weather is fine.")) is None
    written.close()
    assert b"picasso" not in raw(data)
    assert b"wish you luck" in raw(data)
    assert b"weather is fine" in raw(data)


def test_notes_of_the_users_own_that_tell_it_too(full: FileStore, data: Path) -> None:
    path = full.tree.path(ID)
    text = path.read_text().replace("who: Ada", "pet: parrot Picasso\nwho: Ada")
    path.write_text(text + "\n## Notes\n\nVet for the parrot Picasso!\nBuy milk.\n")
    full.forget([f"{ID}/1"])
    assert b"picasso" not in raw(data)
    assert b"buy milk" in raw(data)


def test_what_a_killed_writer_left_behind(full: FileStore, data: Path) -> None:
    path = full.tree.path(ID)
    rest = path.with_name(f".{path.name}.0123456789ab.tmp")
    rest.write_text("Picasso")
    full.forget([f"{ID}/1"])
    assert b"picasso" not in raw(data)


def test_spoken_sentences_that_were_kept(make_store: Maker, data: Path) -> None:
    cache = data / "voice"
    cache.mkdir(parents=True)
    (cache / "0a1b.voice").write_bytes(b"sound of Picasso")
    store = make_store(caches=[cache])
    store.write(parrot())
    store.forget([f"{ID}/1"])
    assert b"picasso" not in raw(data)


def test_what_is_not_there_is_no_error(store: FileStore) -> None:
    assert store.forget([f"{ID}/1", "nonsense"]) == Forgotten(0, 0, 0)
    assert store.forget_all() == Forgotten(0, 0, 0)


def test_a_memory_that_was_corrected_does_not_hold_again(store: FileStore) -> None:
    journal = parrot()
    journal.memories = [
        kept(1, "The cat is called Tom.", 0, replaced_by=f"{ID}/2"),
        kept(2, "The cat is called Tim.", 0),
    ]
    store.write(journal)
    store.forget([f"{ID}/2"])
    assert list(store.memories()) == []
    replaced = replace(journal.memories[0])
    assert store.history() == [replaced]


def test_the_index_of_the_program_forgets_too(make_store: Maker, data: Path) -> None:
    """Its write-ahead log and its lists of words among it."""
    real = pytest.importorskip("assistant.memory.retrieval.index")
    path = data / "memory" / "index.sqlite"
    path.parent.mkdir(parents=True)
    store = make_store(index=real.SqliteIndex(path))
    for journal in (parrot(), another()):
        store.write(journal)
        save(data, journal)
    assert store.search("Picasso")
    store.forget([f"{ID}/1"])
    assert b"picasso" not in raw(data)
    assert b"painter's name" not in raw(data)
    assert store.search("talk on Friday")
    store.forget_all()
    for words in (b"talk", b"friday", b"monet"):
        assert words not in raw(data)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join), journals())
def test_no_journal_is_passed_over_that_holds_what_is_forgotten(
    said: str, journal: Journal
) -> None:
    """A look at the whole file tells enough for not taking it apart."""
    value = said.split()[0]
    memory = kept(1, f"It is {said}, really.", claim=Claim("user", "pet", value))
    traces = Traces([memory], [], [], [said])
    journal.turns.append(turn_of(999, f"So: {said}'s.", agent="\u00e9\n"))
    journal.topics.append(said)
    held = any(text in traces for text in (journal.turns[-1].text, said))
    assert not held or traces.may_be_in(render(journal))
