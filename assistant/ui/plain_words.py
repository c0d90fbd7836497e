"""What goes on, in words that a stranger understands: who answers, what listens, what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from assistant.calls.parser import ToolCall
from assistant.frames import AgentState
from assistant.language.person import second_person
from assistant.memory.base import Found, Memory
from assistant.session.events import (
    FeelingHeard,
    MemoryKept,
    MemoryRecalled,
    SessionEvent,
    TimerRang,
    ToolFinished,
    TurnForClient,
)
from assistant.tools.registry import ToolResult
from assistant.ui.conversation import ChipEntry
from assistant.ui.fitting import as_json, shortened
from assistant.ui.model import StatusModel

SCRIPTED = ("scripted", "scripted persona")
"""Labels of the brain that has no language model."""
ITSELF = "the model itself"
"""The label of a backend that needs nobody else to answer."""
_ECHO = "echo"
"""The backend that says back what it hears."""
_OWN_SERVER = "own server"

STATES: Mapping[AgentState, str] = {
    "initializing": "starting",
    "idle": "waiting for you",
    "listening": "listening to you",
    "thinking": "thinking",
    "speaking": "speaking",
}
"""What it does."""


def who_answers(brain: str, backend: str) -> tuple[str, ...]:
    """From the longest to the shortest wording; empty where that is not known yet.

    `brain` is a brain's label ("qwen3-1.7b · own server"), `backend` a backend's name.
    """
    if brain in SCRIPTED:
        return ("prepared answers, no language model", "prepared answers")
    if brain == ITSELF:
        return _by_itself(backend)
    if brain:
        model, _, place = brain.partition(" · ")
        if place == _OWN_SERVER:
            return (f"{model_name(model)} on this machine", model_name(model))
        if place:
            return (f"{model_name(model)} by {place}", model_name(model))
        return (model_name(model),)
    return _by_itself(backend) if backend.startswith("moshi-") else ()


def _by_itself(backend: str) -> tuple[str, ...]:
    """Who answers where what hears and speaks needs nobody else for it."""
    if backend == _ECHO:
        return ("echo: says back what it hears, answers nothing", "echo: answers nothing", "echo")
    if backend.startswith("moshi-server"):
        return ("Moshi on a server", "Moshi")
    if backend.startswith("moshi-"):
        return ("Moshi on this machine", "Moshi")
    return (f"{model_name(backend)} answers by itself", model_name(backend)) if backend else ()


def has_model(status: StatusModel) -> bool:
    """Whether somebody answers who can talk about anything."""
    if status.brain == ITSELF:
        return status.backend != _ECHO
    return status.brain not in ("", *SCRIPTED) or status.backend.startswith("moshi-")


def going_on(status: StatusModel) -> str:
    """What going on with an earlier conversation means, where it is less than one might think; ""
    where whoever answers knows what was said then."""
    if status.brain != ITSELF and not status.backend.startswith("moshi-"):
        return ""
    if status.backend == _ECHO:
        return "The echo answers nothing: going on only shows again what was said."
    name = who_answers(ITSELF, status.backend)[-1] if status.backend else "The model"
    return (
        f"{name} answers by itself and is not told what was said then: going on shows it again, "
        "and what is remembered of you counts as ever. A language model would be told."
    )


def model_name(model: str) -> str:
    """As people write it: "qwen3-1.7b" is "Qwen3 1.7B"."""
    words = re.split(r"[-:_ ]+", model.strip())
    return " ".join(_word(word) for word in words if word)


def _word(word: str) -> str:
    if re.fullmatch(r"\d+(?:\.\d+)?[bm]", word):
        return word.upper()
    return word[:1].upper() + word[1:] if word[:1].islower() and word.isascii() else word


_BARS = "▁▂▃▄▅▆▇█"


def sparkline(seconds: Sequence[float]) -> str:
    """One bar a value, the tallest for the slowest; "" for none."""
    top = max(seconds, default=0.0)
    if top <= 0:
        return _BARS[0] * len(seconds)
    return "".join(_BARS[min(7, round(7 * max(0.0, each) / top))] for each in seconds)


def echo_trouble(echo: str) -> tuple[str, ...]:
    """What is to be told of the assistant hearing itself; empty where all is well.

    `echo` is what the audio front end says: "guarded" while it is not sure yet.
    """
    if echo != "guarded":
        return ()
    return (
        "only “stop” interrupts it until it knows your room; with headphones anything does",
        "only “stop” interrupts it until it knows your room",
        "only “stop” interrupts it for now",
    )


# Feelings: a quiet mark beside the user's turn, and why.


def feeling_sign(event: FeelingHeard) -> str:
    """The mark: a guess, so quietly."""
    return f"~ {event.kind or 'a raised voice'}"


def feeling_reason(event: FeelingHeard) -> str:
    """What it was taken from, and what to do where it is wrong."""
    if event.kind is None:
        return "Your voice was louder than usual. If that means nothing: “I am not angry”."
    why = "; ".join(event.cues) or "how you said it"
    return (
        f"You seemed {event.kind} because of this: {why}. It is a guess; where it is wrong, say "
        f"“I am not {event.kind}”."
    )


# Tools: what they did, in a few words.

_ANSWERS = frozenset(
    (
        "current_time", "list_themes", "recall", "what_do_you_know_about_me", "flip_coin",
        "throw_dice", "random_number", "choose_one", "count", "spell", "what_the_user_said",
        "what_was_talked_about", "days_until", "day_of", "time_in", "convert", "percentage",
        "read_list", "show_timers", "about_yourself", "repeat", "stop", "stop_ringing",
    )
)  # fmt: skip
"""Tools whose result is what is said: a chip beside it would say it twice."""
_SHOWN_OTHERWISE = frozenset({"change_theme"})
_TIMERS = frozenset(
    ("set_timer", "set_timers", "correct_timer", "extend_timer", "snooze", "cancel_timer")
)
_LETTERS = 160


def tool_chip(result: ToolResult) -> ChipEntry | None:
    """What a tool has done; None where the conversation shows it anyway."""
    call = result.call
    name = call.name
    if not result.ok:
        return ChipEntry("✗", "$error", f"{doing(call)}: {_short(result.content)}")
    asked_by_model = call.origin == "model"
    if name in _SHOWN_OTHERWISE or (name in _ANSWERS and not asked_by_model):
        return None
    if name == "remember":
        text = _short(result.content)
        return _of_memory(f"remembered: {text}", text)
    if name == "forget":
        return ChipEntry("◇", "$secondary", f"forgetting: {_short(result.content)}")
    if name in _TIMERS:
        return ChipEntry("◷", "$accent", _short(result.content))
    return ChipEntry("▸", "$accent", f"{doing(call)}: {_short(result.content)}".rstrip(": "))


_PLAIN = {"change_theme": "change persona"}
"""Tools that are called otherwise everywhere but where a model sees them."""


def doing(call: ToolCall) -> str:
    """The name of a tool as words: "set volume"."""
    name = _PLAIN.get(call.name, call.name)
    return shortened(" ".join(name.replace("_", " ").split()), 60)


def asked(call: ToolCall) -> str:
    """The call in words: "set volume (percent: 30)"."""
    arguments = ", ".join(
        f"{name.replace('_', ' ')}: {shortened(as_json(value), 40)}"
        for name, value in call.arguments.items()
    )
    return f"{doing(call)} ({arguments})" if arguments else doing(call)


def _short(text: str) -> str:
    return shortened(" ".join(text.split()), _LETTERS)


class Chips:
    """Which events become chips between the turns, each thing once."""

    def __init__(self) -> None:
        self._recalled: set[str] = set()
        """Ids of memories that were told already."""
        self._kept: set[str] = set()
        """What was told to be remembered, without regard to case."""

    def of(self, event: SessionEvent) -> list[ChipEntry]:
        """Those that this event makes."""
        match event:
            case ToolFinished(result=result):
                chip = tool_chip(result)
                return [chip] if chip is not None and self._is_news(chip) else []
            case MemoryKept(memory=memory, asked=asked):
                self._recalled.add(memory.id)
                chip = _kept(memory)
                # What was asked for is told by the tool that keeps it.
                return [] if asked or not self._is_news(chip) else [chip]
            case MemoryRecalled(found=found):
                news = [each for each in found if each.id not in self._recalled]
                self._recalled.update(each.id for each in news)
                return [_recalled(each) for each in news[:RECALLED_SHOWN]]
            case TurnForClient(side=side, client=client):
                told = f"{client} says" if side == "assistant" else f"told to {client}"
                return [ChipEntry("»", "$accent", _short(told))]
            case TimerRang(text=text):
                return [ChipEntry("♪", "$accent", _short(text))]
        return []

    def _is_news(self, chip: ChipEntry) -> bool:
        """False where the same memory was told to be kept: the user told it, and a model keeps it
        once more."""
        if chip.sign != _MEMORY:
            return True
        told = chip.text.casefold().rstrip(".")
        known = told in self._kept
        self._kept.add(told)
        return not known


def ways_told(text: str) -> list[str]:
    """A memory as it is kept ("Ada's parrot is called Picasso.") and as it is told to the user
    ("your parrot is called Picasso"), without the full stop."""
    who = text.partition(" ")[0].removesuffix("'s").removesuffix("’s")
    told = (text, second_person(text), second_person(text, who))
    return list(dict.fromkeys(each.strip().rstrip(".") for each in told if each.strip(" .")))


_MEMORY = "◆"
_GUESSED = 0.5
"""Confidence below which a memory is a guess."""
RECALLED_SHOWN = 2
"""Memories that one turn brings into sight."""


def _kept(memory: Memory) -> ChipEntry:
    word = "remembered" if memory.confidence >= _GUESSED else "remembered, as a guess"
    return _of_memory(f"{word}: {_to_the_user(memory.text)}", memory.id)


def _of_memory(text: str, at: str) -> ChipEntry:
    """One that opens the memory: `at` is its id, or its words."""
    return ChipEntry(_MEMORY, "$secondary", text, f"app.show_memory({at!r})")


def _to_the_user(text: str) -> str:
    """A memory as a part of a sentence: "your parrot is called Picasso"."""
    told = second_person(text).rstrip(".")
    return _short(told[:1].lower() + told[1:] if re.match(r"You(r|rs)?\b", told) else told)


def _recalled(found: Found) -> ChipEntry:
    text = _to_the_user(found.text) if found.memory else f"“{_short(found.text)}”"
    return _of_memory(f"recalled: {text}", found.id)


_WAITS = {
    "thinking": "{name} is thinking",
    "loading": "the language model is being loaded",
    "waiting": "the language model is busy",
}


def thinking_text(status: StatusModel, name: str) -> str:
    """Who thinks, and for how long; "" where nobody does."""
    if status.state != "thinking" or status.paused is not None:
        return ""
    doing, _, seconds = (status.waiting or "thinking").partition(" … ")
    words = _WAITS.get(doing, _WAITS["thinking"]).format(name=name)
    return f"{words} {seconds}".rstrip()
