"""The few columns of tokens that the next positions still need, kept on the CPU.

Upstream's generator holds every token of a conversation in one array made for a fixed number of
steps. Here only as many columns are kept as the longest delay reaches, so that a conversation may
go on for ever; being plain numpy, they cost no wait for the device either.
"""

from __future__ import annotations

import numpy as np

from assistant.backends.moshi.contract import FREE, Codes, ModelShape

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
