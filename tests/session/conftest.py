"""A room to talk in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.session.room import Room

EnterRoom = Callable[..., Awaitable[Room]]


@pytest_asyncio.fixture
async def enter_room(tmp_path: Path) -> AsyncIterator[EnterRoom]:
    """Makes rooms in which the backend is up; they are left when the test is over."""
    rooms: list[Room] = []

    async def enter(*arguments: Any, **settings: Any) -> Room:
        room = Room(tmp_path / "transcripts", *arguments, **settings)
        rooms.append(room)
        return await room.enter()

    yield enter
    for room in rooms:
        await room.leave()
