"""The one screen that is always there: it hands each event of the session to the panels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from assistant.audio.levels import LevelHistory
from assistant.memory.conversation import MemoryFrontend
from assistant.personas.loading import Persona
from assistant.session.events import (
    AgentSaid,
    AnswerProgress,
    BackendChosen,
    ConversationResumed,
    Failure,
    FeelingHeard,
    FeelingTakenBack,
    LoadProgress,
    MemoryForgotten,
    MemoryKept,
    Notice,
    PersonaChanged,
    PersonasReloaded,
    SessionEvent,
    Severity,
    UserSaid,
)
from assistant.terminal.sanitize import clean_line
from assistant.ui.beat import Beat
from assistant.ui.conversation import ChipEntry, Speaker
from assistant.ui.fitting import lines_of, shortened
from assistant.ui.hints import Hints, Possible
from assistant.ui.messages import FromSession
from assistant.ui.model import StatusModel
from assistant.ui.plain_words import (
    Chips,
    feeling_reason,
    feeling_sign,
    has_model,
    thinking_text,
)
from assistant.ui.screens.devices import shown_devices
from assistant.ui.widgets.activity import Activity, sentence
from assistant.ui.widgets.face import PersonaFace
from assistant.ui.widgets.keybar import KeyBar
from assistant.ui.widgets.loading import Banner, LoadingBar
from assistant.ui.widgets.prompt import Prompt
from assistant.ui.widgets.searchbar import SearchBar
from assistant.ui.widgets.side import SideColumn
from assistant.ui.widgets.statusline import Header, StatusLine, TrySaying
from assistant.ui.widgets.transcript import Transcript
from assistant.ui.widgets.waveform import Levels

TOAST_LETTERS = 600
HINTS_SHOWN = 3
"""In the side column; elsewhere there is one."""


def _is_shown(notice: Notice) -> bool:
    """In a corner, beside the log: who answers is for the user to know, where all is well, too."""
    return notice.severity != "information" or notice.key == "brain"


class _Stage(Horizontal):
    """All but the last two rows. For every update of the waveforms the compositor visits each child
    of the screen, wherever the update is; one blank child is visited quickly."""

    BLANK = True


class _Blank(Vertical):
    """Draws nothing itself."""

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
        memory: MemoryFrontend,
        *,
        clock: Callable[[], datetime],
        updates_per_second: int,
        remembers: bool = False,
    ) -> None:
        super().__init__()
        self._persona = persona
        self._in_charge = persona.slug
        self._status = status
        self._personas = personas
        self._remembers = remembers
        self._chips = Chips()
        self.hints = Hints(keeps=status.memory != "private")
        # Kept, not looked up: at the end of the program they go one by one, while the session
        # still tells things.
        glyphs = persona.waveform.glyphs
        self._header = Header(persona, status, id="header")
        microphone, voice = levels
        beat = Beat(1.0 / updates_per_second)
        self._face = PersonaFace(persona, voice=voice, user=microphone, beat=beat, id="face")
        large_face = PersonaFace(persona, voice=voice, user=microphone, beat=beat, id="large-face")
        self._side = SideColumn(large_face, memory, clock, id="side")
        self._levels = Levels(*levels, glyphs, beat=beat, id="levels")
        self._loading = LoadingBar(id="loading")
        self._banner = Banner(id="banner")
        self.transcript = Transcript(clock, id="transcript")
        self.activity = Activity(clock, id="activity")
        self.prompt = Prompt(id="prompt")
        self.search = SearchBar(self.transcript, id="find")
        self.try_saying = TrySaying(id="try-saying")
        self._status_line = StatusLine(status, id="status")

    def compose(self) -> ComposeResult:
        with _Stage(id="stage"):
            yield self._side
            with _Blank(id="page"):
                with Horizontal(id="top"):
                    yield self._face
                    with _Blank(id="top-right"):
                        yield self._header
                        yield self._levels
                yield self._loading
                yield self._banner
                with Vertical(id="main"):
                    yield self.transcript.add_class("panel")
                    yield self.activity.add_class("panel")
                yield self.search
                yield self.try_saying
                yield self.prompt.add_class("panel")
        yield self._status_line
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        self.hints.load()
        self._loading.show("starting", None)
        self.show_persona(self._persona)
        self.show_personas(self._personas, self._persona.slug)

    def show_personas(self, personas: list[Persona], current: str) -> None:
        """The files as they are now."""
        self._personas = personas
        self._side.roster.show(personas, current)

    def show_persona(self, persona: Persona) -> None:
        """Whose glyphs, name and colours are on the screen; may be a preview."""
        self._persona = persona
        self._header.show_persona(persona)
        for face in self._faces:
            face.show_persona(persona)
        self._levels.set_glyphs(persona.waveform.glyphs)
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
        self._page(event)
        match event:
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
        self._move_face(event)
        if self.hints.take(event) or changed:
            self.refresh_status()

    def _page(self, event: SessionEvent) -> None:
        """What of it stands in the conversation."""
        match event:
            case UserSaid():
                self.transcript.hear(event)
            case FeelingHeard():
                self.transcript.mark(event.turn, feeling_sign(event), feeling_reason(event))
            case FeelingTakenBack():
                self.transcript.mark(event.turn, "")
            case AgentSaid():
                self.transcript.speak(event, self._speaker(event.persona))
            case AnswerProgress():
                self.transcript.sounds(event)
            case PersonaChanged(persona=persona) if persona.slug != self._in_charge:
                self._in_charge = persona.slug
                self.transcript.take_over(persona.name, persona.colors.primary)
            case ConversationResumed():
                colors = {each.name: each.colors.primary for each in self._personas}
                self.transcript.resume(event, colors)
            case _:
                for chip in self._chips.of(event):
                    self.transcript.chip(chip)

    def _speaker(self, slug: str) -> Speaker:
        persona = next((each for each in self._personas if each.slug == slug), None)
        if persona is None:
            return Speaker(slug or self._persona.name, self._persona.colors.primary)
        return Speaker(persona.name, persona.colors.primary)

    def welcome(self) -> None:
        """Somebody is here for the first time: what could be next."""
        self.transcript.chip(
            ChipEntry("→", "$accent", "New here? v shows you around in two minutes; ? tells what "
                      "you can say.", action="app.tour")
        )  # fmt: skip

    @property
    def _faces(self) -> tuple[PersonaFace, PersonaFace]:
        return self._face, self._side.face

    def _move_face(self, event: SessionEvent) -> None:
        """What is more than a state: an interruption, and what may have been learned."""
        match event:
            case AgentSaid(interrupted=True):
                for face in self._faces:
                    face.startle()
            case MemoryForgotten():
                self._side.look_again(at_once=True)
            case AgentSaid(final=True) | BackendChosen(ready=True) | MemoryKept():
                self._side.look_again()

    def toggle_activity(self) -> None:
        """Open or close the drawer."""
        self.toggle_class("-with-log")

    @property
    def possible(self) -> Possible:
        """What can be done just now."""
        status = self._status
        current = self._in_charge
        others = (each.name for each in self._personas if each.slug != current)
        return Possible(
            microphone=status.microphone is not None or not status.audio_known,
            model=has_model(status),
            memory=self._remembers,
            other=next(others, ""),
        )

    def show_progress(self, text: str, fraction: float | None) -> None:
        """Of what is fetched; as long as the backend does not load, which has the same row."""
        self._loading.show(clean_line(text), fraction)

    def hide_progress(self) -> None:
        self._loading.hide()

    def refresh_status(self) -> None:
        """Draw again what shows the status."""
        self._header.refresh()
        self._status_line.show()
        self._side.show(self._status)
        for face in self._faces:
            face.show(self._status)
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
        self._levels.show(self._status)
        self.transcript.hint(self._hint())
        self.transcript.think(thinking_text(self._status, self._persona.name))
        self._suggest()

    def _suggest(self) -> None:
        """What to try next; nothing once all was used."""
        possible = self.possible
        ready = self._status.backend and self._status.state != "initializing"
        news = self.hints.next(possible, HINTS_SHOWN) if ready else []
        lead = "Try saying" if possible.microphone else "Try typing"
        self.try_saying.show(lead, next(iter(news), None))
        self._side.suggest(lead, news)

    def _hint(self) -> str:
        if self._status.audio_known and self._status.microphone is None:
            return "No microphone was found. Press / and type."
        if self._status.push_to_talk:
            return "Press space and speak, or press / and type."
        return "Speak, or press / and type."
