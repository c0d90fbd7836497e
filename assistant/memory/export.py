"""All that is remembered as one zip: the Markdown files, and `memory.json` for other programs.

What comes in is only what goes out: journals, by names that are a journal's, of a size that is
plausible. Nothing is unpacked to disk, and nothing is taken in before all of it was looked at.
"""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from assistant.memory.base import Journal, MemoryFailure
from assistant.memory.journal.format import parse, render
from assistant.memory.journal.front_matter import is_journal_id
from assistant.memory.journal.merging import MergeResult
from assistant.memory.remote.protocol import Misunderstood, check_journal
from assistant.memory.store.contents import JOURNALS
from assistant.memory.store.disk import write_file
from assistant.memory.store.files import FileStore
from assistant.memory.store.journals import ENDING

JSON = "memory.json"
UNREAD = "not-understood"
PROFILE = "profile.md"
MAX_FILES = 200_000
MAX_BYTES = 1_000_000_000
"""Of all files together, unpacked."""
MAX_RATIO = 200
"""How much smaller text gets at most; zeros get a thousand times smaller."""
RATIO_FROM = 1_000_000
"""Size below which any ratio is harmless."""
_REMEDY = "Take in what `assistant memory export` made, and nothing was put into."


@dataclass(slots=True)
class Everything:
    """`memory.json`."""

    format: Literal["assistant-memory-1"] = "assistant-memory-1"
    made: datetime | None = None
    journals: list[Journal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Exported:
    journals: int
    memories: int
    turns: int
    bytes: int
    unread: tuple[str, ...] = ()
    """Journals that are not understood: in the zip as they are, apart from the others."""


def export_to(store: FileStore, path: Path) -> Exported:
    """Write the zip, in plain text whatever the cipher, mode 0600. Raises `MemoryFailure`."""
    journals: list[Journal] = []
    unread: list[str] = []
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for id in store.journals():
            try:
                parsed = store.tree.read(id)
            except MemoryFailure:
                unread.append(id)
                with suppress(MemoryFailure):  # not even opened: its key is another
                    archive.writestr(f"{UNREAD}/{id}{ENDING}", store.tree.text(id))
                continue
            journals.append(parsed.journal)
            name = f"{JOURNALS}/{id[:4]}/{id[5:7]}/{id}{ENDING}"
            archive.writestr(name, render(parsed.journal, parsed.front, parsed.extra))
        if profile := store.profile().markdown():
            archive.writestr(PROFILE, profile)
        everything = Everything(made=datetime.now().astimezone(), journals=journals)
        archive.writestr(JSON, msgspec.json.format(_encoded(everything), indent=1))
    write_file(path, packed.getvalue())
    return Exported(
        journals=len(journals),
        memories=sum(len(journal.memories) for journal in journals),
        turns=sum(len(journal.turns) for journal in journals),
        bytes=packed.tell(),
        unread=tuple(unread),
    )


def import_from(store: FileStore, path: Path) -> MergeResult:
    """Add what the zip has and the store has not. Raises `MemoryFailure`; then nothing is added."""
    return store.take_in(journals_in(path))


def journals_in(path: Path) -> list[Journal]:
    """The journals of a zip: of its Markdown files, else of its JSON. Raises `MemoryFailure`."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check(path, archive.infolist())
            return _journals(path, archive)
    except MemoryFailure:
        raise
    except UnicodeDecodeError:
        raise _refused(path, "holds a journal that is not UTF-8 text") from None
    except FileNotFoundError as error:
        reason = (error.strerror or str(error)).lower()
        raise MemoryFailure(f"{path}: cannot be read ({reason})", "Is it the right file?") from None
    except Exception as error:  # zipfile and what unpacks raise whatever a broken file leads to
        if isinstance(error, OSError) and error.errno is not None:
            reason = (error.strerror or str(error)).lower()
            told = MemoryFailure(f"{path}: cannot be read ({reason})", "Is it the right file?")
            raise told from None
        raise _refused(path, f"is no zip that can be read ({error})"[:300]) from None


def _journals(path: Path, archive: zipfile.ZipFile) -> list[Journal]:
    pages = [info for info in archive.infolist() if _journal_id(info.filename)]
    if pages:
        return [_of_page(path, info, _read(path, archive, info)) for info in pages]
    info = next((each for each in archive.infolist() if each.filename == JSON), None)
    return _of_json(path, _read(path, archive, info)) if info else []


def _of_page(path: Path, info: zipfile.ZipInfo, data: bytes) -> Journal:
    text = data.decode("utf-8")
    try:
        return parse(text, PurePosixPath(info.filename).stem).journal
    except Exception as error:
        what = f'holds a journal that is not understood ("{info.filename[:80]}": {error})'
        raise _refused(path, what[:300]) from None


def _check(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > MAX_FILES:
        raise _refused(path, f"holds more than {MAX_FILES} files")
    if sum(info.file_size for info in infos) > MAX_BYTES:
        raise _refused(path, "would be larger than 1 GB unpacked")
    names = [info.filename for info in infos]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _refused(path, f'holds a file twice ("{twice[:80]}")')
    for info in infos:
        name = info.orig_filename.replace("\\", "/")
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\0" in name or ":" in name:
            raise _refused(path, f'holds a file that points elsewhere ("{info.filename[:80]}")')
        if (info.external_attr >> 16) & 0o170000 == 0o120000:
            raise _refused(path, f'holds a link ("{info.filename[:80]}")')
        if info.flag_bits & 1:
            raise _refused(path, "is encrypted with a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused(path, f'is packed in a way that is not read ("{info.filename[:80]}")')
        if info.file_size > max(RATIO_FROM, info.compress_size * MAX_RATIO):
            raise _refused(path, f'is packed too tightly to be text ("{info.filename[:80]}")')


def _read(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """No more than it says it is: the size in a head can be a lie."""
    with archive.open(info) as stream:
        data = stream.read(info.file_size + 1)
    if len(data) > info.file_size:
        raise _refused(path, f'holds more than it says ("{info.filename[:80]}")')
    return data


def _journal_id(name: str) -> bool:
    place = PurePosixPath(name)
    return place.parts[:1] == (JOURNALS,) and place.suffix == ENDING and is_journal_id(place.stem)


def _of_json(path: Path, data: bytes) -> list[Journal]:
    try:
        journals = msgspec.json.decode(data, type=Everything).journals
        for journal in journals:
            check_journal(journal)
    except (msgspec.MsgspecError, Misunderstood, ValueError, RecursionError) as error:
        why = f"holds a {JSON} that is not understood ({error})"
        raise _refused(path, why[:300]) from None
    return journals


def _encoded(everything: Everything) -> bytes:
    try:
        return msgspec.json.encode(everything)
    except UnicodeEncodeError:  # half of a pair of characters, which a file of text cannot hold
        import json

        text = json.dumps(msgspec.to_builtins(everything), ensure_ascii=False)
        return text.encode("utf-8", "replace")


def _refused(path: Path, why: str) -> MemoryFailure:
    return MemoryFailure(f"{path}: {why}; nothing was taken in", _REMEDY)
