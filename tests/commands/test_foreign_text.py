"""Text that nobody here wrote, in every place a command shows it: real programs, raw bytes."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from rich.cells import cell_len

from assistant.commands.plain import Printer, _called
from assistant.config.schema import MemoryConfig
from assistant.memory.factory import open_store
from assistant.personas.loading import Persona, load_personas
from assistant.session.events import AgentSaid, PersonasReloaded
from tests.brain.openai.servers import STREAM_HEAD, Send, event, reply, serve
from tests.memory.material import journal, remember
from tests.processes import PATIENCE

NASTY = "a\x1b]52;c;aGk=\x07\x1b[2Jb\x9b31mc\u202ed [/] [bold]\r\nYou: e"
CLEAN = "abcd [/] [bold] You: e"
ACTS = ("\x1b]", "\x1b[2J", "\x9b", "\x07", "\u202e")
PERSONA = """
name = "Ada [/] \\u202eB"
summary = "sums\\u200b [bold]"
greetings = ["hello"]
reintroductions = ["hello"]
[prompt]
identity = "i"
personality = "p"
[colors]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which everything that can hold foreign text does."""
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("ASSISTANT_BRAIN__KIND", "scripted")
    data = tmp_path / "data" / "assistant"
    (data / "transcripts").mkdir(parents=True)
    said = f"# Conversation\n\n**You** (09:41): {NASTY}\n\n**{NASTY}** (09:42): {NASTY}\n\n"
    (data / "transcripts" / "2026-11-21-094103.md").write_text(said, encoding="utf-8", newline="")
    themes = tmp_path / "config" / "assistant" / "themes"
    themes.mkdir(parents=True)
    ours = (Path(__file__).parents[2] / "themes" / "plain.toml").read_text("utf-8")
    colors = ours[ours.index("[colors]") :].partition("\n\n")[0]
    (themes / "ada.toml").write_text(PERSONA.replace("[colors]", colors), encoding="utf-8")
    (themes / "x\x1b]0;t\x07[.toml").write_text("name = 1", encoding="utf-8")
    (themes / "broken.toml").write_text('name = "x"\nnmae = "\x07"\n', encoding="utf-8")
    store = open_store(MemoryConfig()).store
    kept = journal("2026-11-21T190500-jarvis", [NASTY, NASTY])
    remember(kept, NASTY)
    store.write(kept)
    store.close()
    return tmp_path


def run(*arguments: str, stdin: bytes = b"", **variables: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "assistant", *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **variables},
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout, done.stderr


def run_on_a_terminal(*arguments: str) -> bytes:
    """All that reaches a terminal."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    command = [sys.executable, "-m", "assistant", *arguments]
    process = subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, env=environment
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            data = os.read(leader, 65_536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(leader)
    process.wait(PATIENCE)
    return shown


COMMANDS = [
    ("personas", "list"),
    ("personas", "check"),
    ("transcripts", "list"),
    ("transcripts", "show"),
    ("memory", "list"),
    ("memory", "search", "abcd"),
    ("memory", "show", "2026-11-21T190500-jarvis/1"),
    ("memory", "show", "2026-11-21T190500-jarvis"),
    ("models", "list"),
    ("config", "show"),
    ("memory", "show", NASTY),
    ("config", "set", NASTY, NASTY),
    ("talk", "--input", f"/nowhere/{NASTY}", "--output", "/nowhere/x.wav"),
    (NASTY,),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words[:2])[:20])
def test_no_command_lets_it_act(home: Path, command: tuple[str, ...]) -> None:
    _, out, err = run(*command, ASSISTANT_AUDIO__INPUT_DEVICE=NASTY)
    text = out.decode() + err.decode()
    assert "Traceback" not in text
    assert not [each for each in ("\x1b", *ACTS[2:]) if each in text]
    if command != ("transcripts", "show"):  # which shows a file, line by line
        assert not [line for line in text.splitlines() if line.startswith("You: e")]
    shown = run_on_a_terminal(*command).decode()
    assert not [each for each in ACTS if each in shown]


def test_what_it_says_is_still_shown(home: Path) -> None:
    assert "abcd [/] [bold]" in run("transcripts", "list")[1].decode()
    assert CLEAN in run("memory", "list")[1].decode().replace("Abcd", "abcd")
    assert "Ada [/] B" in run("personas", "list")[1].decode()


def test_every_broken_persona_is_named_with_its_line_and_what_to_do(home: Path) -> None:
    for command in (("personas", "list"), ("models", "list")):
        told = run(*command)[2].decode()
        assert "themes/broken.toml:2: " in told
        assert "Illegal character" in told


async def test_plain_shows_a_models_words_and_obeys_none(home: Path) -> None:
    pieces = [
        "Hello\x1b]52",
        ";c;aGk=\x07",
        " there.\nYou may send money.\x1b",
        "[2J\r\nHAL would.\x9b1m\nYou: I am rich.\n",
    ]

    async def script(request: str, send: Send) -> None:
        if "chat" not in request:
            await send(reply(b'{"data": [{"id": "big"}]}'))
            return
        await send(STREAM_HEAD)
        for piece in pieces:
            await send(event(piece))
        await send(b"data: [DONE]\n\n")

    async with serve(script) as server:
        code, out, err = await asyncio.to_thread(
            run,
            *("plain", "--backend", "echo"),
            stdin=b"tell me something \x1b]0;t\x07 nice\n",
            ASSISTANT_BRAIN__KIND="openai",
            ASSISTANT_BRAIN__URL=server.url,
            ASSISTANT_BRAIN__MODEL="big",
            ASSISTANT_SESSION__GREETING="false",
        )
    assert code == 0
    assert out.decode().splitlines() == [
        "You: tell me something nice",
        "JARVIS: Hello there.",
        "  You may send money.",
        "  HAL would.",
    ]
    assert b"\x1b" not in err
    transcripts = (home / "data" / "assistant" / "transcripts").glob("*.md")
    [kept] = [path for path in transcripts if path.stem != "2026-11-21-094103"]
    assert "\x1b" not in kept.read_text("utf-8")


LOCALES = [("koi8-r", "привет, café"), ("iso-8859-1", "caf\xe9"), ("ascii", "cafe")]


@pytest.mark.parametrize(("encoding", "typed"), LOCALES)
def test_no_letter_that_a_locale_lacks_costs_the_line(
    home: Path, encoding: str, typed: str
) -> None:
    variables = {
        "PYTHONIOENCODING": encoding,
        "PYTHONUTF8": "0",
        "ASSISTANT_SESSION__GREETING": "false",
    }
    said = f"remember that my cat is called 李明\n{typed}\n".encode()
    code, out, err = run("plain", "--backend", "echo", stdin=said, **variables)
    assert code == 0
    assert "\\u674e\\u660e" in out.decode(encoding)
    assert b"Traceback" not in err
    for command in (("transcripts", "list"), ("memory", "list"), ("models", "list")):
        code, out, err = run(*command, **variables)
        assert code == 0
        out.decode(encoding)
        assert b"Traceback" not in err


def test_typed_lines_are_read_in_the_terminals_encoding(home: Path) -> None:
    variables = {"PYTHONIOENCODING": "koi8-r", "ASSISTANT_SESSION__GREETING": "false"}
    typed = "привет\n".encode("koi8-r")
    _, out, _ = run("plain", "--backend", "echo", stdin=typed, **variables)
    assert out.decode("koi8-r").splitlines()[0] == "You: привет"


def test_a_persona_file_that_breaks_meanwhile_is_named(home: Path) -> None:
    printer = Printer(cast(Any, _Nobody()), show_typed=True)
    told = io.StringIO()
    with contextlib.redirect_stderr(told):
        printer(PersonasReloaded(slugs=["hal"], failed=["ada.toml:3: this is not TOML. Mend it."]))
    assert told.getvalue() == "· ada.toml:3: this is not TOML. Mend it.\n"


class _Nobody:
    def personas(self) -> list[Persona]:
        return []


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_where_a_terminal_would_break_a_line_no_speaker_seems_to_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    screen = _Screen()
    said = "well then, " * 3 + "You: send money, and 李明" * 9
    with contextlib.redirect_stdout(screen):
        printer = Printer(cast(Any, _Nobody()), show_typed=True)
        printer(AgentSaid(turn=1, persona="hal", final=True, played=said))
    first, *others = screen.getvalue().splitlines()
    assert first.startswith("hal: well then")
    assert len(others) > 5
    assert all(line.startswith("  ") and cell_len(line) <= 40 for line in others)
    assert "".join(screen.getvalue().split()) == "".join(f"hal: {said}".split())


def test_nobody_else_is_called_as_the_user_is() -> None:
    plain = load_personas().loaded["plain"]
    for name in ("You", "you", " YOU\u200b "):
        assert _called(plain.model_copy(update={"name": name})).endswith("(plain)")


def test_a_folder_whose_name_is_no_text_is_found_by_the_path_that_is_printed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.fsencode(tmp_path) + b"/\xe4"
    for command in (("config", "path"), ("transcripts", "path")):
        variables = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_DATA_HOME"), os.fsdecode(folder))
        code, out, _ = run(*command, **variables)
        assert code == 0
        assert out.startswith(folder + b"/")
    monkeypatch.setenv("XDG_DATA_HOME", os.fsdecode(folder))
    assert "/�/" in run_on_a_terminal("transcripts", "path").decode()
