"""What every action of a key needs: the session, the dashboard, and how to run beside both."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from textual.app import App

from assistant.personas.loading import Persona
from assistant.session.frontend import SessionFrontend
from assistant.session.trace import TurnTrace
from assistant.ui.model import StatusModel
from assistant.ui.screens.dashboard import DashboardScreen


class DashboardBase(App[None]):
    """An app with one session and one dashboard; `ui.app` makes it."""

    session: SessionFrontend
    status: StatusModel
    _dashboard: DashboardScreen
    _clock: Callable[[], datetime]
    _trace: TurnTrace | None = None
    """Of the last turn."""

    def spawn(self, work: Coroutine[Any, Any, None], failure: str) -> None:
        """Run in the background; what goes wrong becomes a line on the screen, and a log entry."""
        raise NotImplementedError

    def preview(self, persona: Persona) -> None:
        """The whole look of a persona, glyphs and name too."""
        raise NotImplementedError
