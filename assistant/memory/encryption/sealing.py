"""Encryption at rest: each file sealed on its own, with a key of the keyring or of a passphrase.

AES-256 in Galois/counter mode (NIST SP 800-38D) with a random nonce a file; the head of a file,
which tells how to come by the key, is authenticated with it. A passphrase becomes a key by Argon2id
with the second recommended setting of RFC 9106, section 4. A lost key is a lost memory: there is
no other way in. What a file's name tells stays readable: when, and with which persona.

Needs the extra `encryption`.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import sqlite3
import struct
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.memory.base import MemoryFailure
from assistant.memory.store.disk import SEALED, files_below
from assistant.models.environments import install_command

KEYRING_SERVICE = "assistant"
KEYRING_NAME = "memory key"
KEY_BYTES = 32
NONCE_BYTES = 12
MIN_PASSPHRASE = 8
"""Characters."""
MAGIC = b"ASMEM1"
"""Every sealed file begins so."""
_KEYRING, _PASSPHRASE = 0, 1
_HEAD = struct.Struct(">6sB8s16sIII")
"""Magic, where the key comes from, its mark, and salt, KiB, rounds and lanes of Argon2id."""
_LIMITS = (1 << 20, 16, 16)
"""KiB, rounds and lanes that a file may ask for: its head could be anybody's."""
_one_at_a_time = threading.Lock()
"""Two derivations at once wait for each other for ever (cryptography 50)."""
_INSTALL = install_command("encryption")
_LOST = (
    "Without it nobody can read what is sealed. Bring it back, or take the memory out of an"
    " export; `assistant memory forget --all` begins anew."
)


@dataclass(frozen=True, slots=True)
class Argon2:
    """How a passphrase becomes a key."""

    salt: bytes
    memory: int = 64 * 1024
    """KiB."""
    rounds: int = 3
    lanes: int = 4


class FileCipher:
    """A `Cipher` with one key; files sealed with another, or changed, are refused."""

    ending = SEALED

    def __init__(self, key: bytes, argon2: Argon2 | None = None) -> None:
        """`argon2`: how the key was made of a passphrase. Raises `MemoryFailure`."""
        self._mark = _mark(key)
        settings = argon2 or Argon2(bytes(16), 0, 0, 0)
        self._head = _HEAD.pack(
            MAGIC,
            _KEYRING if argon2 is None else _PASSPHRASE,
            self._mark,
            settings.salt,
            settings.memory,
            settings.rounds,
            settings.lanes,
        )
        self._cipher: Any = _aead().AESGCM(key)
        self._index_key = hashlib.sha256(b"assistant memory index\0" + key).digest()

    def connect(self) -> Callable[[str], sqlite3.Connection] | None:
        """Opens SQLite files that are encrypted with a key made of this one, by SQLCipher.

        None: that is not installed, and an index has to stay in memory.
        """
        try:
            from sqlcipher3 import dbapi2
        except ImportError:
            return None

        def opened(path: str) -> sqlite3.Connection:
            database: sqlite3.Connection = dbapi2.connect(
                path, isolation_level=None, check_same_thread=False
            )
            database.execute(f"PRAGMA key = \"x'{self._index_key.hex()}'\"")
            database.execute("PRAGMA temp_store = MEMORY")
            return database

        return opened

    def seal(self, data: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed: bytes = self._cipher.encrypt(nonce, data, self._head)
        return self._head + nonce + sealed

    def open(self, data: bytes) -> bytes:
        head, rest = data[: _HEAD.size], data[_HEAD.size :]
        if len(head) < _HEAD.size or not head.startswith(MAGIC):
            raise MemoryFailure("is not a file that was sealed here", "Restore it from a backup.")
        if head[7:15] != self._mark:
            raise MemoryFailure("was sealed with another key or passphrase", _LOST)
        from cryptography.exceptions import InvalidTag

        try:
            opened: bytes = self._cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], head)
        except (InvalidTag, ValueError):
            raise MemoryFailure(
                "is damaged: it is not what was sealed", "Restore it from a backup."
            ) from None
        return opened


def passphrase_vault(passphrase: str, *folders: Path, argon2: Argon2 | None = None) -> FileCipher:
    """With the salt of what is sealed in `folders` already, so that one key opens all of it.

    Takes about a tenth of a second and 64 MiB. Raises `MemoryFailure`, also where the passphrase
    is not the one of what is there.
    """
    head = _first_head(folders)
    known = _argon2_of(head) if head else None
    if head and known is None:
        raise MemoryFailure(
            "what is remembered is sealed with a key from the keyring, not with a passphrase",
            "Set memory to take its key from the keyring.",
        )
    if known is None and len(passphrase) < MIN_PASSPHRASE:
        raise MemoryFailure(
            f"a passphrase has {MIN_PASSPHRASE} characters or more", "Several words are best."
        )
    settings = known or argon2 or Argon2(secrets.token_bytes(16))
    key = _derive(passphrase, settings)
    if head and head[7:15] != _mark(key):
        raise MemoryFailure("this is not the passphrase that memory was sealed with", _LOST)
    return FileCipher(key, settings)


def keyring_vault(*folders: Path) -> FileCipher:
    """With the key in the system's keyring; makes one where nothing in `folders` is sealed yet.

    Raises `MemoryFailure`, also where the key is lost: no other is put in its place then.
    """
    keyring, errors = _keyring()
    head = _first_head(folders)
    try:
        told = keyring.get_password(KEYRING_SERVICE, KEYRING_NAME)
    except errors as error:
        raise _no_keyring(error, is_needed=head is not None) from None
    if told is None and head is None:
        key = secrets.token_bytes(KEY_BYTES)
        try:
            keyring.set_password(
                KEYRING_SERVICE, KEYRING_NAME, base64.b64encode(key).decode("ascii")
            )
        except errors as error:
            raise _no_keyring(error) from None
        return FileCipher(key)
    if head is not None and head[6] == _PASSPHRASE:
        raise MemoryFailure(
            "what is remembered is sealed with a passphrase, not with a key from the keyring",
            "Set memory to ask for a passphrase.",
        )
    key = _decoded(told or "")
    if len(key) != KEY_BYTES or (head is not None and head[7:15] != _mark(key)):
        raise MemoryFailure("the key of memory is not in the keyring of this system", _LOST)
    return FileCipher(key)


def kind_of(path: Path) -> Literal["keyring", "passphrase"]:
    """Where the key to a sealed file comes from, by its first bytes."""
    head = _head_of(path)
    return "keyring" if head is not None and head[6] == _KEYRING else "passphrase"


def is_sealed(*folders: Path) -> bool:
    """Whether anything in these folders is."""
    return _first_head(folders) is not None


def _first_head(folders: tuple[Path, ...]) -> bytes | None:
    for folder in folders:
        for path in files_below(folder):
            if path.suffix == SEALED and (head := _head_of(path)) is not None:
                return head
    return None


def _head_of(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD.size)
    except OSError:
        return None
    return head if len(head) == _HEAD.size and head.startswith(MAGIC) else None


def _argon2_of(head: bytes) -> Argon2 | None:
    _, kind, _, salt, *numbers = _HEAD.unpack(head)
    if kind != _PASSPHRASE:
        return None
    if any(not 1 <= number <= most for number, most in zip(numbers, _LIMITS, strict=True)):
        raise MemoryFailure("a sealed file is damaged in its first bytes", "Restore a backup.")
    return Argon2(salt, *numbers)


def _derive(passphrase: str, settings: Argon2) -> bytes:
    _aead()
    try:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        text = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
        with _one_at_a_time:
            made: bytes = Argon2id(
                salt=settings.salt,
                length=KEY_BYTES,
                iterations=settings.rounds,
                lanes=settings.lanes,
                memory_cost=settings.memory,
            ).derive(text)
    except Exception as error:  # of the library's own kinds: no Argon2, no memory
        raise MemoryFailure(f"no key can be made of the passphrase ({error})", _INSTALL) from None
    return made


def _mark(key: bytes) -> bytes:
    """Tells one key from another without telling anything of it."""
    return hashlib.sha256(b"assistant memory key mark\0" + key).digest()[:8]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _aead() -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers import aead
    except ImportError:
        raise MemoryFailure("encryption of memory is not installed", _INSTALL) from None
    return aead


def _keyring() -> tuple[Any, type[Exception]]:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise MemoryFailure(
            "the system's keyring cannot be used: not installed", _INSTALL
        ) from None
    return keyring, KeyringError


def _no_keyring(error: Exception, *, is_needed: bool = False) -> MemoryFailure:
    """`is_needed`: the key to what is there already lies in it."""
    why = str(error).split("\n")[0].split(". ")[0] or type(error).__name__
    return MemoryFailure(
        f"the system's keyring cannot be used ({why})",
        "It holds the key to what is remembered: unlock it (you may have to log in to the "
        "desktop), then start again."
        if is_needed
        else "Set memory to ask for a passphrase instead.",
    )
