from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assistant.audio.resample import clean, mixdown


def test_broken_samples_become_silence_and_loud_ones_are_clipped() -> None:
    bad = np.array([np.nan, np.inf, -np.inf, 2.0, -3.0, 0.5], dtype=np.float32)
    cleaned, changed = clean(bad)
    assert cleaned.tolist() == [0.0, 0.0, 0.0, 1.0, -1.0, 0.5]
    assert changed == 5


@given(arrays(np.float32, st.integers(0, 200), elements=st.floats(width=32)))
def test_whatever_comes_in_what_goes_on_is_sound(samples: np.ndarray) -> None:
    cleaned, changed = clean(samples)
    assert cleaned.dtype == np.float32
    assert np.isfinite(cleaned).all()
    assert (np.abs(cleaned) <= 1.0).all()
    good = np.isfinite(samples) & (np.abs(samples) <= 1.0)
    np.testing.assert_array_equal(cleaned[good], samples[good])
    assert changed == samples.size - good.sum()


def test_channels_are_mixed_to_their_mean() -> None:
    stereo = np.array([[0.5, -0.5], [1.0, 0.0]], dtype=np.float32)
    assert mixdown(stereo).tolist() == [0.0, 0.5]
    assert mixdown(stereo).dtype == np.float32
    assert mixdown(stereo[:, :1]).tolist() == [0.5, 1.0]
