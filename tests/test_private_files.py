"""What the program keeps is for nobody else, whatever the umask; and it goes through no link."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant import locations, private_files
from assistant.backends.cascade.synthesis.voice_cache import VoiceCache
from assistant.backends.host.child import trim_log
from assistant.commands.doctor import command as doctor_machine
from assistant.config.schema import Config
from assistant.logs import log_file, setup_logging
from assistant.memory.store.files import FileStore
from assistant.personas.loading import load_personas
from assistant.private_files import (
    close_to_others,
    is_temporary,
    make_folder,
    open_append,
    open_to_others,
    plain_files,
    remove_tree,
    scratch_folder,
    sweep_scratch,
    write_whole,
)
from assistant.session.persona_switch import LineChooser
from assistant.session.transcript_store import TranscriptStore

posix = pytest.mark.skipif(os.name != "posix", reason="rights of this kind")
pytestmark = posix
KINDS = ("CONFIG", "DATA", "CACHE", "STATE")
SOUND = np.zeros(2_400, np.float32)


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=["000", "022", "077"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in KINDS:
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def wrong(home: Path) -> dict[str, str]:
    """What below the four homes others can get at, with its mode."""
    found = {}
    for kind in KINDS:
        for base, folders, files in os.walk(home / kind.lower() / "assistant"):
            for path in (Path(base), *(Path(base, name) for name in (*folders, *files))):
                if not path.is_symlink() and mode(path) & 0o077:
                    found[str(path.relative_to(home))] = oct(mode(path))
    return found


def run(home: Path, *arguments: str, mask: int, **more: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in KINDS
    } | {"TMPDIR": str(home / "tmp"), "HF_HUB_OFFLINE": "1"}  # fmt: skip
    (home / "tmp").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "assistant", *arguments],
        env=environment,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
        umask=mask,
        **more,  # type: ignore[call-overload]
    )


@pytest.mark.parametrize("mask", [0o000, 0o077], ids=["000", "077"])
def test_whatever_the_commands_make_nobody_else_can_read(tmp_path: Path, mask: int) -> None:
    done = [
        run(tmp_path, "config", "set", "user.name", "Ada", mask=mask),
        run(tmp_path, "personas", "new", "Grace", mask=mask),
        run(tmp_path, "plain", "--backend", "echo", mask=mask, input="My cat is called Pixel.\n"),
        run(tmp_path, "memory", "rebuild", mask=mask),
        run(tmp_path, "memory", "list", mask=mask),
        run(tmp_path, "doctor", mask=mask),
    ]
    assert [each.stderr for each in done if "Traceback" in each.stderr] == []
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(made) > 5
    assert wrong(tmp_path) == {}
    assert "nobody else can read" in done[-1].stdout
    assert list((tmp_path / "tmp").glob("assistant*")) == []


def test_every_kind_of_file_is_private_at_any_umask(home: Path, umask: int) -> None:
    VoiceCache(locations.voice_cache_dir(), 1).put("ab" + "0" * 38, SOUND)
    LineChooser(1, locations.cache_dir() / "last_lines.json").choose("a", ["b"])
    write_whole(locations.user_themes_dir() / "x.toml", b"")
    os.close(open_append(log_file_in_a_new_folder()))
    with scratch_folder(locations.scratch_dir()) as folder:
        assert mode(folder) == 0o700
    assert wrong(home) == {}


def log_file_in_a_new_folder() -> Path:
    make_folder(log_file().parent)
    return log_file()


def test_what_an_earlier_version_left_open_is_closed_when_it_is_touched(home: Path) -> None:
    folder = locations.voice_cache_dir()
    cache = VoiceCache(folder, 1)
    key = "ab" + "0" * 38
    cache.put(key, SOUND)
    lines = locations.cache_dir() / "last_lines.json"
    lines.write_text("{}")
    make_folder(log_file().parent)
    log_file().write_text("old\n")
    log_file().with_name("assistant.log.2").write_text("older\n")
    for path in [*home.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    assert cache.get(key) is not None
    LineChooser(1, lines).choose("a", ["b"])
    os.close(open_append(log_file()))
    locations.close_folders()
    assert wrong(home).keys() <= {"cache/assistant/voice/ab"}
    cache.put(key, SOUND)
    assert wrong(home) == {}


# -- links -----------------------------------------------------------------------------------------


def linked(link: Path, target: Path) -> Path:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    return link


def test_nothing_is_written_through_a_link(home: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    lines = linked(locations.cache_dir() / "last_lines.json", victim)
    LineChooser(1, lines).choose("a", ["b"])
    assert not lines.is_symlink()
    linked(log_file(), victim)
    assert setup_logging() is None
    logging.getLogger("x").error("something")
    with pytest.raises(OSError, match="ymbolic link"):
        open_append(log_file())
    trim_log(log_file(), longest=0)
    log_file().unlink()
    log_file().write_text("long\n" * 10)
    linked(log_file().with_name("assistant.log.1"), victim)
    trim_log(log_file(), longest=0)
    assert victim.read_text() == "precious"


def test_a_pipe_in_the_place_of_the_log_holds_nobody_up(home: Path) -> None:
    make_folder(log_file().parent)
    os.mkfifo(log_file())
    assert setup_logging() is None


def forget_everything(folder: Path, caches: tuple[Path, ...]) -> None:
    from tests.memory.retrieval.small_index import SmallIndex
    from tests.memory.samples import parrot

    store = FileStore(folder, SmallIndex(None), caches=caches)
    store.write(parrot())
    store.forget([parrot().memories[0].id])
    store.close()


@pytest.mark.parametrize("place", ["itself", "below"])
def test_forgetting_empties_no_folder_that_the_voice_cache_is_linked_to(
    tmp_path: Path, place: str
) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    for name in ("letter.txt", "song.voice"):
        (documents / name).write_text("precious")
    cache = tmp_path / "voice"
    if place == "itself":
        cache.symlink_to(documents)
    else:
        (cache / "ab").mkdir(parents=True)
        (cache / "cd").symlink_to(documents)
        (cache / "ab" / "x.voice").symlink_to(documents / "song.voice")
        (cache / "ab" / "y.voice").write_text("what was said")
    forget_everything(tmp_path / "memory", (cache,))
    assert sorted(path.name for path in documents.iterdir()) == ["letter.txt", "song.voice"]
    assert (documents / "letter.txt").read_text() == "precious"
    assert not (cache / "ab" / "y.voice").exists()
    assert VoiceCache(cache, 1).limit
    if place == "itself":
        VoiceCache(cache, 1).put("ab" + "0" * 38, SOUND)
        assert len(list(documents.iterdir())) == 2


def test_forgetting_deletes_rendered_sentences_and_nothing_else(tmp_path: Path) -> None:
    cache = tmp_path / "voice"
    voices = VoiceCache(cache, 1)
    voices.put("ab" + "0" * 38, SOUND)
    (cache / "ab" / f".ab{'0' * 38}.voice.99-0a1b").write_text("left by a crash")
    (cache / "ab" / f".ab{'0' * 38}.voice.0123456789ab.tmp").write_text("left by another")
    (cache / "notes.txt").write_text("of the user's own")
    forget_everything(tmp_path / "memory", (cache,))
    assert [path.name for path in plain_files(cache)] == ["notes.txt"]


def test_the_voice_cache_makes_room_of_its_own_files_only(tmp_path: Path) -> None:
    voices = VoiceCache(tmp_path, 1)
    other = tmp_path / "ab" / "letter.txt"
    other.parent.mkdir()
    other.write_bytes(bytes(2_000_000))
    os.utime(other, (0, 0))
    for number in range(4):
        voices.put(f"ab{number:038d}", np.zeros(200_000, np.float32))
    assert other.exists()


def test_of_a_linked_folder_that_is_removed_the_link_goes(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("precious")
    remove_tree(linked(tmp_path / "link", kept))
    assert not (tmp_path / "link").exists()
    (tmp_path / "tree").mkdir()
    linked(tmp_path / "tree" / "link", kept)
    remove_tree(tmp_path / "tree")
    assert (kept / "file").read_text() == "precious"


# -- personas --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "loaded"),
    [
        (lambda folder, file: None, True),
        (lambda folder, file: folder.chmod(0o777), False),
        (lambda folder, file: folder.chmod(0o775), False),
        (lambda folder, file: file.chmod(0o666), False),
        (lambda folder, file: (file.chmod(0o666), folder.chmod(0o700)), True),
    ],
)
def test_a_persona_that_others_could_have_planted_is_not_loaded(
    home: Path, change: Callable[[Path, Path], None], loaded: bool
) -> None:
    folder = locations.user_themes_dir()
    folder.mkdir(parents=True, mode=0o755)
    file = folder / "mallory.toml"
    file.write_text('name = "Mallory"\n')
    file.chmod(0o644)
    folder.chmod(0o755)
    change(folder, file)
    found = load_personas()
    told = [str(failure) for failure in found.failed if "chmod go-w" in failure.remedy]
    assert bool(told) is not loaded
    if not loaded:
        assert "mallory" not in found.loaded
        assert "jarvis" in found.loaded


# -- what is left behind ---------------------------------------------------------------------------


def test_a_killed_host_leaves_nothing_in_the_temporary_directory(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from assistant.backends.host.process import BackendProcess\n"
        "from assistant.frames import Load\n"
        "async def main():\n"
        "    process = BackendProcess('echo', Load(options={}, names=[]), lambda event: None)\n"
        "    process.start()\n"
        "    await process.ready.wait()\n"
        "    print('up', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == "up\n"
        host.send_signal(signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_needed_for_a_while_goes_with_the_next(tmp_path: Path) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    theirs, ours = tmp_path / f"{done.pid}-abc", tmp_path / f"{os.getppid()}-abc"
    others = [tmp_path / "1234567890123456", tmp_path / "notes"]
    for folder in (theirs, ours, *others):
        folder.mkdir()
    precious = tmp_path.parent / f"{tmp_path.name}-precious"
    precious.mkdir()
    (tmp_path / f"{done.pid}-link").symlink_to(precious)
    sweep_scratch(tmp_path)
    assert not theirs.exists()
    assert all(folder.exists() for folder in (ours, *others, precious))


# -- the doctor ------------------------------------------------------------------------------------


def test_the_doctor_names_what_others_can_read_and_the_command_that_mends_it(home: Path) -> None:
    folder = locations.data_dir()
    make_folder(folder)
    outside = home / "outside"
    outside.mkdir()
    (outside / "open").write_text("")
    (folder / "link").symlink_to(outside)
    assert "nobody else" in doctor_machine.folders(Config())[-1].value
    (folder / "diary").write_text("")
    (folder / "diary").chmod(0o644)
    check = doctor_machine.folders(Config())[-1]
    assert check.state == "warn"
    assert "diary" in check.value
    assert check.remedy == f"chmod -R go= {folder}"
    subprocess.run(["sh", "-c", check.remedy], check=True)
    assert doctor_machine.folders(Config())[-1].state == "ok"
    assert mode(outside / "open") & 0o044


def test_the_doctor_tells_before_any_other_command_mends(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "assistant"
    (folder / "transcripts").mkdir(parents=True)
    for each in (folder, folder / "transcripts"):
        each.chmod(0o755)
    told = run(tmp_path, "doctor", mask=0o022)
    assert f"chmod -R go= {folder}" in told.stdout
    assert run(tmp_path, "transcripts", mask=0o022).returncode == 0
    assert wrong(tmp_path) == {}


def test_what_belongs_to_somebody_else_is_left_alone_and_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder(locations.data_dir())
    monkeypatch.setattr(private_files, "_is_ours", lambda now: False)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    locations.data_dir().chmod(0o755)
    close_to_others(locations.data_dir())
    assert mode(locations.data_dir()) == 0o755
    assert open_to_others(locations.data_dir()) == [locations.data_dir()]
    assert "chown" in doctor_machine.folders(Config())[-1].remedy


def test_a_transcript_is_private_in_a_folder_that_was_not(tmp_path: Path) -> None:
    from datetime import datetime

    from assistant.session.transcript_store import TranscriptEntry

    (tmp_path / "t").mkdir(mode=0o755)
    store = TranscriptStore(tmp_path / "t")
    store.append(TranscriptEntry(datetime.now(), "user", "You", "Hello"))
    store.close()
    assert mode(tmp_path / "t") == 0o700
    assert store.path is not None
    assert mode(store.path) == 0o600


async def test_the_log_of_a_backend_is_private(tmp_path: Path) -> None:
    from assistant.backends.host.process import BackendProcess
    from assistant.frames import Load

    log = tmp_path / "log" / "backend.log"
    log.parent.mkdir(mode=0o755)
    log.write_text("")
    log.chmod(0o644)
    process = BackendProcess("echo", Load(options={}, names=[]), lambda event: None, log_path=log)
    process.start()
    await asyncio.wait_for(process.ready.wait(), 60)
    await process.stop()
    assert (mode(log), mode(log.parent)) == (0o600, 0o700)


@pytest.mark.parametrize("place", ["memory", "journals"])
def test_forgetting_everything_leaves_what_is_none_of_ours_where_memory_is_a_linked_folder(
    tmp_path: Path, place: str
) -> None:
    from tests.memory.retrieval.small_index import SmallIndex
    from tests.memory.samples import parrot

    documents = tmp_path / "documents"
    (documents / "taxes").mkdir(parents=True)
    for name in ("letter.txt", "notes.md", "taxes/2025.pdf", "photo.tmp"):
        (documents / name).write_text("precious")
    if place == "memory":
        (tmp_path / "memory").symlink_to(documents)
    else:
        (tmp_path / "memory").mkdir()
        (tmp_path / "memory" / "journals").symlink_to(documents)
    store = FileStore(tmp_path / "memory", SmallIndex(None))
    store.write(parrot())
    assert [path for path in documents.rglob("*.md") if "2026-" in path.name]
    store.forget_all()
    store.close()
    left = sorted(str(path.relative_to(documents)) for path in plain_files(documents))
    assert {"letter.txt", "notes.md", "taxes/2025.pdf", "photo.tmp"} <= set(left)
    assert not [path for path in left if "2026-" in path]
    assert b"Picasso" not in b"".join(path.read_bytes() for path in plain_files(documents))


def test_what_a_kill_leaves_of_a_file_is_known_by_its_name(tmp_path: Path) -> None:
    from tests.interruption import every_interruption

    place, left = tmp_path / "place", set[str]()

    def prepare() -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        (place / "diary.md").write_text("old")

    for _, ending in every_interruption(
        lambda tell: (write_whole(place / "diary.md", b"new"), tell("new")), prepare
    ):
        assert (place / "diary.md").read_text() in ("old", "new")
        others = [path for path in place.iterdir() if path.name != "diary.md"]
        assert all(map(is_temporary, others))
        left.update("left" for _ in others)
        assert not ending.told or (place / "diary.md").read_text() == "new"
    assert left
    assert not any(map(is_temporary, map(Path, ("diary.md", ".x.tmp", "x.0123456789ab.tmp"))))


def test_a_folder_of_the_users_own_choice_stays_as_open_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir(mode=0o755)
    write_whole(tmp_path / "documents" / "export.zip", b"", close=False)
    write_whole(tmp_path / "documents" / "new" / "config.toml", b"", close=False, mode=0o644)
    assert mode(tmp_path / "documents") & 0o055
    assert mode(tmp_path / "documents" / "export.zip") == 0o600
    assert mode(tmp_path / "documents" / "new") == 0o700
    assert mode(tmp_path / "documents" / "new" / "config.toml") == 0o644
