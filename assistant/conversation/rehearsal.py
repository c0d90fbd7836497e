"""What can be rendered before it is needed, most urgent first."""

from __future__ import annotations

from collections.abc import Callable

from assistant.brain.scripted import fill
from assistant.frames import Line
from assistant.personas import Persona

_OWN_FIRST = 20
"""Lines of the persona in charge that come before the others' introductions."""


def lines_to_rehearse(
    ours: Persona, everyone: list[Persona], known_lines: Callable[[Persona], list[str]]
) -> list[Line]:
    """Everything the persona in charge may say, and how each other one would introduce itself.

    A re-introduction of everyone comes early, their further variants later, so that within the
    first minutes any change of persona sounds at once.
    """
    own = [Line(text, ours.voice.spec()) for text in known_lines(ours)]
    others = [p for p in everyone if p.slug != ours.slug]
    variants = max((len(p.reintroductions) for p in others), default=0)
    introductions = [
        [
            Line(text, p.voice.spec())
            for p in others
            if variant < len(p.reintroductions)
            and (text := fill(p.reintroductions[variant], p, {}))
        ]
        for variant in range(variants)
    ]
    first = introductions[0] if introductions else []
    rest = [line for lines in introductions[1:] for line in lines]
    return own[:_OWN_FIRST] + first + own[_OWN_FIRST:] + rest
