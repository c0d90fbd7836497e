"""Small things: a coin, dice, one of several; how a word is spelt; what was said a moment ago."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Annotated, Any, Literal

from pydantic import Field

from assistant.language.lexicon import spoken_list
from assistant.language.numbers import cardinal
from assistant.language.tokens import content
from assistant.skills.phrases import NUMBER, Skill, amount, says, skill
from assistant.tools.registry import ToolError

_MOST_DICE = 20
_TELL = r"(?:pick|choose|give|tell|say|think of|generate|name|draw)(?: me)?"
_RANDOM = r"(?:(?:a|any|another) (?:random )?|random )number"
_RANGE = rf"(?: (?:between|from) (?P<low>{NUMBER}) (?:and|to) (?P<high>{NUMBER}))"
_THING = r"\S+(?: \S+){0,4}?"
_NO_THING = re.compile(r"(?:up|out|on|off|it|him|her|them|your|wisely|the right)\b")


def chance_skills(random: Random) -> list[Skill]:
    """`flip_coin`, `throw_dice`, `random_number` and `choose_one`."""

    @skill(
        r"(?:flip|toss|throw)(?: me)?(?: up)? (?:a|the|that|another) coin(?: again)?",
        r"coin (?:flip|toss)|(?:do a |a )coin (?:flip|toss)",
        r"heads or tails",
    )
    async def flip_coin() -> str:
        """Flip a coin."""
        return f"{random.choice(('Heads', 'Tails'))}."

    @skill(
        says(
            rf"(?:roll|throw|cast)(?: me)? (?:(?P<count>{NUMBER}|the) )?"
            rf"(?:(?P<sides>{NUMBER}) sided )?(?:dice|die)(?: again)?",
            _dice,
        ),
        says(r"(?:roll|throw)(?: me)? (?P<count>a|an|\d+)? ?d (?P<sides>\d+)", _dice),
    )
    async def throw_dice(
        count: Annotated[int, Field(ge=1, le=_MOST_DICE)] = 1,
        sides: Annotated[int, Field(ge=2, le=1000)] = 6,
    ) -> str:
        """Throw dice.

        Args:
            count: How many.
            sides: How many sides each has.
        """
        thrown = [random.randint(1, sides) for _ in range(count)]
        shown = [cardinal(each) for each in thrown]
        if count == 1:
            return f"It is {'an' if thrown[0] in (8, 11, 18) else 'a'} {shown[0]}."
        return f"{spoken_list(shown).capitalize()}: that makes {cardinal(sum(thrown))}."

    @skill(
        says(rf"(?:{_TELL} )?{_RANDOM}{_RANGE}?(?: please)?", _whole_range),
        says(rf"(?:{_TELL} )(?:a )?number{_RANGE}", _whole_range),
    )
    async def random_number(low: int = 1, high: int = 100) -> str:
        """Pick a number.

        Args:
            low: The least it may be.
            high: The most it may be.
        """
        first, last = sorted((low, high))
        return f"{random.randint(first, last)}."

    @skill(
        says(rf"(?:pick|choose|select) one(?: of(?: these)?)? (?P<things>{_THING} or {_THING})",
             _things),
        says(rf"(?:pick|choose|decide)(?: for me)? between (?P<things>{_THING} (?:and|or) "
             rf"{_THING})", _things),
        says(rf"(?:pick|choose)(?: for me)?(?: either)? (?P<things>{_THING} or {_THING})", _things),
    )  # fmt: skip
    async def choose_one(things: list[str]) -> str:
        """Pick one of several things at random.

        Args:
            things: What there is to choose from.
        """
        if len(things) < 2:
            raise ToolError("That takes at least two things to choose from.")
        return f"{random.choice(things).capitalize()}."

    return [flip_coin, throw_dice, random_number, choose_one, _counting()]


_LONGEST_COUNT = 30


def _counting() -> Skill:
    """`count`."""

    def read(said: dict[str, str]) -> Mapping[str, Any] | None:
        ends = [amount(said.get(key, "one")) for key in ("low", "high")]
        if any(each is None or each.denominator != 1 for each in ends):
            return None
        return {"first": int(ends[0] or 0), "last": int(ends[1] or 0)}

    @skill(
        says(rf"count(?: up| out loud| aloud)?(?: for me)?(?: from (?P<low>{NUMBER}))?"
             rf"(?: up| down)? to (?P<high>{NUMBER})", read),
        says(rf"count (?:backwards?|down) from (?P<low>{NUMBER})(?: to (?P<high>{NUMBER}))?", read),
    )  # fmt: skip
    def count(first: int, last: int) -> str:
        """Count aloud.

        Args:
            first: The first number.
            last: The last number.
        """
        if abs(last - first) >= _LONGEST_COUNT or max(abs(first), abs(last)) > 10_000:
            told = f"I count {cardinal(_LONGEST_COUNT)} numbers at most, or we sit here all day."
            raise ToolError(told, told)
        numbers = range(first, last + 1) if last >= first else range(first, last - 1, -1)
        return f"{', '.join(cardinal(each) for each in numbers).capitalize()}."

    return count


def _dice(said: dict[str, str]) -> Mapping[str, Any] | None:
    read: dict[str, int] = {}
    for key, words in said.items():
        value = amount("1" if words == "the" else words)
        if value is None or value.denominator != 1:
            return None
        read[key] = int(value)
    return read


def _whole_range(said: dict[str, str]) -> Mapping[str, Any] | None:
    read = {key: amount(words) for key, words in said.items()}
    if any(value is None or value.denominator != 1 for value in read.values()):
        return None
    return {key: int(value) for key, value in read.items() if value is not None}


def _things(said: dict[str, str]) -> Mapping[str, Any] | None:
    things = [each for each in re.split(r",? (?:or|and) |, ", said["things"]) if each]
    if any(_NO_THING.match(each.lower()) for each in things):
        return None
    return {"things": [each.removeprefix("either ") for each in things]}


# Words: how one is spelt, and what was said.

_AGAIN = (
    r"(?:(?:say|repeat|read|tell me|explain|play)(?: me)? (?:that|it|this|what you said|the last"
    r" (?:one|part|bit|sentence|answer)|your last (?:answer|sentence))|again|once more"
    r"|one more time)"
)
_BIT = r"(?:a (?:bit|little|lot) |much |and )?"
_SUM_UP = (
    r"(?:summari[sz]e|sum up|recap|give me a (?:short |brief |quick )?(?:summary|recap) of"
    r"|make a summary of|tell me again)"
)
_TALK_SO_FAR = (
    r"(?:(?:all |everything )?(?:that |what )?we (?:have |just )?(?:talked about|said|discussed"
    r"|spoke"
    r" about|spoken about)|(?:our|this|the) (?:conversation|talk|chat|discussion))(?: so far"
    r"| today| until now)?"
)
_MOST_TOLD = 4
_WORD = r"(?P<word>\S+(?: \S+){0,2})"
_NO_WORD = re.compile(r"(?:it|that|this|out|me|things|everything|him|them)(?: .*)?")


def word_skills(
    heard: Callable[[], Sequence[str]],
    talk: Callable[[], Sequence[tuple[str, str]]],
    alone: Callable[[], bool],
) -> list[Skill]:
    """`spell`, `what_the_user_said`, `what_was_talked_about` and further ways to ask for `repeat`.
    `heard()`: the user's turns, the present one last; `talk()`: both sides' turns, (role, text);
    `alone()`: there is no model, which would know better how to sum up."""

    @skill(
        says(rf"(?:how (?:do|would|can|should) (?:you|i|we|people|one) )?spell(?: out)?"
             rf"(?: (?:the|a) (?:word|name))? {_WORD}", _spelt),
        says(rf"how (?:is|are) {_WORD} (?:spelled|spelt|written)", _spelt),
        says(rf"(?:what is )?the (?:correct |right )?spelling (?:of|for) (?:the word )?{_WORD}",
             _spelt),
    )  # fmt: skip
    async def spell(word: str) -> str:
        """Spell a word letter by letter.

        Args:
            word: The word.
        """
        letters = [", ".join(each.upper() for each in part if each.isalnum())
                   for part in word.split()]  # fmt: skip
        if not any(letters):
            raise ToolError("There are no letters in that.")
        return f"{word[0].upper()}{word[1:]}: {'; '.join(filter(None, letters))}."

    @skill(
        r"what (?:did|have) i (?:say|said)(?: (?:before|a moment ago|last|to you|so far))*",
        r"what was (?:it )?(?:the last thing )?(?:that )?i (?:said|told you)(?: last)?",
        r"what were my (?:last|exact) words",
        r"(?:repeat|say)(?: back)?(?: to me)? (?:what i (?:have )?said|my (?:last )?words"
        r"|after me)(?: back)?(?: to me)?",
        r"what (?:did|do) you (?:hear|understand)(?: me say)?|what have you (?:heard|understood)",
    )
    async def what_the_user_said() -> str:
        """Tell the user what they said last."""
        earlier = list(heard())[:-1]
        if not earlier:
            return "You have not said anything before that."
        return f"You said: {earlier[-1]}"

    again = Skill(
        "repeat",
        (
            says(r"what was the last thing (?:that )?you (?:said|told me)"),
            says(r"what (?:did|have) you (?:say|said|tell me)(?: (?:last|before|a moment ago))+"),
            says(r"sorry what|(?:sorry )?i (?:missed|did not hear) (?:that|it|what you said)"),
            says(r"what were your last words|tell me (?:that )?(?:again|once more)"),
            says(
                rf"(?:{_AGAIN} )+(?:but )?{_BIT}(?:slower|slowly|more slowly)(?: {_AGAIN})*",
                change="slower",
            ),
            says(
                rf"(?:{_AGAIN} )+(?:but )?{_BIT}(?:faster|quicker|more quickly)(?: {_AGAIN})*",
                change="faster",
            ),
            says(
                r"(?:read|repeat|say|play|go over)(?: me)? (?:that|it|this|the (?:last )?(?:answer"
                r"|sentence|part|bit|list))(?: out)?(?: to me)? (?:again|once more|one more time)"
            ),
        ),
    )

    helped = Skill(
        "about_yourself",
        (
            says(r"help|help me please|(?:how|what) (?:can|could) you (?:help|do)(?: me)?(?: with)?"
                 r"|what (?:should|shall|could) i (?:say|ask)(?: (?:to )?you)?", topic="abilities"),
        ),
    )  # fmt: skip

    def earlier(said: dict[str, str]) -> Mapping[str, Any] | None:
        talked = len([each for each in talk() if each[0] == "user"]) > 1
        return {} if talked and alone() else None

    @skill(
        says(rf"{_SUM_UP} (?:{_TALK_SO_FAR})", earlier),
        says(r"(?:what|which things|what things|what topics) (?:did|have|were) we (?:just )?(?:talk"
             r"|talked|speak|spoken|discuss|discussed|said|say|talking|been talking)(?: about)?"
             r"(?: so far| today| until now| just now| in this conversation)?", earlier),
        says(r"what (?:was|has) (?:this|our|the) (?:conversation|talk|chat)(?: been)? about"
             r"(?: so far)?|(?:recap|summary)(?: please)?|where were we"
             r"|remind me what we (?:talked about|said|discussed)(?: so far)?", earlier),
    )  # fmt: skip
    async def what_was_talked_about() -> str:
        """Sum up the conversation so far."""
        told = _summed_up(talk())
        return told or "We have said little so far."

    return [spell, what_the_user_said, again, helped, what_was_talked_about]


def _summed_up(talk: Sequence[tuple[str, str]]) -> str:
    """What the user said that mattered, each with what was answered; the present question left
    out. `talk`: (role, text)."""
    pairs: list[tuple[str, str]] = []
    for role, text in talk[:-1]:
        if role == "user":
            pairs.append((text, ""))
        elif role == "assistant" and pairs and not pairs[-1][1]:
            pairs[-1] = (pairs[-1][0], text)
    words = Counter(word for said, _ in pairs for word in content(said))
    weight = [sum(words[word] for word in content(said)) for said, _ in pairs]
    best = sorted(range(len(pairs)), key=lambda at: (-weight[at], -at))[:_MOST_TOLD]
    told = []
    for at in sorted(each for each in best if weight[each]):
        said, answer = pairs[at]
        answer = re.split(r"(?<=[.!?]) ", answer.strip())[0].rstrip(".")
        answered = f", and I answered: {answer}" if answer else ""
        told.append(f"You said: {said.strip().rstrip('.!?')}{answered}.")
    return " ".join(told)


def _spelt(said: dict[str, str]) -> Mapping[str, Any] | None:
    """One word, or a name of up to three; "spell it out" is neither."""
    word = said["word"]
    return None if _NO_WORD.fullmatch(word.lower()) else {"word": word}


# A stopwatch.


def stopwatch_skills(clock: Callable[[], float]) -> list[Skill]:
    """`stopwatch`. `clock()`: seconds that only go on."""
    began: list[float] = []
    stopped: list[float] = []

    @skill(
        says(r"(?:start|begin|run|restart|reset)(?: me)?(?: (?:a|the|my))? stop ?watch",
             action="start"),
        says(r"(?:stop|end|halt)(?: (?:the|my))? stop ?watch", action="stop"),
        says(r"(?:what does the stop ?watch (?:say|show)|how long has the stop ?watch been"
             r" (?:running|going)|(?:check|read|show me) the stop ?watch|what is (?:on )?the"
             r" stop ?watch(?: at)?|(?:stop ?watch|lap) time)", action="read"),
    )  # fmt: skip
    async def stopwatch(action: Literal["start", "stop", "read"]) -> str:
        """Start, stop or read a stopwatch.

        Args:
            action: What to do with it.
        """
        if action == "start":
            began[:], stopped[:] = [clock()], []
            return "The stopwatch is running."
        if not began:
            return "The stopwatch is not running."
        if action == "stop" and not stopped:
            stopped[:] = [clock()]
        seconds = (stopped[0] if stopped else clock()) - began[0]
        shown = f"{seconds:.1f} seconds" if seconds < 60 else _minutes(seconds)
        return f"{'The stopwatch stands at' if stopped else 'So far'} {shown}."

    return [stopwatch]


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'} and {rest} seconds"
