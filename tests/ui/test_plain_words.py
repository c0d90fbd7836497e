"""What goes on, in words that a stranger understands."""

from __future__ import annotations

import pytest

from assistant.calls.parser import Origin, ToolCall
from assistant.session.events import MemoryRecalled, StateChanged, StillThinking
from assistant.tools.registry import ToolResult
from assistant.ui.model import StatusModel
from assistant.ui.plain_words import (
    Chips,
    model_name,
    sparkline,
    thinking_text,
    tool_chip,
    ways_told,
    who_answers,
)
from tests.ui.remembered import recalled


@pytest.mark.parametrize(
    ("brain", "backend", "told"),
    [
        ("scripted", "cascade", "prepared answers, no language model"),
        ("qwen3-1.7b · own server", "cascade", "Qwen3 1.7B on this machine"),
        ("llama3.2:3b · Ollama", "cascade", "Llama3.2 3B by Ollama"),
        ("gpt-oss · api.example.org", "cascade", "Gpt Oss by api.example.org"),
        ("", "moshi-torch", "Moshi on this machine"),
        ("", "moshi-server", "Moshi on a server"),
    ],
)
def test_who_answers_is_told_in_words(brain: str, backend: str, told: str) -> None:
    assert who_answers(brain, backend)[0] == told


def test_nobody_is_named_before_it_is_known_who_answers() -> None:
    assert who_answers("", "cascade") == ()


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
    assert (chip.text, chip.memory) == (
        "remembered: your cat is called Pixel",
        "your cat is called Pixel",
    )


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
