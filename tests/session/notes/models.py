"""A language model that is asked for notes."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class FakeModel:
    """Answers always the same: an object as JSON, a text as it is, an error; it waits for an
    event."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply
        self.asked: list[list[dict[str, str]]] = []
        self.given_up = 0

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        self.asked.append(messages)
        if isinstance(self.reply, Exception):
            raise self.reply
        if isinstance(self.reply, asyncio.Event):
            try:
                await self.reply.wait()
            except asyncio.CancelledError:
                self.given_up += 1
                raise
            return '{"notes": "At last."}'
        return self.reply if isinstance(self.reply, str) else json.dumps(self.reply)
