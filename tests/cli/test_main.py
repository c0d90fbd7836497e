"""The command line as a person types it: in this process, and a few times as a real program."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from assistant import __version__
from assistant.audio.wav import AudioFileError
from assistant.backends.base import BackendError
from assistant.bench.moshi import command as bench_moshi
from assistant.brain.base import BrainError
from assistant.cli.main import app
from assistant.commands import bench, dashboard, devices, personas, plain, say, talk, trace
from assistant.config.schema import Config, ConfigError
from assistant.logs import log_file

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    monkeypatch.setenv("COLUMNS", "100")
    # The log and its hooks are of this process; `tests/test_logs.py` tests them.
    monkeypatch.setattr("assistant.logs.setup_logging", lambda *args, **kwargs: None)
    monkeypatch.setattr(dashboard, "open_audio", lambda config: "audio")
    return tmp_path


class Called:
    """Stands in for a command's function and keeps what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.code = 0
        self.error: BaseException | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> int:
        self.calls.append((args, kwargs))
        if self.error is not None:
            raise self.error
        return self.code

    @property
    def config(self) -> Config:
        config = self.calls[-1][0][0]
        assert isinstance(config, Config)
        return config


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], Called]:
    def replace(module: Any, name: str) -> Called:
        stand_in = Called()
        monkeypatch.setattr(module, name, stand_in)
        return stand_in

    return replace


Replace = Callable[[Any, str], Called]


def invoke(*args: str, **kwargs: Any) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(args), **kwargs)
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


def test_help_shows_every_command_in_its_place() -> None:
    code, text, _ = invoke("--help")
    assert code == 0
    places = [text.index(f"─ {title} ") for title in ("Talk", "Look around", "Set up")]
    assert places == sorted(places)
    commands = ["plain", "say", "talk", "doctor", "devices", "bench", "personas", "transcripts"]
    for command in [*commands, "pull", "config", "--install-completion"]:
        assert command in text
    for command in commands:
        code, text, _ = invoke(command, "-h")
        assert code == 0
        assert command in text


def _commands(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, *path, name)


def test_no_help_names_a_type_of_a_flag_or_a_word_of_python() -> None:
    everything = list(_commands(get_command(app)))
    assert ("memory", "forget") in everything
    for path in everything:
        code, text, _ = invoke(*path, "--help")
        assert code == 0
        assert not re.search(r"<(bool|str|int|float|path|list)", text, re.IGNORECASE), path


def test_version() -> None:
    assert invoke("--version") == (0, f"assistant {__version__}\n", "")


def test_without_a_command_the_dashboard_starts_with_the_options_given(called: Replace) -> None:
    start = called(dashboard, "dashboard_command")
    code, _, _ = invoke(
        *("--persona", "hal", "--backend", "echo", "--input-device", "3"),
        *("--output-device", "USB", "--no-save"),
    )
    assert code == 0
    assert start.config.session.persona == "hal"
    assert start.config.session.save is False
    assert start.config.backend.name == "echo"
    assert start.config.audio.input_device == 3
    assert start.config.audio.output_device == "USB"
    start.code = 7
    assert invoke()[0] == 7
    assert start.config == Config()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("auto", {"kind": "auto"}),
        ("scripted", {"kind": "scripted"}),
        ("ollama", {"kind": "openai", "url": "http://127.0.0.1:11434/v1"}),
        ("LM-Studio/qwen3", {"kind": "openai", "model": "qwen3"}),
        ("http://10.0.0.7:9000/v1", {"kind": "openai", "url": "http://10.0.0.7:9000/v1"}),
        ("mine", {"kind": "local", "weights": "mine"}),
    ],
)
def test_who_answers_is_chosen_for_one_run(
    called: Replace, home: Path, name: str, expected: dict[str, str]
) -> None:
    (home / "data" / "assistant" / "models" / "brain").mkdir(parents=True)
    (home / "data" / "assistant" / "models" / "brain" / "mine.gguf").touch()
    start = called(plain, "plain_command")
    assert invoke("plain", "--brain", name)[0] == 0
    assert start.config.brain.model_dump().items() >= expected.items()
    assert not (home / "config" / "assistant" / "config.toml").exists()


def test_a_brain_that_there_is_not_is_a_usage_error_with_those_that_will_do() -> None:
    code, _, said = invoke("--brain", "gpt-9")
    assert code == 2
    for words in ("gpt-9", "setup brain", "scripted", "ollama/MODEL"):
        assert words in " ".join(said.replace("│", " ").split())


def test_options_stand_before_or_after_the_command(called: Replace) -> None:
    start = called(plain, "plain_command")
    invoke("--persona", "hal", "--no-save", "plain", "--backend", "echo")
    assert start.config.session.persona == "hal"
    assert start.config.session.save is False
    assert start.config.backend.name == "echo"
    invoke("--persona", "hal", "plain", "--persona", "tars")
    assert start.config.session.persona == "tars"
    assert start.calls[0][0][1] == "audio"


def test_a_settings_file_is_used_and_options_go_before_it(called: Replace, home: Path) -> None:
    file = home / "my.toml"
    file.write_text('[session]\npersona = "hal"\n[audio]\nvolume = 0.5\n')
    start = called(plain, "plain_command")
    for arguments in (["plain", "--config", str(file)], ["--config", str(file), "plain"]):
        invoke(*arguments, "--persona", "tars")
        assert start.config.session.persona == "tars"
        assert start.config.audio.volume == 0.5


def test_say_to_the_speaker_or_a_file(called: Replace) -> None:
    start = called(say, "say_command")
    assert invoke("say", "Hello there.", "--persona", "hal")[0] == 0
    assert start.calls[-1][0][1:] == ("Hello there.", "audio", "")
    invoke("say", "-", "--output", "x.wav", input="From a pipe.\n")
    assert start.calls[-1][0][1:] == ("From a pipe.", Path("x.wav"), "")
    assert invoke("say", "  ")[0] == 2


def test_say_takes_a_delivery_by_its_name(called: Replace) -> None:
    start = called(say, "say_command")
    assert invoke("say", "Hello there.", "--delivery", "Dry")[0] == 0
    assert start.calls[-1][0][-1] == "dry"
    code, _, told = invoke("say", "Hello there.", "--delivery", "operatic")
    assert code == 2
    assert "operatic" in told
    assert "whispering" in told
    code, listed, _ = invoke("say", "--list-deliveries")
    assert code == 0
    assert len(listed.splitlines()) >= 12
    assert listed.startswith("neutral ")


def test_talk_hands_its_options_over(called: Replace) -> None:
    start = called(talk, "talk_command")
    invoke("talk", "-i", "a.wav", "-o", "b.wav", "--events", "c.jsonl", "--realtime", "--guard")
    options = start.calls[-1][0][1]
    assert options == talk.TalkOptions(
        input=Path("a.wav"),
        output=Path("b.wav"),
        events=Path("c.jsonl"),
        realtime=True,
        greeting=True,
        guard=True,
    )
    invoke("talk", "-i", "a.wav", "-o", "b.wav", "--no-greeting", "--seed", "7")
    options = start.calls[-1][0][1]
    assert (options.greeting, options.guard, options.seed) == (False, False, 7)
    assert invoke("talk", "-i", "a.wav")[0] == 2


def test_trace_and_the_schema_of_events_are_wired(called: Replace, home: Path) -> None:
    start = called(trace, "trace_command")
    assert invoke("trace")[0] == 0
    invoke("trace", "--events", "a.jsonl", "--turn", "4", "--json")
    assert start.calls == [
        ((None, None), {"json_output": False}),
        ((Path("a.jsonl"), 4), {"json_output": True}),
    ]
    code, _, told = invoke("trace", "--turn", "4")
    assert code == 2
    assert "add --events" in told
    code, schema, _ = invoke("events", "schema")
    assert code == 0
    assert "UserSaid" in json.loads(schema)["$defs"]


def test_the_other_commands_are_wired(called: Replace) -> None:
    start = called(bench, "bench_latency")
    assert invoke("bench", "latency", "--json", "--turns", "3")[0] == 0
    options = start.calls[-1][1]
    assert (options["json_output"], options["turns"], options["warm"]) == (True, 3, 0.0)
    assert invoke("bench", "latency", "--brain")[0] == 0
    assert (start.calls[-1][1]["brain"], start.calls[-1][1]["model"]) == (True, None)
    assert invoke("bench", "latency", "--brain", "tiny")[0] == 0
    assert (start.calls[-1][1]["brain"], start.calls[-1][1]["model"]) == (True, "tiny")
    assert invoke("bench", "latency", "tiny")[0] == 2, "a model goes with --brain"
    start = called(bench_moshi, "moshi_command")
    invoke("bench", "moshi", "--framework", "mlx", "--dims", "7b")
    asked = start.calls[-1][0][0]
    assert (asked.framework, asked.dims) == ("mlx", "7b")
    assert invoke("bench", "magic")[0] == 2
    start = called(devices, "devices_command")
    invoke("devices", "--json")
    assert start.calls[-1][0] == (True,)
    listed = called(personas, "list_personas")
    invoke("personas")
    invoke("personas", "list", "--json")
    assert [args for args, _ in listed.calls] == [(False,), (True,)]
    start = called(personas, "check_personas")
    start.code = 1
    assert invoke("personas", "check", "a.toml")[0] == 1
    assert start.calls[-1][0] == ([Path("a.toml")],)
    start = called(personas, "new_persona")
    invoke("personas", "new", "Ada", "--force")
    assert start.calls[-1][0] == ("Ada", True)


def test_settings_are_changed_and_shown() -> None:
    code, text, _ = invoke("config", "set", "session.persona", "glados")
    assert (code, text) == (0, 'session.persona = "glados"\n')
    code, text, _ = invoke("config", "show", "--changed")
    assert 'persona = "glados"' in text
    code, text, _ = invoke("config", "path")
    assert Path(text.strip()).exists()
    assert invoke("config", "unset", "session.persona")[0] == 0
    assert invoke("config", "schema")[0] == 0
    assert invoke("transcripts")[0] == 0
    assert invoke("transcripts", "show")[0] == 2


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("there is no persona called “x”", "choose one of a, b"), 2, "choose one of"),
        (BackendError("cascade cannot run", "pip install it"), 1, "remedy: pip install it"),
        (BrainError("no answer"), 1, "error: no answer"),
        (AudioFileError("in.wav: empty", "give another"), 1, "error: in.wav: empty"),
        (FileNotFoundError(2, "No such file or directory", "in.wav"), 1, "error: in.wav: no such"),
        (OSError(28, "No space left on device"), 1, "error: no space left"),
        (ZeroDivisionError("division by zero"), 1, "error: unexpected: ZeroDivisionError"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_every_error_becomes_words_and_an_exit_code(
    called: Replace, error: BaseException, code: int, said: str
) -> None:
    called(plain, "plain_command").error = error
    found, out, err = invoke("plain")
    assert found == code
    assert out == ""
    assert said in err


def test_a_wrong_setting_is_told_before_anything_starts(
    called: Replace, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = called(dashboard, "dashboard_command")
    monkeypatch.setenv("ASSISTANT_AUDIO__VOLUME", "loud")
    code, _, err = invoke()
    assert code == 2
    assert err.startswith("error: ASSISTANT_AUDIO__VOLUME: audio.volume:")
    assert "remedy: Loudness of the assistant" in err
    assert start.calls == []
    code, _, err = invoke("--config", "absent.toml", "plain")
    assert code == 2
    assert "absent.toml: no such file" in err


@pytest.mark.parametrize("arguments", [["plian"], ["--persona"], ["plain", "--nope"]])
def test_a_wrong_command_line_is_a_usage_error(arguments: list[str]) -> None:
    assert invoke(*arguments)[0] == 2


# -- as a real program ---------------------------------------------------------------------------


def program(
    *arguments: str, home: Path, input: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant", *arguments],
        env={**os.environ, "XDG_RUNTIME_DIR": str(home), **variables},
        cwd=ROOT,
        input=input,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_loads_neither_settings_nor_sound_nor_screen(home: Path) -> None:
    code = (
        "import sys; sys.argv = ['assistant', '--help']\n"
        "from assistant.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pydantic', 'textual', 'numpy', 'httpx', 'sounddevice', 'asyncio', 'msgspec'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "Talk line by line" in done.stdout


def test_an_unknown_persona_is_told_with_the_names(home: Path) -> None:
    done = program("plain", "--persona", "nobody", home=home)
    assert done.returncode == 2
    assert "nobody" in done.stderr
    assert "jarvis" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unexpected_error_goes_to_the_log_with_its_traceback(home: Path) -> None:
    code = (
        "from assistant.commands import devices\n"
        "def broken(json_output): raise ZeroDivisionError('in the works')\n"
        "devices.devices_command = broken\n"
        "import sys; sys.argv = ['assistant', 'devices']\n"
        "from assistant.cli.main import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "unexpected: ZeroDivisionError: in the works" in done.stderr
    assert str(log_file()) in done.stderr
    assert "Traceback" in log_file().read_text()


def test_a_reader_that_has_seen_enough_ends_it_quietly(home: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m assistant config schema --json | head -c 1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "{"
    assert done.stderr == ""


def test_ctrl_c_ends_with_130_and_without_a_word(home: Path) -> None:
    code = (
        "import os, signal, time\n"
        # Whoever runs the tests in the background of a shell has Ctrl-C switched off.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from assistant.commands import devices\n"
        "def slow(json_output):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(30)\n"
        "devices.devices_command = slow\n"
        "import sys; sys.argv = ['assistant', 'devices']\n"
        "from assistant.cli.main import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "")


def test_completion_is_offered(home: Path) -> None:
    variables = {
        "_ASSISTANT_COMPLETE": "complete_bash",
        "COMP_WORDS": "assistant trans",
        "COMP_CWORD": "1",
    }
    assert program(home=home, **variables).stdout.split() == ["transcripts"]


def test_settings_as_json_by_a_real_program(home: Path) -> None:
    done = program("config", "show", "--json", home=home, ASSISTANT_AUDIO__VOLUME="0.5")
    found = json.loads(done.stdout)["settings"]["audio.volume"]
    assert found == {"value": 0.5, "source": "ASSISTANT_AUDIO__VOLUME"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that nothing fits into")
def test_an_exit_code_outlives_a_terminal_that_is_gone() -> None:
    program = (
        "import sys; from assistant.commands.runner import guarded; print('unread'); "
        "sys.exit(guarded(lambda: 129))"
    )
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    with Path("/dev/full").open("w") as gone:
        ended = subprocess.run([sys.executable, "-c", program], stdout=gone, env=buffered)
    assert ended.returncode == 129
