"""What goes on, in words that a stranger understands: who answers, what listens, what is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.calls.parser import ToolCall
from assistant.language.person import second_person
from assistant.memory.base import Found
from assistant.session.events import (
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
_OWN_SERVER = "own server"


def who_answers(brain: str, backend: str) -> tuple[str, ...]:
    """From the longest to the shortest wording; empty where that is not known yet.

    `brain` is a brain's label ("qwen3-1.7b · own server"), `backend` a backend's name.
    """
    if brain in SCRIPTED:
        return ("prepared answers, no language model", "prepared answers")
    if brain:
        model, _, place = brain.partition(" · ")
        if place == _OWN_SERVER:
            return (f"{model_name(model)} on this machine", model_name(model))
        if place:
            return (f"{model_name(model)} by {place}", model_name(model))
        return (model_name(model),)
    if backend.startswith("moshi-server"):
        return ("Moshi on a server", "Moshi")
    if backend.startswith("moshi-"):
        return ("Moshi on this machine", "Moshi")
    return ()


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
        return ChipEntry("◆", "$secondary", f"remembered: {text}", text, "app.open_chip")
    if name == "forget":
        return ChipEntry("◇", "$secondary", f"forgetting: {_short(result.content)}")
    if name in _TIMERS:
        return ChipEntry("◷", "$accent", _short(result.content))
    return ChipEntry("▸", "$accent", f"{doing(call)}: {_short(result.content)}".rstrip(": "))


def doing(call: ToolCall) -> str:
    """The name of a tool as words: "set volume"."""
    return shortened(" ".join(call.name.replace("_", " ").split()), 60)


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

    def of(self, event: SessionEvent) -> list[ChipEntry]:
        """Those that this event makes."""
        match event:
            case ToolFinished(result=result):
                chip = tool_chip(result)
                return [chip] if chip is not None else []
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


def ways_told(text: str) -> list[str]:
    """A memory as it is kept ("Ada's parrot is called Picasso.") and as it is told to the user
    ("your parrot is called Picasso"), without the full stop."""
    who = text.partition(" ")[0].removesuffix("'s").removesuffix("’s")
    told = (text, second_person(text), second_person(text, who))
    return list(dict.fromkeys(each.strip().rstrip(".") for each in told if each.strip(" .")))


RECALLED_SHOWN = 2
"""Memories that one turn brings into sight."""


def _recalled(found: Found) -> ChipEntry:
    text = second_person(found.text) if found.memory else f"“{found.text}”"
    return ChipEntry("◆", "$secondary", f"recalled: {_short(text)}", found.id, "app.open_chip")


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
