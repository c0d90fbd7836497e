"""What the folder of memory, transcripts and voice caches hold: which files are ours, and of what
kind.

Of these, when memory is encrypted, an index, sounds and temporary files are deleted: they are made
again or were never whole. Journals, profile and transcripts, copies of them that an editor or a
person left beside them, and exports in the folder are sealed, so that nothing is lost. What is
forgotten (erasure) is taken out of the same files.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.locations import voice_files
from assistant.memory.store.disk import MAX_BYTES, SEALED, delete_file, files_below
from assistant.private_files import is_temporary

JOURNALS = "journals"
INDEX = "index.sqlite"
SEALED_INDEX = "index.sealed.sqlite"
ENCRYPTING = f".encrypting{SEALED}"
DECRYPTING = f".decrypting{SEALED}"
"""Lie in the folder while all of it is sealed, or made readable: made first, removed last. Sealed
with the key that this is done with, so that no other is taken for it afterwards."""
MARKERS = (ENCRYPTING, DECRYPTING)
_INDEXES = (INDEX, SEALED_INDEX, ".index")
_JOURNAL = re.compile(r"\d{4}-\d\d-\d\dT\d{6}-")
_TRANSCRIPT = re.compile(r"\d{4}-\d\d-\d\d-\d{6}")


@dataclass(frozen=True, slots=True)
class Places:
    """Where words of the user may be."""

    folder: Path
    transcripts: Path | None = None
    caches: Sequence[Path] = ()
    same_key: tuple[Path, ...] = ()
    """Other folders whose files are sealed with the key of these."""

    def keyed(self) -> tuple[Path, ...]:
        """Those whose sealed files tell how to come by the key, the own ones first."""
        return (*self.all(), *self.same_key)

    def all(self) -> tuple[Path, ...]:
        """Those with files that are sealed."""
        return (self.folder, *([self.transcripts] if self.transcripts else []))


def ours(places: Places) -> Iterator[Path]:
    """Files that hold words, sealed or not; no temporary ones."""
    for path in files_below(places.folder):
        below = path.relative_to(places.folder)
        if not is_temporary(path) and path.name not in MARKERS and _is_ours(path, below):
            yield path
    if places.transcripts is not None and places.transcripts.is_dir():
        for path in sorted(places.transcripts.iterdir()):
            if _TRANSCRIPT.search(path.name) and path.is_file() and not is_temporary(path):
                yield path


def readable(places: Places) -> list[Path]:
    """Of `ours`, those that are not sealed."""
    return [path for path in ours(places) if path.suffix != SEALED]


def strangers(folder: Path) -> list[Path]:
    """Files in the folder that are none of ours, so that nobody knows what they hold."""
    known = (INDEX, SEALED_INDEX, ".lock", ".gitignore", ".gitattributes")
    return [
        path
        for path in files_below(folder)
        if path.suffix != SEALED
        and not path.name.startswith(known)
        and not is_temporary(path)
        and not _is_ours(path, path.relative_to(folder))
    ]


def kept_files(folder: Path) -> Iterator[Path]:
    """Of the files in the folder of memory those that may hold what was remembered, copies that
    editors made of them too. Where the folder is a link to one of other things, these are none."""
    for path in files_below(folder):
        kept = path.relative_to(folder).parts[0] == JOURNALS or "profile" in path.name
        # Sealed: no other passphrase could be chosen while one of these lies there.
        if kept or path.suffix == SEALED or path.name.startswith(_INDEXES):
            yield path


def journal_files(folder: Path) -> Iterator[Path]:
    """All in the folder of the journals; where that is a link to one of other things, those that
    are called as journals are."""
    linked = folder.is_symlink()
    return (path for path in files_below(folder) if not linked or _JOURNAL.search(path.name))


def temporary(places: Places) -> list[Path]:
    """What a killed writer left half written."""
    return [path for place in places.all() for path in files_below(place) if is_temporary(path)]


def index_files(folder: Path, name: str = INDEX) -> list[Path]:
    """Of the index of that name, its logs included."""
    return sorted(path for path in folder.glob(f"{name}*") if path.is_file() or path.is_symlink())


def sounds(caches: Sequence[Path]) -> list[Path]:
    """Rendered sentences, by their names; a folder that is a link belongs to somebody else."""
    return [path for cache in caches for path in voice_files(cache)]


def delete_all(paths: Sequence[Path]) -> None:
    """Raises `MemoryFailure`."""
    for path in paths:
        delete_file(path)


def _is_ours(path: Path, below: Path) -> bool:
    name = path.name.removesuffix(SEALED)
    if below.parts[0] == JOURNALS:
        return bool(_JOURNAL.search(name))
    if len(below.parts) == 1 and "profile" in name:
        return True
    return (
        name == "memory.json"
        or (path.suffix == ".zip" and _is_export(path))
        or (path.suffix == SEALED and name.endswith(".zip"))
    )


def _is_export(path: Path) -> bool:
    try:
        if path.stat().st_size > MAX_BYTES:
            return False
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception:  # whatever else it may be
        return False
    return any(name == "memory.json" or name.startswith(f"{JOURNALS}/") for name in names)
