"""Packets as they come, and the two seals on them."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from assistant.discord.rtp import SILENCE, PacketOpener
from tests.discord.fake import FakeDiscord

OPUS = b"\x78" + bytes(range(60))


@pytest.fixture
def fake(tmp_path: Path) -> FakeDiscord:
    """Nobody is connected: it only makes packets."""
    return FakeDiscord(tmp_path)


SHAPES = list(itertools.product((0, 1, 5, 16), (None, 0, 1, 3), (0, 2)))


@pytest.mark.parametrize(("padding", "extension", "sources"), SHAPES)
def test_padding_extension_and_sources_are_taken_off(
    fake: FakeDiscord, padding: int, extension: int | None, sources: int
) -> None:
    shape = {"padding": padding, "extension": extension, "sources": sources}
    data = fake.sealed(1, OPUS, plain=True, **shape)
    packet = PacketOpener(fake._key).open(data)
    assert packet is not None
    assert packet.payload == OPUS
    assert (packet.ssrc, packet.sequence) == (11, fake.people[1].sequence)
    assert packet.timestamp == fake.people[1].timestamp


def test_a_marker_in_the_payload_type_is_no_obstacle(fake: FakeDiscord) -> None:
    """The first packet of a talk spurt may carry one (RFC 3551, section 4.1); the header is part of
    what is sealed, so it is made anew."""
    import nacl.secret

    data = fake.sealed(1, OPUS, plain=True)
    head, nonce = bytes([data[0], data[1] | 0x80]) + data[2:12], data[-4:]
    box = nacl.secret.Aead(fake._key)
    marked = head + box.encrypt(OPUS, head, nonce + bytes(20)).ciphertext + nonce
    packet = PacketOpener(fake._key).open(marked)
    assert packet is not None
    assert packet.payload == OPUS


def test_what_is_not_for_this_key_is_garbage(fake: FakeDiscord) -> None:
    opener = PacketOpener(os.urandom(32))
    assert opener.open(fake.sealed(1, OPUS, plain=True)) is None
    assert opener.garbage == 1


@pytest.mark.parametrize("at", [3, 8, 11, 12, 20, 40, -4, -1])
def test_one_changed_bit_is_noticed(fake: FakeDiscord, at: int) -> None:
    opener = PacketOpener(fake._key)
    data = bytearray(fake.sealed(1, OPUS, plain=True))
    data[at] ^= 1
    assert opener.open(bytes(data)) is None


def test_what_is_cut_off_anywhere_is_no_packet(fake: FakeDiscord) -> None:
    opener = PacketOpener(fake._key)
    data = fake.sealed(1, OPUS, plain=True, padding=4, extension=2)
    assert opener.open(data) is not None
    assert all(opener.open(data[:n]) is None for n in range(len(data)))


def test_anything_at_all_does_no_harm(fake: FakeDiscord) -> None:
    opener = PacketOpener(fake._key)
    for n in range(2000):
        data = bytes([0x80 | (n & 0x3F), 0x78]) + os.urandom(n % 300)
        assert opener.open(data) is None


def test_what_is_no_voice_is_no_garbage(fake: FakeDiscord) -> None:
    """Reports of RTCP and answers to the search for our address come on the same socket."""
    opener = PacketOpener(fake._key)
    for data in (b"\x81\xc9" + bytes(60), b"\x00\x02\x00\x46" + bytes(70), b""):
        assert opener.open(data) is None
    assert opener.garbage == 0


@pytest.mark.parametrize("body", [b"", b"\x00", b"\xff" * 10])
def test_lengths_that_lie_are_garbage(fake: FakeDiscord, body: bytes) -> None:
    """A padding that is longer than the packet, sealed properly."""
    import nacl.secret

    head = bytes([0x80 | 0x20, 0x78]) + bytes(10)
    sealed = nacl.secret.Aead(fake._key).encrypt(body, head, bytes(24)).ciphertext
    opener = PacketOpener(fake._key)
    assert opener.open(head + sealed + bytes(4)) is None
    assert opener.garbage == 1


def test_an_extension_that_is_longer_than_the_packet_is_garbage(fake: FakeDiscord) -> None:
    import nacl.secret

    head = bytes([0x80 | 0x10, 0x78]) + bytes(10) + b"\xbe\xde\x00\xff"
    sealed = nacl.secret.Aead(fake._key).encrypt(OPUS, head, bytes(24)).ciphertext
    opener = PacketOpener(fake._key)
    assert opener.open(head + sealed + bytes(4)) is None


def test_silence_comes_through(fake: FakeDiscord) -> None:
    packet = PacketOpener(fake._key).open(fake.sealed(1, SILENCE, padding=3, extension=1))
    assert packet is not None
    assert packet.payload == SILENCE
