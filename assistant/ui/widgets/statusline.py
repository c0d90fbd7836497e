"""The row that says who answers, what listens, how fast, and what is wrong."""

from __future__ import annotations

import math
import time
from datetime import datetime

from rich.cells import cell_len
from textual.content import Content

from assistant.frames import FRAME_SECONDS
from assistant.personas.loading import Persona
from assistant.session.signals import Latencies
from assistant.ui.fitting import ClickableLine, Fragment, ellipsis, fit, one_line, pressing
from assistant.ui.hints import Hint
from assistant.ui.model import StatusModel
from assistant.ui.plain_words import STATES, echo_trouble, sparkline, who_answers

STATE_SIGNS = {
    "initializing": "◌",
    "idle": "○",
    "listening": "●",
    "thinking": "◐",
    "speaking": "▶",
}
"""One cell for each agent state, so that it is told without colour."""

LOOK_SECONDS = 5.0
_PAUSED = "❚❚ paused to hear you"
_TOLD_BELOW = ("initializing", "thinking")
"""States that have a row of their own, which says more; here they have their sign."""
_DEVICE_CELLS = 24
_MORE = "app.toggle_activity"
"""The drawer tells more of it."""


def state_text(status: StatusModel) -> str:
    if status.paused is not None:
        return _PAUSED
    words = "" if status.state in _TOLD_BELOW else STATES[status.state]
    return f"{STATE_SIGNS[status.state]} {words}".rstrip()


def microphone_text(status: StatusModel, width: int = _DEVICE_CELLS) -> str:
    """Whether the microphone hears, and which it is: "muted · Built-in Audio"."""
    if not status.audio_known:
        return "opening …"
    if status.microphone is None:
        return "none"
    if status.muted:
        mode = "muted"
    elif status.push_to_talk:
        mode = "talking" if status.talking else "push-to-talk"
    else:
        mode = "open"
    return f"{mode} · {ellipsis(status.microphone, width)}".removesuffix(" · ")


def fragments_of(status: StatusModel) -> list[Fragment]:
    """All the row may say, each in several lengths: what is wrong, what rings, who answers, what
    listens, how fast."""
    return [
        *_timer(status),
        *_calls(status),
        *_overload(status),
        *_trouble(status),
        Fragment("brain", who_answers(status.brain, status.backend), 60, action="app.pick_brain"),
        _microphone(status),
        *_latency(status),
        *_settings(status),
    ]


def _microphone(status: StatusModel) -> Fragment:
    action = "app.toggle_microphone"
    if not status.audio_known:
        return Fragment("microphone", ())
    if status.microphone is None:
        variants = ("no microphone: type instead", "no microphone")
        return Fragment("microphone", variants, 85, "$warning", "app.pick_devices")
    if status.muted:
        variants = ("microphone off: space turns it on", "microphone off")
        return Fragment("microphone", variants, 82, "$warning", action)
    if status.push_to_talk and status.talking:
        variants = ("microphone on: space when you have finished", "microphone on")
        return Fragment("microphone", variants, 80, "", action)
    if status.push_to_talk:
        return Fragment("microphone", ("press space to speak",), 80, "", action)
    return Fragment("microphone", ("microphone on",), 50, "", action)


def _trouble(status: StatusModel) -> list[Fragment]:
    """What does not work as it might, and what to do."""
    found = []
    if status.audio_known and status.speaker is None:
        variants = ("no loudspeaker: answers are written only", "no loudspeaker")
        found.append(Fragment("speaker", variants, 84, "$warning", "app.pick_devices"))
    if echo := echo_trouble(status.echo):
        # The last wording is none: before it costs what is worse its words, it goes.
        found.append(Fragment("echo", (*echo, ""), 45, "$muted", "app.pick_devices"))
    if status.memory:
        found.append(Fragment("memory", _memory(status.memory), 83, "$warning", "app.show_memory"))
    return found


SPARKS = 20
"""Answers whose latency is drawn."""


def _latency(status: StatusModel) -> list[Fragment]:
    """The last answers as bars, and how long one usually takes."""
    latencies = status.latencies
    last, usual = latencies.last, latencies.p50
    if last is None or usual is None:
        return []
    action = "app.show_trace"
    if latencies.count == 1:
        variants: tuple[str, ...] = (f"answered in {last:.1f} s", f"{last:.1f} s")
        return [Fragment("latency", variants, 55, action=action)]
    bars = sparkline(latencies.seconds[-SPARKS:])
    variants = (
        f"answers in {bars} usually {usual:.1f} s",
        f"answers in {bars[-8:]} usually {usual:.1f} s",
        f"usually {usual:.1f} s",
        f"{usual:.1f} s",
    )
    return [Fragment("latency", variants, 55, action=action)]


def _timer(status: StatusModel) -> list[Fragment]:
    """What rings, or the next one, counting down in its last hour: "pasta 4:59", "alarm 07:00"."""
    if status.ringing:
        called = status.ringing[0].called
        variants = (f"♪ {ellipsis(called, 24)} is ringing", f"♪ {ellipsis(called, 16)}", "♪")
        return [Fragment("timer", variants, 95, "$warning", "app.interrupt")]
    if not status.timers:
        return []
    timer = status.timers[0]
    left = max(0, math.ceil(timer.due - time.time()))
    minutes, seconds = divmod(left, 60)
    due = datetime.fromtimestamp(timer.due)
    shown = f"{minutes}:{seconds:02}" if left < 3600 else f"{due:%H:%M}"
    name = timer.name if timer.kind == "timer" and timer.name else timer.kind
    return [Fragment("timer", (f"{ellipsis(name, 16)} {shown}", shown), 72, "$accent")]


def _calls(status: StatusModel) -> list[Fragment]:
    """What other programs do for the user: "my notes: 40% (12 s)"."""
    found = []
    for call in status.calls[:1]:
        share = "…" if call.fraction is None else f"{call.fraction:.0%}"
        more = f" and {len(status.calls) - 1} more" if len(status.calls) > 1 else ""
        short = f"{ellipsis(call.source, 16)}: {share}"
        usual = f"{short} ({call.seconds:.0f} s){more}"
        doing = f"{short} {ellipsis(call.text, 32)} ({call.seconds:.0f} s){more}"
        variants = (doing, usual, short) if call.text else (usual, short)
        found.append(Fragment("calls", variants, 73, "$accent"))
    return found


def _overload(status: StatusModel) -> list[Fragment]:
    found = []
    if lag := status.overload.lag:
        text = f"{lag:.1f} s behind"
        long = f"this computer is {text}"
        variants = (f"{long}: try {status.advice}", long, text) if status.advice else (long, text)
        found.append(Fragment("lag", variants, 74, "$warning", _MORE))
    if skipped := status.overload.recent:
        lost = f"{sum(skipped.values()) * FRAME_SECONDS:.1f} s of sound lost"
        variants = (f"▼ this computer is too busy: {lost}", f"▼ too busy: {lost}", f"▼ {lost}")
        found.append(Fragment("overload", (*variants, "▼ too busy"), 75, "$warning", _MORE))
    return found


_MEMORY = {
    "private": ("private: nothing of this is kept", "private"),
    "memory off": ("memory is off", "memory off"),
    "private, memory off": ("private: nothing of this is kept", "private"),
}


def _memory(words: str) -> tuple[str, ...]:
    return _MEMORY.get(words, (words,))


def _settings(status: StatusModel) -> list[Fragment]:
    found = []
    if abs(status.volume - 1.0) > 0.005:
        found.append(Fragment("volume", (f"volume {status.volume:.0%}",), 20))
    if abs(status.rate - 1.0) > 0.005:
        found.append(Fragment("rate", (f"rate ×{status.rate:.1f}",), 19))
    return found


def latency_table(latencies: Latencies) -> str:
    """The last answer's latency and its stages beside the usual ones; empty before the first."""
    last, p50, p95 = latencies.last, latencies.p50, latencies.p95
    if last is None or p50 is None or p95 is None:
        return ""
    usual = latencies.usual_stages()
    rows = [f"{'':12}{'last':>8}{'usually':>9}"]
    for name, ms in latencies.last_stages.items():
        rows.append(f"{name:12}{ms:5.0f} ms{usual[name]:6.0f} ms")
    rows.append(f"{'in all':12}{last:6.2f} s{p50:7.2f} s")
    rows.append(f"{'19 of 20 within':21}{p95:6.2f} s")
    rows.append(f"\nof {latencies.count} answers" if latencies.count > 1 else "\nof one answer")
    return "\n".join(rows)


class StatusLine(ClickableLine):
    """One row; no word in it is ever cut. The stages of the latency are its tooltip."""

    def __init__(self, status: StatusModel, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._status = status
        self._shown: list[Fragment] = []

    def on_mount(self) -> None:
        self.set_interval(LOOK_SECONDS, self._look)
        self.set_interval(1.0, self._count_down)

    def _look(self) -> None:
        """What was news for a while only goes by itself."""
        if _overload(self._status) != self._shown:
            self.refresh()

    def _count_down(self) -> None:
        if self._status.timers:
            self.refresh()

    def show(self) -> None:
        """The status has changed."""
        table = latency_table(self._status.latencies)
        self.tooltip = Content(table) if table else None
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        if not width:
            return Content("")
        self._shown = _overload(self._status)
        lines = fit(fragments_of(self._status), width)
        return self._line(lines[0]) if lines else Content("")

    def _line(self, placed: list[tuple[Fragment, str]]) -> Content:
        return Content.styled(" │ ", "$line").join(
            self._words(fragment, text) for fragment, text in placed
        )

    @staticmethod
    def _words(fragment: Fragment, text: str) -> Content:
        return pressing(Content.styled(text, fragment.style or "$foreground"), fragment.action)


# The first row: who is here, and what it is doing.


class Header(ClickableLine):
    """Persona and summary on the left, agent state on the right."""

    def __init__(self, persona: Persona, status: StatusModel, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._persona = persona
        self._status = status

    def show_persona(self, persona: Persona) -> None:
        self._persona = persona
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        state = state_text(self._status)
        room = max(0, width - cell_len(state) - 5)
        name = ellipsis(self._persona.name, room) or one_line(self._persona.slug)
        name = f" {name} "
        room = width - cell_len(name) - cell_len(state) - 4
        summary = ellipsis(self._persona.summary, room) if room > 0 else ""
        space = max(1, width - cell_len(name) - cell_len(summary) - cell_len(state) - 2)
        return Content.assemble(
            pressing(Content.styled(name, "bold $on-primary on $primary"), "app.pick_persona"),
            ("  " + summary, "$muted"),
            " " * space,
            pressing(Content.styled(state, "bold $primary"), _click(self._status)),
        )


def _click(status: StatusModel) -> str:
    """What a click on the state does: who speaks or thinks can be stopped."""
    return "app.interrupt" if status.state in ("speaking", "thinking") else ""


class TrySaying(ClickableLine):
    """One row: what one could say next; a click writes it down. Hidden (class `-empty`) where there
    is nothing new."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="-empty")
        self._line = Content("")

    def show(self, lead: str, hint: Hint | None) -> None:
        """`lead` says what to do with its words."""
        line = Content(f"{lead} ") + hint_line(hint) if hint is not None else Content("")
        if line != self._line:
            self._line = line
            self.set_class(hint is None, "-empty")
            self.refresh()

    def render(self) -> Content:
        return self._line


def hint_line(hint: Hint) -> Content:
    """What one could say; a click writes it into the line."""
    when = f" {hint.when}" if hint.when else ""
    line = Content(f"“{one_line(hint.words)}”{when}")
    return pressing(line, f"app.write({hint.words!r})")
