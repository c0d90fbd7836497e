"""Sums in words and digits, computed exactly as long as they can be."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from assistant.language.numbers import PARTS, ordinal_value, read_number

Value = Fraction | float
"""Exact as long as it can be; a float only after an irrational root or power."""

_MAX_BITS = 200
"""Numbers beyond this (about 10^60) are refused: nobody wants to hear them."""
_MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class SumResult:
    """What a sum came to; `value` is None where it has no answer (division by zero, too large)."""

    value: Value | None


class _NoAnswer(Exception):
    """The sum was understood and has no answer that could be said."""


class _NotASum(Exception):
    """These words are no sum."""


_LEAD = re.compile(
    r"^(?:(?:and|so|then|what|how much|how many|is|are|does|do|would|will|be|calculate|compute|"
    r"work out|solve|evaluate|figure out|find|the|(?:result|answer|value) (?:of|to)|equals?|"
    r"i mean|quick) )+"
)
_TAIL = re.compile(
    r"(?: (?:equal(?: to)?|equals|make|makes|is|be|give|gives|come to|altogether|=|what|"
    r"in total|together|the result|the answer))+$"
)
_PHRASES: tuple[tuple[str, str], ...] = (
    (r"(?:multiplied|multiply) (?:by|with)|times by|times|x|×", "*"),
    (r"divided by|over|÷", "/"),
    (r"(?:raised )?to the power(?: of)?|raised to(?: the)?|to the|\*\*", "^"),
    (r"added to|plus", "+"),
    (r"take away|minus|less", "-"),
    (r"modulo|mod", "mod"),
    (r"cube root(?: of)?|third root of", "cbrt"),
    (r"square root(?: of)?|root of", "sqrt"),
    (r"factorial of", "fact"),
    (r"squared", "^ 2"),
    (r"cubed", "^ 3"),
    (r"per cent", "percent"),
    (r"negative", "-"),
    (r"that|it|this|the result|the last one", "ans"),
    (r"the|power", ""),
)
_REWRITES = tuple((re.compile(rf"(?<!\S)(?:{old})(?!\S)"), new) for old, new in _PHRASES)
_COMMANDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(old), new)
    for old, new in (
        (r"(?:add|sum of|sum up) (.+?) (?:and|to|\+) (.+)", r"( \1 ) + ( \2 )"),
        (r"(?:subtract|take|deduct) (.+?)(?: away)? from (.+)", r"( \2 ) - ( \1 )"),
        (r"difference (?:between|of) (.+?) and (.+)", r"( \1 ) - ( \2 )"),
        (r"(?:multiply|product of) (.+?) (?:by|and|with|\*) (.+)", r"( \1 ) * ( \2 )"),
        (r"(?:divide|quotient of) (.+?) (?:by|and) (.+)", r"( \1 ) / ( \2 )"),
        (r"add (.+)", r"ans + ( \1 )"),
        (r"(?:subtract|take off|deduct) (.+)", r"ans - ( \1 )"),
        (r"(?:multiply by) (.+)", r"ans * ( \1 )"),
        (r"(?:divide by) (.+)", r"ans / ( \1 )"),
        (r"square (?!root)(.+)", r"( \1 ) ^ 2"),
    )
)
_PARTS = {word: whole for whole, word in PARTS.items()} | {"halves": 2, "quarters": 4}
_BINARY = frozenset({"+", "-", "*", "/", "^", "mod"})


def evaluate(words: str, previous: Value | None = None) -> SumResult | None:
    """What the sum in `words` comes to; None where the words are no sum.

    `words` are lower case, as `Sentence.text` gives them. With `previous`, the result of the last
    sum, "plus five" and "half of that" go on from it.
    """
    if len(words) > 400:
        return None
    body = _TAIL.sub("", _LEAD.sub("", words + " ").strip())
    for symbol in "+*/×÷^=()":
        body = body.replace(symbol, f" {symbol} ")
    body = " ".join(body.replace("*  *", "**").split())
    forms = [body, *(p.sub(new, body) for p, new in _COMMANDS if p.fullmatch(body))]
    for form in reversed(forms):
        tokens = _tokens(form)
        if previous is not None and tokens and tokens[0] in _BINARY:
            tokens = ["ans", *tokens]
        try:
            return SumResult(_Parser(tokens, previous).run())
        except _NotASum:
            continue
        except (_NoAnswer, ZeroDivisionError, OverflowError):
            return SumResult(None)
    return None


def _tokens(text: str) -> list[str]:
    for pattern, new in _REWRITES:
        text = pattern.sub(new, text)
    return text.split()


class _Parser:
    """Recursive descent: sums of products of powers of numbers."""

    def __init__(self, tokens: list[str], previous: Value | None) -> None:
        self._tokens = tokens
        self._previous = previous
        self._at = 0
        self._depth = 0
        self._operations = 0

    def run(self) -> Value:
        value = self._sum()
        if self._at < len(self._tokens) or not self._operations:
            raise _NotASum
        return _checked(value)

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def _take(self, *wanted: str) -> bool:
        if self._peek() in wanted:
            self._at += 1
            return True
        return False

    def _sum(self) -> Value:
        value = self._product()
        while (sign := self._peek()) in ("+", "-"):
            self._at += 1
            value = self._apply(operator.add if sign == "+" else operator.sub, value)
        return value

    def _apply(self, operation: Callable[[Value, Value], Value], left: Value) -> Value:
        self._operations += 1
        return _checked(operation(left, self._product()))

    def _product(self) -> Value:
        value = self._signed()
        while (sign := self._peek()) in ("*", "/", "mod"):
            self._at += 1
            right = self._signed()
            self._operations += 1
            if sign == "*":
                value = _checked(value * right)
            elif right == 0:
                raise _NoAnswer
            else:
                value = _checked(value / right if sign == "/" else value % right)
        return value

    def _signed(self) -> Value:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _NotASum
        try:
            return -self._signed() if self._take("-") else self._power()
        finally:
            self._depth -= 1

    def _power(self) -> Value:
        base = self._atom()
        while self._peek() == "^":
            self._at += 1
            self._operations += 1
            nth = ordinal_value(self._peek())
            if nth is not None and not self._peek().isdigit():
                self._at += 1
                base = _raise(base, Fraction(nth))
            else:
                base = _raise(base, self._signed())
        if self._take("factorial"):
            self._operations += 1
            base = _factorial(base)
        if self._take("percent"):
            return self._percent(base)
        return base

    def _percent(self, share: Value) -> Value:
        if not self._take("of"):
            if not self._take("off"):
                raise _NotASum
            share = 100 - share
        self._operations += 1
        return _checked(share / 100 * self._signed())

    def _atom(self) -> Value:
        for name, function in _FUNCTIONS.items():
            if self._take(name):
                self._take("of")
                self._operations += 1
                return _checked(function(self._signed()))
        if self._take("("):
            value = self._sum()
            if not self._take(")"):
                raise _NotASum
            return value
        if self._peek() == "ans" and self._previous is not None:
            self._at += 1
            return self._previous
        return self._number()

    def _number(self) -> Value:
        if self._peek() in ("a", "an", "one") and self._part(1):
            self._at += 1
            return self._share(Fraction(1))
        if self._part(0):
            return self._share(Fraction(1))
        read = read_number(self._tokens, self._at)
        if read is None:
            raise _NotASum
        value, self._at = read
        if self._part(0):
            return self._share(value)
        if self._peek() == "and" and self._peek(1) in ("a", "one") and self._part(2):
            part = self._part(2) or 1
            self._at += 3
            return value + Fraction(1, part)
        return _checked(value)

    def _part(self, ahead: int) -> int | None:
        """The denominator where a word like "quarters" stands `ahead`."""
        word = self._peek(ahead)
        if word in _PARTS:
            return _PARTS[word]
        if word in ("first", "second", "seconds") or word[:1].isdigit():
            return None
        return ordinal_value(word.removesuffix("s")) if word else None

    def _share(self, times: Fraction) -> Value:
        """ "three quarters", "half of ninety", "half a million"."""
        value: Value = times / (self._part(0) or 1)
        self._at += 1
        if self._take("of") or self._peek() == "a":
            self._operations += 1
            return _checked(value * self._signed())
        return value


def _checked(value: Value) -> Value:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _NoAnswer
        return value
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MAX_BITS:
        raise _NoAnswer
    return value


def _raise(base: Value, exponent: Value) -> Value:
    if base == 0 and exponent < 0:
        raise _NoAnswer
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        # 0, 1 and -1 stay small however often they are multiplied.
        if (bits - 1) * abs(exponent.numerator) > _MAX_BITS:
            raise _NoAnswer
        if abs(base) == 1:
            return base if exponent.numerator % 2 else Fraction(1)
        return Fraction(base**exponent.numerator) if base else Fraction(exponent == 0)
    if base < 0:
        raise _NoAnswer
    return math.pow(base, exponent)


def _factorial(value: Value) -> Value:
    if not isinstance(value, Fraction) or value.denominator != 1 or not 0 <= value <= 45:
        raise _NoAnswer
    return Fraction(math.factorial(value.numerator))


def _square_root(value: Value) -> Value:
    if value < 0:
        raise _NoAnswer
    if isinstance(value, Fraction):
        above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if above**2 == value.numerator and below**2 == value.denominator:
            return Fraction(above, below)
    return math.sqrt(value)


def _cube_root(value: Value) -> Value:
    near = math.copysign(abs(float(value)) ** (1 / 3), float(value))
    whole = Fraction(round(near)) if abs(near) < 2**52 else Fraction(0)
    return whole if whole**3 == value else near


_FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    "sqrt": _square_root,
    "cbrt": _cube_root,
    "fact": _factorial,
    "double": lambda value: 2 * value,
    "twice": lambda value: 2 * value,
    "triple": lambda value: 3 * value,
}
