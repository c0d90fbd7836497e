"""What a page and its server say to each other besides the session protocol, on the same WebSocket:
JSON texts about the sound, and the sound itself in binary messages.

A binary message, either way, is a number (little-endian, 4 bytes, one more each time) and 20 ms of
sound: PCM16 little-endian, mono, 24 kHz.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from assistant.audio.devices.remote import BLOCK_SAMPLES
from assistant.session.remote import MAX_COMMAND

NUMBER_BYTES = 4
SOUND_BYTES = NUMBER_BYTES + 2 * BLOCK_SAMPLES
MAX_MESSAGE = MAX_COMMAND
"""Bytes of one message of a page's."""
Holder = Literal["machine", "page", "none"]


class TakeSound(msgspec.Struct, frozen=True, tag=True):
    """This page wants to be microphone and speaker."""

    sample_rate: int = 24_000


class ReleaseSound(msgspec.Struct, frozen=True, tag=True):
    """It does no longer."""


class SoundBuffer(msgspec.Struct, frozen=True, tag=True):
    """What waits in the page to be heard; told about ten times a second by who has the sound."""

    buffered: int
    """Samples."""
    played: int = 0
    """Samples so far."""
    latency: float = 0.0
    """Seconds from the page's buffer to the ear, as the browser estimates them."""


class SoundHolder(msgspec.Struct, frozen=True, tag=True):
    """Where the sound is; told at first and at every change."""

    holder: Holder
    mine: bool
    """It is this page."""
    who: str
    """In words: "this computer", "Chrome on Android"."""
    can_take: bool
    why: str = ""
    """Why it cannot be taken."""


class FlushSound(msgspec.Struct, frozen=True, tag=True):
    """What waits in the page is not to be heard any more."""


PageMessage = TakeSound | ReleaseSound | SoundBuffer
_DECODER = msgspec.json.Decoder(PageMessage)
_NAMES = {each.__name__ for each in (TakeSound, ReleaseSound, SoundBuffer)}


class _Typed(msgspec.Struct):
    type: str = ""


_TYPE = msgspec.json.Decoder(_Typed)


def decode_page(text: str) -> PageMessage | None:
    """None: it is of the session protocol, or nothing that can be read. Raises
    `msgspec.ValidationError` where one of ours is not well-formed."""
    try:
        if _TYPE.decode(text).type not in _NAMES:
            return None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    message: PageMessage = _DECODER.decode(text)
    return message


def encode_page(message: SoundHolder | FlushSound) -> str:
    return msgspec.json.encode(message).decode()
