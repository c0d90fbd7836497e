"""What hangs on the answer before it: "why?", "are you sure?", "and in Tokyo?", "tell me more".

What such words mean depends on who gave that answer, and on what: `Topic` is what the engine knows
of it. A reason that is given is a true one: where an answer came from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from assistant.brain.scripted.intents import Intent
from assistant.calls.parser import ToolCall
from assistant.language.lexicon import DAY
from assistant.language.phrase_notation import normal
from assistant.language.tokens import Sentence

_THAT = r"(?: (?:that|it|this|so))?"
TABLE: tuple[tuple[Intent, tuple[str, ...]], ...] = (
    (
        "why",
        (
            r"(?:but |and |so )*why(?: (?:not|is that|is it|so|that|though|exactly|was that|oh why|"
            r"do you (?:say|think|ask|believe)" + _THAT + r"|(?:would|did) you (?:say|think|do|ask)"
            + _THAT + r"|are you (?:saying|asking|telling me)" + _THAT + r"))?(?: (?:exactly|"
            r"then))?",
            r"how come|how so|what for|for what reason|explain (?:why|yourself|that|it)|"
            r"what (?:makes|made) you (?:say|think|believe|ask|so sure)" + _THAT
            + r"|what is (?:the|your) reason(?: for (?:that|it))?",
            r"how (?:do|would|can) you know" + _THAT + r"|says who|who (?:says|said|told you)"
            + _THAT + r"|where (?:did|do) you (?:get|hear|learn|know|have) (?:that|it)(?: from)?",
        ),
    ),
    (
        "sure",
        (
            r"(?:are|were) you (?:really |absolutely |quite |so |very |completely |totally |100 "
            r"percent )*(?:sure|certain|serious|positive|kidding|joking)(?: (?:about|of|with))?"
            r"(?: (?:that|it|this|me))?",
            r"you sure(?: about that)?|sure about that|really(?: really)?|seriously|for real|"
            r"honestly|"
            r"no kidding|you (?:are|must be|have to be) (?:kidding|joking)(?: me)?",
            r"is (?:that|it|this) (?:really |actually )*(?:true|right|correct|so|a fact|certain|"
            r"real)",
            r"do you (?:really )?(?:mean|believe) (?:it|that)(?: seriously)?|i (?:do not|can not|"
            r"hardly) believe (?:that|it|you|this)",
            r"(?:(?:can|could) you )?(?:check|verify|recheck|double check)(?: (?:that|it|this))?"
            r"(?: again)?|look again|prove (?:it|that)|can you prove (?:it|that)|are you "
            r"telling(?: me)? the truth",
        ),
    ),
    (
        "not_funny",
        (
            r"(?:that|this|it|your joke|the joke|that joke|that one) (?:is|was) (?:really |just |"
            r"so |"
            r"such )*(?:not (?:\w+ )?(?:funny|amusing|a (?:very )?good (?:joke|one))(?: at all)?|"
            r"unfunny|(?<=one was )(?:bad|terrible|awful|weak|poor|stupid)|(?<=joke was )(?:bad|"
            r"terrible|awful|weak|poor|stupid)|an? (?:bad|terrible|awful|lame|poor|weak|old) "
            r"(?:joke|one|pun)|lame|"
            r"the worst joke.*)",
            r"(?:that|this|it) (?:is|was) (?:really |so |very |a bit |pretty |rather )*(?:boring"
            r"|dull|not (?:very |that |so )?interesting|lame)|how boring|boring",
            r"not (?:very |so |that |at all |even )*(?:funny|amusing)(?: at all)?|(?:bad|terrible|"
            r"lame|awful|weak) joke|boo+|do you call that (?:a joke|funny)",
            r"i (?:do not|did not) (?:get|understand|like|find)(?: (?:that|the|your|it))*"
            r" (?:joke|one|funny|amusing)|i am not laughing|(?:nobody|no one) (?:is laughing|"
            r"laughed)",
            r"your jokes are (?:so |really )?(?:bad|terrible|awful|lame|not funny)(?: .*)?",
        ),
    ),
    (
        "wrong",
        (
            r"(?:that|this|it) (?:is|was|sounds|seems|can|does) (?:so |totally |completely |all |"
            r"just )*(?:not (?:be |sound |seem |quite |really )*(?:right|true|correct|possible)|"
            r"wrong|incorrect|false|nonsense|a mistake|a lie|an error)(?: .{0,30})?",
            r"wrong(?: again| answer)?|incorrect|nonsense|rubbish|not (?:true|right|correct)|"
            r"that can not be|check your (?:maths?|facts?|clock|sums?)",
            r"you are (?:totally |completely |so )*(?:wrong|mistaken|lying|incorrect)(?: .{0,30})?|"
            r"you lied(?: to me)?",
            r"you (?:made|are making|have made) (?:a|another) mistake|you (?:got|have got|have) "
            r"(?:that|it) wrong|i (?:never|did not) (?:say|said|tell you|told you) (?:that|so)",
        ),
    ),
    (
        "disagree",
        (
            r"i (?:strongly |completely |totally |really |do |respectfully )*(?:disagree|beg to "
            r"differ)(?: .*)?|i (?:do not|can not) (?:agree|see it that way)(?: .*)?",
            r"i (?:would|have to|must) (?:disagree|object|differ)(?: .*)?|i see (?:it|that|this) "
            r"(?:quite |very )?differently|not in my opinion|that is (?:debatable|your opinion|not "
            r"how i see it)|i doubt (?:that|it)|i think you are wrong(?: .*)?",
        ),
    ),
    (
        "not_listening",
        (
            r"you (?:are|were|do|did) not (?:even |really |ever )*(?:listening|listen|paying "
            r"attention|hearing me|understanding me|understand(?: (?:me|anything))?|hear me|get it|"
            r"getting it|answering|answer)(?: (?:to|my|me|the|what) ?.*)?(?: at all)?",
            r"you never (?:listen|understand|answer)(?: .*)?|(?:are|were) you (?:even|really) "
            r"(?:listening|paying attention)(?: to me)?|listen to me|pay attention",
            r"you (?:are ignoring|ignored|ignore) (?:me|my .+|what .+)|answer (?:me|my question|"
            r"the "
            r"question)|you (?:have )?(?:misunderstood|misheard)(?: me)?",
            r"that (?:is|was) not (?:what i (?:asked|said|meant|wanted).{0,20}|an answer|my "
            r"question|"
            r"the question)|that does not answer my question|i (?:already )?(?:said|told you)"
            r"(?: that)?(?: already| before)|i (?:did not|do not) (?:mean|ask(?: for)?) that",
        ),
    ),
    (
        "said_before",
        (
            r"you (?:have )?(?:already |just )?(?:said|told me|mentioned|used)(?: that| this| it| "
            r"one)?"
            r" (?:already|before|twice|again|earlier|a moment ago)",
            r"you (?:have )?(?:already|just) (?:said|told me|used)(?: (?:that|this|so|it))?"
            r"(?: (?:one|joke))?",
            r"you (?:are|keep)(?: on| always)* (?:repeating|saying)(?: (?:yourself|that|it|the same"
            r"(?: things?)?))?(?: .{0,20})?|you (?:always |only )?(?:repeat yourself|say the same"
            r"(?: things?)?)(?: .{0,20})?",
            r"(?:oh )?(?:no )?not again|(?:not )?(?:that|this)(?: (?:one|joke))? again|(?:i "
            r")?(?:have )?heard (?:that|it|"
            r"this)"
            r"(?: (?:one|joke))?(?: (?:already|before))+|i (?:already )?know (?:that|this) (?:one|"
            r"joke)(?: already)?",
            r"(?:the )?same (?:answer|thing|joke)(?: as before| again)|stop repeating (?:yourself|"
            r"that)|(?:can you )?say something else|you sound like a broken record",
        ),
    ),
    (
        "more",
        (
            r"(?:tell|give|show)(?: me)? (?:some |a bit |a little )?more(?: (?:about|of) (?:that|"
            r"it|"
            r"this))?|go on|carry on|continue|keep going|elaborate|say more|do tell",
            r"(?:and )?(?:then|and|what then|what next|what happened(?: then| next)?)|i (?:want|"
            r"would"
            r" like) to (?:know|hear) more|(?:is there|anything|any) (?:any )?more",
            r"(?:and )?what (?:happens|happened|comes|came) (?:next|then|after (?:that|this))|and "
            r"then what|(?:and )?is that (?:all|it|the end)|how (?:does|did) (?:it|that) (?:end|go "
            r"on|continue)|is there more (?:to|of) (?:it|that|this)",
        ),
    ),
    (
        "meant",
        (
            r"what (?:do|did) you mean(?: (?:by|with) (?:that|it|this))?|what (?:does|did) (?:that|"
            r"it|"
            r"this) mean|meaning(?: what)?|what is that supposed to mean|in other words",
            r"i do not (?:understand|get it|follow)(?: (?:you|that|it))?|what are you (?:talking|"
            r"on) "
            r"about|i am confused|huh|that makes no sense",
        ),
    ),
    (
        "which",
        (
            r"who|whom|whose|which|which ones?|where|when|what|how|like (?:what|who)|such as|"
            r"for example|who (?:do you mean|are you talking about|is (?:he|she))|since when",
        ),
    ),
    (
        "me_too",
        (
            r"me (?:too|neither|as well)|same(?: here)?|likewise|so (?:do|am|did|have|would) i|"
            r"(?:neither|nor) (?:do|am|did|have|would|can) i|that makes two of us|you and me both",
            r"i (?:do|am|feel|think so|like (?:it|that|them)|love (?:it|that|them)) (?:too|as well|"
            r"also)",
        ),
    ),
)  # fmt: skip
FOLLOWING: frozenset[Intent] = frozenset(
    {
        "why",
        "sure",
        "wrong",
        "disagree",
        "not_listening",
        "said_before",
        "more",
        "meant",
        "which",
        "me_too",
        "not_funny",
        "repeat",
        "instead",
        "another",
        "yes",
        "no",
    }
)
"""Intents that leave the topic as it is."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What the last answer was about."""

    intent: Intent | None = None
    """None: something that another part of the program answered, a tool for example."""
    slots: Mapping[str, str] = field(default_factory=dict)
    persona: str = ""
    """Slug of who gave it."""
    asked: str = ""
    """The user's words."""
    said: str = ""
    call: ToolCall | None = None
    """By which a tool was asked for it, where that is known."""


# "And in Tokyo?"

_INSTEAD = re.compile(
    r"(?:(?:okay|so|but|well|then) )*(?:and|what about|how about|and what about|and how about)"
    r"(?: (?P<in>(?:over )?in|at)| (?:for|on|to))? (?P<rest>\S+(?: \S+){0,4})"
    r"|(?:(?P<inside>in)|on|for) (?P<short>\S+(?: \S+){0,2})"
)


def instead(sentence: Sentence) -> dict[str, str]:
    """What is to be put in the place of something in the last question ("rest", as it was said:
    "spoken"; "in": where a place may follow); empty where this is no such words."""
    match = _INSTEAD.fullmatch(sentence.text)
    if match is None:
        return {}
    name = "rest" if match["rest"] else "short"
    return {
        "rest": match[name],
        "spoken": " ".join(word.spoken for word in sentence.group(match, name)),
        "in": match["in"] or match["inside"] or "",
    }


_PLACE = r"(?P<x>\w+(?: \w+){0,3})"
_TOOLS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(rf".*\b(?:time|o'clock|late)\b.* (?:in|at) {_PLACE}"), "time_in", "place"),
    (
        re.compile(rf".*\b(?:days|weeks|long|far)\b.* (?:until|till|to|before|is) {_PLACE}"),
        "days_until",
        "day",
    ),
    (
        re.compile(rf"(?:what|which) (?:day|date|weekday) (?:is|was|will be) {_PLACE}"),
        "day_of",
        "day",
    ),
    (re.compile(rf"when (?:is|was) {_PLACE}"), "day_of", "day"),
    (re.compile(rf".*\bspell(?: the (?:word|name))? {_PLACE}"), "spell", "word"),
)
"""What tools of ours may be asked again with something else in its place."""
_CHANCES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r".*\b(?:coin|heads or tails)\b.*"), "flip_coin"),
    (re.compile(r"(?!.*\b(?:two|three|four|five|six|\d+)\b).*\b(?:dice|die)\b.*"), "throw_dice"),
)


def asked_of_tool(topic: Topic, instead_of: str = "") -> ToolCall | None:
    """The call of the tool that gave the last answer: with the same argument, or with this one in
    its place; None where it is none that may be called again."""
    if topic.call is not None:
        changed = dict.fromkeys(topic.call.arguments, instead_of) if instead_of else {}
        return ToolCall(topic.call.name, {**topic.call.arguments, **changed})
    if topic.intent not in (None, "time"):
        return None
    asked = normal(topic.asked)
    if topic.intent == "time":
        return ToolCall("time_in", {"place": instead_of}) if instead_of else None
    for pattern, tool, argument in _TOOLS:
        if match := pattern.fullmatch(asked):
            return ToolCall(tool, {argument: instead_of or match["x"]})
    return None


def chance_again(topic: Topic) -> ToolCall | None:
    """The coin or the die once more, where the last answer was one."""
    if topic.intent is not None:
        return None
    if topic.call is not None:
        return topic.call if any(topic.call.name == name for _, name in _CHANCES) else None
    asked = normal(topic.asked)
    return next((ToolCall(tool) for pattern, tool in _CHANCES if pattern.fullmatch(asked)), None)


def weekday(words: str) -> str:
    """The day of the week that these words name, "" where they name none."""
    match = re.fullmatch(rf"(?:(?:next|this|on) )?(?P<day>{DAY})", words)
    return match["day"] if match else ""


# Reasons

_ASKING_SUM = re.compile(
    r"^(?:(?:what|how much|how many|calculate|compute|work out|tell me|is|are|does|do)\b ?)+"
    r"| (?:equals?|makes?|is)(?: what)?$"
)


def values_for_reasons(topic: Topic) -> dict[str, str]:
    """What the reasons for this answer name."""
    values = dict(topic.slots)
    if "expression" in values:
        values["expression"] = _ASKING_SUM.sub("", values["expression"])
    return values


_CLOCK = (
    "Because that is what this machine's clock says.",
    "I read it from the clock of this machine.",
    "It is what the system clock shows, and I have no other.",
)
_TOLD = (
    "Because you told me so yourself.",
    "I have it from you: you told me.",
    "You said it, and I kept it.",
)
_UNTOLD = (
    "Because you have not told me yet.",
    "I only know of you what you tell me, and that was not among it.",
)
_MODEL = (
    "Because no language model is answering, and what I do not know I do not guess.",
    "Knowledge of the world takes a language model, and none is answering just now.",
    "I was taught a few things, and that is none of them.",
)
_HANDS = (
    "Because I am a program with a voice, and nothing else here obeys me.",
    "I have no hands and no wires to anything out there.",
    "Only what this program can do by itself is in my power.",
)
_WORDS = (
    "Because those words matched nothing that I know.",
    "I know a limited number of phrases, and that was none of them.",
)
REASONS: Mapping[Intent | None, tuple[str, ...]] = {
    "time": _CLOCK,
    "date": _CLOCK,
    "arithmetic": (
        "Because {expression} makes {result}. I worked it out.",
        "It follows from the numbers: {expression} makes {result}.",
    ),
    "arithmetic_more": (
        "Because that is what the numbers make: {result}.",
        "It follows from the sum before it, which makes {result} now.",
    ),
    "name_known": _TOLD,
    "fact_known": _TOLD,
    "name_unknown": _UNTOLD,
    "fact_unknown": _UNTOLD,
    "cannot": _MODEL,
    "cannot_do": _HANDS,
    "not_understood": _WORDS,
    None: (
        "Because you asked for it, and that is what came of it.",
        "It is what I found when I looked. I made none of it up.",
        "You asked, and I only said what this program told me.",
    ),
}
"""Why an answer was what it was, by what it was; None: a tool's."""
LOOKED = (
    "I looked again: it is {time}.",
    "Yes. A second look says {time}.",
    "The clock still says so: {time}.",
)
LOOKED_AT_DATE = (
    "I looked again: {Day} {is} {date}.",
    "Yes. The calendar has {date} for {day}.",
    "A second look says the same: {date}, {day}.",
)
WORKED_OUT = (
    "I worked it out again, and it is {result}.",
    "Yes. The second time, too, it makes {result}.",
    "Checked once more: {result}.",
)
AS_TOLD = (
    "As sure as you were when you told me: {fact}.",
    "You told me that {fact}. If it has changed, tell me anew.",
    "I only repeat what you said: {fact}.",
)
SAID = (
    "Yes. I said: {said}",
    "I stand by it: {said}",
    "I have nothing to take back: {said}",
)
MEANT = (
    "I meant just what I said: {said}",
    "I can only say it again: {said}",
    "My words were these: {said}",
)
RIGHT_ONE = (
    "Then tell me the right one, and I will keep that instead.",
    "Then I have it wrong. How is it really?",
    "Say it once more as it is, and I will remember that.",
)
MISTAKEN = (
    "Then I may have got it wrong. Ask me once more in other words.",
    "That may be. Tell me what you meant, and I will try again.",
    "Possibly I misunderstood you. Say it another way?",
)
ALREADY = (
    "You are right, I said that before. My store of sentences is small.",
    "True, that was not new. Ask me for something else, and so will the answer be.",
    "I did, I admit. Let us talk of something else.",
    "So I did. I will look for other words.",
)
BOTH = (
    "Then there are two of us.",
    "Then we have that in common.",
    "We agree on that, then.",
    "Good company, then.",
)
