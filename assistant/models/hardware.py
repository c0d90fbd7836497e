"""What this machine can compute on: NVIDIA cards, an Apple chip, memory. Loads no framework.

Everything asks `survey`; tests hand a `Hardware` of their own to whoever takes one.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

QUERY = ("name", "memory.total", "memory.free", "driver_version")
TIME_LIMIT = 5.0
"""Seconds for `nvidia-smi`: a card that has gone asleep takes two or three to answer."""
METAL_SHARE = 0.7
"""Of an Apple machine's memory, what Metal recommends that programs on its graphics take at most:
two thirds on small machines, three quarters on large ones."""
GIB = 1024**3
_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Card:
    """One NVIDIA card. Sizes in bytes, None where the driver does not tell."""

    index: int
    """As programs see it: after `CUDA_VISIBLE_DEVICES`."""
    name: str
    total: int | None
    free: int | None
    driver: str = ""


@dataclass(frozen=True, slots=True)
class Hardware:
    """One machine. Sizes in bytes, 0 where they are not known."""

    system: str
    """As `platform.system`: "Linux", "Darwin", "Windows"."""
    machine: str
    """As `platform.machine`: "x86_64", "arm64"."""
    memory: int = 0
    available: int = 0
    """Memory that programs may still have; 0 on macOS, which does not tell."""
    cards: tuple[Card, ...] = ()
    macos: str = ""
    """Version of macOS: "14.5"."""
    trouble: str = ""
    """Why the cards could not be asked, in words; empty where there are none."""

    @property
    def apple_silicon(self) -> bool:
        return self.system == "Darwin" and self.machine == "arm64"

    @property
    def metal_memory(self) -> int:
        """What a model on an Apple chip may take."""
        return int(self.memory * METAL_SHARE)


def survey(environ: Mapping[str, str] | None = None) -> Hardware:
    """Look at this machine. Without an NVIDIA driver no process is started. Never raises."""
    available, total = memory()
    cards, trouble = nvidia_cards(environ)
    return Hardware(
        platform.system(),
        platform.machine(),
        memory=total,
        available=available,
        cards=cards,
        macos=platform.mac_ver()[0],
        trouble=trouble,
    )


def nvidia_cards(
    environ: Mapping[str, str] | None = None, limit: float = TIME_LIMIT
) -> tuple[tuple[Card, ...], str]:
    """The cards that programs may use, and why they could not be asked (empty: they could, or
    there is no driver)."""
    environ = os.environ if environ is None else environ
    program = shutil.which("nvidia-smi", path=environ.get("PATH"))
    if program is None:
        return (), ""
    command = [program, f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader,nounits"]
    try:
        code, output, errors = _output_of(command, limit)
    except subprocess.TimeoutExpired:
        return (), f"nvidia-smi did not answer within {limit:g} s"
    except OSError as error:
        return (), f"nvidia-smi cannot be run: {(error.strerror or str(error)).lower()}"
    if code:
        said = (errors.strip() or output.strip()).splitlines()
        return (), f"nvidia-smi: {said[0] if said else f'exit code {code}'}"
    cards = parse_cards(output)
    if not cards:
        return (), "nvidia-smi names no card"
    return visible(cards, environ.get("CUDA_VISIBLE_DEVICES")), ""


def _output_of(command: list[str], limit: float) -> tuple[int, str, str]:
    """Exit code, standard output, standard error. A driver that is stuck in the kernel cannot even
    be killed, so that nobody waits for its end as `subprocess.run` would."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    try:
        output, errors = process.communicate(timeout=limit)
    except BaseException:
        process.kill()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
        raise
    return process.returncode, output, errors


def card_number(device: str) -> int | None:
    """The card that a device's name means: 1 of "cuda:1"; None where it names no number."""
    number = device.removeprefix("cuda").removeprefix(":")
    return int(number) if number.isdecimal() else None


def parse_cards(text: str) -> tuple[Card, ...]:
    """Lines of `nvidia-smi`: name, MiB in all, MiB free, driver. What is no such line is left out;
    sizes that are no number ("[N/A]") are unknown."""
    found: list[Card] = []
    for line in text.splitlines():
        name, *rest = (part.strip() for part in line.rsplit(",", len(QUERY) - 1))
        if name and len(rest) == len(QUERY) - 1 and all(rest):
            total, free, driver = rest
            found.append(Card(len(found), name, _mib(total), _mib(free), driver))
    return tuple(found)


def visible(cards: tuple[Card, ...], setting: str | None) -> tuple[Card, ...]:
    """What `CUDA_VISIBLE_DEVICES` leaves, numbered anew as CUDA does: everything before the first
    number that does not exist. Names of cards (UUIDs) are not told apart: all are left."""
    if setting is None:
        return cards
    left: list[Card] = []
    for part in setting.split(","):
        part = part.strip()
        if part.upper().startswith(("GPU-", "MIG-")):
            return cards
        if not part.isdecimal() or int(part) >= len(cards):
            break
        card = cards[int(part)]
        left.append(Card(len(left), card.name, card.total, card.free, card.driver))
    return tuple(left)


def memory() -> tuple[int, int]:
    """Bytes that programs may still have, and bytes in all; 0 where it is not known."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0, _physical_memory()
    sizes = {
        line.split(":")[0]: int(line.split()[1]) * 1024
        for line in text.splitlines()
        if line.endswith(" kB")
    }
    return sizes.get("MemAvailable", 0), sizes.get("MemTotal", 0)


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def _mib(text: str) -> int | None:
    return int(text) * _MIB if text.isdecimal() else None


# What the processor itself can do.


def cores() -> int:
    """That this process may use; at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """What the processor calls itself, or the architecture where it does not tell. Never raises."""
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            return _output_of(command, TIME_LIMIT)[1].strip() or platform.machine()
    with contextlib.suppress(OSError):
        for line in cpuinfo.read_text(encoding="ascii", errors="replace").splitlines():
            if line.lower().startswith(("model name", "hardware")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def lacks_avx2(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this is an x86 processor that says it has no AVX2, which programs built for it
    end at without a word. Never raises."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "hw.optional.avx2_0"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            return _output_of(command, TIME_LIMIT)[1].strip() == "0"
        return False
    try:
        text = cpuinfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return bool(flags) and "avx2" not in flags.split()


# What feeds it.

_POWER_SECONDS = 30.0
"""For which an answer of `on_battery` holds."""
_power: tuple[float, bool] | None = None


def on_battery(supplies: Path | None = None) -> bool:
    """Whether this machine runs on its battery; False where it does not tell. Never raises, and
    never waits: macOS has to be asked through a program, which is done on a thread beside the
    conversation. Until it has answered for the first time, the battery is spared.

    `supplies`: a folder such as Linux's `/sys/class/power_supply`, looked at anew each time.
    """
    global _power
    if supplies is not None:
        return _discharging(supplies)
    now = time.monotonic()
    if _power is None or now - _power[0] > _POWER_SECONDS:
        if sys.platform == "darwin":
            _ask_beside()
        else:
            _power = (now, _discharging(_SUPPLIES))
    return _power is None or _power[1]


_asking = threading.Lock()
"""Held while macOS is asked."""


def _ask_beside() -> None:
    def ask() -> None:
        global _power
        try:
            _power = (time.monotonic(), _says_battery())
        finally:
            _asking.release()

    if _asking.acquire(blocking=False):
        threading.Thread(target=ask, name="power", daemon=True).start()


_SUPPLIES = Path("/sys/class/power_supply")


def _discharging(supplies: Path) -> bool:
    """A battery of the machine's own gives power, and nothing else does."""
    gives = False
    with contextlib.suppress(OSError):
        for supply in supplies.iterdir():
            if _said(supply / "online") == "1":
                return False
            own = _said(supply / "type") == "Battery" and _said(supply / "scope") != "Device"
            gives = gives or (own and _said(supply / "status") == "Discharging")
    return gives


def _said(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _says_battery() -> bool:
    try:
        return "'Battery Power'" in _output_of(["pmset", "-g", "batt"], TIME_LIMIT)[1]
    except (OSError, subprocess.SubprocessError):
        return False
