"""The one folder that a coding agent may touch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.adapters.acp_workspace import (
    LARGEST_FILE,
    Terminals,
    TextPieces,
    Workspace,
    WorkspaceError,
)
from tests.adapters.processes import alive
from tests.fakes import until


def test_a_file_is_read_whole_or_from_a_line_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntwo\nthr\xffee\n")
    workspace = Workspace(tmp_path)
    assert workspace.read("a.txt") == "one\ntwo\nthr�ee\n"
    assert workspace.read(str(tmp_path / "a.txt"), 2, 1) == "two\n"
    assert workspace.read("a.txt", 3) == "thr�ee\n"
    assert workspace.read("a.txt", 9) == ""


def test_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "b.txt").symlink_to("a.txt")
    workspace = Workspace(tmp_path)
    workspace.write("b.txt", "two\n")
    assert (tmp_path / "a.txt").read_text() == "two\n"
    assert (tmp_path / "b.txt").is_symlink()


def test_a_folder_that_is_a_link_itself_is_the_one_meant(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    workspace = Workspace(tmp_path / "link")
    workspace.write(str(tmp_path / "link" / "a.txt"), "one\n")
    assert workspace.read(str(tmp_path / "real" / "a.txt")) == "one\n"


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "..", "../x", "a/../../x", "out", "out/x", "loop", "nul\0",
     pytest.param("x" * 5000, id="long")],
)  # fmt: skip
def test_what_is_outside_or_no_path_is_refused(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    (folder / "loop").symlink_to("loop")
    workspace = Workspace(folder)
    with pytest.raises(WorkspaceError):
        workspace.read(path)
    with pytest.raises(WorkspaceError):
        workspace.write(path, "x")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["project"]


def test_a_folder_whose_name_only_begins_alike_is_outside(tmp_path: Path) -> None:
    for name in ("code", "code-private"):
        (tmp_path / name).mkdir()
    (tmp_path / "code-private" / "a").write_text("x")
    with pytest.raises(WorkspaceError, match="outside"):
        Workspace(tmp_path / "code").read(str(tmp_path / "code-private" / "a"))


def test_pipes_folders_and_huge_files_are_no_texts(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    workspace = Workspace(tmp_path)
    for name in ("pipe", "folder", "huge", "missing"):
        with pytest.raises(WorkspaceError):
            workspace.read(name)
    for name in ("pipe", "folder"):
        with pytest.raises(WorkspaceError, match="is no file"):
            workspace.write(name, "x")


def test_what_git_would_run_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="git"):
        Workspace(tmp_path).write(".git/hooks/pre-commit", "#!/bin/sh\n")
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        Workspace(tmp_path).write("a.txt", "new")
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


async def test_of_a_long_output_the_end_is_kept_and_no_character_is_halved(tmp_path: Path) -> None:
    terminals = Terminals(Workspace(tmp_path), {"PATH": os.environ["PATH"]})
    name = await terminals.create("printf 'aä%.0s' 1 2 3 4 5 6 7 8 9", limit=7)
    terminal = terminals.get(name)
    await terminal.wait()
    assert terminal.truncated
    assert terminal.output == "aäaä", "the half of a character before them is left out"
    assert terminal.ended == (0, None)
    await terminals.release(name)
    with pytest.raises(WorkspaceError, match="no terminal"):
        terminals.get(name)


async def test_a_command_gets_none_of_our_secrets_and_begins_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "s3cr3t")
    terminals = Terminals(Workspace(tmp_path), {"PATH": os.environ["PATH"]})
    name = await terminals.create("env; pwd", environment={"A": "1"})
    await terminals.get(name).wait()
    output = terminals.get(name).output
    assert "s3cr3t" not in output
    assert "A=1" in output
    assert output.endswith(f"{tmp_path}\n")
    for wrong in ({"cwd": "/"}, {"cwd": ".."}):
        with pytest.raises(WorkspaceError, match="outside"):
            await terminals.create("true", **wrong)
    with pytest.raises(WorkspaceError, match="cannot be started"):
        await terminals.create("no-such-program-here")
    await terminals.close()


async def test_what_a_command_left_running_is_ended_with_its_terminal(tmp_path: Path) -> None:
    terminals = Terminals(Workspace(tmp_path), {"PATH": os.environ["PATH"]})
    name = await terminals.create("(trap '' TERM; sleep 60) & echo $!")
    terminal = terminals.get(name)
    await terminal.wait()
    left = int(terminal.output)
    assert alive(left)
    await terminals.close()
    await until(lambda: not alive(left))


def test_lines_are_whole_however_they_come() -> None:
    pieces = TextPieces(longest=10)
    assert pieces.feed(b"on") == ""
    assert pieces.feed("e\nä".encode()[:-1]) == "one\n"
    assert pieces.feed("ä".encode()[1:]) == ""
    assert pieces.feed(b"x" * 20) == "ä" + "x" * 20
    assert pieces.feed(b"end", last=True) == "end"
