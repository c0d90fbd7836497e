"""A backend that dies, hangs or raves, again and again: the conversation gets a new one each time,
and knows what became of every frame."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from assistant import frames as f
from assistant.backends.host import restarts
from assistant.backends.host.child import trim_log
from assistant.backends.host.process import BackendProcess
from assistant.backends.host.restarts import USEFUL_FRAMES
from tests.backends.host.test_process import LOUD, SILENT, Recorder, until
from tests.processes import children, descendants

USEFUL = restarts.USEFUL_FRAMES


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "FIRST_PAUSE", 0.01)


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


async def come_up(process: BackendProcess) -> int:
    await asyncio.wait_for(process.ready.wait(), 60)
    assert process.pid is not None
    return process.pid


async def test_twenty_crashes_in_a_row_are_survived_and_nothing_is_left_behind() -> None:
    recorder = Recorder()
    process = BackendProcess("echo", f.Load({}, [], virtual_clock=True), recorder)
    process.send(f.ChangePersona(f.PersonaPrompt(slug="a", name="A")))
    process.start()
    number = 0
    await come_up(process)
    open_before = None
    for _ in range(20):
        pid = await come_up(process)
        for _ in range(USEFUL):
            await process.push_and_wait(f.Push(number, SILENT))
            number += 1
        os.kill(pid, signal.SIGKILL)
        await asyncio.wait_for(process.push_and_wait(f.Push(number, SILENT)), 30)
        number += 1
        await until(lambda pid=pid: process.pid != pid)  # type: ignore[misc]
        open_before = open_before or open_files()
    await come_up(process)
    assert not process.given_up
    assert process.restarts == 20
    assert len(recorder.of(f.Failed)) == 20, "each was told, once"
    assert open_files() <= open_before + 6, "no open files are left"
    pid = process.pid
    assert [p for p in descendants(os.getpid()) if p == pid] == [pid]
    await process.stop()
    books = process.frames
    assert books.offered == number == books.taken + books.lost + books.unheard + books.dropped
    assert books.taken >= 20 * USEFUL
    assert pid not in children(os.getpid())


async def test_a_backend_that_crashes_at_every_start_is_given_up_with_a_remedy() -> None:
    recorder = Recorder()
    process = BackendProcess("echo", f.Load({}, []), recorder, python="/bin/false")
    process.start()
    await until(lambda: process.given_up)
    await process.stop()
    last = recorder.of(f.Failed)[-1]
    assert last.fatal
    assert last.remedy
    assert "exit code 1" in last.message
    assert "in a row" in last.message
    assert [e.fatal for e in recorder.of(f.Failed)].count(True) == 1


async def test_a_backend_that_was_of_use_is_never_given_up_and_comes_back_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("FIRST_PAUSE", "LONGEST_PAUSE"):
        monkeypatch.setattr(restarts, name, 0.01)
    recorder = Recorder()
    process = BackendProcess("echo", f.Load({}, [], virtual_clock=True), recorder)
    process.start()
    pid = await come_up(process)
    for number in range(USEFUL_FRAMES):
        await process.push_and_wait(f.Push(number, SILENT))
    assert not process.start_again(), "it runs"
    for _ in range(restarts.TRIES + 1):
        os.kill(pid, signal.SIGKILL)
        await until(lambda gone=pid: process.pid != gone or "min" in last_remedy(recorder))
        if "min" not in last_remedy(recorder):
            pid = await come_up(process)
    assert "8 times in a row" in recorder.of(f.Failed)[-1].message
    assert not any(failed.fatal for failed in recorder.of(f.Failed))
    assert not process.given_up
    assert process.start_again()
    assert await come_up(process) != pid
    await process.push_and_wait(f.Push(99, SILENT))
    await process.stop()


def last_remedy(recorder: Recorder) -> str:
    return recorder.of(f.Failed)[-1].remedy if recorder.of(f.Failed) else ""


async def test_a_backend_that_was_given_up_is_started_again_when_it_is_asked_for(
    tmp_path: Path,
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    process = BackendProcess("echo", f.Load({}, []), Recorder(), python=str(python))
    process.start()
    await until(lambda: process.given_up)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    assert process.start_again()
    await come_up(process)
    assert not process.given_up
    await process.stop()
    assert not process.start_again()


async def test_a_backend_that_hangs_is_replaced_and_the_conversation_waits_no_longer() -> None:
    recorder = Recorder()
    process = BackendProcess("echo", f.Load({}, [], virtual_clock=True), recorder)
    process.patience = 0.4
    process.start()
    pid = await come_up(process)
    await process.push_and_wait(f.Push(0, SILENT))
    os.kill(pid, signal.SIGSTOP)
    await asyncio.wait_for(process.push_and_wait(f.Push(1, SILENT)), 30)
    await until(lambda: process.pid != pid)
    await come_up(process)
    assert "did not answer" in recorder.of(f.Failed)[0].message
    await process.push_and_wait(f.Push(2, SILENT))
    assert (process.frames.taken, process.frames.lost) == (2, 1)
    await process.stop()


async def test_an_answer_after_a_restart_is_not_taken_for_one_that_is_over() -> None:
    """Each child counts its own utterances anew: the same number twice would never be heard."""
    recorder = Recorder()
    process = BackendProcess("echo", f.Load({}, [], virtual_clock=True), recorder)
    process.start()
    for life in range(3):
        pid = await come_up(process)
        for number in range(30):
            sound = LOUD if number < 10 else SILENT
            await process.push_and_wait(f.Push(100 * life + number, sound))
        os.kill(pid, signal.SIGKILL)
        await until(lambda pid=pid: process.pid != pid)  # type: ignore[misc]
    await process.stop()
    numbers = [event.utterance for event in recorder.of(f.UtteranceEnded)]
    assert len(numbers) == len(set(numbers)) == 3
    assert numbers == sorted(numbers)
    assert numbers[0] >= f.FIRST_OWN_UTTERANCE


async def test_a_backend_with_nothing_to_do_is_not_taken_to_hang() -> None:
    process = BackendProcess("echo", f.Load({}, []), Recorder())
    process.patience = 0.2
    process.start()
    pid = await come_up(process)
    await process.push_and_wait(f.Push(0, SILENT))
    await asyncio.sleep(1.0)
    assert process.pid == pid
    assert process.restarts == 0
    await process.stop()


def impostor(folder: Path, body: str) -> str:
    """An interpreter that runs `body` instead of a backend; `wire` is its connection."""
    script = folder / "mad.py"
    script.write_text(
        "import sys, time\n"
        "from assistant.backends.wire import connect, encode, MAX_MESSAGE\n"
        "from assistant import frames as f\n"
        "wire = connect()\n" + textwrap.dedent(body)
    )
    shell = folder / "python"
    shell.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
    shell.chmod(0o755)
    return str(shell)


async def test_garbage_on_the_wire_is_passed_over(tmp_path: Path) -> None:
    python = impostor(
        tmp_path,
        """
        wire.send_bytes(b"\\xc1 nonsense")
        wire.send_bytes(b"")
        wire.send_bytes(encode(f.Ready(f.Capabilities(), "mad")))
        while True:
            wire.recv_bytes()
        """,
    )
    recorder = Recorder()
    process = BackendProcess("echo", f.Load({}, []), recorder, python=python)
    process.start()
    await come_up(process)
    assert recorder.of(f.Ready)[0].engine == "mad"
    await process.stop()


async def test_a_backend_that_cannot_be_talked_to_any_more_is_ended(tmp_path: Path) -> None:
    """It closed the wire, but does not end by itself: nobody would ever hear of it again."""
    python = impostor(
        tmp_path,
        """
        wire.send_bytes(encode(f.Ready(f.Capabilities(), "mad")))
        wire.close()
        time.sleep(600)
        """,
    )
    recorder = Recorder()
    process = BackendProcess("echo", f.Load({}, []), recorder, python=python)
    process.start()
    await until(lambda: bool(recorder.of(f.Failed)))
    assert "broke off the connection" in recorder.of(f.Failed)[0].message
    await process.stop()


async def test_a_frame_that_the_backend_chokes_on_is_answered_all_the_same() -> None:
    recorder = Recorder()
    process = BackendProcess("echo", f.Load({}, [], virtual_clock=True), recorder)
    process.start()
    await come_up(process)
    await asyncio.wait_for(process.push_and_wait(f.Push(0, b"short")), 10)
    assert recorder.of(f.Failed), "and told"
    await asyncio.wait_for(process.push_and_wait(f.Push(1, LOUD)), 10)
    await process.stop()


def test_a_log_that_has_become_long_keeps_its_end(tmp_path: Path) -> None:
    log = tmp_path / "backend.log"
    with log.open("ab") as child:
        for number in range(200_000):
            child.write(b"line %d\n" % number)
        child.flush()
        trim_log(log, 1_100_000)
        child.write(b"the child goes on\n")
    assert log.read_bytes() == b"the child goes on\n"
    kept = (tmp_path / "backend.log.1").read_bytes()
    assert kept.endswith(b"line 199999\n")
    assert kept.startswith(b"line ")
    assert len(kept) <= 1_000_000
