"""What happens behind the conversation, in plain words: tools, states, restarts, notices. A drawer:
closed until it is asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size

from assistant.frames import FRAME_SECONDS
from assistant.language.person import second_person
from assistant.memory.base import Found
from assistant.session.events import (
    AnswerPaused,
    AnswerResumed,
    BackendChosen,
    BrainChosen,
    ConversationResumed,
    Dropped,
    Failure,
    FeelingHeard,
    FeelingTakenBack,
    FirstSample,
    MemoryKept,
    MemoryRecalled,
    Notice,
    PersonaChanged,
    PersonasReloaded,
    SessionEvent,
    StateChanged,
    ToolCalled,
    ToolFinished,
)
from assistant.session.signals import in_order
from assistant.terminal.sanitize import clean_line
from assistant.ui.fitting import ClickableLine, lines_of, pressing, shortened
from assistant.ui.plain_words import STATES, asked, doing, who_answers

LINES_SHOWN = 200
LETTERS_SHOWN = 2_000
"""Of one entry."""
RECALLED_SHOWN = 3
"""Memories that one line names."""
_REDRAW_SECONDS = 0.05
_JOINED_LETTERS = 60
_LEAD_CELLS = len("00:00:00 ● ")
_RESUMED = {
    "no_words": "no words followed",
    "backchannel": "only an “mm-hm”",
    "own_voice": "it had heard itself",
}
"""Why it was no interruption."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log."""

    sign: str
    """One cell, so that the kind is told without colour."""
    style: str
    text: str
    key: str = ""
    """An entry takes the place of an earlier one with the same key."""
    action: str = ""
    """What a click does."""
    joins: bool = False
    """Written behind the last line where that one joins too: "listening → thinking"."""


def describe(
    event: SessionEvent, dropped_before: dict[str, int], backend: str = ""
) -> LogEntry | None:
    """The event as a line of the log; None where it belongs elsewhere or says nothing new.
    `backend` is the name of the one that hears and speaks."""
    match event:
        case ToolCalled(call=call):
            return LogEntry("▸", "$accent", f"doing: {asked(call)}")
        case ToolFinished(result=result):
            sign, style = ("✓", "$success") if result.ok else ("✗", "$error")
            return LogEntry(sign, style, f"{doing(result.call)}: {result.content}")
        case MemoryRecalled(found=found) if found:
            return LogEntry("◆", "$secondary", _recalled(found), action="app.show_memory")
        case MemoryKept(memory=memory, asked=False):
            text = f"remembered: {second_person(memory.text)}"
            return LogEntry("◆", "$secondary", text, action="app.show_memory")
        case FeelingHeard(kind=None):
            return LogEntry("~", "$muted", "your voice was raised")
        case FeelingHeard():
            why = f" ({'; '.join(event.cues)})" if event.cues else ""
            return LogEntry("~", "$muted", f"you seemed {event.kind}{why}")
        case FeelingTakenBack():
            return LogEntry("~", "$muted", "that is not how you feel: noted")
        case StateChanged():
            return LogEntry("○", "$muted", STATES[event.state], joins=True)
        case AnswerPaused():
            return LogEntry("○", "$muted", "paused to hear you", joins=True)
        case AnswerResumed():
            return LogEntry("○", "$muted", f"speaking on ({_RESUMED[event.reason]})", joins=True)
        case FirstSample(latency=float() as latency):
            words = _answered(latency, event.stages)
            return LogEntry("◔", "$secondary", words, action="app.show_trace")
        case PersonaChanged():
            took = f" after {event.latency:.1f} s" if event.latency is not None else ""
            return LogEntry("◆", "$primary", f"{event.persona.name} takes over{took}")
        case PersonasReloaded():
            loaded = f"{len(event.slugs)} personas read anew"
            return LogEntry("↻", "$muted", "; ".join([loaded, *event.failed]))
        case BackendChosen():
            return _backend(event)
        case BrainChosen():
            said = next(iter(who_answers(event.label, backend)), event.label)
            return LogEntry("◇", "$secondary", f"who answers: {said}")
        case ConversationResumed():
            return LogEntry("↺", "$secondary", f"going on with {event.began}")
        case Dropped():
            return _lost(event.counts, dropped_before)
        case Notice():
            signs = {
                "information": ("·", "$muted"),
                "warning": ("!", "$warning"),
                "error": ("✗", "$error"),
            }
            sign, style = signs[event.severity]
            return LogEntry(sign, style, sentence(event.text, event.remedy), key=event.key)
        case Failure():
            return LogEntry("✗", "$error", sentence(event.text, event.remedy))
        case _:
            return None


def _backend(event: BackendChosen) -> LogEntry:
    """What hears and speaks, and why it was chosen."""
    what = f"ears and voice ({event.name}) {'are ready' if event.ready else 'are starting'}"
    detail = event.engine if event.ready else event.reason
    if event.note:
        detail = f"{detail}; {event.note}"
    sign = "●" if event.ready else "↻"
    return LogEntry(sign, "$success", f"{what}: {detail}" if detail else what)


_PLACES = {
    "microphone": "on the way from the microphone",
    "speaker": "on the way to the loudspeaker",
    "backend": "before it was understood",
}


def _lost(counts: dict[str, int], before: dict[str, int]) -> LogEntry | None:
    """Sound that this machine was too slow for, so far."""
    if not any(n > before.get(place, 0) for place, n in counts.items()):
        return None
    lost = [
        f"{n * FRAME_SECONDS:.1f} s {_PLACES.get(place, place)}" for place, n in counts.items() if n
    ]
    words = f"this computer was too busy, sound was lost so far: {', '.join(lost)}"
    return LogEntry("▼", "$warning", words, key="dropped")


def sentence(text: str, remedy: str) -> str:
    """What happened and what to do, in one line."""
    return f"{text.rstrip('.')}. {remedy}" if remedy else text


def _recalled(found: Sequence[Found]) -> str:
    texts = [second_person(hit.text) if hit.memory else f"“{hit.text}”" for hit in found]
    more = f" and {len(texts) - RECALLED_SHOWN} more" if len(texts) > RECALLED_SHOWN else ""
    return f"recalled: {' '.join(texts[:RECALLED_SHOWN])}{more}"


STAGES = {
    "wait": "making sure that you had finished",
    "transcribe": "writing down your words",
    "answer": "thinking of the answer",
    "voice": "making the voice",
    "device": "the loudspeaker",
}
"""Of a latency, in plain words."""


def _answered(latency: float, stages: dict[str, float]) -> str:
    parts = ", ".join(
        f"{STAGES.get(name, name)} {ms / 1000:.2f} s" for name, ms in in_order(stages).items()
    )
    return f"answered in {latency:.2f} s: {parts}" if parts else f"answered in {latency:.2f} s"


class ActivityLine(ClickableLine):
    """One entry: time and sign, and the words in a column of their own beside them."""

    ALLOW_SELECT = True

    def __init__(self, entry: LogEntry, when: datetime) -> None:
        super().__init__(classes="activity-line")
        self._when = when
        self._entry = entry

    def tells(self, text: str) -> bool:
        """Whether this is among its words."""
        return clean_line(text) in clean_line(self._entry.text)

    def join(self, entry: LogEntry) -> bool:
        """Take the entry on the same line; False where it needs one of its own."""
        if not (entry.joins and self._entry.joins) or len(self._entry.text) > _JOINED_LETTERS:
            return False
        self._entry = replace(self._entry, text=f"{self._entry.text} → {entry.text}")
        self.refresh(layout=True)
        return True

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._wrapped(width))

    def render(self) -> Content:
        entry = self._entry
        lead = Content.assemble(
            (f"{self._when:%H:%M:%S} ", "$muted"), (f"{entry.sign} ", f"bold {entry.style}")
        )
        indent = "\n" + " " * _LEAD_CELLS
        words = lead + Content(indent).join(self._wrapped(self.content_size.width))
        return pressing(words, entry.action)

    def _wrapped(self, width: int) -> list[Content]:
        style = "$muted" if self._entry.joins else ""
        words = shortened(lines_of(self._entry.text), LETTERS_SHOWN)
        return Content.styled(words, style).wrap(max(1, width - _LEAD_CELLS))


class Activity(VerticalScroll):
    """The log. Lines are collected and drawn together, so that a burst costs one layout."""

    BORDER_TITLE = "What happened"
    BORDER_SUBTITLE = (
        "[@click=app.toggle_activity]a closes[/] · "
        "[@click=app.show_trace]w times of the last turn[/]"
    )

    def __init__(self, clock: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._fresh: deque[tuple[LogEntry, datetime]] = deque(maxlen=LINES_SHOWN)
        self._lines: deque[ActivityLine] = deque()
        self._keyed: dict[str, ActivityLine] = {}
        self._dropped: dict[str, int] = {}
        self._backend = ""

    def on_mount(self) -> None:
        self.anchor()

    def take(self, event: SessionEvent) -> None:
        """Write the event down, if it is one for the log."""
        entry = describe(event, self._dropped, self._backend)
        if isinstance(event, Dropped):
            self._dropped = dict(event.counts)
        elif isinstance(event, BackendChosen):
            self._backend = event.name
        if entry is None:
            return
        if not self._fresh:
            self.set_timer(_REDRAW_SECONDS, self._flush)
        self._fresh.append((entry, self._clock()))

    def forget(self, texts: Iterable[str]) -> None:
        """Take away the lines that hold any of these."""
        self._flush()
        for text in texts:
            for line in [line for line in self._lines if line.tells(text)]:
                self._drop(line, [])

    def _flush(self) -> None:
        if not self._fresh:
            return
        new: list[ActivityLine] = []
        while self._fresh:
            entry, when = self._fresh.popleft()
            if self._lines and self._lines[-1].join(entry):
                continue
            line = ActivityLine(entry, when)
            if entry.key:
                self._drop(self._keyed.get(entry.key), new)
                self._keyed[entry.key] = line
            new.append(line)
            self._lines.append(line)
        while len(self._lines) > LINES_SHOWN:
            self._drop(self._lines[0], new)
        self.mount_all(new)

    def _drop(self, line: ActivityLine | None, new: list[ActivityLine]) -> None:
        """Forget a line, whether it is on the screen already or not yet."""
        if line is None or line not in self._lines:
            return
        self._lines.remove(line)
        if line in new:
            new.remove(line)
        else:
            line.remove()
