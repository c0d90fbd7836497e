"""Who somebody is: from what the user said of themselves to what is said of the user ("I love my
job" → "Ada loves their job."), how names are spelt, and the user's own, told in many ways.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from assistant.language.lexicon import (
    BEFORE_IS,
    CAPITALISED,
    DAYS,
    MODALS,
    NATIONALITIES,
    NEGATIONS,
    PAST,
    SHORT_FORMS,
    either,
    word_set,
)
from assistant.language.tokens import Sentence, Word

_OPENED: tuple[tuple[str, str], ...] = (
    (r"\bi'?m\b", "I am"),
    (r"\bi've\b|\bive\b", "I have"),
    (r"\bi'll\b", "I will"),
    (r"\bi'd (?=(?:better|been)\b)", "I had "),
    (r"\bi'd\b", "I would"),
    (r"\b(we|you|they)'re\b", r"\1 are"),
    (r"\b(we|you|they)'ve\b", r"\1 have"),
    (r"\b(we|you|they|he|she|it)'ll\b", r"\1 will"),
    (r"\b(he|she|it|that|there|what|who)'s (?=(?:been|got|become|gone)\b)", r"\1 has "),
    (rf"\b({either(BEFORE_IS)})'s\b", r"\1 is"),
    (r"\b(\w+)'s (?=(?:called|named|an?|from|getting|coming)\b)", r"\1 is "),
    *((rf"\b{short}\b", full) for short, full in NEGATIONS.items()),
    (r"\b(\w+)n't\b", r"\1 not"),
    *((rf"\b{short}\b", SHORT_FORMS[short]) for short in ("wanna", "gonna")),
    (r"\bi(?=\s)", "I"),
)
_CONTRACTIONS = tuple((re.compile(pattern, re.IGNORECASE), to) for pattern, to in _OPENED)
_PIECES = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|\W+|_+")
_ADVERBS = word_set(
    "really always also never often still just usually sometimes only now absolutely totally "
    "actually currently normally generally regularly rarely mostly recently already finally "
    "definitely truly deeply especially once even both"
)
_MODALS = MODALS | {"cannot", "ought"}
_IRREGULAR = {"am": "is", "are": "is", "have": "has", "do": "does", "go": "goes", "were": "was"}
_PLURAL = {"am": "are", "was": "were"}
_NAME_IS = re.compile(r"The user's name is (?P<name>.+)", re.IGNORECASE)
_SMALL = word_set("the of and de van von or der la")
"""Within a name, written small."""
_SUBJECT = frozenset({"i", "we"})
_OWN = frozenset({"my", "our"})
_OBJECT = {"me": "them", "us": "them", "myself": "themselves", "ourselves": "themselves"}
_OTHERS = {"mine": "theirs", "ours": "theirs", "your": "the assistant's", "you": "the assistant"}


def plain(text: str) -> str:
    """Contractions opened, one kind of apostrophe, single blanks; spelling of names is kept."""
    text = unicodedata.normalize("NFKC", text)
    text = " ".join(re.sub(r"[\u2018\u2019\u02bc`´]", "'", text).split())
    for pattern, to in _CONTRACTIONS:
        text = pattern.sub(to, text)
    return text


def subject(who: str) -> str:
    """How the user is called at the beginning of a sentence."""
    return who or "The user"


def third_person(text: str, who: str = "") -> str:
    """A whole sentence about the user, from one that the user said, with opened contractions.

    The user is named once; after that it is "they", which fits everybody.
    """
    pieces = _PIECES.findall(text.strip().rstrip(".!,;:… "))
    user = who or "the user"
    out: list[str] = []
    named, verb = False, ""
    for piece in pieces:
        low = piece.lower()
        if low in _SUBJECT:
            out.append("they" if named else user)
            named, verb = True, "plural" if named else "singular"
        elif low in _OWN:
            out.append("their" if named else f"{user}'s")
            named, verb = True, ""
        elif low in _OBJECT:
            out.append(_OBJECT[low] if named or "self" in low or "selves" in low else user)
            named, verb = True, ""
        elif low in _OTHERS:
            out.append(_OTHERS[low])
        elif verb and low[:1].isalpha() and low not in _ADVERBS:
            out.append(_third(piece) if verb == "singular" else _PLURAL.get(low, piece))
            verb = ""
        else:
            out.append(CAPITALISED.get(low, piece))
    return sentence("".join(out))


def sentence(text: str) -> str:
    """With a capital at its beginning and a stop at its end."""
    text = " ".join(text.split()).strip(" ,;:")
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _third(verb: str) -> str:
    low = verb.lower()
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if low in _MODALS or low in PAST or low.endswith("ed"):
        return verb
    return with_s(verb)


def with_s(verb: str) -> str:
    """The third person of a regular verb: "sees", "buzzes", "carries"."""
    low = verb.lower()
    if low.endswith(("s", "x", "z", "ch", "sh", "o")):
        return f"{verb}es"
    if low.endswith("y") and low[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}s"


def proper(name: str, *, shouted: bool = False) -> str:
    """A name as it is written: "picasso" → "Picasso"; spelling with capitals is kept, unless it was
    `shouted`, so that they tell nothing."""
    name = name.lower() if shouted else name
    return " ".join(
        word.capitalize() if word.islower() and word not in _SMALL else word
        for word in name.strip(" '\"“”.,;:!").split()
    )


def first_person(text: str, who: str = "") -> str:
    """Back again, for a grammar that reads what users say: "Ada's parrot is called Picasso." →
    "my parrot is called Picasso"."""
    text = text.strip().rstrip(".")
    if match := _NAME_IS.fullmatch(text):
        return f"my name is {match['name']}"
    names = [re.escape(name) for name in (who, "the user") if name]
    for name in names:
        text = re.sub(rf"\b{name}'s\b", "my", text, flags=re.IGNORECASE)
        text = re.sub(rf"\b{name} is\b", "I am", text, flags=re.IGNORECASE)
        text = re.sub(rf"\b{name} has\b", "I have", text, flags=re.IGNORECASE)
        text = re.sub(rf"\b{name} does\b", "I do", text, flags=re.IGNORECASE)
        text = re.sub(
            rf"\b{name} ((?:really|also|always|never|often) )?(\w+)",
            _first,
            text,
            flags=re.IGNORECASE,
        )
        text = re.sub(rf"\b{name}\b", "me", text, flags=re.IGNORECASE)
    text = re.sub(r"\btheir\b", "my", text)
    text = re.sub(r"\bthey are\b", "I am", text)
    return re.sub(r"\bthey\b", "I", text)


def _first(match: re.Match[str]) -> str:
    verb = match[2]
    if verb.endswith("ies"):
        verb = f"{verb[:-3]}y"
    elif verb.endswith(("sses", "xes", "ches", "shes", "oes")):
        verb = verb[:-2]
    elif verb.endswith("s") and not verb.endswith(("ss", "us")) and verb not in ("was", "always"):
        verb = verb[:-1]
    return f"I {match[1] or ''}{verb}"


def second_person(text: str, who: str = "") -> str:
    """Said to the user: "Ada's parrot is called Picasso." → "your parrot is called Picasso"."""
    told = first_person(text, who)
    for pattern, to in (
        (r"\bI am\b", "you are"),
        (r"\bI was\b", "you were"),
        (r"\bI\b", "you"),
        (r"\bmy\b", "your"),
        (r"\bme\b", "you"),
        (r"\bthemselves\b", "yourself"),
        (r"\bthem\b", "you"),
    ):
        told = re.sub(pattern, to, told)
    return told


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
_NAME_ENDS = word_set(
    "nice and what how i by from but who pleased please you it the can do tell with not now "
    "because so for when where is are remember thanks thank hello okay in on at that this if then "
    "of"
)
_NO_NAME = NATIONALITIES.union(DAYS) | word_set(
    "a an the not so very too here there back home in on at out off up down just from going gonna "
    "your my his her their our later tomorrow today when what who how it that this these crazy "
    "maybe again mr mrs sir no yes okay fine good great well all done ready sure sorry alone one "
    "only also still always never almost nothing nobody someone something everything anything "
    "everyone right wrong left late early busy free hungry thirsty cold hot warm afraid curious "
    "serious kidding joking lost single married pregnant dead alive human real new old young tall "
    "short rich poor deaf blind lucky african european asian jewish muslim catholic buddhist "
    "vegan vegetarian awesome funny amazing nice ridiculous interesting important true false "
    "impossible possible time about as like you me him them us somebody tired sad happy bored was "
    "were will would does did has had isnt called named taxi ambulance names stupid beautiful "
    "easy hard over"
)
_COMMON_NAMES = word_set(
    "ada adam alan alex alice amy andrew anna anne anton ben bob brian carl carla charlie chris "
    "clara daniel dave david ed ella emily emma eric erik eva eve felix fred george grace hannah "
    "harry helen henry ian ida ingrid isaac ivan jack james jan jane jean jenny jess jim joe john "
    "jonas josh julia kai karen karl kate katie kim lars laura lena leo linda lisa lucas lucy "
    "luke maria marie mark martin mary matt max maya mia michael mike nina noah nora olaf oliver "
    "olivia oscar paul pete peter phil rachel ralph rob robert rosa ruth sally sam sara sarah "
    "simon sofia sophie stella steve sue susan tim tina tom tony vera victor will zoe"
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
    return _name(words, sentence), None


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
    return _name(words[:length], sentence), rest


def _name(words: Sequence[Word], sentence: Sentence) -> str:
    return proper(" ".join(word.spoken for word in words), shouted=sentence.shouted)
