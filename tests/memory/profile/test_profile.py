"""The profile: what is known of the user, where from, and what has to be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.memory.base import Claim, Memory
from assistant.memory.journal.format import parse
from assistant.memory.profile.edits import edits_of, lines_of
from assistant.memory.profile.profile import profile_of
from assistant.memory.store.files import FileStore
from tests.memory.conftest import Maker, raw
from tests.memory.samples import BEGAN, ID, journals, kept, parrot

DAY = timedelta(days=1)


def claim(number: int, attribute: str, value: str, subject: str = "user", **more: object) -> Memory:
    text = f"{subject} {attribute} {value}"
    values = {"at": BEGAN + number * DAY, "confidence": 0.9, **more}
    return kept(number, text, number, claim=Claim(subject, attribute, value), **values)


def test_the_file_is_pleasant_to_read() -> None:
    memories = [
        claim(1, "name", "Ada"),
        claim(2, "sister's name", "Grace", category="relational"),
        claim(3, "sister's name", "Ann", category="relational"),
        claim(4, "lives in", "London", replaced_by=f"{ID}/5"),
        claim(5, "lives in", "Paris"),
        kept(6, "Ada gives a talk on Friday.", 3, category="temporal"),
    ]
    assert (
        profile_of(memories).markdown().split("\n\n", 2)[2]
        == f"""\
## To be asked

- Is your sister called Grace or Ann?

## Facts

- lives in: Paris
  (2026-11-26; confidence 0.9; from {ID}#5; id {ID}/5)
  - before: lives in: London
    (2026-11-25; confidence 0.9; from {ID}#4; id {ID}/4)
- name: Ada
  (2026-11-22; confidence 0.9; from {ID}#1; id {ID}/1)

## People

- sister's name: Ann
  (2026-11-24; confidence 0.9; from {ID}#3; id {ID}/3)
- sister's name: Grace
  (2026-11-23; confidence 0.9; from {ID}#2; id {ID}/2)

## Plans and appointments

- Ada gives a talk on Friday.
  (2026-11-21; confidence 0.8; from {ID}#3; id {ID}/6)
"""
    )


@pytest.mark.parametrize(
    ("subject", "attribute", "question"),
    [
        ("user", "sister's name", "Is your sister called A or B?"),
        ("user", "name", "Are you called A or B?"),
        ("Grace", "name", "Is Grace called A or B?"),
        ("Grace", "job", "Which is right for Grace's job: A or B?"),
        ("user", "birthday", "Which is right for your birthday: A or B?"),
    ],
)
def test_sure_claims_that_contradict_are_asked_about(
    subject: str, attribute: str, question: str
) -> None:
    profile = profile_of([claim(1, attribute, "A", subject), claim(2, attribute, "B", subject)])
    assert [each.text for each in profile.questions] == [question]
    values = [memory.claim.value for memory in profile.facts(subject, attribute) if memory.claim]
    assert values == ["B", "A"]


def test_a_correction_is_no_contradiction() -> None:
    old, new = claim(1, "sister's name", "Ann", replaced_by=f"{ID}/2"), claim(2, "x", "Grace")
    new = replace(new, claim=Claim("user", "sister's name", "Grace"))
    profile = profile_of([new, old])
    assert profile.questions == ()
    assert [item.memory for item in profile.items] == [new]
    assert profile.items[0].history == (old,)


def test_a_guess_gives_way_to_what_is_sure_and_newer_guesses_to_older() -> None:
    guess, sure = claim(1, "birthday", "May", confidence=0.4), claim(2, "birthday", "June")
    late = claim(3, "birthday", "July", confidence=0.3)
    profile = profile_of([guess, sure, late])
    assert profile.facts("user", "birthday") == [sure]
    assert profile.items[0].history == (late, guess)
    assert profile_of([guess, late]).facts("user", "birthday") == [late]


def test_what_can_be_several_is_no_contradiction() -> None:
    profile = profile_of([claim(1, "likes", "tea"), claim(2, "likes", "jazz")])
    assert profile.questions == ()
    assert len(profile.facts("user", "likes")) == 2
    assert list(profile.sections) == ["Hobbies and tastes"]


def test_the_same_said_twice_is_one_line() -> None:
    profile = profile_of([claim(1, "lives in", "Paris"), claim(2, "lives in", "paris")])
    assert [item.memory.id for item in profile.items] == [f"{ID}/2"]


def test_a_chain_of_corrections_and_one_that_bites_its_tail() -> None:
    chain = [
        claim(1, "job", "cook", replaced_by=f"{ID}/2"),
        claim(2, "job", "baker", replaced_by=f"{ID}/3"),
        claim(3, "job", "painter"),
        claim(4, "age", "40", replaced_by=f"{ID}/5"),
        claim(5, "age", "41", replaced_by=f"{ID}/4"),
        claim(6, "shoe size", "42", replaced_by="forgotten"),
    ]
    profile = profile_of(chain)
    assert [item.text for item in profile.items] == ["job: painter"]
    assert [old.id for old in profile.items[0].history] == [f"{ID}/2", f"{ID}/1"]


@given(st.lists(journals(), max_size=2))
def test_any_memory_makes_a_file_of_which_every_line_is_found_again(found: list) -> None:  # type: ignore[type-arg]
    memories = [
        replace(memory, id=f"{ID}/{number}")
        for number, memory in enumerate(m for journal in found for m in journal.memories)
    ]
    profile = profile_of(memories)
    shown = {item.memory.id: item.text for item in profile.items}
    text = profile.markdown()
    lines = {line.id: line.text for line in lines_of(text)}
    assert {id: line.strip() for id, line in lines.items() if id in shown} == {
        id: line.strip() for id, line in shown.items()
    }
    assert edits_of(text, memories) == []


def profile_text(store: FileStore) -> str:
    return (store.folder / "profile.md").read_text()


def rewrite(store: FileStore, old: str, new: str) -> None:
    text = profile_text(store)
    assert old in text
    (store.folder / "profile.md").write_text(text.replace(old, new))


def test_a_line_that_is_edited_is_a_correction(store: FileStore) -> None:
    store.write(parrot())
    rewrite(store, "parrot's name: Picasso", "parrot's name: Pablo")
    newest = store.memories()[0]
    assert newest.text == "Ada's parrot is called Pablo."
    assert newest.claim == Claim("user", "parrot's name", "Pablo")
    assert "- parrot's name: Pablo\n" in profile_text(store)
    assert "  - before: parrot's name: Picasso\n" in profile_text(store)
    assert parse(store.tree.path(ID).read_text(), ID).journal.memories[0].replaced_by == newest.id
    assert store.search("Pablo")


def test_a_line_that_is_deleted_is_forgotten(store: FileStore) -> None:
    store.write(parrot())
    start = profile_text(store).index("- parrot's name")
    line = profile_text(store)[start:].split("\n")[:2]
    rewrite(store, "\n".join(line) + "\n", "")
    assert [memory.id for memory in store.memories()] == [f"{ID}/2"]
    assert b"picasso" not in raw(store.folder)


def test_a_line_that_is_added_is_remembered(store: FileStore) -> None:
    store.write(parrot())
    rewrite(store, "## Facts\n", "## Facts\n\n- I play the cello.\n")
    added = next(memory for memory in store.memories() if "cello" in memory.text)
    assert (added.text, added.confidence, added.turn) == ("I play the cello.", 1, 0)
    assert profile_text(store).count("cello") == 1
    assert "confidence 1; by hand; id" in profile_text(store)
    assert len(store.memories()) == 3


def test_edits_made_while_the_program_was_off(make_store: Maker) -> None:
    store = make_store()
    store.write(parrot())
    rewrite(store, "Ada gives a talk on Friday.", "Ada gives a talk on Monday.")
    later = make_store()
    assert later.memories()[0].text == "Ada gives a talk on Monday."


def test_a_file_that_was_lost_forgets_nothing(store: FileStore) -> None:
    store.write(parrot())
    whole = profile_text(store)
    for damage in ("", "\x00\x00", "notes"):
        (store.folder / "profile.md").write_text(damage)
        assert len(store.memories()) == 2
    (store.folder / "profile.md").unlink()
    assert len(store.memories()) == 2
    store.rebuild()
    assert profile_text(store) == whole


def test_the_profile_follows_the_journals(store: FileStore) -> None:
    store.write(parrot())
    path = store.tree.path(ID)
    path.write_text(path.read_text().replace("parrot's name | Picasso", "parrot's name | Pablo"))
    assert len(store.memories()) == 2
    assert "- parrot's name: Pablo\n" in profile_text(store)
    store.forget_all()
    assert not (store.folder / "profile.md").exists()
