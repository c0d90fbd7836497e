"""What is written and not said: marks (HTML, markdown, footnotes, emoticons) and stage directions.

Directions ("*smiles*", "(pauses)", "[laughs]") tell how something is said; emphasis ("*important*")
and ordinary brackets are none. A direction begins with a verb that an actor plays, in the third
person or as a participle, perhaps after an adverb. In round brackets, which mostly hold words to be
said, it must be such a verb that stands by itself ("sighs") or acts on the body ("clears throat").
"""

from __future__ import annotations

import html
import re

from assistant.language.lexicon import DETERMINERS, word_set
from assistant.language.normalisation import Rule, constant, rewrite
from assistant.language.person import with_s

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


_BY_THEMSELVES = word_set(
    """
    ahem applaud beam beep blink blush bow breathe buzz cackle cheer chirp chuckle clap click
    cough cringe croak cry curtsy dance exhale fidget flinch frown gasp gesture giggle glare
    grimace grin groan growl grumble grunt gulp hesitate hiccup hiss hum inhale laugh moan
    mumble murmur mutter nod pant pause ponder pout purr scoff scowl shiver shriek shrug shudder
    sigh smile smirk snicker sniff sniffle snort sob sing squeal stammer stutter swallow tremble
    twirl wave weep whimper whir whirr whisper whistle wince wink yawn yell
    """
)
_WITH_MORE = word_set(
    """
    adjust arch bat bite brush catch clear clench close cock cover cross drop drum fade flicker
    flip fold furrow glance go grab hang hide hold hug jump kick lean let lick lift lock look
    lower make move narrow nudge offer open pat place play point pour pull punch purse push put
    raise reach rest roll rub run salute scratch shake shift show shut sing sip sit slam slide
    slip snap speak spin squint squeeze stand stare step stick straighten stretch stroke strike
    tap take tap tip tilt throw toss touch tug turn type walk whir widen wipe wiggle wring
    """
)
_BODY = word_set(
    """
    arm arms beard breath brow brows cap cheek chest chin chuckle desk deep ear ears elbow eye
    eyebrow eyebrows eyes face fingers fist foot forehead glasses grin hair hand hands hat head
    heel heels hips jaw knuckles laugh lip lips monocle neck nose shoulder shoulders sigh
    sleeves smile spectacles teeth throat tie tongue voice wrist
    """
)
_WORDS = word_set(
    """
    applause beat crickets drumroll drum roll fanfare inaudible laughter music muffled silence
    static sound effect pause ominous deadpan sarcastic sarcasm aside whispering
    """
)
_NOISES = word_set(
    """
    ahem beep boop bzzt buzz click crackle ding static whir whirr zap bloop
    """
)
_NOUNS_TOO = word_set(
    """
    beeps blushes bows buzzes cheers chuckles claps clicks coughs cries frowns gasps giggles
    grins groans hums laughs moans murmurs nods pants pauses shrugs sighs smiles sobs waves
    whispers whistles winks yawns
    """
)
_ADJECTIVES = word_set(
    """
    long short brief dramatic awkward slight small loud soft quiet heavy
    """
)
_BEFORE_A_NOUN = DETERMINERS | word_set("many few two three of with and or in by all such sweet")
_LONGEST = 80
_BRACKETS = re.compile(
    rf"(?P<star>\*(?=[^\s*])[^*\n]{{1,{_LONGEST}}}\*)|(?P<square>\[[^\[\]\n]{{1,{_LONGEST}}}\])"
    rf"|(?P<round>\([^()\n]{{1,{_LONGEST}}}\))"
)


def _inflected(stems: frozenset[str]) -> frozenset[str]:
    """The third person and the participle of each verb."""
    forms = set()
    for stem in stems:
        participles = (stem, stem.removesuffix("e"), stem + stem[-1])
        forms |= {with_s(stem), *(f"{each}ing" for each in participles)}
    return frozenset(forms)


_ALONE = _inflected(_BY_THEMSELVES)
_ACTING = _inflected(_WITH_MORE)
_THIRD = frozenset(word for word in _ALONE | _ACTING if word.endswith("s")) | {"rings", "creaks"}
_PLAIN = word_set(
    """
    ahem beat chuckle cough gasp giggle grin groan laugh laughter pause shrug sigh smirk sniff
    sniffle sob wink yawn
    """
)
"""Verbs that are written in their plain form too: "[laugh]"."""


def without_directions(text: str) -> str:
    """Leaves the directions out, and keeps everything else as it is."""
    if "*" not in text and "[" not in text and "(" not in text:
        return text
    return _BRACKETS.sub(lambda match: _kept(match, text), text)


def _kept(match: re.Match[str], text: str) -> str:
    start, end = match.span()
    if text[max(0, start - 1) : start] == "*" or text[end : end + 1] in ("*", "("):
        return match[0]  # bold, or a link
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", match[0][1:-1].lower())
    before = re.findall(r"([^\W\d_]+)\s+$", text[max(0, start - 30) : start].lower())
    is_direction = _is_direction(words, match.lastgroup or "")
    emphatic = match.lastgroup == "star" and len(words) == 1 and bool(before)
    if is_direction and not (
        emphatic and before[0] in _BEFORE_A_NOUN and words[0] in _NOUNS_TOO | _PLAIN
    ):
        return " "
    return match[0]


def _has_sound(words: list[str]) -> bool:
    """ "[door opens]", "[the phone rings]"."""
    return 2 <= len(words) <= 4 and any(word in _THIRD for word in words[1:])


def _is_direction(words: list[str], kind: str) -> bool:
    lead = 1 if len(words) > 1 and words[0].endswith("ly") else 0
    if not words[lead:] or len(words) > 12:
        return False
    if len(words) == 1 and words[0] in _PLAIN:
        return True
    if kind != "round" and set(words) <= _NOISES:
        return True
    if kind == "square" and (words[0] in _WORDS or _has_sound(words)):
        return True
    first, rest = words[lead], words[lead + 1 :]
    if len(words) <= 3 and words[-1] in _WORDS | {"pause", "beat", "laughter", "applause"}:
        return kind != "star" and all(
            w in _WORDS | _ADJECTIVES or w in ("a", "sound") for w in words
        )
    if first in _ALONE:
        return kind != "round" or len(rest) <= 5
    if first in ("in", "with") and rest[:1] == ["a"] and set(rest) & {"voice", "tone", "whisper"}:
        return True
    if first not in _ACTING or not rest:
        return False
    return bool(set(rest) & _BODY) or (kind != "round" and not first.endswith("ing"))
