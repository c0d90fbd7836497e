"""The choice of `voice_engine = "auto"`: what may be taken, and what was found on this machine.

Nothing is loaded here, so that the doctor can ask; `choosing` measures and chooses.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

from assistant.backends.cascade.onnx import thread_count
from assistant.backends.cascade.synthesis.engines import hub_voices
from assistant.backends.cascade.synthesis.engines.catalog import (
    AUTO,
    EngineSpec,
    engines_here,
)
from assistant.locations import voice_choice_file
from assistant.models.hardware import processor
from assistant.private_files import write_whole

log = logging.getLogger(__name__)

FIRST_SAMPLE_MS = 500.0
"""Time from words to their first sample, at the median, that a voice may take, in milliseconds."""
REAL_TIME_FACTOR = 0.75
"""Seconds of work for a second of speech, at the median, that it may take: above, gaps come."""
_PROCEDURE = 1
"""Of the measurement: what another one found does not count."""


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """How quick an engine is here, at the median."""

    first_sample_ms: float
    """From words to their first sample."""
    real_time_factor: float
    """Seconds of work for a second of speech."""

    @property
    def is_enough(self) -> bool:
        return self.first_sample_ms <= FIRST_SAMPLE_MS and self.real_time_factor <= REAL_TIME_FACTOR


class VoiceChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen for this machine, and the measurement behind it."""

    engine: str
    """As in the settings: "kokoro"."""
    speeds: dict[str, Speed] = {}
    """By the engines that were measured."""
    fingerprint: str = ""
    """Of the machine and of all engines that were to choose from."""

    def in_words(self) -> str:
        """ "hibari, first sample after 40 ms here (kokoro: 900 ms)"."""
        own = self.speeds.get(self.engine)
        others = ", ".join(
            f"{name}: {speed.first_sample_ms:.0f} ms"
            for name, speed in self.speeds.items()
            if name != self.engine
        )
        more = f" ({others})" if others else ""
        if own is None:
            return f"{self.engine}, the quickest here{more}"
        return f"{self.engine}, first sample after {own.first_sample_ms:.0f} ms here{more}"


def fingerprint(specs: Sequence[EngineSpec], threads: int) -> str:
    """Of this machine and these engines: another where a measurement may find something else."""
    parts = [str(_PROCEDURE), processor(), str(os.cpu_count()), str(thread_count(threads))]
    parts += [f"{spec.name} {_state(spec)}" for spec in specs]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def remembered(specs: Sequence[EngineSpec], threads: int) -> VoiceChoice | None:
    """What was chosen among these engines on this machine; None where that is not known."""
    try:
        choice = msgspec.json.decode(voice_choice_file().read_bytes(), type=VoiceChoice)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read and is made anew: %s", voice_choice_file(), error)
        return None
    as_then = choice.fingerprint == fingerprint(specs, threads)
    return choice if as_then and choice.engine in {spec.name for spec in specs} else None


def remember(choice: VoiceChoice) -> None:
    """Keep it; where it cannot be kept it is found again the next time."""
    try:
        write_whole(voice_choice_file(), msgspec.json.encode(choice), durable=False)
    except OSError as error:
        log.warning("%s cannot be written: %s", voice_choice_file(), error)


def chosen(name: str, threads: int) -> str | None:
    """The engine that `name` means here; None where `auto` has still to be measured, or there is
    none."""
    if name != AUTO:
        return name
    here = engines_here()
    if len(here) == 1:
        return here[0].name
    known = remembered(here, threads)
    return known.engine if known is not None else None


def _state(spec: EngineSpec) -> str:
    """What changes where its packages or weights do: they are too large to be hashed."""
    states = [_stamp(_place(module)) for module in spec.modules]
    for voices in (spec.weights, spec.further):
        if voices is not None:
            states.append(_stamp(hub_voices.folder_of(voices) / hub_voices.DONE))
    return " ".join(states)


def _place(module: str) -> Path | None:
    found = find_spec(module)
    return Path(found.origin) if found is not None and found.origin else None


def _stamp(path: Path | None) -> str:
    try:
        stat = path.stat() if path is not None else None
    except OSError:
        return ""
    return f"{stat.st_size} {stat.st_mtime_ns}" if stat is not None else ""
