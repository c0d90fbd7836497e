"""`python -m benchmarks ears FOLDER`: how well the cascade hears a folder of recordings."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.audio.types import Float32
from assistant.config.schema import Config
from assistant.frames import SAMPLE_RATE
from assistant.language.command_patterns import SpokenCommand
from assistant.terminal.output import write_status
from benchmarks.ears.actions import ActionReader
from benchmarks.ears.backgrounds import background
from benchmarks.ears.clips import Clip, load_clips
from benchmarks.ears.conditions import DEFAULT, Condition, read_conditions
from benchmarks.ears.listening import Ears, FinalText
from benchmarks.ears.manifest import ClipEntry, ManifestError, read_manifest
from benchmarks.ears.report import (
    ClipReport,
    ConditionReport,
    EarsReport,
    print_report,
    report_data,
)
from benchmarks.ears.scene import Placement, length, mixed, place, voices
from benchmarks.ears.scoring import Said, group, score
from benchmarks.turn_material import Half

_TALKERS = 30
"""Recordings that people in the background may be taken from, if there are so many."""

Treat = Callable[[Float32], Float32]
"""What is done to the microphone's sound before it is heard: float32 [n] → [n]."""


@dataclass(frozen=True, slots=True)
class EarsOptions:
    """As the command line gives them."""

    conditions: str = DEFAULT
    half: Half | None = None
    """None: both."""
    limit: int | None = None
    seed: int = 1


def ears_command(config: Config, folder: Path, options: EarsOptions, *, json_output: bool) -> int:
    """Returns 0. Raises `AssistantError` where the folder or the weights cannot be used."""
    report = measure(config, folder, options)
    if json_output:
        print(json.dumps(report_data(report), indent=2, ensure_ascii=False))
    else:
        print_report(report)
    return 0


def measure(
    config: Config, folder: Path, options: EarsOptions, treat: Treat = lambda sound: sound
) -> EarsReport:
    """Hear the recordings of `folder` in each condition. Raises `AssistantError`."""
    conditions = read_conditions(options.conditions)
    entries = _chosen(read_manifest(folder), options)
    clips = load_clips(entries[: options.limit], lambda name: _tell(f"reading {name}"))
    if not clips:
        raise ManifestError(
            f"No recording in {folder} can be heard.", "They are silent, or longer than one turn."
        )
    others = _talkers(clips, entries, options)
    ears = Ears(config)
    placements = place(clips, options.seed)
    stage = _Stage(ears, ActionReader(ears.names), placements, others, options, treat)
    used = len(entries[: options.limit])
    seconds = stage.voice.size / SAMPLE_RATE
    report = EarsReport(
        ears.label, options.half, options.seed, len(clips), used - len(clips), seconds
    )
    for condition in conditions:
        report.conditions.append(stage.hear(condition))
    return report


def _chosen(entries: Sequence[ClipEntry], options: EarsOptions) -> list[ClipEntry]:
    """Those of the half that is wanted, shuffled: a limit takes some of everything."""
    kept = [each for each in entries if options.half in (None, each.half)]
    if not kept:
        raise ManifestError(
            f"No recording is of the half {options.half}.", "Leave --half out, or add some."
        )
    order = np.random.default_rng([options.seed, 3]).permutation(len(kept))
    return [kept[int(number)] for number in order]


def _talkers(clips: list[Clip], entries: Sequence[ClipEntry], options: EarsOptions) -> list[Clip]:
    """Who may talk in the background; those that are not heard themselves, too."""
    more = entries[options.limit : _TALKERS] if options.limit is not None else []
    spoken = [*clips, *load_clips(more)]
    return [each for each in spoken if each.entry.events.kind == "speech"][:_TALKERS]


class _Stage:
    """Everything that all conditions have in common."""

    def __init__(
        self,
        ears: Ears,
        actions: ActionReader,
        placements: list[Placement],
        others: list[Clip],
        options: EarsOptions,
        treat: Treat,
    ) -> None:
        self._ears, self._actions = ears, actions
        self._placements, self._others = placements, others
        self._options, self._treat = options, treat
        self.voice = voices(placements)
        self._bare = [ears.bare(each.clip.sound) for each in placements]

    def hear(self, condition: Condition) -> ConditionReport:
        half, seed = self._options.half or "reporting", self._options.seed
        samples = length(self._placements)
        behind = background(condition, self._placements, samples, self._others, half, seed)
        sound = self._treat(mixed(self.voice, behind))
        texts = self._ears.listen(
            sound, self._placements, lambda share: _tell(f"{condition.name}: {share:.0%}")
        )
        said = [
            self._said(placement, bare, self._ears.bare(placement.cut(sound)))
            for placement, bare in zip(self._placements, self._bare, strict=True)
        ]
        report = ConditionReport(condition.name, score(said, texts, self._act))
        groups, strays = group(said, texts)
        report.clips = [self._clip_report(each.said, each.texts, each.wait) for each in groups]
        report.strays = [each.text for each in strays]
        return report

    def _said(self, placement: Placement, bare: str, bare_here: str) -> Said:
        entry = placement.clip.entry
        begin, end = placement.voice
        return Said(
            name=entry.path.name,
            begin=begin,
            end=end,
            text=entry.text,
            bare=bare,
            bare_here=bare_here,
            is_speech=entry.events.kind == "speech",
            slots=entry.events.slots,
            expected=self._actions.expected(entry),
        )

    def _act(self, text: FinalText) -> SpokenCommand | None:
        return self._actions.read(text.text, text.prompted)

    def _clip_report(
        self, said: Sequence[Said], texts: Sequence[FinalText], wait: float | None
    ) -> ClipReport:
        actions = [call.name for call in map(self._act, texts) if call is not None]
        return ClipReport(
            tuple(each.name for each in said),
            " | ".join(each.text for each in said),
            " | ".join(each.bare for each in said),
            " | ".join(each.bare_here for each in said),
            tuple(each.text for each in texts),
            tuple(actions),
            None if wait is None else round(1000 * wait, 1),
        )


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        write_status(text)
