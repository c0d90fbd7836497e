"""`LMGen`'s ring of tokens, on paper: what stands in it after known frames were forced.

Column p of the ring (modulo its capacity, the largest delay + 2) is the model's input at position
p. A step at position p writes the user's codes there, each codebook as far ahead as it is delayed,
and the text and the agent's codes at p + 1. Where nothing was written stands −2, as upstream has
it; upstream reads initial tokens wherever a position is not past a codebook's delay.
"""

from __future__ import annotations

import numpy as np

from assistant.backends.moshi.contract import Codes, ModelShape
from assistant.backends.moshi.prompts.prompting import PromptPlan

UNKNOWN = -2


def ring_after_prompt(prompt: PromptPlan, shape: ModelShape) -> Codes:
    """`LMGen`'s ring of tokens [1 + codebooks, largest delay + 2] after a prompt's M − 1 steps.

    By then the text and the agent's column of position M − 1 are known, and of the user what was
    given in steps 0 … M − 2.
    """
    capacity, last = shape.max_delay + 2, len(prompt) - 1
    ring = np.full((len(shape.delays), capacity), UNKNOWN, dtype=np.int64)
    for row, delay in enumerate(shape.delays):
        hears = row > shape.agent_codebooks
        newest = last - 1 + delay if hears else last
        for position in range(max(0, newest - capacity + 1), newest + 1):
            token = _known(prompt, shape, row, position)
            if token is not None:
                ring[row, position % capacity] = token
    return ring


def _known(prompt: PromptPlan, shape: ModelShape, row: int, position: int) -> int | None:
    """The token that a prompt puts at a position, as `PromptPlan.columns` lays it out."""
    offset = position - prompt.start
    index = offset - shape.delays[row]
    voice = prompt.voice
    if voice is not None and 0 <= offset < 2 and (offset == 0 or index < 0):
        return int(voice.following[row, offset])
    if not 0 <= index < len(prompt.frames):
        return None
    frame = prompt.frames[index]
    if row == 0:
        return frame.text
    if row <= shape.agent_codebooks:
        return int(frame.agent[row - 1])
    return int(frame.user[row - 1 - shape.agent_codebooks])


def follow(
    ring: Codes, position: int, frames: PromptPlan, first: int, shape: ModelShape
) -> tuple[Codes, Codes]:
    """The model's input at `position` and after it, while frames from `first` on are forced:
    [1 + codebooks, frames]; and the ring after that, `ring` being what it was before.

    At least as many frames must stand before `first` as an agent's codebook is delayed, so that
    every column of the agent's is known.
    """
    ring = ring.copy()
    agent = shape.agent_codebooks
    capacity = ring.shape[1]
    delays = np.array(shape.delays)
    heard = np.arange(1 + agent, len(delays))
    initial = np.where(np.arange(len(delays)) == 0, shape.text_card, shape.card)
    count = len(frames.frames) - first
    columns = np.empty((len(delays), count), np.int64)
    for index in range(count):
        now, frame = position + index, frames.frames[first + index]
        ring[heard, (now + delays[heard]) % capacity] = frame.user
        columns[:, index] = np.where(now <= delays, initial, ring[:, now % capacity])
        ring[0, (now + 1) % capacity] = frame.text
        ring[1 : 1 + agent, (now + 1) % capacity] = frames.agent_column(
            first + index, shape.delays[1 : 1 + agent]
        )
    return columns, ring
