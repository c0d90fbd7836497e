"""Proper names: the user's own, told in many ways, and how names are spelt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.language.tokens import Sentence, Word


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _called(word: Word, shouted: bool) -> str:
    """A proper name's spelling: capital where the recogniser or the typist gave none."""
    plain = word.spoken.islower() or shouted
    return word.spoken.capitalize() if plain else word.spoken


def proper(words: Sequence[Word], *, shouted: bool) -> str:
    """Words as a proper name: "bruno" → "Bruno"."""
    small = {"the", "of", "and", "de", "van", "von", "or"}
    return " ".join(w.norm if w.norm in small else _called(w, shouted) for w in words)


_NAME = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:hello |hi |hey )?(?:my name is|my name's|the name is|my first name is|i am called|"
        r"i am named|people call me|they call me|everyone calls me|my friends call me|you (?:can|"
        r"may|should|must) call me|call me|i go by|name is|my name) (?P<n>.+)",
        r"(?:i want you to|i would like you to|from now on) call me (?P<n>.+)",
    )
)
_I_AM = re.compile(r"(?:i am|this is|it is) (?P<n>[^\W\d]+(?: [^\W\d]+)?)(?: (?:here|speaking))?")
_NAME_ENDS = _set(
    "nice and what how i by from but who pleased please you it the can do tell with not now "
    "because so "
    "for when where is are remember thanks thank hello okay in on at that this if then of"
)
_NO_NAME = _set(
    "a an the not so very too here there back home in on at out off up down just from going "
    "gonna your "
    "my his her their our later tomorrow today when what who how it that this these crazy maybe "
    "again "
    "mr mrs sir no yes okay fine good great well all done ready sure sorry alone one only also "
    "still "
    "always never almost nothing nobody someone something everything anything everyone right "
    "wrong left "
    "late early busy free hungry thirsty cold hot warm afraid curious serious kidding joking "
    "lost home "
    "single married pregnant dead alive human real new old young tall short rich poor deaf blind "
    "lucky "
    "german french english british irish scottish welsh dutch swedish norwegian danish finnish "
    "italian "
    "spanish portuguese greek turkish polish russian ukrainian american canadian mexican brazilian "
    "indian chinese japanese korean australian african european asian jewish muslim catholic "
    "buddhist "
    "austrian swiss belgian czech hungarian romanian vegan vegetarian monday tuesday wednesday "
    "thursday "
    "friday saturday sunday awesome funny amazing nice ridiculous interesting important true false "
    "impossible possible time about as like you me him them us somebody tired sad happy bored "
    "was were will would does did has had isnt called named taxi ambulance back names stupid "
    "beautiful easy hard over"
)
_COMMON_NAMES = _set(
    "ada adam alan alex alice amy andrew anna anne anton ben bob brian carl carla charlie chris "
    "clara "
    "daniel dave david ed ella emily emma eric erik eva eve felix fred george grace hannah harry "
    "helen "
    "henry ian ida ingrid isaac ivan jack james jan jane jean jenny jess jim joe john jonas josh "
    "julia "
    "kai karen karl kate katie kim lars laura lena leo linda lisa lucas lucy luke maria marie "
    "mark martin "
    "mary matt max maya mia michael mike nina noah nora olaf oliver olivia oscar paul pete peter "
    "phil "
    "rachel ralph rob robert rosa ruth sally sam sara sarah simon sofia sophie stella steve sue "
    "susan tim "
    "tina tom tony vera victor will zoe"
)


def name_told(sentence: Sentence) -> tuple[str, Sentence | None] | None:
    """The name the user gives, and what they said after it ("my name is Ada nice to meet you").

    "I'm Ada" is a name, "I'm tired" is not: without "my name is" only a capital letter that the
    recogniser gave, or a very common first name, makes it one.
    """
    for pattern in _NAME:
        if match := pattern.fullmatch(sentence.text):
            return _cut_name(sentence, sentence.group(match, "n"))
    match = _I_AM.fullmatch(sentence.text)
    if match is None:
        return None
    words = sentence.group(match, "n")
    if any(word.norm in _NO_NAME or word.norm.endswith(("ing", "ly")) for word in words):
        return None
    by_capital = not sentence.shouted and all(word.spoken[0].isupper() for word in words)
    if not by_capital and words[0].norm not in _COMMON_NAMES:
        return None
    return proper(words, shouted=sentence.shouted), None


def _cut_name(sentence: Sentence, words: list[Word]) -> tuple[str, Sentence | None] | None:
    first = len(sentence) - len(words)
    length = 0
    for at, word in enumerate(words[:4]):
        if word.norm in _NAME_ENDS or (at and first + at in sentence.breaks):
            break
        if not word.norm[0].isalpha():
            break
        length = at + 1
    if not 0 < length <= 3 or words[0].norm in _NO_NAME:
        return None
    rest = sentence.part(first + length) if length < len(words) else None
    return proper(words[:length], shouted=sentence.shouted), rest
