"""What is remembered is in files, whoever edits them."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.memory.base import Filters, MemoryFailure, MemoryStore
from assistant.memory.store.files import FileStore
from tests.memory.conftest import Maker
from tests.memory.retrieval.small_index import SmallIndex
from tests.memory.samples import BEGAN, ID, kept, parrot, said


def texts(store: FileStore) -> list[str]:
    return [memory.text for memory in store.memories()]


def edit(store: FileStore, old: str, new: str) -> None:
    path = store.tree.path(ID)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_was_written_is_there_after_a_restart(make_store: Maker) -> None:
    store: MemoryStore = make_store()
    store.write(parrot())
    later = make_store()
    assert later.journals() == [ID]
    assert later.read(ID) == parrot()
    assert texts(later) == ["Ada gives a talk on Friday.", "Ada's parrot is called Picasso."]
    assert [found.id for found in later.search("Picasso")] == [f"{ID}/1", f"{ID}#1", f"{ID}#2"]


def test_memories_by_what_they_are_about(store: FileStore) -> None:
    journal = parrot()
    journal.memories[1] = replace(journal.memories[1], people=("Grace",), persona="glados")
    store.write(journal)
    assert [m.id for m in store.memories(Filters(person="grace"))] == [f"{ID}/2"]
    assert [m.id for m in store.memories(Filters(categories=("personal",)))] == [f"{ID}/1"]
    assert [m.id for m in store.memories(Filters(persona="glados"))] == [f"{ID}/2"]
    assert [m.id for m in store.memories(Filters(until=BEGAN.replace(second=15)))] == [f"{ID}/1"]


def test_an_edit_by_hand_is_found_by_the_next_question(store: FileStore) -> None:
    store.write(parrot())
    edit(store, "- Ada's parrot is called Picasso.", "- I play the cello.\n- My parrot is Paco.")
    assert "I play the cello." in texts(store)
    assert [found.text for found in store.search("cello")] == ["I play the cello."]
    assert "cello" in (store.folder / "profile.md").read_text()
    store.tree.path(ID).unlink()
    assert texts(store) == []
    assert list(store.search("cello")) == []


def test_an_edit_while_the_conversation_goes_on_is_not_overwritten(store: FileStore) -> None:
    journal = parrot()
    store.write(journal)
    edit(store, "- Ada's parrot is called Picasso.", "- Ada's parrot is called Pablo.")
    edit(store, "- Ada gives a talk on Friday.\n  (temporal; turn 3; confidence 0.8; no 2)\n", "")
    edit(store, "\n## What was said", "- I play the cello.\n\n## What was said")
    edit(store, "4. **Jarvis** (19:05:27): I wish you luck.\n", "## Notes of mine\n\nLuck!\n")
    journal.turns.append(said(5, "The weather is fine."))
    journal.memories.append(kept(3, "Ada likes fine weather.", 5))
    store.write(journal)
    store.write(journal)  # and once more, as it now is
    read = store.read(ID)
    assert [memory.text for memory in read.memories] == [
        "Ada's parrot is called Pablo.",
        "Ada likes fine weather.",
        "I play the cello.",
    ]
    assert [turn.number for turn in read.turns] == [1, 2, 3, 5]
    assert "## Notes of mine\n\nLuck!" in store.tree.path(ID).read_text()


def test_a_journal_deleted_by_hand_while_it_goes_on_does_not_come_back(store: FileStore) -> None:
    journal = parrot()
    store.write(journal)
    store.tree.path(ID).unlink()
    journal.turns.append(said(5, "The weather is fine."))
    store.write(journal)
    assert [turn.text for turn in store.read(ID).turns] == ["The weather is fine."]
    assert texts(store) == []


def test_what_another_process_forgot_does_not_come_back(make_store: Maker) -> None:
    store, other = make_store(), make_store()
    journal = parrot()
    store.write(journal)
    other.forget([f"{ID}/1"])
    journal.turns.append(said(5, "The weather is fine."))
    store.write(journal)
    assert "Picasso" not in store.tree.path(ID).read_text()
    assert [turn.number for turn in journal.turns] == [3, 4, 5]


def test_a_broken_file_is_told_and_everything_else_works(store: FileStore) -> None:
    store.write(parrot())
    other = replace(parrot(), id="2026-11-22T080000-jarvis", memories=[])
    store.write(other)
    edit(store, "confidence 0.9", "confidence lots")
    assert "Ada's parrot is called Picasso." in texts(store)
    assert [problem.line for problem in store.problems()] == [14]
    store.tree.path(ID).chmod(0)
    store.tree.path(ID).unlink()
    store.tree.path(ID).mkdir()
    assert store.read(other.id) == other


def test_an_index_that_fails_costs_no_memory(
    make_store: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store()

    def fail(*_: object) -> None:
        raise MemoryFailure("the index is locked")

    with monkeypatch.context() as patch:
        patch.setattr(store.index, "update", fail)
        store.write(parrot())
    assert store.read(ID) == parrot()
    assert [found.id for found in store.search("talk Friday")] == [f"{ID}/2", f"{ID}#3"]


def test_an_index_is_made_anew_from_the_journals(make_store: Maker) -> None:
    store = make_store()
    store.write(parrot())
    before = store.search("Picasso")
    fresh = make_store(index=SmallIndex(None))
    assert fresh.search("Picasso") == before
    assert fresh.rebuild() == 1
    assert fresh.search("Picasso") == before


def test_only_journals_that_changed_are_read_again_at_start(make_store: Maker) -> None:
    store = make_store()
    store.write(parrot())
    store.write(replace(parrot(), id="2026-11-22T080000-jarvis", memories=[]))
    index = SmallIndex(store.folder / "index.sqlite")
    make_store(index=index).journals()
    assert index.updates == 0
    edit(store, "Picasso.", "Pablo.")
    make_store(index=index).journals()
    assert index.updates == 1


def test_a_correction_keeps_what_was_before_as_history(store: FileStore) -> None:
    store.write(parrot())
    new = store.correct(f"{ID}/1", "Ada's parrot is called Pablo.")
    assert (new.id, new.confidence) == (f"{ID}/3", 1)
    assert "Ada's parrot is called Picasso." not in texts(store)
    old = next(memory for memory in store.history() if memory.id == f"{ID}/1")
    assert old.replaced_by == new.id
    with pytest.raises(MemoryFailure, match="there is no memory"):
        store.correct(f"{ID}/99", "x")


def test_several_threads_write_and_ask_at_a_time(store: FileStore) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(1, 5):
                id = f"2026-11-2{number}T080000-jarvis"
                turns = [said(each, f"word{number}x{each} is said") for each in range(1, turn + 1)]
                store.write(replace(parrot(), id=id, memories=[], turns=turns))
                store.search(f"word{number}x1")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [len(store.read(id).turns) for id in store.journals()] == [4, 4, 4, 4]


def test_nothing_is_made_before_something_is_remembered(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "data" / "memory", SmallIndex(None), look_every=0)
    assert store.memories() == []
    assert store.journals() == []
    assert list(store.search("x")) == []
    assert not (tmp_path / "data").exists()
    store.write(parrot())
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "data").rglob("*")}
    assert modes == {0o600, 0o700}


def test_a_file_that_cannot_be_read_is_never_overwritten(store: FileStore) -> None:
    path = store.tree.path(ID)
    sealed = path.with_name(path.name + ".sealed")
    sealed.parent.mkdir(parents=True)
    sealed.write_bytes(b"sealed elsewhere")
    with pytest.raises(MemoryFailure, match="encryption is off"):
        store.write(parrot())
    assert sealed.read_bytes() == b"sealed elsewhere"
    assert not path.exists()
    with pytest.raises(MemoryFailure, match=r"forgotten, but for .*which cannot be read"):
        store.forget([f"{ID}/1"])


def test_what_a_killed_writer_left_is_swept_up(make_store: Maker, tmp_path: Path) -> None:
    make_store().write(parrot())
    rests = [
        tmp_path / "data" / "memory" / "journals" / f".{ID}.md.0123456789ab.tmp",
        tmp_path / "data" / "transcripts" / ".2026-11-21-190503.md.0123456789ab.tmp",
    ]
    for rest in rests:
        rest.parent.mkdir(exist_ok=True)
        rest.write_text("half a wo")
    make_store().journals()
    assert not any(rest.exists() for rest in rests)


def test_a_memory_that_was_moved_to_another_journal_by_hand_is_found(store: FileStore) -> None:
    store.write(parrot())
    other = replace(parrot(), id="2026-11-22T080000-jarvis", memories=[], turns=[said(1, "Hi.")])
    other.memories = [kept(1, "Ada likes tea.", 0)]
    store.write(other)
    path = store.tree.path(other.id)
    path.write_text(path.read_text().replace(f"id {ID}/1", f"id {ID}/8"))
    store.correct(f"{ID}/8", "Ada likes coffee.")
    assert store.memories()[0].text == "Ada likes coffee."


@pytest.mark.parametrize("end", [0, 1, 40, -20, -1])
def test_a_journal_that_an_editor_left_half_written_forgets_nothing(
    store: FileStore, end: int
) -> None:
    journal = parrot()
    store.write(journal)
    path = store.tree.path(ID)
    path.write_bytes(path.read_bytes()[:end])
    journal.turns.append(said(5, "Good night."))
    store.write(journal)
    written = store.read(ID)
    assert written.memories == parrot().memories
    assert len(written.turns) == 5


def test_a_correction_by_hand_and_something_new_with_the_same_number_are_both_kept(
    store: FileStore,
) -> None:
    journal = parrot()
    store.write(journal)
    journal.memories.append(kept(3, "Ada lives in Oslo.", 3))
    store.correct(f"{ID}/2", "Ada gives a talk on Monday.")
    store.write(journal)
    texts = {memory.text: memory.id for memory in store.memories()}
    assert {"Ada gives a talk on Monday.", "Ada lives in Oslo."} <= set(texts)
    assert len(set(texts.values())) == len(texts)
    assert store.read(ID).memories[1].replaced_by == texts["Ada gives a talk on Monday."]
