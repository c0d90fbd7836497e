"""`assistant doctor --audio`: from the recording of both sides to figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio import probe
from assistant.audio.probe import chirp
from assistant.commands.doctor.audio_recording import RoomRecording
from assistant.frames import SAMPLE_RATE

AGREEMENT_MS = 3.0
"""Sweeps whose delays lie no further apart agree: that is drift, not chance."""
SWEEPS_NEEDED = 3
LARGEST_JUMP = 0.06
"""Seconds by which lost blocks may move the echo; sweeps found further off are something else."""
LONGEST_DELAY = 0.8
"""Seconds. Less than the least distance of two sweeps, so that each has a time of its own."""
_EARLY = 0.03
"""Seconds by which the two streams' clocks may be misjudged."""
_GUESSED_DELAY = 0.1
"""Seconds; where in the recording the echo would be, were there one."""
_SETTLE = 0.3
"""Seconds at the beginning that are left out: streams start with a burst."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; levels in dBFS (root mean square, 1.0 is 0), None where nothing can be
    told. The names are those of the JSON report."""

    microphone: str
    speaker: str
    seconds: float
    """Length of the test sound."""
    played_dbfs: float
    """Level of the speech as it left for the speaker."""
    sweeps_played: int
    sweeps_heard: int
    """Whether or not they agree on the delay."""
    delay_ms: float | None
    """From the playback queue to the program's ear: output buffers, air, input buffers."""
    delay_spread_ms: float | None
    """Between the earliest and the latest sweep that agree."""
    echo_loss_db: float | None
    """How much softer than played the microphone hears it; None where it does not (ERL)."""
    cancelled_db: float | None
    """How much of that the canceller takes out (ERLE); a least value where `echo_buried`."""
    echo_buried: bool
    """What is left of the echo is not to be told from the noise."""
    left_dbfs: float | None
    """Level of what is left of the assistant's own voice, or of the noise that hides it."""
    noise_dbfs: float
    noise_handed_on_dbfs: float
    clipped_playing: float
    """Share of clipped samples while the test sound played, 0 to 1."""
    clipped_quiet: float
    dc_offset: float
    dead_share: float
    """Share of the time in which the microphone gave the very same value over and over."""
    drift_ppm: float | None
    """How much faster the microphone's clock runs than the speaker's."""
    drift_plus_minus_ppm: float | None
    drift_from: str
    """ "sweeps" or "blocks": from the echo, or from how fast the devices ask and deliver."""
    jumps_ms: tuple[float, ...]
    """By how much the echo suddenly came later or sooner."""
    lost_frames: dict[str, int]
    restarts: int
    front_end: str
    own_voice_taken_out: bool
    """The front end vouches for it."""


@dataclass(frozen=True, slots=True)
class _Echo:
    delay: float | None = None
    spread: float | None = None
    heard: int = 0
    """Sweeps that were found, whether or not they agree."""
    drift: probe.Drift | None = None


@dataclass(frozen=True, slots=True)
class _Loss:
    loss: float | None = None
    cancelled: float | None = None
    buried: bool = False
    left: float | None = None


def figures_of(recording: RoomRecording) -> Figures:
    """Work everything out; some 0.1 s of computing."""
    plan = recording.plan
    start = _start(recording)
    echo = _find_echo(recording, start)
    quiet = _quiet(recording, start)
    noise, handed_on = probe.noise_db(recording.near[quiet]), probe.noise_db(recording.clean[quiet])
    spoken = [slice(round(start) + a, round(start) + b) for a, b in plan.speech]
    played = probe.level_db(np.concatenate([recording.far[part] for part in spoken]))
    heard = [_later(recording, part, echo.delay) for part in spoken]
    loss = _loss(recording, heard, played, noise, handed_on) if echo.delay is not None else _Loss()
    drift, how = _drift(recording, echo)
    sounding = _later(recording, slice(round(start) + plan.quiet[1], spoken[-1].stop), echo.delay)
    return Figures(
        microphone=recording.microphone,
        speaker=recording.speaker,
        seconds=plan.sound.size / SAMPLE_RATE,
        played_dbfs=played,
        sweeps_played=len(plan.sweeps),
        sweeps_heard=echo.heard,
        delay_ms=None if echo.delay is None else 1000 * echo.delay,
        delay_spread_ms=None if echo.spread is None else 1000 * echo.spread,
        echo_loss_db=loss.loss,
        cancelled_db=loss.cancelled,
        echo_buried=loss.buried,
        left_dbfs=loss.left,
        noise_dbfs=noise,
        noise_handed_on_dbfs=handed_on,
        clipped_playing=probe.clipped_share(recording.near[sounding]),
        clipped_quiet=probe.clipped_share(recording.near[quiet]),
        dc_offset=probe.offset(recording.near[quiet]),
        dead_share=probe.constant_share(recording.near),
        drift_ppm=None if drift is None else drift.ppm,
        drift_plus_minus_ppm=None if drift is None else drift.plus_minus,
        drift_from=how,
        jumps_ms=tuple(1000 * jump / SAMPLE_RATE for jump in drift.jumps) if drift else (),
        lost_frames=recording.lost,
        restarts=recording.restarts,
        front_end=recording.described,
        own_voice_taken_out=recording.proved,
    )


def _start(recording: RoomRecording) -> float:
    """Where in the far end the test sound begins: looked for, not counted."""
    first = recording.plan.sweeps[0]
    far = recording.far[: first + 4 * SAMPLE_RATE]
    found = probe.find(chirp(), far, first_within=far.size)
    return max(0.0, round(found.at) - first) if found else 0.0


def _find_echo(recording: RoomRecording, start: float) -> _Echo:
    """The sweeps in the microphone's sound, those that agree on how late they are.

    They are compared in samples, which a late callback does not move; the clock only says once how
    the two streams' counts lie to each other.
    """
    sweep = chirp()
    left: list[float] = []
    came: list[float] = []
    for place in recording.plan.sweeps:
        at = start + place
        begin = max(0, round(_near_place(recording, at) - _EARLY * SAMPLE_RATE))
        reach = sweep.size + round(LONGEST_DELAY * SAMPLE_RATE)
        found = probe.find(sweep, recording.near[begin : begin + reach])
        if found is not None:
            left.append(at)
            came.append(begin + found.at)
    if len(left) < SWEEPS_NEEDED:
        return _Echo(heard=len(left))
    lags = (np.asarray(came) - np.asarray(left)) / SAMPLE_RATE
    together = np.abs(lags[:, np.newaxis] - lags) <= AGREEMENT_MS / 1000
    middle = float(lags[np.argmax(together.sum(axis=0))])  # that with which most agree
    agreeing = lags[np.abs(lags - middle) <= AGREEMENT_MS / 1000]
    if agreeing.size < SWEEPS_NEEDED:
        return _Echo(heard=len(left))
    near_by = np.abs(lags - middle) <= LARGEST_JUMP
    drift = probe.drift_of_sweeps(np.asarray(left)[near_by], np.asarray(came)[near_by])
    apart = _near_place(recording, 0.0) / SAMPLE_RATE
    return _Echo(middle - apart, float(np.ptp(agreeing)), len(left), drift)


def _near_place(recording: RoomRecording, far_place: float) -> float:
    """The sample that came from the microphone when this one left for the speaker."""
    return recording.near_clock.place_at(recording.far_clock.time_of(far_place))


def _quiet(recording: RoomRecording, start: float) -> slice:
    """The silence before the first sweep, in the microphone's samples."""
    begin, end = recording.plan.quiet
    here = _later(recording, slice(round(start) + begin, round(start) + end), 0.0)
    return slice(here.start + round(_SETTLE * SAMPLE_RATE), here.stop)


def _later(recording: RoomRecording, far: slice, delay: float | None) -> slice:
    """Where the microphone hears what stands in `far` of the far end."""
    late = _GUESSED_DELAY if delay is None else delay
    moved = _near_place(recording, 0.0) + late * SAMPLE_RATE
    return slice(max(0, round(far.start + moved)), max(0, round(far.stop + moved)))


def _loss(
    recording: RoomRecording, heard: list[slice], played: float, noise: float, handed_on: float
) -> _Loss:
    """Echo return loss over all speech; its enhancement over the last half of the pieces, when a
    canceller has had time to learn the room (ITU-T G.168 gives it a second)."""
    before = probe.level_db(np.concatenate([recording.near[part] for part in heard]))
    echo = probe.less_noise(before, noise)
    if echo is None:
        return _Loss()
    late = heard[len(heard) // 2 :]
    loud = probe.level_db(np.concatenate([recording.near[part] for part in late]))
    after = probe.level_db(np.concatenate([recording.clean[part] for part in late]))
    left = probe.less_noise(after, handed_on)
    # A residual under the noise is at most as loud as that: the least that can be claimed.
    remains = after if left is None else left
    late_echo = probe.less_noise(loud, noise)
    cancelled = (echo if late_echo is None else late_echo) - remains
    return _Loss(played - echo, max(0.0, cancelled), left is None, remains)


def _drift(recording: RoomRecording, echo: _Echo) -> tuple[probe.Drift | None, str]:
    if echo.drift is not None:
        return echo.drift, "sweeps"
    counted = probe.drift_of_clocks(recording.far_clock, recording.near_clock)
    return (counted if np.isfinite(counted.plus_minus) else None), "blocks"
