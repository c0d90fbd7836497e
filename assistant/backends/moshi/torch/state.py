"""The streaming state of upstream's model in PyTorch: taken away, put back, run on the side.

What a conversation leaves in the model is the temporal transformer's keys and values, a ring of
columns in each layer in which position p stands at p modulo the ring's capacity, and `LMGen`'s own
small ring of tokens. The depformer starts anew at every position and keeps nothing.

A captured CUDA graph replays on the addresses it was captured on. So a state is always put back
into the live tensors in place; what runs on the side brings tensors of its own, and never goes
through a graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from moshi.models import LMGen, LMModel
from moshi.modules.transformer import StreamingMultiheadAttention
from moshi.utils.compile import no_compile, no_cuda_graph

from assistant.backends.moshi.contract import Codes, KnownStep, ModelShape
from assistant.backends.moshi.prompts.prompting import PromptPlan

# `LMGen`'s ring of tokens, on paper: what stands in it after known frames were forced.

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
    agents = shape.delays[1 : 1 + shape.agent_codebooks]
    count = len(frames.frames) - first
    columns = np.empty((len(shape.delays), count), np.int64)
    for index in range(count):
        frame = frames.frames[first + index]
        known = KnownStep(frame.user, frame.text, frames.agent_column(first + index, agents))
        columns[:, index] = go_on(ring, position + index, known, shape)
    return columns, ring


def go_on(ring: Codes, position: int, step: KnownStep, shape: ModelShape) -> Codes:
    """The model's input [1 + codebooks] at a position where everything is known; `ring` is brought
    to the next one."""
    agent, capacity = shape.agent_codebooks, ring.shape[1]
    delays = np.array(shape.delays)
    heard = np.arange(1 + agent, len(delays))
    initial = np.where(np.arange(len(delays)) == 0, shape.text_card, shape.card)
    ring[heard, (position + delays[heard]) % capacity] = step.user
    column: Codes = np.where(position <= delays, initial, ring[:, position % capacity])
    ring[0, (position + 1) % capacity] = step.text
    ring[1 : 1 + agent, (position + 1) % capacity] = step.column
    return column


@dataclass(frozen=True, slots=True)
class TorchSnapshot:
    """A state of the model: copies, on the model's own device."""

    positions: int
    columns: tuple[torch.Tensor, ...]
    """Of each layer, keys and values of the last positions in their order: [2, 1, heads, n,
    dim per head], where n is `positions`, or the context where that is less."""
    tokens: torch.Tensor
    """`LMGen`'s ring of tokens, int64 [1, 1 + codebooks, largest delay + 2]."""

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in (*self.columns, self.tokens))


class LiveState:
    """The state that `LMGen` streams on."""

    def __init__(self, gen: LMGen) -> None:
        self._gen = gen
        self._transformer = gen.lm_model.transformer
        self._context = int(gen.lm_model.context)

    @property
    def positions(self) -> int:
        return int(self._gen._streaming_state.offset_cpu)

    def copy(self) -> TorchSnapshot:
        states = _states(self._transformer)
        return TorchSnapshot(
            self.positions,
            _read_columns(states, self.positions, self._context),
            self._gen._streaming_state.cache.clone(),
        )

    def column(self, agents: int) -> torch.Tensor:
        """The agent's column of the position that runs next: int64 [agent codebooks]."""
        state = self._gen._streaming_state
        column: torch.Tensor = state.cache[0, 1 : 1 + agents, self.positions % state.cache.shape[2]]
        return column

    def put_back(self, snapshot: TorchSnapshot) -> None:
        """Raises ValueError where the snapshot is another model's."""
        state = self._gen._streaming_state
        states = _states(self._transformer)
        if state.cache.shape != snapshot.tokens.shape or len(states) != len(snapshot.columns):
            raise ValueError("this snapshot was taken of another model")
        _write_columns(self._transformer, snapshot)
        state.cache.copy_(snapshot.tokens)
        state.offsets.fill_(snapshot.positions)
        state.offset_cpu = snapshot.positions


class SideState:
    """The temporal transformer's state beside the live one, with rings of their own capacity.

    Attention reaches back `context` positions from each of a chunk's positions, the first as well
    as the last, while a ring keeps only its newest columns: `context + chunk − 1` of them are
    enough for any number of chunks, however often they go round.
    """

    def __init__(self, lm: LMModel, capacity: int) -> None:
        self._transformer = lm.transformer
        self._context = int(lm.context)
        self._states: dict[str, Any] = {}

        def make(name: str, module: Any) -> None:
            self._states[name] = _new_state(module, capacity)

        self._transformer._apply_named_streaming(make)

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        live = self._transformer.get_streaming_state()
        self._transformer.set_streaming_state(self._states)
        try:
            yield
        finally:
            self._transformer.set_streaming_state(live)

    def load(self, snapshot: TorchSnapshot) -> None:
        with self._in_place():
            _write_columns(self._transformer, snapshot)

    def run(self, inputs: torch.Tensor) -> None:
        """Run these positions [1, T, dim] in one pass. The rings must have room, see above."""
        # Compiled functions would be compiled again for a chunk's length, amid a conversation.
        with self._in_place(), no_cuda_graph(), no_compile():
            self._transformer(inputs)
        if inputs.is_cuda:
            # Who asked wants to know how long it took: what is only queued makes a step late.
            torch.cuda.current_stream(inputs.device).synchronize()

    def columns(self, positions: int) -> tuple[torch.Tensor, ...]:
        with self._in_place():
            return _read_columns(_states(self._transformer), positions, self._context)


ROOM = 384
"""Positions for which a replay has room at first: what follows a prompt, and half a minute more."""


def side_capacity(positions: int, context: int, chunk: int) -> int:
    """Columns of a side ring that shall take `positions` in chunks."""
    return max(1, min(positions, context + chunk - 1))


def embed(lm: LMModel, columns: torch.Tensor) -> torch.Tensor:
    """The temporal transformer's input [1, T, dim] of these tokens, int64 [1, 1 + codebooks, T],
    summed in upstream's order."""
    total: torch.Tensor | None = None
    for codebook, table in enumerate(lm.emb):
        part = table(columns[:, codebook + lm.audio_offset])
        total = part if total is None else total + part
    text: torch.Tensor = lm.text_emb(columns[:, 0])
    return text if total is None else total + text


class TorchPrefill:
    """A prompt on its way through the model, on a state of its own."""

    def __init__(self, lm: LMModel, shape: ModelShape, prompt: PromptPlan, chunk: int) -> None:
        """Raises ValueError for a chunk of nothing, and for an embedded voice that nothing
        follows or whose width is not the model's."""
        if chunk < 1:
            raise ValueError(f"a chunk of {chunk} positions gets nowhere")
        if prompt.voice is not None:
            if not prompt.frames:
                raise ValueError("an embedded voice needs frames after it")
            if prompt.voice.embeddings.shape[1:] != (lm.dim,):
                raise ValueError(f"the voice's embeddings are not {lm.dim} wide, as the model is")
        self._lm = lm
        self._shape = shape
        self._prompt = prompt
        self._chunk = chunk
        self._columns = prompt.columns(shape.delays, shape.text_card, shape.card)
        self._positions = max(0, len(prompt) - 1)
        self._next = 0
        self._side = SideState(lm, side_capacity(self._positions, shape.context, chunk))

    @property
    def done(self) -> bool:
        return self._next >= self._positions

    def advance(self) -> None:
        if self.done:
            return
        end = min(self._next + self._chunk, self._positions)
        self._side.run(self._inputs(self._next, end))
        self._next = end

    def _inputs(self, begin: int, end: int) -> torch.Tensor:
        start, device = self._prompt.start, self._lm.device
        parts = []
        if self._prompt.voice is not None and begin < start:
            voice = torch.from_numpy(self._prompt.voice.embeddings[begin : min(end, start)])
            parts.append(voice.to(device, self._lm.dtype)[None])
        if end > start:
            columns = self._columns[:, max(begin, start) - start : end - start]
            parts.append(embed(self._lm, torch.from_numpy(columns).to(device)[None]))
        return torch.cat(parts, 1)

    def snapshot(self) -> TorchSnapshot:
        """Raises RuntimeError while the prompt is not through."""
        if not self.done:
            raise RuntimeError("the prompt is not through the model yet")
        tokens = ring_after_prompt(self._prompt, self._shape)
        return TorchSnapshot(
            self._positions,
            self._side.columns(self._positions),
            torch.from_numpy(tokens).to(self._lm.device)[None],
        )


class TorchReplay:
    """See `contract.Replay`."""

    def __init__(self, lm: LMModel, shape: ModelShape, snapshot: TorchSnapshot, chunk: int) -> None:
        self._lm = lm
        self._shape = shape
        self._chunk = max(1, chunk)
        self._positions = snapshot.positions
        self._ring: Codes = snapshot.tokens[0].cpu().numpy().copy()
        self._columns: list[Codes] = []
        self._capacity = 0
        self._side = self._room_for(snapshot, ROOM)

    @property
    def waiting(self) -> int:
        return len(self._columns)

    def add(self, steps: Sequence[KnownStep]) -> None:
        at = self._positions + len(self._columns)
        for position, step in enumerate(steps, at):
            self._columns.append(go_on(self._ring, position, step, self._shape))

    def advance(self) -> None:
        if not self._columns:
            return
        columns, self._columns = self._columns[: self._chunk], self._columns[self._chunk :]
        after = self._positions + len(columns)
        if side_capacity(after, self._shape.context, self._chunk) > self._capacity:
            self._side = self._room_for(self._state(), after - self._positions + ROOM)
        tokens = torch.from_numpy(np.stack(columns, axis=1)).to(self._lm.device)
        self._side.run(embed(self._lm, tokens[None]))
        self._positions = after

    def snapshot(self) -> TorchSnapshot:
        while self._columns:
            self.advance()
        return self._state()

    def _state(self) -> TorchSnapshot:
        tokens = torch.from_numpy(self._ring.copy()).to(self._lm.device)[None]
        return TorchSnapshot(self._positions, self._side.columns(self._positions), tokens)

    def _room_for(self, snapshot: TorchSnapshot, more: int) -> SideState:
        """A state of its own with room for so many positions more."""
        after = snapshot.positions + more
        self._capacity = side_capacity(after, self._shape.context, self._chunk)
        side = SideState(self._lm, self._capacity)
        side.load(snapshot)
        return side


def _new_state(module: Any, capacity: int) -> Any:
    if not isinstance(module, StreamingMultiheadAttention):
        return module._init_streaming_state(1)
    # Upstream sizes the ring by the context; the mask reads the context only while it runs.
    context, module.context = module.context, capacity
    try:
        return module._init_streaming_state(1)
    finally:
        module.context = context


def _states(transformer: Any) -> list[Any]:
    return [layer.self_attn._streaming_state for layer in transformer.layers]


def _slots(positions: int, count: int, capacity: int, device: torch.device) -> torch.Tensor:
    return torch.arange(positions - count, positions, device=device) % capacity


def _read_columns(states: list[Any], positions: int, context: int) -> tuple[torch.Tensor, ...]:
    rings = [state.kv_cache for state in states]
    count = min(positions, context)
    return tuple(
        ring.cache.index_select(3, _slots(positions, count, ring.capacity, ring.cache.device))
        for ring in rings
    )


def _write_columns(transformer: Any, snapshot: TorchSnapshot) -> None:
    """What the rings still hold of other positions lies outside of every later mask."""
    positions = snapshot.positions
    transformer._streaming_state.offsets.fill_(positions)
    for layer, columns in zip(transformer.layers, snapshot.columns, strict=True):
        state = layer.self_attn._streaming_state
        ring = state.kv_cache
        slots = _slots(positions, columns.shape[3], ring.capacity, ring.cache.device)
        ring.cache.index_copy_(3, slots, columns)
        ring.end_offset.fill_(positions)
        state.offset.fill_(positions)
        state.offset_cpu = positions
        layer._streaming_state.offset_cpu = positions
