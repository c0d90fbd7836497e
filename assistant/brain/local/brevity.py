"""Answers that can be listened to: how much of a small model's answer is said.

It does not stop by itself where it should, and its bound in tokens falls anywhere. So an answer
ends with a sentence: the third one, unless more was asked for.
"""

from __future__ import annotations

import re

SENTENCES = 3
"""Of an answer; what is asked for at length has no such bound."""
FLOWING = 60
"""Characters: sentences that begin among the first so many are passed on as they come. Further ones
wait for their end, so that none is left half said where the bound falls; meanwhile the first ones,
four seconds of sound, are heard."""

_AT_LENGTH = re.compile(
    r"""\b(?:
      long(?:er|est)? | length(?:y|ily)? | details? | detailed | step\ by\ step | full(?:y|er)?
    | whole | everything | complete(?:ly)? | thorough(?:ly)? | in\ depth | elaborate | more\ about
    | (?:tell|say|explain|hear)(?:\ me|\ us)?(?:\ a\ (?:bit|little))?(?:\ some)?\ more
    | go\ on | keep\ going | continue | carry\ on
    | (?:list|name|count|recite|read)\b.*\b(?:all|every|each|to\ \w+)
    | all\ (?:of\ )?(?:the|them|your|my|its)
    | (?:tell|write|read|sing|recite|make\ up|invent)(?:\ me|\ us)?(?:\ \w+){0,4}
      \ (?:stor(?:y|ies)|tale|poem|song|fable|speech|essay|letter|recipe)
    | (?:four|five|six|seven|eight|nine|ten|twelve|twenty|\d+)\ (?:\w+\ )?
      (?:things|facts|ideas|reasons|examples|sentences|ways|tips|names|steps|lines|verses)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_SHORTLY = re.compile(
    r"""\b(?:
      short(?:ly|er)? | brief(?:ly)? | in\ (?:a|one|two|few|a\ few)\ (?:words?|sentences?)
    | quick(?:ly)? | how\ long | (?:as|so)\ long(?:\ as)? | long\ ago | no\ longer
    | not\ (?:too\ |so\ |very\ )?long
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_END = re.compile(r"[.!?…]+[\"'”’)\]*_]*(?=\s)|\n+")
_NO_END = re.compile(
    r"""(?:^|[\s("'“‘])
    (?:mr|mrs|ms|dr|prof|st|sr|jr|vs|etc|no|e\.g|i\.e|a\.m|p\.m|u\.s|u\.k|[a-z]|\d{1,3})\.$""",
    re.IGNORECASE | re.VERBOSE,
)


def at_length(text: str) -> bool:
    """Whether the user asks for more than an answer usually is."""
    return _AT_LENGTH.search(text) is not None and _SHORTLY.search(text) is None


class Brevity:
    """Pieces of an answer in, what of them is said out. `over` once it is enough."""

    def __init__(self, sentences: int | None = SENTENCES, flowing: int = FLOWING) -> None:
        """`sentences`: how many are enough; None: as many as come."""
        self.over = False
        self._most = sentences
        self._flowing = flowing
        self._flows = True
        self._held = ""
        """Of the sentence that is under way, as far as it was not said."""
        self._sentence = ""
        """All of it, so far."""
        self._sentences = 0
        self._said = 0

    def feed(self, text: str) -> str:
        """The next piece, of any size; returns what may be said now."""
        if self.over:
            return ""
        said = ""
        self._held += text
        while (end := self._end_of_sentence()) is not None:
            said += self._take(end)
            self._sentences += 1
            self._sentence, self._flows = "", self._said < self._flowing
            if self._most is not None and self._sentences >= self._most:
                self.over, self._held = True, ""
                break
        if self._flows:
            said += self._take(len(self._held))
        return said

    def finish(self, *, cut: bool) -> str:
        """The rest; of an answer whose bound `cut` it, no half a sentence after a whole one."""
        half = cut and self._sentences > 0
        rest, self._held = self._held, ""
        return "" if half else rest

    def _take(self, end: int) -> str:
        taken, self._held = self._held[:end], self._held[end:]
        self._said += len(taken)
        self._sentence += taken
        return taken

    def _end_of_sentence(self) -> int | None:
        """Where in what is held the sentence ends; a sentence is over once white space follows."""
        before = len(self._sentence)
        whole = self._sentence + self._held
        for found in _END.finditer(whole, max(0, before - 8)):
            if found.end() < before or not re.search(r"\w", whole[: found.end()]):
                continue
            if found.group().startswith(".") and _NO_END.search(whole[: found.end()]):
                continue
            return found.end() - before
        return None
