"""A virtual cable between this program and any call program.

On PulseAudio, and on PipeWire in its place, it is made of the server's own modules and removed at
the end: the call program's speaker is “Assistant-ears”, its microphone “Assistant-voice”. On macOS
BlackHole is looked for, which the user has to install.

    call program ─► sink Assistant-ears ─► source “Assistant-hears” ─► session's microphone
    call program ◄─ source Assistant-voice ◄─ sink “Assistant-speaks” ◄─ session's speaker

Sources are remapped monitors, because a monitor itself is taken for no microphone, by others as by
us (`pulse.PulseDevice.is_real`).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from filelock import FileLock, Timeout

from assistant.errors import AssistantError
from assistant.locations import data_dir
from assistant.private_files import make_folder

_EARS, _HEARS = "assistant_ears", "assistant_hears"
_SPEAKS, _VOICE = "assistant_speaks", "assistant_voice"
_DESCRIPTIONS = {
    _EARS: "Assistant-ears",
    _HEARS: "Assistant-hears",
    _SPEAKS: "Assistant-speaks",
    _VOICE: "Assistant-voice",
}
_OURS = re.compile(rf"\b(?:sink_name|source_name)=(?:{'|'.join(_DESCRIPTIONS)})\b")
_RATE = 48_000
_LIMIT = 5.0
"""Seconds that the sound server may take for an answer."""
_BLACKHOLE = ("BlackHole 16ch", "BlackHole 2ch")
"""What the call plays into, and what it hears."""
_BREW = "brew install blackhole-2ch blackhole-16ch"
_ADVICE = (
    "In the call program choose “{ears}” as speaker and “{voice}” as microphone.",
    "Switch its noise suppression and echo cancellation off: they take the assistant for noise.",
    "Tell the others that an assistant listens. Ctrl-C ends it.",
)


class CableError(AssistantError):
    """There can be no virtual cable, or not now."""


@dataclass(frozen=True, slots=True)
class Cable:
    """The session's ends, as `audio.input_device` and `audio.output_device` name them, and what to
    tell the user."""

    hears: str
    speaks: str
    advice: tuple[str, ...]


def _cable(hears: str, speaks: str, ears: str, voice: str) -> Cable:
    return Cable(hears, speaks, tuple(line.format(ears=ears, voice=voice) for line in _ADVICE))


@contextlib.contextmanager
def virtual_cable(platform: str = sys.platform) -> Iterator[Cable]:
    """There while the context lasts. What an earlier one left behind in a crash is removed first.
    Raises `CableError`."""
    if platform == "darwin":
        yield blackhole(_portaudio_names())
    elif platform.startswith("linux"):
        with _only_one(), _modules() as cable:
            yield cable
    else:
        raise CableError(
            "a virtual cable can be made on Linux, and be found on macOS",
            "Install a virtual audio cable of your system, and name its ends: --input-device, "
            "--output-device.",
        )


# -- PulseAudio, PipeWire ------------------------------------------------------------------------


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Two would tear down each other's."""
    folder = data_dir()
    make_folder(folder)
    lock = FileLock(folder / "cable.lock", mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CableError(
            "the virtual cable is in use by another assistant", "End that one first."
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _modules() -> Iterator[Cable]:
    if shutil.which("pactl") is None:
        raise CableError(
            "pactl is missing, which makes the cable",
            "Install it: sudo apt-get install pulseaudio-utils, or sudo dnf install "
            "pulseaudio-utils",
        )
    remove_leftovers()
    made: list[str] = []
    try:
        for sink, source in ((_EARS, _HEARS), (_SPEAKS, _VOICE)):
            made.append(_null_sink(sink))
            made.append(_remapped(source, sink))
        yield _cable(_HEARS, _SPEAKS, _DESCRIPTIONS[_EARS], _DESCRIPTIONS[_VOICE])
    finally:
        for index in reversed(made):
            with contextlib.suppress(CableError):  # the server has gone, and they with it
                _pactl("unload-module", index)


def remove_leftovers() -> int:
    """Remove the modules of a cable that was not taken away; returns how many there were. Raises
    `CableError` where no sound server answers."""
    left = leftovers()
    for index in reversed(left):
        with contextlib.suppress(CableError):  # gone with the one that it hung on
            _pactl("unload-module", index)
    return len(left)


def leftovers() -> list[str]:
    """Indices of the modules of a virtual cable that are there, in the order in which they were
    made. Raises `CableError`."""
    lines = _pactl("list", "short", "modules").splitlines()
    return [line.split("\t")[0] for line in lines if _OURS.search(line)]


def _null_sink(name: str) -> str:
    """Without `norewinds` PulseAudio's wakes only every two seconds; older ones do not know it."""
    described = f"sink_properties=device.description={_DESCRIPTIONS[name]}"
    wanted = ["load-module", "module-null-sink", f"sink_name={name}", f"rate={_RATE}", described]
    try:
        return _pactl(*wanted, "norewinds=1").strip()
    except CableError:
        return _pactl(*wanted).strip()


def _remapped(name: str, sink: str) -> str:
    return _pactl(
        "load-module",
        "module-remap-source",
        f"source_name={name}",
        f"master={sink}.monitor",
        f"source_properties=device.description={_DESCRIPTIONS[name]}",
    ).strip()


def _pactl(*arguments: str) -> str:
    """What it prints. Raises `CableError`."""
    try:
        done = subprocess.run(
            ["pactl", *arguments],
            capture_output=True,
            timeout=_LIMIT,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CableError(f"the sound server does not answer: {error}", _LOOK) from error
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip().splitlines()
        told = why[-1] if why else f"pactl ended with {done.returncode}"
        raise CableError(f"the sound server refuses the virtual cable: {told}", _LOOK)
    return done.stdout.decode(errors="replace")


_LOOK = "Look whether PulseAudio or PipeWire runs: pactl info"


# -- macOS ---------------------------------------------------------------------------------------


def blackhole(names: Sequence[str]) -> Cable:
    """Of these names of devices. Raises `CableError` where BlackHole is not, or not twice, among
    them: with one alone both would hear themselves."""
    missing = [name for name in _BLACKHOLE if name not in names]
    if missing:
        told = " and ".join(f"“{name}”" for name in missing)
        raise CableError(
            f"a virtual cable needs the devices “BlackHole 2ch” and “BlackHole 16ch”; {told} "
            "cannot be found",
            f"Install them: {_BREW} (then log out and in again)",
        )
    ears, voice = _BLACKHOLE
    return _cable(ears, voice, ears, voice)


def _portaudio_names() -> list[str]:
    from assistant.audio.devices.portaudio import import_sounddevice

    return [str(each["name"]) for each in import_sounddevice().query_devices()]


def describe_cable(platform: str = sys.platform) -> tuple[str, list[str]]:
    """How a cable would be had here, in a line, and the modules of one that are there. Raises
    `CableError` where there can be none."""
    if platform == "darwin":
        blackhole(_portaudio_names())
        return "BlackHole 2ch and 16ch", []
    if not platform.startswith("linux"):
        raise CableError("none can be made on this system", "Install a virtual audio cable.")
    if shutil.which("pactl") is None:
        raise CableError("pactl is missing", "sudo apt-get install pulseaudio-utils")
    return "can be made by the sound server", leftovers()
