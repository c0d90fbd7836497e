"""Memory as a git repository, and forgetting that reaches its history."""

from __future__ import annotations

import os
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from assistant.memory.base import MemoryFailure
from assistant.memory.store.files import FileStore
from assistant.memory.store.git import GitLog
from tests.memory.conftest import Maker
from tests.memory.samples import ID, parrot

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@y", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def everything_in(folder: Path) -> bytes:
    """All bytes of all files, and of all objects of the repository, packed or not."""
    found = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    for data in list(found):
        try:
            found.append(zlib.decompress(data))
        except zlib.error:
            continue
    names = git(folder, "cat-file", "--batch-check=%(objectname)", "--batch-all-objects").split()
    for name in names:
        kind = git(folder, "cat-file", "-t", name)
        if kind in ("blob", "commit"):
            found.append(git(folder, "cat-file", kind, name).encode())
    return b"\n".join(found).lower()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "memory"
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    return folder


@pytest.fixture
def logged(repository: Path, make_store: Maker) -> FileStore:
    return make_store(history=GitLog(repository))


def test_each_change_is_a_commit(logged: FileStore) -> None:
    logged.write(parrot())
    logged.write(parrot())
    logged.correct(f"{ID}/1", "Ada's parrot is called Pablo.")
    path = logged.tree.path(ID)
    path.write_text(path.read_text().replace("Pablo", "Paco"))
    logged.memories()
    told = git(logged.folder, "log", "--format=%s").split("\n")
    assert told == ["edits by hand", f"correction in {ID}", f"journal {ID}"]
    files = git(logged.folder, "ls-files").split("\n")
    assert files == [f"journals/2026/11/{ID}.md", "profile.md"]


def test_what_is_forgotten_is_in_no_commit_and_no_object(logged: FileStore) -> None:
    journal = parrot()
    logged.write(journal)
    git(logged.folder, "tag", "-a", "old", "-m", "Picasso")
    git(logged.folder, "branch", "aside")
    logged.tree.path(ID).write_text(logged.tree.path(ID).read_text() + "\n## Picasso\n")
    git(logged.folder, "stash")
    assert b"picasso" in everything_in(logged.folder)
    logged.forget([f"{ID}/1"])
    assert b"picasso" not in everything_in(logged.folder)
    assert git(logged.folder, "log", "--all", "--format=%s") == "What is remembered"
    assert git(logged.folder, "status", "--porcelain") == ""
    assert git(logged.folder, "fsck", "--strict") == ""
    logged.add("I play the cello.")
    assert len(git(logged.folder, "log", "--format=%s").split("\n")) == 2


def test_everything_is_forgotten_there_too(logged: FileStore) -> None:
    logged.write(parrot())
    logged.forget_all()
    for words in (b"picasso", b"friday", b"jarvis"):
        assert words not in everything_in(logged.folder)


def test_a_repository_further_up_is_left_alone(make_store: Maker, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    store = make_store(history=GitLog(tmp_path / "data" / "memory"))
    store.write(parrot())
    store.forget([f"{ID}/1"])
    assert git(tmp_path, "log", "--all", "--format=%s") == ""
    assert git(tmp_path, "diff", "--cached", "--name-only") == ""


def test_a_repository_that_fails_costs_no_memory(
    logged: FileStore, caplog: pytest.LogCaptureFixture
) -> None:
    (logged.folder / ".git" / "index.lock").touch()
    logged.write(parrot())
    assert logged.read(ID) == parrot()
    assert "git add failed" in caplog.text
    logged.forget([f"{ID}/1"])
    assert b"picasso" not in everything_in(logged.folder)


def test_a_lock_that_a_killed_git_left_behind_does_not_end_the_history(logged: FileStore) -> None:
    lock = logged.folder / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    logged.write(parrot())
    assert git(logged.folder, "log", "--format=%s") == f"journal {ID}"


def test_settings_of_the_repository_outlive_its_history(logged: FileStore) -> None:
    git(logged.folder, "config", "remote.origin.url", "ssh://elsewhere/memory.git")
    git(logged.folder, "symbolic-ref", "HEAD", "refs/heads/trunk")
    logged.write(parrot())
    logged.forget([f"{ID}/1"])
    assert git(logged.folder, "config", "remote.origin.url") == "ssh://elsewhere/memory.git"
    assert git(logged.folder, "symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert (logged.folder / ".git" / "info" / "exclude").read_text().count("*.tmp") == 1


@pytest.mark.parametrize("torn", ["making", "between", "deleting"])
def test_a_history_that_was_being_made_anew_is_whole_again(logged: FileStore, torn: str) -> None:
    logged.write(parrot())
    place, old = logged.folder / ".git", logged.folder / ".git-old"
    history = GitLog(logged.folder)
    (place / "anew" / "objects").mkdir(parents=True)
    if torn == "between":
        (place / "anew").rename(logged.folder / "new")
        shutil.rmtree(logged.folder / "new")
        shutil.copytree(place, place / "anew")
        place.rename(old)
    elif torn == "deleting":
        shutil.copytree(place, old)
    assert not history.clean
    history.repair()
    assert history.clean
    assert git(logged.folder, "log", "--format=%s") == f"journal {ID}"
    assert not old.exists()
    assert not (place / "anew").exists()


def test_readable_contents_of_a_sealed_history_are_found(logged: FileStore) -> None:
    logged.write(parrot())
    history = GitLog(logged.folder, sealed=True)
    assert not history.clean
    assert history.readable(b"ASMEM1") > 1
    for path in (*logged.folder.rglob("*.md"),):
        path.unlink()
    (logged.folder / "x.md.sealed").write_bytes(b"ASMEM1 and noise")
    (logged.folder / "notes.txt").write_text("Picasso")
    history.squash()
    assert history.clean
    assert git(logged.folder, "ls-files") == "x.md.sealed"
    assert history.readable(b"ASMEM1") == 0
    assert not history.commit("nothing new")
    GitLog(logged.folder).commit("readable again, for a while")
    assert not history.clean
    history.squash()
    git(logged.folder, "add", "--force", "notes.txt")
    assert history.readable(b"ASMEM1") == 1
    (logged.folder / ".git" / "objects" / "ab").mkdir()
    (logged.folder / ".git" / "objects" / "ab" / "tmp_obj_x").touch()
    assert history.readable(b"ASMEM1") == 2


def test_without_git_it_is_written_all_the_same_but_forgetting_says_so(
    repository: Path, make_store: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(repository))
    store = make_store(history=GitLog(repository))
    store.write(parrot())
    with pytest.raises(MemoryFailure, match="not from their git history"):
        store.forget([f"{ID}/1"])


def test_the_users_own_settings_of_git_do_not_get_in_the_way(
    logged: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = logged.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    git(logged.folder, "config", "commit.gpgsign", "true")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    logged.write(parrot())
    monkeypatch.delenv("GIT_DIR")
    assert git(logged.folder, "log", "--format=%s") == f"journal {ID}"


def test_a_killed_git_does_not_keep_later_ones_from_working(
    logged: FileStore, repository: Path
) -> None:
    logged.write(parrot())
    lock = repository / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    logged.add("Ada plays the cello.")
    assert git(repository, "status", "--porcelain") == ""
    assert not lock.exists()


def test_a_lock_of_somebody_at_work_is_left_alone(logged: FileStore, repository: Path) -> None:
    logged.write(parrot())
    lock = repository / ".git" / "index.lock"
    lock.touch()
    logged.add("Ada plays the cello.")
    assert lock.exists()


@pytest.mark.parametrize(
    "step", ["before", "init", "write-tree", "commit-tree", "update-ref", "gc"]
)
def test_forgetting_that_was_stopped_in_the_history_goes_on_at_the_next_start(
    repository: Path, make_store: Maker, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    log = GitLog(repository)
    store = make_store(history=log)
    store.write(parrot())
    run = log._run

    def stop(*arguments: str, **options: bool) -> str:
        if step in arguments:
            raise KeyboardInterrupt
        return run(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(log, "_run", stop)
        if step == "before":
            patch.setattr(log, "squash", lambda: stop("before"))
        with pytest.raises(KeyboardInterrupt):
            store.forget([f"{ID}/1"])
    make_store(history=GitLog(repository)).memories()
    assert b"picasso" not in everything_in(repository)
    assert len(git(repository, "log", "--format=%h").split()) == 1
