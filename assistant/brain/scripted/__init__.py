"""The scripted persona: a small engine that answers where no language model is at hand."""

from assistant.brain.scripted.engine import ScriptedBrain
from assistant.brain.scripted.lines import fill, known_lines, variants
from assistant.brain.scripted.understanding import Understood, prepare, understand, understand_for

__all__ = [
    "ScriptedBrain",
    "Understood",
    "fill",
    "known_lines",
    "prepare",
    "understand",
    "understand_for",
    "variants",
]
