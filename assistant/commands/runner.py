"""Runs a command: settings in, exit code out, and every error as words instead of a traceback.

Exit codes: 0 done, 1 it failed, 2 the command line or the settings are wrong, 130 Ctrl-C. The
traceback of what nobody expected goes to the log file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import AssistantError
from assistant.locations import close_folders
from assistant.private_files import private_umask
from assistant.terminal.sanitize import clean_line, clean_text

if TYPE_CHECKING:
    from assistant.config.schema import Config

FAILED = 1
USAGE = 2
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says about the settings; None and absent mean "not given"."""

    config: Path | None = None
    log_level: str | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    """Dotted key → value."""

    def over(self, base: Options) -> Options:
        """These, and `base` where they say nothing: `assistant --persona hal plain`."""
        given = {key: value for key, value in self.overrides.items() if value is not None}
        return replace(
            self,
            config=self.config or base.config,
            log_level=self.log_level or base.log_level,
            overrides={**base.overrides, **given},
        )


def run_with_config(
    options: Options, command: Callable[[Config], int], *, mends: bool = True
) -> int:
    """Load the settings, start the log, run `command`; returns the exit code. `mends`: see
    `guarded`."""

    def load_and_run() -> int:
        from assistant.config.loading import load_config
        from assistant.logs import setup_logging

        config = load_config(options.config, options.overrides)
        setup_logging(
            options.log_level or "info",
            secret_variable=config.brain.api_key_env,
            more_secrets=(config.discord.token_env,),
        )
        return command(config)

    return guarded(load_and_run, mends=mends)


def run(command: Callable[[], int], log_level: str | None = None, *, mends: bool = True) -> int:
    """As `run_with_config`, for commands that have to work whatever the settings are."""

    def log_and_run() -> int:
        from assistant.logs import setup_logging

        setup_logging(log_level or "info")
        return command()

    return guarded(log_and_run, mends=mends)


def guarded(command: Callable[[], int], *, mends: bool = True) -> int:
    """Run `command`; whatever it raises becomes a message on stderr and an exit code. What it makes
    is for nobody else to read, and where it `mends`, folders that an earlier version left open are
    closed: a doctor tells of them instead."""
    try:
        with private_umask():
            if mends:
                close_folders()
            code = command()
        _flush(code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough. Without this Python complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        return _explained(error)
    return code


def _flush(code: int) -> None:
    """What is left goes out. To a terminal that is gone it cannot: then what was known before
    counts, and Python is not to try again at exit (it would end with 120)."""
    try:
        sys.stdout.flush()
    except OSError:
        if not code:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(message: str, remedy: str = "") -> None:
    """The one form in which anything goes wrong: `error: …`, and what to do about it."""
    for head, text in (("error", message), ("remedy", remedy)):
        if text:
            print(f"{head}: {hanging(text)}", file=sys.stderr)


def tell(text: str) -> None:
    """A line on standard error beside what a command answers."""
    print(f"· {clean_line(text)}", file=sys.stderr, flush=True)


def hanging(text: str) -> str:
    """Its further lines indented: what is in a text must not look like a line of ours."""
    return clean_text(text).replace("\n", "\n  ")


def agreed(question: str, alone: str) -> int:
    """0 where the user says yes, else the exit code; `alone` is said where nobody can answer."""
    if not sys.stdin.isatty():
        complain(alone, "add --yes")
        return USAGE
    return 0 if input(f"{clean_line(question)} [y/N] ").strip().lower() in ("y", "yes") else FAILED


def _explained(error: Exception) -> int:
    import logging

    from assistant.config.schema import ConfigError

    log = logging.getLogger(__name__)
    if isinstance(error, AssistantError):
        log.info("%s: %s", type(error).__name__, error)
        complain(error.message, error.remedy)
        return USAGE if isinstance(error, ConfigError) else FAILED
    log.error("command failed", exc_info=error)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        complain(f"{place}{(error.strerror or str(error)).lower()}", _see_log())
        return FAILED
    complain(f"unexpected: {type(error).__name__}: {error}", _see_log())
    return FAILED


def _see_log() -> str:
    from assistant.logs import log_file

    return f"details are in {log_file()}" if log_file().exists() else ""
