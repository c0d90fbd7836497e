"""Start a session and wait until somebody listens."""

from __future__ import annotations

import asyncio

from assistant.backends.base import BackendError
from assistant.session.events import BackendChosen, Failure, SessionEvent
from assistant.session.session import Session


async def start_and_wait(session: Session) -> None:
    """Returns once the backend is ready. Raises `BackendError` where it cannot run; the session is
    the caller's to stop either way."""
    ready: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()

    def watch(event: SessionEvent) -> None:
        if ready.done():
            return
        if isinstance(event, BackendChosen) and event.ready:
            ready.set_result(None)
        elif isinstance(event, Failure):
            ready.set_result(event)

    unsubscribe = session.subscribe(watch)
    try:
        await session.start()
        failure = await ready
    finally:
        unsubscribe()
    if failure is not None:
        raise BackendError(failure.text, failure.remedy)
