"""Settings files and variables: settings or one clear error, never anything else."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from assistant.config.editing import set_value
from assistant.config.loading import known_fields, load_settings, value_of
from assistant.config.schema import ConfigError
from assistant.terminal.sanitize import clean_line

NAME = "config"
SEEDS = [
    b'[session]\npersona = "hal"\nsave = false\n[audio]\nvolume = 0.5\nmode = "push-to-talk"\n',
    b'[session.permissions]\nremember = "ask"\n[brain]\nkind = "openai"\nurl = "http://x/v1"\n',
    b"[audio]\nvolume = " + b"9" * 5_000,
    b"[audio]\nvolume = 1e999\n[memory]\nbudget_tokens = -1\n",
    b"a = " + b"[" * 300,
    b"[audio]\nvolme = 1\n\xff",
    b'audio = 3\nbackend = "x"\n',
    b"[backend.cascade]\nwhisper = [1, {a = 2}]\nthreads = true\n",
    b"[memory]\nenabled = 1979-05-27T07:32:00Z\n",
]


@functools.cache
def _file() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-config-")) / "config.toml"


def one(data: bytes) -> None:
    _file().write_bytes(data)
    try:
        settings = load_settings(_file(), {}, {})
        for key in known_fields():
            value_of(settings.config, key)
            settings.source(key)
    except ConfigError as error:
        _check(error)
    _as_variable(data)


def _as_variable(data: bytes) -> None:
    """The same bytes as the value of a setting: of the environment, and of `config set`."""
    keys = list(known_fields())
    key = keys[sum(data[:8]) % len(keys)]
    text = data.decode("utf-8", "surrogateescape").replace("\0", "")
    variable = "ASSISTANT_" + key.upper().replace(".", "__")
    file = _file().with_name("set.toml")
    file.write_bytes(b"")
    try:
        load_settings(file, {key: text}, {variable: text})
        set_value(key, text, file)
        load_settings(file, {}, {})
    except ConfigError as error:
        _check(error)


def _check(error: ConfigError) -> None:
    assert error.message
    assert error.remedy
    assert len(error.message) < 1_000
    assert clean_line(error.message).isprintable()
    assert error.line is None or error.line >= 1
