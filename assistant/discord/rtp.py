"""Discord's voice packets: RTP, sealed for the transport.

`aead_xchacha20_poly1305_rtpsize` (Discord's documentation, Voice Connections, section Transport
Encryption Modes): XChaCha20-Poly1305 with the RTP header as additional data. What is inside has
padding (RFC 3550, section 5.1) and the body of a header extension (section 5.3.1), and may be
sealed once more, end to end.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import nacl.exceptions
import nacl.secret

MODE = "aead_xchacha20_poly1305_rtpsize"
SILENCE = b"\xf8\xff\xfe"
"""An Opus frame of silence: five of these end what somebody says, never sealed by DAVE."""

_VERSION = 2
_OPUS = 0x78
_FIXED = 12
"""Bytes of the RTP header without sources and extension."""
_NONCE = 4
_TAG = 16
_NONCE_SIZE = 24


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of somebody's voice."""

    ssrc: int
    sequence: int
    """16 bits, one more with each packet."""
    timestamp: int
    """32 bits, in samples of 48 kHz."""
    payload: bytes
    """An Opus packet, or a frame of DAVE in which one is sealed."""


class PacketOpener:
    """Takes off the transport's seal, with the key of this connection (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._box = nacl.secret.Aead(key)
        self.garbage = 0
        """Packets of voice that could not be opened."""

    def open(self, data: bytes) -> Packet | None:
        """A datagram of the voice socket; None for what is no voice, or not for this key."""
        header = _header_length(data)
        if header is None:
            return None
        nonce = data[-_NONCE:] + bytes(_NONCE_SIZE - _NONCE)
        try:
            body = self._box.decrypt(data[header:-_NONCE], data[:header], nonce)
        except (nacl.exceptions.CryptoError, ValueError):
            self.garbage += 1
            return None
        payload = _payload(data, body)
        if payload is None:
            self.garbage += 1
            return None
        sequence, timestamp, ssrc = struct.unpack_from(">HII", data, 2)
        return Packet(ssrc, sequence, timestamp, payload)


def _header_length(data: bytes) -> int | None:
    """Bytes that are not sealed: fixed header, contributing sources, head of the extension."""
    if len(data) < _FIXED + _TAG + _NONCE or data[0] >> 6 != _VERSION or data[1] & 0x7F != _OPUS:
        return None
    length = _FIXED + 4 * (data[0] & 0x0F) + (4 if data[0] & 0x10 else 0)
    return length if len(data) >= length + _TAG + _NONCE else None


def _payload(data: bytes, body: bytes) -> bytes | None:
    """What is left of the opened body without padding and extension; None where lengths lie."""
    if data[0] & 0x20:
        padding = body[-1] if body else 0
        if not 0 < padding <= len(body):
            return None
        body = body[:-padding]
    if data[0] & 0x10:
        words = struct.unpack_from(">H", data, _FIXED + 4 * (data[0] & 0x0F) + 2)[0]
        if 4 * words > len(body):
            return None
        body = body[4 * words :]
    return body or None
