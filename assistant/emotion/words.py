"""What words tell of the feeling of who says them.

A turn is read clause by clause: a cue counts where a clause begins, so that the same words of a
song, of a third person ("she said I am tired"), of a condition ("if I am tired") or in a message to
somebody tell nothing. What stands in quotation marks is nobody's. Negations match no cue. Besides
what is said, the turns before tell: who asks for the same thing again was not helped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from assistant.emotion.cues import CUES, Cue
from assistant.emotion.feeling import KINDS, Kind
from assistant.language.tokens import Sentence, sentences

ENOUGH = 0.5
"""Confidence from which the words tell a feeling."""
SURE = 0.65
"""… and from which one turn is enough."""
REPEATED = "frustrated: asks again"
"""Name of the cue of a request that is made again."""
_LOOKED_BACK = 3
"""Turns of the user's in which the same request may stand."""
_ALIKE = 86
"""Percent of characters in common, from which two requests are the same one."""
_ONCE, _TWICE = 0.4, 0.7
"""Weight of a request that is made again, and of one that is made for the third time."""
_LOUD = 0.12
"""What an exclamation mark adds to a cue of joy or anger."""
_PASSING = 0.35
"""What is left of a cue that is told of another time."""

_MOST_CLAUSES = 40
"""Of a sentence; whoever says more in one goes unread from there on."""
_LONGEST_CLAUSE = 30
"""Words of a clause that are looked at."""
_LONGEST_TITLE = 300
"""Characters of a sentence in which the title of a work is looked for."""
_MOST_LEADS = 4
"""Interjections before a clause: "oh well, I think that …"."""

_QUOTED = re.compile(r"[“\"«„][^”\"»“]{1,300}[”\"»“]|(?<!\w)[‘'][^‘’']{3,300}[’'](?!\w)")
_LEAD = re.compile(
    r"(?:(?:oh|ah|well|so|now|okay|ok|hey|hi|hello|look|listen|man|god|gosh|boy|dude|honestly"
    r"|sorry|wait|wow|yes|yeah|no"
    r"|jarvis|right|alright|seriously|damn|ugh|hmm|um|and|but|because|cause|since|as|then|plus"
    r"|also|although|though|or|today"
    r"|tonight|lately|sadly|finally|suddenly|apparently|frankly|obviously|clearly|unfortunately"
    r"|again|still|even though"
    r"|my god|to be honest|i must say|i must admit|i have to (?:say|admit|confess)|i admit"
    r"|the truth is|it is that|i think|i guess|i suppose|i feel like"
    r"|i mean|i know|i (?:just )?(?:heard|found out|learned|learnt)|i am afraid|you know|you see"
    r"|i am telling you|i told you|i said|i swear"
    r"|let me tell you|no wonder|after \w+ \w+ \w+|what a day"
    r"|thank you but|thanks but|right now|at the moment|these days|this morning|this evening"
    r"|since (?:yesterday|monday|she left|he left|then|last \w+)"
    r"|all (?:day|week|morning)|the thing is|the problem is|now that|good morning"
    r"|good evening)(?: that)? )"
)
_JOINTS = frozenset(
    ["and", "but", "because", "cause", "since", "so", "as", "then", "although", "though", "or"]
)
_REPORTS = re.compile(
    r"\b(?!i\b|we\b)\w+ (?:said|says|say|told \w+|tells \w+|thinks|think|thought|asked|asks|wrote"
    r"|writes|sang|sings|claims|replied"
    r"|means|reckons|complains|texted|saying|called|titled|named|whispered|shouted)(?: that"
    r"| like)?$"
)
_MESSAGE = re.compile(
    r"(?:(?:can|could|would|will) you |please |i want you to |hey )*(?!\w+ (?:me )?(?:what"
    r"|the one) i )(?:play|set|remind|add|call|text|write|spell|define|translate|search|find|read"
    r"|open"
    r"|send|put|note|message|email|tell (?!me|you|us)\w+|what does (?!that|this|it|any|all"
    r"|the \w+ even)|what is (?:the|a)|how do you (?:say|spell)|how do i (?:say|spell)|who"
    r"|what rhymes|pretend|imagine|say (?!that|it|this)|look up|show"
    r"|does|do you (?:think|know)|is there|are there|if|when|whenever|unless|suppose|what if"
    r"|remember|delete|cancel|schedule|book|order|turn|create|make a)\b"
)
_TITLE = re.compile(
    r"\b(?:song|film|movie|book|novel|title|lyrics?|quote|line|poem|album|track|episode|phrase"
    r"|saying|word|character|scene|chorus)\b"
    r".*\b(?:called|named|is|was|goes|says|by|begins|where)\b|\b(?:is|was) (?:a|an|the|my"
    r"|one of) .*\b(?:song|film|movie|book|novel|title|lyrics?|quote|line|poem|album|track"
    r"|episode|phrase)\b"
    r"|\b(?:said|says|whispered|shouted|replied|sang) (?:the|he|she|my|our|they)\b"
)
_ANOTHER_TIME = re.compile(
    r"\b(?:yesterday|last (?:year|month|spring|summer|autumn|winter|time|christmas)|years ago"
    r"|months ago"
    r"|back then|as a (?:kid|child|boy|girl)|in those days|when i was"
    r"|every (?:monday|winter|autumn|spring|summer|year)|last (?:week|saturday|sunday|night's)"
    r"|on (?:mondays|sundays|weekends)|usually|in general|used to)\b"
)


@dataclass(frozen=True, slots=True)
class Sign:
    """One cue that was found."""

    name: str
    """See `Cue.name`."""
    kind: Kind
    weight: float
    reason: str
    """For a person to read: "said “I already told you”"."""


@dataclass(frozen=True, slots=True)
class WordReading:
    """What the words of one turn tell."""

    kind: Kind | None
    confidence: float
    signs: tuple[Sign, ...] = ()
    """Of that kind, the strongest first."""

    @property
    def emotional(self) -> bool:
        """Whether there is any sign of a feeling but calm: such a turn is no baseline."""
        return any(sign.kind != "calm" for sign in self.signs)


NOTHING = WordReading(None, 0.0)


def read(
    text: str,
    earlier: Sequence[str] = (),
    *,
    weigh: Callable[[str], float] = lambda name: 1.0,
) -> WordReading:
    """The feeling in a turn `text`; `earlier`: the user's turns before it, oldest first.

    `weigh(name)` gives the factor, 0 to 1, that a cue has with this user.
    """
    signs = [*_signs(text), *_repeats(text, earlier)]
    best: dict[str, Sign] = {}
    for sign in signs:
        weight = sign.weight * weigh(sign.name)
        if weight > 0.05 and (sign.name not in best or weight > best[sign.name].weight):
            best[sign.name] = Sign(sign.name, sign.kind, weight, sign.reason)
    return _judged(list(best.values()))


def _judged(signs: Sequence[Sign]) -> WordReading:
    """Signs of one kind together are surer: 1 − Π(1 − weight). Calm has the last word."""
    found: dict[Kind, float] = {}
    for sign in signs:
        found[sign.kind] = 1 - (1 - found.get(sign.kind, 0.0)) * (1 - sign.weight)
    if not found:
        return NOTHING
    order = sorted(
        found, key=lambda kind: (found[kind] - 0.2 * (kind == "calm"), -KINDS.index(kind))
    )
    kind = order[-1]
    own = tuple(sorted((s for s in signs if s.kind == kind), key=lambda s: -s.weight))
    if found[kind] < ENOUGH:
        return WordReading(None, found[kind], own)
    return WordReading(kind, round(min(found[kind], 0.98), 2), own)


def _signs(text: str) -> Iterator[Sign]:
    loud = "!" in text or (text.isupper() and len(text) > 8)
    for sentence in sentences(_QUOTED.sub(" , ", text)):
        if _TITLE.search(sentence.text[:_LONGEST_TITLE]):
            continue
        for clause, first in _clauses(sentence):
            yield from _in_clause(clause, loud, first=first)


def _clauses(sentence: Sentence) -> Iterator[tuple[Sentence, bool]]:
    """Each part of a sentence that may tell how its speaker is, to the sentence's end and to the
    next comma or conjunction; and whether nothing but interjections stands before it."""
    words = [word.norm for word in sentence.words]
    starts = {0} if not _MESSAGE.match(sentence.text) else set()
    starts |= sentence.breaks
    joints = {at for at, word in enumerate(words) if word in _JOINTS and at}
    starts |= {at + 1 for at in joints if starts or words[at] in ("because", "but", "and")}
    ends = sorted(sentence.breaks | joints)
    seen: set[int] = set()
    for start in sorted(starts):
        before = " ".join(words[max(0, start - 4) : start])
        if start >= len(words) or _REPORTS.search(before):
            continue
        for begin in _after_leads(sentence, start):
            if begin in seen or len(seen) >= _MOST_CLAUSES:
                continue
            seen.add(begin)
            rest = sentence.part(begin, min(len(words), begin + _LONGEST_CLAUSE))
            if begin and _MESSAGE.match(rest.text):
                continue
            yield rest, not start
            end = next((at for at in ends if at > begin), None)
            if end is not None and end < begin + _LONGEST_CLAUSE:
                yield sentence.part(begin, end), not start


def _after_leads(sentence: Sentence, start: int) -> Iterator[int]:
    yield start
    at = start
    for _ in range(_MOST_LEADS):
        match = _LEAD.match(sentence.part(at, min(len(sentence), at + _LONGEST_CLAUSE)).text + " ")
        if match is None:
            return
        at += len(match.group().split())
        if at >= len(sentence):
            return
        yield at


def _in_clause(clause: Sentence, loud: bool, *, first: bool) -> Iterator[Sign]:
    for cue in CUES if first else _WITH_SUBJECT:
        match = (cue.pattern.fullmatch if cue.whole else cue.pattern.match)(clause.text)
        if match is not None:
            yield Sign(cue.name, cue.kind, _weight(cue, clause, match, loud), _said(clause, match))


_WITH_SUBJECT = tuple(cue for cue in CUES if not cue.bare)
"""Those that need not begin a sentence: "red, green and blue" tells of no mood."""


def _weight(cue: Cue, clause: Sentence, match: re.Match[str], loud: bool) -> float:
    weight = cue.weight
    if loud and cue.kind in ("excited", "frustrated"):
        weight = min(0.95, weight + _LOUD)
    if clause.question and cue.name == "excited: outburst":
        weight *= _PASSING
    if cue.name.endswith(("named", "good news", "glad", "exclaims")) and _ANOTHER_TIME.search(
        clause.text, match.start()
    ):
        weight *= _PASSING
    return weight


def _said(clause: Sentence, match: re.Match[str]) -> str:
    words = " ".join(word.spoken for word in clause.span(match.start(), match.end()))
    return f"said “{words[:60]}{'…' if len(words) > 60 else ''}”"


def _repeats(text: str, earlier: Sequence[str]) -> Iterator[Sign]:
    """The same request once more, soon after."""
    asked = _plain(text)
    if len(asked.split()) < 3:
        return
    times = sum(fuzz.ratio(asked, _plain(each)) >= _ALIKE for each in earlier[-_LOOKED_BACK:])
    if times:
        how = "once more" if times == 1 else "again and again"
        yield Sign(
            REPEATED, "frustrated", _ONCE if times == 1 else _TWICE, f"asked for the same {how}"
        )


def _plain(text: str) -> str:
    return " ".join(sentence.text for sentence in sentences(text))
