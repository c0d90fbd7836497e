"""Intents: what the user's words ask for, where they ask for a tool: "change to GLaDOS", "louder,
please".

Strict on the pattern, fuzzy on the names: after the verb there must be a name and nothing else but
politeness, so that "change the glass doors" is a sentence about doors. Used by the session on
every final transcript and typed line, and by the recogniser to know whether a turn is complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from assistant.frames import SpokenNames
from assistant.language.command_patterns import NOUN, SpokenCommand, is_whole_request, phrase_call
from assistant.language.lexicon import (
    COURTESIES_AFTER,
    DETERMINERS,
    HESITATION,
    LEAD_INS,
    phrase_set,
)
from assistant.language.spoken_names import NameIndex, NameMatch, words

ACT = 0.93
"""Score of a name from which a command is obeyed without asking."""
ASK = 0.74
"""Score from which it is worth asking "Did you mean …?"."""


_LONGEST = 14
"""Words in the longest command; whoever says more is telling something."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Exactly one of the two is set."""

    call: SpokenCommand | None = None
    ask: str | None = None
    """Slug of the persona that the user may have meant: ask before changing."""


@dataclass(frozen=True, slots=True)
class NameCommand:
    """A sentence that asks for a persona, with the words that stand where the name should."""

    phrase: list[str]
    explicit: bool
    """The verb can hardly mean anything else ("change theme to", "become")."""

    @property
    def is_thing(self) -> bool:
        """Whether an article makes it a thing rather than a name: "the kit"."""
        return self.phrase[0] in DETERMINERS


_LEAD = re.compile(
    rf"^(?:and you|{LEAD_INS}|{HESITATION}|please|hi|hello|just|alright|all right|good|maybe"
    r"|quickly|(?:can|could|would|will) (?:you|i|we)(?: be so kind(?: as)? (?:to|and))?"
    r"|may i|might i|would you mind|i (?:want|wanted|need|would like|would love|would prefer|wish)"
    r"(?: you)? to|i would rather|let us|let me|go ahead(?: and)?|you (?:can|should|could|may)"
    r"|i think you should|it is time to|time to|do|try to|if you|want to|lee|lead|leave|peas) "
)
_TAIL = re.compile(
    rf" (?:{COURTESIES_AFTER}|please|instead|right away|at once|immediately"
    r"|if you (?:would|will|please)|for a (?:while|bit|moment|change|minute)|this time|next"
    r"|already)$"
)
_NAMED = r"(?P<name>\S+?(?: \S+?){0,5}?)"
_THE_X_THEME = rf"(?:the (?=\S+(?: \S+){{0,2}} {NOUN}$))?"

_EXPLICIT = re.compile(
    r"(?:"
    rf"(?:change|switch|swap|shift|transform|morph|convert|turn|set)(?: over| back| yourself)?"
    rf"(?: (?:the |your |my |this )?(?:current )?{NOUN})(?: over| back)?(?: (?:to|into|2))?"
    r"|(?:change|switch|swap|shift|transform|morph)(?: over| back| yourself| it)?"
    r" (?:to|into|over to|back to|2)"
    r"|(?:turn|transform|morph|change)(?: yourself)? into"
    r"|become|go back to"
    rf"|(?:load|activate|use|select|choose|give me|put on|bring up|start|i want)"
    rf" (?:the )?{NOUN}"
    rf"|{NOUN}"
    rf") {_THE_X_THEME}{_NAMED}(?: {NOUN})?"
)
_LOOSE = re.compile(
    r"(?:"
    r"(?:talk|speak|chat) (?:to|with)"
    r"|(?:load|activate|enable|launch|summon|select|choose|pick|engage|start|use)(?: up)?"
    r"|bring (?:up|back|in|me)|give me|get me|put on|wake up|be"
    rf") {_THE_X_THEME}{_NAMED}(?: {NOUN})?"
)
_MISHEARD = re.compile(
    r"(?:"
    r"(?:change|changed|changes|switch|switched) (?:steam|stem|team|teams|them|seem|scene|stream)"
    rf" to|(?:change(?:d|s)?|switch) to (?:the )?{NOUN} to|(?:which|witch) {NOUN} to"
    r"|(?:chain|chains|changed|changes|which|witch|switched) (?:to|into)"
    r"|(?:be|he|but|you|we|bee) come|at (?:one|once) to (?:talk|speak) (?:to|with)"
    r"|(?:glad|led|lad) (?:we|me) (?:talk|speak) (?:to|with)|(?:but|button) on|turned into"
    rf") {_NAMED}"
)
"""What recognition makes of the verbs; believed only before an exact name."""
_SPLIT = re.compile(rf"(?:bring|put|load|wake) {_NAMED} (?:up|on|back)")
_PATTERNS = ((_EXPLICIT, True), (_LOOSE, False), (_SPLIT, False), (_MISHEARD, False))

_YES = phrase_set(
    "yes|yeah|yep|yup|yes please|sure|of course|okay|right|correct|exactly|please|please do|do it"
    "|that is right|that is it|that is the one|i did|i do|yes i did|yes i do|yes that one|indeed"
    "|absolutely|definitely|go ahead|affirmative|certainly|yes sure|yes exactly|why not"
)


def is_yes(text: str) -> bool:
    """Whether the words are a plain yes."""
    return " ".join(words(text)) in _YES


class IntentRouter:
    """Finds the tool that a person asks for in words. Cheap: well under a millisecond a text."""

    def __init__(
        self,
        names: list[SpokenNames],
        further: Callable[[str], SpokenCommand | None] = lambda text: None,
    ) -> None:
        """`further(text)` knows requests that are read from the words as they came."""
        self.index = NameIndex(names)
        self._further = further

    def route(self, text: str, prompted: str | None = None) -> Intent | None:
        """The intent of the user's words; None where they ask for no tool.

        `prompted` is the recogniser's second decode, made with the names in mind where it was not
        sure of a name. When it is there, a name that is not exact in `text` is never acted on,
        and a name that only the second decode has is asked about.
        """
        intent = self._of_whole(text, fuzzy=prompted is None)
        if intent is None:
            intent = self._of_last_sentence(text)
        if intent is None and (call := self._further(text)) is not None:
            intent = Intent(call)
        if intent is not None or prompted is None:
            return intent
        second = self._of_whole(prompted, fuzzy=False)
        if second is None or second.call is None or second.call.name != "change_theme":
            return None
        match = self.index.exact(words(second.call.arguments["persona_name"]))
        return None if match is None else Intent(ask=match.slug)

    def is_complete_command(self, text: str) -> bool:
        """Whether these words are a whole command, or ask a skill for something to which nothing
        can be added, so that a turn may end early."""
        intent = self._of_whole(text, fuzzy=True)
        if intent is not None:
            return intent.call is not None
        return any(is_whole_request(step) for step in self._steps(text))

    def is_stop(self, text: str) -> bool:
        """Whether these words ask for silence, and for nothing else."""
        intent = self._of_whole(text, fuzzy=False)
        return intent is not None and intent.call is not None and intent.call.name == "stop"

    def name_command(self, text: str) -> NameCommand | None:
        """The words that stand where a persona's name should, if the pattern is a command's."""
        steps = self._steps(text)
        return _name_command(steps[-1]) if steps else None

    def match(self, command: NameCommand) -> NameMatch | None:
        """The persona that is named best."""
        ranked = self.index.ranked(command.phrase)
        return ranked[0] if ranked else None

    def _of_whole(self, text: str, *, fuzzy: bool) -> Intent | None:
        steps = self._steps(text)
        for stripped in steps:
            call = phrase_call(stripped)
            if call is not None:
                return Intent(call)
        command = _name_command(steps[-1]) if steps else None
        match = self.match(command) if command is not None else None
        if command is None or match is None:
            return None
        if match.exact or (fuzzy and command.explicit and match.score >= ACT):
            return Intent(SpokenCommand("change_theme", {"persona_name": match.name}))
        if fuzzy and match.score >= (ASK if command.explicit else ACT):
            return Intent(ask=match.slug)
        return None

    def _of_last_sentence(self, text: str) -> Intent | None:
        """ "I am bored. Change to GLaDOS." – the last sentence alone, if its name is exact."""
        sentences = [s for s in re.split(r"[.!?]+(?:\s+|$)", text.strip()) if s]
        if len(sentences) < 2:
            return None
        intent = self._of_whole(sentences[-1], fuzzy=False)
        if intent is None or intent.call is None:
            return None
        repeated = all(words(s) == words(sentences[-1]) for s in sentences)
        return intent if repeated or intent.call.name == "change_theme" else None

    def _steps(self, text: str) -> list[str]:
        """`_stripped`, of words that are few enough to be a command; else nothing."""
        tokens = words(text)
        return self._stripped(tokens) if 0 < len(tokens) <= _LONGEST else []

    def _stripped(self, tokens: list[str]) -> list[str]:
        """The words with less and less politeness around them, down to the bare command.

        A persona's name that is only an address ("JARVIS, change to GLaDOS") goes as well.
        """
        steps = [" ".join(tokens)]
        while True:
            text = steps[-1]
            shorter = self._without_address(_LEAD.sub("", text, count=1))
            if shorter == text:
                shorter = _TAIL.sub("", text)
            if shorter == text:
                return steps
            steps.append(shorter)

    def _without_address(self, text: str) -> str:
        tokens = text.split()
        for length in range(min(3, len(tokens) - 2), 0, -1):
            if self.index.exact(tokens[:length]) is not None:
                return " ".join(tokens[length:])
        return text


def _name_command(core: str) -> NameCommand | None:
    for pattern, explicit in _PATTERNS:
        match = pattern.fullmatch(core)
        if match is not None:
            return NameCommand(match["name"].split(), explicit)
    return None
