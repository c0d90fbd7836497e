"""`assistant doctor --audio`: play, listen, and say what to change.

Seconds of test sound go through the streams and the echo canceller of a conversation. Nothing of
what the microphone hears is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant import __version__
from assistant.commands.doctor.audio_advice import advise
from assistant.commands.doctor.audio_figures import Figures, figures_of
from assistant.commands.doctor.audio_recording import CannotMeasure, Progress, RoomRecording, record
from assistant.commands.doctor.command import check_settings, print_report
from assistant.commands.runner import FAILED, complain
from assistant.commands.tables import Check, fail, print_json, warn
from assistant.config.schema import Config
from assistant.terminal.output import write_status

SECONDS = 17.0
"""Of test sound, unless longer is asked for: two pieces of speech, so that the canceller is judged
by what it does when it knows the room."""
LONGEST = 170.0
"""What the playback queue takes."""


def doctor_audio_command(
    path: Path | None,
    overrides: Mapping[str, Any],
    *,
    json_output: bool = False,
    seconds: float = SECONDS,
) -> int:
    """Measure and print; returns 0 where a conversation can be held, else 1."""
    settings, config = check_settings(path, overrides)
    checks, figures = [settings], None
    try:
        figures, found = measure(config, min(seconds, LONGEST))
        checks += found
    except CannotMeasure as trouble:
        checks.append(fail("sound", trouble.message, trouble.remedy))
    able = figures is not None and all(check.state != "fail" for check in checks)
    if json_output:
        report = {
            "version": __version__,
            "can_converse": able,
            "checks": [asdict(check) for check in checks],
            "figures": asdict(figures) if figures else None,
        }
        print_json(report)
    else:
        print_report(checks)
        _conclude(able, checks)
    return 0 if able else FAILED


def measure(config: Config, seconds: float) -> tuple[Figures, list[Check]]:
    """Play and listen for `seconds`; the figures, and what they mean. Raises `CannotMeasure`."""
    from assistant.commands.plain import libraries_speak_to_the_log

    with libraries_speak_to_the_log():
        recording = asyncio.run(_record(config, seconds))
    figures = figures_of(recording)
    told = [warn("devices", text, remedy) for text, remedy in recording.problems]
    return figures, told + advise(figures, config.audio)


async def _record(config: Config, seconds: float) -> RoomRecording:
    from assistant.audio.devices.live import LiveAudio
    from assistant.audio.probe import make_plan
    from assistant.frames import SAMPLE_RATE

    plan = make_plan(seconds)
    with _progress(plan.sound.size / SAMPLE_RATE) as progress:
        return await record(LiveAudio(config.audio), plan, progress)


@contextlib.contextmanager
def _progress(length: float) -> Iterator[Progress]:
    """Says what is about to happen when the devices are open; on a terminal, how far it is."""
    on_terminal = sys.stderr.isatty()
    told = ""

    def tell(seconds: float) -> None:
        nonlocal told
        text = f"Playing test sounds for {length:.0f} s at your volume; please keep quiet."
        if on_terminal:
            text += f" {min(seconds, length):.0f} s"
        if text != told and (on_terminal or not told):
            if on_terminal:
                write_status(text)
            else:
                print(text, end="", file=sys.stderr, flush=True)
            told = text

    try:
        yield tell
    finally:
        if told:
            print(file=sys.stderr)


def _conclude(able: bool, checks: list[Check]) -> None:
    if not able:
        complain("a conversation cannot be held like this; see “fail” above")
    elif any(check.state == "warn" for check in checks):
        print("A conversation can be held; it goes better with what is said above.")
    else:
        print("A conversation can be held.")
