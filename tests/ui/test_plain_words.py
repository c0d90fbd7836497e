"""What goes on, in words that a stranger understands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.calls.parser import Origin, ToolCall
from assistant.emotion.corrections import corrected
from assistant.emotion.feeling import KINDS, Kind
from assistant.session.events import (
    FeelingHeard,
    MemoryKept,
    MemoryRecalled,
    StateChanged,
    StillThinking,
    ToolFinished,
)
from assistant.tools.registry import ToolResult
from assistant.ui.model import StatusModel
from assistant.ui.plain_words import (
    Chips,
    feeling_reason,
    feeling_sign,
    going_on,
    has_model,
    model_name,
    sparkline,
    thinking_text,
    tool_chip,
    ways_told,
    who_answers,
)
from tests.ui.remembered import PARROT, evening, recalled


@pytest.mark.parametrize(
    ("brain", "backend", "told"),
    [
        ("scripted", "cascade", "prepared answers, no language model"),
        ("qwen3-1.7b · own server", "cascade", "Qwen3 1.7B on this machine"),
        ("llama3.2:3b · Ollama", "cascade", "Llama3.2 3B by Ollama"),
        ("gpt-oss · api.example.org", "cascade", "Gpt Oss by api.example.org"),
        ("", "moshi-torch", "Moshi on this machine"),
        ("", "moshi-server", "Moshi on a server"),
        ("the model itself", "moshi-mlx", "Moshi on this machine"),
        ("the model itself", "moshi-server", "Moshi on a server"),
        ("the model itself", "echo", "echo: says back what it hears, answers nothing"),
        ("the model itself", "parrot", "Parrot answers by itself"),
    ],
)
def test_who_answers_is_told_in_words(brain: str, backend: str, told: str) -> None:
    assert who_answers(brain, backend)[0] == told


def test_nobody_is_named_before_it_is_known_who_answers() -> None:
    assert who_answers("", "cascade") == ()


@pytest.mark.parametrize(
    ("brain", "backend", "so"),
    [
        ("scripted", "cascade", False),
        ("qwen3-1.7b · own server", "cascade", True),
        ("the model itself", "moshi-torch", True),
        ("the model itself", "echo", False),
        ("", "", False),
    ],
)
def test_what_only_a_model_can_is_proposed_where_there_is_one(
    brain: str, backend: str, so: bool
) -> None:
    assert has_model(StatusModel(brain=brain, backend=backend)) is so


def test_what_going_on_means_is_told_where_it_means_less() -> None:
    assert going_on(StatusModel(brain="scripted", backend="cascade")) == ""
    moshi = going_on(StatusModel(brain="the model itself", backend="moshi-mlx"))
    assert moshi.startswith("Moshi answers by itself and is not told what was said then")
    assert "answers nothing" in going_on(StatusModel(brain="the model itself", backend="echo"))


def test_a_name_that_is_none_stays_as_it_is() -> None:
    assert model_name("李明") == "李明"
    assert model_name("") == ""


def test_the_slowest_answer_is_the_tallest_bar() -> None:
    assert sparkline([0.5, 2.0, 1.0]) == "▃█▅"
    assert sparkline([0.0, 0.0]) == "▁▁"
    assert sparkline([]) == ""


def done(name: str, content: str, *, ok: bool = True, origin: Origin = "speech") -> ToolResult:
    return ToolResult(ToolCall(name, {}, "1", origin), ok, content)


def test_what_is_remembered_is_a_chip_that_opens_it() -> None:
    chip = tool_chip(done("remember", "your cat is called Pixel"))
    assert chip is not None
    assert chip.text == "remembered: your cat is called Pixel"
    assert chip.action == "app.show_memory('your cat is called Pixel')"


def test_what_is_said_aloud_anyway_makes_no_chip() -> None:
    assert tool_chip(done("convert", "16 miles")) is None
    assert tool_chip(done("change_theme", "GLaDOS")) is None


def test_what_a_model_looked_up_and_what_failed_makes_one() -> None:
    looked_up = tool_chip(done("time_in", "It is 4", origin="model"))
    failed = tool_chip(done("set_volume", "no speaker", ok=False))
    assert looked_up is not None
    assert looked_up.text == "time in: It is 4"
    assert failed is not None
    assert failed.text == "set volume: no speaker"


def test_a_memory_is_told_to_the_user_and_once() -> None:
    chips = Chips()
    (chip,) = chips.of(recalled())
    assert chip.text == "recalled: your parrot is called Picasso"
    assert chips.of(recalled()) == []
    assert chips.of(MemoryRecalled(found=())) == []


def kept(text: str = PARROT, *, asked: bool = False, confidence: float = 0.8) -> MemoryKept:
    memory = next(each for each in evening().memories if each.text == PARROT)
    return MemoryKept(memory=replace(memory, text=text, confidence=confidence), asked=asked)


def test_a_memory_that_was_kept_without_being_asked_for_is_a_chip_that_opens_it() -> None:
    (chip,) = Chips().of(kept("Your parrot is called Picasso."))
    assert chip.text == "remembered: your parrot is called Picasso"
    assert chip.action == f"app.show_memory({evening().memories[1].id!r})"


def test_a_guess_is_called_one() -> None:
    (chip,) = Chips().of(kept("You like jazz.", confidence=0.4))
    assert chip.text == "remembered, as a guess: you like jazz"


def test_what_was_asked_for_is_told_once_by_the_tool_that_keeps_it() -> None:
    chips = Chips()
    assert chips.of(kept(asked=True)) == []
    by_tool = ToolFinished(result=done("remember", "your parrot is called Picasso"))
    assert len(chips.of(by_tool)) == 1
    assert chips.of(kept()) == [], "a model keeps what the user had just told"


def test_what_was_kept_a_moment_ago_is_not_told_as_recalled() -> None:
    chips = Chips()
    chips.of(kept())
    assert chips.of(recalled()) == []


def test_why_somebody_seemed_so_is_told_with_what_to_do_where_it_is_wrong() -> None:
    event = FeelingHeard(
        turn=1, kind="frustrated", arousal=0.7, confidence=0.8,
        cues=("said “I already told you”", "a raised voice"),
    )  # fmt: skip
    assert feeling_sign(event) == "~ frustrated"
    assert feeling_reason(event) == (
        "You seemed frustrated because of this: said “I already told you”; a raised voice. "
        "It is a guess; where it is wrong, say “I am not frustrated”."
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_that_are_proposed_take_a_feeling_back(kind: Kind) -> None:
    event = FeelingHeard(turn=1, kind=kind, arousal=0.0, confidence=0.8)
    proposed = feeling_reason(event).rpartition("“")[2].removesuffix("”.")
    assert corrected(proposed, kind)


def test_so_do_those_about_a_raised_voice() -> None:
    event = FeelingHeard(turn=1, kind=None, arousal=0.9, confidence=0.8)
    assert corrected(feeling_reason(event).rpartition("“")[2].removesuffix("”."), None)


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("The user's parrot is called Picasso.", "your parrot is called Picasso"),
        ("Ada's parrot is called Picasso.", "your parrot is called Picasso"),
        ("The user swims every Tuesday.", "you swim every Tuesday"),
    ],
)
def test_a_memory_is_known_again_as_it_was_told(kept: str, told: str) -> None:
    assert kept.rstrip(".") in ways_told(kept)
    assert told in ways_told(kept)


def test_who_thinks_and_for_how_long() -> None:
    status = StatusModel(state="idle")
    assert thinking_text(status, "JARVIS") == ""
    status.apply(StateChanged(state="thinking"))
    assert thinking_text(status, "JARVIS") == "JARVIS is thinking"
    status.apply(StillThinking(doing="thinking", seconds=12.2))
    assert thinking_text(status, "JARVIS") == "JARVIS is thinking (12 s)"
    status.apply(StillThinking(doing="loading", seconds=3.0))
    assert thinking_text(status, "JARVIS") == "the language model is being loaded (3 s)"
