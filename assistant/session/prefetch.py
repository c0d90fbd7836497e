"""Prefetch: what can be rendered before it is needed, most urgent first."""

from __future__ import annotations

from collections.abc import Callable

from assistant.brain.scripted import fill, variants
from assistant.frames import PrefetchLine
from assistant.personas.loading import Persona

_OWN_FIRST = 8
"""Lines of the persona in charge (its openers) that come before the others' introductions."""
_OWN_NEXT = 60
"""… and those after which the others' openers come."""


def lines_to_prefetch(
    ours: Persona, everyone: list[Persona], known_lines: Callable[[Persona], list[str]]
) -> list[PrefetchLine]:
    """Everything the persona in charge may say, and how each other one would begin.

    A re-introduction of everyone comes early, their further variants late, so that within the first
    minute any change of persona sounds at once.
    """
    own = [PrefetchLine(text, ours.voice.spec()) for text in known_lines(ours)]
    others = [p for p in everyone if p.slug != ours.slug]
    introductions = [_filled(p, p.openings("reintroductions", again=True)) for p in others]
    first = [lines[0] for lines in introductions if lines]
    later = [line for lines in introductions for line in lines[1:]]
    openers = [line for p in others for line in _filled(p, variants(p, "openers"))]
    return own[:_OWN_FIRST] + first + own[_OWN_FIRST:_OWN_NEXT] + openers + own[_OWN_NEXT:] + later


def _filled(persona: Persona, templates: list[str]) -> list[PrefetchLine]:
    texts = (fill(template, persona, {}) for template in templates)
    return [PrefetchLine(text, persona.voice.spec()) for text in texts if text]
