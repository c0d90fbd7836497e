"""What the user told in this conversation and no file holds, and how that is said aloud.

Nothing is acknowledged as remembered before it is on disk; what cannot be written is known as long
as the conversation lasts, and the user is told so. No name of a file is ever spoken.
"""

from __future__ import annotations

from assistant.memory.base import MemoryFailure

ONLY_NOW = "so I know it only while we talk"
PRIVATE = f"This conversation is private, {ONLY_NOW}."
SWITCHED_OFF = f"Memory is switched off, {ONLY_NOW}."
NOT_MADE_OUT = f"I could not make a note of that, {ONLY_NOW}."


def not_written(failure: MemoryFailure) -> str:
    """ "I cannot write it down: the disk is full. I know it only while we talk." """
    return f"I cannot write it down: {failure.spoken.rstrip('.')}. I know it only while we talk."


def for_now(fact: str, why: str) -> str:
    """A fact, said to "you", and why it is not kept for longer."""
    return f"For this conversation I will remember that {fact.rstrip('.')}. {why}"
