"""The choice of `audio.stt = "auto"`: what may be taken, and what was found on this machine.

Nothing is loaded here, so that the doctor can ask; `recognition.choosing` measures and chooses.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import msgspec

from assistant.backends.cascade import weights
from assistant.backends.cascade.onnx import thread_count
from assistant.backends.cascade.weights_catalog import AUTO, BEST_FIRST, is_english_only
from assistant.language.languages import ENGLISH
from assistant.locations import stt_choice_file
from assistant.models.hardware import processor
from assistant.private_files import write_whole

log = logging.getLogger(__name__)

LIMIT_MS = 250.0
"""Time that writing down a typical turn may take at the median, in milliseconds, beside one core
that is busy otherwise."""
TURN_SECONDS = 4.0
"""Speech of a typical turn."""
_PROCEDURE = 2
"""Of the measurement: what another one found does not count."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen for this machine, and the measurement behind it."""

    spec: str
    """As in the settings: "packaged:base"."""
    milliseconds: dict[str, float] = {}
    """Median time for a typical turn, by the weights that were measured."""
    fingerprint: str = ""
    """Of the machine and of all weights that were to choose from."""

    def in_words(self) -> str:
        """ "packaged:base takes 140 ms for 4 s of speech here (small.en: 420 ms)"."""
        own = self.milliseconds.get(self.spec)
        others = [(s, ms) for s, ms in self.milliseconds.items() if s != self.spec]
        told = ", ".join(f"{spec}: {ms:.0f} ms" for spec, ms in others)
        more = f" ({told})" if told else ""
        if own is None:
            return f"{self.spec}, the quickest here{more}"
        return f"{self.spec} takes {own:.0f} ms for {TURN_SECONDS:.0f} s of speech here{more}"


def candidates(language: str = AUTO) -> list[str]:
    """The weights on this machine that `auto` may take, best first. Who speaks another language
    than English (`language`: its code) needs weights that know it, where there are any."""
    here = [spec for spec in BEST_FIRST if weights.is_here(spec)]
    if language in (AUTO, ENGLISH):
        return here
    return [spec for spec in here if not is_english_only(spec)] or here


def fingerprint(specs: Sequence[str], threads: int) -> str:
    """Of this machine and these weights: another where a measurement may find something else."""
    parts = [
        str(_PROCEDURE),
        processor(),
        str(os.cpu_count()),
        str(thread_count(threads)),
        _version("ctranslate2"),
        *(f"{spec} {_state(spec)}" for spec in specs),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def remembered(specs: Sequence[str], threads: int) -> Choice | None:
    """What was chosen among these weights on this machine; None where that is not known."""
    try:
        choice = msgspec.json.decode(stt_choice_file().read_bytes(), type=Choice)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read and is made anew: %s", stt_choice_file(), error)
        return None
    as_then = choice.fingerprint == fingerprint(specs, threads)
    return choice if as_then and choice.spec in specs else None


def remember(choice: Choice) -> None:
    """Keep it; where it cannot be kept it is found again the next time."""
    try:
        write_whole(stt_choice_file(), msgspec.json.encode(choice), durable=False)
    except OSError as error:
        log.warning("%s cannot be written: %s", stt_choice_file(), error)


def chosen(spec: str, threads: int, language: str = AUTO) -> str | None:
    """The weights that `spec` means on this machine: itself, or what `auto` takes; None where that
    has still to be measured."""
    if spec != AUTO:
        return spec
    here = candidates(language)
    if len(here) == 1:
        return here[0]
    known = remembered(here, threads)
    return known.spec if known is not None else None


def _state(spec: str) -> str:
    """What changes where the files of these weights do: they are too large to be hashed."""
    try:
        stat = weights.model_file(spec).stat()
    except OSError:
        return ""
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
