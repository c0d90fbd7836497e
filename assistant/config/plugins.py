"""What the settings may name: what comes with the program, and what plugins bring.

A plugin is an installed distribution with an entry point in a group of ours. Reading entry points
takes tens of milliseconds: it is done once, and not before something is wanted that is not ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

from assistant.errors import AssistantError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class PluginRegistry(Generic[T]):
    """Things of one kind by name; a plugin's is its entry point's name.

    `accept` checks what a plugin's entry point names: returns it, or raises `TypeError` with what
    it should be. `error`: what is raised where something is wrong. `reserved`: names that no
    plugin may take, because the settings mean something by them. `remedies`: what to do where a
    plugin that we know of is missing, by its name.
    """

    def __init__(
        self,
        group: str,
        kind: str,
        built_in: Mapping[str, T],
        accept: Callable[[object], T],
        *,
        error: type[AssistantError] = AssistantError,
        reserved: tuple[str, ...] = (),
        remedies: Mapping[str, str] | None = None,
    ) -> None:
        self._group = group
        self._kind = kind
        self._built_in = built_in
        self._accept = accept
        self._error = error
        self._reserved = reserved
        self._remedies = remedies or {}

    def get(self, name: str) -> T:
        """Raises `error` where there is none of that name, or its plugin is broken."""
        if name in self._built_in:
            return self._built_in[name]
        for point in _installed()[0].get(self._group, ()):
            if point.name == name:
                return self._load(point)
        names = [*self._reserved, *self._built_in, *self._remedies, *plugin_names(self._group)]
        remedy = self._remedies.get(name) or f"choose one of {', '.join(dict.fromkeys(names))}"
        raise self._error(f"there is no {self._kind} called “{name}”", remedy)

    def plugins(self) -> tuple[dict[str, T], list[AssistantError]]:
        """Every plugin's, loaded; and what is wrong with the others."""
        points, unread = _installed()
        loaded: dict[str, T] = {}
        problems = list(unread)
        for point in points.get(self._group, ()):
            try:
                if point.name in (*self._reserved, *self._built_in, *loaded):
                    raise self._problem(point, "the name is taken")
                loaded[point.name] = self._load(point)
            except AssistantError as error:
                problems.append(error)
        return loaded, problems

    def named(self, name: str) -> str:
        """ "tool “tea” of assistant-tea": what a plugin brings, and which."""
        return f"{self._kind} “{name}” of {self._maker_of(name)}"

    def usable(self) -> list[str]:
        """All that plugins bring and that can be used, as `named` says it."""
        return [self.named(name) for name in self.plugins()[0]]

    @contextmanager
    def faults(self, name: str) -> Iterator[None]:
        """Whatever a plugin raises inside becomes an `error`; what ours raise stays as it is."""
        try:
            yield
        except self._error:
            raise
        except Exception as error:
            if name in self._built_in:
                raise
            maker = self._maker_of(name)
            raise self._error(
                f"the {self._kind} “{name}” of the plugin {maker} failed:"
                f" {type(error).__name__}: {error}",
                f"Update that plugin, remove it (pip uninstall {maker}), or choose another"
                f" {self._kind}.",
            ) from error

    def _maker_of(self, name: str) -> str:
        points = _installed()[0].get(self._group, ())
        return next((_maker(point) for point in points if point.name == name), "this program")

    def _load(self, point: EntryPoint) -> T:
        try:
            return self._accept(point.load())
        except (Exception, SystemExit) as error:  # whatever a stranger's module does at import
            raise self._problem(point, f"{type(error).__name__}: {error}") from error

    def _problem(self, point: EntryPoint, why: str) -> AssistantError:
        maker = _maker(point)
        return self._error(
            f"the {self._kind} “{point.name}” of the plugin {maker} cannot be used: {why}",
            f"Update the plugin, or remove it: pip uninstall {maker}",
        )


def plugin_names(group: str) -> list[str]:
    """Of all that plugins bring, whether it can be used or not."""
    return [point.name for point in _installed()[0].get(group, ())]


@cache
def _installed() -> tuple[Mapping[str, list[EntryPoint]], tuple[AssistantError, ...]]:
    """The entry points of each group of ours, each once, and what could not be read."""
    from importlib.metadata import distributions

    points: dict[tuple[str, str, str], EntryPoint] = {}
    unread = []
    for distribution in distributions():
        try:
            for point in distribution.entry_points:
                if point.group.startswith("assistant."):
                    points.setdefault((point.group, point.name, point.value), point)
        except Exception as error:  # a file that somebody else wrote, and not well
            place = getattr(distribution, "_path", "a package")
            told = f"the entry points of {place} cannot be read: {error}"
            unread.append(AssistantError(told, "Install that package again, or remove it."))
    groups: dict[str, list[EntryPoint]] = {}
    for point in points.values():
        groups.setdefault(point.group, []).append(point)
    return groups, tuple(unread)


def _maker(point: EntryPoint) -> str:
    """Name of the distribution, as pip knows it."""
    try:
        return str(point.dist.name) if point.dist else point.module
    except Exception:  # without metadata
        return point.module
