"""Attention's memory in MLX: a ring of keys and values for each layer, and copies to put back.

Takes the place of upstream's rotating cache, which is as long as `max_seq_len` and not as the
context, and which cannot take several positions at once when it has wrapped. Position p always
lies in slot p % context; what is further back than the context is overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np

from assistant.backends.moshi.contract import FREE, Codes, ModelShape

# The few columns of tokens that the next positions still need, kept on the CPU.

_UNKNOWN = -2


class TokenWindow:
    """Tokens of text, agent and user, one row each, at positions round `position`."""

    def __init__(self, shape: ModelShape) -> None:
        self._shape = shape
        self._delays = np.asarray(shape.delays)
        self._agents = 1 + shape.agent_codebooks
        """The first row of the user."""
        self._rows = np.arange(len(self._delays))
        self._initial = np.full(len(self._delays), shape.card, np.int64)
        self._initial[0] = shape.text_card
        self._wide = shape.max_delay + 2
        self.reset()

    def reset(self) -> None:
        self.position = 0
        """The position that runs next."""
        self._table = np.full((len(self._delays), self._wide), _UNKNOWN, np.int64)

    def copy(self) -> TokenWindow:
        twin = TokenWindow(self._shape)
        twin.put_back(self)
        return twin

    def put_back(self, other: TokenWindow) -> None:
        self.position = other.position
        self._table = other._table.copy()

    @property
    def nbytes(self) -> int:
        return self._table.nbytes

    def hear(self, user: Codes) -> None:
        """The user's frame [user_codebooks] of this position, in the columns its delays say."""
        rows = self._rows[self._agents :]
        self._table[rows, (self.position + self._delays[rows]) % self._wide] = user

    def column(self) -> Codes:
        """What the model takes in at this position: [1 + agent + user codebooks]."""
        column = self._table[:, self.position % self._wide]
        column = np.where(self.position <= self._delays, self._initial, column)
        if (column < 0).any():
            raise ValueError(f"tokens of position {self.position} are not known")
        return column

    def advance(self, text: int, agent: Codes) -> None:
        """Go on to the next position, whose column holds `text` and `agent`
        [agent_codebooks]."""
        self.position += 1
        slot = self.position % self._wide
        self._table[0, slot] = text
        self._table[1 : self._agents, slot] = np.where(agent == FREE, _UNKNOWN, agent)

    def spoken(self) -> Codes | None:
        """The agent's newest whole frame [agent_codebooks], undelayed; None while there is none."""
        shape = self._shape
        if self.position <= shape.max_delay or not shape.agent_codebooks:
            return None
        rows = self._rows[1 : self._agents]
        places = self.position - shape.max_delay + self._delays[rows]
        frame: Codes = self._table[rows, places % self._wide]
        return frame

    def follow(self, tokens: Codes, position: int) -> None:
        """Stand at `position` behind an embedded voice: `tokens` [rows, n] are those already known
        of `position`, `position` + 1, …"""
        self.reset()
        self.position = position
        for offset in range(min(tokens.shape[1], self._wide)):
            self._table[:, (position + offset) % self._wide] = tokens[:, offset]


GROWTH = 256
"""Positions by which a ring grows until it is as long as the context."""


class RingCache:
    """Keys and values [1, heads, slots, head dim] of one layer, as upstream's attention asks."""

    def __init__(self, context: int) -> None:
        self._context = context
        self.reset()

    def reset(self) -> None:
        self.offset = 0
        """Positions taken in so far: the next one's number, for the rotary embedding."""
        self.keys: Any = None
        self.values: Any = None

    def update_and_fetch(self, keys: Any, values: Any) -> tuple[Any, Any]:
        """Take in the next positions and return all that they may look at, with themselves.

        A single position sees the slots in any order. Several see the `context` − 1 positions
        before them and each other, oldest first; `window_mask` says which sees which.
        """
        if keys.shape[2] > 1:
            return self._take_many(keys, values)
        slot = self.offset % self._context
        if self.keys is None or slot >= self.keys.shape[2]:
            self._grow(keys, values)
        self.keys[..., slot : slot + 1, :] = keys
        self.values[..., slot : slot + 1, :] = values
        self.offset += 1
        used = min(self.offset, self._context)
        if used < self.keys.shape[2]:
            return self.keys[..., :used, :], self.values[..., :used, :]
        return self.keys, self.values

    def held(self) -> tuple[Any, Any] | None:
        """Copies of the slots in use, which later positions leave alone."""
        if self.keys is None:
            return None
        used = min(self.offset, self._context)
        return tuple(mx.contiguous(a[..., :used, :]) for a in (self.keys, self.values))  # type: ignore[return-value]

    def put_back(self, held: tuple[Any, Any] | None, offset: int) -> None:
        self.offset = offset
        if held is None:
            self.keys = self.values = None
            return
        # Assigning to a slice changes the Python object: the copy must stay another one.
        self.keys, self.values = (_longer(a, self._room(a.shape[2])) for a in held)

    def _room(self, used: int) -> int:
        """Slots for so many positions and the next."""
        return min(self._context, (used // GROWTH + 1) * GROWTH)

    def _grow(self, keys: Any, values: Any) -> None:
        if self.keys is None:
            self.keys, self.values = keys[..., :0, :], values[..., :0, :]
        room = self._room(self.keys.shape[2])
        self.keys, self.values = _longer(self.keys, room), _longer(self.values, room)

    def _take_many(self, keys: Any, values: Any) -> tuple[Any, Any]:
        seen = tuple(
            new if old is None else mx.concatenate([*self._newest(old), new], axis=2)
            for old, new in ((self.keys, keys), (self.values, values))
        )
        self.offset += keys.shape[2]
        self.keys, self.values = (self._laid_out(array) for array in seen)
        return seen[0], seen[1]

    def _newest(self, array: Any) -> list[Any]:
        """The last `context` − 1 positions, oldest first."""
        if self.offset < self._context:
            return [array[..., : self.offset, :]]
        first = (self.offset + 1) % self._context
        end = self.offset % self._context
        if first <= end:
            return [array[..., first:end, :]]
        return [array[..., first:, :], array[..., :end, :]]

    def _laid_out(self, ordered: Any) -> Any:
        """Positions in order, the last of them `offset` − 1, as slots."""
        if self.offset < self._context:
            return _longer(ordered, self._room(self.offset))
        return mx.roll(ordered[..., -self._context :, :], self.offset % self._context, 2)


class StepCache:
    """The depformer's memory within one position: a few codebooks, forgotten after each."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.offset = 0
        self._keys: Any = None
        self._values: Any = None

    def update_and_fetch(self, keys: Any, values: Any) -> tuple[Any, Any]:
        if self._keys is not None:
            keys = mx.concatenate([self._keys, keys], axis=2)
            values = mx.concatenate([self._values, values], axis=2)
        self.offset += 1
        self._keys, self._values = keys, values
        return keys, values


@dataclass(frozen=True, slots=True)
class MlxSnapshot:
    """A conversation's state: the slots in use of every layer, and the tokens still needed."""

    layers: tuple[tuple[Any, Any] | None, ...]
    window: TokenWindow

    @property
    def positions(self) -> int:
        return self.window.position

    @property
    def nbytes(self) -> int:
        arrays = (array for layer in self.layers if layer is not None for array in layer)
        return sum(int(array.nbytes) for array in arrays) + self.window.nbytes


def take_snapshot(caches: Sequence[RingCache], window: TokenWindow) -> MlxSnapshot:
    layers = tuple(cache.held() for cache in caches)
    mx.eval([array for layer in layers if layer is not None for array in layer])
    return MlxSnapshot(layers, window.copy())


def put_back(snapshot: MlxSnapshot, caches: Sequence[RingCache], window: TokenWindow) -> None:
    for cache, held in zip(caches, snapshot.layers, strict=True):
        cache.put_back(held, snapshot.positions)
    window.put_back(snapshot.window)
    evaluate(caches)


def evaluate(caches: Sequence[RingCache]) -> None:
    """Compute what the caches hold now, so that nothing is left to do, and no graph to keep."""
    mx.eval([a for cache in caches if cache.keys is not None for a in (cache.keys, cache.values)])


def window_mask(offset: int, count: int, context: int) -> Any:
    """Which of the fetched keys each of `count` positions from `offset` on may look at.

    bool [count, before + count], where `before` is how many older positions a `RingCache` fetches:
    none of the future, and itself with the `context` − 1 before it.
    """
    before = min(offset, context - 1)
    ages = np.arange(before, before + count)[:, None] - np.arange(before + count)[None]
    return mx.array((ages >= 0) & (ages < context))


def _longer(array: Any, slots: int) -> Any:
    """Another array, with zeros behind up to `slots`."""
    batch, heads, used, width = array.shape
    if used == slots:
        return mx.array(array)
    return mx.concatenate(
        [array, mx.zeros((batch, heads, slots - used, width), array.dtype)], axis=2
    )
