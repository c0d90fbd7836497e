"""Results of sums, as one says them."""

from __future__ import annotations

import math
from fractions import Fraction

from assistant.language.arithmetic import Value


def speakable(value: Value) -> str:
    """A result as one says it: "42", "about 3.33", "about 1.27 times 10 to the power of 30"."""
    exact = isinstance(value, Fraction)
    sign = "minus " if value < 0 else ""
    size: Value = -value if value < 0 else value
    if size >= 10**15 or 0 < size < Fraction(1, 1_000):
        return _scientific(sign, size)
    if size == int(size):
        return f"{'' if exact else 'about '}{sign}{int(size):,}"
    for places in (1, 2, 3, 4):
        if exact and (Fraction(size) * 10**places).denominator == 1:
            return f"{sign}{int(size):,}" + f"{float(size % 1):.{places}f}"[1:]
    digits = f"{float(size):,.2f}" if size >= Fraction(1, 10) else f"{float(size):.2g}"
    shown = digits.rstrip("0").rstrip(".")
    return f"about {sign}{shown}"


def _scientific(sign: str, size: Value) -> str:
    exponent = math.floor(math.log10(size))
    scaled = Fraction(size) / Fraction(10) ** exponent
    mantissa = f"{float(scaled):.2f}".rstrip("0").rstrip(".")
    if mantissa == "10":
        mantissa, exponent = "1", exponent + 1
    power = f"10 to the power of {'minus ' if exponent < 0 else ''}{abs(exponent)}"
    about = "" if Fraction(mantissa) * Fraction(10) ** exponent == size else "about "
    return f"{about}{sign}{power if mantissa == '1' else f'{mantissa} times {power}'}"
