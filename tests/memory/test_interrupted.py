"""Killed at any change of any file, whatever memory was doing: what was acknowledged is there,
nothing was forgotten that nobody wanted forgotten, nothing was invented, and the doctor agrees."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from assistant.commands.memory.doctor_made import index_check, profile_check
from assistant.memory.base import Index, Journal
from assistant.memory.encryption.sealing import Argon2, passphrase_vault
from assistant.memory.export import export_to, import_from, journals_in
from assistant.memory.profile.profile import profile_of
from assistant.memory.retrieval.embedding import load_embedder
from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.store.disk import PLAIN, Cipher
from assistant.memory.store.files import FileStore
from assistant.memory.store.git import GitLog
from tests.interruption import Tell, copy_of, every_interruption
from tests.memory.conftest import raw
from tests.memory.deletion.test_journals import OTHER, another, save
from tests.memory.samples import BEGAN, ID, parrot

QUICK = Argon2(b"0123456789abcdef", rounds=1, memory=8, lanes=1)
NEW = "2026-12-03T080000-hal"


@dataclass
class Home:
    """A data folder; `cipher` seals it, `history` keeps commits of it."""

    data: Path
    sealed: bool = False
    history: bool = False

    @property
    def cipher(self) -> Cipher:
        folder = self.data / "memory"
        return (
            passphrase_vault("four words are enough", folder, argon2=QUICK)
            if self.sealed
            else PLAIN
        )

    def open(self) -> FileStore:
        memory = self.data / "memory"
        memory.mkdir(parents=True, exist_ok=True, mode=0o700)
        index: Index = SqliteIndex(None if self.sealed else memory / "index.sqlite")
        return FileStore(
            memory,
            index,
            spare=lambda: SqliteIndex(None),
            cipher=self.cipher,
            transcripts=self.data / "transcripts",
            history=GitLog(memory) if self.history else None,
            look_every=0,
            now=lambda: BEGAN,
        )

    def begin(self) -> None:
        store = self.open()
        if self.history:
            GitLog(store.folder)._run("init", "--quiet")
        for journal in (parrot(), another()):
            store.write(journal)
            if not self.sealed:
                save(self.data, journal).close()
        store.add("Ada plays the cello.")
        store.close()


@dataclass(frozen=True)
class State:
    """What somebody finds who opens memory."""

    holding: frozenset[str]
    history: frozenset[tuple[str, str]]
    turns: frozenset[tuple[str, int, str]]
    transcripts: frozenset[str]

    def lies_between(self, before: State, after: State) -> bool:
        """Whether nothing is missing that both have, and nothing is there that neither has."""
        pairs = (
            (self.holding, before.holding, after.holding),
            (self.history, before.history, after.history),
            (self.turns, before.turns, after.turns),
            (self.transcripts, before.transcripts, after.transcripts),
        )
        return all(one & other <= mine <= one | other for mine, one, other in pairs)


def state_of(home: Home) -> State:
    store = home.open()
    try:
        memories = store.history()
        read = [store.read(id) for id in store.journals()]
        found = State(
            frozenset(memory.text for memory in memories if not memory.replaced_by),
            frozenset((memory.id, memory.text) for memory in memories),
            frozenset((each.id, turn.number, turn.text) for each in read for turn in each.turns),
            frozenset(
                line
                for path in sorted((home.data / "transcripts").glob("*.md"))
                for line in path.read_text().split("\n")
                if line.startswith("**")
            ),
        )
        check_made(store, home)
    finally:
        store.close()
    return found


def check_made(store: FileStore, home: Home) -> None:
    """Index and profile say what the journals say."""
    check = profile_check(store.folder, home.cipher)
    assert check.state == "ok", check
    assert "as the journals" in check.value or not profile_of(store.history()).items, check
    assert isinstance(store.index, SqliteIndex)
    checked = index_check(store.index, store.tree)
    assert checked.state == "ok", checked
    assert "read again" not in checked.value


Deed = Callable[[FileStore, Tell], object]


def writing_a_conversation(store: FileStore, tell: Tell) -> None:
    journal = replace(another(), id=NEW, memories=[], turns=list(another().turns))
    store.write(journal)
    tell(f"turn {journal.turns[0].text}")
    journal.memories = [
        replace(another().memories[0], id=f"{NEW}/1", text="Ada likes Monet.", journal=NEW)
    ]
    store.write(journal)
    tell("Ada likes Monet.")


def correcting(store: FileStore, tell: Tell) -> None:
    store.correct(f"{ID}/2", "Ada gives a talk on Monday.")
    tell("Ada gives a talk on Monday.")


def adding(store: FileStore, tell: Tell) -> None:
    store.add("Ada sings.")
    tell("Ada sings.")
    store.add("Ada paints.")
    tell("Ada paints.")


def settling(store: FileStore, tell: Tell) -> None:
    store.settle(f"{ID}/1", [f"{OTHER}/1"])


def editing_the_profile(store: FileStore, tell: Tell) -> None:
    path = store.folder / ("profile.md" + store.tree.cipher.ending)
    text = store.tree.cipher.open(path.read_bytes()).decode()
    text = text.replace("on Friday", "on Monday")
    start = text.index("- Ada plays the cello")
    text = text[:start] + "- Ada sings.\n" + text[text.index(")\n", start) + 2 :]
    path.with_name("edited").write_bytes(store.tree.cipher.seal(text.encode()))
    path.with_name("edited").rename(path)
    tell("")
    store.look()
    tell("Ada sings.")
    tell("Ada gives a talk on Monday.")


def editing_a_journal(store: FileStore, tell: Tell) -> None:
    parsed = store.tree.read(ID)
    parsed.journal.memories[1] = replace(parsed.journal.memories[1], text="Ada sings.")
    store.tree.write(parsed.journal, parsed.front, parsed.extra)
    store.look()
    tell("Ada sings.")


def forgetting(store: FileStore, tell: Tell) -> None:
    store.forget([f"{ID}/1"])
    tell("not picasso")


def forgetting_words(store: FileStore, tell: Tell) -> None:
    store.forget((), ["Picasso", "Monet"])
    tell("not picasso")


def forgetting_everything(store: FileStore, tell: Tell) -> None:
    store.forget_all()
    tell("not picasso")
    tell("not cello")


def importing(store: FileStore, tell: Tell) -> None:
    import_from(store, store.folder.parent / "other.zip")
    tell("Ada likes Monet.")


def making_anew(store: FileStore, tell: Tell) -> None:
    store.rebuild()


DEEDS: list[Deed] = [
    writing_a_conversation,
    correcting,
    adding,
    settling,
    editing_the_profile,
    editing_a_journal,
    forgetting,
    forgetting_words,
    forgetting_everything,
    importing,
    making_anew,
]

SOME: list[Deed] = [writing_a_conversation, editing_the_profile, forgetting]


def hold_against_interruption(home: Home, tmp_path: Path, deed: Deed) -> int:
    """How many points of interruption there were."""
    home.begin()
    zip_with_monet(home.data / "other.zip", tmp_path)
    begun = tmp_path / "begun"
    copy_of(home.data, begun)
    before = state_of(home)
    made = home.open()
    deed(made, lambda words: None)
    made.close()
    after = state_of(home)

    def work(tell: Tell) -> None:
        deed(home.open(), tell)

    count = 0
    for at, ending in every_interruption(work, lambda: copy_of(begun, home.data)):
        count = at
        first = state_of(home)
        assert first.lies_between(before, after), f"at change {at}: {first}"
        said = first.holding | {f"turn {text}" for _, _, text in first.turns}
        for words in filter(None, ending.told):
            if words.startswith("not "):
                assert words[4:].encode() not in raw_but_zip(home.data), f"at change {at}: {words}"
            else:
                assert words in said, f"at change {at}: {words} was acknowledged"
        assert state_of(home) == first, f"at change {at}: and it changes by itself"
    assert first == after
    return count


def raw_but_zip(data: Path) -> bytes:
    (data / "other.zip").unlink(missing_ok=True)
    return raw(data)


def zip_with_monet(path: Path, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    store = other.open()
    memory = replace(another().memories[0], id=f"{NEW}/1", text="Ada likes Monet.", journal=NEW)
    store.write(Journal(NEW, BEGAN, "hal", memories=[memory], turns=another().turns))
    export_to(store, path)
    store.close()


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_killed_at_any_change_of_a_file(tmp_path: Path, deed: Deed) -> None:
    load_embedder()
    assert hold_against_interruption(Home(tmp_path / "data"), tmp_path, deed) > 5


@pytest.mark.parametrize(
    "deed",
    [writing_a_conversation, editing_the_profile, forgetting],
    ids=lambda deed: deed.__name__,
)
def test_the_same_where_memory_is_sealed(tmp_path: Path, deed: Deed) -> None:
    home = Home(tmp_path / "data", sealed=True)
    assert hold_against_interruption(home, tmp_path, deed) > 5


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("deed", [correcting, forgetting], ids=lambda deed: deed.__name__)
def test_the_same_with_a_history(tmp_path: Path, deed: Deed) -> None:
    home = Home(tmp_path / "data", history=True)
    assert hold_against_interruption(home, tmp_path, deed) > 5


def test_an_export_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "data")
    home.begin()
    place = tmp_path / "out" / "memory.zip"
    place.parent.mkdir()
    zip_with_monet(place, tmp_path)
    old, begun = place.read_bytes(), tmp_path / "begun"
    copy_of(place.parent, begun)
    names = set[tuple[str, ...]]()

    def work(tell: Tell) -> None:
        export_to(home.open(), place)
        tell("done")

    for _, ending in every_interruption(work, lambda: copy_of(begun, place.parent)):
        new = tuple(sorted(journal.id for journal in journals_in(place)))
        names.add(new)
        assert NEW not in new if ending.told else place.read_bytes() == old or NEW not in new
    assert len(names) == 2
