"""When a reader would call a memory junk.

The rules, each with the word that `junk` answers. They read the finished sentence and the turn it
comes from, and share no pattern with the rules by which memories are made:

- `question`: it asks, or is an order.
- `moment`: it is about how somebody is, or what they do, just then ("is hungry", "is on the bus").
- `empty`: without the user and the smallest words it has no matter left.
- `dangling`: it is about "it", "that", "this" or somebody who is never named.
- `doubtful`: it, or the sentence that it was made of, is a guess, a condition, a joke or somebody
  else's words.
- `manners`: it is a greeting, thanks, praise or an opinion of the assistant.
- `assistant`: it is about the assistant and not about the user.
- `person`: it is not told in the third person.
- `secret`: it holds what nobody should write down.
- `invented`: most of its matter is not in the words of the user that it comes from.
- `broken`: it ends in the middle.
- `repeated`: it says what an earlier one says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.language.tokens import content
from assistant.memory.base import Memory
from assistant.memory.extraction.secrets import secret_in

_MOMENT = re.compile(
    r"\b(?:is|are|feels|was) (?:\w+ly |so |very |a bit |just |all |too )*(?:hungry|thirsty|tired"
    r"|sleepy|cold|hot|back|here|there|ready|done|bored|fine|ok|okay|well|late|early|busy|awake"
    r"|sorry|sure|listening|kidding|joking|serious|off|home|freezing|starving|exhausted"
    r"|on (?:the|their) (?:way|bus|train|phone|sofa|toilet)"
    r"|in the (?:car|kitchen|bath|bathroom|shower|garden)|going to bed"
    r"|eating|drinking|waiting|sitting|walking|looking|talking|asking)\b"
    r"(?! (?:for|with|of|to|about))"
    r"|\b(?:right now|at the moment|just now|this (?:second|minute)"
    r"|needs a (?:break|coffee|minute)|has to (?:go|run|leave)"
    r"|has a (?:question|headache|minute|second|point|moment|cold))\b",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:it|that|this|these|those|he|she|they|there|here)\b"
    r"|.*\b(?:likes?|loves?|hates?|wants?|prefers?|knows?|thinks?|about|called) "
    r"(?:it|that|this|these|those|them|him|her|one|some|so|something|everything|nothing)"
    r"(?: (?:too|one|very much|a lot))?[.!]?$",
    re.IGNORECASE,
)
_DOUBTFUL = re.compile(
    r"\b(?:if|maybe|perhaps|probably|might|i could|guess(?:es)?(?! what)|supposes?|wonders?"
    r"|imagines?|pretends?|wish(?:es)?|kidding|joking|dreamt|dreamed|said that|told (?:me|the user)"
    r"|says|say(?:s|ing)? (?:my|that)|according to|would have"
    r"|in (?:a|the) (?:film|movie|book|game|story))\b",
    re.IGNORECASE,
)
_MANNERS = re.compile(
    r"\b(?:hello|hi|hey|goodbye|bye|thanks|thank|please|you're welcome"
    r"|good (?:morning|evening|night)|nice to meet|how are|what's up|lol|haha)\b"
    r"|^(?:yes|no|okay|sure|right|well)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:tell|set|play|show|give|turn|open|stop|call|remind|sing|switch|change|find|search|say)\b"
    r"(?! (?:is|are|of)\b)",
    re.IGNORECASE,
)
_ASSISTANT = re.compile(
    r"\b(?:the assistant|your (?:voice|answer|name)|jarvis|the persona|the ai|the model)\b", re.I
)
_PERSON = re.compile(r"\b(?:I|[Mm]y|me|[Mm]ine|myself|[Yy]ou|[Yy]ours?)\b")
_BROKEN = re.compile(
    r"\b(?:and|or|but|because|the|a|an|of|to|with|for|in|on|at|is|are|was|my|their|that|than"
    r"|from)[.,…]?$",
    re.IGNORECASE,
)


def junk(memory: Memory, said: str, earlier: Sequence[Memory] = ()) -> str:
    """The first rule that a memory breaks, "" where it breaks none. `said` is the turn that it
    comes from, `earlier` what was remembered before it."""
    text = memory.text.strip()
    for word, rule in _RULES:
        if rule(text):
            return word
    if _DOUBTFUL.search(_source(text, said)):
        return "doubtful"
    if _invented(text, said):
        return "invented"
    same = (other for other in earlier if content(other.text) == content(text))
    return "repeated" if next(same, None) else ""


def _source(text: str, said: str) -> str:
    """The sentence of the turn that has most in common with the memory."""
    matter = content(text)
    parts = re.split(r"(?<=[.!?])\s+", said)
    return max(parts, key=lambda part: len(matter & content(part)), default="")


def _is_empty(text: str) -> bool:
    return not content(re.sub(r"^[Tt]he user(?:'s)?\b", "", text))


def _invented(text: str, said: str) -> bool:
    """Days may be written out, and the user's name may be put in."""
    told = re.sub(r"\b(?:on|in)(?: the)? [^.]*\b20\d\d\b", "", text)
    matter = {word[:4] for word in content(told)}
    heard = {word[:4] for word in content(said)}
    return bool(matter) and 2 * len(matter & heard) < len(matter)


_RULES: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("question", lambda text: text.endswith("?") or _ORDER.match(text)),
    ("secret", secret_in),
    ("person", _PERSON.search),
    ("assistant", _ASSISTANT.search),
    ("manners", _MANNERS.search),
    ("moment", _MOMENT.search),
    ("doubtful", _DOUBTFUL.search),
    ("dangling", _DANGLING.match),
    ("broken", _BROKEN.search),
    ("empty", _is_empty),
)
