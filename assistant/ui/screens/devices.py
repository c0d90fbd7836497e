"""Microphone and speaker while the conversation goes on: choose, watch the level, hear a sound.

It stays open after a choice, so that one sees at once whether the new microphone hears anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import OptionList, Static

from assistant.audio.base import DeviceChoice
from assistant.audio.devices.portaudio import hung
from assistant.session.events import AudioChanged, Failure, Notice, SessionEvent
from assistant.session.frontend import SessionFrontend
from assistant.ui.fitting import lines_of, one_line, shortened
from assistant.ui.model import StatusModel
from assistant.ui.screens.dialog import Dialog, Spawn
from assistant.ui.widgets.activity import sentence
from assistant.ui.widgets.devicelist import NAME_LETTERS, DeviceList, Kind, LevelMeter
from assistant.ui.widgets.keybar import KeyLine

_log = logging.getLogger(__name__)

_OFFERED = (
    ("enter", "use", "screen.choose", 4),
    ("tab", "other list", "app.focus_next", 1),
    ("t", "test sound", "screen.test_sound", 3),
    ("r", "look again", "screen.look", 2),
    ("esc", "close", "screen.close", 5),
)
NEWS_LETTERS = 1_000
PATIENCE = 6.0
"""Seconds after which an answer of the sound system is given up; it promises three."""

_THING: dict[Kind, str] = {"input": "microphone", "output": "speaker"}


class DevicesScreen(Dialog[None]):
    """Two lists, a meter, and a line that says what came of it."""

    BINDINGS = [
        Binding("escape,d,q", "close", "Close", id="devices.close", tooltip="Close"),
        Binding("enter", "choose", "Use", id="devices.use", tooltip="Use this device now"),
        Binding("left,right", "app.focus_next", show=False),
        Binding("t", "test_sound", "Test sound", id="devices.test",
                tooltip="Play a short sound through the speaker"),
        Binding("r", "look", "Look again", id="devices.look",
                tooltip="Look for microphones and speakers again"),
    ]  # fmt: skip

    def __init__(
        self,
        session: SessionFrontend,
        status: StatusModel,
        spawn: Spawn,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self._session = session
        self._status = status
        self._spawn = spawn
        self._meter = LevelMeter(session.input_levels, clock, id="device-level")
        self._lists = {
            "input": DeviceList("input", id="microphones"),
            "output": DeviceList("output", id="speakers"),
        }
        self._news_line = Static(id="device-news", markup=False)
        self._looking = False
        self._news = 0
        """Lines told so far: a later one must not be written over by an earlier question."""

    def compose(self) -> ComposeResult:
        with Vertical(id="devices") as box:
            box.border_title = "Microphone and speaker"
            with Horizontal(id="device-lists"):
                yield from self._lists.values()
            yield self._meter
            yield self._news_line
            yield KeyLine(_OFFERED, id="device-keys")

    def on_mount(self) -> None:
        self._lists["input"].focus()
        self._show_meter()
        self.action_look()

    def take(self, event: SessionEvent) -> None:
        """What the session tells meanwhile."""
        match event:
            case AudioChanged():
                self._lists["input"].use(event.microphone)
                self._lists["output"].use(event.speaker)
                self._show_meter()
            case Notice() if event.severity != "information":
                self._tell(event.text, event.remedy)
            case Failure():
                self._tell(event.text, event.remedy)

    # --- looking -----------------------------------------------------------------------------

    def action_look(self) -> None:
        if not self._looking:
            self._looking = True  # from now on: the worker begins later
            self.run_worker(self._look())

    async def _look(self) -> None:
        told = self._tell("Looking for microphones and speakers …")
        await self._ask()
        if self._news == told:
            self._tell("")

    async def _ask(self) -> None:
        """Fill the lists anew, or say why that cannot be."""
        self._looking = True
        try:
            async with asyncio.timeout(PATIENCE):
                choices = await self._session.devices()
        except Exception as error:
            self._show(None)
            self._tell(*_explained(error))
        else:
            self._show(choices)
        finally:
            self._looking = False

    def _show(self, choices: list[DeviceChoice] | None) -> None:
        for devices in self._lists.values():
            devices.show(choices)

    # --- choosing ----------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        devices = event.option_list
        if isinstance(devices, DeviceList):
            name = devices.name_at(event.option_index)
            failure = f"The {_THING[devices.kind]} could not be changed"
            self._spawn(self._use(devices.kind, name), failure)

    async def _use(self, kind: Kind, name: str | None) -> None:
        thing = _THING[kind]
        told = self._tell(f"Going over to {_short(name) or f'the default {thing}'} …")
        try:
            await self._session.use_device(kind, name)
        except Exception as error:
            if not self.is_attached:
                raise
            _log.exception("changing the %s", thing)
            self._tell(*_explained(error))
        if not self.is_attached:
            return
        await self._ask()
        if self._news == told:
            self._tell(self._result(kind, name))

    def _result(self, kind: Kind, name: str | None) -> str:
        thing = _THING[kind]
        in_use = self._lists[kind].in_use
        if in_use is None:
            return f"{_short(name) or f'The default {thing}'} gives no sound yet."
        advice = "Say something." if kind == "input" else "Press t to hear it."
        return f"The {thing} is {_short(in_use)} now. {advice}"

    def action_choose(self) -> None:
        if isinstance(self.focused, DeviceList):
            self.focused.action_select()

    # --- the test sound ----------------------------------------------------------------------

    def action_test_sound(self) -> None:
        status = self._status
        if status.audio_known and status.speaker is None:
            self._tell("There is no speaker to play it.", "Choose one, or plug one in and press r.")
        elif status.state == "speaking":
            self._tell("The assistant is speaking.", "Press t when it has finished.")
        elif status.volume == 0:
            self._tell("The volume is at 0 %.", "Close this, and raise it with +.")
        else:
            try:
                self._session.play_test_sound()
            except Exception as error:
                _log.exception("test sound")
                self._tell(*_explained(error))
            else:
                where = _short(status.speaker) or "the speaker"
                self._tell(f"Playing on {where}.", "Nothing to be heard? Choose another speaker.")

    # --- the rest ----------------------------------------------------------------------------

    def action_close(self) -> None:
        self.dismiss(None)

    def _tell(self, text: str, remedy: str = "") -> int:
        """Gives the number of the line, by which one sees whether it is still the last."""
        self._news += 1
        if self.is_attached:
            self._news_line.update(shortened(lines_of(sentence(text, remedy)), NEWS_LETTERS))
        return self._news

    def _show_meter(self) -> None:
        microphone = self._status.microphone if self._status.audio_known else ""
        self._meter.show(microphone, muted=self._status.muted)


def _short(name: str | None) -> str:
    return shortened(one_line(name or ""), NAME_LETTERS)


def shown_devices(app: App[Any]) -> DevicesScreen | None:
    """The screen, where it is on top; it has a line of its own for what becomes of devices."""
    top = app.screen_stack[-1] if app.screen_stack else None
    return top if isinstance(top, DevicesScreen) else None


def _explained(error: Exception) -> tuple[str, str]:
    """Reason and remedy, as the errors of the sound devices carry them."""
    if isinstance(error, TimeoutError):
        error = hung()
    reason = str(error) or type(error).__name__
    return reason, str(getattr(error, "remedy", ""))
