from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.discord.rtp import SILENCE, Packet
from assistant.discord.streams import BLOCK, UserStream
from tests.discord.conftest import pitch, tone
from tests.discord.fake import opus_packets


def packets(sound: np.ndarray, first: int = 100) -> list[Packet]:
    """As they are sent, with the five of silence at the end."""
    return [
        Packet(1, (first + n) % 65_536, 960 * n, opus)
        for n, opus in enumerate([*opus_packets(sound), *[SILENCE] * 5])
    ]


def heard(stream: UserStream, sent: list[Packet | None], after: int = 30) -> Float32:
    """One packet a tick (None: none comes), and some ticks behind them."""
    blocks: list[Float32] = []
    for packet in [*sent, *[None] * after]:
        if packet is not None:
            stream.put(packet)
        blocks += stream.tick()
    assert all(block.size == BLOCK for block in blocks)
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def gap(sound: Float32) -> int:
    """The longest run of near silence between two sounds, in samples."""
    loud = np.flatnonzero(np.abs(sound) > 0.05)
    return int(np.diff(loud).max())


def test_a_voice_is_heard_as_it_was_said() -> None:
    sound = heard(UserStream(), list(packets(tone(1.0))))
    loud = np.flatnonzero(np.abs(sound) > 0.05)
    assert 0.97 < (loud[-1] - loud[0]) / 24_000 < 1.03
    assert abs(pitch(sound, 24_000) - 440) < 2
    assert 0.27 < np.abs(sound).max() < 0.35


def test_who_says_nothing_costs_nothing() -> None:
    stream = UserStream()
    assert all(not stream.tick() for _ in range(100))
    heard(stream, list(packets(tone(0.2))))
    assert all(not stream.tick() for _ in range(100))


def test_packets_in_the_wrong_order_are_put_right() -> None:
    sent = packets(tone(0.6))
    plain = heard(UserStream(), list(sent))
    for n in range(4, 24, 3):
        sent[n], sent[n + 1] = sent[n + 1], sent[n]
    swapped = heard(UserStream(), list(sent))
    assert np.array_equal(plain, swapped)


def test_packets_that_come_twice_are_heard_once() -> None:
    sent = packets(tone(0.5))
    twice = [each for packet in sent for each in (packet, packet)]
    stream = UserStream()
    blocks: list[Float32] = []
    for n in range(0, len(twice), 2):
        stream.put(twice[n])
        stream.put(twice[n + 1])
        blocks += stream.tick()
    blocks += [block for _ in range(20) for block in stream.tick()]
    assert np.array_equal(np.concatenate(blocks), heard(UserStream(), list(sent), 20))


@pytest.mark.parametrize("lost", [{10}, {10, 11}, {7, 15, 22}])
def test_lost_packets_are_concealed(lost: set[int]) -> None:
    sent: list[Packet | None] = list(packets(tone(0.8)))
    for n in lost:
        sent[n] = None
    stream = UserStream()
    sound = heard(stream, sent)
    assert stream.lost == len(lost)
    loud = np.flatnonzero(np.abs(sound) > 0.05)
    assert 0.77 < (loud[-1] - loud[0]) / 24_000 < 0.83  # nothing is left out of the time
    assert gap(sound) < BLOCK  # and there is no hole


def test_packets_that_come_in_bursts_are_heard_without_a_hole() -> None:
    sent = packets(tone(1.0))
    stream = UserStream()
    blocks: list[Float32] = []
    for n in range(0, len(sent), 4):  # four at once, every 80 ms
        for packet in sent[n : n + 4]:
            stream.put(packet)
        for _ in range(4):
            blocks += stream.tick()
    blocks += [block for _ in range(20) for block in stream.tick()]
    assert gap(np.concatenate(blocks)) < BLOCK
    assert stream.lost == 0


def test_it_catches_up_after_a_stall() -> None:
    sent = packets(tone(1.5))
    stream = UserStream()
    for packet in sent[:40]:  # 0.8 s come at once
        stream.put(packet)
    ticks = 0
    blocks: list[Float32] = []
    for packet in sent[40:]:
        stream.put(packet)
        blocks += stream.tick()
        ticks += 1
    while more := stream.tick():
        blocks += more
        ticks += 1
    assert ticks < 60  # 80 packets
    assert gap(np.concatenate(blocks)) < BLOCK


def test_the_sequence_wraps_in_mid_word() -> None:
    plain = heard(UserStream(), list(packets(tone(0.5))))
    assert np.array_equal(heard(UserStream(), list(packets(tone(0.5), first=65_520))), plain)


def test_a_pause_in_which_nothing_is_sent_ends_what_was_said() -> None:
    first, second = packets(tone(0.3)), packets(tone(0.3, 880), first=100 + 15 + 5)
    stream = UserStream()
    one = heard(stream, list(first), 60)
    two = heard(stream, list(second), 60)
    assert abs(pitch(one, 24_000) - 440) < 5
    assert abs(pitch(two, 24_000) - 880) < 5
    assert stream.lost == 0


def test_who_connects_anew_is_heard_at_once() -> None:
    stream = UserStream()
    heard(stream, list(packets(tone(0.3), first=60_000)))
    assert abs(pitch(heard(stream, list(packets(tone(0.3), first=5)), 40), 24_000) - 440) < 5
    assert stream.lost == 0


def test_who_breaks_off_without_a_sign_fades_out() -> None:
    sound = heard(UserStream(), list(packets(tone(0.4))[:20]), 50)
    loud = np.flatnonzero(np.abs(sound) > 0.05)
    assert loud[-1] / 24_000 < 0.6
    assert abs(float(sound[-1])) < 0.2


@pytest.mark.parametrize("garbage", [b"\xff", b"\x00" * 3, bytes(range(200)), b"\xfb\xff\xff"])
def test_what_is_no_opus_is_a_hole_and_no_harm(garbage: bytes) -> None:
    sent: list[Packet | None] = list(packets(tone(0.5)))
    broken = sent[10]
    assert broken is not None
    sent[10] = Packet(1, broken.sequence, broken.timestamp, garbage)
    sound = heard(UserStream(), sent)
    assert np.isfinite(sound).all()
    assert abs(pitch(sound, 24_000) - 440) < 5


def test_a_flood_is_bounded() -> None:
    stream = UserStream()
    for n, opus in enumerate(opus_packets(tone(0.02)) * 5000):
        stream.put(Packet(1, n % 65_536, 0, opus))
    assert len(stream._packets) <= 100


def test_packets_of_sixty_milliseconds_are_heard_too() -> None:
    import discord

    class Long(discord.opus.Encoder):
        FRAME_LENGTH = 60

    sound = (np.repeat(tone(0.96), 2) * 32767).astype(np.int16)
    encoder = Long()
    sent: list[Packet | None] = []
    for n, at in enumerate(range(0, sound.size, 5760)):
        opus = encoder.encode(sound[at : at + 5760].tobytes(), 2880)
        sent += [Packet(1, n, 2880 * n, opus), None, None]
    heard_sound = heard(UserStream(), sent)
    loud = np.flatnonzero(np.abs(heard_sound) > 0.05)
    assert 0.9 < (loud[-1] - loud[0]) / 24_000 < 1.1
    assert gap(heard_sound) < BLOCK
