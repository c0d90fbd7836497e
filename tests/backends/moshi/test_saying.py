"""The host's words in the model's mouth."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest

from assistant.backends.moshi.saying import LONGEST_PAUSE, Saying
from assistant.frames import FIRST_OWN_UTTERANCE, FRAME_SAMPLES, AgentText, UtteranceEnded
from tests.backends.moshi.fake_engine import EPAD, PAD, SHAPE, FakeTokenizer, Studio


@pytest.fixture
def studio() -> Studio:
    return Studio()


def test_a_greeting_is_spoken_with_the_hosts_number(studio: Studio) -> None:
    studio.backend.say(3, "Good evening, sir. All is well.", final=True)
    studio.push(150)
    assert {event.utterance for event in studio.of(AgentText)} == {3}
    assert studio.said() == "Good evening, sir. All is well."
    assert studio.ended() == {3: studio.sound(3).size}
    assert studio.sound(3).any()
    starts = [event.start for event in studio.of(AgentText)]
    assert starts == sorted(set(starts))
    for word in studio.of(AgentText):
        assert studio.sound(3)[word.start] > 0, "each word's place is where it sounds"


def test_pieces_stream_and_may_be_cut_anywhere(studio: Studio) -> None:
    for piece in ["Go", "od eve", "ning, ", "", "sir", "."]:
        studio.backend.say(1, piece, final=False)
        studio.push(3)
    studio.backend.say(1, "", final=True)
    studio.push(100)
    assert studio.said() == "Good evening, sir."
    assert len(studio.ended()) == 1


def test_several_utterances_queue(studio: Studio) -> None:
    studio.backend.say(1, "One two.", final=True)
    studio.backend.say(2, "Three.", final=True)
    studio.backend.say(4, "", final=True)
    studio.push(200)
    assert [(e.utterance, e.text) for e in studio.of(AgentText)] == [
        (1, "One"),
        (1, " two."),
        (2, "Three."),
    ]
    assert [e.utterance for e in studio.of(UtteranceEnded)] == [1, 2, 4]
    assert studio.ended()[4] == 0


def test_the_models_own_words_are_not_heard_while_it_is_told_what_to_say(studio: Studio) -> None:
    studio.model.script = cycle([studio.tokenizer.id("▁blah")])
    studio.push(10)
    studio.backend.say(1, "Excuse me.", final=True)
    studio.push(60)
    own = studio.ended()
    assert own[FIRST_OWN_UTTERANCE] == studio.sound(FIRST_OWN_UTTERANCE).size, "ended properly"
    assert [e.text for e in studio.of(AgentText) if e.utterance == 1] == ["Excuse", " me."]
    last = studio.of(AgentText)[-1]
    assert last.utterance > FIRST_OWN_UTTERANCE, "after it, the model is free again"
    assert last.text.strip() == "blah"


def test_interruption_forgets_what_was_still_to_be_said(studio: Studio) -> None:
    studio.backend.say(1, "A long story about a small ship.", final=True)
    studio.backend.say(2, "Another one.", final=False)
    studio.push(12)
    studio.backend.interrupt()
    heard = studio.sound().size
    assert studio.ended() == {1: heard, 2: 0}
    studio.backend.say(2, " And on it goes.", final=True)
    studio.push(100)
    assert studio.sound().size == heard
    assert len(studio.of(UtteranceEnded)) == 2
    studio.backend.say(3, "New.", final=True)
    studio.push(60)
    assert studio.words()[-1] == "New."


def test_interrupted_before_a_sound_it_is_over_all_the_same(studio: Studio) -> None:
    studio.backend.say(1, "Never heard.", final=True)
    studio.backend.interrupt()
    studio.push(50)
    assert studio.ended() == {1: 0}
    assert studio.words() == []


def test_while_the_next_piece_is_awaited_there_is_no_endless_silence(studio: Studio) -> None:
    studio.backend.say(1, "Let me see. ", final=False)
    studio.push(100)
    assert studio.ended() == {}
    assert studio.sound().size < 60 * FRAME_SAMPLES
    studio.backend.say(1, "Here it is.", final=True)
    studio.push(60)
    assert studio.said() == "Let me see. Here it is."
    assert studio.ended() == {1: studio.sound().size}


def test_an_utterance_that_nobody_closes_does_not_silence_the_model_for_ever(
    studio: Studio,
) -> None:
    studio.backend.say(1, "Hm. ", final=False)
    studio.push(500)
    assert 1 in studio.ended()
    studio.script("▁Hello")
    studio.push(30)
    assert studio.words()[-1] == "Hello"


def choices(offered: list[int], text: str) -> list[int]:
    tokenizer = FakeTokenizer()
    saying = Saying(tokenizer, SHAPE)
    saying.say(1, text, final=True)
    tokenizer.id("▁other"), tokenizer.id("ing")
    return [saying.choose(token) for token in offered]


def test_the_models_pauses_stand_until_they_take_too_long() -> None:
    tokenizer = FakeTokenizer()
    one, two = tokenizer.encode("one two")
    patient = choices([PAD] * 60, "one two")
    gap = patient.index(two) - patient.index(one)
    assert 2 < gap <= LONGEST_PAUSE + 2
    assert patient[patient.index(two) - 1] == EPAD, "a word is announced as in training"
    other, ending = two + 1, two + 2
    eager = choices([PAD, other, other, other, other], "one two")
    assert eager.index(two) - eager.index(one) == 1, "another word gives way to ours at once"
    lazy = choices([PAD] * 3 + [ending] * 4, "one two")
    assert two not in lazy, "a longer ending of the same word is not another word"
    assert ending not in lazy
    assert choices([PAD, PAD, PAD, EPAD, PAD], "one two")[-2:] == [EPAD, two]


def test_what_the_vocabulary_cannot_write_is_left_out() -> None:
    class Poor(FakeTokenizer):
        def encode(self, text: str) -> list[int]:
            return [
                0 if "🙂" in word else super(Poor, self).encode(word)[0] for word in text.split()
            ]

    saying = Saying(Poor(), SHAPE)
    saying.say(1, "🙂", final=True)
    assert saying.take_empty() == [1]
    saying.say(2, "yes 🙂 no", final=True)
    chosen = [saying.choose(PAD) for _ in range(40)]
    assert len([t for t in chosen if t not in (PAD, EPAD)]) == 2


def test_sound_that_never_ends_does_not_keep_the_model_from_speaking(studio: Studio) -> None:
    studio.model.hums = lambda step: True
    studio.backend.say(1, "Hello.", final=True)
    studio.push(120)
    assert 1 in studio.ended()
    assert np.isfinite(studio.sound()).all()
