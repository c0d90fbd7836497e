"""Characters: one spelling for look-alikes on the way in, only what a voice can say on the way out.

Words of other alphabets come in Latin letters where their letters tell how they sound: Cyrillic,
Greek, Japanese syllables and Korean. Words of scripts that do not (Chinese characters, consonants
without vowels) are left out: an engine would name their letters, or make up a word.
"""

from __future__ import annotations

import re
import unicodedata

from assistant.language.normalisation import listed

_SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ"
_RAISED = re.compile(f"[{_SUPERSCRIPT}]+")
_FRACTION = re.compile(r"(?P<whole>\d?)[ \u2009]?(?P<part>[¼-¾⅐-⅞↉])")
_OTHER = re.compile(r"[^\x00-\x7f]")
_AS_WRITTEN = dict.fromkeys("…´¨¸˜ˆ¯", None) | {
    "™": "", "®": "", "℠": "", "©": "©", "№": "No. ", "º": "°", "ª": "a", "−": "−", "⁄": "/",
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "″": '"', "„": "“", "«": "“", "»": "”",
    "‐": "-", "‑": "-", "‒": "–", "―": "—", "﹣": "-", "∕": "/", "∙": "·", "⋅": "·", "∗": "*",
    "。": ". ", "、": ", ", "،": ",", "؛": ";", "؟": "?", "۔": ".", "।": ".", "\u00ad": "",
    "\u00a0": "\u00a0", "\u202f": "\u202f", "\u2009": "\u2009", "¢": "¢", "﷼": "﷼", "·": "·",
    "∶": ":", "≪": "<", "≫": ">", "⩽": "≤", "⩾": "≥", "≦": "≤", "≧": "≥", "⇒": "→", "⟶": "→",
}  # fmt: skip

_CYRILLIC = dict(zip(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґўђјљњћџѓќ",
    re.split(" ", "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya i yi "
             "ye g w dj y ly ny ch j g k"),
    strict=True,
))  # fmt: skip
_GREEK = dict(zip(
    "αβγδεζηθικλμνξοπρσςτυφχψω",
    listed(
    """
    a v g d e z i th i k l m n x o p r s s t y f ch ps o
    """
),
    strict=True,
))  # fmt: skip
GREEK_NAMES = dict(zip(
    "αβγδεζηθικλμνξοπρσςτυφχψω",
    listed(
    """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho
    sigma sigma tau upsilon phi chi psi omega
    """
),
    strict=True,
))  # fmt: skip
_HEPBURN = {"SI": "SHI", "TI": "CHI", "TU": "TSU", "HU": "FU", "ZI": "JI", "DI": "JI", "DU": "ZU"}
_SPOKEN_SYMBOLS = {
    "&": "and", "@": "at", "=": "equals", "+": "plus", "×": "times", "⨯": "times",
    "÷": "divided by", "−": "minus", "±": "plus or minus", "∓": "minus or plus", "≈": "is about",
    "≃": "is about", "≅": "is about", "~": "about", "<": "less than", ">": "greater than",
    "≠": "is not equal to", "≤": "less than or equal to", "≥": "greater than or equal to",
    "≡": "is identical to", "#": "number", "%": "percent", "‰": "per thousand", "°": "degrees",
    "€": "euros", "£": "pounds", "$": "dollars", "¥": "yen", "₹": "rupees", "₽": "roubles",
    "¢": "cents", "§": "section", "¶": "paragraph", "©": "copyright", "∞": "infinity",
    "√": "the square root of", "∑": "the sum of", "∏": "the product of", "∫": "the integral of",
    "∂": "partial", "∈": "in", "∉": "not in", "∀": "for all", "∃": "there is", "∅": "the empty set",
    "∪": "union", "∩": "intersection", "⊂": "a subset of", "∧": "and", "∨": "or", "¬": "not",
    "∝": "proportional to", "∴": "therefore", "∵": "because", "∠": "angle", "∇": "nabla", "→": ",",
    "←": ",", "↔": ",", "Δ": "delta", "♯": "sharp", "♭": "flat",
}  # fmt: skip
_PUNCTUATION = frozenset(".,!?;:'\"“”—…()-")


def fold(text: str) -> str:
    """One spelling for what looks alike: ASCII digits, straight apostrophes, "^2" for a raised 2,
    "2 1/2" for 2½, "kg" for a square kg; nothing invisible."""
    text = unicodedata.normalize("NFC", text)
    text = _RAISED.sub(lambda match: f"^{unicodedata.normalize('NFKC', match[0])}", text)
    text = _FRACTION.sub(_fraction, text)
    text = _OTHER.sub(lambda match: _fold_one(match[0]), text)
    text = re.sub(r"°[ \u00a0](?=[CF]\b)", "°", text)
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", text.replace("\r\n", "\n"))
    return unicodedata.normalize("NFC", _shortened(text))


def _shortened(text: str) -> str:
    """Rows of one mark, of which twenty say as much as a thousand."""
    return re.sub(r"([^\w])\1{20,}", lambda match: match[1] * 20, text)


def _fraction(match: re.Match[str]) -> str:
    part = unicodedata.normalize("NFKC", match["part"]).replace("⁄", "/")
    return f"{match['whole']} {part}" if match["whole"] else f" {part}"


def _fold_one(character: str) -> str:
    if character in _AS_WRITTEN:
        known = _AS_WRITTEN[character]
        return character if known is None else known
    category = unicodedata.category(character)
    if character in "\u2028\u2029\u0085":
        return "\n"
    if category in ("Cf", "Cc", "Cs", "Co", "Cn"):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    folded = unicodedata.normalize("NFKC", character)
    if folded != character and unicodedata.category(folded[0]) == "Mn":
        return character
    return folded.replace("⁄", "/")


def in_latin(text: str) -> str:
    """Words of other alphabets as they sound; single Greek letters by their names."""
    if text.isascii():
        return text
    return re.sub(r"[^\W\d_]+", lambda match: _word(match[0]), text)


def _word(word: str) -> str:
    if word.isascii():
        return word
    if len(word) == 1 and word.lower() in GREEK_NAMES:
        return f" {GREEK_NAMES[word.lower()]} "
    if any(c.isascii() for c in word) and any(c.lower() in GREEK_NAMES for c in word):
        return re.sub(r"[^\x00-\x7f]", lambda match: _greek_name(match[0]), word)
    latin = "".join(
        _letter(before, letter) for before, letter in zip(" " + word, word, strict=False)
    )
    latin = _join_syllables(latin)
    if word.isupper() and len(word) > 1 and not _is_latin(word[0]):
        latin = latin.capitalize()
    return latin


def _greek_name(letter: str) -> str:
    return f" {GREEK_NAMES[letter.lower()]} " if letter.lower() in GREEK_NAMES else letter


def _letter(before: str, letter: str) -> str:
    if letter.isascii() or _is_latin(letter):
        return letter
    plain = unicodedata.normalize("NFD", letter.lower())[0]
    known = _CYRILLIC.get(letter.lower(), _GREEK.get(plain, _CYRILLIC.get(plain)))
    if known is not None:
        return known.capitalize() if letter.isupper() else known
    return _syllable(unicodedata.name(letter, ""))


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN ")


def _syllable(name: str) -> str:
    """Unicode's names of kana and Hangul are their sounds. "·" marks what doubles the next
    consonant, "‹" what replaces the vowel before it."""
    sound = re.fullmatch(r"(?:HIRAGANA|KATAKANA|HANGUL) (?:LETTER|SYLLABLE) (SMALL )?(\w+)", name)
    if sound is None:
        return ""
    small, syllable = sound[1], sound[2]
    if name.startswith("HANGUL"):
        return syllable.lower()
    if small and syllable == "TU":
        return "·"
    if small:
        return f"‹{syllable.lower()}"
    return _HEPBURN.get(syllable, syllable).lower()


def _join_syllables(latin: str) -> str:
    """ "shi‹yo" → "sho", "ki‹ya" → "kya", "ga·ko" → "gakko"."""
    latin = re.sub(r"(sh|ch|j)i‹y", r"\1", latin)
    latin = re.sub(r"[aiueo]‹", "", latin)
    latin = re.sub(r"·(\w)", r"\1\1", latin)
    return re.sub("[·‹]", "", latin)


def sayable(text: str) -> str:
    """Words for the symbols that are left, then only letters, spaces and punctuation."""
    text = in_latin(text)
    text = "".join(_keep(character) for character in text)
    return re.sub(r"(?<![^\W\d_])-|-(?![^\W\d_])", " ", re.sub(r"\s+[-–]+\s+|--+", " — ", text))


def _keep(character: str) -> str:
    if character in _SPOKEN_SYMBOLS:
        return f" {_SPOKEN_SYMBOLS[character]} "
    if character in _PUNCTUATION or (character.isalpha() and _is_latin(character)):
        return character
    if character == "–":
        return "—"
    return "" if unicodedata.category(character) in ("Mn", "Me", "Cf", "Sk", "Lm") else " "
