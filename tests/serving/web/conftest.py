"""One Chromium for all tests of a module: to start one costs more than most of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest_asyncio

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """With a microphone that beeps."""
    from tests.serving.web.browser import chromium

    async with chromium() as started:
        yield started
