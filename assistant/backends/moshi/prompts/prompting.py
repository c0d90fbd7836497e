"""Persona prompts as PersonaPlex takes them, on upstream's packages: which tokens stand where.

The layout (voice, silence, system text, silence), the codes of the silent agent and of the humming
user are those of NVIDIA's PersonaPlex (`nvidia/personaplex-7b-v1`), found by running it; with them
upstream Moshi gives the same tokens as NVIDIA's fork. Nothing here imports a framework.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

SILENCE: Codes = np.array([948, 243, 1178, 546, 1736, 1030, 1978, 2008], dtype=np.int64)
"""Mimi's codes of silence: what the agent's channel holds while the prompt's text runs."""
SINE: Codes = np.array([430, 1268, 381, 1611, 1095, 1495, 56, 472], dtype=np.int64)
"""Mimi's codes of a 440 Hz hum: what the user's channel holds during a prompt."""
PADDING = 3
"""Text token of a frame in which nothing is said."""
SILENT_FRAMES = 6
"""Frames of silence after the voice and after the text."""
VOICE_LOUDNESS = -24.0
"""LUFS to which a recorded voice is brought before it is encoded."""


@dataclass(frozen=True, slots=True)
class PromptFrame:
    """What one frame of a prompt holds in each channel."""

    agent: Codes
    """[8]"""
    text: int
    user: Codes
    """[8]"""


@dataclass(frozen=True, slots=True)
class EmbeddedVoice:
    """A voice as NVIDIA publishes it: the model's input, already summed over its tables."""

    embeddings: NDArray[np.float32]
    """[N, dim]: the temporal transformer's input at positions 0 … N − 1."""
    following: Codes
    """[1 + agent + user codebooks, 2]: tokens that were already known of positions N and N + 1."""

    @property
    def last(self) -> PromptFrame:
        """The voice's last frame, which belongs to position N: no embedding holds it yet. All
        codebooks of PersonaPlex but the first of each side are a position late."""
        known = self.following[:, 1].copy()
        codebooks = len(known) // 2
        for undelayed in (0, 1, 1 + codebooks):
            known[undelayed] = self.following[undelayed, 0]
        return PromptFrame(known[1 : 1 + codebooks], int(known[0]), known[1 + codebooks :])


@dataclass(frozen=True, slots=True)
class PromptPlan:
    """Known frames, one after another, behind `start` positions of an embedded voice.

    Frame i belongs to position `start` + i. What stands at position `start` itself is known
    beforehand (initial tokens, or what follows the voice), so that frame 0 is heard only through
    codebooks with a delay.
    """

    frames: tuple[PromptFrame, ...]
    voice: EmbeddedVoice | None = None

    @property
    def start(self) -> int:
        return len(self.voice.embeddings) if self.voice is not None else 0

    def __len__(self) -> int:
        return self.start + len(self.frames)

    def text(self, position: int) -> int | None:
        """Text token of a position; None outside of `frames`."""
        index = position - self.start
        return self.frames[index].text if 0 <= index < len(self.frames) else None

    def agent_column(self, position: int, delays: Sequence[int]) -> Codes:
        """The agent's column at `position`, −1 where the prompt does not say. `delays` of the
        agent's codebooks only."""
        column = np.full(len(delays), -1, dtype=np.int64)
        for codebook, delay in enumerate(delays):
            frame = position - delay - self.start
            if 0 <= frame < len(self.frames):
                column[codebook] = self.frames[frame].agent[codebook]
        return column

    def columns(self, delays: Sequence[int], text_initial: int, audio_initial: int) -> Codes:
        """The model's input at positions `start` … M − 2, M being the plan's length: int64
        [1 + agent + user codebooks, M − 1 − start].

        `delays` of text, agent and user codebooks, as in `ModelShape`. Initial tokens stand where
        upstream puts them: at position p of a codebook with delay d while p ≤ d.
        """
        count = max(0, len(self.frames) - 1)
        agents = (len(delays) - 1) // 2
        table = np.full((len(delays), count), audio_initial, dtype=np.int64)
        table[0] = text_initial
        for row, delay in enumerate(delays):
            for offset in range(count):
                if offset > delay or (self.voice is not None and 0 < offset == delay):
                    frame = self.frames[offset - delay]
                    if row == 0:
                        table[row, offset] = frame.text
                    elif row <= agents:
                        table[row, offset] = frame.agent[row - 1]
                    else:
                        table[row, offset] = frame.user[row - 1 - agents]
                elif self.voice is not None:
                    table[row, offset] = self.voice.following[row, offset]
        return table


def persona_prompt(
    voice: Sequence[Codes] | EmbeddedVoice, text_ids: Sequence[int], padding: int = PADDING
) -> PromptPlan:
    """PersonaPlex's prompt: voice, silence, each id of `system_text`, silence."""
    embedded = voice if isinstance(voice, EmbeddedVoice) else None
    codes = [] if isinstance(voice, EmbeddedVoice) else voice
    frames = [PromptFrame(np.asarray(column, np.int64), padding, SINE) for column in codes]
    if embedded is not None:
        frames.append(embedded.last)
    quiet = [PromptFrame(SILENCE, padding, SINE)] * SILENT_FRAMES
    frames += quiet
    frames += [PromptFrame(SILENCE, int(token), SINE) for token in text_ids]
    frames += quiet
    return PromptPlan(tuple(frames), embedded)


def context_plan(text_ids: Sequence[int], user: Codes = SINE, padding: int = PADDING) -> PromptPlan:
    """Text that the agent shall know while it stays silent, for `LanguageModel.extend`."""
    return PromptPlan(
        tuple(PromptFrame(SILENCE, int(token), user) for token in [*text_ids, padding])
    )


def system_text(text: str) -> str:
    """A system prompt as PersonaPlex was trained to read it."""
    cleaned = " ".join(text.split())
    if cleaned.startswith("<system>") and cleaned.endswith("<system>"):
        return cleaned
    return f"<system> {cleaned} <system>"
