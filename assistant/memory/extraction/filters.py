"""What is no memory, however much it sounds like one: questions, orders, guesses, hearsay, jokes,
and whatever is only so at this moment.
"""

from __future__ import annotations

import re

from assistant.language.lexicon import ASKING, ASKING_VERB, DAY, ORDER_VERBS, either

_QUESTION = re.compile(
    rf"{ASKING}(?:ever)?\b(?! i (?:was|am|were)\b.*,)"
    rf"|{ASKING_VERB} (?:i|you|we|he|she|it|they|there|my|your|the|this|that|anyone|somebody)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    rf"(?:{either(ORDER_VERBS - {'call', 'name'})}|call (?!me\b)"
    r"|name (?:a|an|one|some|three|five|the)|give me|say|stop|change|become|mute|louder|quieter"
    r"|repeat|forget|let us|let me|ask|do not (?:you|be|say|tell)|never mind|go (?:on|ahead|away)"
    r"|wait|hold on|speak|choose|surprise me|talk|be|come on|listen)\b",
    re.IGNORECASE,
)
"""Not "call me" and not "my name", which tell something."""
_UNSURE = re.compile(
    r"\b(?:if|unless|whether|maybe|perhaps|possibly|probably|supposedly|apparently|allegedly"
    r"|i (?:think|guess|suppose|believe|assume|wonder|wish|doubt|imagine|dreamed|dreamt|dream that"
    r"|thought|heard|read that|could|might|may|should have|must have|would have)"
    r"|i am not sure|not sure|not certain|imagine|suppose|pretend|what if|let us say|say that"
    r"|as though|hypothetically|in theory|kidding|joking|just joking|sort of|kind of|or something"
    r"|or so|almost|nearly (?:died|killed)|in (?:a|the|my) (?:movie|film|book|story|game|dream"
    r"|song|play|novel|show|video)|for example|for instance|no idea)\b",
    re.IGNORECASE,
)
_WOULD = re.compile(r"\bwould\b(?! (?:like|love) to\b)", re.IGNORECASE)
_HEARSAY = re.compile(
    r"[\"“”«»]|\b(?:he|she|they|it|someone|somebody|people|who|you|everyone|\w+) (?:said|says|"
    r"claimed|claims|told (?:me|us)|asked|wrote|quoted|goes like|sang|sings|yelled|shouted|"
    r"whispered)\b"
    r"|\baccording to\b|\bthe (?:song|line|quote|saying|lyrics?|joke|riddle)\b|\bquote\b",
    re.IGNORECASE,
)
_MOMENT = re.compile(
    r"\b(?:right now|just now|at the moment|this (?:second|minute|instant)|for now|in a (?:second"
    r"|minute|moment)|brb|be right back)\b"
    r"|^i am (?:(?:so|very|really|a bit|pretty|too|quite|not|just|still|all|almost|about) )*"
    r"(?:hungry|thirsty|tired|sleepy|cold|hot|warm|back|here|there|home|ready|done|bored|fine|ok"
    r"|okay|good|well|great|late|early|busy|free|full|drunk|awake|lost|confused|sorry|sure|listening"
    r"|joking|kidding|serious|in (?:the|a) (?:car|kitchen|bathroom|shower|hurry|meeting|bus|train)"
    r"|on (?:the|my) (?:way|bus|train|phone|sofa|couch)|going (?:to (?:bed|sleep)|out|home|now)"
    r"|leaving|off|coming|eating|drinking|cooking|driving|sitting|standing|walking|waiting|talking"
    r"|trying|asking|looking|watching)\b(?! (?:for|of) my)",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"\b(?:it|these|those|there|here|this(?! (?:coming |past )?(?:week|weekend|month|year|spring"
    rf"|summer|autumn|fall|winter|morning|afternoon|evening|{DAY})))\b|^(?:I|we)\b(?!.*\b(?:my|our|(?-i:[A-Z])[a-z]+)\b).*\b(?:him|her|his|them|their)\b"
    r"|\b(?:that|them|so)$|\w+ing that\b(?! (?:i|my|the|our)\b)",
    re.IGNORECASE,
)
_ABOUT_YOU = re.compile(r"\b(?:you|your|yours|yourself)\b", re.IGNORECASE)


def is_question(clause: str) -> bool:
    """Whether a clause with opened contractions asks."""
    return clause.rstrip().endswith("?") or bool(_QUESTION.match(clause))


def is_order(clause: str) -> bool:
    """Whether it tells the assistant to do something."""
    return bool(_ORDER.match(clause))


def is_doubtful(clause: str) -> bool:
    """Whether it is a guess, a wish, a game of thought, a joke, or somebody else's words."""
    return bool(_UNSURE.search(clause) or _WOULD.search(clause) or _HEARSAY.search(clause))


def is_momentary(clause: str) -> bool:
    """Whether it will be false in an hour."""
    return bool(_MOMENT.search(clause))


def is_about_assistant(clause: str) -> bool:
    return bool(_ABOUT_YOU.search(clause))


def is_dangling(clause: str) -> bool:
    """Whether it points at something that only the moment shows: "excited about this"."""
    return bool(_DANGLING.search(clause))


def rejects(clause: str) -> bool:
    """Whether nothing in this clause may be remembered unless the user asks for it."""
    return (
        is_question(clause)
        or is_order(clause)
        or is_doubtful(clause)
        or is_momentary(clause)
        or is_about_assistant(clause)
    )
