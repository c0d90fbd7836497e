"""What a coding agent is asked in words, and what is told of its work.

A request is worked on beside the conversation: what the agent does becomes chips, what it asks is
asked aloud, and at the end the user is told in a sentence or two. All that an agent writes is data:
it is shown and quoted, and never looked through for calls.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from assistant.adapters.acp_agent import AcpAgent
from assistant.adapters.connection import AdapterError
from assistant.adapters.tools import tool_name
from assistant.calls.parser import ToolCall
from assistant.config.schema import AdapterConfig
from assistant.language.command_patterns import SpokenCommand
from assistant.language.summary import passages
from assistant.skills.agent_phrases import AgentPhrases
from assistant.tools.registry import Tool, ToolError, ToolRegistry, ToolReply, ToolResult, tool

if TYPE_CHECKING:
    from acp.schema import PermissionOption, ToolCallUpdate

log = logging.getLogger(__name__)

Answer = Literal["yes", "no", "always"]
MOST_WAITING = 5
"""Requests that wait for the one that is worked on."""
MOST_CHIPS = 60
"""Of one request: an agent may do thousands of things."""
LONGEST_ANSWER = 20_000
"""Characters of an agent's answer that are shown, its end."""
SPOKEN = 300
"""Characters of it that are read aloud."""
ASKED = 120
"""Characters of what it wants to do that are read aloud."""
_SHOWN = 2_000
"""Characters of what it wants to do that are shown with a question."""


class Reports(Protocol):
    """Where the work of an agent is told, and the user asked about it."""

    def called(self, call: ToolCall) -> None:
        """It begins to do this."""

    def finished(self, result: ToolResult) -> None:
        """It has done this."""

    def tell(self, text: str) -> None:
        """Say this at the next pause of the conversation."""

    async def may(self, call: ToolCall, question: str) -> Answer:
        """The user's answer to this question, asked at the next pause; none is a no."""


@dataclass(slots=True)
class Step:
    """One thing that an agent does."""

    title: str = ""
    kind: str = "other"
    status: str = "pending"
    touches: set[str] = field(default_factory=set)
    """Paths and commands of its arguments."""
    details: dict[str, str] = field(default_factory=dict)
    """What of it is shown with a question."""
    granted: frozenset[str] = frozenset()
    """What of it was told when the user allowed it."""
    announced: bool = False
    told: bool = False
    began: float = 0.0


@dataclass(slots=True)
class Job:
    """One request, and what has become of it."""

    request: str
    began: float = field(default_factory=time.monotonic)
    texts: list[str] = field(default_factory=lambda: [""])
    """What it wrote, parted by what it did between."""
    steps: dict[str, Step] = field(default_factory=dict)
    plan: list[tuple[str, str]] = field(default_factory=list)
    """Each entry with its status."""
    question: str = ""
    """What it waits for the user to answer."""
    chips: int = 0

    @property
    def doing(self) -> str:
        """What it does now, as it calls it; "" where it only thinks."""
        for wanted in ("in_progress", "pending"):
            for step in reversed(self.steps.values()):
                if step.status == wanted:
                    return step.title
        return next((text for text, status in self.plan if status == "in_progress"), "")

    @property
    def answer(self) -> str:
        """All that it wrote."""
        return "\n\n".join(each.strip() for each in self.texts if each.strip())[-LONGEST_ANSWER:]

    @property
    def last_words(self) -> str:
        """What it wrote after all that it did."""
        return self.texts[-1].strip() or self.answer


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
        self._registry = registry
        self._reports = reports
        self._tools = self._make_tools()
        self._phrases = AgentPhrases([*config.spoken, name], config.spoken)
        self._waiting: list[Job] = []
        self._job: Job | None = None
        self._last = ""
        """What was told of the last request."""
        self._always: set[str] = set()
        """Of what is done for it, what the user allowed until the program ends."""
        self._run: asyncio.Task[None] | None = None

    # -- in the registry -------------------------------------------------------------------------

    @property
    def tools(self) -> list[Tool]:
        """To ask it, to hear of its work, to stop it."""
        return self._tools

    def _make_tools(self) -> list[Tool]:
        word = re.sub(r"\W+", "_", self.name.casefold())

        async def ask(request: str) -> ToolReply:
            return self._ask(request)

        ask.__doc__ = (
            f"Give {self.called}, a coding agent, a task in the user's project. It works on it"
            " beside the conversation, and the user is told when it is done.\n\n"
            "Args:\n    request: The task, in the user's words."
        )

        async def what() -> ToolReply:
            return ToolReply(self._state())

        what.__doc__ = f"Tell what {self.called} is doing."

        async def stop() -> ToolReply:
            return ToolReply(await self._stop())

        stop.__doc__ = f"Stop what {self.called} is doing."
        # A model's own idea is asked about: an agent changes files.
        return [
            tool(name=f"ask_{word}", destroys=True)(ask),
            tool(name=f"what_{word}_does", offered=False)(what),
            tool(name=f"stop_{word}", offered=False)(stop),
        ]

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
            raise ToolError(f"{error.message}. {error.remedy}", _sentence(error.message)) from None
        if len(self._waiting) >= MOST_WAITING:
            said = f"{_capital(self.called)} has {MOST_WAITING} more requests to work on already."
            raise ToolError(said, said)
        busy = self._job is not None or bool(self._waiting)
        self._waiting.append(Job(request))
        if self._run is None or self._run.done():
            self._run = asyncio.create_task(self._work(), name=f"work of {self.name}")
        later = "the user is told when it is done; do not guess at what comes of it"
        if busy:
            brief = f"{_capital(self.called)} is still at something else. It does that afterwards."
            return ToolReply(
                f"{self.name} does it after what it works on now; {later}", None, brief
            )
        return ToolReply(
            f"{self.name} has begun; {later}", brief=f"I have asked {self.called}. I will tell you."
        )

    def _state(self) -> str:
        job = self._job
        who = _capital(self.called)
        if job is None:
            last = f" The last time: {self._last}" if self._last else ""
            return f"{who} is doing nothing just now.{last}"
        if job.question:
            return f"{who} waits for your answer."  # the question is asked again at a pause
        doing = job.doing
        told = [f"{who} is at this: {_ended(_aloud(doing))}" if doing else f"{who} is thinking."]
        if job.plan:
            done = sum(status == "completed" for _, status in job.plan)
            told.append(f"{done} of {len(job.plan)} steps are done.")
        told.append(f"It began {_ago(time.monotonic() - job.began)}.")
        if self._waiting:
            told.append(f"{len(self._waiting)} more to do after that.")
        return " ".join(told)

    async def _stop(self) -> str:
        self._waiting.clear()
        if self._job is None:
            return f"{_capital(self.called)} is doing nothing just now."
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
        who = _capital(self.called)
        said = told_of(job.last_words)
        said = f"It says: {said}" if said else ""
        told = {
            "cancelled": f"{who} has stopped.",
            "refusal": f"{who} does not want to do that. {said}",
            "max_tokens": f"{who} came to the limit of its model before it was done. {said}",
            "max_turn_requests": f"{who} did all that it may do at once, and is not done. {said}",
        }.get(stopped, f"{who} is done. {said}")
        self._last = told = told.strip()
        self._answered(job, job.answer or told, ok=stopped == "end_turn")
        if stopped != "cancelled":
            self._reports.tell(told)

    def _failed(self, job: Job, error: AdapterError) -> None:
        self._last = _sentence(error.message)
        job.texts = [self.agent.clean(each) for each in job.texts]
        text = f"{error.message}. {error.remedy}".strip()
        whole = f"{text}\n\n{job.answer}" if job.answer else text
        self._answered(job, whole, ok=False)
        self._reports.tell(self._last)

    def _answered(self, job: Job, text: str, *, ok: bool) -> None:
        call = self._call("answer", request=job.request)
        seconds = time.monotonic() - job.began
        self._reports.finished(ToolResult(call, ok=ok, content=text, seconds=seconds))

    def _shown(self, job: Job, result: ToolResult) -> None:
        job.chips += 1
        if job.chips <= MOST_CHIPS:
            self._reports.finished(result)

    # -- what the agent tells and asks: `AgentObserver` ------------------------------------------

    def update(self, update: Any) -> None:
        job = self._job
        if job is None:
            return
        match update.session_update:
            case "agent_message_chunk":
                room = LONGEST_ANSWER - len(job.texts[-1])
                if room > 0 and update.content.type == "text":
                    # Cleaned once it is whole: what acts on a terminal may come in two pieces.
                    job.texts[-1] += update.content.text[:room]
            case "tool_call" | "tool_call_update":
                self._step(job, update)
            case "plan":
                self._plan(job, update.entries)

    def _step(self, job: Job, update: Any) -> Step:
        step = job.steps.get(update.tool_call_id)
        if step is None:
            self._part(job)
            step = job.steps[update.tool_call_id] = Step(began=time.monotonic())
        title = self._line(update.title or "")
        step.title = title or step.title or str(update.kind or step.kind)
        step.kind = str(update.kind or step.kind)
        step.status = str(update.status or step.status)
        step.touches |= _touched(update)
        step.details |= self._details(update)
        over = step.status in ("completed", "failed")
        if not step.announced and job.chips < MOST_CHIPS:
            step.announced = True
            self._reports.called(self._call(step.kind, what=step.title))
        if over and not step.told:
            step.told = True
            call = self._call(step.kind, what=step.title)
            ok, seconds = step.status == "completed", time.monotonic() - step.began
            self._shown(job, ToolResult(call, ok=ok, content=step.title, seconds=seconds))
        return step

    def _call(self, kind: str, **arguments: str) -> ToolCall:
        return ToolCall(tool_name(self.name, kind), arguments)

    def _part(self, job: Job) -> None:
        """It goes on to do something: what it wrote so far was by the way."""
        job.texts[-1] = self.agent.clean(job.texts[-1])
        if job.texts[-1].strip():
            said = job.texts[-1].strip()
            self._shown(job, ToolResult(self._call("says"), ok=True, content=said))
            job.texts.append("")

    def _plan(self, job: Job, entries: Sequence[Any]) -> None:
        before = next((text for text, status in job.plan if status == "in_progress"), None)
        job.plan = [(self._line(each.content), str(each.status)) for each in entries]
        for at, (text, status) in enumerate(job.plan, start=1):
            if status == "in_progress" and text != before:
                now = f"{at} of {len(job.plan)}, {text}"
                self._shown(job, ToolResult(self._call("plan"), ok=True, content=now))
                return

    async def permission(
        self, tool_call: ToolCallUpdate, options: Sequence[PermissionOption]
    ) -> str | None:
        job = self._job
        if job is None:
            return None
        step = self._step(job, tool_call)
        offered = {each.kind: each.option_id for each in reversed(options)}
        call = self._call(step.kind, what=step.title, **step.details)
        answer = await self._may(job, call, step.title, always="allow_always" in offered)
        step.granted = frozenset(step.touches if answer != "no" else ())
        return _option(answer, offered)

    async def may_write(self, path: Path) -> bool:
        shown = str(path)
        name = str(path.relative_to(self.agent.folder.resolve()))
        return await self._may_do("write_file", {"path": shown}, f"write {name}", {shown, name})

    async def may_run(self, command: str) -> bool:
        line = self._line(command, _SHOWN)
        return await self._may_do("run_command", {"command": line}, f"run {line}", {command})

    async def _may_do(
        self, what: str, arguments: dict[str, str], words: str, same: set[str]
    ) -> bool:
        """Whether we do this for it: where the user allowed it already, or allows it now."""
        job = self._job
        if job is None:
            return False
        if self._covered(job, what, same):
            return True
        call = self._call(what, **arguments)
        answer = await self._may(job, call, words, always=True)
        if answer == "always":
            self._always.add(call.name)
        return answer != "no"

    def _covered(self, job: Job, what: str, same: set[str]) -> bool:
        """A step that the user has just allowed is this very thing: nobody is asked twice."""
        kinds = (
            ("execute", "other") if what == "run_command" else ("edit", "move", "delete", "other")
        )
        return any(
            step.granted & same and not step.told and step.kind in (*kinds, "other")
            for step in job.steps.values()
        )  # fmt: skip

    async def _may(self, job: Job, call: ToolCall, words: str, *, always: bool) -> Answer:
        allowed = self._registry.allowed(call.name)
        if allowed == "never":
            return "no"
        if allowed == "always" or call.name in self._always:
            return "always" if always else "yes"
        choice = "yes, no or always" if always else "yes or no"
        job.question = f"May {self.called} do this: {_cut(_aloud(words), ASKED)}? Say {choice}."
        try:
            return await self._reports.may(call, job.question)
        finally:
            job.question = ""

    def _details(self, update: ToolCallUpdate) -> dict[str, str]:
        """What a question on the screen shows, to the letter."""
        shown = {}
        if update.locations:
            shown["where"] = ", ".join(self._line(each.path, 200) for each in update.locations[:5])
        if update.raw_input is not None:
            shown["arguments"] = self._line(json.dumps(update.raw_input, default=str), _SHOWN)
        return shown

    def _line(self, text: str, longest: int = 160) -> str:
        return _cut(" ".join(self.agent.clean(text).split()), longest)


def _option(answer: Answer, offered: dict[str, str]) -> str | None:
    """The option that comes closest to the answer; never one that allows what was refused."""
    wanted = {
        "yes": ("allow_once",),
        "always": ("allow_always", "allow_once"),
        "no": ("reject_once", "reject_always"),
    }[answer]
    return next((offered[kind] for kind in wanted if kind in offered), None)


def _touched(update: Any) -> set[str]:
    """Paths and commands of what it does, as far as it tells them."""
    found = {each.path for each in update.locations or []}
    found |= {each.path for each in update.content or [] if each.type == "diff"}
    given = update.raw_input if isinstance(update.raw_input, dict) else {}
    found |= {each for each in given.values() if isinstance(each, str)}
    command, arguments = given.get("command"), given.get("args", [])
    if isinstance(arguments, list):
        parts = command if isinstance(command, list) else [command]
        found.add(" ".join(str(each) for each in [*parts, *arguments]))
    return found


# What is said of it.

_CALL = re.compile(r"TOOL_CALL\s*:")
_MARKS = re.compile(r"[`*_#|<>{}\[\]\\~]+")


def told_of(text: str) -> str:
    """An agent's message in a sentence or two: the first, and what it asks at the end. Code, tables
    and marks of Markdown are left out, and what looks like a call of a tool."""
    said = [
        " ".join(_MARKS.sub(" ", each.text).split())
        for each in passages(text)
        if not each.title and not _CALL.search(each.text)
    ]
    said = [each for each in said if re.search(r"[^\W\d_]", each)]
    if not said:
        return ""
    chosen = [said[0]]
    if len(said) > 1 and said[-1].endswith("?"):
        chosen.append(said[-1])
    elif len(said) == 2 and sum(map(len, said)) <= SPOKEN:
        chosen = said
    return " ".join(_ended(_cut(each, SPOKEN)) for each in chosen)


def _aloud(text: str) -> str:
    return " ".join(re.sub(r"[`*·]+", " ", text).split())


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest].rsplit(' ', 1)[0]} …"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…", ":")) else f"{text}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return _ended(_capital(text))


def _ago(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "a moment ago"
    return "a minute ago" if minutes == 1 else f"{minutes} minutes ago"
