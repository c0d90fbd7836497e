"""Who is in the room, under which name, and who has agreed to be remembered.

Kept on disk is only who has agreed: user id, name and day, in a file for nobody else to read. Of
everybody else nothing is: names and words go when the program ends.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from assistant.discord.people.naming import comparable, is_said, plain_name, spoken_forms
from assistant.memory.store.disk import stamp
from assistant.private_files import make_folder, write_whole
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore

_MOST_NAMES = 100
"""Of one person that are kept."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Agreement:
    """To be remembered."""

    name: str
    """The present one."""
    since: str
    """ISO date."""
    names: Mapping[str, str] = field(default_factory=dict)
    """All that he had since then, with the ISO time from which on; "" for the first."""
    told: Mapping[str, str] = field(default_factory=dict)
    """Those that he gave himself in words, "my name is Ada", in the same way."""


class People:
    """Names are unique: who has the name of somebody else, or of a persona, gets his user name with
    it. The file may be changed by another process: who is in it no more has withdrawn."""

    def __init__(
        self,
        file: Path,
        reserved: Iterable[str] = (),
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        """`reserved`: names of others who speak here. A file that cannot be read counts as empty:
        nobody has agreed."""
        self._file = file
        self._now = now
        self._reserved = {comparable(name) for name in ("You", "Somebody", *reserved)}
        self._names: dict[int, str] = {}
        self._present: list[int] = []
        self._stamp = stamp(file)
        self._agreed = read_agreements(file)
        self.on_withdrawn: Callable[[int], None] = lambda user: None
        """Told of whoever has agreed no more."""

    # -- who is here -------------------------------------------------------------------------------

    def enter(self, user: int, display: str, username: str) -> str:
        """Somebody has joined, or has another name now; returns how he is called here."""
        if user not in self._present:
            self._present.append(user)
        return self.known_as(user, display, username)

    def known_as(self, user: int, display: str, username: str) -> str:
        """Give somebody a name, who may be elsewhere."""
        given = plain_name(display) or plain_name(username) or str(user)
        name = self._unique(user, given, plain_name(username))
        self._names[user] = name
        self._note_name(user, name)
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

    def names(self, user: int) -> dict[str, str]:
        """All that he had since he agreed, with the ISO time from which on; "" for the first."""
        known = self._agreed.get(user)
        names = {**known.told, **known.names} if known else {}
        return names | {name: names.get(name, "") for name in [self.name(user)] if name}

    def id_of(self, name: str) -> int | None:
        return next((user for user in self.known() if self.name(user) == name), None)

    def known(self) -> list[int]:
        """Who is here, was here, or has agreed."""
        return list(dict.fromkeys((*self._present, *self._names, *self._agreed)))

    def with_present_names(self, text: str) -> str:
        """A sentence in which those who have agreed are called as they are now."""
        for user, agreement in self.agreed().items():
            now = self.name(user)
            for old in agreement.names.keys() - {now}:
                text = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", now.replace("\\", r"\\"), text)
        return text

    def is_somebody(self, name: str) -> bool:
        """Whether one of those who are known is, or was, called so."""
        return any(self.is_called(user, name) for user in self.known())

    def is_called(self, user: int, name: str) -> bool:
        """Whether this one is, or was, called so, as people say it, too."""
        wanted = comparable(name)
        forms = (form for each in self.names(user) for form in (each, *spoken_forms(each)))
        return any(wanted == comparable(form) for form in forms)

    def names_stranger(self, text: str) -> str:
        """The name of somebody in these words who has not agreed; "" where there is none. A name
        that somebody has, too, who agreed, or a persona, means that one."""
        agreed = self.agreed()
        others = {comparable(form) for user in agreed for form in spoken_forms(self.name(user))}
        others |= self._reserved
        for user in self.known():
            name = self.name(user)
            if user in agreed:
                continue
            if is_said(text, [f for f in spoken_forms(name) if comparable(f) not in others]):
                return name
        return ""

    def _unique(self, user: int, name: str, username: str) -> str:
        others = {comparable(self.name(other)) for other in self.known() if other != user}
        taken = others | self._reserved
        if comparable(name) not in taken:
            return name
        longer = f"{name} ({username or user})"
        return longer if comparable(longer) not in taken else f"{name} ({user})"

    # -- who has agreed ----------------------------------------------------------------------------

    def has_agreed(self, user: int | None) -> bool:
        self._look()
        return user in self._agreed

    def agreed(self) -> dict[int, Agreement]:
        self._look()
        return dict(self._agreed)

    def agree(self, user: int, today: date) -> None:
        """From now on he is remembered. Raises `OSError` where that cannot be written down; then he
        is not."""
        self._look()
        name = self.name(user) or str(user)
        agreement = self._agreed.get(user) or Agreement(name, today.isoformat(), {name: ""})
        self._write(self._agreed | {user: agreement})

    def withdraw(self, user: int) -> None:
        """Nothing more is kept of him. Raises `OSError`; it counts nevertheless, as long as the
        program runs."""
        self._look()
        agreed = {other: each for other, each in self._agreed.items() if other != user}
        try:
            self._write(agreed)
        finally:
            self._take(agreed)

    def also_called(self, user: int, name: str) -> None:
        """He has told that this is his name; the one on Discord stays the one that is shown."""
        self._look()
        known = self._agreed.get(user)
        if known is not None and plain_name(name) not in known.told:
            self._keep(user, replace(known, told=self._with(known.told, plain_name(name))))

    def _note_name(self, user: int, name: str) -> None:
        """Of who has agreed, every name is kept: what others tell under it is of him."""
        self._look()
        known = self._agreed.get(user)
        if known is not None and known.name != name:
            self._keep(user, replace(known, name=name, names=self._with(known.names, name)))

    def _with(self, names: Mapping[str, str], name: str) -> dict[str, str]:
        """And this one, from now on; to the second, as turns are dated: what was told in it counts
        as told of him."""
        now = self._now().isoformat(timespec="seconds")
        more = dict(names) | ({} if name in names else {name: now})
        for oldest in list(more)[1:][: max(0, len(more) - _MOST_NAMES)]:
            del more[oldest]
        return more

    def _keep(self, user: int, agreement: Agreement) -> None:
        try:
            self._write(self._agreed | {user: agreement})
        except OSError as error:
            log.warning("another name could not be written: %s", error)

    def _look(self) -> None:
        """Whether somebody else has changed the file, as `assistant memory forget --all` does."""
        now = stamp(self._file)
        if now != self._stamp:
            self._stamp = now
            self._take(read_agreements(self._file))

    def _take(self, agreed: dict[int, Agreement]) -> None:
        gone = self._agreed.keys() - agreed.keys()
        self._agreed = agreed
        for user in gone:
            self.on_withdrawn(user)

    def _write(self, agreed: dict[int, Agreement]) -> None:
        make_folder(self._file.parent)
        told = {str(user): asdict(each) for user, each in agreed.items()}
        write_whole(self._file, json.dumps(told, ensure_ascii=False, indent=1).encode())
        self._stamp = stamp(self._file)
        self._take(agreed)


def read_agreements(file: Path) -> dict[int, Agreement]:
    """By user id; none where the file cannot be read."""
    try:
        told = json.loads(file.read_text("utf-8"))
        return {int(user): _agreement(each) for user, each in told.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("%s cannot be read, so nobody counts as having agreed: %s", file, error)
        return {}


def _agreement(told: Mapping[str, Any]) -> Agreement:
    name = plain_name(str(told["name"]))
    names, given = (
        {plain_name(str(each)): str(at) for each, at in told.get(kind, {}).items()}
        for kind in ("names", "told")
    )
    return Agreement(name, str(told["since"]), names or {name: ""}, given)


class AgreedTranscripts(TranscriptStore):
    """A transcript in which those who have agreed stand, and what they were answered; nothing that
    names somebody who has not."""

    def __init__(self, folder: Path, people: People, *, enabled: bool) -> None:
        super().__init__(folder, enabled=enabled)
        self._people = people
        self._keeps = False

    def append(self, entry: TranscriptEntry) -> str | None:
        stranger = self._people.names_stranger(entry.text)
        if entry.side == "user":
            agreed = self._people.has_agreed(self._people.id_of(entry.name))
            self._keeps = agreed and not stranger
        return super().append(entry) if self._keeps and not stranger else None
