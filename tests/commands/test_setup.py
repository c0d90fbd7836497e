"""`assistant setup`: an environment of its own that works, or nothing at all."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant import frames as f
from assistant.backends.base import BackendError
from assistant.backends.host.process import BackendProcess
from assistant.cli.main import app
from assistant.commands import setup as commands
from assistant.config.schema import Config
from assistant.models import environment_maker as maker
from assistant.models import environments
from assistant.models.environment_maker import explained, progress_of
from assistant.models.environments import (
    RECIPES,
    STAMP,
    Recipe,
    code_path,
    folder_of,
    home,
    inspect,
    interpreter,
    missing,
    python_of,
)
from tests.processes import command_of

pytestmark = pytest.mark.xdist_group("setup")
"""One environment for all tests here: it takes seconds to make."""
ROOT = Path(__file__).resolve().parents[2]
NAME = "moshi-torch"
LOCAL = Recipe(NAME, ("neighbours==1.0",), (), ("numpy", "msgspec"), 1_000, 1_000)
"""One package from a folder, which lends the environment the packages of this one."""


def wheel(folder: Path) -> None:
    info = "neighbours-1.0.dist-info"
    with zipfile.ZipFile(folder / "neighbours-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("neighbours.pth", sysconfig.get_path("purelib") + "\n")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: neighbours\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


def offline(patch: pytest.MonkeyPatch, data: Path, wheels: Path) -> None:
    patch.setenv("XDG_DATA_HOME", str(data))
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setenv("PIP_FIND_LINKS", str(wheels))
    patch.setenv("PIP_CONFIG_FILE", os.devnull)
    patch.setitem(RECIPES, NAME, LOCAL)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder after a real `assistant setup moshi-torch --yes`."""
    data, wheels = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("wheels")
    wheel(wheels)
    with pytest.MonkeyPatch.context() as patch:
        offline(patch, data, wheels)
        assert commands.setup_command(NAME, yes=True) == 0
        yield data


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder without environments, and no packages to be had."""
    (tmp_path / "wheels").mkdir()
    offline(monkeypatch, tmp_path / "data", tmp_path / "wheels")
    return tmp_path


@pytest.fixture
def quick(tmp_path: Path) -> maker.Python:
    """This Python, but its environments borrow our pip: making one of their own takes long."""
    version = sysconfig.get_python_version()
    program = tmp_path / "quick"
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$2" = venv ] || exec {sys.executable} "$@"\n'
        f'{sys.executable} -m venv --without-pip "$3"\n'
        f'echo {sysconfig.get_path("purelib")} > "$3/lib/python{version}/site-packages/pip.pth"\n'
    )
    program.chmod(0o755)
    return maker.find_python(str(program))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_environment_is_there_and_nothing_beside_it(made: Path) -> None:
    found = inspect(NAME)
    assert (found.state, dict(found.versions)["neighbours"]) == ("ready", "1.0")
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert [path.name for path in home().iterdir()] == [NAME]
    assert not (folder_of(NAME) / "tmp").exists()


async def test_the_backend_process_runs_in_it(made: Path) -> None:
    from assistant.backends.registry import backend_python

    python = backend_python(NAME, Config())
    assert python == str(interpreter(folder_of(NAME)))
    events: list[f.AnyEvent] = []
    process = BackendProcess("echo", f.Load(options={}, names=[]), events.append, python=python)
    process.start()
    await asyncio.wait_for(process.ready.wait(), 60)
    assert command_of(process.pid or 0).startswith(python)
    process.send(f.Say(1, "two words", True))
    await process.push_and_wait(f.Push(0, bytes(f.FRAME_BYTES)))
    await process.stop()
    assert any(isinstance(event, f.AudioOut) for event in events)


def test_a_second_setup_has_nothing_to_do(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder_of(NAME) / STAMP).stat().st_mtime_ns
    assert commands.setup_command(NAME, yes=True) == 0
    assert "is set up already: Python 3" in capsys.readouterr().err
    assert (folder_of(NAME) / STAMP).stat().st_mtime_ns == before


def test_the_list_tells_where_and_how_large(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.list_command() == 0
    said = capsys.readouterr().out
    assert re.search(rf"{NAME}\s+Python 3", said)
    assert f"{folder_of(NAME)}, 0." in said
    assert "assistant setup moshi-mlx" in said
    commands.list_command(json_output=True)
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed[NAME]["state"] == "ready"
    assert listed["moshi-mlx"]["state"] == "absent"


def test_an_environment_goes_bad_in_words(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(RECIPES, NAME, replace(LOCAL, packages=("neighbours==2.0",)))
        assert inspect(NAME).state == "outdated"
        assert python_of(NAME) is None
    program = interpreter(folder_of(NAME))
    program.rename(program.with_name("away"))
    try:
        assert inspect(NAME).state == "broken"
        assert "is gone" in inspect(NAME).why
    finally:
        program.with_name("away").rename(program)
    stamp = folder_of(NAME) / STAMP
    text = stamp.read_text()
    for broken in ("", "[]", '{"python": 3}', '{"python": "3", "packages": []}'):
        stamp.write_text(broken)
        assert inspect(NAME).why == "its set-up was never finished"
    stamp.write_text(text)
    assert python_of(NAME) is not None


@pytest.mark.parametrize("at", ["Making", "Installing", "Trying"])
def test_ctrl_c_leaves_the_old_one_and_nothing_else(
    made: Path, quick: maker.Python, at: str
) -> None:
    def tell(text: str, fraction: float | None) -> None:
        if text.startswith(at):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        maker.make(LOCAL, quick, tell)
    assert inspect(NAME).state == "ready"
    assert [path.name for path in home().iterdir()] == [NAME]


def test_what_cannot_be_installed_leaves_nothing(empty: Path, quick: maker.Python) -> None:
    left = home() / f".{NAME}-999999999"
    left.mkdir(parents=True)
    with pytest.raises(BackendError, match="moshi-torch cannot be installed") as e:
        maker.make(LOCAL, quick, lambda text, fraction: None)
    assert "neighbours==1.0" in e.value.message
    assert e.value.remedy
    assert list(home().iterdir()) == []
    assert inspect(NAME).state == "absent"


def test_what_was_installed_and_does_not_load_is_not_kept(empty: Path, quick: maker.Python) -> None:
    bare = replace(LOCAL, packages=(), modules=("no_such_module",))
    with pytest.raises(BackendError, match="was installed and does not work") as e:
        maker.make(bare, quick, lambda text, fraction: None)
    assert "No module named 'no_such_module'" in e.value.message
    assert inspect(NAME).state == "absent"


def test_a_full_disk_is_told_before_anything_is_downloaded(empty: Path) -> None:
    with pytest.raises(BackendError, match=r"takes about 1000000\.0 GB") as e:
        maker.make(replace(LOCAL, disk=10**15), maker.find_python(), lambda text, fraction: None)
    assert "Free room" in e.value.remedy


def test_a_folder_that_cannot_be_written_is_told(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(empty / "file"))
    with pytest.raises(BackendError, match="not a directory"):
        maker.make(LOCAL, maker.find_python(), lambda text, fraction: None)


def test_nothing_is_made_without_a_yes(
    empty: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RECIPES, NAME, replace(LOCAL, download=3_500_000_000, disk=8_000_000_000))
    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    assert commands.setup_command(NAME) == 1
    assert "About 3.5 GB to download, 8.0 GB on the disk." in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert commands.setup_command(NAME) == 2
    assert "--yes" in capsys.readouterr().err
    assert not home().exists()


def test_an_environment_is_removed_after_a_yes(
    empty: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder_of(NAME).mkdir(parents=True)
    (folder_of(NAME) / "big").write_bytes(bytes(1000))
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert commands.remove_command(NAME) == 1
    assert folder_of(NAME).exists()
    assert commands.remove_command(NAME, yes=True) == 0
    assert list(home().iterdir()) == []
    for name in (NAME, "../../x", "code"):
        with pytest.raises(BackendError, match="there is no environment"):
            commands.remove_command(name, yes=True)


def _python(folder: Path, version: tuple[int, int]) -> Path:
    program = folder / f"python{version[0]}.{version[1]}"
    program.write_text(f"#!/bin/sh\necho '[{version[0]}, {version[1]}, 1, true]'\n")
    program.chmod(0o755)
    return program


def test_a_python_that_is_too_old_or_too_new_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = _python(tmp_path, (3, 14))
    with pytest.raises(BackendError, match=r"is Python 3.14.1; .* run on 3.11 to 3.13"):
        maker.find_python(str(new))
    with pytest.raises(BackendError, match="no Python"):
        maker.find_python(str(tmp_path / "absent"))
    (tmp_path / "noise").write_text("#!/bin/sh\necho hello\n")
    (tmp_path / "noise").chmod(0o755)
    with pytest.raises(BackendError, match="no Python"):
        maker.find_python(str(tmp_path / "noise"))
    monkeypatch.setattr(sys, "executable", str(new))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendError, match="none of these is here"):
        maker.find_python()
    older = _python(tmp_path, (3, 12))
    assert maker.find_python() == maker.Python(str(older), (3, 12, 1))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Collecting torch==2.13.0", ("Looking for torch==2.13.0", None)),
        (
            "  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (532.1 MB)",
            ("Downloading torch 2.13.0 (532.1 MB)", None),
        ),
        (
            "  Downloading torch-2.13.0-cp311-none-any.whl.metadata (12 kB)",
            ("Downloading torch 2.13.0 (12 kB)", None),
        ),
        ("  Downloading x-1.tar.gz (1 kB)", ("Downloading x 1 (1 kB)", None)),
        ("Progress 50 of 200", ("", 0.25)),
        ("Progress 0 of 0", ("", None)),
        ("Installing collected packages: a, b, c", ("Installing 3 packages", None)),
        ("ERROR: something", None),
        ("", None),
    ],
)
def test_what_pip_says_of_its_progress(line: str, told: tuple[str, float | None] | None) -> None:
    assert progress_of(line) == told


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("NewConnectionError: [Errno -3] Temporary failure in name resolution", "be reached"),
        ("Max retries exceeded (Caused by SSLError(CERTIFICATE_VERIFY_FAILED))", "not trusted"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no build for this system"),
        ("The virtual environment was not created: ensurepip is not available", "venv module"),
        ("something new", "failed"),
    ],
)
def test_why_pip_failed(line: str, cause: str) -> None:
    error = explained("it failed", ["Collecting x", *(f"noise {n}" for n in range(30)), line])
    assert cause in error.message
    assert line in error.message
    assert "Collecting" not in error.message
    assert error.remedy


def test_pip_without_a_network(
    empty: Path, quick: maker.Python, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that nobody listens at is what an offline machine looks like to pip."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(BackendError, match="the package index cannot be reached") as e:
        maker.make(LOCAL, quick, lambda text, fraction: None)
    assert "what was downloaded is kept" in e.value.remedy


def test_our_code_is_found_without_our_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert code_path() == ROOT
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for version in ("3.12", "3.13"):
        package = tmp_path / f"python{version}" / "site-packages" / "assistant"
        package.mkdir(parents=True)
        (package.parent / "numpy").mkdir()
        monkeypatch.setattr(environments, "_PACKAGE", package)
        for _ in range(2):
            folder = code_path()
            assert [path.name for path in folder.iterdir()] == ["assistant"]
            assert (folder / "assistant").resolve() == package


def test_modules_are_looked_for_in_another_interpreter(tmp_path: Path) -> None:
    assert missing(("json", "no_such_module")) == ["no_such_module"]
    assert missing(("json", "no_such_module"), sys.executable) == ["no_such_module"]
    assert missing(("json",), str(tmp_path / "absent")) is None


def _specifiers(lines: list[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        match = re.match(r"([A-Za-z0-9_-]+)(?:\[\w+\])?([^;#]*)", line)
        assert match
        found[match[1].lower().replace("_", "-")] = match[2].strip()
    return found


def test_environments_take_the_versions_that_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = _specifiers(project["dependencies"])
    lines = (ROOT / "requirements" / "moshi.txt").read_text().splitlines()
    tested = _specifiers([line for line in lines if line and not line.startswith("#")])
    from packaging.specifiers import SpecifierSet

    for name in ("moshi-mlx", "moshi-torch"):
        for package, wanted in _specifiers(list(RECIPES[name].packages)).items():
            if package in ours:
                assert wanted == ours[package], package
            elif tested.get(package, "").startswith("=="):
                assert tested[package].removeprefix("==") in SpecifierSet(wanted), package


def test_the_commands_are_wired(empty: Path) -> None:
    invoke = CliRunner().invoke
    assert "not set up" in invoke(app, ["setup"]).stdout
    assert json.loads(invoke(app, ["setup", "--json"]).stdout)[0]["state"] == "absent"
    assert invoke(app, ["setup", "moshi-torch"]).exit_code == 2
    refused = invoke(app, ["setup", "moshi-mlx", "--yes", "--python", "/absent"])
    assert refused.exit_code == 1
    assert "/absent is no Python" in refused.stderr
    assert invoke(app, ["setup", "remove", "moshi-mlx", "--yes"]).exit_code == 1
