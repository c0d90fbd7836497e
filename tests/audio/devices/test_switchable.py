"""The sound moves from this machine to a page and back while a conversation goes on."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from assistant.audio.devices.remote import BLOCK_SAMPLES, RemoteAudio
from assistant.audio.devices.switchable import SwitchableAudio
from assistant.config.schema import AudioConfig
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE
from tests.audio.devices.test_on_demand import Devices, on_demand
from tests.fakes import until


class Heard:
    """What a session would be told."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.notices: list[str] = []

    def frame(self, number: int, samples: object) -> None:
        self.numbers.append(number)

    def problem(self, text: str, remedy: str) -> None:
        self.notices.append(text)


def a_page(
    audio: SwitchableAudio, name: str = "Firefox on Linux"
) -> tuple[RemoteAudio, list[bytes]]:
    sent: list[bytes] = []
    levels = (audio.input_levels, audio.output_levels)
    remote = RemoteAudio(
        name,
        AudioConfig(),
        audio.playback,
        audio.front,
        levels,
        send=sent.append,
        flush=lambda: None,
    )
    return remote, sent


async def switchable(*, are_used: bool) -> tuple[SwitchableAudio, Heard]:
    audio, heard = SwitchableAudio(on_demand(), are_used=are_used), Heard()
    audio.front.take = lambda state: None  # type: ignore[method-assign]
    await audio.start(heard.frame, heard.problem)
    return audio, heard


def opened() -> list[Devices]:
    return [each for each in Devices.made if each.open]


async def test_a_page_takes_the_sound_and_gives_it_back() -> None:
    audio, heard = await switchable(are_used=True)
    assert audio.microphone == "fake microphone"
    opened()[0].hear(2)
    remote, _ = a_page(audio)
    await audio.carry(remote)
    assert (audio.microphone, audio.speaker) == ("Firefox on Linux", "Firefox on Linux")
    assert not opened(), "nobody listens in the room any more"
    block = np.full(BLOCK_SAMPLES, 3000, "<i2").tobytes()
    for number in range(FRAME_SAMPLES // BLOCK_SAMPLES):
        remote.hear(number, block)
    await until(lambda: len(heard.numbers) == 3)
    await audio.release(remote)
    assert audio.microphone == "fake microphone"
    opened()[0].hear()
    assert len(heard.numbers) == 4
    assert heard.numbers == sorted(set(heard.numbers)), "each frame once, and in order"
    assert "Firefox on Linux is microphone and speaker now." in heard.notices
    await audio.stop()
    assert not opened()


async def test_what_is_being_said_goes_on_in_the_page() -> None:
    audio, _ = await switchable(are_used=True)
    audio.playback.write(1, np.full(SAMPLE_RATE, 0.5, np.float32))
    audio.playback.read(2400)
    remote, sent = a_page(audio)
    await audio.carry(remote)
    await until(lambda: sum(map(len, sent)) > 4 * BLOCK_SAMPLES)
    sound = np.frombuffer(b"".join(sent), "<i2")
    assert np.abs(sound).max() > 15_000
    await audio.stop()


async def test_of_two_pages_the_last_one_has_it() -> None:
    audio, _ = await switchable(are_used=False)
    (first, sent), (second, sent_then) = a_page(audio, "first"), a_page(audio, "second")
    await audio.carry(first)
    await audio.carry(second)
    await audio.release(first)  # it learns too late that it has lost the sound
    assert audio.microphone == "second"
    told = len(sent)
    await until(lambda: len(sent_then) > 3)
    assert len(sent) == told
    await audio.stop()


async def test_an_answer_waits_for_a_page_that_is_loaded_anew() -> None:
    audio, _ = await switchable(are_used=True)
    remote, _ = a_page(audio)
    await audio.carry(remote)
    audio.playback.write(1, np.full(SAMPLE_RATE, 0.5, np.float32))
    await until(lambda: audio.playback.played(1) > 0)
    await audio.release(remote, hold=True)
    played = audio.playback.played(1)
    await until(lambda: not opened())
    again, sent = a_page(audio)
    await audio.carry(again)
    await until(lambda: len(sent) > 1)
    assert audio.playback.played(1) >= played
    assert np.abs(np.frombuffer(sent[0], "<i2")).max() > 10_000, "where it had stopped"
    await audio.stop()


async def test_where_nobody_comes_back_the_machine_listens_again() -> None:
    audio, _ = await switchable(are_used=True)
    remote, _ = a_page(audio)
    await audio.carry(remote)
    await audio.release(remote, hold=True)
    assert not opened()
    await audio.give_up()
    assert len(opened()) == 1
    await audio.give_up()  # once is enough
    assert len(opened()) == 1
    await audio.stop()


async def test_without_any_speaker_an_answer_goes_by_in_its_own_time() -> None:
    audio, _ = await switchable(are_used=False)
    assert (audio.microphone, audio.speaker, opened()) == (None, None, [])
    audio.playback.write(1, np.full(SAMPLE_RATE // 10, 0.5, np.float32))
    audio.playback.end(1)
    await until(lambda: not audio.playback.is_sounding)
    await audio.stop()


async def test_no_frame_is_told_of_before_it_can_have_been_heard() -> None:
    audio, heard = await switchable(are_used=True)
    began = time.monotonic()
    opened()[0].hear()
    remote, _ = a_page(audio)
    await audio.carry(remote)
    await asyncio.sleep(0.3)
    for number in range(FRAME_SAMPLES // BLOCK_SAMPLES):
        remote.hear(number, bytes(2 * BLOCK_SAMPLES))
    await until(lambda: len(heard.numbers) == 2)
    passed = (time.monotonic() - began) / FRAME_SECONDS
    assert heard.numbers[1] <= passed + 1
    assert heard.numbers[1] >= 3, "the time in between is not forgotten either"
    await audio.stop()


async def test_a_turn_that_was_cut_off_ends_in_silence() -> None:
    audio, heard = await switchable(are_used=False)
    remote, _ = a_page(audio)
    await audio.carry(remote)
    for number in range(FRAME_SAMPLES // BLOCK_SAMPLES):
        remote.hear(number, bytes(2 * BLOCK_SAMPLES))
    await until(lambda: len(heard.numbers) == 1)
    await audio.release(remote)
    await until(lambda: len(heard.numbers) > 4)
    assert heard.numbers == list(range(len(heard.numbers)))
    await audio.stop()
