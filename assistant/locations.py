"""Every path the program reads or writes, in one place.

`XDG_CONFIG_HOME`, `XDG_DATA_HOME`, `XDG_CACHE_HOME` and `XDG_STATE_HOME` are honoured on every
system (people set them on macOS too); elsewhere `platformdirs` knows the custom. Folders are made
on first write, not here.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from platformdirs import PlatformDirs

from assistant.private_files import close_to_others, is_writable_by_others, plain_files

_APP = "assistant"
_PACKAGE = Path(__file__).resolve().parent


def _home(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    if value and Path(value).is_absolute():
        return Path(value) / _APP
    return Path(getattr(PlatformDirs(_APP, appauthor=False), fallback))


def config_dir() -> Path:
    return _home("XDG_CONFIG_HOME", "user_config_dir")


def config_file() -> Path:
    return config_dir() / "config.toml"


def user_themes_dir() -> Path:
    """Personas of the user's own; a file here overrides one of the same name that we ship."""
    return config_dir() / "themes"


def data_dir() -> Path:
    return _home("XDG_DATA_HOME", "user_data_dir")


def transcripts_dir() -> Path:
    return data_dir() / "transcripts"


def last_turn_file() -> Path:
    """When the stages of the last turn were over, without a word of what was said."""
    return data_dir() / "last_turn.json"


def timers_file() -> Path:
    """Timers, alarms and reminders that are set."""
    return data_dir() / "timers.json"


def lists_file() -> Path:
    """Shopping and to-do lists."""
    return data_dir() / "lists.json"


def stt_choice_file() -> Path:
    """Which speech recognition weights this machine was found quick enough for."""
    return data_dir() / "speech-recognition.json"


def voice_choice_file() -> Path:
    """Which speech engine this machine was found quick enough for."""
    return data_dir() / "speech-synthesis.json"


def pauses_file() -> Path:
    """How long the user pauses within a turn: one number, learned, without a word of what was said;
    deleted, it is learned again."""
    return data_dir() / "pauses.json"


def feelings_file() -> Path:
    """Which signs of a feeling were wrong for this user: numbers by the names of cues, without a
    word of what was said; deleted, all count fully again."""
    return data_dir() / "feelings.json"


def brain_offered_file() -> Path:
    """Is there once a language model was offered; what it holds does not matter."""
    return data_dir() / "language-model-offered"


def hints_file() -> Path:
    """What of the dashboard was used already, so that it is not proposed any more; without a word
    of what was said."""
    return data_dir() / "hints.json"


def memory_dir() -> Path:
    """Journals, and what is made from them."""
    return data_dir() / "memory"


def models_dir() -> Path:
    """Weights that were downloaded or joined from packages."""
    return data_dir() / "models"


def cache_dir() -> Path:
    return _home("XDG_CACHE_HOME", "user_cache_dir")


def voice_cache_dir() -> Path:
    """Rendered sentences; may be deleted at any time."""
    return cache_dir() / "voice"


def scratch_dir() -> Path:
    """What is needed for a while; a killed process's is swept by the next."""
    return cache_dir() / "scratch"


def log_dir() -> Path:
    return _home("XDG_STATE_HOME", "user_log_dir")


def sockets_dir() -> Path:
    """Where running sessions can be reached by programs of the same user."""
    return _home("XDG_STATE_HOME", "user_state_dir") / "sockets"


def web_dir() -> Path:
    """What pages are let in by: their token, and our own certificate."""
    return data_dir() / "web"


def serve_dir() -> Path:
    """Our own certificate for other programs. It is not that of the pages: each is made anew for
    other names, and whoever trusts the one should not have to look at the other."""
    return data_dir() / "serve"


def own_folders() -> tuple[Path, ...]:
    """All that we keep anything in, each once."""
    return tuple(dict.fromkeys((config_dir(), data_dir(), cache_dir(), log_dir())))


def close_folders() -> None:
    """Nobody else may look into them; earlier versions let the umask decide. A folder of settings
    or personas that others could write to is left for a person to look at."""
    inside = (transcripts_dir(), memory_dir(), models_dir(), voice_cache_dir())
    for folder in (data_dir(), cache_dir(), log_dir(), *inside):
        close_to_others(folder)
    for log in log_dir().glob("*.log*"):
        close_to_others(log)
    for folder in (config_dir(), user_themes_dir()):
        with contextlib.suppress(OSError):
            if not is_writable_by_others(folder):
                close_to_others(folder)


def _shipped(name: str) -> Path:
    """A folder that stands beside the package in a checkout and inside it in a wheel."""
    inside = _PACKAGE / "_data" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def themes_dir() -> Path:
    """The personas we ship."""
    return _shipped("themes")


def assets_dir() -> Path:
    return _shipped("assets")


# Which files of a voice cache are ours: what may be deleted there, and nothing else.

SUFFIX = ".voice"
"""Of a rendered clause."""
_LEFT_OVER = re.compile(r"\..+\.voice\.[0-9a-f.-]+(?:\.tmp)?")
"""What a crash left of one."""


def voice_files(folder: Path) -> Iterator[Path]:
    """Rendered clauses below the folder, and what a crash left of them; through no link."""
    for path in plain_files(folder):
        if path.suffix == SUFFIX or _LEFT_OVER.fullmatch(path.name):
            yield path
