"""The part of Discord's voice server in end-to-end encryption: an external sender of MLS.

It is no member of the group and knows no key of it; it signs the proposals that members are to be
added and removed (RFC 9420, section 12.1.8; DAVE protocol 1, section on voice gateway opcodes 25 to
31). P-256 with SHA-256, as in MLS cipher suite 2.
"""

from __future__ import annotations

import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_MLS10 = 1
_PUBLIC_MESSAGE = 1
_EXTERNAL = 2
_PROPOSAL = 2
_ADD, _REMOVE = 1, 3
_BASIC_CREDENTIAL = 1


def vector(data: bytes) -> bytes:
    """With its length before it, as a variable-size vector (RFC 9420, section 2.1.2)."""
    if len(data) < 1 << 6:
        return bytes([len(data)]) + data
    if len(data) < 1 << 14:
        return struct.pack(">H", len(data) | 1 << 14) + data
    return struct.pack(">I", len(data) | 1 << 31) + data


class ExternalSender:
    """Of one group, which is called by the id of its channel."""

    def __init__(self, channel_id: int) -> None:
        self._group = struct.pack(">Q", channel_id)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def package(self) -> bytes:
        """What opcode 25 carries: key and credential, by which members know it."""
        key = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return vector(key) + struct.pack(">H", _BASIC_CREDENTIAL) + vector(b"fake voice server")

    def add(self, epoch: int, *key_packages: bytes) -> bytes:
        """What opcode 27 carries, behind the kind of operation."""
        proposals = (struct.pack(">H", _ADD) + package for package in key_packages)
        return vector(b"".join(self._signed(epoch, each) for each in proposals))

    def remove(self, epoch: int, *leaves: int) -> bytes:
        proposals = (struct.pack(">HI", _REMOVE, leaf) for leaf in leaves)
        return vector(b"".join(self._signed(epoch, each) for each in proposals))

    def _signed(self, epoch: int, proposal: bytes) -> bytes:
        """As a public message from the first of the group's external senders."""
        sender = struct.pack(">BI", _EXTERNAL, 0)
        content = vector(self._group) + struct.pack(">Q", epoch) + sender + vector(b"")
        content += bytes([_PROPOSAL]) + proposal
        head = struct.pack(">HH", _MLS10, _PUBLIC_MESSAGE)
        to_sign = vector(b"MLS 1.0 FramedContentTBS") + vector(head + content)
        signature = self._key.sign(to_sign, ec.ECDSA(hashes.SHA256()))
        return head + content + vector(signature)
