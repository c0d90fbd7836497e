"""`assistant doctor --audio`: what the figures mean, and what to do about them.

Every limit stands here with its reason. `warn`: a conversation can be held, with less; `fail`:
something stands in its way.
"""

from __future__ import annotations

from assistant.commands.doctor.audio_figures import SWEEPS_NEEDED, Figures
from assistant.commands.tables import Check, fail, ok, warn
from assistant.config.schema import AudioConfig

DEAD_SHARE = 0.98
"""A muted microphone gives nothing but zeros. Less, and there were sounds between: a noise gate."""
NOISY_DBFS = -45.0
"""A person who speaks at arm's length comes in at about -30 dBFS, and recognition wants 15 dB
between speech and noise."""
DROWNED_DBFS = -22.0
"""Here the noise is louder than the person."""
FAINT_DBFS = -68.0
"""A loudspeaker on the same table that comes in more faintly than this is not heard for noise of
the converter; nor will be a person."""
LOUD_LOSS_DB = 0.0
"""The echo comes in louder than it was played: it drowns the person who interrupts."""
ENOUGH_LOSS_DB = 30.0
"""Room and canceller together. The voices lie at -20 dBFS, so 30 dB leave -50: 20 dB under the
person, and under what is taken for speech."""
SLOW_MS = 250.0
"""Wires and built-in sound stay under 150 ms, Bluetooth takes 150 to 300 each way."""
UNSTEADY_MS = 10.0
"""The canceller follows a delay that wanders by less than its blocks."""
CLIPS = 0.0005
"""Twelve samples a second: audible as a crackle, and what is cut off no canceller can model."""
CLIPS_BADLY = 0.05
"""Speech is not recognised any more."""
OFFSET = 0.03
"""Three per cent of full scale: quieter it only costs headroom, which nobody misses."""
DRIFTING_PPM = 100.0
"""Quartzes differ by up to 50 ppm each. 100 ppm move the echo by a sample in 0.4 s, about as fast
as an adaptive filter follows."""
UNSURE_PPM = 50.0
"""A drift known no better than this is not told: it could be none."""
LOSSY_FRAMES = 2
"""Devices that start may lose as much; later, each damages a word."""
BROKEN_SHARE = 0.1
"""One frame in ten: recognition fails."""
QUIET_VOLUME = 0.1
_BELOW_ALL = -90.0
"""The last bit of 16: no microphone is quieter than that."""

_BUSY = "The machine is too busy for its sound: close programs, or set audio.block_ms to 40."
_HEADSET = "If you wear headphones: assistant config set audio.headset true."
_FURTHER = "Turn the speaker down, or move the microphone away from it."
_OTHER_DEVICES = "Choose others: assistant devices, then --input-device and --output-device."


def advise(figures: Figures, config: AudioConfig) -> list[Check]:
    """A finding a line, in the order in which sound goes its way."""
    checks = [
        ok("speaker", f"{figures.speaker}, volume {config.volume:.0%}"),
        _microphone(figures),
    ]
    if _dead(figures):
        return [*checks, _lost(figures)]  # of the rest nothing can be known
    checks += [
        _noise(figures, config),
        _clipping(figures),
        _delay(figures),
        *_echo(figures, config),
        _clocks(figures, config),
        _lost(figures),
    ]
    if (constant := abs(figures.dc_offset)) > OFFSET:
        how = "Usually a broken adapter or cable; another input will not have it."
        checks.append(
            warn("offset", f"{constant:.0%} of full scale is lost to direct current", how)
        )
    return checks


def _dead(figures: Figures) -> bool:
    return figures.dead_share >= DEAD_SHARE


def _torn(figures: Figures) -> bool:
    """The speaker is heard, but so much sound is lost between that nothing fits together."""
    return figures.delay_ms is None and figures.sweeps_heard >= SWEEPS_NEEDED


def _microphone(figures: Figures) -> Check:
    name = figures.microphone
    if _dead(figures):
        how = "Is it muted, by a switch or in the system's mixer? " + _OTHER_DEVICES
        return fail("microphone", f"{name} gives digital silence", how)
    loss, played = figures.echo_loss_db, figures.played_dbfs
    if loss is not None and played - loss < FAINT_DBFS:
        value = f"{name} hears the speaker at {_dbfs(played - loss)} only"
        how = f"Too quiet: raise the microphone in the mixer, or come nearer. {_HEADSET}"
        return warn("microphone", value, how)
    return ok("microphone", name)


def _noise(figures: Figures, config: AudioConfig) -> Check:
    level = figures.noise_dbfs
    value = _dbfs(level)
    if level >= DROWNED_DBFS:
        how = "Turn the microphone down, move it away from fans, or use a headset."
        return fail("noise", f"{value}: louder than a person speaking", how)
    if level < NOISY_DBFS:
        return ok("noise", f"{value}: speech stands out")
    if config.noise_suppression:
        handed_on = figures.noise_handed_on_dbfs
        if handed_on < NOISY_DBFS:
            return ok("noise", f"{value}, {_dbfs(handed_on)} after noise suppression")
        how = "Noise suppression is on and not enough: speak closer, or use a headset."
        return warn("noise", f"{value}: speech hardly stands out", how)
    how = "assistant config set audio.noise_suppression true"
    return warn("noise", f"{value}: speech hardly stands out", how)


def _clipping(figures: Figures) -> Check:
    quiet, playing = figures.clipped_quiet, figures.clipped_playing
    if quiet > CLIPS:
        how = "Turn the microphone (its gain, or boost) down in the system's mixer."
        value = f"{quiet:.1%} of the samples are at full scale without any sound from here"
        return (fail if quiet > CLIPS_BADLY else warn)("clipping", value, how)
    if playing > CLIPS:
        how = "Turn the speaker or the microphone down, or move them apart."
        value = f"{playing:.1%} of the samples are at full scale while the speaker plays"
        return (fail if playing > CLIPS_BADLY else warn)("clipping", value, how)
    return ok("clipping", "none")


def _delay(figures: Figures) -> Check:
    if _torn(figures):
        return warn("delay", "every test sound comes back after another time", _BUSY)
    if figures.delay_ms is None:
        return ok("delay", "cannot be told, as the speaker is not heard")
    value = f"{figures.delay_ms:.0f} ms from speaker to microphone"
    spread = figures.delay_spread_ms or 0.0
    if figures.delay_ms > SLOW_MS:
        how = "Probably Bluetooth: interruptions take longer. A cable is quicker."
        return warn("delay", value, how)
    if spread > UNSTEADY_MS or any(abs(jump) > UNSTEADY_MS for jump in figures.jumps_ms):
        largest = max([spread, *map(abs, figures.jumps_ms)])
        return warn("delay", f"{value}, but it jumps by {largest:.0f} ms", _BUSY)
    return ok("delay", value)


def _echo(figures: Figures, config: AudioConfig) -> list[Check]:
    if _torn(figures):
        return []  # the delay says it
    if figures.delay_ms is None or figures.echo_loss_db is None:
        return [_unheard(figures, config)]
    heard = ok("echo", f"the speaker is heard {_lower(figures.echo_loss_db)}")
    if figures.echo_loss_db < LOUD_LOSS_DB:
        heard = warn("echo", heard.value, _FURTHER)
    if config.headset:
        how = "assistant config set audio.headset false"
        value = "audio.headset is on, but the microphone hears the speaker"
        loud = figures.echo_loss_db < ENOUGH_LOSS_DB
        return [heard, fail("own voice", value, how) if loud else ok("own voice", "faint")]
    return [heard, _own_voice(figures, config)]


def _unheard(figures: Figures, config: AudioConfig) -> Check:
    if config.headset:
        return ok("echo", "none, as befits a headset")
    if config.volume < QUIET_VOLUME:
        how = "assistant config set audio.volume 0.8"
        return warn("echo", f"nothing is heard at volume {config.volume:.0%}", how)
    value = "the microphone does not hear the speaker"
    if figures.sweeps_heard:
        value += f" clearly ({figures.sweeps_heard} of {figures.sweeps_played} sounds)"
    how = "If you heard nothing either, the speaker is muted or is another one: assistant devices."
    return warn("echo", value, f"{_HEADSET} {how}")


def _own_voice(figures: Figures, config: AudioConfig) -> Check:
    assert figures.echo_loss_db is not None
    cancelled = figures.cancelled_db or 0.0
    total = figures.echo_loss_db + cancelled
    at_least = "at least " if figures.echo_buried else ""
    value = f"falls by {at_least}{total:.0f} dB, {cancelled:.0f} of them in the canceller"
    if figures.echo_buried or total >= ENOUGH_LOSS_DB:
        return ok("own voice", value)
    value = f"only {value}"
    if not config.echo_cancellation:
        how = "assistant config set audio.echo_cancellation true"
    else:
        how = f"{_FURTHER} {_HEADSET}"
    if not config.echo_guard:
        how += " Until then: assistant config set audio.echo_guard true."
        return fail("own voice", f"{value}: it will hear itself", how)
    return warn("own voice", f"{value}: only “stop” interrupts it", how)


def _clocks(figures: Figures, config: AudioConfig) -> Check:
    drift, sure = figures.drift_ppm, figures.drift_plus_minus_ppm
    if drift is None or sure is None or sure > UNSURE_PPM:
        known = "" if sure is None else f" (±{sure:.0f} ppm)"
        return ok("clocks", f"too short to tell{known}; --seconds 60 measures longer")
    value = f"the microphone runs {abs(drift):.0f} ppm {'fast' if drift > 0 else 'slow'}"
    if abs(drift) <= sure:
        value = "no drift"
    value += f" (±{max(1.0, sure):.0f} ppm)"
    if abs(drift) - sure <= DRIFTING_PPM or config.headset:
        return ok("clocks", value)
    how = "Use one device for both, or a headset: the canceller has to follow all the time."
    return warn("clocks", value, how)


def _lost(figures: Figures) -> Check:
    frames = figures.seconds * 12.5
    lost = {side: count for side, count in figures.lost_frames.items() if count}
    if not lost:
        return ok("lost sound", "none")
    value = ", ".join(
        f"{count} frame{'s' * (count > 1)} at the {side}" for side, count in lost.items()
    )
    share = max(lost.values()) / frames
    if max(lost.values()) <= LOSSY_FRAMES:
        return ok("lost sound", value)
    return (fail if share > BROKEN_SHARE else warn)("lost sound", value, _BUSY)


def _lower(loss: float) -> str:
    if round(loss) == 0:
        return "as loud as it plays"
    return f"{abs(loss):.0f} dB {'softer' if loss > 0 else 'louder'} than it plays"


def _dbfs(level: float) -> str:
    if level < _BELOW_ALL:
        return f"under −{-_BELOW_ALL:.0f} dBFS"
    return f"{level:.0f} dBFS".replace("-", "−")
