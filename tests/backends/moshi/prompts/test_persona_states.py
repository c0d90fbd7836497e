"""Personas as states of the model: prepared beside the conversation, put back in a moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.backends.base import BackendError
from assistant.backends.moshi.contract import Codes, Sampling
from assistant.backends.moshi.prompts.prompting import SILENCE
from assistant.backends.moshi.stepping import SWAP_WAIT
from assistant.frames import FIRST_OWN_UTTERANCE, Failed, Prefilled
from tests.backends.moshi.fake_engine import FakeTokenizer, Studio, persona

JARVIS = persona("jarvis", "You are a butler who knows everything about tea.")
GLADOS = persona("glados", "You run a laboratory and bake cakes.", temperature=0.5)


@pytest.fixture
def studio() -> Studio:
    return Studio(kind="personaplex")


def known(tokenizer: FakeTokenizer, text: str) -> tuple[int, ...]:
    return tuple(tokenizer.encode(text))


def test_a_persona_is_its_prompt_in_the_model(studio: Studio) -> None:
    studio.backend.change_persona(JARVIS)
    studio.push(1)
    wanted = f"<system> {JARVIS.text} <system>"
    assert studio.model.knows == known(studio.tokenizer, wanted)
    (ready,) = studio.of(Prefilled)
    assert (ready.slug, ready.swapped, ready.snapshots) == ("jarvis", True, 1)
    assert ready.snapshot_bytes == 1000


def test_after_a_prompt_the_first_column_still_ends_its_last_frame(studio: Studio) -> None:
    studio.backend.change_persona(JARVIS)
    studio.push(1)
    assert (studio.model.columns[-1][1:] == SILENCE[1:]).all()


def test_a_change_puts_the_snapshot_back_and_runs_nothing_again(studio: Studio) -> None:
    runs = []
    prefill = studio.model.prefill
    studio.model.prefill = lambda *args: runs.append(args) or prefill(*args)  # type: ignore
    for prompt in (JARVIS, GLADOS):
        studio.backend.prefill(prompt, swap=False)
    studio.push(30)
    assert len(runs) == 2
    assert [(e.slug, e.swapped) for e in studio.of(Prefilled)] == [
        ("jarvis", False),
        ("glados", False),
    ]
    for prompt in (GLADOS, JARVIS, GLADOS):
        studio.backend.change_persona(prompt)
        studio.push(5)
        assert studio.model.knows == known(studio.tokenizer, f"<system> {prompt.text} <system>")
    assert len(runs) == 2
    assert studio.of(Prefilled)[-1].swapped


def test_a_change_ends_what_the_old_persona_was_saying(studio: Studio) -> None:
    studio.script(2, *["▁chatter", 1] * 40)
    studio.push(12)
    heard = studio.sound().size
    studio.backend.change_persona(JARVIS)
    studio.model.script = iter(())
    studio.push(40)
    assert studio.ended() == {FIRST_OWN_UTTERANCE: heard}
    assert studio.sound().size == heard


def test_the_new_persona_introduces_itself_with_its_first_words(studio: Studio) -> None:
    studio.backend.change_persona(GLADOS)
    studio.backend.say(9, "Oh. It's you.", final=True)
    studio.push(60)
    assert studio.said() == "Oh. It's you."
    assert studio.model.steps == 60, "and every frame was heard"


def test_a_persona_brings_its_manner_unless_the_config_has_the_last_word() -> None:
    studio = Studio(kind="personaplex")
    studio.backend.change_persona(GLADOS)
    studio.push(1)
    assert studio.model.sampling[-1] == Sampling(temperature=0.5, text_temperature=0.7)
    firm = Studio(kind="moshi", options={"temperature": 0.1})
    firm.backend.change_persona(GLADOS)
    assert firm.model.sampling[-1].temperature == 0.1
    assert firm.of(Prefilled) == []


def test_a_swap_waits_for_a_pause_and_loses_no_frame(studio: Studio) -> None:
    studio.backend.change_persona(JARVIS)
    studio.push(1)
    studio.script(5, *["▁word", 2] * 20, 100)
    studio.push(20)
    studio.backend.prefill(persona("jarvis", "You are a butler. They spoke of rain."), swap=True)
    changed_at = None
    for _ in range(100):
        studio.push(1, level=0.001 * (studio.number % 5))
        if changed_at is None and "rain." in "".join(
            studio.tokenizer.piece(t) for t in studio.model.knows
        ):
            changed_at = studio.number
            assert studio.ended(), "the sentence was spoken to its end first"
    assert changed_at is not None
    assert studio.words().count(" word") == 19
    assert studio.model.steps == studio.number, "every frame was heard"
    assert [e.swapped for e in studio.of(Prefilled)] == [True, True]


def test_a_swap_waits_for_the_user_too_but_not_for_ever(studio: Studio) -> None:
    studio.backend.prefill(GLADOS, swap=True)
    studio.push(50, level=0.2)
    assert studio.model.knows == ()
    studio.push(SWAP_WAIT, level=0.2)
    assert studio.model.knows != ()


def test_a_change_by_hand_goes_before_a_swap_that_waits(studio: Studio) -> None:
    studio.backend.prefill(GLADOS, swap=True)
    studio.push(10, level=0.2)
    studio.backend.change_persona(JARVIS)
    studio.push(60)
    assert studio.model.knows == known(studio.tokenizer, f"<system> {JARVIS.text} <system>")


def test_memory_is_bounded_and_the_least_recently_used_goes() -> None:
    studio = Studio(kind="personaplex", options={"snapshot_mb": 1})
    many = [persona(f"p{n}", f"You are number {n}.") for n in range(5)]

    prefill = studio.model.prefill

    def large(prompt: Any, chunk: int) -> Any:
        made = prefill(prompt, chunk)
        take = made.snapshot
        made.snapshot = lambda: replace(take(), nbytes=400_000)
        return made

    studio.model.prefill = large  # type: ignore[method-assign]
    studio.backend.change_persona(many[0])
    studio.push(1)
    for prompt in many[1:]:
        studio.backend.prefill(prompt, swap=False)
        studio.push(10)
    last = studio.of(Prefilled)[-1]
    assert last.snapshots == 2
    assert last.snapshot_bytes == 800_000 <= 2**20
    before = len(studio.of(Prefilled))
    studio.backend.prefill(many[0], swap=False)
    studio.push(10)
    assert len(studio.of(Prefilled)) == before, "the one in use is never given away"


def test_an_edited_prompt_is_another_state(studio: Studio) -> None:
    studio.backend.change_persona(JARVIS)
    studio.push(2)
    edited = persona("jarvis", "You are a gardener.")
    studio.backend.change_persona(edited)
    studio.push(2)
    assert studio.model.knows == known(studio.tokenizer, "<system> You are a gardener. <system>")


def test_a_voice_comes_first_and_a_changed_recording_is_heard_anew(
    studio: Studio, tmp_path: Path
) -> None:
    recording = tmp_path / "voice.wav"
    recording.write_bytes(b"one")
    prompt = persona(voice_prompt=str(recording))
    for _ in range(2):
        studio.backend.change_persona(prompt)
        studio.push(2)
    assert studio.voices == [str(recording)]
    recording.write_bytes(b"another")
    studio.backend.change_persona(prompt)
    studio.push(2)
    assert len(studio.voices) == 2


def test_a_broken_voice_costs_the_voice_and_not_the_persona(studio: Studio) -> None:
    def broken(name: str) -> list[Codes]:
        raise BackendError("There is no recording x.wav.", "Name a recording.")

    assert studio.backend._personas is not None
    studio.backend._personas._load_voice = broken
    studio.backend.change_persona(persona(voice_prompt="x.wav"))
    studio.push(2)
    (failed,) = studio.of(Failed)
    assert (failed.message, failed.fatal) == ("There is no recording x.wav.", False)
    assert failed.remedy == "Name a recording."
    assert studio.model.knows != ()
    assert studio.of(Prefilled)[-1].swapped


def test_what_is_told_is_known_and_not_spoken(studio: Studio) -> None:
    studio.script(5, *["▁word", 2] * 8, 60)
    studio.push(15)
    studio.backend.inject("It rains in Leeds.")
    studio.push(5)
    assert studio.model.knows == (), "not in the middle of a sentence"
    studio.push(60)
    assert studio.model.knows == known(studio.tokenizer, "<system> It rains in Leeds. <system>")
    assert "Leeds" not in studio.said()
    assert studio.words().count(" word") == 7


def test_what_is_told_while_nobody_ever_stops_comes_between_two_words(studio: Studio) -> None:
    studio.script(*["▁word", 2] * 100)
    studio.push(15)
    studio.backend.inject("Now.")
    studio.push(100)
    assert studio.model.knows != ()


def test_too_much_to_tell_is_cut(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    studio.backend.inject("so " * 10_000)
    studio.push(60)
    assert len(studio.model.knows) == studio.model.shape.context // 4
    assert "left out" in caplog.text


def test_plain_moshi_is_told_without_ceremony() -> None:
    studio = Studio(kind="moshi")
    studio.push(20)
    studio.backend.inject("It rains.")
    studio.push(2)
    assert studio.model.knows == known(studio.tokenizer, "It rains.")
    assert not studio.backend.capabilities.text_prompt
    assert studio.backend.note
