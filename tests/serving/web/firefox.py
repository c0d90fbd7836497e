"""Firefox without a window, driven over WebDriver BiDi (W3C): a WebSocket, no driver beside it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
needs_firefox = pytest.mark.skipif(FIREFOX is None, reason="there is no Firefox here")
STARTS_WITHIN = 60.0
ANSWERS_WITHIN = 20.0
PREFERENCES = {
    "media.navigator.streams.fake": True,  # a microphone that hums
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "dom.min_background_timeout_value": 4,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "extensions.update.enabled": False,
}


class BidiError(AssertionError):
    """A command that Firefox could not follow, or a script of the page's that failed."""


class NoAnswer(BidiError):
    """Firefox has not answered a command in time."""


class FirefoxPage:
    """The only tab of a Firefox. `complaints` holds errors and warnings of its console."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())
        self._tab = ""
        self.complaints: list[str] = []

    async def begin(self) -> None:
        await self.command("session.new", capabilities={})
        await self.command("session.subscribe", events=["log.entryAdded"])
        # The first window's address has the focus, so that keys would press nothing in its page.
        created = await self.command("browsingContext.create", type="window")
        self._tab = created["context"]

    def end(self) -> None:
        self._reading.cancel()

    async def command(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                return await self._waiting[number]
        except TimeoutError:
            raise NoAnswer(method) from None

    async def goto(self, url: str) -> None:
        await self.command("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    async def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height}
        await self.command("browsingContext.setViewport", context=self._tab, viewport=size)

    async def check(self, function: str, *given: object) -> Any:
        """What this function (as a script of `checks` is one) gives for these."""
        function = function.strip().rstrip(";")
        function = "\n".join(line for line in function.splitlines() if not line.startswith("//"))
        return await self.evaluate(f"({function})({', '.join(map(json.dumps, given))})")

    async def evaluate(self, expression: str, *, gesture: bool = False) -> Any:
        """What this expression gives, as JSON can say it; a promise is waited for."""
        told = await self.command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._tab},
            awaitPromise=True,
            userActivation=gesture,
        )
        if told["type"] == "exception":
            raise BidiError(told["exceptionDetails"]["text"])
        text = told["result"].get("value")
        return None if text is None else json.loads(text)

    async def until(self, expression: str) -> None:
        """Wait until this is true in the page."""
        for _ in range(300):
            if await self.evaluate(expression):
                return
            await asyncio.sleep(0.05)
        raise BidiError(f"it did not become true: {expression}")

    async def click(self, selector: str) -> None:
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).click()", gesture=True)

    async def press(self, *keys: str) -> None:
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        await self.command("input.performActions", context=self._tab, actions=[source])

    async def picture(self) -> bytes:
        """PNG."""
        told = await self.command("browsingContext.captureScreenshot", context=self._tab)
        return base64.b64decode(told["data"])

    async def _read(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if message["type"] == "event":
                entry = message["params"]
                if entry.get("level") in ("error", "warn"):
                    self.complaints.append(f"{entry['level']}: {entry.get('text')}")
                continue
            waiting = self._waiting.pop(message["id"], None)
            if waiting is None or waiting.done():
                continue
            if message["type"] == "error":
                waiting.set_exception(BidiError(f"{message['error']}: {message['message']}"))
            else:
                waiting.set_result(message["result"])


@contextlib.asynccontextmanager
async def firefox(
    profile: Path, environment: dict[str, str] | None = None, **preferences: object
) -> AsyncIterator[FirefoxPage]:
    """Started with a profile of its own in this folder, and ended."""
    assert FIREFOX is not None
    wanted = {**PREFERENCES, **preferences}
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in wanted.items()
    ]
    (profile / "user.js").write_text("\n".join(lines), "utf-8")
    process = await asyncio.create_subprocess_exec(
        FIREFOX, "--headless", "--no-remote", "--profile", str(profile),
        "--remote-debugging-port", "0", "about:blank",
        env={**os.environ, **(environment or {})},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(STARTS_WITHIN):
            address = await _address(process)
        draining = asyncio.create_task(_drain(process))
        async with connect(
            f"{address}/session", max_size=2**26, proxy=None, ping_interval=None
        ) as socket:
            page = FirefoxPage(socket)
            try:
                await page.begin()
                yield page
            finally:
                page.end()
                draining.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        if found := re.search(rb"WebDriver BiDi listening on (ws://\S+)", line):
            return found[1].decode()
    raise BidiError("Firefox ended before it listened")


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    while await process.stderr.read(65_536):
        pass
