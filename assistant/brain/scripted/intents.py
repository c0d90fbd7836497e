"""The names of everything a turn can mean, most of them keys of `assistant.personas.loading.Lines`;
and what a sentence means that no pattern knows: a question or an order, something told, or noise.
"""

from __future__ import annotations

import re
from typing import Literal

from assistant.brain.scripted.politeness import LEADING
from assistant.language.lexicon import ASKING, ASKING_VERB, ORDER_VERBS, either
from assistant.language.tokens import Sentence

Intent = Literal[
    "hello",
    "how_are_you",
    "who_are_you",
    "who_made_you",
    "what_can_you_do",
    "time",
    "date",
    "name_told",
    "name_asked",
    "fact_told",
    "fact_asked",
    "facts_asked",
    "forget",
    "arithmetic",
    "arithmetic_more",
    "joke",
    "another",
    "mood_good",
    "mood_bad",
    "distress",
    "compliment",
    "insult",
    "thanks",
    "apology",
    "goodbye",
    "yes",
    "no",
    "opinion",
    "how_to_llm",
    "repeat",
    "stopped",
    "cannot",
    "statement",
    "not_understood",
]

_QUESTION = re.compile(rf"(?:{ASKING}|{ASKING_VERB}|isn|tell me)\b")
_ORDER = re.compile(
    rf"(?:{either(ORDER_VERBS)}|give|cook|email|message|dim|pause|skip|snooze|cancel|navigate|drive|"
    r"calculate|compute|convert|compare|summari[sz]e|lock|unlock|reserve|teach|run|launch|download|"
    r"install|delete|record|take|clean|wash|feed|walk|fix|solve|let us|"
    r"i (?:want|need|would like) you to|recite|compose|dance|beatbox|whistle|invent)\b"
)
_TOPIC = re.compile(
    r".*\b(?:weather|forecast|news|headlines|capital of|population of|price of|score|stock|recipe|"
    r"president of|temperature|meaning of|definition of|distance|timer|alarm|reminder|"
    r"shopping list)\b.*"
)
_COMMAND = re.compile(
    r"(?:change|switch|become|transform|turn (?:into|yourself)|mute|unmute|louder|quieter|slower|"
    r"faster|speak|talk|volume|next persona|previous persona|load)\b.*"
)
_TELLING = re.compile(
    r"(?:i|we|he|she|it|they|you|my|our|his|her|their|your|the|a|an|this|that|these|those|there|"
    r"people|everyone|everybody|somebody|someone|nobody|today|yesterday|tomorrow|last|next|"
    r"sometimes|some|most|all|because|if|when|in|on|at|after|before|as|for|one|every|many|nothing|"
    r"something|everything|life|no one|not|just|only|maybe|of course|never|always|once)\b"
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|am|be|been|have|has|had|do|does|did|will|would|can|could|should|must|"
    r"might|may|shall|go|goes|went|going|get|got|gets|made|make|makes|take|took|want|wanted|need|"
    r"needed|know|knew|think|thought|see|saw|come|came|say|said|like|liked|love|loved|hate|feel|"
    r"felt|work|works|eat|ate|read|bought|found|lost|told|left|met|ran|drove|cooked|live|lives|"
    r"keep|kept|let|put|seems?|looks?|hope|wish|forgot|remember|play|played|watch|watched|broke|"
    r"fell|flew|flies|rang|drank|sang|slept|won|wrote|spoke|taught|built|cut|cost|sat|stood|heard|"
    r"hit|began|gave|held|kept|knows|led|paid|sent|sold|sent|spent|understood|wore|\w{2,}ed|"
    r"\w{3,}ing|rains?|snows?|\w{3,}s)\b"
)


def vague(sentence: Sentence) -> Intent:
    """Nothing better was found: a question or order, something told, or mere noise?"""
    text = sentence.text
    if lead := LEADING.match(text):
        text = text[lead.end() :]
    words = text.split()
    if _COMMAND.fullmatch(text):
        return "not_understood"
    if len(words) >= 2 and _TOPIC.fullmatch(text):
        return "statement" if _is_told(text) and not sentence.question else "cannot"
    if len(words) >= 3 and (_QUESTION.match(text) or sentence.question):
        return "cannot"
    if len(words) >= 2 and _ORDER.match(text):
        return "cannot"
    if len(words) >= 3 and _is_told(text):
        return "statement"
    return "not_understood"


def _is_told(text: str) -> bool:
    return bool(_TELLING.match(text) and _VERB.search(text) and not _QUESTION.match(text))
