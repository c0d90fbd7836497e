"""The voice of one person: packets as the network brings them, blocks of 20 ms as they are heard.

Time is counted in ticks of 20 ms, which the audio clock gives: no clock is read here. What comes
late or in the wrong order is put right for `DEPTH` ticks; what is lost is concealed by Opus itself
(in-band error correction of the next packet, else its concealment; RFC 6716, section 4.4).
"""

from __future__ import annotations

import threading

import discord
import numpy as np

from assistant.audio.types import Float32
from assistant.discord.rtp import SILENCE, Packet
from assistant.frames import SAMPLE_RATE

BLOCK = SAMPLE_RATE // 50
"""Samples of a tick: 480."""
DEPTH = 3
"""Packets that are waited for before the first is heard, and how long a missing one is."""
_MOST = 100
"""Packets that wait at most: two seconds."""
_AHEAD = 8
"""Packets beyond which it is caught up, two blocks a tick."""
_RESYNC = 100
"""A jump of so many packets is a new beginning, and no loss."""
_CONCEALED = 5
"""Ticks that are concealed without a word of what comes next."""


class OpusDecoder(discord.opus.Decoder):  # type: ignore[misc]
    """libopus makes our rate and one channel of whatever was sent."""

    SAMPLING_RATE = SAMPLE_RATE
    CHANNELS = 1
    SAMPLES_PER_FRAME = BLOCK


class UserStream:
    """Packets in from any thread, blocks out on the audio clock's."""

    def __init__(self) -> None:
        """Raises `discord.opus.OpusNotLoaded` where libopus is missing."""
        self._decoder = OpusDecoder()
        self._lock = threading.Lock()
        self._packets: dict[int, bytes] = {}
        """By number: sequence, without its wrap."""
        self._newest: int | None = None
        self._next: int | None = None
        """Number of the packet that is heard next; None while nobody speaks."""
        self._waited = 0
        """Ticks since the first packet, or without the one that should be next."""
        self._ready: list[Float32] = []
        self._rest = np.zeros(0, np.float32)
        self._ended = False
        self.lost = 0
        """Packets that never came."""
        self.bad = 0
        """Packets that are no Opus."""

    def put(self, packet: Packet) -> None:
        """Opened: its payload is Opus."""
        with self._lock:
            number = self._number(packet.sequence)
            late = self._next is not None and number < self._next
            if late or number in self._packets:
                return
            if len(self._packets) >= _MOST:
                del self._packets[min(self._packets)]
            self._packets[number] = packet.payload

    def begin(self) -> None:
        """Its person has come back."""
        self._ended = False

    def end(self) -> None:
        """Its person has left: no more will come."""
        self._ended = True

    @property
    def is_over(self) -> bool:
        """It has ended, and all of it was heard."""
        return self._ended and not (self._packets or self._ready) and self._next is None

    def tick(self) -> list[Float32]:
        """The blocks of this tick, float32 [480] each: one, none while nobody speaks, two where too
        many wait."""
        with self._lock:
            if self._next is None and not self._begins():
                return self._blocks(0) if not self._ready else self._blocks(1)
            wanted = 2 if len(self._packets) > DEPTH + _AHEAD else 1
            while self._next is not None and len(self._ready) < wanted:
                if not self._step():
                    break
            return self._blocks(wanted)

    def _blocks(self, n: int) -> list[Float32]:
        blocks, self._ready = self._ready[:n], self._ready[n:]
        return blocks

    def _number(self, sequence: int) -> int:
        """The number that is nearest to the newest one."""
        newest = self._newest
        if newest is None:
            self._newest = sequence
            return sequence
        step = (sequence - newest + 0x8000) % 0x10000 - 0x8000
        number = newest + step
        if abs(step) > _RESYNC:
            self._packets.clear()
            self._next = None
            self._newest = number
        else:
            self._newest = max(newest, number)
        return number

    def _begins(self) -> bool:
        """Whether enough has come to begin, or to have waited for."""
        if not self._packets:
            self._waited = 0
            return False
        self._waited += 1
        if self._waited < DEPTH and len(self._packets) < DEPTH:
            return False
        self._next, self._waited = min(self._packets), 0
        return True

    def _step(self) -> bool:
        """Take or conceal the next packet. False where it is waited for."""
        assert self._next is not None
        payload = self._packets.pop(self._next, None)
        if payload is not None:
            self._next += 1
            self._waited = 0
            self._decode(payload)
            if payload == SILENCE and not self._packets:
                self._next = None
            return True
        if not self._packets:
            return self._starved()
        self.lost += 1
        following = self._packets.get(self._next + 1)
        self._next += 1
        self._decode(following, concealed=True)
        return True

    def _starved(self) -> bool:
        """Nothing is there: late, or the end of what was said without a sign."""
        self._waited += 1
        if self._waited > _CONCEALED:
            self._next = None
            self._waited = 0
            return False
        self._decode(None, concealed=True)
        return True

    def _decode(self, payload: bytes | None, *, concealed: bool = False) -> None:
        try:
            fec = concealed and payload is not None
            pcm = self._decoder.decode(payload, fec=fec)
        except discord.opus.OpusError:
            self.bad += 1
            pcm = bytes(2 * BLOCK)
        sound = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768
        self._rest = np.concatenate((self._rest, sound))
        while self._rest.size >= BLOCK:
            self._ready.append(self._rest[:BLOCK])
            self._rest = self._rest[BLOCK:]
