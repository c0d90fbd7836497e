"""What the doctor finds in a room that was made, and what it then advises."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from assistant.audio.frontend.frontend import FrontEnd
from assistant.audio.probe import BlockClock, level_db, make_plan
from assistant.commands.doctor import audio as doctor_audio
from assistant.commands.doctor.audio_advice import advise
from assistant.commands.doctor.audio_figures import Figures, figures_of
from assistant.commands.doctor.audio_recording import CannotMeasure, RoomRecording
from assistant.commands.tables import Check
from assistant.config.schema import AudioConfig, Config
from benchmarks.room import Noise, Room

PLAN = make_plan(12)
LEAD, TAIL = 12_000, 24_000
BUFFERED = 0.05
"""Seconds by which the speaker's blocks are asked for ahead of their time."""


def recording(
    room: Room | None,
    noise_dbfs: float = -60.0,
    config: AudioConfig | None = None,
    gain: float = 1.0,
    lost_at: int | None = None,
) -> RoomRecording:
    """As the live one makes it, in blocks of 20 ms; with the front end of `config`, else without
    any."""
    front = FrontEnd(config) if config is not None else None
    sound = [np.zeros(LEAD, np.float32), PLAN.sound, np.zeros(TAIL, np.float32)]
    far = np.concatenate(sound)
    noise = Noise("pink", noise_dbfs)
    far_clock, near_clock = BlockClock(), BlockClock()
    near, clean = [], []
    for at in range(0, far.size // 480 * 480, 480):
        block = far[at : at + 480]
        far_clock.tick(at / 24_000 - BUFFERED, 480, leaving=True)
        if front is not None:
            front.played(block)
        heard = room.hear(block) if room is not None else np.zeros(480, np.float32)
        heard = np.clip(gain * (heard + noise.read(heard.size)), -1, 1).astype(np.float32)
        if at == lost_at:
            continue
        near_clock.tick((at + 480) / 24_000, heard.size, leaving=False)
        near.append(heard)
        clean.append(heard if front is None else front.heard(heard))
    return RoomRecording(
        plan=PLAN,
        far=far,
        near=np.concatenate(near),
        clean=np.concatenate(clean),
        far_clock=far_clock,
        near_clock=near_clock,
        microphone="Mic",
        speaker="Box",
        problems=(),
        lost={"microphone": int(lost_at is not None), "speaker": 0},
        restarts=0,
        described="" if front is None else front.describe(),
        proved=front is not None and front.clean,
    )


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


@pytest.fixture(scope="module")
def living_room() -> Figures:
    return figures_of(
        recording(Room(1, loss_db=8, delay_ms=80, drift_ppm=150), config=AudioConfig())
    )


def loss_of(room: Room) -> float:
    """Of this very speech, which is darker than the white noise that `Room` counts with."""
    speech = PLAN.sound[slice(*PLAN.speech[0])]
    return level_db(speech) - level_db(room.hear(np.concatenate((speech, speech)))[speech.size :])


def test_the_figures_of_a_made_room_are_those_it_was_made_with(living_room: Figures) -> None:
    found = living_room
    assert found.delay_ms == pytest.approx(80 + 1000 * BUFFERED, abs=3)
    assert found.echo_loss_db == pytest.approx(loss_of(Room(1, loss_db=8)), abs=0.5)
    assert found.played_dbfs == pytest.approx(-20, abs=0.1)
    assert found.noise_dbfs == pytest.approx(-60, abs=1)
    assert found.drift_ppm == pytest.approx(150, abs=20)
    assert found.drift_from == "sweeps"
    assert found.cancelled_db is not None
    assert found.cancelled_db > 15
    assert found.clipped_playing == found.clipped_quiet == 0.0
    assert found.sweeps_heard == found.sweeps_played
    assert found.jumps_ms == ()


def test_a_room_in_which_all_is_well_is_told_so() -> None:
    figures = figures_of(recording(Room(1, loss_db=12, delay_ms=60), config=AudioConfig()))
    found = by_name(advise(figures, AudioConfig()))
    assert {check.state for check in found.values()} == {"ok"}, found
    assert "of them in the canceller" in found["own voice"].value
    assert "110 ms" in found["delay"].value
    assert "no drift" in found["clocks"].value


def test_without_the_canceller_the_echo_stays_and_the_setting_is_named() -> None:
    config = AudioConfig(echo_cancellation=False)
    figures = figures_of(recording(Room(1, loss_db=8), config=config))
    assert figures.cancelled_db == pytest.approx(0, abs=1)
    found = by_name(advise(figures, config))
    assert found["own voice"].state == "warn"
    assert "audio.echo_cancellation true" in found["own voice"].remedy
    config.echo_guard = False
    found = by_name(advise(figures, config))
    assert found["own voice"].state == "fail"
    assert "audio.echo_guard true" in found["own voice"].remedy


def test_a_headset_is_recognised_and_the_setting_is_named() -> None:
    figures = figures_of(recording(None))
    assert figures.delay_ms is None
    assert figures.echo_loss_db is None
    found = by_name(advise(figures, AudioConfig()))
    assert found["echo"].state == "warn"
    assert "assistant config set audio.headset true" in found["echo"].remedy
    assert "does not hear the speaker" in found["echo"].value
    found = by_name(advise(figures, AudioConfig(headset=True)))
    assert {check.state for check in found.values()} == {"ok"}
    found = by_name(advise(figures, AudioConfig(volume=0.02)))
    assert "audio.volume" in found["echo"].remedy


def test_a_headset_that_is_none_stands_in_the_way() -> None:
    figures = figures_of(recording(Room(1, loss_db=8)))
    check = by_name(advise(figures, AudioConfig(headset=True)))["own voice"]
    assert check.state == "fail"
    assert "audio.headset false" in check.remedy


@pytest.mark.parametrize(
    ("level", "state", "words"),
    [(-60, "ok", "stands out"), (-32, "warn", "noise_suppression true"), (-15, "fail", "fans")],
)
def test_noise(level: float, state: str, words: str) -> None:
    figures = figures_of(recording(None, noise_dbfs=level))
    assert figures.noise_dbfs == pytest.approx(level, abs=1)
    check = by_name(advise(figures, AudioConfig()))["noise"]
    assert check.state == state
    assert words in check.value + check.remedy
    assert f"−{-level} dBFS" in check.value or level == -60


def test_an_echo_that_clips_is_told_with_who_is_to_be_turned_down() -> None:
    figures = figures_of(recording(Room(1, loss_db=0), gain=6.0))
    assert figures.clipped_playing > 0.02
    assert figures.clipped_quiet == 0.0
    check = by_name(advise(figures, AudioConfig()))["clipping"]
    assert check.state in ("warn", "fail")
    assert "Turn the speaker or the microphone down" in check.remedy


def test_a_microphone_that_is_boosted_into_its_limits_is_told() -> None:
    figures = figures_of(recording(None, noise_dbfs=-3))
    assert figures.clipped_quiet > 0.05
    check = by_name(advise(figures, AudioConfig()))["clipping"]
    assert check.state == "fail"
    assert "gain" in check.remedy


def test_a_lost_block_is_told_and_is_not_drift() -> None:
    lost_at = LEAD + PLAN.sweeps[3] - 24_000
    figures = figures_of(recording(Room(1, delay_ms=60), lost_at=lost_at // 480 * 480))
    assert [round(jump) for jump in figures.jumps_ms] == [-20]
    assert figures.drift_ppm == pytest.approx(0, abs=20)
    found = by_name(advise(figures, AudioConfig()))
    assert "jumps by 20 ms" in found["delay"].value
    assert found["lost sound"].value == "1 frame at the microphone"


@pytest.mark.parametrize(
    ("changes", "name", "state", "words"),
    [
        ({"delay_ms": 310.0}, "delay", "warn", "Bluetooth"),
        ({"delay_ms": None}, "delay", "warn", "too busy"),
        ({"dead_share": 1.0}, "microphone", "fail", "muted"),
        ({"echo_loss_db": 58.0}, "microphone", "warn", "raise the microphone in the mixer"),
        ({"echo_loss_db": -6.0}, "echo", "warn", "Turn the speaker down"),
        ({"cancelled_db": 4.0}, "own voice", "warn", "move the microphone away"),
        ({"cancelled_db": 4.0, "echo_buried": True}, "own voice", "ok", "at least 12 dB"),
        ({"drift_ppm": 350.0}, "clocks", "warn", "one device for both"),
        ({"drift_ppm": -350.0}, "clocks", "warn", "350 ppm slow"),
        ({"drift_plus_minus_ppm": 400.0}, "clocks", "ok", "too short to tell"),
        ({"lost_frames": {"microphone": 4, "speaker": 0}}, "lost sound", "warn", "block_ms"),
        ({"lost_frames": {"microphone": 40, "speaker": 0}}, "lost sound", "fail", "40 frames"),
        ({"dc_offset": -0.1}, "offset", "warn", "10% of full scale"),
    ],
)
def test_what_to_change_is_said_in_words(
    living_room: Figures, changes: dict[str, Any], name: str, state: str, words: str
) -> None:
    figures = replace(living_room, **{"cancelled_db": 30.0, "drift_ppm": 20.0, "echo_buried": False,
                                      "echo_loss_db": 8.0, **changes})  # fmt: skip
    check = by_name(advise(figures, AudioConfig()))[name]
    assert check.state == state
    assert words in f"{check.value} {check.remedy}"


def run(
    monkeypatch: pytest.MonkeyPatch, answer: Figures | CannotMeasure, *, json_output: bool
) -> int:
    def measure(config: Config, seconds: float) -> tuple[Figures, list[Check]]:
        if isinstance(answer, CannotMeasure):
            raise answer
        return answer, advise(answer, config.audio)

    monkeypatch.setattr(doctor_audio, "measure", measure)
    return doctor_audio.doctor_audio_command(None, {}, json_output=json_output)


def test_the_report_ends_with_whether_a_conversation_can_be_held(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], living_room: Figures
) -> None:
    assert run(monkeypatch, living_room, json_output=False) == 0
    assert "A conversation can be held" in capsys.readouterr().out
    assert run(monkeypatch, replace(living_room, dead_share=1.0), json_output=False) == 1
    assert "cannot be held" in capsys.readouterr().err


def test_the_same_for_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], living_room: Figures
) -> None:
    assert run(monkeypatch, living_room, json_output=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["can_converse"] is True
    assert found["figures"]["delay_ms"] == living_room.delay_ms
    assert all(check["remedy"] for check in found["checks"] if check["state"] != "ok")
    trouble = CannotMeasure("There is no microphone.", "Plug one in.")
    assert run(monkeypatch, trouble, json_output=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["can_converse"], found["figures"]) == (False, None)
    assert found["checks"][-1]["value"] == "There is no microphone."
    assert found["checks"][-1]["remedy"] == "Plug one in."
