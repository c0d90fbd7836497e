"""Where a request of another program goes: to the session that a person sees, to the headless one
of another process, or to our own.
"""

from __future__ import annotations

import os

from assistant.errors import AssistantError
from assistant.serving.headless import Headless, Taken
from assistant.session.clients.floor import BEGUN, Progress
from assistant.session.clients.private_socket import Endpoint, SessionGone, connect, endpoints
from assistant.session.clients.requests import AnyRequest, AnyResult, RequestError, check
from assistant.session.protocol import (
    VERSION,
    CommandRefused,
    Goodbye,
    Hello,
    ProtocolError,
    RequestDone,
    RequestFailed,
    RequestProgress,
    ServeClient,
    decode_message,
    encode,
)

_ID = 1
"""Of a request: each has a connection of its own."""
_TRIES = 10
"""Sessions may come and go while one is looked for."""


class ClientVoice:
    """Belongs to the event loop."""

    def __init__(self, headless: Headless) -> None:
        self._headless = headless

    async def request(self, client: str, request: AnyRequest, progress: Progress) -> AnyResult:
        """See `SessionFrontend.serve_client`. Raises `AssistantError`."""
        request = check(request)
        for _ in range(_TRIES):
            for endpoint in endpoints():
                if endpoint.pid == os.getpid():
                    break  # ours is the one that the others use
                try:
                    return await request_of(endpoint, client, request, progress)
                except SessionGone:
                    continue
            try:
                return await self._headless.request(client, request, progress)
            except Taken:
                continue
        raise RequestError("no session could be reached", "try again")

    async def close(self) -> None:
        await self._headless.close()


async def request_of(
    endpoint: Endpoint, client: str, request: AnyRequest, progress: Progress
) -> AnyResult:
    """Let a running session do it; cancelled, the session stops at once. Raises `SessionGone` where
    it ended before it had begun with this, `AssistantError` where it cannot."""
    reader, writer = await connect(endpoint)
    begun = False
    try:
        for command in (Hello(VERSION, events=False), ServeClient(_ID, client, request)):
            writer.write(encode(command) + b"\n")
        await writer.drain()
        while line := await reader.readline():
            match decode_message(line):
                case RequestProgress(text=text):
                    begun = begun or text in BEGUN
                    progress(text)
                case RequestDone(result=result):
                    return result
                case (
                    RequestFailed(text=text, remedy=remedy)
                    | CommandRefused(text=text, remedy=remedy)
                ):
                    raise RequestError(text, remedy)
                case Goodbye(reason=reason, remedy=remedy) if remedy:
                    raise RequestError(reason, remedy)
    except (OSError, ValueError) as error:
        gone: AssistantError = SessionGone(f"the session broke off: {error}")
    except ProtocolError as error:
        raise RequestError(error.message, error.remedy) from error
    else:
        gone = SessionGone("the session ended")
    finally:
        writer.close()
    if begun:
        raise RequestError("the assistant was ended in the middle of it", "ask again")
    raise gone
