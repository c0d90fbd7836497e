"""Command patterns: spoken requests that hold no persona's name: "stop", "louder, please", "volume
fifty percent".

Each pattern must cover the whole of what is left when politeness is taken off, so that "stop the
car at the corner" and "a louder noise woke the dog" stay ordinary sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.language.lexicon import HUM


@dataclass(frozen=True, slots=True)
class SpokenCommand:
    """What words ask for: the name of a tool, and its arguments."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


NOUN = r"(?:themes?|personas?|personality|voice|character|mode|skin)"
"""What people call a persona when they ask for one."""

_NEIGHBOUR = re.compile(
    r"(?:(?:change|switch|go|skip|move|give me|bring up|load|show me|swap|take me)(?: over| on)?"
    r"(?: to)? )?(?:the |my |your )?(?P<which>next|previous|last|prior)"
    rf" (?:{NOUN}|one)"
)
_LIST = re.compile(
    r"(?:which|what)(?: other)? (?:themes|personas|characters|voices|personalities)(?: else)?"
    r"(?: (?:are there|do you have|have you got|are available|can (?:you|i) (?:do|be|choose|use"
    r"|have|talk to|pick|select|switch to|change to)|do you know|there are|is there))?"
    r"|(?:list|show|tell|name|read)(?: me)?(?: of)?(?: all)?(?: of)?(?: the| your| available)*"
    r" (?:themes|personas|characters|voices|personalities)(?: (?:there are|you have|available))?"
    r"|who (?:else |all )?(?:is|are) (?:there|here|available|in there)"
    r"|who (?:else )?can (?:you be|you become|i (?:talk|speak) (?:to|with)|you turn into)"
    r"|who else (?:are you|do you have|is around|have you got)"
    r"|are there (?:any )?other (?:personas|themes|voices|characters)"
    r"|(?:(?:i|we) (?:want|would like|need) to|(?:can|could|may) (?:i|we)|let me) (?:talk|speak)"
    r" (?:to|with) (?:someone|somebody|anyone|anybody) else|(?:give|get|bring) me (?:someone"
    r"|somebody) else"
)
_STOP = re.compile(
    r"(?:(?:you )?(?:stop|stop it|stop that|stop talking|stop speaking|stop now|be quiet|be silent"
    r"|be still|quiet|silence|shut up|shush|hush|shh+|sh|that is enough|enough|enough of that"
    r"|stop (?:it|that|this) (?:now|there)|cancel|cancel that|hold your tongue|quiet down"
    r"|do not (?:talk|speak)|no more talking|zip it))(?: (?:stop|now))*"
)
_MUTE = re.compile(
    r"(?:mute|mute (?:the |my |your )?(?:mic|mike|microphone|yourself|me|it|sound)"
    r"|stop listening|do not listen|turn off (?:the |my |your )?(?:mic|microphone)"
    r"|(?:switch|turn) (?:the |my |your )?(?:mic|microphone) off|microphone off)"
)
_REPEAT = re.compile(
    r"(?:repeat|repeat (?:that|it|yourself|this|what you (?:just )?said|the last (?:thing|part|bit"
    r"|sentence|answer|line)|your last (?:answer|sentence|words))|say (?:that|it|this) (?:again"
    r"|once more|one more time)|say again|come again|once more|one more time|pardon|pardon me"
    r"|i beg your pardon|what did you (?:just )?say|what was that|what did you say again"
    r"|i (?:did|could) not (?:hear|catch|get|understand) (?:that|you|it|what you said))"
    r"(?: (?:again|once more|one more time))?"
)
_A_BIT = r"(?:(?:a (?:bit|little|little bit|tad|lot)|much|slightly|some|somewhat) )?"
_YOU_ARE = r"(?:(?:make it|turn it|be|speak|talk|say it|a bit|go|get) )?"
_VOLUME_UP = re.compile(
    rf"(?:{_YOU_ARE}{_A_BIT}louder|(?:speak|talk) up(?: a (?:bit|little))?|(?:more|raise the"
    rf"|raise your|increase the|increase your|increase) volume|volume {_A_BIT}(?:up|higher)"
    rf"|(?:turn|crank) (?:it|the volume|your volume|yourself|the sound|your voice) {_A_BIT}up"
    rf"|turn up (?:the |your )?(?:volume|sound)|you are {_A_BIT}?too (?:quiet|soft)"
    r"|i can (?:not|hardly|barely) hear you)"
)
_VOLUME_DOWN = re.compile(
    rf"(?:{_YOU_ARE}{_A_BIT}(?:quieter|softer|less loud|more quietly|more softly)"
    r"|(?:less|lower the|lower your|lower|decrease the|decrease your|reduce the|reduce your|reduce)"
    rf" volume|volume {_A_BIT}(?:down|lower)|not so loud"
    rf"|turn (?:it|the volume|your volume|yourself|the sound|your voice) {_A_BIT}down"
    rf"|turn down (?:the |your )?(?:volume|sound)|you are {_A_BIT}?too loud|too loud)"
)
_VOLUME_TO = re.compile(
    r"(?:(?:set|change|turn|put|make|bring)(?: up| down)? )?(?:the |your )?volume(?: level)?"
    r"(?: up| down)?(?: (?:to|at|is|2))? (?P<level>\d{1,3}|full|max|maximum|half|zero|minimum)"
    r"(?: (?:percent|per cent|%))?"
    r"|(?P<word>full|maximum|max|half) volume"
)
_FASTER = re.compile(
    rf"(?:(?:speak|talk|go|be|say it|read) )?{_A_BIT}(?:faster|quicker|more quickly|more rapidly)"
    r"|speed up(?: a (?:bit|little))?|too slow|you are (?:talking |speaking )?too (?:slow|slowly)"
    r"|speed it up"
)
_SLOWER = re.compile(
    rf"(?:(?:speak|talk|go|be|say it|read) )?{_A_BIT}(?:slower|more slowly|slowly)"
    r"|slow(?: it)? down(?: a (?:bit|little))?|not so (?:fast|quick|quickly)|too fast"
    r"|you are (?:talking |speaking )?too (?:fast|quick|quickly)"
)
_NORMAL_RATE = re.compile(
    r"(?:speak|talk|go)(?: back)?(?: at| to| with)?(?: a| your| the)? normal(?:ly)?"
    r"(?: (?:speed|rate|pace))?|normal (?:speed|rate|pace)"
)
_LEVELS = {"full": 100, "max": 100, "maximum": 100, "half": 50, "zero": 0, "minimum": 10}

_SIMPLE: list[tuple[re.Pattern[str], Callable[[re.Match[str]], SpokenCommand]]] = [
    (_STOP, lambda m: SpokenCommand("stop")),
    (_MUTE, lambda m: SpokenCommand("mute")),
    (_REPEAT, lambda m: SpokenCommand("repeat")),
    (_VOLUME_UP, lambda m: SpokenCommand("set_volume", {"change": "up"})),
    (_VOLUME_DOWN, lambda m: SpokenCommand("set_volume", {"change": "down"})),
    (_VOLUME_TO, lambda m: SpokenCommand("set_volume", {"percent": _level(m)})),
    (_FASTER, lambda m: SpokenCommand("set_speech_rate", {"change": "faster"})),
    (_SLOWER, lambda m: SpokenCommand("set_speech_rate", {"change": "slower"})),
    (_NORMAL_RATE, lambda m: SpokenCommand("set_speech_rate", {"change": "normal"})),
    (_LIST, lambda m: SpokenCommand("list_themes")),
    (
        _NEIGHBOUR,
        lambda m: SpokenCommand(
            "change_theme", {"persona_name": "next" if m["which"] == "next" else "previous"}
        ),
    ),
]


def _level(match: re.Match[str]) -> int:
    word = match["level"] or match["word"]
    return min(100, int(word)) if word.isdigit() else _LEVELS[word]


def phrase_call(phrase: str) -> SpokenCommand | None:
    """The call that this phrase asks for; `phrase` is lower-case words without politeness."""
    for pattern, make in _SIMPLE:
        match = pattern.fullmatch(phrase)
        if match is not None:
            return make(match)
    return None


# Whole requests: what skills are asked for in words to which nothing can be added. "Set a timer for
# ten minutes" is none ("… and thirty seconds"), nor is "add milk" ("… and eggs to my list").

_SET_THINGS = r"(?:timers?|alarms?|reminders?)"
_MY_LIST = (
    r"(?:(?:my|the|our) )?(?:shopping|grocery|groceries|to do|todo|task) list|(?:my|our) list"
)
_WHOLE_REQUEST = re.compile(
    r"(?:flip|toss|throw)(?: me)? (?:a|the|another) coin(?: again)?|heads or tails"
    r"|coin (?:flip|toss)|(?:roll|throw)(?: me)? (?:a|the|\d|two|three) (?:die|dice)(?: again)?"
    r"|(?:roll|throw)(?: me)? (?:a )?d\d+"
    rf"|(?:clear|empty|wipe|delete|erase) (?:{_MY_LIST})"
    r"|(?:add|ad|put|stick|jot down|write|note) (?!(?:this|that|it|these|those) )\S+"
    r"(?: \S+){0,5}? (?:to|on|onto) "
    rf"(?:{_MY_LIST})"
    r"|(?:remove|take|delete|cross|tick|scratch|strike)(?: off)? \S+(?: \S+){0,5}?"
    rf" (?:from|off) (?:{_MY_LIST})"
    r"|(?:start|stop|reset|restart|end) (?:the|a|my) stop ?watch"
    r"|(?:cancel|stop|clear|delete|remove|turn off|kill|end) (?:all|both|every)(?: of)?"
    rf"(?: the| my)? {_SET_THINGS}|never mind the {_SET_THINGS}"
    rf"|i do not need (?:the|my) {_SET_THINGS} any ?more"
    rf"|(?:when|what time) (?:is|does|will) (?:my|the) (?:next )?{_SET_THINGS}"
    r"(?: (?:go off|ring|end|set for|set))?"
    rf"|(?:is|are) (?:my|the|any|there an?|there any) {_SET_THINGS}(?: (?:set|on|running))?"
    rf"|(?:do|have) i (?:have|got)(?: an?| any)? {_SET_THINGS}(?: (?:set|on|running))?"
    r"|is (?:my |the |your )(?:microphone|mic) (?:on|off|open|muted|live)"
    r"|when is (?:easter|christmas|halloween|good friday|new year's eve)"
)


def is_whole_request(phrase: str) -> bool:
    """Whether these lower-case words ask a skill for something, and nothing can be added."""
    return _WHOLE_REQUEST.fullmatch(phrase) is not None


# Backchannels: words that mean go on, said while somebody else speaks.

Saying = Literal["nothing", "backchannel", "words"]

_LONGEST = 5
"""Words in the longest of them: whoever says more has something to say."""
_TOKEN = re.compile(r"[a-z]+")
_SIGN = re.compile(
    rf"(?:{HUM}|(?:m+|u+h+|u+m+)h+u+[hm]+|a+h+a+h*|ha+"
    r"|ye+ah?|yep|yup|yes|ya|yah|right|okay|ok|kay|sure|true|exactly|indeed|absolutely|definitely"
    r"|totally|certainly|of course|i see|i know|got it|gotcha|makes sense|that makes sense"
    r"|fair enough|good|great|nice|cool|fine|wow|whoa|really|interesting|lovely|perfect|alright"
    r"|all right|thanks|thank you|very good|very nice|no way|no kidding|is that so|go on)"
)
"""Continuers and assessments (Schegloff 1982, "Discourse as an interactional achievement";
Yngve 1970), as Whisper writes them. "Thank you" is also what it writes for a breath."""
_HUM = re.compile(rf"{HUM}|hum")


def is_hum(text: str) -> bool:
    """Whether there is not even a word in it: "Mm-hmm." What is left of an echo may sound so."""
    tokens = _TOKEN.findall(text.lower())
    return bool(tokens) and all(_HUM.fullmatch(token) for token in tokens)


def saying(text: str) -> Saying:
    """What a transcript of sound that came while the assistant spoke amounts to."""
    tokens = _TOKEN.findall(text.lower().replace("'", "").replace("’", ""))
    if not tokens:
        return "words" if any(c.isdigit() for c in text) else "nothing"
    if len(tokens) > _LONGEST or any(c.isdigit() for c in text):
        return "words"
    rest = " ".join(tokens)
    while rest:
        found = max((m for m in _starts(rest)), default=0)
        if not found:
            return "words"
        rest = rest[found:].strip()
    return "backchannel"


def _starts(words: str) -> list[int]:
    """Lengths of the signs that these words begin with, up to the end of a word."""
    ends = [i for i in range(1, len(words) + 1) if i == len(words) or words[i] == " "]
    return [end for end in ends if _SIGN.fullmatch(words[:end])]
