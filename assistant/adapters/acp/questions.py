"""What the user is asked about the work of a coding agent: nobody is asked twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.adapters.acp.job import SHOWN, Answer, Chips, Job, Reports
from assistant.adapters.acp.telling import aloud, cut
from assistant.calls.parser import ToolCall
from assistant.tools.registry import ToolRegistry

if TYPE_CHECKING:
    from acp.schema import PermissionOption, ToolCallUpdate

ASKED = 120
"""Characters of what it wants to do that are read aloud."""


class Questions:
    """About the work of one agent."""

    def __init__(self, called: str, registry: ToolRegistry, reports: Reports, chips: Chips) -> None:
        """`called`: what a person calls it."""
        self._called = called
        self._registry = registry
        self._reports = reports
        self._chips = chips
        self._always: set[str] = set()
        """Of what is done for it, what the user allowed until the program ends."""

    async def permission(
        self, job: Job, tool_call: ToolCallUpdate, options: Sequence[PermissionOption]
    ) -> str | None:
        """The id of the option that the user chose; None where none fits the answer."""
        step = self._chips.step(job, tool_call)
        offered = {each.kind: each.option_id for each in reversed(options)}
        call = self._chips.call(step.kind, what=step.title, **step.details)
        answer = await self._may(job, call, step.title, always="allow_always" in offered)
        step.granted = frozenset(step.touches if answer != "no" else ())
        return _option(answer, offered)

    async def may_write(self, job: Job, path: Path, name: str) -> bool:
        """Whether we write this file; `name`: its path in the agent's folder."""
        shown = str(path)
        return await self._may_do(
            job, "write_file", {"path": shown}, f"write {name}", {shown, name}
        )

    async def may_run(self, job: Job, command: str) -> bool:
        """Whether we run this command."""
        line = self._chips.line(command, SHOWN)
        return await self._may_do(job, "run_command", {"command": line}, f"run {line}", {command})

    async def _may_do(
        self, job: Job, what: str, arguments: dict[str, str], words: str, same: set[str]
    ) -> bool:
        """Whether we do this for it: where the user allowed it already, or allows it now."""
        if self._covered(job, what, same):
            return True
        call = self._chips.call(what, **arguments)
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
        job.question = f"May {self._called} do this: {cut(aloud(words), ASKED)}? Say {choice}."
        try:
            return await self._reports.may(call, job.question)
        finally:
            job.question = ""


def _option(answer: Answer, offered: dict[str, str]) -> str | None:
    """The option that comes closest to the answer; never one that allows what was refused."""
    wanted = {
        "yes": ("allow_once",),
        "always": ("allow_always", "allow_once"),
        "no": ("reject_once", "reject_always"),
    }[answer]
    return next((offered[kind] for kind in wanted if kind in offered), None)
