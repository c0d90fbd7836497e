"""What goes on and what is to come: appointments, plans, goals, habits, feelings, turns of life."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from assistant.memory.clauses import Clause
from assistant.memory.dates import When, find_when
from assistant.memory.drafts import Draft
from assistant.memory.lexicon import (
    DURABLE,
    EVENT,
    FEELING,
    GO,
    GOING,
    HEAVY,
    WHICH_KIN,
    WORKING,
    word_set,
)

Match = re.Match[str]
_I = r"(?:I|we)(?: (?:really|also|just|now|currently|still|absolutely|actually|both|recently))*"
_MY = r"(?:my|our)"
_EVENT = re.compile(
    rf"(?:{_I} (?:have|have got|am having|am giving|give|am holding) (?:an?|the|my|another|two|"
    rf"this)|there is an?|{_MY}) (?P<what>(?:[\w'-]+ ){{0,3}}?{EVENT})\b.*",
    re.IGNORECASE,
)
_GOING = re.compile(
    rf"(?:{_I} (?:am|are) (?P<what>{GOING}\b.*)|{_I} (?P<go>{GO}\b.*)"
    rf"|{_I} (?:will|am going to|are going to) (?P<will>\w+\b.*))",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    rf"{_MY} (?:{WHICH_KIN}|parents|friends|family|in-laws)(?: [A-Z]\w+)? "
    r"(?:is|are|comes?|visits?|arrives?|gets?|has|have|turns?|will|leaves?|moves?|marr(?:y|ies))\b.*",
    re.IGNORECASE,
)
_LIFE = re.compile(
    rf"(?:{_I} (?:have )?(?:got|have got|am getting|just got) (?:married|engaged|divorced|fired|"
    rf"promoted|hired|accepted|laid off|a (?:new )?(?:job|dog|cat|puppy|kitten|promotion|divorce))"
    rf"|{_I} (?:have )?(?:lost|quit|left|started|changed) (?:my|a new) (?:\w+ )?(?:job|home|house|"
    rf"mother|father|mum|mom|dad|wife|husband|baby|dog|cat|company|studies|school)"
    rf"|{_I} (?:have )?(?:broke|broken|split) up with"
    rf"|{_I} (?:was|have been) (?:diagnosed with|fired|promoted|laid off|robbed|burgled)"
    rf"|{_I} (?:have )?(?:had|adopted) a (?:baby|child|son|daughter|miscarriage|"
    rf"stroke|heart attack)"
    rf"|{_I} (?:have )?(?:bought|sold|inherited) (?:a|my|our) (?:\w+ )?(?:house|flat|apartment|car|"
    rf"boat|farm)|{_I} (?:have )?(?:graduated|retired|passed my|failed my|emigrated)"
    rf"|{_I} am (?:getting (?:married|divorced)|pregnant|expecting)"
    rf"|{_MY} [\w' -]{{2,30}} (?:has )?(?:died|passed away|was born|ran away|left me))\b.*",
    re.IGNORECASE,
)
_FEELS = re.compile(
    rf"{_I} (?:am|feel|have been(?: feeling)?|have felt|get)(?: (?:so|very|a bit|a little|"
    rf"pretty|quite|extremely|terribly|too))* (?P<how>{FEELING}) (?P<why>(?:about|of|that|because|"
    r"over|for|with|by|at|to)\b .{3,120}|lately|recently|these days|since .{3,60}|most days)",
    re.IGNORECASE,
)
_GLADLY = re.compile(r"(?:happy|excited|grateful|thrilled|proud|relieved|sad) to\b", re.I)
"""Said for politeness far more often than for a feeling."""
_MISS = re.compile(rf"{_I} miss (?P<what>(?:my|our|living|being|the) .{{3,60}}|[A-Z]\w+)")
_GOAL = re.compile(
    rf"(?:{_I} (?:want|would like|would love|hope|plan|intend|am planning|am hoping|am trying|"
    rf"have decided|dream of|am going)(?: one day| someday| finally)? to (?:finally |one day )?"
    rf"(?P<goal>{DURABLE}\b.{{2,100}})|{_MY} (?:[\w']+ )?(?:goal|dream|plan|resolution|"
    r"ambition) is to "
    r"(?P<aim>.{4,100}))",
    re.IGNORECASE,
)
_PROJECT = re.compile(
    rf"{_I} (?:am|have been) {WORKING} (?P<what>(?!(?:it|this|that|you|a (?:few|lot|ton|bit)|as|"
    r"some|something|what)\b).{3,100})",
    re.IGNORECASE,
)
_OFTEN = (
    r"(?:every|each) (?:single |other )?(?:day|morning|evening|night|week|weekend|month|year|"
    r"summer|winter|spring|autumn|monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?"
    r"|on (?:mon|tues|wednes|thurs|fri|satur|sun)days|on weekends|at weekends|on weekdays"
    r"|(?:once|twice|three times|four times|five times) (?:a|per) (?:day|week|month|year)"
    r"|in the (?:mornings|evenings|afternoons)|(?:daily|weekly)$"
    r"|most (?:days|mornings|evenings|nights)"
    r"|before (?:work|breakfast|bed)|after work"
)
_HABIT = re.compile(
    rf"(?:{_I}|{_MY} [\w ]{{2,30}} and I) (?:(?:always|usually|often|normally|generally|regularly|"
    rf"sometimes|never) )?(?P<verb>[a-z]+)\b.*?\b(?:{_OFTEN})\b.*",
    re.IGNORECASE,
)
_RULE = re.compile(
    rf"{_I} (?:(?:always|usually|normally|never) (?:get up|wake up|go to bed|go to sleep|eat|drink"
    r"|smoke|work|sleep|have breakfast|have lunch|have dinner|drive|cycle|walk|run|cook|skip)"
    r"|(?:do not|never) (?:eat|drink|smoke|drive|fly|celebrate|watch|own|use)"
    r"|(?:get up|wake up|go to bed|start work|finish work) (?:at|around|before|after|by))\b.*",
    re.IGNORECASE,
)
_NO_HABIT = word_set(
    "was were had did would will said thought saw went did forgot am lose forget feel hear see "
    "think wonder know hope wish mean say want"
)
_TRIP = re.compile(r"(?:fly|flying|travel|travell?ing|going|driv(?:e|ing)|sail(?:ing)?) to ", re.I)
_EMPTY = re.compile(
    r"(?:it|that|this|something|nothing|anything|you|your|what|how|going to (?:bed|sleep|be|try|"
    r"need|have to|see|say|ask|tell|think)|be|see|try|need|say|ask|tell|think)\b",
    re.IGNORECASE,
)
_FLEETING = re.compile(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b", re.IGNORECASE)


def find_event(clause: Clause) -> Draft | None:
    """An appointment with its day: "I have a talk on Friday"."""
    return next(_event(clause), None)


def find_plans(clause: Clause) -> Iterator[Draft]:
    """All memories of a clause that tells of what happens; the first room that knows it."""
    for room in (_life, _goal, _journey, _feeling, _project, _habit):
        drafts = list(room(clause))
        if drafts:
            yield from drafts
            return


def _event(clause: Clause) -> Iterator[Draft]:
    when = find_when(clause.text, clause.today)
    match = _EVENT.fullmatch(clause.text)
    if match is None or when is None or when.last < clause.today - timedelta(days=1):
        return
    if re.fullmatch(r"(?:\S+ )*birthday", match["what"], re.IGNORECASE):
        return  # that of every year, and so a fact
    what = re.sub(r"^(?:an?|the|my|big|next|important|new) ", "", match["what"].lower())
    yield _commitment(clause, when, what)


def _journey(clause: Clause) -> Iterator[Draft]:
    when = find_when(clause.text, clause.today)
    if when is None or when.last < clause.today or _FLEETING.search(clause.text):
        return
    match = _GOING.fullmatch(clause.text)
    if match is not None:
        what = match["what"] or match["go"] or match["will"]
        if not _EMPTY.match(what) and len(_bare(clause, when, match, what).split()) > 1:
            yield _commitment(clause, when, _bare(clause, when, match, what))
    elif _OTHERS.fullmatch(clause.text):
        yield clause.draft("temporal", people=clause.names, weighty=True, commitment=True)


def _bare(clause: Clause, when: When, match: Match, what: str) -> str:
    """ "flying to Oslo", without its day."""
    start = clause.text.index(what)
    cut = clause.text[start : when.start] + clause.text[max(when.end, start) :]
    bare = " ".join(cut.split()).strip(" ,") if when.start >= start else what
    return _TRIP.sub("trip to ", bare)


def _commitment(clause: Clause, when: When, what: str) -> Draft:
    return clause.draft(
        "temporal",
        ("user", f"date of {what}", when.iso),
        weighty=True,
        commitment=True,
    )


def _life(clause: Clause) -> Iterator[Draft]:
    if _LIFE.fullmatch(clause.text):
        yield clause.draft("contextual", weighty=True)


def _feeling(clause: Clause) -> Iterator[Draft]:
    match = _FEELS.fullmatch(clause.text)
    if match is not None:
        if _GLADLY.match(f"{match['how']} {match['why']}"):
            return
        why = re.sub(r"^\w+ ", "", match["why"], count=1)
        if not re.match(
            r"(?:it|that|this|you|your|me|nothing|everything|him|her|them)\b", why, re.I
        ):
            heavy = re.fullmatch(HEAVY, match["how"], re.IGNORECASE) is not None
            yield clause.draft("emotional", weighty=heavy)
    elif _MISS.fullmatch(clause.text):
        yield clause.draft("emotional")


def _goal(clause: Clause) -> Iterator[Draft]:
    match = _GOAL.fullmatch(clause.text)
    if match is None:
        return
    goal = match["goal"] or match["aim"]
    if _FLEETING.search(goal) or re.match(
        r"(?:the|to|start|stop|play) ?(?:it|that|this)\b", goal, re.I
    ):
        return
    yield clause.draft("contextual")


def _project(clause: Clause) -> Iterator[Draft]:
    match = _PROJECT.fullmatch(clause.text)
    if match is not None and not _FLEETING.search(clause.text):
        yield clause.draft("contextual")


def _habit(clause: Clause) -> Iterator[Draft]:
    match = _HABIT.fullmatch(clause.text)
    if match is not None and match["verb"].lower() not in _NO_HABIT:
        if not match["verb"].lower().endswith("ed"):
            yield clause.draft("temporal")
    elif _RULE.fullmatch(clause.text):
        yield clause.draft("temporal")
