"""Changing who speaks."""

from __future__ import annotations

from assistant.frames import SpokenNames
from assistant.language.spoken_names import NameIndex, words
from assistant.tools.base import SessionControls
from assistant.tools.registry import Tool, ToolError, ToolReply, tool

NEAR = 0.8
"""Score from which a name that is not exact is taken for the persona it resembles most."""


def persona_tools(controls: SessionControls) -> list[Tool]:
    """`change_theme` and `list_themes`, bound to one session."""

    @tool()
    async def change_theme(persona_name: str) -> ToolReply:
        """Change who you are: your name, voice, manner and colours.

        Args:
            persona_name: Name of the persona, or "next" or "previous".
        """
        known = controls.spoken_names()
        current = controls.current_persona()
        slug = _neighbour(known, current, persona_name) or _find(known, persona_name)
        if slug is None:
            choices = ", ".join(entry.name for entry in known)
            raise ToolError(f"There is no persona called {persona_name!r}. There are: {choices}.")
        name = next(entry.name for entry in known if entry.slug == slug)
        if slug == current:
            return ToolReply(f"{name} is already here.")
        await controls.change_persona(slug)
        return ToolReply(f"changed to {name}", spoken="")

    @tool()
    async def list_themes() -> str:
        """List the personas you can change to."""
        current = controls.current_persona()
        return ", ".join(
            f"{entry.name} (speaking now)" if entry.slug == current else entry.name
            for entry in controls.spoken_names()
        )

    return [change_theme, list_themes]


def _neighbour(known: list[SpokenNames], current: str, word: str) -> str | None:
    """The persona after or before the current one, around the end."""
    step = {"next": 1, "previous": -1}.get(word.strip().lower())
    slugs = [entry.slug for entry in known]
    if step is None or not slugs:
        return None
    place = slugs.index(current) if current in slugs else -1 if step == 1 else 0
    return slugs[(place + step) % len(slugs)]


def _find(known: list[SpokenNames], name: str) -> str | None:
    """The persona of this name, alias or slug; else the nearest, if it is near."""
    phrase = words(name.replace("_", " "))
    if not phrase:
        return None
    index = NameIndex(known)
    exact = index.exact(phrase)
    if exact is not None:
        return exact.slug
    best = max(index.ranked(phrase), key=lambda match: match.score, default=None)
    return best.slug if best is not None and best.score >= NEAR else None
