"""What is read character by character. In addresses, files and names of the machine's world the
marks are said: "first_last@example.com" → "first underscore last at example dot com". Of
telephones, emergency numbers, cards, ISBNs and postcodes the groups are parted by commas, at which
a voice pauses.
"""

from __future__ import annotations

import re

from assistant.language.lexicon import word_set
from assistant.language.normalisation import Rule, constant, listed
from assistant.language.numbers import cardinal, digits, number

_MARKS = {".": "dot", "-": "dash", "_": "underscore", "/": "slash", "\\": "backslash", "~": "tilde",
          ":": "colon", "@": "at", "+": "plus", "#": "hash", "%": "percent", "=": "equals",
          "&": "and", "?": "question mark", "*": "star", "$": "dollar", "!": ""}  # fmt: skip
_PIECE = re.compile(r"\d+|[^\W\d_]+|[._\-/\\~:@+#%=&?*$]+|.", re.DOTALL)
_SPELLED = word_set(
    """
    py js ts txt md rs rb cpp hpp cs sh ps yml csv tsv pdf html css xml sql svg png jpg jpeg mp
    mkv avi ini cfg db rtf xls xlsx docx pptx ppt iso ogg flac php tsx jsx toml wasm onnx npz
    npy pt uk us de fr it eu ca au nz jp cn io ai tv me ly gg fm am pm ip
    """
)
"""Endings that are said letter by letter."""
_FILE_ENDINGS = "|".join(
    listed(
        """
    py js ts txt md rs rb go java cpp hpp cs sh bat exe dll yml yaml json jsonl csv tsv pdf html
    htm css xml sql svg png jpg jpeg gif webp mp3 mp4 wav ogg flac mkv avi mov zip tar gz bz2 xz
    7z rar ini cfg conf toml log db rtf doc docx xls xlsx ppt pptx iso php tsx jsx lock env bak
    tmp deb rpm dmg apk onnx npz npy pt bin gguf safetensors ipynb vue swift kt lua
    """
    )
)
_TOP_DOMAINS = (
    "com|org|net|edu|gov|info|dev|app|io|ai|co|uk|de|fr|eu|us|ca|au|nz|me|tv|biz|xyz|int|local|test"
)
_RELEASED = (
    "Python|Ubuntu|Debian|Fedora|Java|Node|Django|Rails|Ruby|PHP|Go|Rust|Linux|Kernel|kernel|iOS"
    "|iPadOS|"
    "macOS|Android|Windows|version|Version|release|Release|GPT|Claude|Llama|Gemini|Firefox|Chrome"
)
"""Before two numbers that are a version and no decimal: "Python 3.11"."""
_HOST = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,62})(?:\.[a-zA-Z0-9-]{1,63}){0,8}"


def spelled(text: str, *, endings: bool = True) -> str:
    """Words for every character of an address: "foo_bar.py" → "foo underscore bar dot P Y"."""
    words: list[str] = []
    for piece in _PIECE.findall(text):
        if piece.isdecimal():
            words.append(_code_number(piece))
        elif piece.isalpha():
            after_dot = bool(words) and words[-1] == "dot"
            spell = endings and after_dot and piece.lower() in _SPELLED
            words.append(" ".join(piece.upper()) if spell else piece)
        else:
            words += [_MARKS.get(mark, "") for mark in piece]
    return " ".join(word for word in words if word)


def _code_number(piece: str) -> str:
    return digits(piece) if len(piece) > 3 or piece[0] == "0" else cardinal(int(piece))


def _url(match: re.Match[str]) -> str:
    """The host alone: nobody can follow a path by ear."""
    rest = re.sub(r"^(?:[a-zA-Z]+:/{2,3})?(?:[^/@\s]*@)?(?:www\.)?", "", match[0])
    host, _, port = re.split(r"[/?#]", rest, maxsplit=1)[0].partition(":")
    numeric = re.fullmatch(r"\d+(?:\.\d+){3}", host)
    spoken = _digits_with_dots(host) if numeric else spelled(host)
    return f"{spoken} port {digits(port)}" if port.isdecimal() else spoken


def _email(match: re.Match[str]) -> str:
    return spelled(match[0].removeprefix("mailto:"))


def _digits_with_dots(text: str) -> str:
    return " dot ".join(digits(part) for part in text.split("."))


def _ip(match: re.Match[str]) -> str:
    parts = [_digits_with_dots(match["ip"])]
    if match["bits"]:
        parts.append(f"slash {cardinal(int(match['bits']))}")
    if match["port"]:
        parts.append(f"port {digits(match['port'])}")
    return " ".join(parts)


def _version(match: re.Match[str]) -> str:
    spoken = " point ".join(number(part) for part in match["parts"].split("."))
    tail = " ".join(
        cardinal(int(piece)) if piece.isdecimal() and len(piece) < 5 else
        digits(piece) if piece.isdecimal() else piece
        for piece in re.findall(r"\d+|[^\W\d_]+", match["tail"] or "")
    )  # fmt: skip
    return " ".join(part for part in ("version" if match["v"] else "", spoken, tail) if part)


def _hexadecimal(match: re.Match[str]) -> str:
    pieces = re.findall(r"\d|[a-fA-F]", match[0][2:])
    return "zero x " + " ".join(digits(p) if p.isdecimal() else p.upper() for p in pieces)


def _characters(match: re.Match[str]) -> str:
    """Hashes, identifiers and the like, character by character."""
    return " ".join(
        digits(c) if c.isdecimal() else _MARKS.get(c, c.upper() if c.isalpha() else "")
        for c in match[0]
    )


def _windows_path(match: re.Match[str]) -> str:
    path = match[0][2:].replace("\\\\", "\\")
    return f"{match[0][0].upper()} colon {spelled(path)}"


def _hashtag(match: re.Match[str]) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", match[1])
    return f"hashtag {spelled(words).replace(' underscore ', ' ')}"


ADDRESSES: list[Rule] = [
    (
        re.compile(
            r"(?<!\w)(?:mailto:)?[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-zA-Z]{2,24}(?![\w-])"
        ),
        _email,
    ),
    (
        re.compile(
            r"\b(?:https?|ftp|wss?|file|ssh|git)://[^\s<>\"'(){}\[\]|]{0,2000}(?:\([^\s"
            r"()]{0,100}\))?"
            r"[^\s<>\"'(){}\[\]|.,;:!?*_~`…—]|\bwww\.[^\s<>\"'(){}\[\]|]{1,2000}[^\s<>\"'(){}\[\]"
            r"|.,;:!?*_~`…—]"
        ),
        _url,
    ),
    (
        re.compile(
            r"(?<![\w.])(?P<ip>\d{1,3}(?:\.\d{1,3}){3})(?:/(?P<bits>\d{1,2}))?(?::"
            r"(?P<port>\d{1,5}))?"
            r"(?![\w]|\.\d)"
        ),
        _ip,
    ),
    (
        re.compile(
            rf"(?<![\w.@/-]){_HOST}\.(?:{_TOP_DOMAINS})(?::\d{{2,5}})?(?:/[^\s<>\"'(){{}}\[\]"
            rf"|]{{0,500}}"
            r"[^\s<>\"'(){}\[\]|.,;:!?*_~`…—])?(?![\w-]|\.\w)"
        ),
        _url,
    ),
    (re.compile(r"(?<![\w.])localhost:\d{1,5}\b"), _url),
    (
        re.compile(
            r"(?<!\w)[A-Za-z]:\\{1,2}(?:[\w. -]{0,60}\w)?(?:\\{1,2}[\w.-]{1,100}){0,20}\\{0,2}"
        ),
        _windows_path,
    ),
    (
        re.compile(
            r"(?<![\w.~/])(?:~|\.{1,2})?/(?:[\w.@+-]{1,100}/){0,20}(?:[\w.@+*-]{0,100}\w|(?<=\w/))"
            r"(?![\w/])"
        ),
        lambda match: spelled(match[0]),
    ),
    (
        re.compile(
            rf"(?<![\w./\\@])(?:[\w-]{{1,60}}/){{1,20}}[\w.-]{{0,80}}[\w-]\.(?:{_FILE_ENDINGS})\b"
            rf"(?!\.?\w)"
        ),
        lambda match: spelled(match[0]),
    ),
    (
        re.compile(
            rf"(?<![\w./\\@-])(?=[\w.-]{{0,80}}[^\W\d])[\w][\w.-]{{0,80}}\.(?:{_FILE_ENDINGS})\b"
            rf"(?!-?\w|\.\w)"
        ),
        lambda match: spelled(match[0]),
    ),
    (
        re.compile(rf"(?<![\w.])\.(?:{_FILE_ENDINGS}|gitignore|bashrc|zshrc|NET)\b"),
        lambda match: spelled(match[0]),
    ),
    (
        re.compile(r"\b(Node|Vue|React|Next|Express|D3|Three|Nuxt|Chart)\.js\b"),
        lambda match: f"{match[1]} J S",
    ),
]
"""Addresses and files, before anything else may take their marks for its own."""

CODES: list[Rule] = [
    (
        re.compile(r"(?<![\w@])@([A-Za-z_][\w.-]{0,60}\w|[A-Za-z])"),
        lambda match: f"at {spelled(match[1])}",
    ),
    (re.compile(r"(?<![\w#&])#([^\W\d][\w]{0,60})"), _hashtag),
    (re.compile(r"\b(C|F|J|A|G|D)#(?!\w)"), lambda match: f"{match[1]} sharp"),
    (re.compile(r"\b([Cc]|[Gg])\+\+(?!\w)"), lambda match: f"{match[1].upper()} plus plus"),
    (
        re.compile(r"(?<![\w-])(--)([a-zA-Z][\w-]{0,40})|(?<=\s)(-)([a-zA-Z])(?=\s|$)"),
        lambda match: f"dash dash {spelled(match[2])}" if match[1] else f"dash {match[4]}",
    ),
    (
        re.compile(r"(?<![\w$])\$([A-Z_]{2,40})\b(?![$])"),
        lambda match: f"dollar {spelled(match[1])}",
    ),
    (re.compile(r"\b0[xX][0-9a-fA-F]{1,32}\b"), _hexadecimal),
    (
        re.compile(
            r"\b(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
            r"|[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5})\b"
        ),
        _characters,
    ),
    (
        re.compile(
            r"\b(?=[a-f]*\d)(?=\d*[a-f])(?=[0-9a-f]*\d[a-f]+\d"
            r"|[0-9a-f]*[a-f]\d+[a-f])[0-9a-f]{6,64}\b"
        ),
        _characters,
    ),
    (
        re.compile(
            r"(?<![\w.$£€¥])(?P<v>[vV]\.? ?)?(?P<parts>\d{1,6}(?:\.\d{1,6}){2,6})"
            r"(?P<tail>-?(?:alpha|beta|rc|dev|post|a|b)[.-]?\d{0,4})?(?![\w]|[.,]\d)"
        ),
        _version,
    ),
    (
        re.compile(
            rf"(?P<name>\b(?:{_RELEASED})(?: version)? )(?P<v>)(?P<parts>\d{{1,4}}\.\d{{1,4}})"
            rf"(?P<tail>)(?![\w%]|[.,]\d)"
        ),
        lambda match: match["name"] + _version(match),
    ),
    (
        re.compile(r"(?<![\w.])(?P<v>[vV])(?P<parts>\d{1,6}(?:\.\d{1,6})?)(?P<tail>)(?![\w]|\.\d)"),
        _version,
    ),
    (
        re.compile(r"(?<=[^\W\d_])_(?=[^\W\d_])|(?<=[^\W\d_])_(?=\w)|(?<=\w)_(?=[^\W\d_])"),
        lambda _: " underscore ",
    ),
]

_CALL = r"(?i:(?<=\bcall )|(?<=\bdial )|(?<=\bdialled )|(?<=\bring )|(?<=\bphone )|(?<=\btext ))"


def _groups(written: str) -> str:
    groups = re.findall(r"\d+", written)
    return ", ".join(_group(group) for group in groups)


def _group(group: str) -> str:
    return "eight hundred" if group == "800" else digits(group)


def _telephone(match: re.Match[str]) -> str:
    plus = "plus " if match[0].lstrip("( ").startswith("+") else ""
    extension = match.groupdict().get("extension")
    spoken = plus + _groups(match["number"])
    return f"{spoken}, extension {digits(extension)}" if extension else spoken


def _isbn(match: re.Match[str]) -> str:
    tail = " X" if match["number"].endswith(("X", "x")) else ""
    return f"{match['name']} {_groups(match['number'])}{tail}"


_EXTENSION = r"(?:,?\s?(?:x|ext\.?|extension)\s?(?P<extension>\d{1,5})\b)?"

TELEPHONES: list[Rule] = [
    (re.compile(r"\b(?P<name>ISBN|ISSN)(?:-1[03])?:?\s(?P<number>\d[\d -]{6,20}[\dXx])\b"), _isbn),
    (
        re.compile(
            rf"(?<![\w+])(?P<number>\+\d{{1,3}}(?:[ .-]?\(\d{{1,4}}\))?"
            rf"(?:[ .-]?\d{{2,5}}){{1,6}})(?![\w]|[.,]\d){_EXTENSION}"
        ),
        _telephone,
    ),
    (
        re.compile(
            rf"(?<![\w(])(?P<number>(?:\+?1[ .-]?)?\(\d{{2,5}}\)[ .-]?\d{{3,4}}"
            rf"(?:[ .-]?\d{{3,4}})?)(?![\w-]|[.,]\d){_EXTENSION}"
        ),
        _telephone,
    ),
    (
        re.compile(
            rf"(?<![\w.,-])(?P<number>(?:1[ .-])?\d{{3}}[.-]\d{{3}}[.-]\d{{4}})(?![\w-]"
            rf"|[.,]\d){_EXTENSION}"
        ),
        _telephone,
    ),
    (re.compile(r"(?<![\w.,-])(?P<number>1-\d{3}-\d{3}-\d{4})(?![\w-]|[.,]\d)"), _telephone),
    (
        re.compile(r"(?<![\w.,$£€-])(?P<number>0\d{2,4} \d{3,4} \d{3,4})(?![\w-]|[.,]\d)"),
        _telephone,
    ),
    (re.compile(r"(?<![\w.,$£€-])(?P<number>\d{3}[ -]\d{4})(?![\w-]|[.,]\d|%)"), _telephone),
    (
        re.compile(
            r"(?<![\w.,-])(?P<number>\d{3}-\d{2}-\d{4}|\d{4}(?:[ -]\d{4}){2,3})(?![\w-]|[.,]\d)"
        ),
        _telephone,
    ),
    (
        re.compile(r"(?<![\w.,/:$£€#-])911(?![\w-]|[.,:/]\d|%| (?:people|times|items))"),
        constant("nine one one"),
    ),
    (re.compile(rf"{_CALL}(?P<number>\d{{3}})(?![\w-]|[.,:/]\d)"), _telephone),
    (
        re.compile(
            r"(?P<name>\b(?:PIN|pin|code|passcode|password|extension|account)(?: (?:is|was|number"
            r"|number is))?:? )(?P<number>\d{3,9})(?![\w%]|[.,:/-]\d)"
        ),
        lambda match: match["name"] + digits(match["number"]),
    ),
    (
        re.compile(
            r"(?<![\w.])(?P<state>[A-Z]{2}) (?P<zip>\d{5})(?:-(?P<four>\d{4}))?(?![\w,.]\d|\w)"
        ),
        lambda match: (
            f"{match['state']} {digits(match['zip'])}"
            + (f", {digits(match['four'])}" if match["four"] else "")
        ),
    ),
]
