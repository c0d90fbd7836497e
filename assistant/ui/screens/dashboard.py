"""The one screen that is always there: it hands each event of the session to the panels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen

from assistant.audio.levels import LevelHistory
from assistant.personas.loading import Persona
from assistant.session.events import (
    AgentSaid,
    BackendChosen,
    Failure,
    FeelingHeard,
    FeelingTakenBack,
    LoadProgress,
    Notice,
    PersonasReloaded,
    Severity,
    UserSaid,
)
from assistant.terminal.sanitize import clean_line
from assistant.ui.fitting import lines_of, shortened
from assistant.ui.messages import FromSession
from assistant.ui.model import StatusModel
from assistant.ui.screens.devices import shown_devices
from assistant.ui.widgets.activity import Activity, sentence
from assistant.ui.widgets.keybar import KeyBar
from assistant.ui.widgets.loading import Banner, LoadingBar
from assistant.ui.widgets.prompt import Prompt
from assistant.ui.widgets.roster import Roster
from assistant.ui.widgets.statusline import Header, StatusLine
from assistant.ui.widgets.transcript import Transcript
from assistant.ui.widgets.waveform import Levels

TOAST_LETTERS = 600


def _is_shown(notice: Notice) -> bool:
    """In a corner, beside the log: who answers is for the user to know, where all is well, too."""
    return notice.severity != "information" or notice.key == "brain"


class _Body(Vertical):
    """All below the waveforms. For every update of these the compositor visits each child of the
    screen, wherever the update is; one blank child is visited quickly."""

    BLANK = True


class DashboardScreen(Screen[None]):
    """Panels and their arrangement. What a size shows is in the style sheet, by class."""

    AUTO_FOCUS = ""
    BLANK = True

    def __init__(
        self,
        persona: Persona,
        personas: list[Persona],
        status: StatusModel,
        levels: tuple[LevelHistory, LevelHistory],
        *,
        clock: Callable[[], datetime],
        updates_per_second: int,
    ) -> None:
        super().__init__()
        self._persona = persona
        self._status = status
        self._personas = personas
        self._names: dict[str, str] = {}
        # Kept, not looked up: at the end of the program they go one by one, while the session
        # still tells things.
        glyphs = persona.waveform.glyphs
        self._header = Header(persona, status, id="header")
        self._levels = Levels(*levels, glyphs, updates_per_second=updates_per_second, id="levels")
        self._loading = LoadingBar(id="loading")
        self._banner = Banner(id="banner")
        self.transcript = Transcript(clock, id="transcript")
        self._roster = Roster(id="roster")
        self.activity = Activity(clock, id="activity")
        self.prompt = Prompt(id="prompt")
        self._status_line = StatusLine(status, id="status")

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._levels
        with _Body(id="body"):
            yield self._loading
            yield self._banner
            with Vertical(id="main"):
                yield self.transcript.add_class("panel")
                yield self._roster.add_class("panel")
                yield self.activity.add_class("panel")
            yield self.prompt.add_class("panel")
            yield self._status_line
            yield KeyBar(id="keys")

    def on_mount(self) -> None:
        self._loading.show("starting", None)
        self.show_persona(self._persona)
        self.show_personas(self._personas, self._persona.slug)

    def show_personas(self, personas: list[Persona], current: str) -> None:
        """The files as they are now."""
        self._personas = personas
        self._names = {persona.slug: persona.name for persona in personas}
        self._roster.show(personas, current)

    def show_persona(self, persona: Persona) -> None:
        """Whose glyphs, name and colours are on the screen; may be a preview."""
        self._persona = persona
        self._header.show_persona(persona)
        self._levels.set_glyphs(persona.waveform.glyphs)
        self.prompt.address(persona.name)
        self._refresh_titles()

    def on_paste(self, event: events.Paste) -> None:
        """Wherever the focus is: what is pasted is meant for the line."""
        event.stop()
        self.prompt.input.paste(event.text)

    @on(FromSession)
    def _hand_out(self, message: FromSession) -> None:
        if not self.is_attached:
            return  # the program ends
        event = message.event
        changed = self._status.apply(event)
        match event:
            case UserSaid():
                self.transcript.hear(event)
            case FeelingHeard():
                self.transcript.feel(event.turn, event.kind or "a raised voice")
            case FeelingTakenBack():
                self.transcript.feel(event.turn, "")
            case AgentSaid():
                speaker = self._names.get(event.persona, event.persona) or self._persona.name
                self.transcript.speak(event, speaker)
            case LoadProgress():
                self._loading.show(event.text, event.fraction)
            case BackendChosen():
                self._backend_chosen(event)
            case Failure():
                self._banner.show(sentence(event.text, event.remedy))
            case Notice() if _is_shown(event) and shown_devices(self.app) is None:
                title = event.text if event.remedy else ""
                self._toast(event.remedy or event.text, title, event.severity)
            case PersonasReloaded(failed=[_, *_] as failed):
                count = f"{len(failed)} persona files" if len(failed) > 1 else "A persona file"
                title = f"{count} could not be read"
                self._toast("\n".join(failed), title, "warning", seconds=12)
        self.activity.take(event)
        if changed:
            self.refresh_status()

    def toggle_activity(self) -> None:
        """Show the log where the size hides it, hide it where it is shown."""
        shown = self.activity.display
        self.set_class(shown, "-without-log")
        self.set_class(not shown, "-with-log")

    def show_progress(self, text: str, fraction: float | None) -> None:
        """Of what is fetched; as long as the backend does not load, which has the same row."""
        self._loading.show(clean_line(text), fraction)

    def hide_progress(self) -> None:
        self._loading.hide()

    def refresh_status(self) -> None:
        """Draw again what shows the status."""
        self._header.refresh()
        self._status_line.show()
        self._refresh_titles()

    def _toast(
        self, text: str, title: str, severity: Severity, seconds: float | None = None
    ) -> None:
        """In a corner for a while; the log keeps all of it."""
        self.notify(
            shortened(lines_of(text), TOAST_LETTERS),
            title=shortened(clean_line(title), TOAST_LETTERS),
            severity=severity,
            timeout=seconds,
            markup=False,
        )

    def _backend_chosen(self, event: BackendChosen) -> None:
        if event.ready:
            self._loading.hide()
            self._banner.hide()
        else:
            self._loading.show(f"starting {event.name}", None)

    def _refresh_titles(self) -> None:
        self._levels.show(self._status, self._persona.name)
        self.transcript.hint(self._hint())

    def _hint(self) -> str:
        if self._status.audio_known and self._status.microphone is None:
            return "No microphone was found. Press / and type."
        if self._status.push_to_talk:
            return "Press space and speak, or press / and type."
        return "Speak, or press / and type."
