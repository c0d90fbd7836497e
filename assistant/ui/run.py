"""From a session to an exit code: the dashboard's life, and every way in which it may end."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.logs import log_file
from assistant.loops import ExitDeadline, post
from assistant.ui.app import DashboardApp
from assistant.ui.letters import terminal_encoding, write_in
from assistant.ui.offer import FindOffer, no_offer
from assistant.ui.screens.dialog import ConfirmGate
from assistant.ui.terminal import LocaleDriver, TerminalStream, claim_terminal

if TYPE_CHECKING:
    from assistant.session.frontend import MakeSession, SessionFrontend

STOP_SECONDS = 10.0
"""How long the session may take to stop; it promises far less."""

_log = logging.getLogger(__name__)


def run_dashboard(
    session_factory: MakeSession,
    config: Config,
    *,
    log_path: Path | None = None,
    offer: FindOffer = no_offer,
) -> int:
    """Show the dashboard until it is quit, and stop the session; gives the exit code.

    0 after `q`, 1 after a fault of the program, 128 + n after signal n (a closed terminal counts
    as SIGHUP), and then within `EXIT_SECONDS`. What went wrong is one line on the restored
    terminal; its traceback is in the log. Raises `AssistantError`, the terminal restored, where
    there can be no such session. `offer` looks, in a thread, whether a language model is to be
    offered.
    """
    log_path = log_path or log_file()
    encoding = terminal_encoding()
    write_in(encoding)
    LocaleDriver.encoding = encoding
    try:
        with claim_terminal(log_path, encoding) as screen, ExitDeadline() as deadline:
            life = _Run(session_factory, config, screen, deadline, offer)
            code, message = asyncio.run(life.run())
    except OSError as error:
        code, message = 1, f"the log cannot be written: {error}"
    if message:
        if code == 1:
            message = f"{message}; details are in {log_path}"
        _complain(f"assistant: {message}")
    return code


class _Run:
    """One dashboard's life, in one event loop."""

    def __init__(
        self,
        factory: MakeSession,
        config: Config,
        screen: TerminalStream,
        deadline: ExitDeadline,
        offer: FindOffer,
    ) -> None:
        self._offer = offer
        self._deadline = deadline
        self._factory = factory
        self._config = config
        self._screen = screen
        self._ended_by: signal.Signals | None = None
        self._app: DashboardApp | None = None

    async def run(self) -> tuple[int, str]:
        loop = asyncio.get_running_loop()
        gate = ConfirmGate()
        try:
            session = self._factory()
        except AssistantError:
            raise  # its message, remedy and exit code are told as any command tells them
        except Exception as error:
            _log.exception("the session could not be made")
            return 1, f"the conversation could not be set up: {error}"
        session.askers.add(gate)
        try:
            app = self._app = DashboardApp(
                session, self._config.ui, driver_class=LocaleDriver, offer=self._offer
            )
            gate.connect(app)
            self._deadline.on_signals(self._end)

            def lost() -> None:
                self._deadline.begin(128 + signal.SIGHUP)
                post(loop, self._end, signal.SIGHUP)

            self._screen.on_lost = lost
            self._deadline.last_act = self._screen.restorer()
            await app.run_async()
            self._deadline.last_act = None  # the screen is as it was
            return self._outcome(app)
        except Exception as error:
            _log.exception("the dashboard failed")
            return 1, f"the dashboard failed: {error}"
        finally:
            gate.connect(None)
            self._screen.on_lost = None
            await self._stop(session)

    def _end(self, number: signal.Signals) -> None:
        """A second signal finds the end already under way and changes nothing."""
        if self._ended_by is None and self._app is not None:
            self._ended_by = number
            self._app.exit(return_code=128 + number)

    def _outcome(self, app: DashboardApp) -> tuple[int, str]:
        if self._ended_by is not None:
            return 128 + self._ended_by, f"ended by {self._ended_by.name}"
        if app.return_code is None:
            # Textual's input thread gave up without anyone having quit: no terminal to read from.
            return 128 + signal.SIGHUP, "the terminal was closed"
        if app.return_code:
            return 1, "the dashboard failed"
        return 0, ""

    @staticmethod
    async def _stop(session: SessionFrontend) -> None:
        try:
            await asyncio.wait_for(session.stop(), STOP_SECONDS)
        except Exception:
            _log.exception("the session did not stop as it should")


def _complain(line: str) -> None:
    """On the terminal, if there still is one."""
    try:
        print(line, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        _log.warning("%s", line)
