"""What a coding agent is asked in words, and what is told of its work.

Its requests are worked on one after another, beside the conversation: what the agent does becomes
chips, what it asks is asked aloud, and at the end the user is told in a sentence or two.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.adapters.acp.agent import AcpAgent
from assistant.adapters.acp.job import Chips, Job, Reports
from assistant.adapters.acp.questions import Questions
from assistant.adapters.acp.telling import ago, aloud, capital, ended, sentence, told_of
from assistant.adapters.acp.tools import make_tools
from assistant.adapters.launching import AdapterError
from assistant.adapters.tools import tool_name
from assistant.config.schema import AdapterConfig
from assistant.language.command_patterns import SpokenCommand
from assistant.skills.agent_phrases import AgentPhrases
from assistant.tools.registry import Tool, ToolError, ToolRegistry, ToolReply

if TYPE_CHECKING:
    from acp.schema import PermissionOption, ToolCallUpdate

log = logging.getLogger(__name__)

MOST_WAITING = 5
"""Requests that wait for the one that is worked on."""


class AgentJobs:
    """One agent: its requests one after another, its tools in the registry, its name in what is
    said."""

    def __init__(
        self, name: str, config: AdapterConfig, registry: ToolRegistry, reports: Reports
    ) -> None:
        self.name = name
        self.called = next(iter(config.spoken), name)
        """What a person calls it."""
        self.agent = AcpAgent(name, config, self)
        self._reports = reports
        self._chips = Chips(name, reports, self.agent.clean)
        self._questions = Questions(self.called, registry, reports, self._chips)
        self._tools = make_tools(
            name, self.called, ask=self._ask, state=self._state, stop=self._stop
        )
        self._phrases = AgentPhrases([*config.spoken, name], config.spoken)
        self._waiting: list[Job] = []
        self._job: Job | None = None
        self._last = ""
        """What was told of the last request."""
        self._run: asyncio.Task[None] | None = None

    # -- in the registry -------------------------------------------------------------------------

    @property
    def tools(self) -> list[Tool]:
        """To ask it, to hear of its work, to stop it."""
        return self._tools

    def owns(self, tool: str) -> bool:
        """Whether this is a tool of its, or what it does."""
        return tool.startswith(tool_name(self.name, "")) or tool in {t.name for t in self.tools}

    def spoken_intent(self, text: str) -> SpokenCommand | None:
        """What these words want of it."""
        asked = self._phrases.read(text, busy=self._job is not None)
        if asked is None:
            return None
        what, request = asked
        ask, state, stop = (each.name for each in self.tools)
        if what == "ask":
            return SpokenCommand(ask, {"request": request})
        return SpokenCommand(state if what == "state" else stop)

    async def close(self) -> None:
        """End it, and what it works on."""
        self._waiting.clear()
        run, self._run = self._run, None
        if run is not None:
            run.cancel()
        await self.agent.close()
        if run is not None:
            await asyncio.wait({run}, timeout=1.0)

    def _ask(self, request: str) -> ToolReply:
        request = request.strip()
        if not request:
            raise ToolError("there is no request", f"What shall I ask {self.called}?")
        try:
            self.agent.check()
        except AdapterError as error:
            raise ToolError(f"{error.message}. {error.remedy}", sentence(error.message)) from None
        if len(self._waiting) >= MOST_WAITING:
            said = f"{capital(self.called)} has {MOST_WAITING} more requests to work on already."
            raise ToolError(said, said)
        busy = self._job is not None or bool(self._waiting)
        self._waiting.append(Job(request))
        if self._run is None or self._run.done():
            self._run = asyncio.create_task(self._work(), name=f"work of {self.name}")
        later = "the user is told when it is done; do not guess at what comes of it"
        if busy:
            brief = f"{capital(self.called)} is still at something else. It does that afterwards."
            return ToolReply(
                f"{self.name} does it after what it works on now; {later}", None, brief
            )
        return ToolReply(
            f"{self.name} has begun; {later}", brief=f"I have asked {self.called}. I will tell you."
        )

    def _state(self) -> str:
        job = self._job
        who = capital(self.called)
        if job is None:
            last = f" The last time: {self._last}" if self._last else ""
            return f"{who} is doing nothing just now.{last}"
        if job.question:
            return f"{who} waits for your answer."  # the question is asked again at a pause
        doing = job.doing
        told = [f"{who} is at this: {ended(aloud(doing))}" if doing else f"{who} is thinking."]
        if job.plan:
            done = sum(status == "completed" for _, status in job.plan)
            told.append(f"{done} of {len(job.plan)} steps are done.")
        told.append(f"It began {ago(time.monotonic() - job.began)}.")
        if self._waiting:
            told.append(f"{len(self._waiting)} more to do after that.")
        return " ".join(told)

    async def _stop(self) -> str:
        self._waiting.clear()
        if self._job is None:
            return f"{capital(self.called)} is doing nothing just now."
        self._job.question = ""
        await self.agent.cancel()
        return f"I stop {self.called}."

    # -- the work --------------------------------------------------------------------------------

    async def _work(self) -> None:
        while self._waiting:
            self._job = job = self._waiting.pop(0)
            job.began = time.monotonic()
            try:
                stopped = await self.agent.prompt(job.request)
                self._done(job, stopped)
            except AdapterError as error:
                self._failed(job, error)
            except Exception as error:
                log.exception("%s: while it worked", self.name)
                self._failed(job, AdapterError(f"{self.name} failed: {type(error).__name__}"))
            finally:
                self._job = None

    def _done(self, job: Job, stopped: str) -> None:
        job.texts = [self.agent.clean(each) for each in job.texts]
        who = capital(self.called)
        said = told_of(job.last_words)
        said = f"It says: {said}" if said else ""
        told = {
            "cancelled": f"{who} has stopped.",
            "refusal": f"{who} does not want to do that. {said}",
            "max_tokens": f"{who} came to the limit of its model before it was done. {said}",
            "max_turn_requests": f"{who} did all that it may do at once, and is not done. {said}",
        }.get(stopped, f"{who} is done. {said}")
        self._last = told = told.strip()
        self._chips.answered(job, job.answer or told, ok=stopped == "end_turn")
        if stopped != "cancelled":
            self._reports.tell(told)

    def _failed(self, job: Job, error: AdapterError) -> None:
        self._last = sentence(error.message)
        job.texts = [self.agent.clean(each) for each in job.texts]
        text = f"{error.message}. {error.remedy}".strip()
        whole = f"{text}\n\n{job.answer}" if job.answer else text
        self._chips.answered(job, whole, ok=False)
        self._reports.tell(self._last)

    # -- what the agent tells and asks: `AgentObserver` ------------------------------------------

    def update(self, update: Any) -> None:
        if self._job is not None:
            self._chips.update(self._job, update)

    async def permission(
        self, tool_call: ToolCallUpdate, options: Sequence[PermissionOption]
    ) -> str | None:
        if self._job is None:
            return None
        return await self._questions.permission(self._job, tool_call, options)

    async def may_write(self, path: Path) -> bool:
        if self._job is None:
            return False
        name = str(path.relative_to(self.agent.folder.resolve()))
        return await self._questions.may_write(self._job, path, name)

    async def may_run(self, command: str) -> bool:
        return self._job is not None and await self._questions.may_run(self._job, command)
