"""The tools a session has, and the `@tool` that makes one of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from assistant.calls.parser import Origin, ToolCall
from assistant.frames import SpokenNames
from assistant.tools.schema import Signature, did_you_mean

# Results of tools, and what the built-in ones may do.

Permission = Literal["always", "ask", "never"]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call. An error is a result too: `ok` False and `content` says what and why."""

    call: ToolCall
    ok: bool
    content: str
    """For the model and the activity log."""
    spoken: str | None = None
    """What to say instead of asking the brain; None leaves it to the brain, "" is silence."""
    seconds: float = 0.0
    brief: str = ""
    """What to say of it where no model sums it up; empty: all of it."""
    prompt: str = ""
    """What whoever answers is asked in place of the user's words, which named it."""


class SessionControls(Protocol):
    """What the built-in tools may do to a session. See `session.audio_controls`."""

    def spoken_names(self) -> list[SpokenNames]:
        """The personas' slugs, display names and everything else they may be called, in the order
        of the picker."""

    async def change_persona(self, slug: str) -> None:
        """Switch; the re-introduction is spoken by the session itself."""

    def current_persona(self) -> str:
        """Slug."""

    def set_volume(self, volume: float) -> float:
        """0…1; returns what it is now."""

    def volume(self) -> float: ...

    def set_speech_rate(self, rate: float) -> float:
        """0.5…2.0, times the voice's own; returns what it is now."""

    def speech_rate(self) -> float: ...

    def last_answer(self) -> str:
        """The last thing the assistant said in full; "" where it has said nothing."""

    def interrupt(self) -> None:
        """Stop speaking."""

    def set_muted(self, muted: bool) -> None: ...


DEFAULT_TIMEOUT = 10.0
"""Seconds a tool may take where it does not say."""


@dataclass(frozen=True, slots=True)
class ToolReply:
    """What a tool returns where a `str` does not say enough."""

    content: str
    """Facts, for the model and the activity log."""
    spoken: str | None = None
    """What to say; None leaves it to the brain or the persona's own line, "" is silence."""
    brief: str = ""
    """See `ToolResult`."""
    prompt: str = ""
    """See `ToolResult`."""


class ToolError(Exception):
    """A tool could not do what was asked, and this is why: an answer, not a fault.

    `spoken` as in `ToolReply`.
    """

    def __init__(self, content: str, spoken: str | None = None) -> None:
        super().__init__(content)
        self.content = content
        self.spoken = spoken


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model, a spoken intent or a key may call, by name and with JSON."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON schema of an object."""
    function: Callable[..., Any]
    """Plain or async; returns `str`, `ToolReply`, or anything JSON can carry."""
    check: Callable[[Mapping[str, Any]], dict[str, Any]]
    """Raw arguments → keyword arguments of `function`; raises `ArgumentError`."""
    permission: Permission = "always"
    timeout: float = DEFAULT_TIMEOUT
    """Seconds."""
    destroys: bool = False
    """What it does cannot be undone: a model that wants it has to have the user's consent."""
    offered: bool = True
    """A model is told of it. One that is not is run by the user's own words: each schema costs a
    small model attention and time."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself, unchecked."""
        return self.function(*args, **kwargs)

    def schema(self) -> dict[str, Any]:
        """OpenAI function style."""
        return {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
        }


def tool(
    *,
    permission: Permission = "always",
    timeout: float = DEFAULT_TIMEOUT,
    name: str | None = None,
    destroys: bool = False,
    offered: bool = True,
) -> Callable[[Callable[..., Any]], Tool]:
    """Make a `Tool` of a function (plain ones run in a thread).

    Name, description and schema come from the function's name, docstring and signature. Raises
    `TypeError` where a parameter has no type, `ValueError` where there is no description.
    """

    def make(function: Callable[..., Any]) -> Tool:
        signature = Signature(function)
        title = name or str(getattr(function, "__name__", "tool"))
        if not signature.description:
            raise ValueError(f"tool {title} needs a docstring: it is all that a model knows of it")
        return Tool(
            name=title,
            description=signature.description,
            parameters=signature.schema,
            function=function,
            check=signature.check,
            permission=permission,
            timeout=timeout,
            destroys=destroys,
            offered=offered,
        )

    return make


class ToolRegistry:
    """Tools by name, with the user's own permissions over the tools' own."""

    def __init__(
        self, tools: Iterable[Tool] = (), permissions: Mapping[str, Permission] | None = None
    ) -> None:
        self._tools: dict[str, Tool] = {}
        self._permissions = dict(permissions or {})
        for each in tools:
            self.add(each)

    def add(self, new: Tool) -> None:
        """Raises `ValueError` where the name is taken."""
        if new.name in self._tools:
            raise ValueError(f"there is already a tool {new.name!r}")
        self._tools[new.name] = new

    def remove(self, name: str) -> None:
        """It is there no longer; nothing where it was not."""
        self._tools.pop(name, None)

    def allow(self, name: str, permission: Permission) -> None:
        """The user wants it so from now on."""
        self._permissions[name] = permission

    def allowed(self, name: str) -> Permission | None:
        """What the user has set for it, whether or not there is such a tool; None: nothing."""
        return self._permissions.get(name)

    def get(self, name: str) -> Tool:
        """Raises `KeyError` with the nearest name."""
        try:
            return self._tools[name]
        except KeyError:
            raise KeyError(f"there is no tool {name!r}{did_you_mean(name, self._tools)}") from None

    def permission(self, name: str, origin: Origin = "speech") -> Permission:
        """What the user's settings allow, else what the tool itself asks for. One that destroys
        asks where it was a model's idea: its words may come from a page, a memory or a mistake."""
        tool = self.get(name)
        if name in self._permissions:
            return self._permissions[name]
        if tool.destroys and origin == "model" and tool.permission == "always":
            return "ask"
        return tool.permission

    def schemas(self) -> list[dict[str, Any]]:
        """Those a model is told of: a tool that is never allowed is not offered."""
        told = (each for each in self if each.offered)
        return [each.schema() for each in told if self.permission(each.name) != "never"]

    def unknown_permissions(self) -> list[str]:
        """Names the user set a permission for that no tool has: likely misspelt."""
        return [name for name in self._permissions if name not in self._tools]

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)
