"""PortAudio, kept at arm's length: it may be missing, and any call into it may never return.

With a hung sound server `import sounddevice` blocks for ever, and so may opening, closing and even
aborting a stream. Every call therefore runs on one daemon thread (PortAudio is not thread-safe),
and whoever wants something of it waits for as long as they choose.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import platform
import queue
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeVar

from assistant.errors import AssistantError
from assistant.private_files import open_append

T = TypeVar("T")
Kind = Literal["missing", "hung", "broken"]

HUNG_REMEDY = {
    "Linux": "Restart the sound server: systemctl --user restart pipewire wireplumber "
    "pipewire-pulse, or: pulseaudio --kill.",
    "Darwin": "Restart the sound server: sudo killall coreaudiod.",
}.get(platform.system(), "Restart the sound service or the computer.")


class PortAudioUnavailable(AssistantError):
    """There is no way to sound devices."""

    def __init__(self, kind: Kind, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.kind = kind


class PortAudioThread:
    """The one thread that calls PortAudio, in the order in which calls were asked for."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], object], Future[object]]] = (
            queue.SimpleQueue()
        )
        self._started = False
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Run `call` when all earlier ones have returned."""
        with self._lock:
            if not self._started:
                threading.Thread(target=self._run, name="portaudio", daemon=True).start()
                self._started = True
        future: Future[T] = Future()
        self._jobs.put((call, future))  # type: ignore[arg-type]
        return future

    def _run(self) -> None:
        while True:
            call, future = self._jobs.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)
            del call, future  # or they would live on while this waits for the next one


THREAD = PortAudioThread()


def load_sounddevice(timeout: float = 3.0) -> ModuleType:
    """The `sounddevice` module, with PortAudio initialised.

    Raises `PortAudioUnavailable`: `missing` where the library is not installed, `hung` where it
    does not answer within `timeout` seconds (a later call may succeed), `broken` for the rest.
    """
    future = THREAD.submit(import_sounddevice)
    with kept_stderr(future.done):
        try:
            return future.result(timeout)
        except TimeoutError:
            future.cancel()
            raise hung() from None


def hung() -> PortAudioUnavailable:
    """What to tell where PortAudio does not answer."""
    return PortAudioUnavailable("hung", "The sound server does not answer.", HUNG_REMEDY)


def reinitialise(sd: ModuleType) -> None:
    """Look for devices anew. Ends every open stream of this process. On PortAudio's thread only."""
    while sd._initialized:
        sd._terminate()
    sd._initialize()


@contextlib.contextmanager
def quiet_stderr(target: Path | None = None) -> Iterator[None]:
    """Send what native libraries print on fd 2 to `target` (added to its end), or nowhere.

    For commands without a screen of their own. Affects the whole process, so keep it short.
    """
    sys.stderr.flush()
    sink = open_append(target) if target else os.open(os.devnull, os.O_WRONLY)
    kept = os.dup(2)
    os.dup2(sink, 2)
    os.close(sink)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def kept_stderr(done: Callable[[], bool]) -> Iterator[None]:
    """sounddevice moves fd 2 away while PortAudio starts; if that hangs, it would stay away.

    Puts fd 2 back at the end, unless what was waited for is `done`.
    """
    kept = os.dup(2)
    try:
        yield
    finally:
        if not done():
            os.dup2(kept, 2)
        os.close(kept)


def import_sounddevice() -> ModuleType:
    """As `load_sounddevice`, without a time limit; on PortAudio's thread only."""
    try:
        sd = importlib.import_module("sounddevice")
        # At exit it would close streams without a time limit; whoever opens them closes them.
        atexit.unregister(sd._exit_handler)
        if not sd._initialized:
            sd._initialize()
    except ImportError as error:
        reason = "The Python package sounddevice is not installed."
        raise PortAudioUnavailable("missing", reason, "Run: pip install sounddevice") from error
    except OSError as error:
        if "not found" not in str(error):
            raise broken(error) from error
        reason = "PortAudio, the library for sound devices, is not installed."
        raise PortAudioUnavailable("missing", reason, install_remedy()) from error
    except Exception as error:
        raise broken(error) from error
    return sd


def broken(error: Exception) -> PortAudioUnavailable:
    """What to tell where PortAudio fails for a reason of its own."""
    return PortAudioUnavailable("broken", f"PortAudio does not start: {error}.", HUNG_REMEDY)


def install_remedy() -> str:
    """How PortAudio is installed on this system."""
    ways = {
        "apt-get": "sudo apt install libportaudio2",
        "dnf": "sudo dnf install portaudio",
        "pacman": "sudo pacman -S portaudio",
        "zypper": "sudo zypper install libportaudio2",
        "apk": "sudo apk add portaudio",
        "brew": "brew install portaudio",
    }
    for program, command in ways.items():
        if shutil.which(program):
            return f"Run: {command}"
    return "Install PortAudio with your system's package manager."
