"""Where the time of the last turn went, stage by stage; and where a conversation is saved to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from assistant.private_files import write_whole
from assistant.session.trace import TurnTrace
from assistant.ui.fitting import one_line
from assistant.ui.screens.dialog import Dialog, LineInput
from assistant.ui.widgets.keybar import KeyLine

_PLAIN = {
    "end of turn decided": "it was sure that you had finished",
    "words transcribed": "your words were written down",
    "memory recalled": "it remembered something of you",
    "first words shown": "the first words of the answer were there",
    "answer handed to the voice": "they went to the voice",
    "first sound made": "the voice had made the first sound",
    "first sound heard": "you heard it",
    "persona changed": "another persona took over",
    "answer ended": "it had finished speaking",
    "answer interrupted": "you interrupted it",
}
_BAR_CELLS = 20


def plain_moment(name: str) -> str:
    """A moment of a trace in plain words."""
    if name.startswith("prompt evaluated"):
        return "the language model had read the question"
    if name.startswith("tool "):
        words = name.removeprefix("tool ").replace("_", " ")
        return f"tool: {words}"
    return _PLAIN.get(name, name)


def told_trace(trace: TurnTrace) -> Content:
    """Each stage with its moment, and a bar from the one before."""
    last = max((moment.at for moment in trace.moments), default=0.0) or 1.0
    rows = []
    before = 0.0
    for moment in trace.moments:
        begin = min(_BAR_CELLS - 1, int(_BAR_CELLS * before / last))
        width = max(1, round(_BAR_CELLS * moment.at / last) - begin)
        bar = f"{' ' * begin}{'━' * width}".ljust(_BAR_CELLS)[:_BAR_CELLS]
        rows.append(
            Content.assemble(
                (f"{moment.at:6.2f} s ", "bold"), (bar, "$primary"),
                f"  {one_line(plain_moment(moment.name))}",
            )
        )  # fmt: skip
        before = moment.at
    return Content("\n").join(rows)


class TurnTimesScreen(Dialog[None]):
    """The stages of the last answer, in seconds since the user had finished."""

    BINDINGS = [
        Binding("escape,w,q", "close", "Close", id="times.close", tooltip="Close"),
    ]

    def __init__(self, trace: TurnTrace | None) -> None:
        super().__init__()
        self._trace = trace
        self._scroll = VerticalScroll(id="times-rows", can_focus=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm") as box:
            box.border_title = "Where the time of the last answer went"
            if self._trace is None:
                yield Static("Nothing was answered yet.")
            else:
                told = "you had finished speaking" if self._trace.spoken else "you had sent it"
                yield Static(Content.styled(f"Seconds since {told}:", "$muted"))
                with self._scroll:
                    yield Static(told_trace(self._trace))
            yield KeyLine((("esc", "close", "screen.close", 1),), id="times-keys")

    def action_close(self) -> None:
        self.dismiss(None)


# Saving the conversation.


class SaveScreen(Dialog[Path | None]):
    """Asks for a file and writes into it; gives back the file, or None."""

    BINDINGS = [
        Binding("escape", "cancel", "Do not save", id="save.cancel", tooltip="Close"),
    ]

    def __init__(self, text: Callable[[], str], now: datetime) -> None:
        super().__init__()
        self._text = text
        proposed = Path("~") / f"conversation-{now:%Y-%m-%d-%H%M}.md"
        self._words = LineInput(str(proposed), compact=True, select_on_focus=False, id="save-words")
        self._news = Static("", id="save-news", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm") as box:
            box.border_title = "Save this conversation as Markdown"
            yield Static("Into which file? It can be read by nobody but you.")
            yield self._words
            yield self._news
            yield KeyLine(
                (("enter", "save", "screen.save", 1), ("esc", "do not save", "screen.cancel", 2)),
                id="save-keys",
            )

    def on_mount(self) -> None:
        self._words.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_save()

    def action_save(self) -> None:
        words = self._words.value.strip()
        if not words:
            self._news.update("Write the name of a file.")
            return
        try:
            path = Path(words).expanduser().absolute()
            if path.exists():
                self._news.update("There is such a file already: choose another name.")
                return
            if not path.parent.is_dir():
                self._news.update(f"There is no folder {path.parent}: choose another one.")
                return
            write_whole(path, self._text().encode("utf-8", "replace"))
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._news.update(f"It cannot be saved there ({reason.lower()}): choose another place.")
            return
        self.dismiss(path)

    def action_cancel(self) -> None:
        self.dismiss(None)
