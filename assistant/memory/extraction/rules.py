"""What is remembered, decided without a language model.

Read `filters` for what is never kept, `facts` and `plans` for what is, `secrets` for what is
refused. A wrong memory is worse than a missing one: a clause counts only where a pattern fits the
whole of it. What the user asks to be remembered is kept in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from assistant.language.clock import written_out
from assistant.language.dates import find_date
from assistant.language.person import proper
from assistant.memory.base import Turn
from assistant.memory.extraction.candidates import Candidate, Outcome, RefusedCandidate
from assistant.memory.extraction.clauses import (
    Clause,
    day_last,
    parts_of,
    sentences_of,
    without_lead,
)
from assistant.memory.extraction.facts import find_facts
from assistant.memory.extraction.filters import (
    is_about_assistant,
    is_dangling,
    is_doubtful,
    is_question,
    rejects,
)
from assistant.memory.extraction.plans import find_event, find_plans, is_note
from assistant.memory.extraction.secrets import secret_in

LONGEST = 40
"""Words of a clause; a longer one is a tale, which rules cannot sum up."""
MAX_CHARACTERS = 4_000
"""Of a turn; nobody speaks more at once, and who pastes a text does not tell of himself."""
_ASKED = re.compile(
    r"(?:(?:please|jarvis|hey|can you|could you|will you|would you|i want you to|i would like you "
    r"to|you (?:should|must|can)|just|also|and|okay|ok|so),? )*"
    r"(?P<verb>remember|note(?: down)?|do not (?:ever )?forget|never forget|keep in mind|"
    r"bear in mind|"
    r"make a note|take a note|write down|memori[sz]e|save|store)"
    r"(?: (?:this|it|the following|for me|for later))*"
    r"(?:,? that|:|,?(?= (?:i|my|our|we|to|the|an?)\b)|(?<=note)|(?<=save)|(?<=mind)"
    r"|(?<=down)|(?<=forget)|(?<=remember)) +"
    r"(?P<rest>(?!when\b|what\b|how\b|who\b|why\b|where\b|me\b|the time\b|it\b[.!]?$|this\b[.!]?$"
    r"|that\b[.!]?$|you\b).+)",
    re.IGNORECASE,
)
_COURTEOUS = re.compile(r"(?:can|could|will|would) you", re.IGNORECASE)
_WHOLE = re.compile(
    r"^(?:I|my|our|we|to)\b|\b(?:is|are|was|were|has|have|will|comes?|goes|needs?)\b", re.IGNORECASE
)
"""What is told in a sentence, and not only named: "don't forget the details!"."""
_TO_DO = re.compile(r"to (?P<what>\w+ .+|\w+)", re.IGNORECASE)
_IT_IS = re.compile(
    r"(?:it|he|she|his name|her name|its name|the name|that) is(?: not \S+(?:,| but| it is)+)?"
    r"(?: (?:actually|really|called|named|spelled))* (?P<v>[^\W\d][\w' -]{0,40}|\d[\w ]{0,20})"
    r"|not \S+, (?:but |it is )?(?P<w>[^\W\d][\w' -]{0,40})",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"(?:not|so|very|too|a|an|the|fine|good|great|bad|okay|ok|true|wrong|right|late|here|there|my"
    r"|just|all|what|how|nice|raining|cold|hot|time|over|done)\b",
    re.IGNORECASE,
)


class Rules:
    """A `Judge` by rules. Remembers the last claim, so that "no, it is called …" corrects it."""

    def __init__(self) -> None:
        self._last: Candidate | None = None

    def judge(self, turn: Turn, who: str = "") -> Sequence[Outcome]:
        """Drafts of memories, and what was refused. What the assistant said is never judged."""
        if turn.side != "user":
            return []
        found: list[Outcome] = []
        today = turn.at.date()
        sentences = sentences_of(written_out(turn.text[:MAX_CHARACTERS], turn.at))
        for sentence in sentences:
            alone = len(sentences) == 1
            for outcome in self._sentence(sentence, turn.number, today, who, alone):
                if (
                    isinstance(outcome, Candidate)
                    and outcome.claim
                    and outcome.claim.attribute == "name"
                ):
                    who = outcome.claim.value
                found.append(outcome)
        drafts = [each for each in found if isinstance(each, Candidate)]
        if drafts:
            self._last = drafts[-1]
        return _unrepeated(found)

    def _sentence(
        self, text: str, number: int, today: date, who: str, alone: bool
    ) -> Iterator[Outcome]:
        asked = asked_to_remember(text, alone=alone)
        secret = secret_in(asked or text)
        if secret:
            yield RefusedCandidate(secret, number, asked=bool(asked))
        elif asked:
            yield from _asked(asked, number, today, who)
        else:
            body, corrects = without_lead(text)
            if is_question(body) or is_doubtful(body):
                return
            for part in parts_of(body):
                told = day_last(_bare(part), today)
                clause = Clause(told, number, today, who, corrects)
                yield from self._clause(clause)

    def _clause(self, clause: Clause) -> Iterator[Candidate]:
        if len(clause.text.split()) > LONGEST:
            return
        if self._last is not None and number_near(self._last.turn, clause.turn):
            corrected = _correction(clause, self._last)
            if corrected is not None:
                yield corrected
                return
        if not (rejects(clause.text) or is_dangling(clause.text)):
            yield from _drafts(clause)


def asked_to_remember(text: str, *, alone: bool = True) -> str:
    """What the user asks to be remembered, with opened contractions; "" where they do not.

    "Remember to …" asks for it only where the whole turn says no more (`alone`): in the middle of a
    talk it is good advice.
    """
    text = text.strip()
    match = _ASKED.fullmatch(text)
    if match is None or (text.rstrip().endswith("?") and not _COURTEOUS.match(text)):
        return ""
    rest = _bare(match["rest"].rstrip("? "))
    if is_question(rest) or is_about_assistant(rest) or len(rest.split()) < 2:
        return ""
    if _TO_DO.fullmatch(rest) and not alone:
        return ""
    if match["verb"].lower() in ("save", "store") and not re.match(
        r"(?:that|i|my|our)\b", rest, re.I
    ):
        return ""
    plainly = re.search(r"\bthat$|:$", text[: match.start("rest")].rstrip())
    return rest if plainly or _WHOLE.search(rest) or is_note(rest) else ""


def number_near(one: int, other: int) -> bool:
    """Whether a turn follows another with at most one exchange between them."""
    return 0 <= other - one <= 4


def _asked(rest: str, number: int, today: date, who: str) -> Iterator[Candidate]:
    """What the user asked for: as a fact if it is one, else word for word."""
    for part in parts_of(rest):
        clause = Clause(_bare(part), number, today, who)
        drafts = list(_drafts(clause, noted=True)) or [_verbatim(clause)]
        yield from (replace(each, confidence=1.0, asked=True, weighty=True) for each in drafts)


def _verbatim(clause: Clause) -> Candidate:
    when = find_date(clause.text, clause.today)
    text = clause.dated
    to_do = _TO_DO.fullmatch(text)
    if to_do is not None:
        text = f"I want to remember to {to_do['what']}"
    later = when is not None and when.last >= clause.today
    return clause.draft(
        "temporal" if when or to_do else "contextual",
        text=text,
        people=clause.names,
        commitment=later or to_do is not None,
    )


def _drafts(clause: Clause, *, noted: bool = False) -> Iterator[Candidate]:
    event = find_event(clause, noted=noted)
    if event is not None:
        yield event
    else:
        yield from list(find_facts(clause)) or list(find_plans(clause))


def _correction(clause: Clause, last: Candidate) -> Candidate | None:
    """ "No, it is called Bruno": the last claim, with another value."""
    match = _IT_IS.fullmatch(clause.text)
    if match is None or last.claim is None or not clause.corrects:
        return None
    value = match["v"] or match["w"]
    if _NO_NAME.match(value) or not last.claim.attribute.endswith("name"):
        return None
    value = proper(value)
    text = last.text.replace(last.claim.value, value)
    if text == last.text:
        return None
    people = tuple(value if name == last.claim.value else name for name in last.people)
    claim = replace(last.claim, value=value)
    return replace(
        last,
        text=text,
        claim=claim,
        people=people,
        turn=clause.turn,
        confidence=0.9,
        corrects=True,
    )


def _bare(text: str) -> str:
    return re.sub(
        r"(?:,? (?:you know|right|okay|though|too|as well|by the way|please|actually|now|nowadays"
        r"|these days))+$",
        "",
        text.strip().rstrip(".!,;:… "),
        flags=re.IGNORECASE,
    )


def _unrepeated(found: Sequence[Outcome]) -> list[Outcome]:
    kept: dict[object, Outcome] = {}
    for each in found:
        kept.setdefault(each.text if isinstance(each, Candidate) else each.reason, each)
    return list(kept.values())
