"""From what should be said to what is heard: in order, at once where it can be, never a crash."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.chunks import SpeechChunk
from assistant.backends.cascade.synthesis.speaker import PIECE_SAMPLES, Speaker
from assistant.backends.cascade.synthesis.speech_engine import Cancellation
from assistant.backends.cascade.synthesis.voice_cache import VoiceCache
from assistant.frames import (
    AgentText,
    AnyEvent,
    AudioOut,
    Failed,
    Prefetched,
    PrefetchLine,
    UtteranceEnded,
    VoiceSpec,
)

JARVIS = VoiceSpec(kokoro={"bm_george": 1.0})
HAL = VoiceSpec(kokoro={"bm_daniel": 1.0})


class FakeEngine:
    """Speaks a tone, 1000 samples a letter; can be made to hang until cancelled, or to fail."""

    label = "fake"
    version = "fake/1"

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.aborted: list[str] = []
        self.hang_on: str | None = None
        self.fail_on: str | None = None
        self.hanging = threading.Event()

    def synthesize(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Float32:
        if self.fail_on and self.fail_on in text:
            raise BackendError("The voice is hoarse.", "Drink tea.")
        if self.hang_on and self.hang_on in text:
            stopped = threading.Event()
            with cancellation.calling(stopped.set):
                self.hanging.set()
                stopped.wait(20)
            self.aborted.append(text)
            cancellation.check()
        self.spoken.append(text)
        at = np.arange(1000 * len(text))
        return (0.1 * np.sin(at / 12)).astype(np.float32)


class StreamingFakeEngine(FakeEngine):
    """Gives a tone of 2 s in chunks; the second comes when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.broken = False

    def stream(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Iterator[SpeechChunk]:
        whole = (0.1 * np.sin(np.arange(48_000) / 12)).astype(np.float32)
        yield SpeechChunk(whole[:24_000], 0, 20_000, 48_000)
        with cancellation.calling(self.go_on.set):
            self.hanging.set()
            assert self.go_on.wait(20)
        cancellation.check()
        if self.broken:
            raise BackendError("The voice is hoarse.", "Drink tea.")
        self.spoken.append(text)
        yield SpeechChunk(whole[14_000:], 14_000, 48_000, 48_000)


class Stage:
    def __init__(self, folder: Path, *, inline: bool, engine: FakeEngine | None = None) -> None:
        self.events: list[AnyEvent] = []
        self.engine = engine or FakeEngine()
        self.cache = VoiceCache(folder, 10)
        self.speaker = Speaker(self.engine, self.cache, self.events.append, inline=inline)
        self.speaker.set_voice(JARVIS)

    def texts(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, AgentText)]

    def sound(self, utterance: int) -> Float32:
        pieces = [
            e.pcm for e in self.events if isinstance(e, AudioOut) and e.utterance == utterance
        ]
        return np.frombuffer(b"".join(pieces), "<f4")

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, self.events
            time.sleep(0.002)

    def wait_ended(self, utterance: int) -> None:
        self.wait(
            lambda: any(
                isinstance(e, UtteranceEnded) and e.utterance == utterance for e in [*self.events]
            )
        )


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "threaded", inline=False)
    yield stage
    stage.speaker.close()


@pytest.fixture
def inline(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "inline", inline=True)


@pytest.fixture
def streaming(tmp_path: Path) -> Iterator[tuple[Stage, StreamingFakeEngine]]:
    engine = StreamingFakeEngine()
    stage = Stage(tmp_path / "streaming", inline=False, engine=engine)
    yield stage, engine
    engine.go_on.set()
    stage.speaker.close()


def test_a_clause_sounds_before_its_end_is_rendered(
    streaming: tuple[Stage, StreamingFakeEngine],
) -> None:
    stage, engine = streaming
    stage.speaker.say(1, "A long first clause.", final=True)
    assert engine.hanging.wait(20)
    stage.wait(lambda: len(stage.sound(1)) > 0)
    (told,) = [event for event in stage.events if isinstance(event, AgentText)]
    assert told.text == "A long first clause."
    assert 0.5 < len(stage.sound(1)) / 24_000 < 1.0
    engine.go_on.set()
    stage.wait_ended(1)
    sound = stage.sound(1)
    assert told.end == len(sound), "where it would end was known"
    assert 1.9 < len(sound) / 24_000 <= 2.0
    assert np.abs(sound[2_400:-2_400]).reshape(-1, 100).max(axis=1).min() > 0.05, "without a gap"
    stage.speaker.say(2, "A long first clause.", final=True)
    stage.wait_ended(2)
    np.testing.assert_array_equal(stage.sound(2), sound)
    assert engine.spoken == ["A long first clause."], "kept as it was said"


def test_who_talks_over_a_clause_that_sounds_does_not_make_it_stumble(
    streaming: tuple[Stage, StreamingFakeEngine],
) -> None:
    stage, engine = streaming
    stage.speaker.say(1, "A long first clause.", final=True)
    stage.wait(lambda: len(stage.sound(1)) > 0 and engine.hanging.is_set())
    stage.speaker.busy(True)
    assert not engine.go_on.is_set(), "it is not cancelled"
    engine.go_on.set()
    stage.speaker.busy(False)
    stage.wait_ended(1)
    assert stage.texts() == ["A long first clause."]
    assert 1.9 < len(stage.sound(1)) / 24_000 <= 2.0


def test_an_interruption_ends_a_clause_in_the_middle(
    streaming: tuple[Stage, StreamingFakeEngine],
) -> None:
    stage, engine = streaming
    stage.speaker.say(1, "A long first clause.", final=True)
    stage.wait(lambda: len(stage.sound(1)) > 0 and engine.hanging.is_set())
    stage.speaker.interrupt()
    heard = len(stage.sound(1))
    assert stage.events[-1] == UtteranceEnded(1, heard)
    stage.speaker.say(2, "Another.", final=True)
    stage.wait_ended(2)
    assert len(stage.sound(1)) == heard
    assert stage.texts() == ["A long first clause.", "Another."]


def test_a_voice_that_fails_within_a_clause_is_told_and_nothing_half_is_kept(
    streaming: tuple[Stage, StreamingFakeEngine],
) -> None:
    stage, engine = streaming
    engine.broken = True
    engine.go_on.set()
    stage.speaker.say(1, "A long first clause.", final=True)
    stage.wait_ended(1)
    assert Failed("The voice is hoarse.", "Drink tea.") in stage.events
    assert stage.texts() == ["A long first clause."]
    engine.broken = False
    stage.speaker.say(2, "A long first clause.", final=True)
    stage.wait_ended(2)
    assert 1.9 < len(stage.sound(2)) / 24_000 <= 2.0


def test_what_is_wanted_now_does_not_wait_for_its_own_preparation(
    streaming: tuple[Stage, StreamingFakeEngine],
) -> None:
    stage, engine = streaming
    stage.speaker.prefetch([PrefetchLine("A long first clause.", JARVIS)])
    assert engine.hanging.wait(20)
    engine.hanging.clear()
    stage.speaker.say(1, "A long first clause.", final=True)
    stage.wait(lambda: len(stage.sound(1)) > 0)
    stage.wait_ended(1)
    assert stage.texts() == ["A long first clause."]


def test_each_clause_is_told_with_its_place_in_the_sound(inline: Stage) -> None:
    inline.speaker.say(1, "Very well, sir. Half past", final=False)
    inline.speaker.say(1, " nine.", final=True)
    texts = [event for event in inline.events if isinstance(event, AgentText)]
    assert [event.text for event in texts] == ["Very well, sir.", " Half past nine."]
    sound = inline.sound(1)
    assert inline.events[-1] == UtteranceEnded(1, len(sound))
    first, second = texts
    assert first.start == 0
    assert second.start > first.end
    assert not sound[first.end : second.start].any()
    assert np.abs(sound[second.start : second.end]).max() > 0.05
    assert second.end == len(sound)


def test_sound_comes_in_small_pieces(inline: Stage) -> None:
    inline.speaker.say(1, "A rather long sentence without any comma", final=True)
    sizes = [len(event.pcm) // 4 for event in inline.events if isinstance(event, AudioOut)]
    assert len(sizes) > 3
    assert max(sizes) <= PIECE_SAMPLES


def test_inline_and_threaded_speech_are_the_same(inline: Stage, stage: Stage) -> None:
    for each in (inline, stage):
        each.speaker.say(1, "First of all, good morning, sir. Then there is", final=False)
        each.speaker.say(1, " tea. And toast!", final=True, rate=1.2)
        each.speaker.say(2, "Second thing.", final=True)
    stage.wait_ended(2)
    assert stage.events == inline.events


def test_the_first_clause_sounds_while_the_rest_is_unknown(stage: Stage) -> None:
    stage.speaker.say(1, "Certainly, sir. The capital of", final=False)
    stage.wait(lambda: len(stage.sound(1)) > 0)
    assert stage.texts() == ["Certainly, sir."]


def test_an_empty_final_piece_ends_the_utterance(inline: Stage) -> None:
    inline.speaker.say(4, "", final=True)
    assert inline.events == [UtteranceEnded(4, 0)]


def test_what_has_no_words_is_shown_but_makes_no_sound(inline: Stage) -> None:
    inline.speaker.say(1, "🙂", final=True)
    assert inline.events == [AgentText(1, "🙂", 0, 0), UtteranceEnded(1, 0)]


def test_a_repeated_clause_is_not_rendered_again(inline: Stage) -> None:
    inline.speaker.say(1, "Yes, sir.", final=True)
    inline.speaker.say(2, "Yes, sir.", final=True)
    assert inline.engine.spoken == ["Yes, sir."]
    np.testing.assert_array_equal(inline.sound(1), inline.sound(2))


def test_a_prepared_line_is_found_clause_by_clause(stage: Stage) -> None:
    line = "Good evening, sir. I have taken the liberty, as ever, of dimming the lights."
    stage.speaker.prefetch([PrefetchLine(line, JARVIS)])
    stage.wait(lambda: stage.speaker.preparing() == 0)
    rendered = [*stage.engine.spoken]
    for at in range(0, len(line), 7):
        stage.speaker.say(1, line[at : at + 7], final=False)
    stage.speaker.say(1, "", final=True)
    stage.wait_ended(1)
    assert stage.engine.spoken == rendered
    assert "".join(stage.texts()) == line


def test_every_line_can_begin_before_any_is_rendered_whole(stage: Stage) -> None:
    lines = ["Good evening, sir. The house sleeps.", "Farewell, sir. Mind the step."]
    stage.speaker.prefetch([PrefetchLine(line, JARVIS) for line in lines])
    stage.wait(lambda: stage.speaker.preparing() == 0)
    assert stage.engine.spoken == [
        "Good evening, sir.",
        "Farewell, sir.",
        "The house sleeps.",
        "Mind the step.",
    ]
    assert [e.text for e in stage.events if isinstance(e, Prefetched)] == lines


def test_live_speech_goes_before_preparation_and_preparation_is_resumed(stage: Stage) -> None:
    stage.engine.hang_on = "Prepared"
    stage.speaker.prefetch([PrefetchLine("Prepared line.", HAL)])
    assert stage.engine.hanging.wait(20)
    stage.speaker.say(1, "Live line.", final=True)
    stage.wait_ended(1)
    # Stopped at once, but its thread has the lowest priority and says so when it gets to run.
    stage.wait(lambda: stage.engine.aborted[:1] == ["Prepared line."])
    stage.engine.hang_on = None
    stage.speaker.busy(True)
    stage.speaker.busy(False)
    stage.wait(lambda: stage.speaker.preparing() == 0)
    assert stage.engine.spoken == ["Live line.", "Prepared line."]


def test_preparation_waits_for_the_answer_that_comes_next(stage: Stage) -> None:
    stage.speaker.busy(True)
    stage.speaker.prefetch([PrefetchLine("Prepared line.", HAL)])
    stage.speaker.busy(False)
    stage.speaker.say(1, "An answer.", final=True)
    stage.wait_ended(1)
    stage.wait(lambda: stage.speaker.preparing() == 0)
    assert stage.engine.spoken == ["An answer.", "Prepared line."]


def test_what_is_expected_is_rendered_once_and_sounds_when_it_is_said(stage: Stage) -> None:
    stage.speaker.busy(True)
    stage.speaker.expect("The sea is wide. And", 1.0)
    stage.wait(lambda: stage.engine.spoken == ["The sea is wide."])
    assert not stage.texts(), "nobody said it yet"
    stage.speaker.busy(False)
    stage.speaker.say(1, "The sea is wide. And so am I.", final=True)
    stage.wait_ended(1)
    assert stage.engine.spoken == ["The sea is wide.", "And so am I."]
    assert stage.texts() == ["The sea is wide.", " And so am I."]
    assert stage.sound(1).size >= 1000 * len("The sea is wide.And so am I.")


def test_what_is_expected_goes_on_where_it_is_when_it_is_said(tmp_path: Path) -> None:
    engine = StreamingFakeEngine()
    stage = Stage(tmp_path, inline=False, engine=engine)
    stage.speaker.expect("The sea is wide. ", 1.0)
    assert engine.hanging.wait(20), "its first chunk is there, the second on its way"
    stage.speaker.say(1, "The sea is wide.", final=True)
    engine.go_on.set()
    stage.wait_ended(1)
    assert engine.spoken == ["The sea is wide."]
    assert stage.sound(1).size >= 48_000
    stage.speaker.close()


@pytest.mark.parametrize("why", ["the user goes on", "another answer", "withdrawn"])
def test_what_was_expected_in_vain_stands_in_nobodys_way(stage: Stage, why: str) -> None:
    stage.engine.hang_on = "sea"
    stage.speaker.expect("The sea is wide. ", 1.0)
    assert stage.engine.hanging.wait(20)
    match why:
        case "the user goes on":
            stage.speaker.busy(True)
        case "another answer":
            pass
        case "withdrawn":
            stage.speaker.expect("", 1.0)
    stage.speaker.say(1, "Something else.", final=True)
    stage.wait_ended(1)
    assert stage.engine.aborted == ["The sea is wide."]
    assert stage.texts() == ["Something else."]


def test_what_was_expected_and_failed_is_told_when_it_is_said(stage: Stage) -> None:
    stage.engine.fail_on = "sea"
    stage.speaker.expect("The sea is wide. ", 1.0)
    stage.speaker.say(1, "The sea is wide.", final=True)
    stage.wait_ended(1)
    assert [e.message for e in stage.events if isinstance(e, Failed)] == ["The voice is hoarse."]


def test_preparation_stands_aside_while_the_user_speaks(stage: Stage) -> None:
    stage.speaker.busy(True)
    stage.speaker.prefetch([PrefetchLine("Prepared line.", HAL)])
    stage.speaker.say(1, "Live line.", final=True)
    stage.wait_ended(1)
    assert stage.engine.spoken == ["Live line."]
    assert stage.speaker.preparing() == 1
    stage.speaker.busy(False)
    stage.wait(lambda: stage.speaker.preparing() == 0)
    assert stage.engine.spoken == ["Live line.", "Prepared line."]


def test_the_rest_of_an_answer_waits_while_the_user_talks_over_it(stage: Stage) -> None:
    stage.engine.hang_on = "second"
    stage.speaker.say(1, "The first sentence. The second sentence.", final=True)
    assert stage.engine.hanging.wait(20)
    stage.speaker.busy(True)
    stage.engine.hang_on = None
    stage.speaker.say(2, "Another answer.", final=True)
    stage.wait(lambda: bool(stage.engine.aborted))
    assert stage.texts() == ["The first sentence."]
    stage.speaker.busy(False)
    stage.wait_ended(2)
    assert stage.texts() == ["The first sentence.", " The second sentence.", "Another answer."]


def test_a_first_clause_does_not_wait_for_the_user(stage: Stage) -> None:
    stage.speaker.busy(True)
    stage.speaker.say(1, "At once.", final=True)
    stage.wait_ended(1)
    assert stage.texts() == ["At once."]


def test_a_new_list_replaces_the_old_one(stage: Stage) -> None:
    stage.speaker.busy(True)
    stage.speaker.prefetch([PrefetchLine("Old line.", HAL)])
    stage.speaker.prefetch([PrefetchLine("New line.", HAL)])
    stage.speaker.busy(False)
    stage.wait(lambda: stage.speaker.preparing() == 0)
    assert stage.engine.spoken == ["New line."]


def test_an_interruption_ends_the_utterance_and_silences_its_rest(stage: Stage) -> None:
    stage.engine.hang_on = "second"
    stage.speaker.say(1, "The first sentence. The second sentence. The third.", final=False)
    assert stage.engine.hanging.wait(20)
    stage.speaker.interrupt()
    told = len(stage.events)
    assert stage.events[-1] == UtteranceEnded(1, len(stage.sound(1)))
    stage.speaker.say(1, " Still the old answer.", final=True)
    stage.speaker.say(2, "A new answer.", final=True)
    stage.wait_ended(2)
    assert stage.texts() == ["The first sentence.", "A new answer."]
    assert all(getattr(event, "utterance", 2) == 2 for event in stage.events[told:])


def test_speech_goes_on_after_an_interruption_inline_too(inline: Stage) -> None:
    inline.speaker.say(1, "The first sentence. And then", final=False)
    inline.speaker.interrupt()
    inline.speaker.say(2, "A new answer.", final=True)
    assert inline.texts() == ["The first sentence.", "A new answer."]
    assert len(inline.sound(2)) > 0


def test_a_hoarse_voice_is_told_once_and_the_words_still_show(inline: Stage) -> None:
    inline.engine.fail_on = "bad"
    inline.speaker.say(1, "A bad start. Also bad. All good.", final=True)
    assert [event for event in inline.events if isinstance(event, Failed)] == [
        Failed("The voice is hoarse.", "Drink tea.")
    ]
    assert "".join(inline.texts()) == "A bad start. Also bad. All good."
    assert inline.engine.spoken == ["All good."]
    assert inline.events[-1] == UtteranceEnded(1, len(inline.sound(1)))


def test_any_fault_of_an_engine_leaves_the_speaker_alive(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.engine, "synthesize", lambda *_: 1 / 0)
    stage.speaker.say(1, "Boom.", final=True)
    stage.wait_ended(1)
    monkeypatch.undo()
    stage.speaker.say(2, "Better.", final=True)
    stage.wait_ended(2)
    assert len(stage.sound(2)) > 0


def test_each_persona_speaks_in_its_own_voice(inline: Stage) -> None:
    inline.speaker.say(1, "Hello.", final=True)
    inline.speaker.set_voice(HAL)
    inline.speaker.say(2, "Hello.", final=True)
    assert inline.engine.spoken == ["Hello.", "Hello."]


def test_without_an_engine_the_words_are_shown_in_silence(tmp_path: Path) -> None:
    events: list[AnyEvent] = []
    speaker = Speaker(None, VoiceCache(tmp_path, 1), events.append, inline=True)
    speaker.prefetch([PrefetchLine("Hello.", JARVIS)])
    speaker.say(1, "Hello there.", final=True)
    assert events == [AgentText(1, "Hello there.", 0, 0), UtteranceEnded(1, 0)]


def test_closing_in_the_middle_leaves_no_thread(stage: Stage) -> None:
    stage.engine.hang_on = "long"
    stage.speaker.say(1, "A long story.", final=True)
    assert stage.engine.hanging.wait(20)
    stage.speaker.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("voice-") and t.is_alive()]
    stage.speaker.say(2, "Too late.", final=True)
    assert stage.texts() == []
