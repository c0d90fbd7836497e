"""The faults that are told to a person."""

from __future__ import annotations


class AssistantError(Exception):
    """Something cannot be. `message` says what, `remedy` what a person can do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
