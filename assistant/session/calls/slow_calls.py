"""Slow calls: what another program is asked may take longer than anybody waits for an answer.

A silence is filled as before any answer that is late. What takes longer still goes on beside the
conversation, and what came of it is told at the next pause. Filler and patience are counted on the
session's clock, which stands still in `assistant talk` while an answer is made: there a call is
waited for to its end, so that how quick a program is does not decide what is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from assistant.adapters.connection import OnProgress
from assistant.adapters.tools import Work, took_too_long
from assistant.calls.parser import ToolCall
from assistant.language.command_patterns import SpokenCommand
from assistant.language.lexicon import spoken_list
from assistant.loops import BackgroundTasks, wait_while
from assistant.session.calls.call_words import LATER, call_skills, told_late
from assistant.session.event_bus import EventBus
from assistant.session.events import CallsRunning, Notice, RunningCall, ToolCalled, ToolFinished
from assistant.session.signals import AgentTurnEnded, ToAnswer, UserHeard
from assistant.skills.phrases import SkillSet
from assistant.terminal.sanitize import clean_line
from assistant.tools.executor import bounded
from assistant.tools.registry import Tool, ToolError, ToolReply, ToolResult

FILLER_AFTER = 1.5
"""Seconds of a call after which the silence is filled."""
BESIDE_AFTER = 10.0
"""… after which it goes on beside the conversation."""
TOLD_AFTER = 1.0
"""… after which it is shown that it runs."""
PATIENCE = 20.0
"""Seconds that somebody who speaks is let speak before a result is told all the same."""
_TICK = 0.1
_STOPPED_LATELY = 3.0
"""Seconds in which one "stop" is both the word that ended the speech and the turn it was in."""
_LONG = 300
"""Characters of a late result that are told as they are; a model sums up what is longer."""


@dataclass(slots=True, eq=False)
class _Call:
    """One that is under way. Seconds on the session's clock but for `spent`."""

    tool: str
    source: str
    limit: float
    began: float
    task: asyncio.Task[ToolReply]
    spent: float = 0.0
    """Seconds of the wall's clock, without those in which the user was asked something."""
    fraction: float | None = None
    text: str = ""
    beside: bool = False
    filled: bool = False
    overtaken: bool = False
    """The user has said something else since, which does not stop it."""
    given_up: bool = False
    """It took longer than its limit."""
    shown: tuple[Any, ...] = field(default=())

    def on_progress(self, progress: float, total: float | None, message: str | None) -> None:
        self.fraction = min(1.0, max(0.0, progress / total)) if total and total > 0 else None
        self.text = clean_line(message or "")[:80]


class Voice(Protocol):
    """See `persona_switch.PersonaVoice`."""

    def fill_silence(self) -> None: ...

    def say(self, text: str) -> None: ...


class SlowCalls:
    """Runs calls to other programs (`run` is what the adapters run them with)."""

    def __init__(
        self,
        bus: EventBus,
        background: BackgroundTasks,
        voice: Voice,
        source: Callable[[str], str],
        *,
        busy: Callable[[], bool],
        asking: Callable[[], bool],
        tell: Callable[[ToolResult], bool],
    ) -> None:
        """`source(tool)`: what the user calls the program that it is of. `busy()`: somebody speaks.
        `asking()`: a question to the user is open, in which no time counts. `tell(result)` has a
        language model sum up a long result, where there is one."""
        self._bus = bus
        self._background = background
        self._voice = voice
        self._source = source
        self._busy = busy
        self._asking = asking
        self._tell = tell
        self._calls: list[_Call] = []
        self._telling = 0
        """Results that wait for a pause."""
        self._silenced = -_STOPPED_LATELY
        """When the assistant's speech was last cut short."""
        self._skills = SkillSet(call_skills(self))
        bus.on(UserHeard, lambda event: self._overtaken(event.message.is_stop))
        bus.on(ToAnswer, lambda event: self._overtaken(event.message.is_stop))
        bus.on(AgentTurnEnded, self._agent_turn_ended)
        bus.on(ToolCalled, self._called)

    @property
    def tools(self) -> list[Tool]:
        """What is asked of it in words."""
        return self._skills.tools

    def spoken_intent(self, text: str) -> SpokenCommand | None:
        """What these words ask of a call that is under way."""
        return self._skills.call(text) if self._calls else None

    @property
    def under_way(self) -> list[RunningCall]:
        """Oldest first."""
        return [self._described(each) for each in self._calls]

    def cancel(self) -> list[str]:
        """End all of them; returns what the user calls the programs."""
        sources = list(dict.fromkeys(each.source for each in self._calls))
        for each in self._calls:
            each.task.cancel()
        return sources

    async def run(self, tool: str, limit: float, work: Work) -> ToolReply:
        """What came of it, or that it goes on beside the conversation. Raises `ToolError`."""
        call = self._begin(tool, limit, work)
        try:
            while not call.task.done():
                await self._look(call)
                seconds = self._seconds(call)
                if seconds >= FILLER_AFTER and not call.filled:
                    call.filled = True
                    self._voice.fill_silence()
                if seconds >= BESIDE_AFTER and not call.task.done():
                    self._go_on_beside(call)
                    told = "it takes longer; the user was told that the result will be told later"
                    return ToolReply(told, spoken=LATER)
            return _result(call)
        except asyncio.CancelledError:
            # Whoever says something else meanwhile has heard that it takes a while, and still
            # wants to know; "stop" ends it.
            if call.filled and call.overtaken and not call.task.done():
                self._go_on_beside(call)
            else:
                call.task.cancel()
            raise
        finally:
            if not call.beside:
                self._end(call)

    async def settled(self) -> None:
        """Wait until none is under way, and what came of the last one is being told."""
        while self._calls or self._telling:  # noqa: ASYNC110
            await asyncio.sleep(_TICK)

    # -- one call --------------------------------------------------------------------------------

    def _begin(self, tool: str, limit: float, work: Work) -> _Call:
        progress: list[OnProgress] = []

        async def working() -> ToolReply:
            return await work(lambda *told: progress[0](*told))

        task = asyncio.create_task(working(), name=f"call {tool}")
        task.add_done_callback(_look_at_exception)
        source = self._source(tool) or tool
        call = _Call(tool, source, limit, self._bus.clock(), task)
        progress.append(call.on_progress)
        self._calls.append(call)
        return call

    async def _look(self, call: _Call) -> None:
        """Wait for it, for a moment; past its limit it is given up."""
        loop = asyncio.get_running_loop()
        at, shown_at = loop.time(), self._bus.clock()
        await asyncio.wait({call.task}, timeout=_TICK)
        if call.task.done():
            return
        if self._asking():
            call.began += self._bus.clock() - shown_at
            return
        call.spent += loop.time() - at
        if call.spent >= call.limit:
            call.given_up = True
            call.task.cancel()
            await asyncio.wait({call.task}, timeout=_TICK)
        if self._seconds(call) >= TOLD_AFTER:
            self._show()

    def _seconds(self, call: _Call) -> float:
        return self._bus.clock() - call.began

    def _go_on_beside(self, call: _Call) -> None:
        call.beside = True
        self._background.run(self._finish(call))

    async def _finish(self, call: _Call) -> None:
        try:
            while not call.task.done():
                await self._look(call)
        finally:
            call.task.cancel()
            self._end(call)
        result = self._finished(call)
        self._bus.publish(ToolFinished(result=result))
        if call.task.cancelled() and not call.given_up:
            return  # the user knows
        self._telling += 1
        try:
            await wait_while(self._busy, PATIENCE)
        finally:
            self._telling -= 1
        for_model = result.ok and (result.prompt or len(result.content) > _LONG)
        if not (for_model and self._tell(result)):
            self._voice.say(told_late(call.source, result))

    def _finished(self, call: _Call) -> ToolResult:
        ok, content, brief, prompt = False, "", "", ""
        try:
            reply = _result(call)
        except ToolError as error:
            content, brief = error.content, error.spoken or error.content
        except asyncio.CancelledError:
            content = f"{call.tool} was cancelled"
        except Exception as error:
            content = f"{call.tool} failed: {type(error).__name__}: {error}"
        else:
            ok, content, prompt = True, reply.content, reply.prompt
            brief = reply.brief or reply.content
        return ToolResult(
            ToolCall(call.tool), ok, bounded(content), None, call.spent, brief, prompt
        )

    def _end(self, call: _Call) -> None:
        if call in self._calls:
            self._calls.remove(call)
        if call.shown:
            self._show(gone=True)

    # -- what is told of them --------------------------------------------------------------------

    def _show(self, *, gone: bool = False) -> None:
        """Once a second, when something is new, and when one is gone."""
        calls = [each for each in self._calls if self._seconds(each) >= TOLD_AFTER]
        news = gone
        for each in calls:
            shown = (int(self._seconds(each)), each.fraction, each.text, each.beside)
            news, each.shown = news or shown != each.shown, shown
        if news:
            self._bus.publish(CallsRunning(calls=tuple(map(self._described, calls))))

    def _described(self, call: _Call) -> RunningCall:
        return RunningCall(
            tool=call.tool,
            source=call.source,
            seconds=round(self._seconds(call), 1),
            fraction=call.fraction,
            text=call.text,
            beside=call.beside,
        )

    # -- the user --------------------------------------------------------------------------------

    def _overtaken(self, stop: bool) -> None:
        for each in self._calls:
            each.overtaken = not stop

    def _agent_turn_ended(self, event: AgentTurnEnded) -> None:
        if event.interrupted:
            self._silenced = self._bus.clock()

    def _called(self, event: ToolCalled) -> None:
        """ "Stop", where nothing was being said that it would have stopped."""
        if event.call.name != "stop" or not self._calls:
            return
        if self._bus.clock() - self._silenced >= _STOPPED_LATELY and (ended := self.cancel()):
            self._bus.publish(Notice(text=f"{spoken_list(ended)}: cancelled", key="adapters"))


def _look_at_exception(task: asyncio.Task[Any]) -> None:
    """So that asyncio does not complain about that of a call which nobody waits for any more."""
    if not task.cancelled():
        task.exception()


def _result(call: _Call) -> ToolReply:
    """Raises `ToolError`, or `CancelledError` where it was cancelled."""
    if call.given_up:
        raise took_too_long(call.tool, call.limit)
    return call.task.result()
