"""Spoken requests to memory: "remember that …", "forget my parrot", "what do you know about me".

Read from the words as they came: names keep their spelling.
"""

from __future__ import annotations

import re

from assistant.language.command_patterns import SpokenCommand
from assistant.memory.extraction.clauses import sentences_of

_POLITE = re.compile(
    r"^(?:(?:please|hey|hi|okay|ok|so|well|now|and|then|actually|(?:can|could|would|will) you|"
    r"i want you to|i would like you to|you (?:can|should|may))\b,? *)+",
    re.IGNORECASE,
)
_TAIL = re.compile(r"(?:,? *\b(?:please|again|now|for me|thanks|thank you|okay))+$", re.IGNORECASE)
_ABOUT_ME = re.compile(
    r"(?:so )?what (?:else )?(?:do|did|have) you (?:still )?(?:know|remember|learn|learned|learnt|"
    r"have)(?: so far)? (?:about|of|on) (?:me|us)(?: so far)?"
    r"|what (?:have|did) i (?:ever )?(?:tell|told) you(?: about (?:me|myself))?(?: so far)?"
    r"|tell me (?:everything|all|what) (?:that )?you (?:know|remember) about me"
    r"|(?:do you )?(?:know|remember) (?:anything|something) about me",
    re.IGNORECASE,
)
_RECALL = re.compile(
    r"(?i:what (?:do|did) you (?:still )?(?:know|remember) about|(?:do you|can you) (?:still )?"
    r"remember|remind me (?:about|of)|what (?:did|have) i (?:tell|told|say|said)(?: to)?(?: you)? "
    r"about|tell me what you (?:know|remember) about) "
    r"(?P<query>(?i:my|our) .{2,60}|[A-Z][\w' -]{1,40})",
)
_FORGET = re.compile(
    r"(?:forget|erase|delete|remove|wipe)(?: (?:about|all about))? "
    r"(?P<what>that|this|what i (?:just )?(?:said|told you)|my name"
    r"|everything(?: (?:that )?(?:about me|you know(?: about me)?|i (?:ever )?told you))?|me|"
    r"all(?: of (?:it|that))?|all (?:your )?memories|(?:about )?(?:my|our) .{2,60})",
    re.IGNORECASE,
)
_FORGET_ABOUT = re.compile(
    r"(?:forget|erase|delete|remove|wipe) (?:that (?P<fact>i .{3,80}|my .{3,80})|(?:everything|all|"
    r"anything|what)(?: (?:that )?(?:you (?:know|remember)|i (?:told|said)(?: to)?(?: you)?))? "
    r"about (?P<what>.{2,60}))",
    re.IGNORECASE,
)


def memory_call(text: str) -> SpokenCommand | None:
    """The call to memory that a turn asks for, if it does."""
    # Its grammar takes a tenth of a second to load, which the start does not have; see `the_rules`.
    from assistant.memory.extraction.rules import asked_to_remember

    sentences = sentences_of(text)
    for sentence in sentences:
        if rest := asked_to_remember(sentence):
            return SpokenCommand("remember", {"text": rest})
    if len(sentences) != 1:
        return None
    words = _TAIL.sub("", _POLITE.sub("", sentences[0].rstrip(" .!?…")))
    if _ABOUT_ME.fullmatch(words):
        return SpokenCommand("what_do_you_know_about_me")
    if match := _RECALL.fullmatch(words):
        return SpokenCommand("recall", {"query": match["query"]})
    if match := _FORGET_ABOUT.fullmatch(words):
        return SpokenCommand("forget", {"what": match["fact"] or match["what"]})
    if match := _FORGET.fullmatch(words):
        return SpokenCommand("forget", {"what": match["what"].removeprefix("about ")})
    return None
