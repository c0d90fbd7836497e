"""Changes one setting in `config.toml`, and nothing else: comments and order stay."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.config.loading import (
    check,
    fits,
    interpret,
    known_fields,
    parse,
    read_text,
    unknown_key,
)
from assistant.config.schema import ConfigError
from assistant.locations import config_dir, config_file
from assistant.private_files import FILE, write_whole
from assistant.terminal.sanitize import clean_text

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def set_value(key: str, text: str, path: Path | None = None) -> Any:
    """Write `key = text`, checked before anything is written; returns the value as written.

    Raises `ConfigError` for a key or value that cannot be, and for a file that cannot be written.
    """
    file = path or config_file()
    _require_known(key)
    if clean_text(text) != text:
        remedy = "Type it anew: colours, controls and letters of no width can come with a copy."
        raise ConfigError(f"{key}: the value holds characters that cannot be seen", remedy, key=key)
    value = interpret(key, text)
    if not fits(key, value):
        # Let the same check explain it that explains a file.
        check(_nested(key, value), file=file, sources={key: "config set"})
    document = _open(file)
    _assign(document, key, value)
    _save(document, file)
    return value


def unset_value(key: str, path: Path | None = None) -> bool:
    """Take `key` out of the file, so that the default holds again; False where it was not there."""
    file = path or config_file()
    _require_known(key)
    document = _open(file)
    table: Any = document
    *tables, last = key.split(".")
    for name in tables:
        table = table.get(name)
        if not isinstance(table, dict):
            return False
    if last not in table:
        return False
    del table[last]
    _save(document, file)
    return True


def set_table(key: str, table: dict[str, Any], path: Path | None = None) -> None:
    """Write a whole table, such as `adapters.notes`, in place of what was there; checked before
    anything is written. Raises `ConfigError`."""
    file = path or config_file()
    check(_nested(key, table), file=file, sources={key: "config set"})
    document = _open(file)
    _assign(document, key, table)
    _save(document, file)


def _require_known(key: str) -> None:
    """`session.permissions.x` is known where `session.permissions` is a table of the user's own."""
    fields = known_fields()
    owner, _, name = key.rpartition(".")
    if key not in fields and not (name and owner in fields and fits(owner, {})):
        raise unknown_key(key)


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def _open(file: Path) -> TOMLDocument:
    import tomlkit

    try:
        text = read_text(file)
    except FileNotFoundError:
        return tomlkit.document()
    check(parse(text, file), file=file, text=text)
    return tomlkit.parse(text)


def _assign(document: TOMLDocument, key: str, value: Any) -> None:
    import tomlkit

    table: Any = document
    *tables, last = key.split(".")
    for name in tables:
        if name not in table:
            table[name] = tomlkit.table()
        table = table[name]
    table[last] = value


def _save(document: TOMLDocument, file: Path) -> None:
    text = document.as_string()
    check(parse(text, file), file=file, text=text)
    try:
        write_atomically(file.resolve(), text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            f"{file}: {reason}", "Make its folder writable, or name another with --config."
        ) from None


def write_atomically(file: Path, text: str) -> None:
    """See `write_whole`. A file of the user's own place (--config) keeps what others may do with
    it. Raises `OSError`."""
    ours = file.parent == config_dir().resolve()
    mode = FILE if ours or not file.exists() else stat.S_IMODE(file.stat().st_mode) & 0o777
    write_whole(file, text.encode(), mode=mode, close=ours)
