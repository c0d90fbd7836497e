"""A language model is offered at the first start, and fetched while the conversation goes on."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import App

from assistant.errors import AssistantError
from assistant.loops import post
from assistant.ui.model import StatusModel
from assistant.ui.screens.dialog import OfferScreen

if TYPE_CHECKING:
    from assistant.brain.local.weights import BrainOffer

FindOffer = Callable[[], "BrainOffer | None"]
"""Looks at settings and machine: slow."""
SCRIPTED = "scripted"
"""The label of the brain beside which a language model is offered."""
LOOK_EVERY = 1.5
"""Seconds until it is looked again whether nobody speaks or types."""

_log = logging.getLogger(__name__)


def no_offer() -> None:
    """Nothing is offered."""


class _Dashboard(Protocol):
    """The app that the offer is made in."""

    status: StatusModel

    @property
    def is_running(self) -> bool: ...

    @property
    def is_calm(self) -> bool:
        """Nobody speaks or types, and nothing lies on the dashboard."""

    def spawn(self, work: Coroutine[Any, Any, None], failure: str) -> None: ...

    def show_progress(self, text: str, fraction: float | None) -> None: ...

    def hide_progress(self) -> None: ...

    def choose_brain(self, name: str) -> None: ...


class OfferedModel:
    """Waits for a pause of the conversation, asks, and fetches. Everything but the fetching belongs
    to the event loop's thread."""

    def __init__(self, app: App[None], dashboard: _Dashboard, find: FindOffer) -> None:
        """`app` and `dashboard` are the same."""
        self._app = app
        self._dashboard = dashboard
        self._find: FindOffer | None = None if find is no_offer else find

    def backend_ready(self) -> None:
        """Who answers will be known in a moment: a backend may do it by itself."""
        if self._find is not None:
            self._app.set_timer(LOOK_EVERY, self._look)

    def _look(self) -> None:
        find = self._find
        if find is None or not self._dashboard.is_running:
            return
        if self._dashboard.status.brain not in ("", SCRIPTED):
            return  # there is one, or the backend answers by itself
        if not self._dashboard.is_calm:
            self._app.set_timer(LOOK_EVERY, self._look)
            return
        self._find = None
        self._dashboard.spawn(self._offer(find), "A language model could not be offered")

    async def _offer(self, find: FindOffer) -> None:
        offer = await asyncio.to_thread(find)
        if offer is None or not self._dashboard.is_running:
            return
        await asyncio.to_thread(offer.shown)

        def answered(wanted: bool | None) -> None:
            if wanted:
                self._fetch(offer)

        self._app.push_screen(OfferScreen(offer.about), answered)

    def _fetch(self, offer: BrainOffer) -> None:
        """In a thread that the end of the program does not wait for: what is here is kept, and
        `assistant setup brain` goes on from there."""
        loop = asyncio.get_running_loop()

        def work() -> None:
            fault: AssistantError | None = None
            name = offer.name
            try:
                name = offer.fetch(
                    lambda text, done: post(loop, self._dashboard.show_progress, text, done)
                )
            except AssistantError as error:
                fault = error
            except Exception as error:
                _log.exception("while fetching %s", offer.name)
                fault = AssistantError(
                    f"{offer.name} could not be fetched: {error}", "Run: assistant setup brain"
                )
            post(loop, self._fetched, name, fault)

        threading.Thread(target=work, name="language model", daemon=True).start()

    def _fetched(self, name: str, fault: AssistantError | None) -> None:
        if not self._dashboard.is_running:
            return
        self._dashboard.hide_progress()
        if fault is None:
            self._dashboard.choose_brain(name)
        else:
            self._app.notify(
                fault.remedy, title=fault.message, severity="warning", timeout=12, markup=False
            )
