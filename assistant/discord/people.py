"""Who is in the room, under which name, and who has agreed to be remembered.

Kept on disk is only who has agreed: user id, name and day, in a file for nobody else to read. Of
everybody else nothing is: names and words go when the program ends.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from assistant.private_files import make_folder, write_whole
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore
from assistant.terminal.sanitize import clean_line

_LONGEST = 32
"""Letters of a name, as on Discord."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Agreement:
    """To be remembered."""

    name: str
    since: str
    """ISO date."""


class People:
    """Names are unique: who has the name of somebody else, or of a persona, gets his user name with
    it."""

    def __init__(self, file: Path, reserved: Iterable[str] = ()) -> None:
        """`reserved`: names of others who speak here. A file that cannot be read counts as empty:
        nobody has agreed."""
        self._file = file
        self._reserved = {name.casefold() for name in ("You", *reserved)}
        self._names: dict[int, str] = {}
        self._present: list[int] = []
        self._agreed = _read(file)

    # -- who is here -------------------------------------------------------------------------------

    def enter(self, user: int, display: str, username: str) -> str:
        """Somebody has joined, or has another name now; returns how he is called here."""
        if user not in self._present:
            self._present.append(user)
        return self.known_as(user, display, username)

    def known_as(self, user: int, display: str, username: str) -> str:
        """Give somebody a name, who may be elsewhere."""
        name = self._unique(user, _plain(display) or _plain(username), _plain(username))
        self._names[user] = name
        return name

    def leave(self, user: int) -> None:
        if user in self._present:
            self._present.remove(user)

    def clear(self) -> None:
        """Nobody is here."""
        self._present.clear()

    @property
    def present(self) -> list[int]:
        """User ids, in the order in which they joined."""
        return list(self._present)

    def name(self, user: int | None) -> str:
        """ "" where nobody, or nobody known, is meant."""
        if user is None:
            return ""
        known = self._agreed.get(user)
        return self._names.get(user) or (known.name if known else "")

    def id_of(self, name: str) -> int | None:
        return next((user for user in self.known() if self.name(user) == name), None)

    def known(self) -> list[int]:
        """Who is here, was here, or has agreed."""
        return list(dict.fromkeys((*self._present, *self._names, *self._agreed)))

    def _unique(self, user: int, name: str, username: str) -> str:
        others = {self.name(other).casefold() for other in self.known() if other != user}
        taken = others | self._reserved
        if name.casefold() not in taken:
            return name
        longer = f"{name} ({username or user})"
        return longer if longer.casefold() not in taken else f"{name} ({user})"

    # -- who has agreed ----------------------------------------------------------------------------

    def has_agreed(self, user: int | None) -> bool:
        return user in self._agreed

    def agreed(self) -> dict[int, Agreement]:
        return dict(self._agreed)

    def agree(self, user: int, today: date) -> None:
        """From now on he is remembered. Raises `OSError` where that cannot be written down; then he
        is not."""
        agreed = self._agreed | {user: Agreement(self.name(user) or str(user), today.isoformat())}
        self._write(agreed)

    def withdraw(self, user: int) -> None:
        """Nothing more is kept of him. Raises `OSError`; it counts nevertheless, as long as the
        program runs."""
        agreed = {other: each for other, each in self._agreed.items() if other != user}
        try:
            self._write(agreed)
        finally:
            self._agreed = agreed

    def _write(self, agreed: dict[int, Agreement]) -> None:
        make_folder(self._file.parent)
        told = {str(user): asdict(each) for user, each in agreed.items()}
        write_whole(self._file, json.dumps(told, ensure_ascii=False, indent=1).encode())
        self._agreed = agreed


def _read(file: Path) -> dict[int, Agreement]:
    try:
        told = json.loads(file.read_text("utf-8"))
        return {
            int(user): Agreement(_plain(str(each["name"])), str(each["since"]))
            for user, each in told.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("%s cannot be read, so nobody counts as having agreed: %s", file, error)
        return {}


def _plain(name: str) -> str:
    """As it may stand before words: on one line, without what would end a name there."""
    return clean_line(name).replace(":", " ").replace("*", " ").strip()[:_LONGEST].strip()


class AgreedTranscripts(TranscriptStore):
    """A transcript in which those who have agreed stand, and what they were answered."""

    def __init__(self, folder: Path, people: People, *, enabled: bool) -> None:
        super().__init__(folder, enabled=enabled)
        self._people = people
        self._keeps = False

    def append(self, entry: TranscriptEntry) -> str | None:
        if entry.side == "user":
            self._keeps = self._people.has_agreed(self._people.id_of(entry.name))
        return super().append(entry) if self._keeps else None
