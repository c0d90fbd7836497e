"""Tokens: from recognised or typed text to plain words that patterns can be written for.

Speech recognition gives odd punctuation, contractions, fillers and capitals; typing gives none of
them. Both become sentences of lower-case words here, each keeping the spelling it came with, so
that a name told as "Bruno" is said back as "Bruno".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.language.lexicon import (
    BEFORE_IS,
    CUT_OFF,
    HESITATION,
    OPENED_ENDINGS,
    SHORT_FORMS,
    STOP_WORDS,
    TALK_WORDS,
    word_set,
)
from assistant.language.numbers import is_number_word

MAX_CHARACTERS = 2_000
"""Longer turns are cut here: nobody speaks them, and patterns stay quick."""

_TOKEN = re.compile(
    r"\d+(?:,\d{3})+(?:\.\d+)?(?:st|nd|rd|th)?|\d*\.?\d+(?:st|nd|rd|th)?"
    r"|[^\W\d_]+(?:'[^\W\d_]+)*'?|\*\*|[-+*/×÷^=%(),]"
)
_SYMBOLS = frozenset("-+*/×÷^=()") | {"**"}
_FILLER = re.compile(
    rf"{HESITATION}|please|kindly|just|actually|basically|literally|simply|maybe|perhaps"
)
"""Left out. A hum that may answer ("mhm", "oh") is none, nor is "m", which stands for metres."""
_AFTER_IS = word_set("called named a an the in not very so at on really too from")
_SPELLINGS: dict[str, str] = SHORT_FORMS | {
    "lets": "let us",
    "whats": "what is",
    "wats": "what is",
    "wat": "what",
    "whos": "who is",
    "hows": "how is",
    "wheres": "where is",
    "whens": "when is",
    "thats": "that is",
    "theres": "there is",
    "im": "i am",
    "ive": "i have",
    "youre": "you are",
    "ur": "your",
    "u": "you",
    "ya": "you",
    "gotta": "have to",
    "dunno": "do not know",
    "pls": "please",
    "plz": "please",
    "thx": "thanks",
    "k": "okay",
    "hallo": "hello",
    "hullo": "hello",
    "helo": "hello",
    "favorite": "favourite",
    "color": "colour",
    "neighbor": "neighbour",
    "mom": "mum",
    "goodnight": "good night",
    "todays": "today's",
    "tomorrows": "tomorrow's",
    "yesterdays": "yesterday's",
}


@dataclass(frozen=True, slots=True)
class Word:
    norm: str
    """Lower case, contractions opened, one spelling for variants."""
    spoken: str
    """As it came."""


class Sentence:
    """Words in order; `text` is their normal forms, joined by single blanks."""

    __slots__ = ("breaks", "question", "shouted", "text", "words")

    def __init__(
        self,
        words: Sequence[Word],
        *,
        breaks: frozenset[int] = frozenset(),
        question: bool = False,
        shouted: bool = False,
    ) -> None:
        self.words = tuple(words)
        self.text = " ".join(word.norm for word in self.words)
        self.breaks = breaks
        """Indexes of the words that a comma stood before."""
        self.question = question
        self.shouted = shouted
        """The whole turn came in capitals, so that a capital letter tells nothing."""

    def __len__(self) -> int:
        return len(self.words)

    def part(self, start: int, end: int | None = None) -> Sentence:
        """Words `start` to `end`, as a sentence of their own."""
        stop = len(self.words) if end is None else end
        moved = frozenset(at - start for at in self.breaks if start < at < stop)
        return Sentence(
            self.words[start:stop], breaks=moved, question=self.question, shouted=self.shouted
        )

    def span(self, start: int, end: int) -> list[Word]:
        """The words within characters `start` to `end` of `text`, as a match gives them."""
        found, at = [], 0
        for word in self.words:
            if start <= at and at + len(word.norm) <= end:
                found.append(word)
            at += len(word.norm) + 1
        return found

    def group(self, match: re.Match[str], name: str) -> list[Word]:
        """The words that a named group matched; empty where it took no part."""
        start, end = match.span(name)
        return self.span(start, end) if start >= 0 else []


def _open(token: str) -> list[Word]:
    """One token's words: contractions opened, spellings made one."""
    norm = token.casefold()
    if norm in _SPELLINGS:
        return [Word(part, part) for part in _SPELLINGS[norm].split()]
    if norm.endswith("n't") and len(norm) > 3:
        return [Word(norm[:-3], norm[:-3]), Word("not", "not")]
    stem, mark, ending = norm.rpartition("'")
    if mark and mark + ending in OPENED_ENDINGS:
        second = OPENED_ENDINGS[mark + ending]
        return [*_open(token[: len(stem)]), Word(second, second)]
    if ending == "s" and stem in BEFORE_IS:
        return [Word(stem, token[: len(stem)]), Word("is", "is")]
    if norm[0].isdigit():
        norm = norm.replace(",", "")
    spelled = token if norm not in {"favourite", "colour"} else norm
    return [Word(norm, spelled)]


def _numeric(token: str) -> bool:
    return token[0].isdigit() or token in "()%" or is_number_word(token.casefold())


def _sentence(text: str, *, question: bool, shouted: bool) -> Sentence | None:
    tokens = [match.group().rstrip("'") for match in _TOKEN.finditer(text)]
    tokens = [token for token in tokens if token]
    words: list[Word] = []
    breaks: set[int] = set()
    for at, token in enumerate(tokens):
        if token == ",":
            breaks.add(len(words))
        elif token == "%":
            words.append(Word("percent", "percent"))
        elif token in _SYMBOLS:
            # A dash or a slash between words is only punctuation.
            around = [tokens[i] for i in (at - 1, at + 1) if 0 <= i < len(tokens)]
            if any(_numeric(other) for other in around):
                words.append(Word(token, token))
        else:
            words += [word for word in _open(token) if not _FILLER.fullmatch(word.norm)]
    _open_possessives(words)
    if not words:
        return None
    inner = frozenset(at for at in breaks if 0 < at < len(words))
    return Sentence(words, breaks=inner, question=question, shouted=shouted)


def _open_possessives(words: list[Word]) -> None:
    """ "my dog's called Rex", "dad's a doctor": what looks like a possessive and is a verb."""
    for at in range(len(words) - 2, -1, -1):
        stem = words[at].norm.removesuffix("'s")
        if stem != words[at].norm and words[at + 1].norm in _AFTER_IS:
            words[at : at + 1] = [Word(stem, words[at].spoken[:-2]), Word("is", "is")]


def sentences(text: str) -> list[Sentence]:
    """The sentences of a turn, without fillers; a turn without any word has none."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS])
    text = re.sub(r"[\u2018\u2019\u02bc`´]", "'", text)
    text = re.sub(r"[\u2013\u2014]", " , ", text)
    text = text.replace("\u2212", "-")
    # What a recogniser writes for sounds that are no words: [BLANK_AUDIO], (music), *coughs*.
    text = re.sub(r"\[[^\]]*\]|\((?=[^)]*[^\W\d_]{3})[^)\d]*\)|\*[^\W\d_][^*\d]*\*|♪", " ", text)
    text = re.sub(r"\b([ap])\. ?m\b\.?", r"\1m", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(mr|mrs|ms|dr|st)\.", r"\1", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(?:[^\W\d_]\.){2,}", lambda m: m.group().replace(".", "") + " ", text)
    text = re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", " ", text)
    shouted = text.isupper()
    found = []
    for match in re.finditer(r"(.+?)(?:([.!?;:…\n])+(?=\s|$)|[;\n]|$)", text, flags=re.DOTALL):
        body = match.group(1)
        asked = "?" in match.group()[len(body) :]
        sentence = _sentence(body, question=asked, shouted=shouted)
        if sentence is not None:
            found.append(sentence)
    return found


_MATTERLESS = word_set(
    "actually always anything ask call get give go going good got hello hey hi let lot make mean "
    "much myself need never nice oh ok okay remind right s say see something still sure thank "
    "thanks thing things think today us well yeah yet"
)
_EMPTY = STOP_WORDS | TALK_WORDS | CUT_OFF | _MATTERLESS


def content(text: str) -> frozenset[str]:
    """Words of matter, without their commonest endings."""
    found = re.findall(r"[^\W_]+", text.casefold().replace("’", "'").replace("'s", " "))
    return frozenset(stem(word) for word in found if word not in _EMPTY)


_LINKING = word_set(
    "a an the user users they them their my your i you am is are be called named name names has"
    " have got that whose which who and to there"
)
_IDENTITY = re.compile(r"\b(?:is|are|called|named|name|names|whose)\b|'s\b")


def gist(text: str, who: str = "") -> tuple[str, ...]:
    """What a sentence says, whoever says it and however: "I have a cat called Pixel", "The user's
    cat is Pixel." Where it only tells what something is, the order says nothing either. `who`: the
    user's name, which may stand for the user."""
    if who:
        text = re.sub(rf"\b{re.escape(who)}(?='s\b| )(?! is the user)", "the user", text)
    low = text.casefold().replace("’", "'")
    found = re.findall(r"[^\W_]+(?:[:.]\d+)?", low.replace("'s", " "))
    words = tuple(stem(word) for word in found if word not in _LINKING)
    if len(words) == 2 and _IDENTITY.search(low):
        return tuple(sorted(words))
    return words or tuple(found)


def stem(word: str) -> str:
    """ "parrots" and "parrot" are one; numbers and short words stay, and so does "news"."""
    if word == "news":
        return word
    for ending in ("ing", "ies", "es", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    if (one := singular(word)) != word:
        return one
    return word.removesuffix("e") if len(word) > 4 else word


def singular(word: str) -> str:
    """ "parrots" → "parrot"; what is left is always a beginning of the word."""
    plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word
