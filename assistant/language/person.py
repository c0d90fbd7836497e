"""From what the user said of themselves to what is said of the user: "I love my job" → "Ada loves
their job."
"""

from __future__ import annotations

import re
import unicodedata

from assistant.language.lexicon import CAPITALISED, PAST, word_set

_OPENED: tuple[tuple[str, str], ...] = (
    (r"\bi['’]?m\b", "I am"),
    (r"\bi['’]ve\b|\bive\b", "I have"),
    (r"\bi['’]ll\b", "I will"),
    (r"\bi['’]d (?=(?:better|been)\b)", "I had "),
    (r"\bi['’]d\b", "I would"),
    (r"\b(we|you|they)['’]re\b", r"\1 are"),
    (r"\b(we|you|they)['’]ve\b", r"\1 have"),
    (r"\b(we|you|they|he|she|it)['’]ll\b", r"\1 will"),
    (r"\b(he|she|it|that|there|what|who)['’]s (?=(?:been|got|become|gone)\b)", r"\1 has "),
    (r"\b(he|she|it|that|there|here|what|who|where|how|everything|name)['’]s\b", r"\1 is"),
    (r"\b(\w+)['’]s (?=(?:called|named|an?|from|getting|coming)\b)", r"\1 is "),
    (r"\bcan['’]?t\b|\bcannot\b", "can not"),
    (r"\bwon['’]t\b", "will not"),
    (r"\bdont\b", "do not"),
    (r"\bdoesnt\b", "does not"),
    (r"\b(\w+)n['’]t\b", r"\1 not"),
    (r"\bwanna\b", "want to"),
    (r"\bgonna\b", "going to"),
    (r"\bi(?=\s)", "I"),
)
_CONTRACTIONS = tuple((re.compile(pattern, re.IGNORECASE), to) for pattern, to in _OPENED)
_PIECES = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|\W+|_+")
_ADVERBS = word_set(
    "really always also never often still just usually sometimes only now absolutely totally "
    "actually currently normally generally regularly rarely mostly recently already finally "
    "definitely truly deeply especially once even both"
)
_MODALS = word_set("can could will would shall should may might must cannot ought")
_IRREGULAR = {"am": "is", "are": "is", "have": "has", "do": "does", "go": "goes", "were": "was"}
_PLURAL = {"am": "are", "was": "were"}
_NAME_IS = re.compile(r"The user's name is (?P<name>.+)", re.IGNORECASE)
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
    if low.endswith(("s", "x", "z", "ch", "sh", "o")):
        return f"{verb}es"
    if low.endswith("y") and low[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}s"


def proper(name: str) -> str:
    """A name as it is written: "picasso" → "Picasso"; spelling with capitals is kept."""
    small = {"the", "of", "and", "de", "van", "von", "or", "der", "la"}
    return " ".join(
        word.capitalize() if word.islower() and word not in small else word
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
