"""The backend on the stand-in: what is heard of it, who it is, and what is told when it fails."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from assistant import frames as f
from assistant.backends.base import BackendError
from assistant.config.schema import MoshiCppConfig
from assistant.frames import FIRST_OWN_UTTERANCE
from tests.backends.moshi_cpp.conftest import (
    LOUD,
    QUIET,
    Driver,
    MakeProgram,
    MakeWeights,
    persona,
)
from tests.processes import is_alive, until

ADA = persona("Ada", "NATF1")
BOB = persona("Bob", "NATM1")


def test_it_speaks_by_itself_in_words_and_sound(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    engine = driver.load(make_program(), make_weights(), prompt=ADA)
    driver.push(count=60)
    assert driver.words == "I am Ada the machine. My voice is NATF1."
    assert engine.startswith("moshi.cpp personaplex-7b-q4_k-GGUF on CPU")
    words = driver.of(f.AgentText)
    assert [w.start for w in words] == sorted(w.start for w in words)
    [ended] = driver.of(f.UtteranceEnded)
    assert ended.utterance >= FIRST_OWN_UTTERANCE
    assert ended.samples == driver.samples > words[-1].start
    sound = np.concatenate([np.frombuffer(e.pcm, "<f4") for e in driver.of(f.AudioOut)])
    assert np.abs(sound).max() == pytest.approx(0.2, abs=0.01)


def test_it_hears_the_user_and_not_its_own_voice(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program(), make_weights("moshi"))
    driver.push(count=40)
    for number in range(8):
        driver.backend.push(number, LOUD, speaking=True, clean=False)
    driver.push(count=20)
    assert "heard you" not in driver.words
    driver.push(LOUD, count=8)
    driver.push(count=50)
    assert "I heard you speak" in driver.words


def test_what_it_cannot_do_is_said(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program(), make_weights(), prompt=ADA)
    can = driver.backend.capabilities
    assert (can.say, can.prosody, can.snapshots, can.user_text) == (False,) * 4
    assert can.full_duplex
    assert can.answers_by_itself
    assert can.text_prompt
    assert "written only" in driver.backend.note
    driver.backend.say(3, "Good morning.", final=True)
    told, ended = driver.events[-2:]
    assert (told, ended) == (f.AgentText(3, "Good morning.", 0, 0), f.UtteranceEnded(3, 0))


def test_plain_moshi_knows_no_personas_and_is_not_started_anew(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program(), make_weights("moshi"), prompt=ADA)
    driver.backend.change_persona(BOB)
    driver.push(count=30)
    assert len(driver.runs) == 1
    assert "-p" not in driver.runs[0]["argv"]
    assert driver.words == "I am Moshi."
    assert "manner and a voice of its own" in driver.backend.note
    assert not driver.backend.capabilities.text_prompt


def test_the_settings_become_its_options(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    folder = make_weights()
    settings = {"device": "CPU", "threads": 2, "quantize": "q4_k", "seed": 5, "temperature": 0.3}
    driver.load(make_program(), folder, prompt=ADA, context_seconds=80.0, **settings)
    [run] = driver.runs
    voice = str(folder / "voices" / "NATF1.gguf")
    assert run["argv"] == [
        *("-m", f"{folder}/", "-d", "CPU", "--threads", "2", "-q", "q4_k", "-c", "1000"),
        *("-s", "5", "-t", "0.3", "-g", "-v", voice, "-p", "Ada the machine. It is kind."),
    ]


def test_settings_that_nobody_touched_are_the_programs_own(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    folder = make_weights("moshi")
    untouched = MoshiCppConfig(program=str(make_program()), model=str(folder), whisper="none")
    command = f.Load(options=untouched.model_dump(), names=[], virtual_clock=True)
    driver.backend.load(command)
    assert driver.runs[0]["argv"] == ["-m", f"{folder}/"]


def test_another_persona_starts_it_anew_and_that_is_told(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program(), make_weights(), prompt=ADA)
    driver.push(count=10)
    driver.backend.change_persona(ADA)
    assert len(driver.runs) == 1, "it is that already"
    driver.backend.change_persona(BOB)
    driver.push(count=60)
    assert len(driver.runs) == 2
    assert driver.words.endswith("I am Bob the machine. My voice is NATM1.")
    told = [e.message for e in driver.of(f.Failed)]
    assert told == ["moshi.cpp is started anew to become Bob: until then you are not heard"]
    assert not driver.of(f.Failed)[0].fatal
    stages = [e.text for e in driver.of(f.Status)]
    assert stages[stages.index("becoming Bob") :][-1] == "ready"
    until(lambda: not is_alive(driver.runs[0]["pid"]), "the first one was gone")
    begun = {e.utterance for e in driver.of(f.AgentText)}
    assert begun == {e.utterance for e in driver.of(f.UtteranceEnded)}, "each is ended"


def test_who_changes_their_mind_while_it_loads_gets_the_last_one(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program(), make_weights(), live=True, prompt=ADA)
    for name in ("Bob", "Cleo", "Dora"):
        driver.backend.change_persona(persona(name))
    driver.push_until(lambda: "I am Dora the machine." in driver.words)
    assert "Cleo" not in driver.words


def test_a_voice_that_is_not_there_is_told_and_another_is_taken(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program(), make_weights(), prompt=persona("Ada", "NATF9"), voice="NATM1.pt")
    driver.push(count=60)
    assert driver.words == "I am Ada the machine. My voice is NATM1."
    [told] = driver.of(f.Failed)
    assert "NATF9" in told.message


def test_a_tool_call_is_run_and_never_heard(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program("call"), make_weights("moshi"))
    driver.push(count=90)
    [call] = driver.of(f.CallSpelled)
    assert '"change_theme"' in call.text
    assert driver.words == "One moment. Done."
    spelled_frames = len(call.text) / 4
    heard = driver.samples / f.FRAME_SAMPLES
    assert heard < 90 - spelled_frames, "its sound was cut, too"


def test_bytes_that_it_names_become_characters(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program("bytes"), make_weights("moshi"))
    driver.push(count=40)
    assert driver.words == "café €."


def test_a_character_cut_in_two_by_the_pipe_is_whole(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program("half_a_character"), make_weights("moshi"))
    driver.push(count=40)
    assert "café" in driver.words.replace(" ", "")
    assert "�" not in driver.words


def test_an_interruption_silences_it_until_it_pauses(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program(), make_weights("moshi"))
    driver.push(count=40)
    driver.push(LOUD, count=8)
    driver.push(count=14)
    assert driver.of(f.UtteranceEnded)
    heard = driver.samples
    driver.backend.interrupt()
    driver.push(count=30)
    assert driver.samples == heard
    driver.push(LOUD, count=8)
    driver.push(count=60)
    assert driver.samples > heard, "it is heard again"


def test_a_live_conversation_at_its_own_pace(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program(), make_weights("moshi"), live=True)
    driver.push_until(lambda: driver.words == "I am Moshi.")
    assert not driver.of(f.Lag)


def test_frames_that_it_never_heard_are_counted(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    """The model stands still for a dozen frames, three times: its queue holds three."""
    driver.load(make_program("slow", after=30), make_weights("moshi"), live=True)
    driver.push_until(lambda: driver.of(f.Lag) and driver.of(f.Lag)[-1].seconds == 0.0)
    lags = driver.of(f.Lag)
    assert max(lag.seconds for lag in lags) > 0.3
    assert 10 <= lags[-1].dropped <= 60


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "message", "remedy"),
    [
        ("dies", "needs the library libggml.so", "libraries of its release"),
        ("bad_weights", "weights cannot be read", "files again"),
        ("no_memory", "not enough memory", "context_seconds"),
        ("no_disk", "cannot use pipes", "disk driver"),
        ("crashes_loading", "SIGSEGV while it loaded", "files again"),
    ],
)
def test_why_it_does_not_start(
    driver: Driver,
    make_program: MakeProgram,
    make_weights: MakeWeights,
    mode: str,
    message: str,
    remedy: str,
) -> None:
    with pytest.raises(BackendError) as error:
        driver.load(make_program(mode), make_weights())
    assert message in error.value.message
    assert remedy in error.value.remedy
    assert not driver.of(f.Failed), "it is told once, by who asked for it"


def test_a_wrong_device_is_told_with_how_to_see_the_right_ones(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    with pytest.raises(BackendError) as error:
        driver.load(make_program(), make_weights(), device="CUDA7")
    assert "no device CUDA7" in error.value.message
    assert "assistant doctor" in error.value.remedy


def test_one_that_never_gets_ready_is_ended(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    with pytest.raises(BackendError) as error:
        driver.load(make_program("loads_for_ever"), make_weights(), load_seconds=1.0)
    assert "not ready within 1 s" in error.value.message
    driver.gone()


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("exits", "not enough memory"),
        ("ends", "ended by itself"),
        ("crashes", "SIGSEGV"),
        ("hangs", "did not answer"),
        ("stops_reading", "did not answer"),
    ],
)
def test_what_ends_amid_a_conversation_is_told_and_gone(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights, mode: str, message: str
) -> None:
    driver.load(make_program(mode), make_weights("moshi"), live=True)
    driver.push_until(lambda: driver.of(f.Failed))
    [failed] = driver.of(f.Failed)
    assert message in failed.message
    assert failed.fatal, "the host starts both again"
    assert failed.remedy
    driver.gone()
    begun = {e.utterance for e in driver.of(f.AgentText)}
    assert begun <= {e.utterance for e in driver.of(f.UtteranceEnded)}
    driver.push(count=5)
    driver.backend.change_persona(BOB)
    driver.backend.interrupt()


def test_a_killed_one_is_told(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program(), make_weights("moshi"), live=True)
    os.kill(driver.runs[0]["pid"], signal.SIGKILL)
    driver.push_until(lambda: driver.of(f.Failed))
    assert "SIGKILL" in driver.of(f.Failed)[0].message


def test_its_farewell_is_not_taken_for_words(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program("ends", after=25), make_weights("moshi"), live=True)
    driver.push_until(lambda: driver.of(f.Failed))
    assert driver.words == "I am Moshi."


def test_a_flood_of_words_stops_nothing(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program("floods"), make_weights("moshi"))
    driver.push(count=30)
    assert driver.words
    longest = max(map(len, (e.text for e in driver.of(f.AgentText))))
    assert longest < 100, "words, not the whole flood at once"
    assert len(driver.words) < 30 * 2_100


@pytest.mark.parametrize("mode", ["", "stubborn_gently", "stubborn", "loads_for_ever"])
def test_it_is_gone_when_the_backend_is_closed(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights, mode: str
) -> None:
    """Whatever it ignores, and also while it loads."""
    if mode == "loads_for_ever":
        threading.Timer(0.7, driver.backend.close).start()
        with pytest.raises(BackendError, match="closed"):
            driver.load(make_program(mode), make_weights())
    else:
        driver.load(make_program(mode), make_weights())
    driver.backend.close()
    driver.gone()


def test_it_is_gone_when_it_is_closed_amid_a_change_of_persona(
    driver: Driver, make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    driver.load(make_program("stubborn"), make_weights(), live=True, prompt=ADA)
    driver.backend.change_persona(BOB)
    time.sleep(0.1)  # it is being ended, and ignores that
    driver.backend.close()
    driver.gone()


def test_nothing_is_left_in_the_temporary_folder(
    driver: Driver,
    make_program: MakeProgram,
    make_weights: MakeWeights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    driver.load(make_program(), make_weights())
    driver.push(QUIET, count=5)
    assert list(temporary.iterdir()) == []


def test_one_that_was_never_loaded_may_be_closed_and_asked(driver: Driver) -> None:
    driver.backend.close()
    driver.backend.close()
    driver.push(count=2)
    driver.backend.change_persona(BOB)
    driver.backend.interrupt()
    assert driver.events == []


@pytest.mark.skipif(sys.platform != "linux", reason="a program of Linux")
def test_a_program_that_is_broken_inside(
    driver: Driver, make_weights: MakeWeights, tmp_path: Path
) -> None:
    """It begins like one of this machine, and is none."""
    program = tmp_path / "moshi-sts"
    program.write_bytes(Path(sys.executable).resolve().read_bytes()[:32])
    program.chmod(0o755)
    with pytest.raises(BackendError) as error:
        driver.load(program, make_weights())
    assert "cannot be started" in error.value.message
    assert "setup moshi-cpp" in error.value.remedy


def test_no_room_for_a_terminal(
    driver: Driver,
    make_program: MakeProgram,
    make_weights: MakeWeights,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_left() -> tuple[int, int]:
        raise OSError(errno.ENOSPC, "out of pty devices")

    monkeypatch.setattr("pty.openpty", none_left)
    with pytest.raises(BackendError) as error:
        driver.load(make_program(), make_weights())
    assert "out of pty devices" in error.value.message
    assert error.value.remedy
