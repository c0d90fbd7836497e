"""The palette: every action that has a key, and every persona."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

if TYPE_CHECKING:
    from assistant.ui.app import DashboardApp

_NOT_OFFERED = ("palette", "break")
"""Ids of actions that mean nothing inside the palette."""


class _Offer(NamedTuple):
    name: str
    help: str
    run: IgnoreReturnCallbackType


class AssistantCommands(Provider):
    """Actions with their keys, and "Talk with …" for each persona."""

    async def discover(self) -> Hits:
        for offer in self._offers():
            yield DiscoveryHit(offer.name, offer.run, offer.name, offer.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for offer in self._offers():
            score = matcher.match(offer.name)
            if score > 0:
                yield Hit(score, matcher.highlight(offer.name), offer.run, offer.name, offer.help)

    def _offers(self) -> Iterator[_Offer]:
        app = cast("DashboardApp", self.app)
        for persona in app.session.personas():
            yield _Offer(
                f"Talk with {persona.name}",
                persona.summary,
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
