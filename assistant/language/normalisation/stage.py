"""Stage directions: "*smiles*", "(pauses)", "[laughs]". They tell how something is said and are not
said themselves; emphasis ("*important*") and ordinary brackets are.

A direction begins with a verb that an actor plays, in the third person or as a participle, perhaps
after an adverb. In round brackets, which mostly hold words to be said, it must be such a verb that
stands by itself ("sighs") or acts on the body ("clears throat").
"""

from __future__ import annotations

import re

from assistant.language.normalisation.rules import listed

_BY_THEMSELVES = listed(
    """
    ahem applaud beam beep blink blush bow breathe buzz cackle cheer chirp chuckle clap click
    cough cringe croak cry curtsy dance exhale fidget flinch frown gasp gesture giggle glare
    grimace grin groan growl grumble grunt gulp hesitate hiccup hiss hum inhale laugh moan
    mumble murmur mutter nod pant pause ponder pout purr scoff scowl shiver shriek shrug shudder
    sigh smile smirk snicker sniff sniffle snort sob sing squeal stammer stutter swallow tremble
    twirl wave weep whimper whir whirr whisper whistle wince wink yawn yell
    """
)
_WITH_MORE = listed(
    """
    adjust arch bat bite brush catch clear clench close cock cover cross drop drum fade flicker
    flip fold furrow glance go grab hang hide hold hug jump kick lean let lick lift lock look
    lower make move narrow nudge offer open pat place play point pour pull punch purse push put
    raise reach rest roll rub run salute scratch shake shift show shut sing sip sit slam slide
    slip snap speak spin squint squeeze stand stare step stick straighten stretch stroke strike
    tap take tap tip tilt throw toss touch tug turn type walk whir widen wipe wiggle wring
    """
)
_BODY = listed(
    """
    arm arms beard breath brow brows cap cheek chest chin chuckle desk deep ear ears elbow eye
    eyebrow eyebrows eyes face fingers fist foot forehead glasses grin hair hand hands hat head
    heel heels hips jaw knuckles laugh lip lips monocle neck nose shoulder shoulders sigh
    sleeves smile spectacles teeth throat tie tongue voice wrist
    """
)
_WORDS = listed(
    """
    applause beat crickets drumroll drum roll fanfare inaudible laughter music muffled silence
    static sound effect pause ominous deadpan sarcastic sarcasm aside whispering
    """
)
_NOISES = frozenset(
    listed(
        """
    ahem beep boop bzzt buzz click crackle ding static whir whirr zap bloop
    """
    )
)
_NOUNS_TOO = frozenset(
    listed(
        """
    beeps blushes bows buzzes cheers chuckles claps clicks coughs cries frowns gasps giggles
    grins groans hums laughs moans murmurs nods pants pauses shrugs sighs smiles sobs waves
    whispers whistles winks yawns
    """
    )
)
_ADJECTIVES = frozenset(
    listed(
        """
    long short brief dramatic awkward slight small loud soft quiet heavy
    """
    )
)
_DETERMINERS = frozenset(
    listed(
        """
    a an the his her my your our their its this that these those some any no many few two three
    of with and or in by all such sweet
    """
    )
)
_LONGEST = 80
_BRACKETS = re.compile(
    rf"(?P<star>\*(?=[^\s*])[^*\n]{{1,{_LONGEST}}}\*)|(?P<square>\[[^\[\]\n]{{1,{_LONGEST}}}\])"
    rf"|(?P<round>\([^()\n]{{1,{_LONGEST}}}\))"
)


def _inflected(stems: list[str]) -> frozenset[str]:
    """The third person and the participle of each verb."""
    forms = set()
    for stem in stems:
        last = stem[-1]
        if last == "y" and stem[-2] not in "aeiou":
            third = stem[:-1] + "ies"
        else:
            third = stem + ("es" if stem.endswith(("s", "sh", "ch", "x", "o")) else "s")
        forms |= {third, stem + "ing", stem.removesuffix("e") + "ing", stem + last + "ing"}
    return frozenset(forms)


_ALONE = _inflected(_BY_THEMSELVES)
_ACTING = _inflected(_WITH_MORE)
_THIRD = frozenset(word for word in _ALONE | _ACTING if word.endswith("s")) | {"rings", "creaks"}
_PLAIN = frozenset(
    listed(
        """
    ahem beat chuckle cough gasp giggle grin groan laugh laughter pause shrug sigh smirk sniff
    sniffle sob wink yawn
    """
    )
)
"""Verbs that are written in their plain form too: "[laugh]"."""
_NAMED = frozenset(_WORDS)


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
        emphatic and before[0] in _DETERMINERS and words[0] in _NOUNS_TOO | _PLAIN
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
    if kind == "square" and (words[0] in _NAMED or _has_sound(words)):
        return True
    first, rest = words[lead], words[lead + 1 :]
    if len(words) <= 3 and words[-1] in _NAMED | {"pause", "beat", "laughter", "applause"}:
        return kind != "star" and all(
            w in _NAMED | _ADJECTIVES or w in ("a", "sound") for w in words
        )
    if first in _ALONE:
        return kind != "round" or len(rest) <= 5
    if first in ("in", "with") and rest[:1] == ["a"] and set(rest) & {"voice", "tone", "whisper"}:
        return True
    if first not in _ACTING or not rest:
        return False
    return bool(set(rest) & set(_BODY)) or (kind != "round" and not first.endswith("ing"))
