"""What is no memory, however much it sounds like one: questions, orders, guesses, hearsay, jokes,
and whatever is only so at this moment.
"""

from __future__ import annotations

import re

_QUESTION = re.compile(
    r"(?:what|who|whom|whose|where|when|why|how|which)(?:ever)?\b(?! i (?:was|am|were)\b.*,)"
    r"|(?:is|are|was|were|am|do(?! not)|does|did|can|could|will|would|shall|should|may|might|must"
    r"|have|has|had) (?:i|you|we|he|she|it|they|there|my|your|the|this|that|anyone|somebody)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:please|set|turn|switch|play|order|buy|call (?!me\b)|ring|text|send|open|close|shut|find"
    r"|search|show|give me|tell|sing|read|add|remind|wake|translate|book|make|schedule|explain"
    r"|describe|define|look|google|check|get|put|bring|count|spell|recommend|suggest|help|create"
    r"|list|say|stop|change|become|mute|louder|quieter|repeat|forget|let us|let me|pretend|imagine"
    r"|guess|ask|do not (?:you|be|say|tell)|never mind|go (?:on|ahead|away)|wait|hold on|speak"
    r"|pick|choose|roll|flip|toss|draw|throw|surprise me|name (?:a|an|one|some|three|five|the)"
    r"|talk|act|be|come on|listen|keep|start|write)\b",
    re.IGNORECASE,
)
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
    r"|summer|autumn|fall|winter|morning|afternoon|evening|monday|tuesday|wednesday|thursday|friday"
    r"|saturday|sunday)))\b|^(?:I|we)\b(?!.*\b(?:my|our|(?-i:[A-Z])[a-z]+)\b).*\b(?:him|her|his|them|their)\b"
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
