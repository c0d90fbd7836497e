"""Every key of the dashboard, and the check of a user's own.

The list below is the only place that names a key: footer, help and palette are made from it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol, cast

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher
from textual.keys import Keys
from textual.types import IgnoreReturnCallbackType

from assistant.brain.base import BrainChoice
from assistant.session.frontend import SessionFrontend
from assistant.ui.fitting import one_line

NUMBERED = 9
"""How many personas have a digit of their own."""

_MODIFIERS = {"ctrl", "shift", "alt", "super", "meta", "hyper"}
_NAMED = {key.value for key in Keys} | {"space", "enter", "escape", "tab", "backspace"}


def _digit(number: int) -> Binding:
    return Binding(
        str(number),
        f"persona_number({number})",
        f"Persona {number}",
        show=False,
        tooltip=f"Talk with persona number {number} of the picker",
        id=f"persona.{number}",
    )


BINDINGS: list[Binding] = [
    Binding("space", "toggle_microphone", "Mic", id="microphone.toggle",
            tooltip="Mute or unmute; with push-to-talk, start and end talking"),
    Binding("i,escape", "interrupt", "Stop", id="speech.interrupt",
            tooltip="Stop the assistant speaking or thinking now"),
    Binding("slash", "focus_prompt", "Type", id="prompt.focus",
            tooltip="Type instead of speaking; escape leaves the line"),
    Binding("p", "pick_persona", "Personas", id="persona.pick",
            tooltip="Choose a persona, with a preview of its colours as you move"),
    Binding("n", "step_persona(1)", "Next", id="persona.next", tooltip="Next persona"),
    Binding("N", "step_persona(-1)", "Previous", show=False, id="persona.previous",
            tooltip="Previous persona"),
    Binding("r", "repeat", "Repeat", id="speech.repeat", tooltip="Say the last answer again"),
    Binding("h", "show_history", "Earlier", id="conversation.history",
            tooltip="Earlier conversations: read them, search them, go on with one"),
    Binding("d", "pick_devices", "Devices", id="devices.pick",
            tooltip="Choose microphone and speaker, see the level, play a test sound"),
    Binding("b", "pick_brain", "Who answers", show=False, id="brain.pick",
            tooltip="Choose who answers: a server of yours, our own model, prepared answers"),
    Binding("m", "show_memory", "Memory", id="memory.show",
            tooltip="See, search, correct and forget what is remembered of you"),
    Binding("a", "toggle_activity", "What happened", id="view.activity",
            tooltip="Show or hide what happened behind the conversation"),
    Binding("w", "show_trace", "Times", show=False, id="view.times",
            tooltip="Where the time of the last answer went"),
    Binding("t", "toggle_push_to_talk", "Push-to-talk", show=False, id="microphone.mode",
            tooltip="Switch between open microphone and push-to-talk"),
    Binding("plus,equals_sign", "change_volume(0.1)", "Louder", show=False, id="speech.louder",
            tooltip="Raise the assistant's volume by 10 %"),
    Binding("minus", "change_volume(-0.1)", "Quieter", show=False, id="speech.quieter",
            tooltip="Lower the assistant's volume by 10 %"),
    Binding("greater_than_sign", "change_rate(0.1)", "Faster", show=False, id="speech.faster",
            tooltip="Speak faster"),
    Binding("less_than_sign", "change_rate(-0.1)", "Slower", show=False, id="speech.slower",
            tooltip="Speak slower"),
    Binding("up", "select_turn(-1)", "Turn before", show=False, id="turn.up",
            tooltip="Choose the turn before"),
    Binding("down", "select_turn(1)", "Turn after", show=False, id="turn.down",
            tooltip="Choose the turn after"),
    Binding("enter", "open_chosen", "Open", show=False, id="turn.open",
            tooltip="Open the chosen memory, or tell why a turn is marked ~ (or the last of them)"),
    Binding("y", "copy_turn", "Copy", show=False, id="turn.copy",
            tooltip="Copy the chosen turn, or the last answer"),
    Binding("Y", "copy_conversation", "Copy all", show=False, id="conversation.copy",
            tooltip="Copy the whole conversation"),
    Binding("ctrl+s", "save_conversation", "Save", show=False, id="conversation.save",
            tooltip="Save the conversation as Markdown"),
    Binding("ctrl+f", "find", "Search", show=False, priority=True, id="conversation.find",
            tooltip="Search in this conversation"),
    Binding("pageup", "scroll_conversation(-1)", "Scroll up", show=False, id="view.up",
            tooltip="Earlier in the conversation"),
    Binding("pagedown", "scroll_conversation(1)", "Scroll down", show=False, id="view.down",
            tooltip="Later in the conversation"),
    *[_digit(number) for number in range(1, NUMBERED + 1)],
    Binding("ctrl+p", "command_palette", "Palette", id="palette", priority=True,
            tooltip="Search all actions and personas"),
    Binding("question_mark", "help", "Help", id="help", tooltip="What you can say, and all keys"),
    Binding("v", "tour", "Tour", show=False, id="tour", tooltip="A tour of two minutes"),
    Binding("q", "quit", "Quit", id="quit", tooltip="End the conversation; it is saved"),
    Binding("ctrl+c", "copy_or_stop", "Copy, stop or quit", show=False, priority=True, id="break",
            tooltip="Copy what is selected; else stop the assistant; else quit"),
]  # fmt: skip

KEPT_LONGEST = ("help", "quit", "microphone.toggle", "prompt.focus", "speech.interrupt")
"""Ids of what the footer still shows when there is little room, most important first."""


def check_keymap(
    wanted: Mapping[str, str], bindings: Iterable[Binding] = BINDINGS
) -> tuple[dict[str, str], list[str]]:
    """The usable part of a user's keymap, and one line for each entry that is not.

    An entry is refused where the action is unknown, a key has no such name, or the key already
    does something else.
    """
    defaults = {binding.id: binding.key for binding in bindings if binding.id}
    usable: dict[str, str] = {}
    problems: list[str] = []
    for action, keys in wanted.items():
        if action not in defaults:
            problems.append(f"{action}: no such action; ? lists them")
            continue
        parts = [_named(part.strip()) for part in keys.split(",") if part.strip()]
        unknown = [part for part in parts if not _is_key(part)]
        if unknown or not parts:
            problems.append(f"{action}: {', '.join(unknown) or 'nothing'} is not a key")
            continue
        usable[action] = ",".join(parts)
    taken: dict[str, str] = {}
    for action, keys in defaults.items():
        if action not in usable:
            taken.update((_named(key), action) for key in keys.split(","))
    for action in list(usable):
        clash = next((key for key in usable[action].split(",") if key in taken), None)
        if clash is None:
            taken.update((key, action) for key in usable[action].split(","))
        else:
            problems.append(f"{action}: {clash} already means {taken[clash]}")
            del usable[action]
    return usable, problems


def _named(key: str) -> str:
    """Textual's name of a key: "?" is "question_mark"."""
    *modifiers, last = key.split("+") if len(key) > 1 else (key,)
    if len(last) == 1 and not last.isalnum():
        last = unicodedata.name(last, last).lower().replace(" ", "_").replace("-", "_")
        last = {"solidus": "slash", "hyphen_minus": "minus", "plus_sign": "plus"}.get(last, last)
    return "+".join([*modifiers, last])


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+")
    if not set(modifiers) <= _MODIFIERS:
        return False
    if len(last) == 1 or last in _NAMED:
        return True
    try:
        unicodedata.lookup(last.replace("_", " ").upper())
    except KeyError:
        return last in {"slash", "minus", "plus"}
    return True


# The palette: every action that has a key, every persona, and every brain.

_NOT_OFFERED = ("palette", "break")
"""Ids of actions that mean nothing inside the palette."""


class Offering(Protocol):
    """The app whose palette this is."""

    @property
    def session(self) -> SessionFrontend: ...

    def choose_persona(self, slug: str) -> None: ...

    def choose_brain(self, name: str) -> None: ...

    async def brains(self) -> list[BrainChoice]: ...

    def bindings_in_force(self) -> Sequence[tuple[str, Binding]]: ...

    def get_key_display(self, binding: Binding) -> str: ...

    async def run_action(self, action: str) -> bool: ...


class _Offer(NamedTuple):
    name: str
    help: str
    run: IgnoreReturnCallbackType


class AssistantCommands(Provider):
    """Actions with their keys first, then "Talk with …" and "Answer with …"."""

    _brains: Sequence[BrainChoice] = ()

    async def startup(self) -> None:
        self._brains = await cast("Offering", self.app).brains()

    async def discover(self) -> Hits:
        for offer in self._offers():
            yield DiscoveryHit(Content(offer.name), offer.run, offer.name, _literally(offer.help))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for offer in self._offers():
            score = matcher.match(offer.name)
            if score > 0:
                shown = _highlighted(matcher, offer.name)
                yield Hit(score, shown, offer.run, offer.name, _literally(offer.help))

    def _offers(self) -> Iterator[_Offer]:
        app = cast("Offering", self.app)
        seen: set[str] = set()
        for _, binding in app.bindings_in_force():
            if binding.id in seen or not binding.id or binding.id in _NOT_OFFERED:
                continue
            seen.add(binding.id)
            if binding.id.startswith("persona.") and binding.id[-1].isdigit():
                continue
            yield _Offer(
                f"{binding.description} ({app.get_key_display(binding)})",
                binding.tooltip,
                partial(app.run_action, binding.action),
            )
        for persona in app.session.personas():
            yield _Offer(
                f"Talk with {one_line(persona.name)}",
                one_line(persona.summary),
                partial(app.choose_persona, persona.slug),
            )
        for brain in self._brains:
            if not brain.in_use:
                yield _Offer(
                    f"Answer with {one_line(brain.label)}",
                    one_line(brain.about),
                    partial(app.choose_brain, brain.name),
                )


def _highlighted(matcher: Matcher, name: str) -> Content:
    """As `Matcher.highlight`, which reads markup in the name."""
    content = Content(name)
    _, offsets = matcher.fuzzy_search.match(matcher.query, name)
    for offset in offsets:
        if not name[offset].isspace():
            content = content.stylize(matcher.match_style, offset, offset + 1)
    return content


def _literally(text: str) -> str:
    """The palette reads markup in a help text, but takes content as it is; no way of escaping
    markup gives every text back."""
    return cast("str", Content(text))
