import numpy as np

from assistant.backends.cascade.recognition.log_mel import LogMel


def test_features_of_a_tone_lie_in_its_band():
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)

    features = LogMel(80)(tone, 1200)

    assert features.shape == (80, 1200)
    assert features.dtype == np.float32
    assert int(features[:, 50].argmax()) in range(24, 28)  # 1 kHz is 15 of 45 mel
    assert features[:, 200:].max() < features[:, 50].max() - 1.5
