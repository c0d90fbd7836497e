from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.resample import PullResampler, StreamResampler

RATES = [8_000, 16_000, 24_000, 44_100, 48_000, 96_000, 192_000]


def tone(rate: int, seconds: float, hertz: float = 1000.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(
        np.float32
    )


def match(heard: np.ndarray, said: np.ndarray) -> float:
    """Highest normalised cross-correlation."""
    n = min(heard.size, said.size) // 2
    middle = heard[heard.size // 4 : heard.size // 4 + n]
    products = np.correlate(said, middle, "valid")
    power = np.convolve(said**2, np.ones(n, dtype=np.float32), "valid")
    return float(np.max(products / np.sqrt(power * np.sum(middle**2))))


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_keeps_its_pitch_whatever_rate_the_microphone_has(rate: int) -> None:
    resampler = StreamResampler(rate, 24_000)
    sound = tone(rate, 0.5)
    blocks = [resampler.process(sound[i : i + 333]) for i in range(0, sound.size, 333)]
    made = np.concatenate(blocks)
    assert made.dtype == np.float32
    assert abs(made.size / 24_000 + resampler.delay - 0.5) < 0.001
    assert resampler.delay < 0.05
    assert match(made, tone(24_000, 0.5)) > 0.999


def test_the_last_block_brings_out_what_the_filter_held() -> None:
    resampler = StreamResampler(48_000, 24_000)
    first = resampler.process(tone(48_000, 0.1))
    rest = resampler.process(np.zeros(0, dtype=np.float32), last=True)
    assert first.size + rest.size == pytest.approx(2_400, abs=1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("block", [1, 160, 441, 960])
def test_a_speaker_of_any_rate_gets_blocks_of_just_the_size_it_asks_for(
    rate: int, block: int
) -> None:
    sound = tone(24_000, 1.0)
    given = 0

    def source(n: int) -> np.ndarray:
        nonlocal given
        given += n
        return sound[given - n : given]

    puller = PullResampler(source, 24_000, rate)
    blocks = [puller.read(block) for _ in range(round(0.3 * rate) // block)]
    assert {b.size for b in blocks} == {block}
    assert match(np.concatenate(blocks), tone(rate, 0.5)) > 0.999
    assert given / 24_000 == pytest.approx(0.3, abs=0.06)
    assert puller.delay < 0.06
