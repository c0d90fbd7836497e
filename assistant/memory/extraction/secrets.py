"""Secrets are never written down: card and account numbers, passwords, codes, keys.

Numbers are believed where they check out (Luhn, ISO/IEC 7812-1 annex B, for cards; modulo 97, ISO
13616-1, for accounts), keys by the prefixes their issuers publish, and everything else by the word
that stands before it ("my PIN is …"). Spoken digits count: "four two four two …".
"""

from __future__ import annotations

import math
import re
from collections import Counter

from assistant.language.numbers import ONES

_DIGITS = {word: str(value) for value, word in enumerate(ONES[:10])} | {"oh": "0"}
_SPOKEN = re.compile(rf"\b(?:{'|'.join(_DIGITS)})(?:[\s,-]+(?:{'|'.join(_DIGITS)})\b){{2,}}", re.I)
_CARD = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b", re.I)
_SSN = re.compile(r"\b(?!000|666|9\d\d)\d{3}[- ](?!00)\d{2}[- ](?!0000)\d{4}\b")
_KEYS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAGE-SECRET-KEY-1[0-9A-Z]{10,}"
    r"|\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_]?[A-Za-z0-9_-]{16,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bAKIA[0-9A-Z]{12,}|\bAIza[\w-]{30,}|\bxox[abprs]-[\w-]{10,}|\bhf_[A-Za-z0-9]{20,}"
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*|\bya29\.[\w-]{20,}|\bnpm_[A-Za-z0-9]{20,}"
)
_IS = r"(?:'s|s)?(?: number| code| phrase)?(?: (?:for|to|of|on|at) [^.?!]{1,40}?)?"
_VERB = r"(?: (?:is|are|was|will be|now|changed to|to|=|as)|\s*[:=])+\s+"
_VALUE = r"(?P<value>[^.?!\n]+)"
_NAMED: tuple[tuple[str, str, bool], ...] = (
    # (what it is, the words for it, whether its value must hold a digit)
    (
        "passwords",
        r"(?:pass ?(?:word|phrase|code)|passwort|pwd|log ?in (?:details|data))s?",
        False,
    ),
    ("PINs", r"(?:pin|pin number|pin code)s?", True),
    (
        "one-time codes",
        r"(?:one[- ]time (?:code|password|pin)|otp|verification code|confirmation code"
        r"|security code|two[- ]factor code|2fa code|auth(?:entication)? code|recovery codes?"
        r"|backup codes?|tan)",
        True,
    ),
    (
        "access codes",
        r"(?:door|gate|alarm|safe|lock|entry|access|garage)[ -](?:code|combination)"
        r"|(?:code|combination)(?= (?:to|for|of))",
        True,
    ),
    ("card numbers", r"(?:credit|debit|bank)? ?card number|cvv|cvc|card security code", True),
    (
        "account numbers",
        r"(?:bank )?account number|iban|routing number|sort code",
        True,
    ),
    (
        "social security numbers",
        r"social security(?: number)?|ssn|national insurance(?: number)?|tax id|passport number"
        r"|driver'?s licen[cs]e number|id number",
        True,
    ),
    (
        "keys",
        r"(?:api|secret|access|private|encryption|recovery|licen[cs]e|auth) ?(?:key|token)s?"
        r"|seed phrase|recovery phrase|client secret",
        False,
    ),
)
_PATTERNS = tuple(
    (reason, digit, re.compile(rf"\b(?:{words}){_IS}{_VERB}{_VALUE}", re.I))
    for reason, words, digit in _NAMED
)
_NO_VALUE = re.compile(
    r"(?:not|too|so|very|really|always|never|still|in|on|at|under|hard|easy|long|short|weak|strong"
    r"|wrong|right|the same|expired|lost|gone|stolen|what|where|written|stored|kept|safe|secret"
    r"|something|my|a|an|due|needed|required|annoying|stupid|old|new|difficult|complicated)\b",
    re.I,
)


def secret_in(text: str) -> str:
    """What kind of secret a text holds, in the plural ("card numbers"); "" where it holds none."""
    plain = _SPOKEN.sub(_as_digits, text)
    for reason, digit, pattern in _PATTERNS:
        for match in pattern.finditer(plain):
            if _is_value(match["value"], digit):
                return reason
    if any(_iban(match.group()) for match in _IBAN.finditer(plain)):
        return "account numbers"
    if any(_luhn(match.group()) for match in _CARD.finditer(plain)):
        return "card numbers"
    if _SSN.search(plain):
        return "social security numbers"
    if _KEYS.search(plain) or any(_random(word) for word in plain.split()):
        return "keys"
    return ""


def without_secrets(text: str) -> str:
    """The text as it may be written down: a sentence with a secret is left out of it."""
    if not secret_in(text):
        return text
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text)
    kept = " ".join(f"[left out: {found}]" if (found := secret_in(p)) else p for p in parts)
    return kept if not secret_in(kept) else f"[left out: {secret_in(text)}]"


def _as_digits(match: re.Match[str]) -> str:
    return "".join(_DIGITS[word.lower()] for word in re.findall(r"[A-Za-z]+", match.group()))


def _is_value(value: str, digit: bool) -> bool:
    if digit:
        return bool(re.search(r"\d[\d -]*\d", value))
    return not _NO_VALUE.match(value.strip())


def _luhn(number: str) -> bool:
    digits = [int(letter) for letter in number if letter.isdecimal()]
    if len(set(digits)) < 2:
        return False
    doubled = [sum(divmod(2 * d, 10)) if at % 2 else d for at, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    packed = text.replace(" ", "").upper()
    for end in range(len(packed), 14, -1):
        number = "".join(str(int(letter, 36)) for letter in packed[4:end] + packed[:4])
        if int(number) % 97 == 1:
            return True
    return False


def _random(word: str) -> bool:
    """Whether a word is a string that nobody made up by hand: long, mixed, without pattern."""
    word = word.strip(".,;:!?\"'()[]")
    if len(word) < 20 or "/" in word or "@" in word or not re.fullmatch(r"[\w+=.-]+", word):
        return False
    changes = len(re.findall(r"(?<=\d)[A-Za-z]|(?<=[A-Za-z])\d", word))
    counts = Counter(word)
    entropy = -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())
    return changes >= 3 and entropy >= 3.3
