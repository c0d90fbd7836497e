"""What this user has said of feelings that were misread: those cues weigh less for him."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from assistant.emotion.feeling import KINDS, Kind
from assistant.language.tokens import sentences
from assistant.private_files import write_whole

RAISED_VOICE = "raised voice"
"""Name of the cue that is in the voice alone."""
_LESS = 0.5
"""What one correction leaves of a cue's weight: of one that was sure, too little to tell alone."""
_LESS_NAMED = 0.75
"""… of one in which the user names the feeling himself."""
_LEAST = 0.1

_NAMED: dict[Kind, str] = {
    "frustrated": r"(?:frustrated|annoyed|angry|mad|cross|furious|irritated|upset|fed up)",
    "excited": r"(?:excited|thrilled|hyped|that happy|that excited)",
    "confused": r"(?:confused|lost|puzzled)",
    "tired": r"(?:tired|exhausted|sleepy|worn out)",
    "sad": r"(?:sad|unhappy|down|depressed|lonely|upset|crying|low)",
    "calm": r"(?:calm|relaxed|fine)",
}
_MUCH = r"(?: (?:really|at all|even|actually|so|that|very|feeling|being|in the least|one bit))*"
_TAIL = (
    r"(?: (?:at all|really|though|you know|with you|at you|about it|any ?more|in the least"
    r"|i am .*))?"
)
_NO = r"(?:(?:no|nope|hey|well|but|jarvis|wait|stop|oh|look) )*"
_NOT_SO = re.compile(
    _NO + r"(?:(?:that|this) is (?:not|wrong) (?:how|what) i (?:feel|am feeling|felt|sound)"
    r"|i do not feel (?:that|this) way|i (?:do not|did not) feel like that"
    r"|you (?:are wrong about (?:how i feel|my (?:mood|feelings?)|me)|misread me|misjudged me"
    r"|(?:got|read|have) (?:me|my mood|my feelings) (?:all |completely )?wrong)"
    r"|(?:do not|stop) (?:guessing|guess|tell(?:ing)? me|reading) (?:how i feel|my (?:mood"
    r"|feelings?))"
    r"|that is not (?:it|true) i (?:feel|am) (?:fine|okay|good|great|alright))" + _TAIL
)
_NOT_KIND = {
    kind: re.compile(
        _NO + rf"(?:i am not{_MUCH} {words}|i do not feel{_MUCH} {words}|i was not{_MUCH} {words}"
        rf"|who (?:says|said) i am {words}|why do you think (?:that )?i am {words}"
        rf"|do not (?:say|think) i am {words}){_TAIL}"
    )
    for kind, words in _NAMED.items()
}


def corrected(text: str, felt: Kind | None) -> bool:
    """Whether a turn says that the feeling `felt` (None: only a raised voice) is none of the
    user's. "I'm not tired" corrects nothing where nobody took him to be tired."""
    for sentence in sentences(text):
        if _NOT_SO.fullmatch(sentence.text):
            return True
        for kind, pattern in _NOT_KIND.items():
            alike = kind == felt or (felt is None and kind in ("frustrated", "excited"))
            if alike and any(
                pattern.fullmatch(part)
                for part in (sentence.text, *_clauses(sentence.text, sentence.breaks))
            ):
                return True
    return False


def _clauses(text: str, breaks: Iterable[int]) -> list[str]:
    words, found, start = text.split(), [], 0
    for at in [*sorted(breaks), len(words)]:
        found.append(" ".join(words[start:at]))
        start = at
    return found


class CueWeights:
    """Factors of cues for this user; remembered in a file where there is one."""

    def __init__(self, file: Path | None = None) -> None:
        """`file`: `{"weights": {"sad: loss": 0.5}}`, made and kept up to date; one that cannot be
        read is empty. It holds no word of what was said."""
        self._file = file
        self._weights = _read(file) if file is not None else {}

    def __call__(self, name: str) -> float:
        """0…1, of the cue called so."""
        return self._weights.get(name, 1.0)

    def doubt(self, names: Iterable[str]) -> None:
        """These told a feeling that was none. Where no file can be written it is known as long as
        the program runs."""
        for name in names:
            less = _LESS_NAMED if name.endswith(": named") else _LESS
            self._weights[name] = max(_LEAST, round(less * self(name), 3))
        if self._file is not None:
            with contextlib.suppress(OSError):
                data = json.dumps({"weights": self._weights}, indent=1).encode()
                write_whole(self._file, data, durable=False)

    def clear(self) -> None:
        """Forget all of it. Raises `OSError` where the file cannot be deleted."""
        self._weights = {}
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def __bool__(self) -> bool:
        return bool(self._weights)


def _read(file: Path) -> dict[str, float]:
    try:
        found = json.loads(file.read_bytes())["weights"].items()
        return {
            name: min(1.0, max(_LEAST, float(weight)))
            for name, weight in found
            if name.partition(":")[0] in KINDS or name == RAISED_VOICE
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
