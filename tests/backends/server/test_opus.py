"""Sound from strangers: it never raises, never grows, and goes on after garbage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sphn", reason="Ogg/Opus needs sphn")

from assistant.backends.server import opus
from assistant.backends.server.opus import OpusDecoder, OpusEncoder

PLENTY = 1 << 30


def pages(count: int) -> list[bytes]:
    encoder = OpusEncoder()
    times = np.arange(count * 1920) / 24_000
    tone = (0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
    return [encoder.encode(frame) for frame in tone.reshape(count, 1920)]


PAGES = pages(12)


def test_a_frame_in_is_a_frame_out() -> None:
    decoder = OpusDecoder()
    frames = [decoder.decode(page, PLENTY)[0] for page in PAGES]
    assert [len(frame) for frame in frames] == [1920] * 12
    spectrum = np.abs(np.fft.rfft(np.concatenate(frames[2:])))
    assert abs(np.argmax(spectrum) * 24_000 / (10 * 1920) - 440) < 3
    assert decoder.broken == 0


@pytest.mark.parametrize("damage", [b"", b"\xff" * 300, PAGES[4][: len(PAGES[4]) // 2]])
def test_after_a_broken_message_the_sound_comes_back(damage: bytes) -> None:
    decoder = OpusDecoder()
    for page in PAGES[:4]:
        decoder.decode(page, PLENTY)
    decoder.decode(damage, PLENTY)
    frames = [decoder.decode(page, PLENTY)[0] for page in PAGES[5:]]
    assert [len(frame) for frame in frames[2:]] == [1920] * 5
    assert np.abs(frames[-1]).max() > 0.1


@given(st.lists(st.binary(max_size=300) | st.sampled_from(PAGES), max_size=12))
def test_garbage_is_survived(messages: list[bytes]) -> None:
    decoder = OpusDecoder()
    for message in messages:
        sound, _ = decoder.decode(message, PLENTY)
        assert np.isfinite(sound).all()


@given(st.integers(0, 11), st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_damaged_pages_are_survived(index: int, place: int, damage: bytes) -> None:
    decoder = OpusDecoder()
    for number, page in enumerate(PAGES):
        if number == index:
            at = place % len(page)
            page = page[:at] + damage + page[at + len(damage) :]
        sound, _ = decoder.decode(page, PLENTY)
        assert np.isfinite(sound).all()


def test_no_more_sound_than_allowed() -> None:
    sound, dropped = OpusDecoder().decode(b"".join(PAGES), 3000)
    assert len(sound) == 3000
    assert dropped == 12 * 1920 - 3000


def test_a_packet_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "_STUCK", 20_000)
    # A page whose every segment says "the packet goes on in the next one".
    head = b"OggS\x00\x01" + bytes(8) + b"\x07\x00\x00\x00" + bytes(8) + b"\xff" + b"\xff" * 255
    decoder = OpusDecoder()
    for _ in range(4):
        decoder.decode(head + bytes(255 * 255), PLENTY)
    assert decoder.broken >= 1


def test_what_is_no_number_is_sent_as_silence() -> None:
    encoder, decoder = OpusEncoder(), OpusDecoder()
    bad = np.full(1920, np.nan, np.float32)
    bad[::3] = np.inf
    for _ in range(3):
        sound, _ = decoder.decode(encoder.encode(bad), PLENTY)
    assert np.abs(sound).max() < 1e-3
