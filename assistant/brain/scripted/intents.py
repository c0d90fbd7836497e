"""The names of everything a turn can mean, most of them keys of `assistant.personas.loading.Lines`;
and what a sentence means that no pattern knows: a question or an order, something told, or noise.
"""

from __future__ import annotations

import re
from typing import Literal

from assistant.brain.scripted.politeness import LEADING
from assistant.language.lexicon import (
    ASKING,
    ASKING_VERB,
    ORDER_VERBS,
    REQUEST_VERBS,
    either,
    word_set,
)
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
    "name_known",
    "name_unknown",
    "fact_known",
    "fact_unknown",
    "exchange",
    "why",
    "sure",
    "wrong",
    "disagree",
    "not_funny",
    "not_listening",
    "said_before",
    "more",
    "meant",
    "which",
    "me_too",
    "instead",
    "doing",
    "love",
    "lonely",
    "bored",
    "tired",
    "angry",
    "anxious",
    "ask_on",
    "no_eyes",
    "cannot",
    "cannot_do",
    "statement",
    "not_understood",
]

_QUESTION = re.compile(rf"(?:{ASKING}|{ASKING_VERB}|isn|tell me)\b")
_THINGS = either(
    "coffee tea beer wine water drink pizza sandwich snack cake food breakfast lunch dinner taxi "
    "cab "
    "lift ride ticket tickets hug massage hand towel blanket cookie cookies biscuit burger juice "
    "money"
)
_KNOWING = either(
    "book check count define describe explain find guess help imagine look name pick read "
    "recommend say search spell suggest tell translate write google calculate compute convert "
    "compare "
    "summarise summarize recite compose invent solve teach draw pretend act give show get "
    "i_want_you_to"
)
"""Orders that somebody with more knowledge could carry out in words …"""
_DOING = either(
    (ORDER_VERBS | REQUEST_VERBS)
    - word_set(
        "check count define describe explain find guess help imagine look name pick read "
        "please "
        "recommend search spell suggest tell translate write google draw pretend act give show get"
    )
    | word_set(
        "bake beam bend blow boil brew bring bury buy carry catch charge clean clear climb close "
        "connect cook crush cut dance deliver delete destroy dig dim disable dispatch download "
        "dress "
        "drive dry dust eat email empty enable erase escort fax feed fetch fight fill film fire "
        "fix "
        "flush fly fold follow freeze fry grab grill grow hack hand hang heat hide hire hold hug "
        "install invite iron jump kick kill kiss knit launch lend lift light load lock lower marry "
        "massage measure melt message mop move mow navigate operate order paint park pass paste "
        "pat "
        "pause pay phone plant pour preheat press print pull punch push raise record rent repair "
        "rescue reserve run save scan sell serve shoot shop shovel skip slap snooze solve steal "
        "steer "
        "stir swim take tape teleport tidy tie transport transfer unlock unplug upload vacuum "
        "wake walk warm wash water weld whistle wipe wrap zap email text beatbox cancel recite "
        "sweep polish hoover post mail stream cast shut pump inflate hoist dock deploy eject "
        "engage "
        "activate deactivate arm disarm self_destruct rap hum yodel"
    )
)
"""… and those that take hands, or wires."""
_THINGS_TOO = either(
    "beam book cake cast charge climb cook cut dance dress drive dust email escort fax feed fight "
    "film fire fix fold grill hack hand heat hold hug iron jump kick kiss light load lock mail "
    "massage measure message mop move paint park paste pat pause phone plant post press print pull "
    "pump punch push raise record rent repair rescue reserve ring roll run sail save scan shop "
    "shovel ship skip snooze steal stream swim switch tape text throw tie transfer transport turn "
    "vacuum wake walk wash water weld whistle wrap zap"
)
"""Of these, words that are things as well, and begin what people tell."""
_OBJECT = (
    r"(?: (?:a|an|the|my|your|our|his|her|this|that|these|those|it|me|him|us|them|some|all|every|"
    r"up|"
    r"on|off|out|down|yourself|back|for me)\b|$)"
)
_ORDER = re.compile(rf"(?:{_KNOWING}|let us)\b")
_DEED = re.compile(
    rf"(?:(?:can|could|would|will) you |i (?:want|need|would like) you to |you (?:should|must|have "
    rf"to|need to|can) |go (?:and )?|try to |help me (?:to )?|go ahead and "
    rf")*(?:(?!{_THINGS_TOO}\b(?!{_OBJECT})){_DOING}\b(?!(?: \w+)? (?:is|"
    rf"was|are|were|has|had|will|would|can|does|did|and|or|than)\b)|(?:give|get) (?:me|us) (?:a|an|"
    rf"the|"
    rf"some|my) (?:\w+ )?(?:{_THINGS})\b|do (?:my|the|a|some|your) (?!you\b)|(?:go|get) (?:to|out|"
    rf"up|shopping)\b|make (?:me |us )?(?:a|"
    rf"an|"
    rf"some|the|my|breakfast|lunch|dinner|coffee|tea)\b).*"
)
_TOPIC = re.compile(
    r".*\b(?:weather|forecast|news|headlines|capital of|population of|price of|score|stock|recipe|"
    r"president of|temperature|meaning of|definition of|distance|timer|alarm|reminder|"
    r"shopping list)\b.*"
)
_COMMAND = re.compile(
    r"(?:change|switch|become|transform|turn (?:into|yourself)|mute|unmute|louder|quieter|slower|"
    r"faster|speak|talk|volume|next persona|previous persona|load)\b"
    r"(?! (?:is|was|are|were|of|after|has|had|takes|makes|comes|will|would)\b).*"
)
_TELLING = re.compile(
    r"(?:i|we|he|she|it|they|you|my|our|his|her|their|your|the|a|an|this|that|these|those|there|"
    r"people|everyone|everybody|somebody|someone|nobody|today|yesterday|tomorrow|last|next|"
    r"sometimes|some|most|all|because|if|when|in|on|at|after|before|as|for|one|every|many|nothing|"
    r"something|everything|life|no one|not|just|only|maybe|of course|never|always|once)\b"
)
_VERBS = (
    r"is|are|was|were|am|be|been|have|has|had|do|does|did|will|would|can|could|should|must|"
    r"might|may|shall|go|goes|went|going|get|got|gets|made|make|makes|take|took|want|wanted|need|"
    r"needed|know|knew|think|thought|see|saw|come|came|say|said|like|liked|love|loved|hate|feel|"
    r"felt|work|works|eat|ate|read|bought|found|lost|told|left|met|ran|drove|cooked|live|lives|"
    r"keep|kept|let|put|seems?|looks?|hope|wish|forgot|remember|play|played|watch|watched|broke|"
    r"fell|flew|flies|rang|drank|sang|slept|won|wrote|spoke|taught|built|cut|cost|sat|stood|heard|"
    r"hit|began|gave|held|kept|knows|led|paid|sent|sold|sent|spent|understood|wore|"
    r"rains?|snows?|woke|lent|became|become|rose|chose|drew|grew|blew|threw|caught|brought|shut|"
    r"bit|"
    r"hid|rode|shook|stole|swam|start|change|mean|stay|hurts?|turn|spell|ring|sleep|run|walk|talk"
)
_VERB = re.compile(rf"\b(?:{_VERBS}|\w{{2,}}ed|\w{{3,}}ing|\w{{3,}}s)\b")
_SURELY_VERB = re.compile(rf"\b(?:{_VERBS})\b")


_SOMEBODY = re.compile(r"(?:i|we|he|she|they|my \w+|our \w+|his \w+|her \w+|their \w+) \w+ \w+")
_LONG_ENOUGH = 4
"""Words of a sentence with a verb, that is no mere noise however it begins."""


_PERSONAL = re.compile(
    r"(?:(?:do|are|would|did|were|have|will) you (?!know\b|remember\b|have (?:the|any|a)\b|got\b|"
    r"speak\b|understand\b|see\b|hear\b|need\b|use\b|run\b|support\b|able\b|familiar\b|aware\b|"
    r"heard\b)|(?:what|which|who|how|where|when|why|whom) (?:\w+ )?"
    r"(?:would|do|are|did|were|will) you\b(?! (?:spell|say|pronounce|call|make|know|get|fix|cook|"
    r"write|calculate|convert|find)\b)|(?:(?:what|which|where|who|when|how) (?:\w+ )?)?should (?:i|"
    r"we)\b|am i \w|are we \w|give me (?:some |an? )?(?:advice|tip|opinion)).*"
)
"""Asks for nothing that could be known, but for the persona's own mind."""


_SUPPOSING = re.compile(r"\bif you (?:were|had|could)\b|\bin my (?:place|shoes)\b")
_EXCLAIMING = re.compile(r"what an? \w+(?: \w+){0,2}|how (?!come|so|much|many|long|far|old)\w+")
_STRANGE_ORDER = re.compile(
    r"(?!(?:from|with|without|by|of|to|about|under|over|into|like|than|except|near|behind|beside|"
    r"between|through|during|against|around|per|via|until|unless|since|whenever|while|although|"
    r"though|but|or|nor|both|either|neither|half|such|quite|rather|even|poor|silly|lucky|good|bad|"
    r"excuse|forgive|trust|believe|pardon|thank|thanks|hate|love|miss|bless|damn|screw|stupid|dear|"
    r"say|and|so|oh|hello|hi|goodbye|bye|also|plus|yes|no|maybe|sorry|ask|also|still)\b)"
    r"[a-z]{3,}(?: (?:up|off|on|out|down))? (?:my|the|a|an|this|that|those|these|it|him|her|them|"
    r"us|"
    r"me)(?: [a-z']+){0,4}"
)
"""An order with a verb that nobody has thought of: "defrost the fridge"."""


def vague(sentence: Sentence) -> Intent:
    """Nothing better was found: a question or order, something told, or mere noise?"""
    text = sentence.text
    if lead := LEADING.match(text):
        text = text[lead.end() :]
    words = text.split()
    if _COMMAND.fullmatch(text):
        return "not_understood"
    if _EXCLAIMING.fullmatch(text) and not sentence.question:
        return "statement"
    if sentence.question and _SUPPOSING.search(text):
        return "opinion"
    if len(words) >= 2 and _DEED.fullmatch(text):
        return "cannot_do"
    if len(words) >= 2 and _TOPIC.fullmatch(text):
        return "statement" if _is_told(text) and not sentence.question else "cannot"
    if len(words) >= 3 and _PERSONAL.fullmatch(text):
        return "opinion"
    if len(words) >= 3 and _QUESTION.match(text):
        return "cannot"
    if len(words) >= 2 and _ORDER.match(text):
        return "cannot"
    if len(words) >= 3 and sentence.question:
        return "cannot"
    if len(words) >= 3 and _is_told(text):
        return "statement"
    told = _TELLING.match(text) or _QUESTION.match(text)
    if not told and _STRANGE_ORDER.fullmatch(text) and not _SURELY_VERB.search(text, 1):
        return "cannot_do"
    return "not_understood"


def _is_told(text: str) -> bool:
    if _QUESTION.match(text) or _ORDER.match(text):
        return False
    if _SOMEBODY.match(text):
        return True
    if _TELLING.match(text):
        return bool(_VERB.search(text))
    before, _, _ = text.rpartition(" ")
    words = len(text.split())
    if words > _LONG_ENOUGH and _VERB.search(before, 1):
        return True
    return words >= _LONG_ENOUGH and bool(_SURELY_VERB.search(text, 1))
