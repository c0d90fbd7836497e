"""`assistant memory forget`: what would go is shown, and goes for good on a yes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.commands.memory.show import find_journal, find_memory
from assistant.commands.memory.store import clean, counted, day_of, nothing_yet, now, opened
from assistant.commands.runner import USAGE, agreed, complain
from assistant.config.schema import Config
from assistant.discord.people.kept import anything_kept_of_people, forget_people, kept_of_people
from assistant.language.lexicon import spoken_list
from assistant.locations import (
    feelings_file,
    memory_dir,
    pauses_file,
    transcripts_dir,
    voice_cache_dir,
)
from assistant.memory.base import Forgotten, MemoryFailure
from assistant.memory.store.contents import INDEX, SEALED_INDEX, kept_files, ours, sounds
from assistant.memory.store.disk import delete_file

if TYPE_CHECKING:
    from assistant.memory.deletion.plan import DeletionPreview
    from assistant.memory.store.files import FileStore
from assistant.memory.told import name_in, told_preview

LOOKED_AT = 50
"""Hits of a search that may be forgotten with one --query."""
SHOWN = 12
"""Of each kind; how many more there are is told."""
_ALONE = "nobody is there to confirm it"


@dataclass(frozen=True, slots=True)
class What:
    """What is to be forgotten: one of these."""

    ids: tuple[str, ...] = ()
    query: str = ""
    day: str = ""
    topic: str = ""
    person: str = ""
    everything: bool = False

    def count(self) -> int:
        kinds = (self.ids, self.query, self.day, self.topic, self.person, self.everything)
        return sum(map(bool, kinds))


@dataclass(frozen=True, slots=True)
class _Aim:
    ids: Sequence[str] = ()
    words: Sequence[str] = ()
    day: date | None = None


def forget_command(config: Config, what: What, *, yes: bool = False) -> int:
    """Raises `MemoryFailure`, also where not all could be forgotten."""
    if what.count() != 1:
        complain(
            "say what to forget: ids, or one of --query, --day, --topic, --person, --all",
            "assistant memory list",
        )
        return USAGE
    if what.everything:
        return _forget_all(config, yes=yes)
    if not what.day and nothing_yet(config):
        return 0
    with opened(config) as store:
        aim = _aim(store, what)
        deletion = store.preview(aim.ids, aim.words)
        transcripts = _transcripts_of(aim.day)
        if not (deletion.memories or deletion.turns or deletion.journals or transcripts):
            print("Nothing of that is remembered.", file=sys.stderr)
            return 0
        _show(told_preview(deletion, name_in(store.memories()), now().date()))
        _show_some("Transcripts of that day:", transcripts)
        if not yes and (code := agreed("Forget this for good?", _ALONE)):
            return code
        gone = store.forget_day(aim.day) if aim.day else store.forget(aim.ids, aim.words)
    print(f"Forgotten: {_in_words(gone)}.")
    _warn_of_history(config)
    return 0


def _aim(store: FileStore, what: What) -> _Aim:
    from assistant.memory.deletion.journals import ids_of_day, ids_of_words

    if what.day:
        day = day_of(what.day)
        return _Aim(ids_of_day(store, day), day=day)
    if words := what.topic or what.person:
        return _Aim(ids_of_words(store, words), [words])
    if what.query:
        return _Aim(_fitting(store, what.query))
    return _Aim([_known(store, id) for id in what.ids])


def _fitting(store: FileStore, query: str) -> list[str]:
    """What a search finds, but only what holds most of the telling words: a search also shows
    what is merely near, and that is not to be lost."""
    from assistant.memory.base import ANY, with_when
    from assistant.memory.deletion.plan import content_words

    rest, filters = with_when(query, ANY, now())
    words = content_words(rest)
    return [
        hit.id
        for hit in store.search(rest, filters, LOOKED_AT)
        if 2 * len(words & content_words(hit.text)) > len(words)
    ]


def _transcripts_of(day: date | None) -> list[str]:
    from assistant.memory.deletion.erasure import transcripts_of

    if day is None:
        return []
    names = [path.name for path in transcripts_of(transcripts_dir())]
    return [name for name in names if name.startswith(day.isoformat())]


def _known(store: FileStore, id: str) -> str:
    """Raises `MemoryFailure` where nothing is called so."""
    if find_memory(store, id) is not None:
        return id
    journal, mark, number = id.partition("#")
    if not mark:
        return find_journal(store, id)
    found = find_journal(store, journal)
    if not any(str(turn.number) == number for turn in store.read(found).turns):
        raise MemoryFailure(
            f"there is no turn “{clean(id)[:80]}”", f"See `assistant memory show {found}`."
        )
    return f"{found}#{number}"


def _show(deletion: DeletionPreview) -> None:
    _show_some("This would be forgotten:", [memory.text for memory in deletion.memories])
    _show_some("What was said:", [f"{turn.name}: {turn.text}" for turn in deletion.turns])
    _show_some("Whole journals:", deletion.journals)


def _show_some(title: str, texts: Sequence[str]) -> None:
    if texts:
        print(title, file=sys.stderr)
        for text in texts[:SHOWN]:
            print(f"  {clean(text)}", file=sys.stderr)
        if len(texts) > SHOWN:
            print(f"  … and {len(texts) - SHOWN} more", file=sys.stderr)


def _forget_all(config: Config, *, yes: bool) -> int:
    """Without its key, too: then nothing can be counted, and the files go unread."""
    if not _anything_there():
        nothing_yet(config)
        return 0
    pauses = pauses_file().is_file()
    people = _of_people(config)
    others = ["every transcript", *(["how you pause"] if pauses else []), *people]
    question = f"Forget everything in {memory_dir()}, {spoken_list(others)}, for good?"
    if not yes and (code := agreed(question, _ALONE)):
        return code
    try:
        with opened(config) as store:
            gone = store.forget_all()
        told = _in_words(gone)
    except MemoryFailure as failure:
        complain(failure.message)
        told = f"{_delete_unread()} files that could not be read"
    for path in (*_leftovers(config), feelings_file()):
        delete_file(path)
    if pauses and delete_file(pauses_file()):
        told += ", and how you pause"
    if forget_people():
        told += "".join(f", and {each}" for each in people)
    print(f"Forgotten: everything ({told}).")
    _warn_of_history(config)
    return 0


def _of_people(config: Config) -> list[str]:
    """What people on Discord have told, in words; [] where there is nothing of it."""
    if not anything_kept_of_people():
        return []
    kept = kept_of_people(config.memory)
    amount = [
        *([counted(kept.memories, "memory", "memories")] if kept.memories else []),
        *([counted(kept.turns, "turn")] if kept.turns else []),
        *([counted(kept.transcripts, "transcript")] if kept.transcripts else []),
        *([f"{kept.unread} cannot be read"] if kept.unread else []),
    ]
    people = counted(kept.people, "person on Discord", "people on Discord")
    return [f"what {people} told" + (f" ({', '.join(amount)})" if amount else "")]


def _anything_there() -> bool:
    from assistant.memory.deletion.erasure import transcripts_of

    kept = any(kept_files(memory_dir())) or any(transcripts_of(transcripts_dir()))
    own = kept or pauses_file().is_file() or feelings_file().exists()
    return own or anything_kept_of_people()


def _delete_unread() -> int:
    from assistant.memory.deletion.erasure import transcripts_of
    from assistant.memory.store.disk import FolderLock
    from assistant.memory.store.git import GitLog

    folder = memory_dir()
    with FolderLock(folder).held():
        deletion = [*kept_files(folder), *transcripts_of(transcripts_dir())]
        deletion += sounds([voice_cache_dir()])
        count = sum(delete_file(path) for path in deletion)
        GitLog(folder).squash()
    return count


def _leftovers(config: Config) -> list[Path]:
    """Sealed files and indexes of settings that do not hold any more, and copies of editors."""
    from assistant.memory.factory import places_of_memory

    places = places_of_memory()
    current = INDEX if config.memory.encryption == "off" else SEALED_INDEX
    old = (path for path in kept_files(memory_dir()) if not path.name.startswith(current))
    return list(dict.fromkeys([*old, *ours(places)]))


def _warn_of_history(config: Config) -> None:
    if (memory_dir() / ".git").is_dir() and not config.memory.git:
        complain(
            f"the git history in {memory_dir()} still holds it",
            "assistant config set memory.git true, then forget it again; or delete its .git",
        )


def _in_words(gone: Forgotten) -> str:
    parts = (
        (gone.memories, counted(gone.memories, "memory", "memories")),
        (gone.turns, counted(gone.turns, "turn")),
        (gone.journals, counted(gone.journals, "whole journal")),
    )
    return ", ".join(text for number, text in parts if number) or "nothing but copies"
