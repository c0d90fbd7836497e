"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """`warn`: it works, with less. `fail`: a part does not work at all."""

    name: str
    state: State
    value: str
    """What was found."""
    remedy: str = ""
    """What to do about it."""


def ok(name: str, value: str) -> Check:
    return Check(name, "ok", value)


def warn(name: str, value: str, remedy: str = "") -> Check:
    return Check(name, "warn", value, remedy)


def fail(name: str, value: str, remedy: str = "") -> Check:
    return Check(name, "fail", value, remedy)
