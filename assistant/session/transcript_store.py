"""Conversations on disk: one readable Markdown file each, written turn by turn.

A turn is handed to the system as soon as it is over, so a crash of this program loses nothing.
Where the disk is full the turns wait in memory and are written once there is room again.
"""

from __future__ import annotations

import logging
import os
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from assistant.locations import transcripts_dir
from assistant.private_files import make_folder
from assistant.terminal.sanitize import clean_line

PAUSE = timedelta(minutes=30)
"""Silence after which a new heading with day and time is written."""
MAX_WAITING = 10_000
"""Turns kept in memory while the disk is full."""
_LATELY = 20
"""Conversations that are looked at for who spoke in them."""
TURN = re.compile(r"^\*\*(?P<name>.+?)\*\* \((?P<time>\d\d:\d\d)[^)]{0,40}\): (?P<text>.*)$")
_ID = re.compile(r"^\d{4}-\d\d-\d\d-\d{6}(?:-\d+)?$")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TranscriptEntry:
    """One turn."""

    time: datetime
    side: str
    """"user" or "assistant"."""
    name: str
    """Who spoke, as a person calls them: "You", "GLaDOS"."""
    text: str
    """All that was meant to be said."""
    interrupted: bool = False
    played: str = ""
    """What of it was heard, where it was interrupted."""


@dataclass(frozen=True, slots=True)
class TranscriptInfo:
    """A conversation on disk, as the list shows it."""

    id: str
    path: Path
    began: datetime
    turns: int
    spoken: int
    """Turns of the assistant among them."""
    names: list[str]
    """Personas that spoke, in order."""
    first: str
    """The user's first words, else the assistant's."""


class TranscriptStore:
    """Writes one conversation. Nothing is created before the first turn; nothing ever raises."""

    def __init__(
        self,
        folder: Path,
        enabled: bool = True,
        *,
        write: Callable[[int, bytes], None] | None = None,
    ) -> None:
        """`write(descriptor, data)` puts all of `data` on disk or raises `OSError`."""
        self._write = write or _write_all
        self._folder = folder
        self._enabled = enabled
        self._descriptor: int | None = None
        self._last: datetime | None = None
        self._waiting: deque[str] = deque(maxlen=MAX_WAITING)
        self._told = False
        self.path: Path | None = None
        """The file, once there is one."""

    @property
    def kept_in(self) -> Path:
        """Where conversations are, whether this one is written or not."""
        return self._folder

    @property
    def folder(self) -> Path | None:
        """Where it is written; None where it is not."""
        return self._folder if self._enabled else None

    @property
    def waiting(self) -> int:
        """Turns that are kept in memory because they could not be written."""
        return len(self._waiting)

    def append(self, entry: TranscriptEntry) -> str | None:
        """Write one turn; returns a problem to tell a person of, once each time there is one."""
        if not self._enabled:
            return None
        self._waiting.append(self._heading(entry) + _line(entry))
        try:
            self._write_waiting(entry.time)
        except OSError as error:
            _log.warning("transcript not written: %s", error)
            if self._told:
                return None
            self._told = True
            reason = (error.strerror or str(error)).lower()
            return f"the transcript cannot be saved ({reason}); it is kept in memory for now"
        self._told = False
        return None

    def close(self) -> None:
        """Write what is still waiting, if that is possible now, and let go of the file."""
        if self._waiting:
            try:
                self._write_waiting(self._last or datetime.now())
            except OSError as error:
                _log.error("%d turns of the transcript are lost: %s", len(self._waiting), error)
        if self._descriptor is not None:
            try:
                os.fsync(self._descriptor)
                os.close(self._descriptor)
            except OSError as error:
                _log.warning("transcript not synced: %s", error)
            self._descriptor = None
        self._enabled = False

    def _heading(self, entry: TranscriptEntry) -> str:
        last, self._last = self._last, entry.time
        if last is not None and last.date() == entry.time.date() and entry.time - last < PAUSE:
            return ""
        day = f"{entry.time:%A} {entry.time.day} {entry.time:%B %Y, %H:%M}"
        return f"{'' if last is None else chr(10)}## {day}\n\n"

    def _write_waiting(self, time: datetime) -> None:
        """Raises `OSError`; turns that were not written stay in `_waiting`."""
        descriptor = self._open(time)
        while self._waiting:
            size = os.fstat(descriptor).st_size
            try:
                self._write(descriptor, self._waiting[0].encode("utf-8", "replace"))
            except OSError:
                # Half a turn would be written twice once there is room again.
                os.ftruncate(descriptor, size)
                raise
            self._waiting.popleft()

    def _open(self, time: datetime) -> int:
        if self._descriptor is not None and os.fstat(self._descriptor).st_nlink == 0:
            os.close(self._descriptor)  # somebody has deleted the file: what comes now is a new one
            self._descriptor = None
        if self._descriptor is None:
            make_folder(self._folder)
            self._descriptor, self.path = _create(self._folder, time)
            _write_all(self._descriptor, b"# Conversation\n\n")
        return self._descriptor


def list_transcripts(folder: Path | None = None) -> list[TranscriptInfo]:
    """Newest first. Files that are none of ours are left out."""
    folder = folder or transcripts_dir()
    paths = (folder / f"{id}.md" for id in _ids(folder))
    return [info for path in paths if (info := _info(path)) is not None]


def any_transcript(folder: Path | None = None) -> bool:
    """Whether a conversation was ever saved there."""
    return bool(_ids(folder or transcripts_dir()))


def talked_to(folder: Path | None = None) -> frozenset[str]:
    """Names of the personas that spoke in the newest conversations in which the user did."""
    folder = folder or transcripts_dir()
    found: set[str] = set()
    for id in _ids(folder)[:_LATELY]:
        info = _info(folder / f"{id}.md")
        if info is not None and info.turns > info.spoken:
            found.update(info.names)
    return frozenset(found)


def find_transcript(id: str, folder: Path | None = None) -> Path:
    """The file of an id, of the unique beginning of one, or of "last". Raises `KeyError`."""
    folder = folder or transcripts_dir()
    ids = _ids(folder)
    if id in ids:
        return folder / f"{id}.md"
    found = ids[:1] if id == "last" else [known for known in ids if id and known.startswith(id)]
    if len(found) != 1:
        raise KeyError(id)
    return folder / f"{found[0]}.md"


def _ids(folder: Path) -> list[str]:
    """Newest first; none where the folder cannot be read."""
    try:
        return sorted((p.stem for p in folder.glob("*.md") if _ID.match(p.stem)), reverse=True)
    except OSError:
        return []


def _create(folder: Path, time: datetime) -> tuple[int, Path]:
    stem = f"{time:%Y-%m-%d-%H%M%S}"
    for number in range(1, 1_000):
        path = folder / (f"{stem}.md" if number == 1 else f"{stem}-{number}.md")
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
            return os.open(path, flags, 0o600), path
        except FileExistsError:
            continue
    raise FileExistsError(f"{folder} holds a thousand conversations of this second")


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _line(entry: TranscriptEntry) -> str:
    """One line a turn, whatever the text holds: no line break, nothing that moves a cursor."""
    mark = ", interrupted" if entry.interrupted else ""
    text = clean_line(entry.played if entry.interrupted else entry.text)
    if entry.interrupted:
        text = f"{text} …".lstrip()
    name = clean_line(entry.name).replace("*", "")
    return f"**{name}** ({entry.time:%H:%M}{mark}): {text}\n\n"


def _info(path: Path) -> TranscriptInfo | None:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        began = datetime.strptime(path.stem[:17], "%Y-%m-%d-%H%M%S")
    except (OSError, ValueError):  # ValueError: there is no such day
        return None
    turns = [match for line in lines if (match := TURN.match(line))]
    names = [clean_line(turn["name"]) for turn in turns]
    opening = [turn["text"] for turn in turns if turn["name"] == "You"]
    return TranscriptInfo(
        id=path.stem,
        path=path,
        began=began,
        turns=len(turns),
        spoken=sum(name != "You" for name in names),
        names=list(dict.fromkeys(name for name in names if name != "You")),
        first=clean_line(next(iter(opening or [turn["text"] for turn in turns]), "")),
    )
