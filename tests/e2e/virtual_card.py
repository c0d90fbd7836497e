"""A sound card without hardware: a private PulseAudio with a speaker and a microphone.

    with VirtualCard(folder) as card:
        subprocess.Popen([...], env=os.environ | card.environment)
        with card.recording(folder / "heard.wav"):
            card.speak(folder / "say.wav")

`norewinds=1` is essential: without it a null sink wakes only every two seconds. A reader that
stays open on each device keeps the callbacks off a 50 ms grid.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

_PROGRAMS = ("pulseaudio", "pactl", "parec", "paplay")
_NULL_SINK = "module-null-sink norewinds=1 rate=48000"


def missing_programs() -> list[str]:
    """Which of the programs a virtual card needs are not installed."""
    return [name for name in _PROGRAMS if shutil.which(name) is None]


class VirtualCard:
    """One sound server with the sink `spk` and, if asked for, the source `mic`."""

    def __init__(self, folder: Path, *, microphone: bool = True) -> None:
        # Socket paths are limited to 107 bytes, and pytest's folders are deep.
        self._run = Path(tempfile.mkdtemp(prefix="card-"))
        self._log = folder / "pulseaudio.log"
        self._microphone = microphone
        self._server: subprocess.Popen[bytes] | None = None
        self._readers: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "XDG_RUNTIME_DIR": str(self._run),
            "PULSE_RUNTIME_PATH": str(self._run),
            "PULSE_SERVER": f"unix:{self._run}/native",
        }

    def __enter__(self) -> VirtualCard:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the server (again) and wait until it answers."""
        socket = self._run / "native"
        socket.unlink(missing_ok=True)
        modules = [
            f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
            f"{_NULL_SINK} sink_name=spk channels=2",
        ]
        if self._microphone:
            modules += [
                f"{_NULL_SINK} sink_name=micin channels=1",
                "module-remap-source source_name=mic master=micin.monitor channels=1",
            ]
        command = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no"]
        command += ["--exit-idle-time=-1", "--disable-shm=yes", "--realtime=no"]
        command += ["--high-priority=no"]
        for module in modules:
            command += ["-L", module]
        with self._log.open("ab") as log:
            self._server = self._spawn(command, stderr=log)
        self._await_server()
        self.pactl("set-default-sink", "spk")
        devices = ["spk.monitor"]
        if self._microphone:
            self.pactl("set-default-source", "mic")
            devices.append("mic")
        for device in devices:
            reader = ["parec", "--latency-msec=10", "-d", device]
            self._readers.append(self._spawn(reader, stderr=subprocess.DEVNULL))

    def kill(self) -> None:
        """The sound server dies, as in a crash; `start` brings it back."""
        for process in (self._server, *self._readers):
            if process is not None:
                process.kill()
                process.wait()
        self._server = None
        self._readers.clear()

    def hang(self) -> None:
        """The sound server stops answering without going away."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.wake()
        self.kill()
        shutil.rmtree(self._run, ignore_errors=True)

    def pactl(self, *arguments: str) -> str:
        """Run `pactl`; returns what it printed."""
        done = subprocess.run(
            ["pactl", *arguments],
            env=os.environ | self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=10,
        )
        return done.stdout

    def echo(self, latency_ms: int = 40) -> None:
        """A room: what the speaker plays reaches the microphone.

        It must not move: when the default microphone changes, the server would have it listen to
        that one, and so to itself.
        """
        self.pactl(
            "load-module",
            "module-loopback",
            "source=spk.monitor",
            "sink=micin",
            f"latency_msec={latency_ms}",
            "adjust_time=0",
            "source_dont_move=true",
            "sink_dont_move=true",
        )

    def speak(self, wav: Path) -> None:
        """Play a WAV file into the microphone; returns when it has been said."""
        subprocess.run(self._paplay(wav), env=os.environ | self.environment, check=True, timeout=60)

    def start_speaking(self, wav: Path) -> subprocess.Popen[bytes]:
        """The same without waiting; `wait()` on what is returned."""
        return self._spawn(self._paplay(wav), stderr=subprocess.DEVNULL)

    @contextlib.contextmanager
    def recording(self, wav: Path, source: str = "spk.monitor") -> Iterator[None]:
        """Record what the speaker plays (or, from "mic", what the microphone hears, the echo of
        the room included), to a WAV file of 24 kHz mono int16."""
        wav.unlink(missing_ok=True)
        command = ["parec", "-d", source, "--rate=24000", "--channels=1"]
        command += ["--format=s16le", "--file-format=wav", "--latency-msec=20", str(wav)]
        recorder = self._spawn(command, stderr=subprocess.DEVNULL)
        try:
            _wait_until(lambda: wav.exists() and wav.stat().st_size > 44)
            yield
        finally:
            recorder.send_signal(signal.SIGINT)
            recorder.wait(timeout=10)

    def _paplay(self, wav: Path) -> list[str]:
        return ["paplay", "--latency-msec=20", "--device=micin", str(wav)]

    def _spawn(self, command: list[str], stderr: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,  # type: ignore[arg-type]
        )

    def _await_server(self) -> None:
        def answers() -> bool:
            assert self._server is not None
            if self._server.poll() is not None:
                raise RuntimeError(f"pulseaudio ended: {self._log.read_text()}")
            try:
                self.pactl("info")
            except subprocess.CalledProcessError:
                return False
            return True

        _wait_until(answers)


def _wait_until(condition: object, seconds: float = 10.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the virtual sound card did not come up")
        time.sleep(0.02)


@pytest.fixture
def virtual_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualCard]:
    """A running card that this process, too, finds as its sound server."""
    if missing := missing_programs():
        pytest.skip(f"not installed: {', '.join(missing)}")
    with VirtualCard(tmp_path) as card:
        for name, value in card.environment.items():
            monkeypatch.setenv(name, value)
        yield card
