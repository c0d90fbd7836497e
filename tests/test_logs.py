"""The log: on disk, bounded, private, and never a letter of it on the screen."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import logs


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.lastResort, logging.raiseExceptions
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    root.handlers = []
    yield tmp_path / "assistant" / "assistant.log"
    logging.captureWarnings(False)
    for handler in root.handlers:
        handler.close()
    root.handlers, logging.lastResort, logging.raiseExceptions = before[0], before[2], before[3]
    root.setLevel(before[1])
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def test_it_goes_to_a_private_file_at_the_level_asked_for(log: Path) -> None:
    assert logs.setup_logging("warning") == log
    logging.getLogger("assistant.x").info("not this")
    logging.getLogger("assistant.x").warning("this")
    assert "this" in log.read_text()
    assert "not this" not in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    logs.setup_logging("debug")
    logging.getLogger("assistant.x").debug("now this")
    assert log.read_text().count("now this") == 1


def test_keys_are_never_written(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_VARIABLE", "hunter2-is-long")
    monkeypatch.setenv("OTHER_TOKEN", "tok-abcdef")
    logs.setup_logging(secret_variable="MY_VARIABLE")
    here = logging.getLogger("assistant.x")
    here.info("sent %s and tok-abcdef", "hunter2-is-long")
    here.info("Authorization: Bearer abc.def.ghi; api_key=zzzz9999")
    here.info("http://ada:lovelace@localhost/v1 with sk-1234567890ab")
    try:
        raise ValueError("hunter2-is-long")
    except ValueError:
        here.exception("it broke")
    text = log.read_text()
    for secret in ("hunter2", "tok-abc", "abc.def", "zzzz9999", "lovelace", "sk-1234"):
        assert secret not in text
    assert "Traceback" in text
    assert "localhost/v1" in text


def test_it_is_bounded(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 2_000)
    logs.setup_logging()
    for number in range(300):
        logging.getLogger("assistant.x").info("line %d of a long story", number)
    files = list(log.parent.iterdir())
    assert len(files) == logs.BACKUPS + 1
    assert sum(file.stat().st_size for file in files) < 10_000


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_log(log: Path) -> None:
    log.parent.write_text("a file where the folder should be")
    assert logs.setup_logging() is None
    logging.getLogger("assistant.x").error("lost")


def test_nothing_reaches_the_screen(tmp_path: Path) -> None:
    program = """
        import logging, os, threading, warnings
        from assistant.logs import setup_logging
        path = setup_logging()
        logging.getLogger("x").error("a message")
        warnings.warn("a warning")
        def broken(): raise RuntimeError("in a thread")
        thread = threading.Thread(target=broken); thread.start(); thread.join()
        class Gone:
            def __del__(self): raise RuntimeError("in a finaliser")
        Gone()
        logging.root.handlers[0].stream.close()
        logging.getLogger("x").error("to a closed file")
        print(path)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={"XDG_STATE_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert done.stderr == ""
    text = Path(done.stdout.strip()).read_text()
    for words in ("a message", "a warning", "in a thread", "in a finaliser"):
        assert words in text


def test_warnings_are_captured(log: Path) -> None:
    logs.setup_logging()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old way", stacklevel=1)
    assert "old way" in log.read_text()
