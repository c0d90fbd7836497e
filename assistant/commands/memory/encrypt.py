"""`assistant memory encrypt|decrypt`: all that is remembered, sealed or readable again."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.commands.memory.store import passphrase_at_hand
from assistant.commands.runner import FAILED, Options, complain
from assistant.config.schema import Config
from assistant.locations import memory_dir, transcripts_dir, voice_cache_dir
from assistant.memory.base import MemoryFailure
from assistant.memory.factory import PASSPHRASE

if TYPE_CHECKING:
    from assistant.memory.encryption.conversion import Converted
    from assistant.memory.encryption.sealing import FileCipher
    from assistant.memory.store.disk import Cipher

KEY = "memory.encryption"
Kind = Literal["keyring", "passphrase"]


def encrypt_command(config: Config, options: Options, kind: Kind) -> int:
    """Raises `MemoryFailure` or `ConfigError`; interrupted, whatever opens memory next goes on."""
    if config.memory.encryption == kind:
        return _already(config, kind)
    if config.memory.encryption != "off":
        complain(
            f"memory is encrypted already, by {_name(config.memory.encryption)}",
            "assistant memory decrypt, then encrypt it the other way",
        )
        return FAILED
    from assistant.memory.encryption.conversion import begin
    from assistant.memory.store.disk import PLAIN

    cipher = _cipher(kind, new=True)
    # The marker first, so that no other key is taken to go on with it; then the settings:
    # whatever happens while files are converted, the next start seals the rest.
    begin(memory_dir(), PLAIN, cipher)
    _set(kind, options.config)
    done = _convert(PLAIN, cipher)
    print(f"Sealed {done.files} files ({done.bytes / 1000:.0f} kB) in {done.seconds:.1f} s.")
    if kind == "passphrase":
        print(
            f"Put the passphrase into {PASSPHRASE} for conversations. Nobody can read the memory"
            " without it: if it is lost, so is everything.",
            file=sys.stderr,
        )
    else:
        print(
            "The key is in the keyring of this system. If that is lost, so is everything: keep a"
            " backup of it, or an export.",
            file=sys.stderr,
        )
    _after(options, kind)
    return 0


def _already(config: Config, kind: Kind) -> int:
    """What an interruption, or an assistant that had not heard of it, left readable is sealed."""
    from assistant.memory.encryption.conversion import is_unfinished
    from assistant.memory.factory import open_key, places_of_memory
    from assistant.memory.store.disk import PLAIN
    from assistant.memory.store.git import GitLog

    places = places_of_memory()
    if is_unfinished(places, GitLog(places.folder, sealed=True)):
        with passphrase_at_hand(config.memory):
            done = _convert(PLAIN, open_key(kind, places))
        print(f"Sealed {done.files} files that were still readable.")
        return 0
    print(f"Memory is encrypted already, by {_name(kind)}.", file=sys.stderr)
    return 0


def decrypt_command(config: Config, options: Options, kind: Kind | None = None) -> int:
    """`kind`: where the key is, if the settings do not tell. Raises `MemoryFailure`; interrupted,
    whatever opens memory next goes on."""
    from assistant.memory.encryption.conversion import begin, finish_decrypting
    from assistant.memory.factory import places_of_memory
    from assistant.memory.store.contents import DECRYPTING, ours
    from assistant.memory.store.disk import PLAIN, SEALED
    from assistant.memory.store.git import GitLog

    places = places_of_memory()
    known = None if config.memory.encryption == "off" else config.memory.encryption
    sealed = any(path.suffix == SEALED for path in ours(places))
    half = (places.folder / DECRYPTING).exists()
    if not sealed and not half and known is None:
        finish_decrypting(places, GitLog(places.folder), lambda file: PLAIN)
        print("Memory is not encrypted.", file=sys.stderr)
        return 0
    cipher = _cipher(kind or known or _kind_there(), new=False) if sealed else PLAIN
    begin(places.folder, cipher, PLAIN)
    # The settings before the files: from here on nothing is sealed anew.
    _set("off", options.config)
    done = _convert(cipher, PLAIN)
    print(f"{done.files} files are readable again.")
    _after(options, "off")
    return 0


def _kind_there() -> Kind:
    from assistant.memory.encryption.sealing import kind_of
    from assistant.memory.factory import places_of_memory
    from assistant.memory.store.contents import ours
    from assistant.memory.store.disk import SEALED

    return kind_of(next(path for path in ours(places_of_memory()) if path.suffix == SEALED))


def _cipher(kind: Kind, *, new: bool) -> FileCipher:
    from assistant.memory.encryption.sealing import keyring_vault, passphrase_vault

    places = (memory_dir(), transcripts_dir())
    if kind == "keyring":
        return keyring_vault(*places)
    return passphrase_vault(_passphrase(new), *places)


def _passphrase(new: bool) -> str:
    """Of the environment, else typed: twice where it is new. Raises `MemoryFailure`."""
    if given := os.environ.get(PASSPHRASE, ""):
        return given
    if not sys.stdin.isatty():
        raise MemoryFailure("a passphrase is needed", f"Put it into {PASSPHRASE}.")
    typed = getpass.getpass("New passphrase: " if new else "Passphrase of memory: ")
    if new and getpass.getpass("Once more: ") != typed:
        raise MemoryFailure("the two are not the same; nothing was changed", "Try again.")
    return typed


def _convert(old: Cipher, new: Cipher) -> Converted:
    from assistant.memory.encryption.conversion import convert
    from assistant.memory.store.git import GitLog

    folder = memory_dir()
    return convert(
        folder,
        old,
        new,
        transcripts=transcripts_dir(),
        caches=(voice_cache_dir(),),
        history=GitLog(folder, sealed=bool(new.ending)),
    )


def _set(value: str, file: Path | None) -> None:
    from assistant.config.editing import set_value, unset_value

    if value == "off":
        unset_value(KEY, file)
    else:
        set_value(KEY, value, file)


def _after(options: Options, wanted: str) -> None:
    from assistant.config.loading import load_settings

    settings = load_settings(options.config, options.overrides)
    if settings.config.memory.encryption != wanted:
        complain(
            f"{settings.source(KEY)} sets {KEY} to {settings.config.memory.encryption}, which goes"
            " before the settings file",
            "Change it there too.",
        )
    print("An assistant that is running now has to be started again.", file=sys.stderr)


def _name(kind: str) -> str:
    return "a key in the system's keyring" if kind == "keyring" else "a passphrase"
