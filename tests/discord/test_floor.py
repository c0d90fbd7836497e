from __future__ import annotations

import numpy as np

from assistant.audio.types import Float32
from assistant.discord.floor import ANSWER, BLOCK, KEPT, PATIENCE, RELEASE, Floor, SileroDetector
from tests.discord.conftest import LoudIsVoice
from tests.speech import espeak

LOUD, QUIET = 0.3, 0.001
ADA, BEN, CLEO = 1, 2, 3


class Room:
    """Ticks in which people make sound of a level of their own; what the session hears."""

    def __init__(self) -> None:
        self.floor = Floor(LoudIsVoice)
        self.heard: list[Float32] = []
        self.speakers: list[int | None] = []

    def tick(self, **levels: float) -> None:
        """`a`, `b`, `c`: the level of Ada's, Ben's, Cleo's sound."""
        who = {"a": ADA, "b": BEN, "c": CLEO}
        blocks = {
            who[name]: [np.full(BLOCK, level * who[name], np.float32)]
            for name, level in levels.items()
        }
        heard = self.floor.hear(blocks, (len(self.heard) + 1) * 0.02)
        self.heard.append(heard.sound)
        self.speakers.append(heard.speaker)

    def run(self, ticks: int, **levels: float) -> None:
        for _ in range(ticks):
            self.tick(**levels)

    def count(self, level: float) -> int:
        """Ticks in which this was heard."""
        return sum(abs(float(block[0]) - level) < 1e-6 for block in self.heard)

    def order(self) -> list[int]:
        """Who was heard, one after the other."""
        known = [who for who in self.speakers if who is not None]
        return [who for n, who in enumerate(known) if n == 0 or known[n - 1] != who]


def test_one_person_is_heard_at_once_and_whole() -> None:
    room = Room()
    room.run(1, a=LOUD)
    assert room.speakers == [ADA]
    room.run(49, a=LOUD)
    assert room.count(LOUD) == 50


def test_who_speaks_first_holds_the_floor_and_the_other_is_heard_next() -> None:
    room = Room()
    room.run(10, a=LOUD)
    room.run(20, a=LOUD, b=LOUD)
    room.run(10, b=LOUD)
    room.run(80)
    assert room.order() == [ADA, BEN]
    assert room.count(LOUD) == 30
    assert room.count(2 * LOUD) == 30  # all of Ben, though he spoke over Ada


def test_three_are_heard_in_the_order_in_which_they_began() -> None:
    room = Room()
    room.run(10, a=LOUD)
    room.run(10, a=LOUD, c=LOUD)
    room.run(10, a=LOUD, b=LOUD, c=LOUD)
    room.run(200)
    assert room.order() == [ADA, CLEO, BEN]


def test_a_short_pause_does_not_lose_the_floor() -> None:
    room = Room()
    room.run(10, a=LOUD)
    room.run(20, b=LOUD)  # Ada pauses for 0.4 s
    room.run(10, a=LOUD, b=LOUD)
    room.run(100)
    assert room.order() == [ADA, BEN]


def test_the_floor_is_free_after_a_silence() -> None:
    room = Room()
    room.run(10, a=LOUD)
    room.run(RELEASE + 10)
    assert room.floor.holder is None
    room.run(3, b=LOUD)
    assert room.floor.holder == BEN


def test_a_turn_that_is_still_open_keeps_the_floor_but_not_for_ever() -> None:
    room = Room()
    room.floor.turn_open = lambda: True
    room.run(10, a=LOUD)
    room.run(10, b=LOUD)
    room.run(RELEASE + 10)
    assert room.order() == [ADA]
    room.run(PATIENCE)
    assert room.order() == [ADA, BEN]


def test_what_was_kept_does_not_interrupt_the_answer_to_the_first() -> None:
    room = Room()
    room.floor.answering = lambda: True
    room.run(10, a=LOUD)
    room.run(10, a=LOUD, b=LOUD)
    room.run(200)
    assert room.order() == [ADA]
    room.floor.answering = lambda: False
    room.run(50)
    assert room.order() == [ADA, BEN]


def test_an_endless_answer_does_not_keep_the_others_for_ever() -> None:
    room = Room()
    room.floor.answering = lambda: True
    room.run(10, a=LOUD)
    room.run(10, a=LOUD, b=LOUD)
    room.run(ANSWER + 100)
    assert room.order() == [ADA, BEN]


def test_who_speaks_over_the_answer_interrupts_it() -> None:
    room = Room()
    room.floor.answering = lambda: True
    room.run(10, a=LOUD)
    room.run(50)
    room.run(3, c=LOUD)
    assert room.order() == [ADA, CLEO]


def test_noise_of_an_open_microphone_takes_no_floor() -> None:
    room = Room()
    room.run(50, b=QUIET)
    room.run(3, a=LOUD, b=QUIET)
    room.run(1, a=LOUD, b=QUIET)
    assert room.floor.holder == ADA
    room.run(100, b=QUIET)
    assert room.order() == [ADA]
    assert room.floor.waiting == []


def test_a_click_while_another_speaks_is_no_turn() -> None:
    floor = Floor(lambda: lambda block: float(block[0]) > 0.1)  # without a tail
    for n in range(40):
        floor.hear(
            {ADA: [np.full(BLOCK, 0.3, np.float32)], BEN: [np.full(BLOCK, 0.2 * (n == 20))]},
            0.02 * n,
        )
    assert floor.waiting == []


def test_pauses_of_what_has_waited_are_shortened() -> None:
    room = Room()
    room.run(100, a=LOUD)
    for _ in range(3):
        room.run(10, a=LOUD, b=LOUD)
        room.run(25, a=LOUD, b=QUIET)
    before = len(room.heard)
    room.run(400)
    last = max(n for n, who in enumerate(room.speakers) if who == BEN)
    assert room.speakers.count(BEN) >= 30
    assert last - before < RELEASE + 105 - 20  # it had lasted 105 ticks


def test_who_waits_for_too_long_loses_the_oldest_and_that_is_counted() -> None:
    room = Room()
    room.run(5, a=LOUD)
    room.run(KEPT + 200, a=LOUD, b=LOUD)
    assert room.floor.dropped == 200


def test_who_leaves_is_heard_to_the_end_of_what_he_said() -> None:
    room = Room()
    room.run(10, a=LOUD)
    room.run(10, a=LOUD, b=LOUD)
    room.floor.leave(BEN)
    room.run(200)
    assert room.order() == [ADA, BEN]
    assert BEN not in room.floor._people


def test_it_is_known_who_spoke_when() -> None:
    room = Room()
    room.run(50, a=LOUD)
    room.run(40)
    room.run(50, b=LOUD)
    assert room.floor.speaker(0.0, 1.0) == ADA
    assert room.floor.speaker(1.8, 2.8) == BEN
    assert room.floor.speaker(1.3, 1.7) is None
    assert room.floor.speaker(0.9, 2.8) == BEN  # of both, the one who was heard for longer


def test_it_is_not_known_for_ever_who_spoke() -> None:
    room = Room()
    for _ in range(80):
        room.run(25, a=LOUD)
        room.run(40)
    assert len(room.floor._spoke) < 65 * 50


def test_in_another_channel_nobody_has_said_anything() -> None:
    room = Room()
    room.run(10, a=LOUD, b=LOUD)
    room.floor.clear()
    room.run(100)
    assert room.order() == [ADA]


def test_a_voice_is_told_from_silence_and_noise() -> None:
    """Silero's detector, on speech as a call sends it."""
    import soxr

    speech = soxr.resample(espeak("Good morning, what is the time?"), 16_000, 24_000)
    noise = np.random.default_rng(1).normal(0, 0.02, 24_000)
    detector = SileroDetector()
    voiced = {}
    for name, sound in (("speech", speech), ("silence", np.zeros(24_000)), ("noise", noise)):
        blocks = [sound[at : at + BLOCK] for at in range(0, sound.size - BLOCK, BLOCK)]
        told = [detector(block.astype(np.float32)) for block in blocks]
        voiced[name] = sum(told[10:]) / len(told[10:])
    assert voiced["speech"] > 0.7
    assert voiced["silence"] < 0.2
    assert voiced["noise"] < 0.2
