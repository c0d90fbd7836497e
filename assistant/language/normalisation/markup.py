"""Marks of writing that are seen and not said: HTML, markdown, footnotes, emoticons."""

from __future__ import annotations

import html
import re

from assistant.language.normalisation.rules import Rule, constant, rewrite

_TAGS = """a abbr audio b big blockquote body br break button center cite code dd del details div dl
dt em emphasis figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i img input ins kbd
label li link main mark meta nav ol option p phoneme pre prosody q s samp script section select
small source span speak strike strong style sub summary sup svg table tbody td textarea tfoot th
thead title tr tt u ul var video voice wbr
chuckle cough gasp giggle groan laugh laughs sigh sighs sniffle yawn"""
_TAG = re.compile(rf"</?(?:{'|'.join(_TAGS.split())})(?:[\s/][^<>]*)?>", re.IGNORECASE)
_HIDDEN = re.compile(
    r"<!--[^>]{0,2000}?-->|<(script|style)\b[^<>]*>[^<]{0,4000}</\1\s*>"
    r"|<(?:del|s|strike)>[^<]{0,500}</(?:del|s|strike)>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_DEEPEST = 3
"""How often "&amp;amp;" is undone."""

_EMOTICON = re.compile(
    r"(?<![^\s(\"])(?:[>}]?[:;=][-'^oc]?(?:[)(\]\[/\\|*}{@$]{1,4}|[DPpOo3])|8-[)(D]|</?3+"
    r"|\^[_.-]?\^"
    r"|-_-+|[oO]_[oO]|T_T|¯\\{0,2}_\(ツ\)_/¯|[xX]D+|D:|\(?[╯ಠ]\S{0,12})(?![^\s.,!?)\"])"
)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+|[ \t]+#{1,6}[ \t]*$", re.MULTILINE)
_LIST = re.compile(
    r"^[ \t]*(?:(?:>[ \t]?(?=[^\d=>\s]))+|[-*+•‣◦–][ \t]+(?:\[[ xX]\][ \t]+)?)+", re.MULTILINE
)
_RULE = re.compile(
    r"^[ \t]*(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|={3,})$", re.MULTILINE
)
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t:|-]*)$", re.MULTILINE)
_TABLE_ROW = re.compile(r"^[ \t]*\|(.+)\|[ \t]*$", re.MULTILINE)

_RULES: list[Rule] = [
    (re.compile(r"^[ \t]*(?:```|~~~)[ \t]*[\w+#.-]*[ \t]*$", re.MULTILINE), constant(" ")),
    (re.compile(r"```\w*"), constant(" ")),
    (_TABLE_RULE, constant("")),
    (_TABLE_ROW, lambda match: _row(match[1])),
    (_RULE, constant("")),
    (_HEADING, constant("")),
    (_LIST, constant("")),
    (re.compile(r"^[ \t]*(\d{1,3})\)(?=\s)", re.MULTILINE), lambda match: f"{match[1]}."),
    (re.compile(r"^\[\^?\w{1,20}\]:.*$", re.MULTILINE), constant("")),
    (re.compile(r"!\[([^\[\]]{0,300})\]\([^()\n]{0,2000}\)"), lambda match: match[1]),
    (
        re.compile(
            r"\[([^\[\]\n]{1,300})\](?:\((?:[^()\n]|\([^()\n]{0,200}\)){0,2000}\)"
            r"|\[[^\[\]\n]{0,100}\])"
        ),
        lambda match: match[1],
    ),
    (
        re.compile(
            r"\[\^[^\]\s]{1,30}\]|(?<=[^\W\d_.,;:!?\"”)\]])\[\d{1,3}(?:[,–-] ?\d{1,3}){0,4}\]"
            r"|(?<=[.,;:!?\"”)\]])\[\d{1,3}(?:[,–-] ?\d{1,3}){0,4}\]"
        ),
        constant(""),
    ),
    (re.compile(r"<((?:https?|mailto):[^<>\s]{1,500})>"), lambda match: match[1]),
    (re.compile(r"\[(?:citation needed|sic|edit)\]", re.IGNORECASE), constant("")),
    (re.compile(r"~~(?=\S)[^~\n]{1,300}~~"), constant("")),
    (re.compile(r"==(?=\S)([^=\n]{1,300})=="), lambda match: match[1]),
    (
        re.compile(
            r"(?<![\w\\])(?:\*{1,3}|_{1,3})(?=[^\s*_])([^*_\n]{1,400}(?:_[^*_\s]{1,60}){0,4})"
            r"(?<=[^\s*_])(?:\*{1,3}|_{1,3})(?!\w)"
        ),
        lambda match: match[1],
    ),
    (re.compile(r"\*\*\*?(?=\S)([^*\n]{1,400})(?<=\S)\*\*\*?"), lambda match: match[1]),
    (
        re.compile(
            r"(?<=[^\W\d_])\*(?=[^\W\d_])([^*\n]{1,100})\*|(?<!\w)\*([^\s*]{1,100})\*(?=[^\W\d_])"
        ),
        lambda match: match[1] or match[2],
    ),
    (re.compile(r"`+"), constant("")),
    (re.compile(r"[ \t]{2,}$", re.MULTILINE), constant("")),
]


def without_markup(text: str) -> str:
    """The text of a document as it reads: no tags, no marks of emphasis, no footnotes."""
    if "<" in text:
        text = _TAG.sub(" ", _HIDDEN.sub(" ", _keep_hearts_out(text)))
    if "&" in text:
        text = unescape(text)
    text = _EMOTICON.sub(" ", text)
    return rewrite(text, _RULES)


def unescape(text: str) -> str:
    """ "&amp;", "&#39;" and what was escaped more than once; nothing without its semicolon."""
    for _ in range(_DEEPEST):
        plain = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
        if plain == text:
            break
        text = plain
    return text


def _keep_hearts_out(text: str) -> str:
    return re.sub(r"</?3+(?!\w)", " ", text)


def _row(cells: str) -> str:
    return ", ".join(cell.strip() for cell in cells.split("|") if cell.strip()) + "."
