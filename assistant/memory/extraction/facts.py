"""What lasts: names, people, home, work, tastes, how somebody is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from assistant.language.dates import find_date
from assistant.language.lexicon import (
    ATTRIBUTE,
    IDENTITY,
    ILLNESS,
    JOB,
    MANY_KIN,
    OFTEN,
    PET,
    WHICH_KIN,
)
from assistant.language.numbers import ONES
from assistant.language.person import name_told, proper
from assistant.language.tokens import sentences
from assistant.memory.extraction.candidates import Candidate
from assistant.memory.extraction.clauses import Clause

Match = re.Match[str]
_I = r"(?:I|we)(?: (?:really|also|just|now|currently|still|absolutely|actually|both|recently|do))*"
_MY = r"(?:my|our)"
_VALUE = r"(?P<v>[^,;?]{1,60}?)"
_NAME = r"(?P<v>['\"“]?[^\W\d][\w'. -]{0,40}?['\"”]?)"
_PERSON_NAME = r"(?-i:[A-Z])\w+"
_NO_ADVERB = (
    r"(?!(?:who|that|and|also|just|now|still|never|always|really|already|currently|not|often|only"
    r"|has|had|was|she|this|there|here|what|which|nobody|everyone|everybody|somebody|someone|one"
    r"|works|lives|is|recently|actually|both|finally|soon|once|then|today|usually|sometimes)\b)"
)
_NO_VALUE = re.compile(
    r"(?:not|so|very|too|really|what|that|this|it|there|here|a bit|always|just|fine|good|great|bad"
    r"|okay|ok|broken|dead|gone|late|ready|done|nice|better|worse|terrible|awful|on the way"
    r"|something|nothing|everything|anything|mine|yours|important|funny|the (?:best|worst))\b",
    re.IGNORECASE,
)
_NO_TASTE = re.compile(
    r"(?:it|this|that|these|those|them|him|her|you|your|how|what|when|where|who|the (?:way|sound|"
    r"look|idea|fact|one|other|rest|last|first|same|thought|new one"
    r"|[\w-]+ \w+.*)|also|and|so|a lot|so much|to (?:be|know|"
    r"see|hear|say|think|ask|talk|tell|go|get|have|do|come|stay|sit)|myself|being|my (?:life|day)"
    r"|everything|nothing|something|things|one|some|all|both|either|neither|more|too)\b",
    re.IGNORECASE,
)
_OFTEN = re.compile(rf"\b(?:{OFTEN})\b", re.IGNORECASE)
RELATION_TO = "relation to "
"""Begins the attribute of a claim that tells how one stands to another: "relation to user"."""
_PASSING = re.compile(r"\b(?:today|tonight|now|yesterday|this (?:morning|evening|week))$", re.I)


def find_facts(clause: Clause) -> Iterator[Candidate]:
    """All memories of lasting things in a clause; the first room that knows it has the word."""
    if name := _name(clause):
        yield name
        return
    for pattern, make in _PATTERNS:
        if match := pattern.fullmatch(clause.text):
            drafts = list(make(clause, match))
            if drafts:
                yield from drafts
                return


def _name(clause: Clause) -> Candidate | None:
    if re.match(r"(?:this|it) is\b", clause.text, re.IGNORECASE):
        return None  # somebody, or something, is shown
    told = sentences(clause.text)
    found = name_told(told[0]) if len(told) == 1 and len(told[0]) <= 8 else None
    if found is None:
        return None
    nameless = replace(clause, who="")  # else "Ada's name is Ada"
    claim = ("user", "name", found[0])
    name = f"my name is {found[0]}"
    return nameless.draft("personal", claim, text=name, confidence=0.9, weighty=True)


def _called(clause: Clause, match: Match) -> Iterator[Candidate]:
    noun, name = re.sub(r"'s?$", "", match["x"].strip()), proper(match["v"])
    if len(name.split()) > 4 or _NO_VALUE.match(name) or re.match(r"(?:a|an|the)\b", noun):
        return
    if noun in ("name", "first name", "point"):
        return
    kin = re.fullmatch(WHICH_KIN, noun, re.IGNORECASE) is not None
    many = bool(re.search(r" (?:are|names)\b", clause.text)) or (
        " and " in name and noun.endswith("s")
    )
    yield clause.draft(
        "relational" if kin else "personal",
        ("user", f"{noun.lower()}' names" if many else f"{noun.lower()}'s name", name),
        text=f"my {noun} {'are' if many else 'is'} called {name}",
        people=(name,) if kin else (),
        confidence=0.9,
    )


def _has_called(clause: Clause, match: Match) -> Iterator[Candidate]:
    yield from _called(clause, match)


def _kin(clause: Clause, match: Match) -> Iterator[Candidate]:
    """ "My sister Grace lives in Oslo": who she is, and what is told of her."""
    name, kin = proper(match["name"]), match["kin"].lower()
    yield clause.draft(
        "relational",
        (name, "relation to user", kin),
        text=f"{name} is my {kin}",
        people=(name,),
    )
    rest = (match["rest"] or "").strip()
    if rest:
        yield from _of_person(clause, name, rest, f"{name} {rest}")


def _pet_called(clause: Clause, match: Match) -> Iterator[Candidate]:
    pet, name = match["x"].lower(), match["v"]
    yield clause.draft(
        "personal", ("user", f"{pet}'s name", name), text=f"my {pet} is called {name}"
    )


def _pet_is(clause: Clause, match: Match) -> Iterator[Candidate]:
    if not re.fullmatch(IDENTITY, match["v"], re.IGNORECASE):  # "my dog is British"
        yield from _pet_called(clause, match)


def _of_kin(clause: Clause, match: Match) -> Iterator[Candidate]:
    yield from _of_person(clause, f"user's {match['kin'].lower()}", match["rest"], clause.dated)


_PERSON = (
    ("home", r"(?:lives?|is living) (?:in|at|on|near|with) (?P<v>.+)"),
    ("home", r"(?:has )?moved to (?P<v>.+)"),
    ("job", rf"(?:is|works as) an? (?P<v>{JOB})"),
    ("workplace", r"works? (?:at|for|in) (?P<v>.+)"),
    ("studies", r"(?:studies|is studying) (?P<v>.+)"),
    ("age", r"(?:is|turned) (?P<v>\d{1,3})(?: years old)?"),
    ("origin", r"(?:is|comes) from (?P<v>.+)"),
    ("health", rf"(?:has|suffers from|is allergic to) (?P<v>{ILLNESS}|.{{2,30}})"),
    (
        "state",
        r"(?P<v>is (?:pregnant|retired|in hospital|in the hospital|very ill|seriously ill|"
        r"getting married|engaged|divorced|married)(?: .*)?)",
    ),
    ("state", r"(?P<v>(?:died|passed away|got married|had a baby|got divorced|retired)(?: .*)?)"),
)
_PERSONAL = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _PERSON)


def _of_person(clause: Clause, who: str, rest: str, text: str) -> Iterator[Candidate]:
    for attribute, pattern in _PERSONAL:
        if match := pattern.fullmatch(rest):
            claim = (who, attribute, match["v"].strip())
            people = () if who.startswith("user's") else (who,)
            heavy = attribute == "state"
            yield clause.draft("relational", claim, text=text, people=people, weighty=heavy)
            return


def _is_kin(clause: Clause, match: Match) -> Iterator[Candidate]:
    name = proper(match["name"])
    if re.fullmatch(IDENTITY, name, re.IGNORECASE):
        return
    claim = (name, "relation to user", match["kin"].lower())
    told = f"{name} is my {match['kin']}"
    yield clause.draft("relational", claim, text=told, people=(name,))


def _stands(clause: Clause, match: Match) -> Iterator[Candidate]:
    """Of two people, one of whom may be the user: "Ben is Anna's brother", "I am Ben's boss"."""
    one, other = _somebody(match["name"]), _somebody(match["other"])
    if one == other or any(re.fullmatch(IDENTITY, each, re.IGNORECASE) for each in (one, other)):
        return
    kin = match["kin"].lower()
    text = None
    if other == "user":  # "Ben and I are friends"
        one, other = other, one
        text = f"{other} and {clause.who or 'the user'} are {kin}"
    people = tuple(each for each in (one, other) if each != "user")
    claim = (one, f"{RELATION_TO}{other}", kin)
    yield clause.draft("relational", claim, text=text, people=people)


def _somebody(name: str) -> str:
    return "user" if name.lower() in ("i", "me") else proper(name)


def _many_kin(clause: Clause, match: Match) -> Iterator[Candidate]:
    names = tuple(re.findall(r"\b[A-Z]\w+", match["v"] or ""))
    what = match["what"].lower()
    yield clause.draft("relational", ("user", what, match["n"].lower()), people=names)


def _fixed(attribute: str) -> Callable[[Clause, Match], Iterator[Candidate]]:
    """One value at a time: a new home takes the old one's place."""

    def make(clause: Clause, match: Match) -> Iterator[Candidate]:
        value = match["v"].strip()
        if not _NO_VALUE.match(value) and not _PASSING.search(value):
            when = find_date(value, clause.today)
            value = value[: when.start] if when and when.start else value
            yield clause.draft("personal", ("user", attribute, _spelt(value)))

    return make


def _past(clause: Clause, match: Match) -> Iterator[Candidate]:
    yield clause.draft("personal", ("user", f"used to {match['v'].strip()}", "yes"))


def _attribute(clause: Clause, match: Match) -> Iterator[Candidate]:
    value, what = match["v"].strip(), match["x"].lower()
    if _NO_VALUE.match(value):
        return
    yield clause.draft("personal", ("user", what.replace("favorite", "favourite"), _spelt(value)))


def _taste(clause: Clause, match: Match) -> Iterator[Candidate]:
    what, verb = match["v"].strip(), match["verb"].lower()
    if _NO_TASTE.match(what) or _PASSING.search(what) or len(what.split()) > 7:
        return
    verb = re.sub(r"^can not stand$", "dislikes", verb)
    yield clause.draft("personal", ("user", f"opinion of {what}", verb))


def _listed(attribute: str) -> Callable[[Clause, Match], Iterator[Candidate]]:
    """Several can be true side by side, so that each has an attribute of its own."""

    def make(clause: Clause, match: Match) -> Iterator[Candidate]:
        value = match["v"].strip()
        if _OFTEN.search(value):
            return  # a habit
        if not _NO_TASTE.match(value) and not _PASSING.search(value) and len(value.split()) <= 6:
            yield clause.draft("personal", ("user", f"{attribute} {value}", "yes"))

    return make


def _health(clause: Clause, match: Match) -> Iterator[Candidate]:
    value = match["v"].strip()
    yield clause.draft("personal", ("user", f"health: {value.lower()}", "yes"), weighty=True)


def _identity(clause: Clause, match: Match) -> Iterator[Candidate]:
    value = match["v"].strip()
    yield clause.draft("personal", ("user", f"is {re.sub('^an? ', '', value.lower())}", "yes"))


def _pet(clause: Clause, match: Match) -> Iterator[Candidate]:
    yield clause.draft("personal", ("user", f"has {match['v'].strip().lower()}", "yes"))


def _birthday(clause: Clause, match: Match) -> Iterator[Candidate]:
    whose = match["x"]
    attribute = f"{whose.strip().lower()} birthday" if whose else "birthday"
    claim = ("user", attribute, match["v"].strip())
    yield clause.draft("temporal", claim, text=clause.text, confidence=0.9)


def _spelt(value: str) -> str:
    return value.strip(" '\"“”")


_SOMEBODY = (
    r"(?:I|(?!(?:he|she|it|they|this|that|these|those|who|what|there|here|everybody|everyone"
    r"|nobody|somebody|someone|one|you|we|the|my|our)\b)(?-i:[A-Z]\w+(?: [A-Z]\w+)?))"
)
_EACH_OTHER = (
    r"(?:married|engaged|a couple|together|related|siblings|brothers|sisters|brother and sister"
    r"|husband and wife|twins|cousins|(?:best |old |good |close )?friends|colleagues|coworkers"
    r"|flatmates|roommates|housemates|neighbours|neighbors)"
)
_ONES = rf"(?:{'|'.join(ONES[1:11])}|no|a|an|\d{{1,2}}|twin|several|many)"
_LIKING = (
    r"(?P<verb>love|like|hate|dislike|prefer|enjoy|adore|can not stand|do not like|no longer like"
    r"|am (?:a (?:big |huge )?fan of|fond of|into|crazy about|passionate about|afraid of|scared of"
    r"|obsessed with|keen on))"
)
_TABLE: tuple[tuple[str, Callable[[Clause, Match], Iterator[Candidate]]], ...] = (
    (rf"{_MY} (?P<x>[^\W\d][\w' -]{{0,40}}?) (?:is|are|was) (?:called|named) {_NAME}", _called),
    (rf"{_MY} (?P<x>[^\W\d][\w' -]{{0,40}}?)'?s?' ?names? (?:is|are|was) {_NAME}", _called),
    (rf"{_MY} (?P<x>[^\W\d][\w -]{{0,40}}?)(?:'s)? names? (?:is|are|was) {_NAME}", _called),
    (rf"the names? of {_MY} (?P<x>[^\W\d][\w' -]{{0,40}}?) (?:is|are|was) {_NAME}", _called),
    (
        rf"{_I} (?:have|have got|own|got|adopted|bought) {_ONES} (?P<x>[^\W\d][\w' -]{{0,40}}?) "
        rf"(?:(?:that|who|which) (?:is|are) )?(?:called|named) {_NAME}",
        _has_called,
    ),
    (rf"{_I} (?:call|named|called|have named) {_MY} (?P<x>[\w-]+) (?P<v>\w+)", _called),
    (
        rf"{_MY} (?P<x>[\w -]{{1,40}}'s )?birthday is (?:on )?(?:the )?"
        r"(?P<v>(?!soon|coming|not|over|today)[^,;?]{3,40})",
        _birthday,
    ),
    (r"(?:I|we) (?:was|were) born (?:in|on|at) (?:the )?(?P<x>)(?P<v>.*\d.*)", _birthday),
    (r"(?:I|we) (?:was|were) born in (?P<v>[^\d]{2,40})", _fixed("birthplace")),
    (rf"{_MY} (?P<x>{ATTRIBUTE}) (?:is|are) {_VALUE}", _attribute),
    (rf"(?P<v>[^,;?]{{1,40}}?) (?:is|are) {_MY} (?P<x>favou?rite [\w' -]{{2,30}})", _attribute),
    (rf"{_MY} (?P<kin>{WHICH_KIN}),? (?P<name>{_PERSON_NAME}),?(?: (?P<rest>(?!and\b).+))?", _kin),
    (
        rf"{_MY} (?P<kin>{WHICH_KIN}) (?P<name>{_NO_ADVERB}[^\W\d]{{3,}}) "
        r"(?P<rest>(?:lives?|works?|studies|is|has|moved|comes|got|died|passed)\b.+)",
        _kin,
    ),
    (rf"{_MY} (?P<x>{PET}),? (?P<v>{_PERSON_NAME})(?:,? .+)?", _pet_called),
    (rf"{_MY} (?P<x>{PET}) is (?P<v>{_PERSON_NAME})", _pet_is),
    (rf"(?P<v>{_PERSON_NAME}) is (?:the name of )?{_MY} (?P<x>{PET})(?:'s name)?", _pet_is),
    (
        rf"{_I} have(?: got)? {_ONES} (?P<x>{PET})(?:,| whose name is| by the name of) "
        rf"(?P<v>{_PERSON_NAME})",
        _pet_is,
    ),
    (rf"{_MY} (?P<kin>{WHICH_KIN}) is (?P<name>{_PERSON_NAME})", _is_kin),
    (rf"(?P<name>{_NO_ADVERB}[^\W\d]{{3,}}) is {_MY} (?P<kin>{WHICH_KIN})", _is_kin),
    (rf"(?P<name>{_SOMEBODY}) (?:is|am) (?P<other>{_SOMEBODY})'s (?P<kin>{WHICH_KIN})", _stands),
    (rf"(?P<name>{_SOMEBODY}) and (?P<other>{_SOMEBODY}) are (?P<kin>{_EACH_OTHER})", _stands),
    (
        rf"(?P<name>{_SOMEBODY}) (?:is|am) (?P<kin>married|engaged|related) to "
        rf"(?P<other>{_SOMEBODY})",
        _stands,
    ),
    (rf"{_MY} (?P<kin>{WHICH_KIN}) (?P<rest>.+)", _of_kin),
    (
        rf"{_I} have(?: got)? (?P<n>{_ONES}) (?P<what>{MANY_KIN}|{WHICH_KIN})"
        r"(?P<v>(?:,|:| called| named) .{2,60})?",
        _many_kin,
    ),
    (rf"{_I} (?:live|am living|reside) (?:in|at|on|near) {_VALUE}", _fixed("home")),
    (rf"{_I} (?:have )?moved (?:in)?to {_VALUE}", _fixed("home")),
    (rf"{_I} (?:am(?: originally)?|come) (?:originally )?from {_VALUE}", _fixed("origin")),
    (rf"{_I} grew up (?:in|on|near) {_VALUE}", _fixed("grew up")),
    (
        rf"{_I} (?:am|work as|am working as|have become|became) an? (?P<v>{JOB})(?: .{{2,40}})?",
        _fixed("job"),
    ),
    (
        rf"{_I} (?:work|am working) (?:at|for|in|with) "
        rf"(?!(?:the (?:kitchen|garden)|my room)\b){_VALUE}",
        _fixed("workplace"),
    ),
    (rf"{_I} used to (?P<v>(?:be|live|work|play|have|smoke|study|own|sing|run)\b.{{2,60}})", _past),
    (rf"{_I} (?:study|am studying) (?P<v>(?!for\b)[^,;?]{{2,60}})", _fixed("studies")),
    (
        rf"{_I} (?:am|turned|have turned) (?P<v>\d{{1,3}}|[a-z]+(?:-[a-z]+)?)(?: years old)",
        _fixed("age"),
    ),
    (rf"{_I} (?:am|turned) (?P<v>\d\d)", _fixed("age")),
    (rf"{_I} (?:am allergic to|have an allergy to) (?P<v>.{{2,40}})", _listed("allergic to")),
    (
        rf"{_I} (?:have|suffer from|was diagnosed with|have been diagnosed with) (?P<v>{ILLNESS})",
        _health,
    ),
    (rf"{_I} am (?P<v>{IDENTITY})", _identity),
    (
        rf"{_I} (?:have|own|got|adopted)(?: got)? (?P<v>{_ONES} (?:[a-z]+ ){{0,2}}{PET}s?)"
        r"(?: and .{2,40})?",
        _pet,
    ),
    (rf"{_I} {_LIKING} (?P<v>[^?]{{2,70}})", _taste),
    (rf"{_I} (?:play|am learning to play) (?:the )?(?P<v>[\w -]{{3,30}})", _listed("plays")),
    (
        rf"{_I} (?:speak|am fluent in) (?P<v>(?!to\b|with\b|too\b|up\b)[\w ,-]{{3,40}})",
        _listed("speaks"),
    ),
    (rf"{_I} (?:collect) (?P<v>[\w -]{{3,40}})", _listed("collects")),
    (rf"{_I} (?:drive|ride) an? (?P<v>(?!taxi to)[\w -]{{2,40}})", _listed("drives")),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), make) for pattern, make in _TABLE)
