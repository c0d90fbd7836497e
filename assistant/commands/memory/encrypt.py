"""`assistant memory encrypt|decrypt`: all that is remembered, sealed or readable again."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.commands.memory.store import passphrase_at_hand
from assistant.commands.runner import FAILED, Options, complain
from assistant.config.schema import Config
from assistant.discord.people.kept import discord_folder, people_folder, places_of_people
from assistant.locations import memory_dir
from assistant.memory.base import MemoryFailure
from assistant.memory.factory import PASSPHRASE, places_of_memory
from assistant.memory.store.contents import Places

if TYPE_CHECKING:
    from assistant.memory.encryption.conversion import Converted
    from assistant.memory.encryption.sealing import FileCipher
    from assistant.memory.store.disk import Cipher

KEY = "memory.encryption"
Kind = Literal["keyring", "passphrase"]
Conversion = tuple[Places, "Cipher", "Cipher"]
"""Where, what it is sealed with, and with what it shall be."""


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

    cipher = _cipher(kind)
    # The marker first, so that no other key is taken to go on with it; then the settings:
    # whatever happens while files are converted, the next start seals the rest.
    people = places_of_people()
    for folder in (memory_dir(), *(places.folder for places in people)):
        begin(folder, PLAIN, cipher)
    _set(kind, options.config)
    done = _convert_all([(each, PLAIN, cipher) for each in (places_of_memory(), *people)])
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
    from assistant.memory.factory import open_key
    from assistant.memory.store.disk import PLAIN
    from assistant.memory.store.git import GitLog

    unfinished = [
        places
        for places in (places_of_memory(), *places_of_people())
        if is_unfinished(places, GitLog(places.folder, sealed=True))
    ]
    if unfinished:
        with passphrase_at_hand(config.memory):
            done = _convert_all([(each, PLAIN, open_key(kind, each)) for each in unfinished])
        print(f"Sealed {done.files} files that were still readable.")
        return 0
    print(f"Memory is encrypted already, by {_name(kind)}.", file=sys.stderr)
    return 0


def decrypt_command(config: Config, options: Options, kind: Kind | None = None) -> int:
    """`kind`: where the key is, if the settings do not tell. Raises `MemoryFailure`; interrupted,
    whatever opens memory next goes on."""
    from assistant.memory.encryption.conversion import begin, finish_decrypting
    from assistant.memory.store.contents import DECRYPTING
    from assistant.memory.store.disk import PLAIN
    from assistant.memory.store.git import GitLog

    everywhere = [places_of_memory(), *places_of_people()]
    known = None if config.memory.encryption == "off" else config.memory.encryption
    half = any((places.folder / DECRYPTING).exists() for places in everywhere)
    if not any(map(_sealed, everywhere)) and not half and known is None:
        for places in everywhere:
            finish_decrypting(places, GitLog(places.folder), lambda file: PLAIN)
        print("Memory is not encrypted.", file=sys.stderr)
        return 0
    work = _to_decrypt(everywhere, kind or known)
    for places, cipher, _ in work:
        begin(places.folder, cipher, PLAIN)
    # The settings before the files: from here on nothing is sealed anew.
    _set("off", options.config)
    done = _convert_all(work)
    print(f"{done.files} files are readable again.")
    _after(options, "off")
    return 0


def _to_decrypt(everywhere: Sequence[Places], kind: Kind | None) -> list[Conversion]:
    """With the key of each. Raises `MemoryFailure`."""
    from assistant.memory.factory import open_key
    from assistant.memory.store.disk import PLAIN

    sealed = [places for places in everywhere if _sealed(places)]
    ciphers: dict[Path, Cipher] = {}
    if sealed:
        kind = kind or _kind_of(sealed[0])
        with _passphrase_given(kind):
            ciphers = {places.folder: open_key(kind, places) for places in sealed}
    return [(places, ciphers.get(places.folder, PLAIN), PLAIN) for places in everywhere]


@contextmanager
def _passphrase_given(kind: Kind) -> Iterator[None]:
    """Typed once, for all that is to be opened, and taken back."""
    given = PASSPHRASE in os.environ
    if kind == "passphrase":
        os.environ[PASSPHRASE] = _passphrase(new=False)
    try:
        yield
    finally:
        if not given:
            os.environ.pop(PASSPHRASE, None)


def _sealed(places: Places) -> list[Path]:
    from assistant.memory.store.contents import ours
    from assistant.memory.store.disk import SEALED

    return [path for path in ours(places) if path.suffix == SEALED]


def _kind_of(places: Places) -> Kind:
    from assistant.memory.encryption.sealing import kind_of

    return kind_of(_sealed(places)[0])


def _cipher(kind: Kind) -> FileCipher:
    """For what is to be sealed from now on: with the key of what is sealed already."""
    from assistant.memory.encryption.sealing import keyring_vault, passphrase_vault

    folders = [*places_of_memory().all(), people_folder(discord_folder())]
    if kind == "keyring":
        return keyring_vault(*folders)
    return passphrase_vault(_passphrase(new=True), *folders)


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


def _convert_all(work: Sequence[Conversion]) -> Converted:
    """One place after the other. Raises `MemoryFailure`; whatever opens a place that was not
    reached goes on with it."""
    from assistant.memory.encryption.conversion import Converted, convert
    from assistant.memory.store.git import GitLog

    done = [
        convert(
            places.folder,
            old,
            new,
            transcripts=places.transcripts,
            caches=places.caches,
            history=GitLog(places.folder, sealed=bool(new.ending)),
        )
        for places, old, new in work
    ]
    return Converted(
        sum(each.files for each in done),
        sum(each.bytes for each in done),
        sum(each.seconds for each in done),
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
