"""The log file. Nothing is ever logged to the terminal: the screen belongs to the conversation."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from assistant.locations import log_dir
from assistant.private_files import make_folder, open_append
from assistant.terminal.sanitize import clean_text

MAX_BYTES = 1_000_000
BACKUPS = 3
_NOISY = ("httpx", "httpcore", "asyncio", "markdown_it", "filelock", "urllib3", "huggingface_hub")
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?P<keep>\b(?:bearer|basic)\s+|\bapi[-_]?key['\"]?\s*[=:]\s*['\"]?|://[^/\s:@]*:)"
    r"(?P<secret>[^\s'\",@]+)",
    re.IGNORECASE,
)
_SECRET_FORM = re.compile(r"\b(?:sk|hf|ghp|gsk|xai)[-_][A-Za-z0-9_-]{8,}")
_HIDDEN = "***"


def log_file() -> Path:
    return log_dir() / "assistant.log"


def setup_logging(
    level: str = "info", *, secret_variable: str = "", more_secrets: Sequence[str] = ()
) -> Path | None:
    """Log to `log_file()` from now on; None where it cannot be written, and nothing is logged.

    `secret_variable` and `more_secrets` name environment variables whose values are keys
    (`brain.api_key_env`).
    Calling it again replaces the earlier set-up.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        with contextlib.suppress(OSError):  # a full disk, and something left to write
            handler.close()
    logging.lastResort = None
    logging.raiseExceptions = False  # a full disk must not print on the screen
    logging.captureWarnings(True)
    numeric = getattr(logging, level.upper(), logging.INFO)
    root.setLevel(numeric)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(numeric, logging.WARNING))
    _install_hooks()
    secrets = _secrets(os.environ, (secret_variable, *more_secrets))
    try:
        root.addHandler(_file_handler(log_file(), secrets))
    except OSError:
        root.addHandler(logging.NullHandler())
        return None
    return log_file()


class RedactingFormatter(logging.Formatter):
    """Hides what looks like a key, and every known one, tracebacks included. What others wrote does
    nothing to the terminal on which the log is read."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__(_FORMAT)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        text = clean_text(super().format(record))
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        text = _SECRET_TEXT.sub(lambda match: match["keep"] + _HIDDEN, text)
        return _SECRET_FORM.sub(_HIDDEN, text)


class _PrivateHandler(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        descriptor = open_append(Path(self.baseFilename))
        return os.fdopen(descriptor, "a", encoding="utf-8", errors=self.errors)


def _file_handler(path: Path, secrets: list[str]) -> logging.Handler:
    """Raises `OSError` where the file cannot be written."""
    make_folder(path.parent)
    handler = _PrivateHandler(
        path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(RedactingFormatter(secrets))
    return handler


def _secrets(environ: Mapping[str, str], variables: Sequence[str]) -> list[str]:
    """Values of variables that hold keys, longest first; short ones would hide ordinary words."""
    values = {
        value
        for name, value in environ.items()
        if len(value) >= 6 and (name in variables or _SECRET_NAME.search(name))
    }
    return sorted(values, key=len, reverse=True)


def _install_hooks() -> None:
    """What nobody caught goes to the log, not to the screen."""
    log = logging.getLogger("assistant.uncaught")

    def uncaught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.critical("uncaught", exc_info=(kind, error, trace))
        if not issubclass(kind, KeyboardInterrupt):
            with contextlib.suppress(OSError, ValueError):
                print(f"error: {kind.__name__}: {error}", file=sys.stderr)

    def uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and arguments.exc_type is not SystemExit:
            error = arguments.exc_value
            log.error("uncaught in a thread", exc_info=(type(error), error, error.__traceback__))

    def unraisable(arguments: sys.UnraisableHookArgs) -> None:
        log.warning("ignored in %r: %r", arguments.object, arguments.exc_value)

    sys.excepthook = uncaught
    threading.excepthook = uncaught_in_thread
    sys.unraisablehook = unraisable
