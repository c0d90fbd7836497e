"""The backend process: it answers, survives being killed, and never outlives the host."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from assistant import frames as f
from assistant.backends.host.child import Launch
from assistant.backends.host.process import BackendProcess
from assistant.backends.wire import encode_pcm

LOUD = encode_pcm((0.3 * np.sin(np.arange(f.FRAME_SAMPLES) / 5)).astype(np.float32))
SILENT = bytes(f.FRAME_BYTES)


class Recorder:
    def __init__(self) -> None:
        self.events: list[f.AnyEvent] = []

    def __call__(self, event: f.AnyEvent) -> None:
        self.events.append(event)

    def of(self, kind: type) -> list:
        return [e for e in self.events if isinstance(e, kind)]


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1500):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen within 30 s")


@pytest.fixture
async def echo() -> AsyncIterator[tuple[BackendProcess, Recorder]]:
    recorder = Recorder()
    process = BackendProcess("echo", f.Load(options={}, names=[]), recorder)
    process.start()
    await asyncio.wait_for(process.ready.wait(), 30)
    yield process, recorder
    await process.stop()


async def test_a_turn_comes_back(echo: tuple[BackendProcess, Recorder]) -> None:
    process, recorder = echo
    for number in range(30):
        await process.push_and_wait(f.Push(number, LOUD if number < 10 else SILENT))
    started, ended = recorder.of(f.UserTurnStarted), recorder.of(f.UserTurnEnded)
    assert [e.at for e in started] == [0.0]
    assert [round(e.at, 2) for e in ended] == [0.8]
    sound = sum(len(e.pcm) // 4 for e in recorder.of(f.AudioOut))
    assert recorder.of(f.UtteranceEnded)[0].samples == sound > 0


async def test_a_backend_that_writes_nothing_down_says_so(
    echo: tuple[BackendProcess, Recorder],
) -> None:
    process, recorder = echo
    process.send(f.Transcribe(7, LOUD))
    await until(lambda: bool(recorder.of(f.Transcribed)))
    (answer,) = recorder.of(f.Transcribed)
    assert answer.number == 7
    assert "no recordings" in answer.failed
    assert "cascade" in answer.remedy


async def test_the_child_leaves_the_machine_to_the_sound(
    echo: tuple[BackendProcess, Recorder],
) -> None:
    pid = echo[0].pid
    assert pid is not None
    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_a_killed_child_is_replaced_and_told_who_it_is(
    echo: tuple[BackendProcess, Recorder],
) -> None:
    process, recorder = echo
    process.send(f.ChangePersona(f.PersonaPrompt(slug="a", name="A")))
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    waiting = asyncio.create_task(process.push_and_wait(f.Push(0, SILENT)))
    await asyncio.wait_for(waiting, 5)  # the virtual clock does not hang on a dead child
    await until(lambda: bool(recorder.of(f.Failed)))
    await asyncio.wait_for(process.ready.wait(), 30)
    assert "SIGKILL" in recorder.of(f.Failed)[0].message
    assert process.restarts == 1
    assert len(recorder.of(f.Ready)) == 2
    process.send(f.Say(1, "two words", True))
    await process.push_and_wait(f.Push(1, SILENT))
    assert recorder.of(f.UtteranceEnded)[-1].samples > 0


async def test_stop_ends_a_child_that_hangs(echo: tuple[BackendProcess, Recorder]) -> None:
    process, _ = echo
    pid = process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    await asyncio.wait_for(process.stop(), 5)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_backend_that_cannot_run_says_why_and_is_not_tried_again() -> None:
    recorder = Recorder()
    process = BackendProcess("nonsense", f.Load(options={}, names=[]), recorder)
    process.start()
    await until(lambda: process.given_up)
    await process.stop()
    failed = recorder.of(f.Failed)
    assert len(failed) == 1
    assert failed[0].fatal
    assert "nonsense" in failed[0].message


async def test_a_python_that_is_not_there_is_a_message() -> None:
    recorder = Recorder()
    process = BackendProcess(
        "echo", f.Load(options={}, names=[]), recorder, python="/nowhere/python"
    )
    process.start()
    await until(lambda: process.given_up)
    await process.stop()
    assert recorder.of(f.Failed)[0].remedy


async def test_a_backend_that_cannot_run_gives_way_to_its_substitute() -> None:
    recorder = Recorder()
    echo = f.Load(options={}, names=[])
    process = BackendProcess("nonsense", echo, recorder, substitute=Launch("echo", echo))
    process.send(f.ChangePersona(f.PersonaPrompt(slug="a", name="A")))
    process.start()
    await asyncio.wait_for(process.ready.wait(), 30)
    [told] = recorder.of(f.Substituted)
    assert (told.failed, told.name) == ("nonsense", "echo")
    assert "nonsense" in told.reason
    assert not recorder.of(f.Failed), "one line, not two"
    process.send(f.Say(1, "two words", True))
    await process.push_and_wait(f.Push(0, SILENT))
    assert recorder.of(f.UtteranceEnded)
    await process.stop()


async def test_a_backend_that_crashes_while_it_loads_is_not_tried_again() -> None:
    recorder = Recorder()
    load = f.Load(options={}, names=[])
    process = BackendProcess(
        "echo", load, recorder, python="/bin/false", substitute=Launch("echo", load)
    )
    process.start()
    await asyncio.wait_for(process.ready.wait(), 30)
    assert "exit code 1" in recorder.of(f.Substituted)[0].reason
    assert process.restarts == 0
    await process.stop()


async def test_a_substitute_is_not_used_for_a_crash_after_loading() -> None:
    recorder = Recorder()
    load = f.Load(options={}, names=[])
    process = BackendProcess("echo", load, recorder, substitute=Launch("nonsense", load))
    process.start()
    await asyncio.wait_for(process.ready.wait(), 30)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    await until(lambda: len(recorder.of(f.Ready)) == 2)
    assert not recorder.of(f.Substituted)
    assert process.name == "echo"
    await process.stop()


def test_the_child_ends_when_the_host_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import asyncio, sys
        from assistant.backends.host.process import BackendProcess
        from assistant.frames import Load
        async def main():
            p = BackendProcess("echo", Load(options={}, names=[]), lambda e: None)
            p.start()
            await p.ready.wait()
            print(p.pid, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """)
    host = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    child = int(host.stdout.readline())
    host.kill()
    host.wait()
    for _ in range(500):
        if not Path(f"/proc/{child}").exists() or "Z" in _state(child):
            return
        time.sleep(0.02)
    raise AssertionError("the backend process outlived its host")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"
