"""Cipher: what stands between memory and the disk, nothing or encryption."""

from __future__ import annotations

from typing import Protocol

SEALED = ".sealed"
"""The ending of a file that only its cipher can open."""


class Cipher(Protocol):
    """Seals the bytes of one file and opens them again."""

    ending: str
    """What is put behind the names of its files: "" or ".sealed"."""

    def seal(self, data: bytes) -> bytes: ...

    def open(self, data: bytes) -> bytes:
        """Raises `MemoryFailure` where it was sealed with another key or is damaged."""
        ...


class NoCipher:
    """No encryption: everything stays readable with any editor."""

    ending = ""

    def seal(self, data: bytes) -> bytes:
        return data

    def open(self, data: bytes) -> bytes:
        return data


PLAIN = NoCipher()
