"""The one screen that is always there: it hands each event of the session to the panels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen

from assistant.audio.levels import LevelHistory
from assistant.events import (
    AgentSaid,
    BackendChosen,
    Failure,
    LoadProgress,
    Notice,
    PersonasReloaded,
    UserSaid,
)
from assistant.personas import Persona
from assistant.ui.messages import FromSession
from assistant.ui.model import Status
from assistant.ui.screens.devices import shown_devices
from assistant.ui.widgets.activity import Activity, sentence
from assistant.ui.widgets.banner import Banner
from assistant.ui.widgets.header import Header
from assistant.ui.widgets.keybar import KeyBar
from assistant.ui.widgets.levels import Levels
from assistant.ui.widgets.loading import LoadingBar
from assistant.ui.widgets.prompt import Prompt
from assistant.ui.widgets.roster import Roster
from assistant.ui.widgets.statusline import StatusLine
from assistant.ui.widgets.transcript import Transcript


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
        status: Status,
        levels: tuple[LevelHistory, LevelHistory],
        *,
        clock: Callable[[], datetime],
        updates_per_second: int,
    ) -> None:
        super().__init__()
        self._persona = persona
        self._status = status
        self._levels = levels
        self._clock = clock
        self._rate = updates_per_second
        self._personas = personas
        self._names: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        glyphs = self._persona.waveform.glyphs
        yield Header(self._persona, self._status, id="header")
        yield Levels(*self._levels, glyphs, updates_per_second=self._rate, id="levels")
        with _Body(id="body"):
            yield LoadingBar(id="loading")
            yield Banner(id="banner")
            with Vertical(id="main"):
                yield Transcript(self._clock, id="transcript").add_class("panel")
                yield Roster(id="roster").add_class("panel")
                yield Activity(self._clock, id="activity").add_class("panel")
            yield Prompt(id="prompt").add_class("panel")
            yield StatusLine(self._status, id="status")
            yield KeyBar(id="keys")

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    @property
    def activity(self) -> Activity:
        return self.query_one(Activity)

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    def on_mount(self) -> None:
        self.query_one(LoadingBar).show("starting", None)
        self.show_persona(self._persona)
        self.show_personas(self._personas, self._persona.slug)

    def show_personas(self, personas: list[Persona], current: str) -> None:
        """The files as they are now."""
        self._personas = personas
        self._names = {persona.slug: persona.name for persona in personas}
        self.query_one(Roster).show(personas, current)

    def show_persona(self, persona: Persona) -> None:
        """Whose glyphs, name and colours are on the screen; may be a preview."""
        self._persona = persona
        self.query_one(Header).show_persona(persona)
        self.query_one(Levels).set_glyphs(persona.waveform.glyphs)
        self.prompt.address(persona.name)
        self._refresh_titles()

    @on(FromSession)
    def _hand_out(self, message: FromSession) -> None:
        event = message.event
        changed = self._status.apply(event)
        match event:
            case UserSaid():
                self.transcript.hear(event)
            case AgentSaid():
                speaker = self._names.get(event.persona, event.persona) or self._persona.name
                self.transcript.speak(event, speaker)
            case LoadProgress():
                self.query_one(LoadingBar).show(event.text, event.fraction)
            case BackendChosen():
                self._backend_chosen(event)
            case Failure():
                self.query_one(Banner).show(sentence(event.text, event.remedy))
            case Notice() if event.severity != "information" and shown_devices(self.app) is None:
                self.notify(
                    event.remedy or event.text,
                    title=event.text if event.remedy else "",
                    severity=event.severity,
                    markup=False,
                )
            case PersonasReloaded(failed=[_, *_] as failed):
                count = f"{len(failed)} persona files" if len(failed) > 1 else "A persona file"
                self.notify(
                    "\n".join(failed),
                    title=f"{count} could not be read",
                    severity="warning",
                    timeout=12,
                    markup=False,
                )
        self.activity.take(event)
        if changed:
            self.refresh_status()

    def toggle_activity(self) -> None:
        """Show the log where the size hides it, hide it where it is shown."""
        shown = self.activity.display
        self.set_class(shown, "-without-log")
        self.set_class(not shown, "-with-log")

    def refresh_status(self) -> None:
        """Draw again what shows the status."""
        self.query_one(Header).refresh()
        self.query_one(StatusLine).show()
        self._refresh_titles()

    def _backend_chosen(self, event: BackendChosen) -> None:
        loading = self.query_one(LoadingBar)
        if event.ready:
            loading.hide()
            self.query_one(Banner).hide()
        else:
            loading.show(f"starting {event.name}", None)

    def _refresh_titles(self) -> None:
        self.query_one(Levels).show(self._status, self._persona.name)
        self.transcript.hint(self._hint())

    def _hint(self) -> str:
        if self._status.audio_known and self._status.microphone is None:
            return "No microphone was found. Press / and type."
        if self._status.push_to_talk:
            return "Press space and speak, or press / and type."
        return "Speak, or press / and type."
