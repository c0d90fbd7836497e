"""A server to ask."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.serving.api.served import Served, serving


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as running:
        yield running
