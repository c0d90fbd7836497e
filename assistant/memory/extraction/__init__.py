"""Extraction: what of a conversation becomes a memory, by rules, or by a language model that the
rules check.
"""

from __future__ import annotations

from assistant.memory.extraction.candidates import Judge


def the_rules() -> Judge:
    """New `rules.Rules`, loaded only now: their grammar takes a tenth of a second, which the start
    of the program does not have."""
    from assistant.memory.extraction.rules import Rules

    return Rules()
