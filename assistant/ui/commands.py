"""The palette: every action that has a key, and every persona."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple, Protocol, cast

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher
from textual.types import IgnoreReturnCallbackType

from assistant.session.frontend import SessionFrontend
from assistant.ui.fitting import one_line

_NOT_OFFERED = ("palette", "break")
"""Ids of actions that mean nothing inside the palette."""


class Offering(Protocol):
    """The app whose palette this is."""

    @property
    def session(self) -> SessionFrontend: ...

    def choose_persona(self, slug: str) -> None: ...

    def bindings_in_force(self) -> Sequence[tuple[str, Binding]]: ...

    def get_key_display(self, binding: Binding) -> str: ...

    async def run_action(self, action: str) -> bool: ...


class _Offer(NamedTuple):
    name: str
    help: str
    run: IgnoreReturnCallbackType


class AssistantCommands(Provider):
    """Actions with their keys, and "Talk with …" for each persona."""

    async def discover(self) -> Hits:
        for offer in self._offers():
            yield DiscoveryHit(Content(offer.name), offer.run, offer.name, _literally(offer.help))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for offer in self._offers():
            score = matcher.match(offer.name)
            if score > 0:
                shown = _highlighted(matcher, offer.name)
                yield Hit(score, shown, offer.run, offer.name, _literally(offer.help))

    def _offers(self) -> Iterator[_Offer]:
        app = cast("Offering", self.app)
        for persona in app.session.personas():
            yield _Offer(
                f"Talk with {one_line(persona.name)}",
                one_line(persona.summary),
                partial(app.choose_persona, persona.slug),
            )
        seen: set[str] = set()
        for _, binding in app.bindings_in_force():
            if binding.id in seen or not binding.id or binding.id in _NOT_OFFERED:
                continue
            seen.add(binding.id)
            if binding.id.startswith("persona.") and binding.id[-1].isdigit():
                continue
            yield _Offer(
                f"{binding.description} ({app.get_key_display(binding)})",
                binding.tooltip,
                partial(app.run_action, binding.action),
            )


def _highlighted(matcher: Matcher, name: str) -> Content:
    """As `Matcher.highlight`, which reads markup in the name."""
    content = Content(name)
    _, offsets = matcher.fuzzy_search.match(matcher.query, name)
    for offset in offsets:
        if not name[offset].isspace():
            content = content.stylize(matcher.match_style, offset, offset + 1)
    return content


def _literally(text: str) -> str:
    """The palette reads markup in a help text, but takes content as it is; no way of escaping
    markup gives every text back."""
    return cast("str", Content(text))
