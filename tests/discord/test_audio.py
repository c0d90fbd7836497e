from __future__ import annotations

import asyncio
import gc
import resource

import davey
import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.config.schema import AudioConfig
from assistant.discord.audio import DiscordAudio
from assistant.discord.floor import Floor
from assistant.discord.rtp import SILENCE, Packet
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE
from tests.discord.conftest import LoudIsVoice, pitch, tone
from tests.discord.fake import decoded, opus_packets
from tests.discord.mls import ExternalSender


class Line:
    """A voice connection that keeps what it is given."""

    name = "Lounge"

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.states: list[bool] = []

    def send_opus(self, packet: bytes) -> None:
        self.sent.append(packet)

    def speaking(self, now: bool) -> None:
        self.states.append(now)


class Clocked:
    """Sound whose clock the test turns."""

    def __init__(self) -> None:
        self.audio = DiscordAudio(AudioConfig(), Floor(LoudIsVoice))
        self.line = Line()
        self.frames: list[tuple[int, Float32]] = []
        self.audio._on_frame = lambda number, frame: self.frames.append((number, frame))
        self.audio._handover.open(asyncio.get_running_loop())
        self.audio.attach(self.line)

    async def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.audio.tick()
        for _ in range(ticks // 30 + 2):  # some frames are handed over at a time
            await asyncio.sleep(0)

    async def say(self, user: int, sound: np.ndarray, first: int = 0) -> None:
        for n, opus in enumerate([*opus_packets(sound), *[SILENCE] * 5]):
            self.audio.put(user, Packet(user, first + n, 960 * n, opus))
            await self.run(1)


async def test_frames_come_steadily_whether_anybody_speaks_or_not() -> None:
    sound = Clocked()
    await sound.run(100)
    await sound.say(1, tone(0.5))
    await sound.run(100)
    assert [number for number, _ in sound.frames] == list(range(len(sound.frames)))
    assert len(sound.frames) == (100 + 30 + 100) // 4
    assert all(frame.size == FRAME_SAMPLES for _, frame in sound.frames)


async def test_the_front_end_notices_a_voice() -> None:
    """Silero's, which the session's barge-in listens to."""
    import soxr

    from tests.speech import espeak

    sound = Clocked()
    noticed: list[bool] = []
    sound.audio.front.on_voice = noticed.append
    sound.audio._front.heard(np.zeros(SAMPLE_RATE, np.float32))  # it is loaded
    speech = soxr.resample(espeak("Stop, please, and listen to me."), 16_000, 48_000)
    await sound.say(1, speech.astype(np.float32))
    await sound.run(60)
    assert noticed[:1] == [True]
    assert noticed[-1] is False
    assert sound.audio.front.clean


async def test_what_is_said_goes_out_as_opus_and_ends_in_silence() -> None:
    sound = Clocked()
    sound.audio.playback.write(1, tone(0.5, 300, SAMPLE_RATE))
    sound.audio.playback.end(1)
    await sound.run(60)
    assert sound.line.sent[-5:] == [SILENCE] * 5
    assert sound.line.states == [True, False]
    heard = decoded(sound.line.sent)
    assert abs(pitch(heard, 48_000) - 300) < 3
    loud = np.flatnonzero(np.abs(heard) > 0.1)
    assert 0.47 < (loud[-1] - loud[0]) / 48_000 < 0.53
    count = len(sound.line.sent)
    await sound.run(100)
    assert len(sound.line.sent) == count  # silence costs nothing


async def test_an_interruption_is_heard_within_a_few_frames() -> None:
    sound = Clocked()
    sound.audio.playback.write(1, tone(5, 300, SAMPLE_RATE))
    await sound.run(50)
    assert sound.audio.playback.clear()[1] > 0
    sound.line.sent.clear()
    await sound.run(20)
    loud = np.flatnonzero(np.abs(decoded(sound.line.sent)) > 0.05)
    assert loud.size == 0 or loud[-1] < 48_000 * 0.06
    assert sound.line.sent[-5:] == [SILENCE] * 5


async def test_without_a_channel_what_is_said_goes_by_and_nothing_is_heard() -> None:
    sound = Clocked()
    sound.audio.detach()
    await sound.run(120)
    frames = len(sound.frames)
    assert 20 <= frames <= 30  # two seconds of silence, so that an open turn ends
    sound.audio.playback.write(1, tone(1, 300, SAMPLE_RATE))
    sound.audio.playback.end(1)
    sound.audio.put(1, Packet(1, 0, 0, opus_packets(tone(0.02))[0]))
    await sound.run(60)
    assert not sound.audio.playback.is_sounding
    assert len(sound.frames) == frames
    assert sound.audio.microphone is None
    assert sound.audio.people() == []


async def test_who_leaves_is_forgotten_and_may_come_back() -> None:
    sound = Clocked()
    await sound.say(1, tone(0.3))
    sound.audio.leave(1)
    await sound.run(100)
    assert sound.audio.people() == []
    sound.audio.enter(1)
    await sound.say(1, tone(0.3))
    assert sound.audio.people() == [1]


async def test_strangers_in_numbers_do_not_fill_the_memory() -> None:
    sound = Clocked()
    opus = opus_packets(tone(0.02))[0]
    for user in range(500):
        sound.audio.put(user, Packet(user, 0, 0, opus))
    assert len(sound.audio.people()) <= 64


async def test_a_loop_that_is_busy_for_long_loses_the_oldest_frames_and_counts_them() -> None:
    sound = Clocked()
    for _ in range(4 * 80):
        sound.audio.tick()
    await asyncio.sleep(0.05)
    assert sound.audio.drops()["microphone"] == 30
    assert [number for number, _ in sound.frames] == list(range(30, 80))


def group_of(*users: int) -> list[davey.DaveSession]:
    """Sessions that share a key, the first one's group."""
    sender = ExternalSender(1)
    sessions = []
    for epoch, user in enumerate(users):
        session = davey.DaveSession(1, user, 1)
        session.set_external_sender(sender.package())
        package = session.get_serialized_key_package()
        if sessions:
            proposals = sender.add(epoch - 1, package)
            append = davey.ProposalsOperationType.append
            first, *_ = [each.process_proposals(append, proposals) for each in sessions]
            for each in sessions:
                each.process_commit(first.commit)
            session.process_welcome(first.welcome)
        sessions.append(session)
    return sessions


@pytest.mark.timeout(300)
async def test_ten_minutes_of_three_people_leave_nothing_behind() -> None:
    """30,000 ticks: sealed, sent, lost now and then, opened, decoded, heard; it speaks, too."""
    bot, *people = group_of(900, 1, 2, 3)
    sound = Clocked()
    words = opus_packets(tone(1.0))
    sequences = dict.fromkeys((1, 2, 3), 65_000)
    random = np.random.default_rng(5)

    async def minute(number: int) -> None:
        for tick in range(3000):
            for user, session in zip((1, 2, 3), people, strict=True):
                at = (tick + 130 * user) % 400
                if at >= 50:
                    continue
                opus = words[at] if at < 45 else SILENCE
                sealed = opus if opus == SILENCE else session.encrypt_opus(opus)
                sequences[user] = (sequences[user] + 1) % 65_536
                if random.random() < 0.02:
                    continue
                plain = opus
                if opus != SILENCE:
                    plain = bot.decrypt(user, davey.MediaType.audio, sealed)
                sound.audio.put(user, Packet(user, sequences[user], 960 * tick, plain))
            if tick % 1000 == 0:
                sound.audio.playback.write(tick + 3000 * number, tone(2, 300, SAMPLE_RATE))
                sound.audio.playback.end(tick + 3000 * number)
            sound.audio.tick()
            if tick % 20 == 0:
                await asyncio.sleep(0)
                sound.frames.clear()
                sound.line.sent.clear()

    def size() -> tuple[int, int]:
        """The most memory that was held so far, in KiB (macOS: bytes), and objects now."""
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, len(gc.get_objects())

    for number in range(3):
        await minute(number)
    memory, objects = size()
    for number in range(3, 10):
        await minute(number)
    more_memory, more_objects = size()
    assert more_memory < 1.05 * memory + 8192
    assert more_objects < objects + 500
    assert sound.audio.drops() == {"microphone": 0, "speaker": 0}
    assert sound.audio.floor.waiting == []
    lost = sum(stream.lost for stream in sound.audio._streams.values())
    assert 150 < lost < 400  # 2 % of 67,500 / 5
    assert sum(stream.bad for stream in sound.audio._streams.values()) == 0
