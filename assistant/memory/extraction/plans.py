"""What goes on and what is to come: appointments, plans, goals, habits, feelings, turns of life."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from assistant.language.clock import find_clock, without_clock
from assistant.language.dates import DATE_OF, DateSpan, find_date
from assistant.language.lexicon import (
    DURABLE,
    EVENT,
    FEELING,
    GO,
    GOING,
    HEAVY,
    OFTEN,
    PRACTITIONER,
    WHICH_KIN,
    WORKING,
    word_set,
)
from assistant.memory.extraction.candidates import Candidate
from assistant.memory.extraction.clauses import Clause

Match = re.Match[str]
_I = r"(?:I|we)(?: (?:really|also|just|now|currently|still|absolutely|actually|both|recently))*"
_MY = r"(?:my|our)"
_A = r"(?:an?|the|my|our|another|two|this|some|his|her|their)"
_IS_TO_BE = (
    r"(?= .*\b(?:is|are|will be|starts?|begins?|leaves?|departs?|arrives?|takes place)"
    r" (?:now |coming |planned |scheduled |set |due |booked )?(?:on|at|in|from|for|between|tomorrow"
    r"|tonight|today|next|this)\b)"
)
_OF_WHOM = (
    r"(?: (?:with|to|at|for|from|in) (?:the |my |our )?(?:Dr\.? |Mr\.? |Mrs\.? |Ms\.? )?"
    r"(?!(?:on|at|the|a|noon|midnight)\b)(?-i:[A-Z][\w'-]+(?: [A-Z][\w'-]+)*)"
    rf"|(?: (?:with|at|to) (?:the|my|our) (?:{WHICH_KIN}|{PRACTITIONER}|[\w'-]+(?='s))))?"
)
_EVENT = re.compile(
    rf"(?:(?:{_I} (?:have|have got|have to go to|need to go to|am having|am giving|give|am holding"
    rf"|got|booked|have booked|am booked for|made|have made|am due for|am off to)|there is)"
    rf"(?: {_A})?|{_MY}|the{_IS_TO_BE}) "
    rf"(?P<what>(?:(?!(?:every|each|on|at)\b)[\w'-]+ ){{0,3}}?{EVENT}{_OF_WHOM})(?!'s)\b.*",
    re.IGNORECASE,
)
_SEEN = re.compile(
    rf"(?:{_I} (?:(?:have|need|got|am going|want) to (?:see|go to|visit|be at|call)|am seeing"
    rf"|see|am at|am going to|am off to|go to|have got|have|am visiting|visit)(?: {_A})?"
    rf"|{_MY}|the{_IS_TO_BE}) "
    rf"(?P<what>(?:(?!(?:every|each|on|at)\b)[\w'-]+ ){{0,2}}?{PRACTITIONER})"
    r"(?!'s)\b.*",
    re.IGNORECASE,
)
_NOTED = re.compile(
    rf"(?P<what>(?:(?!(?:every|each|on|at|i|we|my)\b)[\w'-]+ ){{0,3}}?(?:{EVENT}|{PRACTITIONER})"
    rf"{_OF_WHOM})(?!'s)(?: (?:is|are))?(?: on| at| in| from| between|,| tomorrow| next| this"
    r"| today| tonight)\b.*",
    re.IGNORECASE,
)
"""A note in catchwords: "dentist on Tuesday at 3"."""
_OFTEN_SAID = re.compile(rf"\b(?:{OFTEN})\b", re.IGNORECASE)
_SETTLED = re.compile(
    r"\b(?:moved|postponed|rescheduled|shifted|changed|brought forward|put off|now|instead)\b",
    re.IGNORECASE,
)
_DEFINITE = re.compile(rf"(?:{_MY}|the)\b.* (?:is|starts|begins|leaves)\b", re.IGNORECASE)
"""Of an appointment that may have had another time before."""
_CALLED_OFF = re.compile(r"\b(?:cancell?ed|called off|does not|is not|did not|not)\b", re.I)
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
_HABIT = re.compile(
    rf"(?:{_I}|{_MY} [\w ]{{2,30}} and I) (?:(?:always|usually|often|normally|generally|regularly|"
    rf"sometimes|never) )?(?P<verb>[a-z]+)\b.*?\b(?:{OFTEN})\b.*",
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


def find_event(clause: Clause, *, noted: bool = False) -> Candidate | None:
    """An appointment with its day and time: "I have a talk on Friday at 3". `noted`: the user asked
    for it to be remembered, so that catchwords are enough."""
    return next(_event(clause, noted), None)


def is_note(text: str) -> bool:
    """Whether catchwords tell of an appointment."""
    return _NOTED.fullmatch(text) is not None


def find_plans(clause: Clause) -> Iterator[Candidate]:
    """All memories of a clause that tells of what happens; the first room that knows it."""
    for room in (_life, _goal, _journey, _feeling, _project, _habit):
        drafts = list(room(clause))
        if drafts:
            yield from drafts
            return


def _event(clause: Clause, noted: bool) -> Iterator[Candidate]:
    when = find_date(clause.text, clause.today)
    if when is None or when.last < clause.today - timedelta(days=1):
        return
    if _OFTEN_SAID.search(clause.text) or _CALLED_OFF.search(clause.text):
        return
    match = _EVENT.fullmatch(clause.text)
    if match is None and when.first == when.last:
        match = _SEEN.fullmatch(clause.text)
    note = None
    if match is None and noted:
        match = note = _NOTED.fullmatch(clause.text)
    if match is None or re.fullmatch(r"(?:\S+ )*birthday", match["what"], re.IGNORECASE):
        return  # a birthday is that of every year, and so a fact
    yield _commitment(clause, when, _named(match["what"]), note=note is not None)


def _named(what: str) -> str:
    """ "a dentist" and "dentist appointment" are one."""
    what = re.sub(rf"^(?:{_A}|big|next|important|new) ", "", what, flags=re.IGNORECASE)
    if re.fullmatch(rf"(?:[\w'-]+ ){{0,2}}{PRACTITIONER}(?:'s)?", what, re.IGNORECASE):
        what = f"{what.lower()} appointment"
    what = re.sub(r"^(\w+)'s appointment$", r"\1 appointment", what, flags=re.IGNORECASE)
    first, _, rest = what.partition(" ")
    return f"{first.lower()} {rest}".strip() if first.istitle() else what


def _journey(clause: Clause) -> Iterator[Candidate]:
    when = find_date(clause.text, clause.today)
    if when is None or when.last < clause.today or _OFTEN_SAID.search(clause.text):
        return
    if _FLEETING.search(clause.text) and find_clock(clause.text) is None:
        return
    match = _GOING.fullmatch(clause.text)
    if match is not None:
        what = match["what"] or match["go"] or match["will"]
        if not _EMPTY.match(what) and len(_bare(clause, when, match, what).split()) > 1:
            yield _commitment(clause, when, _bare(clause, when, match, what))
    elif _OTHERS.fullmatch(clause.text):
        yield clause.draft("temporal", people=clause.names, weighty=True, commitment=True)


def _bare(clause: Clause, when: DateSpan, match: Match, what: str) -> str:
    """ "flying to Oslo", without its day."""
    start = clause.text.index(what)
    cut = clause.text[start : when.start] + clause.text[max(when.end, start) :]
    bare = " ".join(cut.split()).strip(" ,") if when.start >= start else what
    bare = without_clock(bare)
    return _TRIP.sub("trip to ", bare)


def _commitment(clause: Clause, when: DateSpan, what: str, *, note: bool = False) -> Candidate:
    """`note`: the clause is no sentence, and one is made of it."""
    clock = find_clock(clause.text)
    time = f" {clock.text}" if clock is not None else when.spoken_part
    draft = clause.draft(
        "temporal",
        ("user", f"{DATE_OF}{what}", f"{when.iso}{time}"),
        text=f"my {what} is {when.dated}{time}" if note else None,
        weighty=True,
        commitment=True,
    )
    moved = _SETTLED.search(clause.text) is not None or _DEFINITE.match(clause.text) is not None
    return replace(draft, corrects=True) if moved else draft


def _life(clause: Clause) -> Iterator[Candidate]:
    if _LIFE.fullmatch(clause.text):
        yield clause.draft("contextual", weighty=True)


def _feeling(clause: Clause) -> Iterator[Candidate]:
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


def _goal(clause: Clause) -> Iterator[Candidate]:
    match = _GOAL.fullmatch(clause.text)
    if match is None:
        return
    goal = match["goal"] or match["aim"]
    if _FLEETING.search(goal) or re.match(
        r"(?:the|to|start|stop|play) ?(?:it|that|this)\b", goal, re.I
    ):
        return
    yield clause.draft("contextual")


def _project(clause: Clause) -> Iterator[Candidate]:
    match = _PROJECT.fullmatch(clause.text)
    if match is not None and not _FLEETING.search(clause.text):
        yield clause.draft("contextual")


def _habit(clause: Clause) -> Iterator[Candidate]:
    match = _HABIT.fullmatch(clause.text)
    if match is not None and match["verb"].lower() not in _NO_HABIT:
        if not match["verb"].lower().endswith("ed"):
            yield clause.draft("temporal")
    elif _RULE.fullmatch(clause.text):
        yield clause.draft("temporal")
