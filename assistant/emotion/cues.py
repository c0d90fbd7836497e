"""Cues: what people say when they are frustrated, excited, confused, tired, sad or calm.

Patterns over the normal words of `language.tokens` (lower case, contractions opened, "just" and
"please" left out), each with a weight: the chance, as far as hand-written cues go, that who says
this feels so now. What a pattern says of the *user* stands in it ("I am …", "makes me …"): the same
word of a film, a song or a third person matches none. Weights under .5 tell nothing alone.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from assistant.emotion.feeling import Kind


@dataclass(frozen=True, slots=True)
class Cue:
    """One way to show a feeling."""

    kind: Kind
    weight: float
    pattern: re.Pattern[str]
    name: str
    """What is remembered of it where it was wrong: kind and group."""
    whole: bool
    """Only where it is all of a clause: an outcry."""
    bare: bool = False
    """Only where it begins a sentence: no word says whose feeling it is."""


_ADV = (
    r"(?: (?:so|very|really|truly|quite|rather|pretty|totally|completely|absolutely|utterly|too|all"
    r"|a bit|a little|a little bit|kind of|sort of|kinda|still|now|also|always|already|getting"
    r"|feeling|super|incredibly|extremely|terribly|awfully|beyond|more than|honestly|frankly"
    r"|increasingly|deeply|thoroughly|well|seriously|damn|bloody|freaking|fucking|such|dead|bone"
    r"|even more|more and more|about|almost|constantly|a wee bit|ever so|desperately|genuinely"
    r"|fairly|somewhat|currently|again|sick and|slightly|unbelievably|ridiculously|insanely|crazy"
    r"|properly|physically|mentally|emotionally|day in day out|and|rightly|the most))*"
)
_I_AM = (
    r"(?:i am|i feel|feel|i am feeling|i have been|i have been feeling|i have been getting|i got"
    r"|i get"
    r"|i become|i am becoming|i am left|i woke up|i came home|i have felt|i do feel|feeling"
    r"|we are|we feel|i keep feeling|i sound|i guess i am|i end up|i am starting to feel|i started"
    r" to feel|i am starting to get|i seem)"
)
_MAKES_ME = (
    r"(?:\w+ ){1,6}?(?:makes|make|made|making|leaves|leave|left|has|have|had|got|gets|getting) me"
    r"(?: feel| feeling)?"
)
_TODAY = (
    r"(?:today|tonight|all (?:day|week|morning)|this (?:morning|week|evening)|earlier|just now)"
)
_THIS = (
    r"(?:this|it|that|everything|all of this|all this|the whole thing|this thing|the \w+|my \w+"
    r"|your \w+|this \w+|that \w+|the \w+ \w+|this \w+ \w+)"
)
_NOW = r"(?: (?:today|tonight|now|right now|lately|again|at the moment|these days|this week))?"
_SAY = r"(?:told|said|say|tell|asked|ask|explained|repeated|mentioned|answered|corrected)"
_HOW_OFTEN = (
    r"(?:once|twice|(?:two|three|four|five|six|ten|twenty|a hundred|a thousand|a million|many"
    r"|several"
    r"|countless|a dozen|\d+|so many) times|again and again|over and over(?: again)?|repeatedly"
    r"|already|a minute ago|a moment ago|a dozen times|before(?= and| $|$))"
)

_DEAR = (
    r"(?:mum|mother|mummy|dad|father|daddy|wife|husband|son|daughter|brother|sister|dog|cat"
    r"|friend|best"
    r" friend|grandmother|grandfather|grandma|grandpa|gran|granny|nan|grandad|granddad|baby"
    r"|partner|uncle"
    r"|aunt|auntie|cousin|parents?|child|children|kids|girlfriend|boyfriend|fiance|fiancee|ex"
    r"|nephew|niece"
    r"|neighbour|colleague|teacher|boss|horse|hamster|rabbit|parrot|budgie|bird|puppy|kitten"
    r"|goldfish"
    r"|guinea pig|pet|family|twin|mentor|coach|roommate|flatmate|friends|relationship|marriage)"
)

_FRUSTRATED_STATE = (
    r"(?:frustrated|annoyed|irritated|angry|furious|livid|fuming|enraged|outraged|exasperated|cross"
    r"|mad(?= (?:at|that|with|now|right)\b|$)|fed up|pissed(?: off)?|ticked off|cheesed off"
    r"|aggravated|infuriated|impatient|worked up|hacked off|at my (?:wits?'?s? end|limit)"
    r"|out of patience|losing (?:it|my (?:mind|patience|temper|cool))|going (?:mad|nuts|insane"
    r"|crazy)|about to (?:scream|explode|lose it|snap)|ready to (?:scream|give up|throw \w+ .+)"
    r"|sick (?:of|to death of)|so done|done with (?:this|it|you|that|all)|over (?:this|it)$"
    r"|tearing my hair out|boiling|seething|want to scream|up the wall|round the bend"
    r"|upset (?:with|at) (?:you|this|that|him|her|them|it))"
)
_EXCITED_STATE = (
    r"(?:excited|thrilled|stoked|pumped(?! up the)|psyched|hyped|overjoyed|ecstatic|elated"
    r"|exhilarated"
    r"|delighted|over the moon|on cloud nine|buzzing|giddy|jubilant|beside myself with joy"
    r"|bursting with \w+|jumping (?:for joy|up and down|around)|walking on air|euphoric|chuffed"
    r"|raring to go|fired up|on top of the world|in seventh heaven|amazed|blown away|tickled pink"
    r"|the happiest \w+|shaking with (?:joy|excitement)|grinning (?:like|from)\b.*)"
)
_CONFUSED_STATE = (
    r"(?:confused(?! (?:with|about whom)\b)|puzzled|baffled|bewildered|perplexed|stumped"
    r"|mystified|lost(?= (?:here|now|with"
    r"|again|already)\b|$)|at a loss|muddled|mixed up|flummoxed|disoriented|bamboozled|in the dark"
    r"|not (?:sure|certain) (?:i|what you|that i) (?:understand|understood|follow|mean|get|got"
    r"|meant|want).*|not (?:quite )?(?:following|with you|getting (?:it|this|that))|unclear"
    r"|scratching my head|none the wiser|struggling to (?:follow|understand|make sense).*"
    r"|having (?:trouble|a hard time|difficulty) (?:following|understanding|making sense).*)"
)
_TIRED_STATE = (
    r"(?:tired(?! of\b)|exhausted(?! (?:all|every|my (?:options|options)|the (?:list|options))\b)"
    r"|knackered|shattered|worn out|drained|wiped(?: out)?|beat|dead beat|sleepy|weary|drowsy"
    r"|burn(?:ed|t) out|pooped|bushed|zonked|fatigued|spent|dead on my feet|dead tired|dog tired"
    r"|running on (?:empty|fumes|coffee|caffeine|no sleep|\w+ hours? (?:of )?sleep)|half asleep"
    r"|falling asleep.*|nodding off|dozing off|sleep deprived|out of (?:energy|steam)"
    r"|low on energy|barely (?:awake|functioning)|ready for (?:bed|sleep|a nap)"
    r"|ready to (?:drop|collapse|crash|sleep.*|pass out)|yawning|done in|groggy|tuckered out"
    r"|about to (?:pass out|fall asleep|collapse)|struggling to (?:stay|keep) (?:awake"
    r"|my eyes open)"
    r"|crashing|worn (?:down|thin)|overtired|zapped|lethargic|dragging myself .*"
    r"|asleep on my feet|jet lagged)"
)
_SAD_STATE = (
    r"(?:sad(?! to (?:say|report|hear)\b)|unhappy|depressed|heartbroken|miserable|lonely"
    r"|devastated|gutted|crushed|homesick"
    r"|gloomy"
    r"|broken hearted|brokenhearted|in tears|tearful|crying|grieving|mourning|sorrowful|melancholy"
    r"|down(?! (?:to|for|with|the|in|at|on my luck in|here|there|by|by the)\b)|down in the dumps"
    r"|low(?! on\b|er\b)|blue(?= (?:today|lately|again|tonight|about)\b|$)|upset(?! (?:with|at)\b)"
    r"|hurt(?! my\b)|hopeless|helpless|worthless|empty(?= (?:inside|today|lately|without)\b|$)|numb"
    r"|alone(?= (?:in (?:the world|this|life)|these|since|now|all|today|tonight|again|without"
    r"|right|with it)\b|$)|abandoned"
    r"|rejected|let down|disappointed|bereft|despondent|dejected|discouraged|in despair|desolate"
    r"|falling apart|broken(?= (?:inside|up|about)\b|$)|like (?:crying|a failure|giving up"
    r"|nobody cares|a burden|i failed)|not happy|cut up|choked up|weepy|forlorn|missing (?:him|her"
    r"|them|my \w+)|so sorry for myself|going through a (?:hard|rough|bad|difficult) .+)"
)
_CALM_STATE = (
    r"(?:calm(?! about\b)|relaxed(?! about\b)|peaceful|serene|at peace|content(?=$| (?:here|now"
    r"|right|today|tonight|as|with (?:life|my life|how|everything|myself|where))\b)|at ease"
    r"|chilled(?: out)?|chilling|relaxing|resting|tranquil"
    r"|mellow|unhurried|settled|comfortable|rested|well rested|composed|laid back|balanced|zen"
    r"|perfectly (?:fine|happy|content)|in no (?:rush|hurry)|not in (?:a|any) (?:rush|hurry)"
    r"|winding down|unwinding|enjoying the (?:quiet|peace|silence|calm|evening|moment))"
)


def _named(state: str) -> tuple[str, ...]:
    """The ways in which somebody says that he is so."""
    return (
        rf"{_I_AM}{_ADV} {state}",
        rf"{_MAKES_ME}{_ADV} {state}",
        rf"i was{_ADV} {state}(?: .*)? {_TODAY}",
    )


_BARE = r"(?:so|very|really|too|absolutely|totally|completely|still|a bit|pretty|quite|utterly)"
_STATES: tuple[tuple[Kind, str], ...] = (
    ("frustrated", _FRUSTRATED_STATE),
    ("excited", _EXCITED_STATE),
    ("confused", _CONFUSED_STATE),
    ("tired", _TIRED_STATE),
    ("sad", _SAD_STATE),
    ("calm", _CALM_STATE),
)
_WORDS = {
    "VERY": _ADV,
    "THIS": _THIS,
    "SAY": _SAY,
    "HOW OFTEN": _HOW_OFTEN,
    "SOMEBODY": _DEAR,
}
"""What a name in angle brackets stands for in `cues.toml`."""


def _opened(pattern: str) -> str:
    return re.sub(r"<([A-Z ]+)>", lambda match: _WORDS[match[1]], pattern)


def _cue(
    kind: Kind, name: str, weight: float, pattern: str, *, whole: bool, bare: bool = False
) -> Cue:
    return Cue(kind, weight, re.compile(rf"(?:{pattern})(?!\S)"), f"{kind}: {name}", whole, bare)


def _load() -> tuple[Cue, ...]:
    table = tomllib.loads(Path(__file__).with_name("cues.toml").read_text("utf-8"))["cue"]
    found = [
        _cue(
            each["kind"],
            each["name"],
            each["weight"],
            _opened(text),
            whole=each.get("whole", False),
        )
        for each in table
        for text in each["patterns"]
    ]
    for kind, state in _STATES:
        weight = _CALM if kind == "calm" else _NAMED
        found += [_cue(kind, "named", weight, text, whole=False) for text in _named(state)]
        alone = rf"(?:{_BARE} )*{state}{_NOW}"
        found.append(_cue(kind, "named", _NAMED_ALONE, alone, whole=True, bare=True))
    return tuple(found)


_NAMED, _CALM, _NAMED_ALONE = 0.8, 0.75, 0.65
"""Weights where the user names the feeling himself: in a sentence, and in a word."""
CUES = _load()
