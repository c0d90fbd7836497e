"""The conversation as it is shown: turns of both sides, and what happened between them.

Nothing here draws. All entries stay, however few of them are on the screen, so that one can page
back, search, copy and save.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from assistant.frames import Side
from assistant.session.events import AgentSaid, ConversationResumed, UserSaid
from assistant.terminal.sanitize import clean_line, clean_text

ENTRIES_KEPT = 20_000
"""Days of talking; the saved transcript keeps what is older."""
YOU = "You"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, and in which colour: both stay as they were when it was said."""

    name: str
    color: str = ""
    """Hex; "" for the user, who is shown in the colours of the persona in charge."""


@dataclass(slots=True, eq=False)
class TurnEntry:
    """One side's turn."""

    side: Side
    turn: int
    speaker: Speaker
    when: datetime
    text: str = ""
    """As far as it came; of an answer, what was heard and what was not."""
    words_heard: int | None = None
    """Words of `text` that have begun to sound; None where that is not known."""
    partial: bool = False
    """Words of the user that may still change."""
    final: bool = False
    interrupted: bool = False
    typed: bool = False
    earlier: bool = False
    """Of an earlier conversation."""
    sign: str = ""
    reason: str = ""
    """A quiet mark, and what it means."""
    explained: bool = False
    """The reason stands below the words."""

    def heard(self) -> str:
        """The words that count: of an answer that was cut, those that were heard."""
        words = self.text.split()
        if not self.interrupted or self.words_heard is None or self.words_heard >= len(words):
            return self.text
        return " ".join(words[: self.words_heard])


@dataclass(slots=True, eq=False)
class ChipEntry:
    """Something that was done meanwhile: a memory, a tool, a reminder."""

    sign: str
    style: str
    text: str
    action: str = ""
    """What opens it."""


@dataclass(slots=True, eq=False)
class DividerEntry:
    """A line across: another persona, an earlier conversation."""

    text: str
    color: str = ""


Entry = TurnEntry | ChipEntry | DividerEntry


@dataclass(slots=True)
class Conversation:
    """All entries, the oldest first."""

    entries: deque[Entry] = field(default_factory=deque)
    dropped: int = 0
    """Entries that were too old to be kept here."""
    _turns: dict[tuple[Side, int], TurnEntry] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def turns(self) -> list[TurnEntry]:
        """Of this conversation and of an earlier one that goes on in it."""
        return [each for each in self.entries if isinstance(each, TurnEntry)]

    def add(self, entry: Entry) -> None:
        """The newest."""
        self.entries.append(entry)
        if len(self.entries) > ENTRIES_KEPT:
            gone = self.entries.popleft()
            self.dropped += 1
            if isinstance(gone, TurnEntry):
                self._turns.pop((gone.side, gone.turn), None)

    def turn(self, side: Side, number: int) -> TurnEntry | None:
        return self._turns.get((side, number))

    def hear(self, event: UserSaid, when: datetime) -> TurnEntry | None:
        """The user's words: a partial replaces the one before. None where there are none."""
        entry = self.turn("user", event.turn)
        if entry is None:
            if event.final and not event.text:
                return None
            entry = self._begin("user", event.turn, Speaker(YOU), when)
        if event.speaker:  # known only when the turn is over
            entry.speaker = Speaker(clean_line(event.speaker))
        entry.text, entry.partial, entry.typed = event.text, not event.final, event.typed
        entry.final = event.final
        return entry

    def speak(self, event: AgentSaid, speaker: Speaker, when: datetime) -> TurnEntry | None:
        """A piece of an answer; the last one tells how much of it was heard."""
        entry = self.turn("assistant", event.turn)
        if entry is None:
            if not event.text and not event.played:
                return None
            entry = self._begin("assistant", event.turn, speaker, when)
        entry.text += event.text
        if event.final:
            _end(entry, event)
        return entry

    def resume(self, event: ConversationResumed, colors: dict[str, str], when: datetime) -> int:
        """Turns of an earlier conversation stand here as said; returns how many entries came."""
        self.add(DividerEntry(f"Going on with {event.began}"))
        for turn in event.turns:
            side: Side = "user" if turn.by_user else "assistant"
            speaker = Speaker(turn.name, "" if turn.by_user else colors.get(turn.name, ""))
            at = _at(turn.time, when)
            self.add(TurnEntry(side, 0, speaker, at, turn.text, final=True, earlier=True))
        self.add(DividerEntry("Now"))
        return len(event.turns) + 2

    def _begin(self, side: Side, turn: int, speaker: Speaker, when: datetime) -> TurnEntry:
        entry = self._turns[side, turn] = TurnEntry(side, turn, speaker, when)
        self.add(entry)
        return entry

    # --- what is done with all of it ---------------------------------------------------------

    def holding(self, words: str) -> list[Entry]:
        """Entries in which all of `words` stand, the oldest first."""
        wanted = words.casefold().split()
        if not wanted:
            return []
        return [each for each in self.entries if all(w in _words_of(each) for w in wanted)]

    def markdown(self) -> str:
        """All turns, to be read and to be kept."""
        return "".join(f"{line}\n\n" for line in _markdown_lines(self.entries))

    def plain(self) -> str:
        """All turns as plain lines."""
        return "\n".join(plain_turn(each) for each in self.turns)


def plain_turn(entry: TurnEntry) -> str:
    """ "JARVIS: Good evening." """
    cut = " —" if entry.interrupted else ""
    return clean_text(f"{entry.speaker.name}: {entry.heard().strip()}{cut}")


def _end(entry: TurnEntry, event: AgentSaid) -> None:
    entry.final, entry.interrupted = True, event.interrupted
    if event.interrupted:
        heard = event.played.split()
        words = entry.text.split()
        if words[: len(heard)] != heard:  # the pieces were joined otherwise
            entry.text = " ".join([*heard, *words[len(heard) :]])
        entry.words_heard = len(heard)
        return
    entry.words_heard = None
    if event.played:
        entry.text = event.played


def _at(time: str, today: datetime) -> datetime:
    """A moment of that hour and minute; of the day nothing is shown."""
    try:
        hour, minute = map(int, time.split(":"))
        return today.replace(hour=hour, minute=minute, second=0)
    except ValueError:
        return today


def _words_of(entry: Entry) -> str:
    name = entry.speaker.name if isinstance(entry, TurnEntry) else ""
    return f"{name} {entry.text}".casefold()


def _markdown_lines(entries: Iterable[Entry]) -> Iterator[str]:
    yield "# Conversation"
    for entry in entries:
        if isinstance(entry, TurnEntry):
            if entry.final or entry.text:
                name = clean_text(entry.speaker.name).replace("*", "")
                mark = ", interrupted" if entry.interrupted else ""
                heard = clean_text(entry.heard()).strip()
                yield f"**{name}** ({entry.when:%H:%M}{mark}): {heard}"
        elif isinstance(entry, DividerEntry):
            yield f"---\n\n*{clean_text(entry.text)}*"
        else:
            yield f"> {entry.sign} {clean_text(entry.text)}"


def last_turn(entries: Sequence[TurnEntry], side: Side = "assistant") -> TurnEntry | None:
    """The newest with words of this side, else of the other."""
    said = [each for each in entries if each.text.strip()]
    return next((each for each in reversed(said) if each.side == side), said[-1] if said else None)
