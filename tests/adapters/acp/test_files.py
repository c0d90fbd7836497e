"""The one folder whose files a coding agent may touch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.adapters.acp.files import LARGEST_FILE, Workspace, WorkspaceError


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
