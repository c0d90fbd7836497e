"""The line that says who is here, what runs and why, and how quick it was."""

from __future__ import annotations

import math
import time
from datetime import datetime

from rich.cells import cell_len
from textual.content import Content

from assistant.personas.loading import Persona
from assistant.session.signals import Latencies
from assistant.ui.fitting import ClickableLine, Fragment, ellipsis, fit, one_line, pressing
from assistant.ui.model import StatusModel

STATE_SIGNS = {
    "initializing": "◌",
    "idle": "○",
    "listening": "●",
    "thinking": "◐",
    "speaking": "▶",
}
"""One cell for each agent state, so that it is told without colour."""

LOOK_SECONDS = 5.0
_PAUSED = "❚❚ paused"
_DEVICE_CELLS = 24


def state_text(status: StatusModel) -> str:
    if status.paused is not None:
        return _PAUSED
    doing = status.waiting if status.state == "thinking" and status.waiting else status.state
    return f"{STATE_SIGNS[status.state]} {doing}"


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
    """All the line may say, each in several lengths."""
    return [
        Fragment("persona", (status.persona,), 90, "bold $primary", "app.pick_persona"),
        Fragment("state", (state_text(status),), 100, _state_style(status), "app.interrupt"),
        *_timer(status),
        *_latency(status),
        *_overload(status),
        _microphone(status),
        Fragment("echo", (status.echo,) if status.echo else (), 60, "$muted", "app.pick_devices"),
        _speaker(status),
        Fragment("brain", _labelled("answers", status.brain), 55, action="app.pick_brain"),
        _backend(status),
        Fragment("memory", _memory(status.memory), 83, "$warning", "app.show_memory"),
        Fragment("note", (status.note,) if status.note else (), 45, "$warning"),
        *_settings(status),
    ]


def _labelled(label: str, value: str) -> tuple[str, ...]:
    return (f"{label} {value}", value) if value else ()


def _state_style(status: StatusModel) -> str:
    if status.paused is not None:
        return "$warning"
    return {
        "listening": "$success",
        "thinking": "$warning",
        "speaking": "$accent",
    }.get(status.state, "$muted")


def _backend(status: StatusModel) -> Fragment:
    name = status.backend
    if not name:
        return Fragment("backend", ())
    variants = [f"{name}: {status.reason}"] if status.reason else []
    if status.engine:
        variants.insert(0, f"{variants[0] if variants else name} ({status.engine})")
    return Fragment("backend", (*variants, name), 40)


def _microphone(status: StatusModel) -> Fragment:
    mode = microphone_text(status, 0)
    missing = status.audio_known and status.microphone is None
    if missing:
        variants = ("no microphone", "no mic")
        return Fragment("microphone", variants, 85, "$warning", "app.pick_devices")
    style = "$warning" if status.muted else ""
    variants = (f"mic {microphone_text(status)}", f"mic {mode}")
    return Fragment("microphone", variants, 80, style, "app.toggle_microphone")


def _speaker(status: StatusModel) -> Fragment:
    if not status.audio_known:
        return Fragment("speaker", ())
    if status.speaker is None:
        return Fragment("speaker", ("no speaker",), 84, "$warning", "app.pick_devices")
    variants = (f"speaker {ellipsis(status.speaker, _DEVICE_CELLS)}", "speaker on")
    return Fragment("speaker", variants, 30, action="app.pick_devices")


def _latency(status: StatusModel) -> list[Fragment]:
    last, p50, p95 = status.latencies.last, status.latencies.p50, status.latencies.p95
    if last is None or p50 is None or p95 is None:
        return []
    shortest = f"{last:.2f} s"
    variants: tuple[str, ...] = (f"answered in {shortest}", shortest)
    if status.latencies.count > 1:
        usual, slow = f"p50 {p50:.2f} s", f"p95 {p95:.2f} s"
        variants = (
            f"answered in {shortest}, {usual}, {slow}",
            f"{shortest}, {usual}, {slow}",
            f"{shortest}, {slow}",
            shortest,
        )
    return [Fragment("latency", variants, 70, action="app.toggle_activity")]


def _timer(status: StatusModel) -> list[Fragment]:
    """What rings, or the next one, counting down in its last hour: "pasta 4:59", "alarm 07:00"."""
    if status.ringing:
        called = status.ringing[0].called
        variants = (f"♪ {ellipsis(called, 24)} is ringing", f"♪ {ellipsis(called, 16)}", "♪")
        return [Fragment("timer", variants, 95, "$warning")]
    if not status.timers:
        return []
    timer = status.timers[0]
    left = max(0, math.ceil(timer.due - time.time()))
    minutes, seconds = divmod(left, 60)
    due = datetime.fromtimestamp(timer.due)
    shown = f"{minutes}:{seconds:02}" if left < 3600 else f"{due:%H:%M}"
    name = timer.name if timer.kind == "timer" and timer.name else timer.kind
    return [Fragment("timer", (f"{ellipsis(name, 16)} {shown}", shown), 72, "$accent")]


def _overload(status: StatusModel) -> list[Fragment]:
    found = []
    if lag := status.overload.lag:
        text = f"{lag:.1f} s behind"
        variants = (f"{text}: try {status.advice}", text) if status.advice else (text,)
        found.append(Fragment("lag", variants, 74, "$warning"))
    if skipped := status.overload.recent:
        count = sum(skipped.values())
        places = ", ".join(f"{place} {count}" for place, count in skipped.items())
        variants = (f"▼ overload: {count} frames skipped: {places}", f"▼ overload: {count} skipped")
        found.append(Fragment("overload", (*variants, "▼ overload"), 75, "$warning"))
    return found


def _memory(words: str) -> tuple[str, ...]:
    return (words, words.removesuffix(", memory off")) if words else ()


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
    """As many rows as the style sheet gives it; no word in it is ever cut. The stages of the
    latency are its tooltip."""

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
        width, height = self.content_size
        if not width or not height:
            return Content("")
        self._shown = _overload(self._status)
        lines = fit(fragments_of(self._status), width, max(1, height))
        return Content("\n").join(self._line(line) for line in lines)

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
        name = ellipsis(self._persona.name, max(0, width - 20)) or one_line(self._persona.slug)
        name = f" {name} "
        state = state_text(self._status)
        room = width - cell_len(name) - cell_len(state) - 4
        summary = ellipsis(self._persona.summary, room) if room > 0 else ""
        space = max(1, width - cell_len(name) - cell_len(summary) - cell_len(state) - 2)
        return Content.assemble(
            pressing(Content.styled(name, "bold $on-primary on $primary"), "app.pick_persona"),
            ("  " + summary, "$muted"),
            " " * space,
            (state, "bold $primary"),
        )
