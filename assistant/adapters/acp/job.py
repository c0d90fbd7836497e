"""One request to a coding agent: what has become of it, and how that is shown.

All that an agent writes is data: it is shown and quoted, and never looked through for calls.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from assistant.adapters.acp.telling import cut
from assistant.adapters.tools import tool_name
from assistant.calls.parser import ToolCall
from assistant.tools.registry import ToolResult

if TYPE_CHECKING:
    from acp.schema import ToolCallUpdate

Answer = Literal["yes", "no", "always"]
MOST_CHIPS = 60
"""Of one request: an agent may do thousands of things."""
LONGEST_ANSWER = 20_000
"""Characters of an agent's answer that are shown, its end."""
SHOWN = 2_000
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


class Chips:
    """What one agent does becomes chips."""

    def __init__(self, name: str, reports: Reports, clean: Callable[[str], str]) -> None:
        """`clean`: what came from it, without what must be told nowhere."""
        self._name = name
        self._reports = reports
        self._clean = clean

    def answered(self, job: Job, text: str, *, ok: bool) -> None:
        """It is done with it: all of what it wrote, or what went wrong."""
        call = self.call("answer", request=job.request)
        seconds = time.monotonic() - job.began
        self._reports.finished(ToolResult(call, ok=ok, content=text, seconds=seconds))

    def update(self, job: Job, update: Any) -> None:
        """What it tells of its work (one of the protocol's session updates)."""
        match update.session_update:
            case "agent_message_chunk":
                room = LONGEST_ANSWER - len(job.texts[-1])
                if room > 0 and update.content.type == "text":
                    # Cleaned once it is whole: what acts on a terminal may come in two pieces.
                    job.texts[-1] += update.content.text[:room]
            case "tool_call" | "tool_call_update":
                self.step(job, update)
            case "plan":
                self._plan(job, update.entries)

    def step(self, job: Job, update: Any) -> Step:
        """The step that this tells of, as it is now."""
        step = job.steps.get(update.tool_call_id)
        if step is None:
            self._part(job)
            step = job.steps[update.tool_call_id] = Step(began=time.monotonic())
        title = self.line(update.title or "")
        step.title = title or step.title or str(update.kind or step.kind)
        step.kind = str(update.kind or step.kind)
        step.status = str(update.status or step.status)
        step.touches |= _touched(update)
        step.details |= self._details(update)
        over = step.status in ("completed", "failed")
        if not step.announced and job.chips < MOST_CHIPS:
            step.announced = True
            self._reports.called(self.call(step.kind, what=step.title))
        if over and not step.told:
            step.told = True
            call = self.call(step.kind, what=step.title)
            ok, seconds = step.status == "completed", time.monotonic() - step.began
            self._shown(job, ToolResult(call, ok=ok, content=step.title, seconds=seconds))
        return step

    def call(self, kind: str, **arguments: str) -> ToolCall:
        """What it does, as a call of a tool."""
        return ToolCall(tool_name(self._name, kind), arguments, origin="agent")

    def _part(self, job: Job) -> None:
        """It goes on to do something: what it wrote so far was by the way."""
        job.texts[-1] = self._clean(job.texts[-1])
        if job.texts[-1].strip():
            said = job.texts[-1].strip()
            self._shown(job, ToolResult(self.call("says"), ok=True, content=said))
            job.texts.append("")

    def _plan(self, job: Job, entries: Sequence[Any]) -> None:
        before = next((text for text, status in job.plan if status == "in_progress"), None)
        job.plan = [(self.line(each.content), str(each.status)) for each in entries]
        for at, (text, status) in enumerate(job.plan, start=1):
            if status == "in_progress" and text != before:
                now = f"{at} of {len(job.plan)}, {text}"
                self._shown(job, ToolResult(self.call("plan"), ok=True, content=now))
                return

    def _shown(self, job: Job, result: ToolResult) -> None:
        job.chips += 1
        if job.chips <= MOST_CHIPS:
            self._reports.finished(result)

    def _details(self, update: ToolCallUpdate) -> dict[str, str]:
        """What a question on the screen shows, to the letter."""
        shown = {}
        if update.locations:
            shown["where"] = ", ".join(self.line(each.path, 200) for each in update.locations[:5])
        if update.raw_input is not None:
            shown["arguments"] = self.line(json.dumps(update.raw_input, default=str), SHOWN)
        return shown

    def line(self, text: str, longest: int = 160) -> str:
        """What came from it, in one line of at most so many characters."""
        return cut(" ".join(self._clean(text).split()), longest)


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
