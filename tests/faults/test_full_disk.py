"""No room left anywhere, /tmp included. What each part does about its own files is tested there;
`tests/commands/test_plain.py` and `tests/e2e/test_endings.py` run the whole program so."""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from pathlib import Path

import pytest

from assistant.backends.host.process import BackendProcess
from assistant.backends.wire import WireListener
from assistant.frames import AnyEvent, Failed, Load, Ready


def no_room(*arguments: object, **options: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_the_backend_starts_without_room_for_a_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryDirectory", no_room)
    events: list[AnyEvent] = []
    load = Load(options={}, names=[])
    process = BackendProcess("echo", load, events.append, log_path=tmp_path / "file" / "log")
    (tmp_path / "file").write_text("a file where the log's folder should be")
    process.start()
    await asyncio.wait_for(process.ready.wait(), 60)
    await process.stop()
    assert any(isinstance(event, Ready) for event in events)


async def test_a_backend_that_cannot_even_be_called_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(WireListener, "__init__", no_room)
    events: list[AnyEvent] = []
    process = BackendProcess("echo", Load(options={}, names=[]), events.append)
    process.start()
    for _ in range(500):
        if process.given_up:
            break
        await asyncio.sleep(0.01)
    assert [event.fatal for event in events if isinstance(event, Failed)] == [True]
    await process.stop()
