"""Sound as it is passed around."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
"""Samples of one channel in −1…1; also what is made of them in single precision."""
