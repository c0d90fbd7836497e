"""The dashboard: its life and its looks. What keys do stands in `actions`, what is drawn in
`screens` and `widgets`."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, ClassVar

from textual import on
from textual.color import ColorParseError
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widgets import Input, TextArea

from assistant.config.schema import UiConfig
from assistant.memory.conversation import MemoryFrontend
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
from assistant.session.trace import TurnTracer
from assistant.ui import themes
from assistant.ui.actions.page import PageActions
from assistant.ui.actions.session import SessionActions
from assistant.ui.fade import CrossFade
from assistant.ui.keymap import BINDINGS, AssistantCommands, check_keymap
from assistant.ui.letters import EscapeFilter
from assistant.ui.messages import Bridge, FromSession
from assistant.ui.model import StatusModel
from assistant.ui.offer import FindOffer, OfferedModel, no_offer
from assistant.ui.screens.dashboard import DashboardScreen
from assistant.ui.screens.devices import shown_devices
from assistant.ui.screens.memory import shown_memory

_log = logging.getLogger(__name__)


class DashboardApp(SessionActions, PageActions):
    """One session on the screen. Whoever makes the session also stops it."""

    TITLE = "assistant"
    CSS_PATH = ["styles/app.tcss", "styles/page.tcss"]
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


def memory_words(memory: MemoryFrontend) -> str:
    """What the status line says of it; nothing where all is as usual."""
    unusual = ("private", memory.private), ("memory off", not memory.enabled)
    return ", ".join(words for words, so in unusual if so)
