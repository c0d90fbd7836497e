"""What is taken for an edit by hand, and what never may be: a file that was stopped half-way."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.memory.base import Memory, MemoryFailure
from assistant.memory.encryption.sealing import Argon2, passphrase_vault
from assistant.memory.profile.edits import AS_MADE, Edit, ProfileFile, edits_of, lines_of
from assistant.memory.profile.mark import marked, unmarked
from assistant.memory.profile.profile import profile_of
from assistant.memory.store.disk import PLAIN, Cipher, write_file
from assistant.memory.store.files import FileStore
from assistant.memory.store.git import GitLog
from tests.memory.conftest import Maker, raw
from tests.memory.profile.test_profile import claim
from tests.memory.samples import BEGAN, ID, journals, kept, parrot

CORRECTED = [
    claim(1, "parrot's name", "Ada", replaced_by=f"{ID}/2"),
    claim(2, "parrot's name", "Picasso"),
    claim(3, "lives in", "Oslo"),
    kept(4, "Ada gives a talk on Friday.\nOr on Monday.", 3, category="temporal"),
    kept(5, "A back\\slash & a mark &#10; end\n", 3, category="temporal"),
]


def made(memories: list[Memory], folder: Path) -> str:
    file = ProfileFile(folder)
    file.write(profile_of(memories))
    return file.path.read_text()


def test_what_was_made_is_no_edit_whatever_the_journals_say_by_now(tmp_path: Path) -> None:
    text = made(CORRECTED, tmp_path)
    later = [*CORRECTED, claim(7, "lives in", "Bergen")]
    changed = [replace(CORRECTED[2], text="else", claim=None), *CORRECTED[3:]]
    for known in (CORRECTED, CORRECTED[:1], later, changed, []):
        assert edits_of(text, known) == []
    file = ProfileFile(tmp_path)
    assert not file.touched()
    assert file.differs_from(profile_of(later))


def test_a_file_that_was_cut_off_anywhere_forgets_and_invents_nothing(tmp_path: Path) -> None:
    text = made(CORRECTED, tmp_path)
    for end in range(len(text)):
        assert edits_of(text[:end], CORRECTED) == [], text[:end][-80:]


@settings(max_examples=40)
@given(st.lists(journals(), max_size=2), st.data())
def test_any_profile_cut_off_anywhere_is_no_edit(found: list[Any], data: st.DataObject) -> None:
    memories = [
        replace(memory, id=f"{ID}/{number}")
        for number, memory in enumerate(m for journal in found for m in journal.memories)
    ]
    plain = profile_of(memories).markdown()
    text = marked(plain, [(line.id, line.text) for line in lines_of(plain) if line.id])
    assert edits_of(text, memories) == []
    end = data.draw(st.integers(0, len(text)))
    assert edits_of(text[:end], memories) == []


def test_without_its_mark_a_file_still_takes_what_is_added(tmp_path: Path) -> None:
    text, mark = unmarked(made(CORRECTED, tmp_path))
    assert mark is not None
    start = text.index("- lives in")
    text = text[:start] + "- I play the cello.\n" + text[start:-20]
    assert edits_of(text, CORRECTED) == [Edit("add", text="I play the cello.")]


@pytest.mark.parametrize(
    "below",
    ["\n- I play the cello.\n", "- I play the cello.", "\n\n## Facts\n\n* I play the cello.\n"],
)
def test_a_line_below_the_mark_is_remembered(tmp_path: Path, below: str) -> None:
    text = made(CORRECTED, tmp_path)
    assert edits_of(text + below, CORRECTED) == [Edit("add", text="I play the cello.")]


def test_words_without_a_bullet_do_not_cost_the_item_above(tmp_path: Path) -> None:
    text = made(CORRECTED, tmp_path)
    assert edits_of(text + "\nMy own thoughts.\n", CORRECTED) == []
    place = text.index("## Habits")
    assert edits_of(f"{text[:place]}My own thoughts.\n\n{text[place:]}", CORRECTED) == []


def test_the_brackets_below_a_line_may_be_deleted(tmp_path: Path) -> None:
    text = made(CORRECTED, tmp_path)
    start = text.index("- lives in")
    brackets = text[text.index("\n", start) : text.index(")\n", start) + 1]
    assert edits_of(text.replace(brackets, ""), CORRECTED) == []


def test_two_marks_or_a_changed_one_prove_no_deletion(tmp_path: Path) -> None:
    text = made(CORRECTED, tmp_path)
    start = text.index("- lives in")
    without = text[:start] + text[text.index(")\n", start) + 2 :]
    assert edits_of(without, CORRECTED) == [Edit("forget", f"{ID}/3")]
    mark = text[text.index("<!--") :]
    first = mark.split("\n")[1]
    for broken in (without + mark, without.replace(first, first[::-1]), without[:-8]):
        assert [each for each in edits_of(broken, CORRECTED) if each.kind != "add"] == []


def test_an_edit_that_was_made_already_is_not_made_twice(tmp_path: Path) -> None:
    text = made(CORRECTED, tmp_path).replace("lives in: Oslo", "lives in: Bergen")
    text = text.replace("## Facts\n", "## Facts\n\n- I play the cello.\n")
    first = edits_of(text, CORRECTED)
    assert [edit.kind for edit in first] == ["correct", "add"]
    done = [
        *CORRECTED[:2],
        replace(CORRECTED[2], replaced_by=f"{ID}/8"),
        *CORRECTED[3:],
        claim(8, "lives in", "Bergen"),
        kept(9, "I play the cello.", 0),
    ]
    assert edits_of(text, done) == []


def test_an_editor_that_did_not_know_of_what_came_meanwhile_deletes_none_of_it(
    store: FileStore,
) -> None:
    store.write(parrot())
    path = store.folder / "profile.md"
    opened = path.read_text()
    store.add("I play the cello.")
    path.write_text(opened.replace("on Friday", "on Monday"))
    texts = {memory.text for memory in store.memories()}
    assert {"I play the cello.", "Ada gives a talk on Monday."} <= texts
    assert len(texts) == 3


def test_edits_of_all_kinds_at_once_are_all_made(store: FileStore) -> None:
    store.write(parrot())
    path = store.folder / "profile.md"
    text = path.read_text().replace("on Friday", "on Monday")
    start = text.index("- parrot's name")
    text = text[:start] + "- I play the cello.\n" + text[text.index(")\n", start) + 2 :]
    path.write_text(text)
    assert {memory.text for memory in store.memories()} == {
        "I play the cello.",
        "Ada gives a talk on Monday.",
    }
    assert b"picasso" not in raw(store.folder)


def test_edits_that_cannot_be_made_now_wait_in_the_file(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(parrot())
    path = store.folder / "profile.md"
    edited = path.read_text().replace("on Friday", "on Monday")
    path.write_text(edited)

    def fail(*_: object) -> None:
        raise MemoryFailure("no room")

    with monkeypatch.context() as patch:
        patch.setattr(store.tree, "write", fail)
        assert len(store.memories()) == 2
        with pytest.raises(MemoryFailure, match="not all of it is forgotten"):
            store.forget([f"{ID}/1"])
    store.write(replace(parrot(), id="2026-11-22T080000-jarvis", memories=[], turns=[]))
    assert "Ada gives a talk on Monday." in {memory.text for memory in store.memories()}


# What earlier versions left: the profile without a mark, and a copy to compare with, written after.


def old_pair(folder: Path, text: str, copy: str, cipher: Cipher = PLAIN) -> list[Path]:
    paths = [folder / (name + cipher.ending) for name in ("profile.md", AS_MADE)]
    for path, content in zip(paths, (text, copy), strict=True):
        write_file(path, cipher.seal(content.encode()))
    return paths


@pytest.mark.parametrize("sealed", [False, True])
def test_a_stop_between_the_two_files_of_earlier_versions_costs_nothing(
    make_store: Maker, tmp_path: Path, sealed: bool
) -> None:
    folder = tmp_path / "data" / "memory"
    quick = Argon2(b"0123456789abcdef", rounds=1, memory=8, lanes=1)
    cipher = passphrase_vault("a long passphrase", folder, argon2=quick) if sealed else PLAIN
    first = make_store(cipher=cipher)
    first.write(parrot())
    before = profile_of(first.history()).markdown()
    first.add("I play the cello.")
    memory = next(each for each in first.memories() if each.claim)
    first.correct(memory.id, "Ada's parrot is called Miro.", replace(memory.claim, value="Miro"))
    kept_then = {(each.text, each.replaced_by) for each in first.history()}
    after = profile_of(first.history()).markdown()
    for text, copy in ((after, before), (before, after), (before, before), (after, "")):
        _, other = old_pair(folder, text, copy, cipher)
        later = make_store(cipher=cipher)
        assert {(each.text, each.replaced_by) for each in later.history()} == kept_then
        assert not other.exists(), "it holds the words that were in the profile"
        later.close()


def test_hand_edits_made_before_the_new_version_came_are_taken_over(
    make_store: Maker, tmp_path: Path
) -> None:
    first = make_store()
    first.write(parrot())
    text = profile_of(first.history()).markdown()
    edited = text.replace("on Friday", "on Monday").replace("## Facts\n", "## Facts\n\n- Hi you.\n")
    old_pair(first.folder, edited, text)
    assert {memory.text for memory in make_store().memories()} == {
        "Ada's parrot is called Picasso.",
        "Ada gives a talk on Monday.",
        "Hi you.",
    }


def test_forgetting_leaves_nothing_in_a_copy_of_an_earlier_version(
    make_store: Maker, tmp_path: Path
) -> None:
    store = make_store()
    store.write(parrot())
    old_pair(store.folder, *2 * [profile_of(store.history()).markdown()])
    store.forget([f"{ID}/1"])
    assert b"picasso" not in raw(store.folder)
    assert not (store.folder / AS_MADE).exists()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_with_a_history_a_line_deleted_by_hand_is_in_no_commit(
    make_store: Maker, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "memory"
    folder.mkdir(parents=True)
    log = GitLog(folder)
    log._run("init", "--quiet")
    store = make_store(history=log)
    store.write(parrot())
    path = store.folder / "profile.md"
    text = path.read_text()
    start = text.index("- parrot's name")
    path.write_text(text[:start] + text[text.index(")\n", start) + 2 :])
    assert len(store.memories()) == 1
    objects = log._run("cat-file", "--batch-all-objects", "--batch-check").split("\n")
    for line in objects:
        assert "Picasso" not in log._run("cat-file", "-p", line.split()[0])
    assert log._run("status", "--porcelain") == ""


def test_the_time_of_an_added_line_is_the_hand_that_wrote_it(store: FileStore) -> None:
    store.write(parrot())
    path = store.folder / "profile.md"
    with path.open("a") as stream:
        stream.write("- I play the cello.\n")
    [added] = [memory for memory in store.memories() if "cello" in memory.text]
    assert added.turn == 0
    assert added.at.date() == BEGAN.date().replace(day=BEGAN.day + 1)
