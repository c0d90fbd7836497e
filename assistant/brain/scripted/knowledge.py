"""Names and facts that the user tells in a conversation, and finding them again when asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.language.lexicon import ASKING, JOB_NAME
from assistant.language.person import name_told, proper
from assistant.language.tokens import Sentence, Word, sentences, singular

_MAX_FACTS = 200
_MAX_VALUE_WORDS = 12

_SECOND_PERSON = {
    "i": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "am": "are",
    "we": "you",
    "us": "you",
    "our": "your",
    "ours": "yours",
    "you": "I",
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
}
_PAIRS = {("i", "was"): ["you", "were"], ("you", "are"): ["I", "am"], ("you", "were"): ["I", "was"]}

# Things said of "my …" that pass too quickly to be worth remembering.
_PASSING = re.compile(
    r"(?:not |so |very |really |too |a bit )*(?:\w+ing\b(?! (?:in|on|at|the)\b).*|fine|good|great|"
    r"bad|okay|broken|dead|gone|tired|hungry|sick|late|here|ready|full|empty|wet|dirty|mad|over|"
    r"cold|wet|dry|hot|warm|clean|asleep|awake|still|much|longer|shorter|quieter|louder|slower|"
    r"faster|"
    r"loose|flat|lost|closed|open now|"
    r"down|up|worse|better|none|what|that|it|this|your|yours|right|wrong|not)\b.*"
)
_NOT_PLAIN = re.compile(rf"\b(?:{ASKING}|if|because|that|but)\b")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something told. `key` finds it again, `subject` names it, `text` says it: all to "you"."""

    key: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class FactQuery:
    """Something asked back: the keys to look under, best first, and how to name it if unknown."""

    keys: tuple[str, ...]
    subject: str


class Knowledge:
    """What the user told in this conversation; a later fact with the same key replaces it."""

    def __init__(self) -> None:
        self.name = ""
        self._facts: dict[str, Fact] = {}
        self._last = ""

    def learn_name(self, name: str) -> None:
        self.name, self._last = name, "name"

    def learn(self, fact: Fact) -> None:
        self._facts.pop(fact.key, None)
        self._facts[fact.key] = fact
        self._last = fact.key
        if len(self._facts) > _MAX_FACTS:
            del self._facts[next(iter(self._facts))]

    def unlearn(self, text: str) -> None:
        """Forget what this text tells, and nothing else."""
        for sentence in sentences(text):
            if (named := name_told(sentence)) and named[0] == self.name:
                self.name = ""
            if fact := told(sentence):
                self._facts.pop(fact.key, None)

    def find(self, query: FactQuery) -> Fact | None:
        return next((self._facts[key] for key in query.keys if key in self._facts), None)

    def forget(self, what: str) -> bool:
        """Forget "that" (the last thing told), "my …", "my name" or everything; False: nothing was
        known."""
        if what in ("that", "it", "this") or what.startswith("what i"):
            key = self._last
        elif what == "my name":
            key = "name"
        elif what.removeprefix("about ").startswith("my "):
            noun = what.removeprefix("about ").removeprefix("my ")
            fact = self.find(FactQuery(_keys(noun), ""))
            key = fact.key if fact else noun
        else:
            known = bool(self.name or self._facts)
            self.name, self._last = "", ""
            self._facts.clear()
            return known
        if key == "name" and self.name:
            self.name = ""
            return True
        return self._facts.pop(key, None) is not None

    def sentences(self) -> list[str]:
        """Everything known, each as "your parrot is called Bruno", oldest first."""
        name = [f"your name is {self.name}"] if self.name else []
        return name + [fact.text for fact in self._facts.values()]


def remembered(query: FactQuery, texts: Sequence[str]) -> Fact | None:
    """The fact that answers a query among things that the user told long ago."""
    facts = [fact for text in texts for each in sentences(text) if (fact := told(each))]
    return next((fact for key in query.keys for fact in facts if fact.key == key), None)


def to_you(words: Sequence[Word]) -> str:
    """The words as said back: "my parrot is called Bruno" → "your parrot is called Bruno"."""
    parts: list[str] = []
    at = 0
    while at < len(words):
        norm = words[at].norm
        pair = (norm, words[at + 1].norm if at + 1 < len(words) else "")
        if pair in _PAIRS:
            parts += _PAIRS[pair]
            at += 2
            continue
        parts.append(_SECOND_PERSON.get(norm, words[at].spoken))
        at += 1
    return " ".join(parts)


def _noun(text: str) -> str:
    """One key for "parrot", "parrot's", "new parrot's name"."""
    text = re.sub(r"^(?:new|little|own|old|dear|lovely|beloved) ", "", text)
    text = re.sub(r"'s?(?= |$)", "", text)
    text = re.sub(r" name$", "", text)
    before, blank, last = text.rpartition(" ")
    return f"{before}{blank}{singular(last)}"


def _keys(noun: str) -> tuple[str, ...]:
    return (_noun(noun), f"name of {_noun(noun)}")


_NAMED = (
    r"(?:my|our) (?P<x>[^\W\d][\w' ]{0,40}?) (?:is|are|was) (?:called|named) (?P<y>.+)",
    r"(?:my|our) (?P<x>[^\W\d][\w ]{0,40}?)(?:'s|s'|s)? names? (?:is|are|was) (?P<y>.+)",
    r"the names? of (?:my|our) (?P<x>[^\W\d][\w' ]{0,40}?) (?:is|are) (?P<y>.+)",
    r"(?:i|we) (?:have|have got|own|got) (?:an?|one|two|three|"
    r"some) (?P<x>[^\W\d][\w' ]{0,40}?) (?:(?:that|who|which) (?:is|are) )?(?:called|"
    r"named) (?P<y>.+)",
    r"(?:i|we) (?:call|named) (?:my|our) (?P<x>\w+(?: \w+)?) (?P<y>\w+)",
)
_FIXED: tuple[tuple[str, str, str], ...] = (
    ("home", "your home", r"(?:i|we) (?:now )?(?:live|stay|am living|reside) (?:in|at|on|near) .+"),
    ("home", "your home", r"my home is (?:in|at|on|near) .+"),
    ("origin", "your origin", r"(?:i am|i come|we are|i am originally) (?:originally )?from .+"),
    ("birth", "your birth", r"i was born (?:in|on|at) .+"),
    ("work", "your work", r"i (?:now )?(?:work|am working) (?:at|as|for|in|with) .+"),
    ("work", "your work", r"i study .+|i am studying .+|i go to (?:school|college|university).*"),
    ("age", "your age", r"i am (?:\d{1,3}|[a-z]+(?: [a-z]+)?) years? old"),
    ("age", "your age", r"i am \d{1,3}"),
    ("allergy", "your allergies", r"i am allergic to .+"),
)
_JOBS = re.compile(rf"i am an? (?:[a-z]+ ){{0,2}}?(?:{JOB_NAME}|\w{{3,}}ist|vegetarian|vegan)")
_LIKES = re.compile(
    r"i (?:really |also |absolutely )?(?P<v>like|love|hate|dislike|prefer|enjoy|adore|play|speak|"
    r"collect) (?P<x>(?!(?:it|this|that|these|those|them|him|her|you|your|how|what|when|the way|"
    r"to|and|so|a lot)\b).+)"
)
_GENERIC = re.compile(
    r"(?:my|our) (?P<x>(?:favourite \w+(?: \w+)?|\w+(?: \w+)?)) (?:is|are) (?P<y>.+)"
)
_REMEMBER = re.compile(
    r"(?:(?:and )?(?:remember|note|do not forget|keep in mind|bear in mind|make a note|"
    r"know)(?: that)?|for the record) (?P<rest>(?!to\b|when\b|what\b|how\b|me$|the time\b).+)"
)


def told(sentence: Sentence) -> Fact | None:
    """The fact that a sentence tells about the user, if it does."""
    if match := _REMEMBER.fullmatch(sentence.text):
        rest = sentence.part(len(sentence) - len(sentence.group(match, "rest")))
        return told(rest) or _plain(rest)
    if len(sentence) > 30 or re.match(rf"{ASKING}\b", sentence.text):
        return None
    for pattern in _NAMED:
        if match := re.fullmatch(pattern, sentence.text):
            return _named(sentence, match)
    for key, subject, fixed in _FIXED:
        if re.fullmatch(fixed, sentence.text) and len(sentence) <= _MAX_VALUE_WORDS:
            return Fact(key, subject, to_you(sentence.words))
    if _JOBS.fullmatch(sentence.text):
        return Fact("work", "your work", to_you(sentence.words))
    if (match := _LIKES.fullmatch(sentence.text)) and len(sentence) <= 8:
        liked = match["x"]
        return Fact(f"like {liked}", f"{liked} and you", to_you(sentence.words))
    return _generic(sentence)


def _named(sentence: Sentence, match: re.Match[str]) -> Fact | None:
    value = sentence.group(match, "y")
    if len(value) > 5 or _NOT_PLAIN.search(match["y"]) or value[0].norm == "not":
        return None
    noun = re.sub(r"'s?$", "", match["x"])
    many = " are " in f" {match.group()} "
    name = proper(" ".join(word.spoken for word in value), shouted=sentence.shouted)
    text = f"your {noun} {'are' if many else 'is'} called {name}"
    return Fact(f"name of {_noun(noun)}", f"your {noun}", text)


def _generic(sentence: Sentence) -> Fact | None:
    match = _GENERIC.fullmatch(sentence.text)
    if match is None or _PASSING.fullmatch(match["y"]) or _NOT_PLAIN.search(match["x"]):
        return None
    if len(sentence.group(match, "y")) > 8 or match["x"] in (
        "name",
        "point",
        "question",
        "problem",
    ):
        return None
    return Fact(_noun(match["x"]), f"your {match['x']}", to_you(sentence.words))


def _plain(sentence: Sentence) -> Fact | None:
    """Anything after "remember that": kept word by word."""
    if len(sentence) < 3 or len(sentence) > 25:
        return None
    return Fact(f"note {sentence.text}", "that", to_you(sentence.words))


_X = r"(?:my|our) (?P<x>[^\W\d][\w' ]{0,40}?)"
_ASKED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:what|who|which|where|when|how old) (?:is|are|was|"
        rf"were) (?:the names? of )?{_X}(?: called| named)?(?: again)?",
        rf"(?:what|who|which|where|when) {_X} (?:is|are|was)(?: called| named)?",
        rf"(?:how|what) (?:do i call|did i call|did i name|is the name of) {_X}(?: called)?",
        rf"(?:do you (?:still )?(?:know|remember)|can you remember|what about|remind me of|"
        rf"remind me about|have you forgotten|did i tell you)(?: about| of)? {_X}",
        rf"(?:what|anything) (?:did i tell you|do you know|do you remember|"
        rf"have i told you) about {_X}",
        rf"(?:is|are) {_X} (?:called|named) .+",
        rf"tell me (?:about )?{_X}",
    )
)
_ASKED_FIXED: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("home", "origin"),
        "your home",
        r"where (?:do i|i) live|where is my (?:home|house)|(?:what|which) (?:city|town|country|"
        r"place|street) (?:do i|i) live in|where my home is",
    ),
    (
        ("origin", "birth", "home"),
        "your origin",
        r"where (?:am i|i am|do i come) (?:originally )?(?:from)?(?: from)?|where was i born|"
        r"where i come from|where i was born",
    ),
    (("birth", "birthday"), "your birthday", r"when (?:was i born|is my birthday|i was born)"),
    (
        ("work", "job", "profession", "occupation"),
        "your work",
        r"where (?:do i|i) work|what (?:do i|i) do(?: for a living| for work)?|what is my (?:job|"
        r"work|profession|occupation)|who do i work for",
    ),
    (("age",), "your age", r"how old (?:am i|i am)|what is my age"),
    (("allergy", "allergies"), "your allergies", r"what am i allergic to|what are my allergies"),
)
_ASKED_LIKE = re.compile(
    r"do i (?:really )?(?:like|love|hate|enjoy|prefer|play|speak|collect) (?P<x>.+)"
)


def asked(sentence: Sentence) -> FactQuery | None:
    """What a sentence asks about the user, if it does."""
    if len(sentence) > 15:
        return None
    for keys, subject, fixed in _ASKED_FIXED:
        if re.fullmatch(fixed, sentence.text):
            return FactQuery(keys, subject)
    if match := _ASKED_LIKE.fullmatch(sentence.text):
        return FactQuery((f"like {match['x']}",), f"you and {match['x']}")
    for pattern in _ASKED:
        if match := pattern.fullmatch(sentence.text):
            noun = re.sub(r"(?:'s|s')? names?$|'s?$", "", match["x"])
            if noun in ("name", "") or _NOT_PLAIN.search(noun):
                return None
            keys = _keys(noun)
            named = "name" in sentence.text or "called" in sentence.text
            return FactQuery(
                keys[::-1] if named or "who" in sentence.text else keys, f"your {noun}"
            )
    return None
