"""The dashboard: keys and looks. What is drawn stands in `screens` and `widgets`."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import App
from textual.binding import Binding
from textual.color import ColorParseError
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widgets import Input, TextArea

from assistant.brain.base import BrainChoice
from assistant.config.schema import UiConfig
from assistant.memory.conversation import MemoryFrontend
from assistant.memory.deletion.plan import DeletionPreview
from assistant.personas.loading import Persona
from assistant.session.events import (
    BackendChosen,
    Failure,
    MemoryForgotten,
    PersonaChanged,
    PersonasReloaded,
    SessionEvent,
)
from assistant.session.frontend import SessionFrontend
from assistant.session.trace import TurnTrace, TurnTracer
from assistant.terminal.sanitize import clean_text
from assistant.ui import themes
from assistant.ui.conversation import ChipEntry, last_turn
from assistant.ui.fade import CrossFade
from assistant.ui.fitting import one_line
from assistant.ui.hints import TOUR, sayings
from assistant.ui.keymap import BINDINGS, AssistantCommands, check_keymap
from assistant.ui.letters import EscapeFilter
from assistant.ui.messages import Bridge, FromSession, Typed
from assistant.ui.model import StatusModel
from assistant.ui.offer import FindOffer, OfferedModel, no_offer
from assistant.ui.plain_words import ways_told
from assistant.ui.screens.conversation_dialogs import SaveScreen, TurnTimesScreen
from assistant.ui.screens.dashboard import DashboardScreen
from assistant.ui.screens.devices import DevicesScreen, shown_devices
from assistant.ui.screens.dialog import Palette
from assistant.ui.screens.help import HelpRow, HelpScreen, TourScreen, help_rows, tour_cards
from assistant.ui.screens.history import HistoryScreen
from assistant.ui.screens.memory import MemoryScreen, shown_memory, without
from assistant.ui.screens.picker import BrainScreen, PickerScreen

_log = logging.getLogger(__name__)


class DashboardApp(App[None]):
    """One session on the screen. Whoever makes the session also stops it."""

    TITLE = "assistant"
    CSS_PATH = ["app.tcss", "page.tcss"]
    BINDINGS = BINDINGS  # type: ignore[assignment]
    COMMANDS: ClassVar[set[Any]] = {AssistantCommands}
    NOTIFICATION_TIMEOUT = 6
    HORIZONTAL_BREAKPOINTS = [
        (0, "-narrow"),
        (76, "-medium"),
        (110, "-wide"),
        (140, "-huge"),
    ]
    VERTICAL_BREAKPOINTS = [
        (0, "-short"),
        (22, "-regular"),
        (34, "-tall"),
    ]

    def __init__(
        self,
        session: SessionFrontend,
        config: UiConfig | None = None,
        *,
        clock: Callable[[], datetime] = datetime.now,
        driver_class: type[Driver] | None = None,
        offer: FindOffer = no_offer,
    ) -> None:
        # With the terminal's own two colours nothing is left for Textual to turn into greys.
        without_color = "NO_COLOR" in os.environ
        super().__init__(driver_class=driver_class, ansi_color=True if without_color else None)
        self.session = session
        self.status = StatusModel(
            persona=session.persona.name, state=session.state, memory=memory_words(session.memory)
        )
        self._config = config or UiConfig()
        self._clock = clock
        self._gate = EscapeFilter()
        self._fade = CrossFade(self)
        self._bridge = Bridge(session)
        self._tasks: set[asyncio.Task[None]] = set()
        self._offered = OfferedModel(self, self, offer)
        self._tracer = TurnTracer()
        self._trace: TurnTrace | None = None
        """Of the last turn."""
        self._dashboard = DashboardScreen(
            session.persona,
            session.personas(),
            self.status,
            (session.input_levels, session.output_levels),
            session.memory,
            clock=clock,
            updates_per_second=self._config.updates_per_second,
            remembers=session.memory.enabled and not session.memory.private,
        )
        if not self._config.animation:
            self.animation_level = "none"
        self._register_themes()
        self.wear(session.persona)

    # --- life ------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        return self._dashboard

    def get_line_filters(self) -> Sequence[LineFilter]:
        fading = [self._fade] if self._fade.active else []
        return [*super().get_line_filters(), *fading, self._gate]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.DEFAULTS

    def on_mount(self) -> None:
        usable, problems = check_keymap(self._config.keymap)
        self.set_keymap(usable)
        if problems:
            self.notify(
                "\n".join(problems), title="Keys that were left as they are", severity="warning",
                timeout=12, markup=False,
            )  # fmt: skip
        self.call_after_refresh(self._begin)

    def on_unmount(self) -> None:
        self._bridge.close()

    def _begin(self) -> None:
        """The first picture is on the screen: now the session may take its time."""
        if self._dashboard.hints.first_time:
            self._dashboard.welcome()
        self._bridge.connect(self._dashboard)
        self.spawn(self.session.start(), "The conversation could not be started")

    def spawn(self, work: Coroutine[Any, Any, None], failure: str) -> None:
        """Run in the background; what goes wrong becomes a line on the screen, and a log entry."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                _log.exception("%s", failure)
                self._dashboard.post_message(FromSession(Failure(text=failure, remedy=str(error))))

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- looks -----------------------------------------------------------------------------

    def wear(self, persona: Persona) -> None:
        """Take on the persona's colours, without a word to the session."""
        name = themes.TERMINAL if self.no_color else themes.theme_name(persona.slug)
        if name in self.available_themes:
            self.theme = name

    def preview(self, persona: Persona) -> None:
        """The whole look of a persona, glyphs and name too."""
        self.wear(persona)
        self._dashboard.show_persona(persona)

    def _register_themes(self) -> None:
        self.register_theme(themes.terminal_theme())
        for persona in [self.session.persona, *self.session.personas()]:
            try:
                self.register_theme(themes.theme_of(persona))
            except ColorParseError:
                _log.exception("colours of %s", persona.slug)

    @on(FromSession)
    def _follow(self, message: FromSession) -> None:
        """Runs after the dashboard's own handler: messages bubble up."""
        if not self.is_running or self._exit:
            return
        event: SessionEvent = message.event
        self._trace = self._tracer.take(event) or self._trace
        if isinstance(event, MemoryForgotten):
            self._forgotten(event.deletion)  # before the panel shows what was recalled
        if (devices := shown_devices(self)) is not None:
            devices.take(event)
        if (memory := shown_memory(self)) is not None:
            memory.take(event)
        if isinstance(event, BackendChosen) and event.ready:
            self._offered.backend_ready()
        if isinstance(event, PersonaChanged):
            before = self.current_theme
            self.register_theme(themes.theme_of(event.persona))
            self.preview(event.persona)
            self._fade.go(before, self.current_theme)
            self._dashboard.show_personas(self.session.personas(), event.persona.slug)
        elif isinstance(event, PersonasReloaded):
            self._register_themes()
            self.preview(self.session.persona)
            self._dashboard.show_personas(self.session.personas(), self.session.persona.slug)
            self.refresh_css(animate=False)

    # --- personas --------------------------------------------------------------------------

    def choose_persona(self, slug: str) -> None:
        """Ask the session for another persona."""
        if slug != self.session.persona.slug:
            self.spawn(self.session.change_persona(slug), "The persona could not be changed")

    def action_choose_persona(self, slug: str) -> None:
        self.choose_persona(slug)

    def action_persona_number(self, number: int) -> None:
        personas = self.session.personas()
        if number <= len(personas):
            self.choose_persona(personas[number - 1].slug)

    def action_step_persona(self, step: int) -> None:
        slugs = [persona.slug for persona in self.session.personas()]
        if slugs:
            current = self.session.persona.slug
            place = slugs.index(current) if current in slugs else 0
            self.choose_persona(slugs[(place + step) % len(slugs)])

    def action_pick_persona(self) -> None:
        def chosen(slug: str | None) -> None:
            # The session may have changed persona while the picker was open.
            self.preview(self.session.persona)
            if slug is not None:
                self.choose_persona(slug)

        personas = self.session.personas()
        current = self.session.persona.slug
        if not isinstance(self.screen, PickerScreen):
            self.push_screen(
                PickerScreen(personas, current, self.preview, self.play_sample), chosen
            )

    def play_sample(self, slug: str) -> None:
        """Let this persona's voice be heard."""
        with suppress(KeyError):  # its file is gone meanwhile
            self.session.sample(slug)

    # --- who answers -----------------------------------------------------------------------

    async def brains(self) -> list[BrainChoice]:
        """Who could answer; none where that cannot be found out, which is in the log then."""
        try:
            return await self.session.brains()
        except Exception:
            _log.exception("while looking who could answer")
            return []

    def choose_brain(self, name: str) -> None:
        """Ask the session for another brain; what comes of it, it tells."""
        self.session.change_brain(name)

    def action_pick_brain(self) -> None:
        self.spawn(self._pick_brain(), "Who could answer could not be found out")

    async def _pick_brain(self) -> None:
        def chosen(name: str | None) -> None:
            if name is not None and name != current:
                self.choose_brain(name)

        brains = await self.brains()
        if not brains:
            self.notify("Who could answer could not be found out.", severity="warning")
            return
        current = next((each.name for each in brains if each.in_use), None)
        if self.screen is self._dashboard:
            self.push_screen(BrainScreen(brains), chosen)

    @property
    def is_calm(self) -> bool:
        typing = self.focused is not None and isinstance(self.focused, TextArea | Input)
        return self.status.state == "idle" and self.screen is self._dashboard and not typing

    def show_progress(self, text: str, fraction: float | None) -> None:
        """Of what is fetched while the conversation goes on."""
        if self.is_running:
            self._dashboard.show_progress(text, fraction)

    def hide_progress(self) -> None:
        self._dashboard.hide_progress()

    # --- talking ---------------------------------------------------------------------------

    @on(Typed)
    def _typed(self, message: Typed) -> None:
        self.spawn(self.session.send_text(message.text), "The line could not be sent")

    def action_toggle_microphone(self) -> None:
        if self.status.audio_known and self.status.microphone is None:
            self.notify("No microphone was found.", severity="warning")
        elif self.status.push_to_talk and not self.status.muted:
            self.session.talk_key(not self.status.talking)
        else:
            self.session.set_muted(not self.status.muted)

    def action_toggle_push_to_talk(self) -> None:
        self.session.set_push_to_talk(not self.status.push_to_talk)

    def action_interrupt(self) -> None:
        self.session.interrupt()

    def action_repeat(self) -> None:
        self.session.repeat()

    def action_change_volume(self, by: float) -> None:
        volume = self.session.set_volume(min(1.0, max(0.0, self.status.volume + by)))
        self.notify(f"Volume {volume:.0%}", timeout=1.5)

    def action_change_rate(self, by: float) -> None:
        rate = self.session.set_speech_rate(min(2.0, max(0.5, self.status.rate + by)))
        self.notify(f"Speech rate ×{rate:.1f}", timeout=1.5)

    # --- the screen ------------------------------------------------------------------------

    def action_pick_devices(self) -> None:
        if shown_devices(self) is None:
            self.push_screen(DevicesScreen(self.session, self.status, self.spawn, self._clock))

    def action_show_memory(self, at: str = "") -> None:
        """The panel, with the cursor on a memory where its id or words are told."""
        if not self.session.memory.enabled:
            self.notify(
                "Run: assistant config set memory.enabled true",
                title="Nothing is remembered: memory is off.",
                severity="warning",
                markup=False,
            )
        elif shown_memory(self) is None:
            names = {persona.slug: persona.name for persona in self.session.personas()}
            self.push_screen(
                MemoryScreen(
                    self.session.memory,
                    self.status,
                    lambda slug: names.get(slug, slug),
                    self.spawn,
                    at,
                )
            )

    def _forgotten(self, deletion: DeletionPreview) -> None:
        self.status.recalled = without(self.status.recalled, deletion)
        texts = [way for text in deletion.texts for way in ways_told(text)]
        self._dashboard.activity.forget(texts)
        self._dashboard.transcript.forget(texts)

    def action_focus_prompt(self) -> None:
        self._dashboard.prompt.input.focus()

    def action_toggle_activity(self) -> None:
        self._dashboard.toggle_activity()

    def action_scroll_conversation(self, direction: int) -> None:
        transcript = self._dashboard.transcript
        (transcript.scroll_page_down if direction > 0 else transcript.scroll_page_up)()

    def action_select_turn(self, step: int) -> None:
        self._dashboard.transcript.select_next(step)

    def action_open_chip(self) -> None:
        chip = self._dashboard.transcript.chosen_chip()
        if chip is None:
            return
        if chip.memory:
            self.action_show_memory(chip.memory)
        elif chip.action:
            self.call_later(self.run_action, chip.action)

    def action_copy_turn(self) -> None:
        transcript = self._dashboard.transcript
        chip = transcript.selected
        entry = transcript.chosen_turn() or last_turn(transcript.conversation.turns)
        if isinstance(chip, ChipEntry):
            self._copy(clean_text(chip.text), "This")
        elif entry is None:
            self.notify("Nothing was said yet.", timeout=2)
        else:
            self._copy(clean_text(entry.heard()).strip(), f"What {entry.speaker.name} said")

    def action_copy_conversation(self) -> None:
        conversation = self._dashboard.transcript.conversation
        if conversation.turns:
            self._copy(conversation.plain(), "The whole conversation")
        else:
            self.notify("Nothing was said yet.", timeout=2)

    def _copy(self, text: str, what: str) -> None:
        """By the terminal (OSC 52): whether it does it, it does not tell."""
        self.copy_to_clipboard(text)
        words = len(text.split())
        count = f"{words} {'word' if words == 1 else 'words'}"
        told = f"{one_line(what)} was given to the terminal's clipboard: {count}."
        self.notify(told, timeout=3, markup=False)

    def action_save_conversation(self) -> None:
        def saved(path: Path | None) -> None:
            if path is not None:
                self.notify(f"Saved as {one_line(str(path))}", timeout=6, markup=False)

        conversation = self._dashboard.transcript.conversation
        if not conversation.turns:
            self.notify("Nothing was said yet.", timeout=2)
        elif self.screen is self._dashboard:
            self.push_screen(SaveScreen(conversation.markdown, self._clock()), saved)

    def action_find(self) -> None:
        if self.screen is self._dashboard:
            self._dashboard.search.open()

    def action_show_history(self) -> None:
        def chosen(id: str | None) -> None:
            if id is not None:
                self.spawn(self.session.resume(id), "That conversation could not be gone on with")

        if self.screen is self._dashboard:
            self.push_screen(HistoryScreen(self.session.past), chosen)

    def action_show_trace(self) -> None:
        if self.screen is self._dashboard:
            self.push_screen(TurnTimesScreen(self._trace))

    def action_tour(self) -> None:
        if self.screen is not self._dashboard:
            return
        self._dashboard.hints.use(TOUR)
        keys = {row.action_id: row.keys.split()[0] for row in self._help_rows()}
        possible = self._dashboard.possible
        cards = tour_cards(
            keys,
            microphone=possible.microphone,
            memory=possible.memory,
            other=possible.other,
        )
        self.push_screen(TourScreen(cards))

    def bindings_in_force(self) -> list[tuple[str, Binding]]:
        """Keys and their bindings, the user's own keymap included, in the order of the footer."""
        bindings = self._bindings.copy()
        bindings.apply_keymap(self._keymap)
        order = [binding.id for binding in BINDINGS]
        known = [(key, binding) for key, binding in bindings if binding.id in order]
        return sorted(known, key=lambda pair: order.index(pair[1].id))

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def action_help(self) -> None:
        if isinstance(self.screen, HelpScreen):
            return
        self.push_screen(HelpScreen(self._help_rows(), sayings(self._dashboard.possible.other)))

    def _help_rows(self) -> list[HelpRow]:
        return help_rows(self, (binding for _, binding in self.bindings_in_force()))

    def action_copy_or_stop(self) -> None:
        """What a person may mean by ctrl+c, the harmless reading first."""
        focused = self.screen.focused
        selected = self.screen.get_selected_text()
        if isinstance(focused, Input | TextArea) and focused.selected_text:
            selected = focused.selected_text
        if selected:
            self.copy_to_clipboard(clean_text(selected))
        elif self.status.state in ("thinking", "speaking") or self.status.paused is not None:
            self.session.interrupt()
        else:
            self.exit()


def memory_words(memory: MemoryFrontend) -> str:
    """What the status line says of it; nothing where all is as usual."""
    unusual = ("private", memory.private), ("memory off", not memory.enabled)
    return ", ".join(words for words, so in unusual if so)
