"""Tags and special tokens that models write into their answers: what each is, and how long.

They come from chat templates: `<think>` (DeepSeek, Qwen), `<seed:think>` (Seed), `[THINK]`
(Mistral), `◁think▷` (Kimi), `<|channel|>` (OpenAI's Harmony), `<|im_end|>` (ChatML), `<|eot_id|>`
(Llama), `<｜end▁of▁sentence｜>` (DeepSeek), and more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "open", "close", "end", "drop", "turn", "role", "header_end", "start", "channel", "message",
    "over",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag in a text.

    open, close: of reasoning. end: of the answer. drop: means nothing to a person. turn: another
    turn begins, its role follows, ended by a line end or a header_end. role: a turn of this role
    begins. start, channel, message, over: parts of a Harmony message.
    """

    kind: Kind
    name: str
    length: int


CANDIDATE = re.compile(r"[<\[◁]")
"""What a tag begins with."""

_REASONING = (
    r"(?:[a-z]{1,12}[:_-])?(?:ant)?(?:think|thinking|thoughts?|reasoning|reasoning_content"
    r"|reflection|scratchpad|inner_monologue|internal_monologue)(?:[:_-][a-z0-9_]{1,60})?"
)
_REASONING_NAME = re.compile(_REASONING, re.IGNORECASE)
_ANGLE = re.compile(
    r"<(?P<slash>/?)[ ]?(?P<name>[A-Za-z_][\w:-]{0,79})"
    r"(?P<attributes>(?:\s+[\w:-]{1,30}\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*)"
    r"\s{0,2}(?P<empty>/?)>"
)
_ANGLE_PART = re.compile(
    r"<(?:/?[ ]?|/?[ ]?[A-Za-z_][\w:-]{0,79}\s{0,2}/?"
    rf"|/?[ ]?{_REASONING}(?:\s+[\w:-]{{0,30}}|\s+[\w:-]{{1,30}}\s*=[^<>]{{0,4000}}))",
    re.IGNORECASE,
)
_PIPED = re.compile(
    r"<\|(?P<a>[^|<>\n]{1,60})\|>|<｜(?P<b>[^｜<>\n]{1,60})｜>"
    r"|<\|(?P<c>[a-z_]{1,30})>|<(?P<d>[a-z_]{1,30})\|>"
)
_PIPED_PART = re.compile(
    r"<(?:\|[^|<>\n]{0,60}\|?|｜[^｜<>\n]{0,60}｜?|[a-z_]{1,30}\|?)", re.IGNORECASE
)
_LONGEST = 4_000
"""Characters of a tag: signatures of reasoning are long."""
_LLAMA2 = re.compile(r"<</?SYS>>")
_SQUARE_NAMES = "THINK|THINKING|REASONING|INST|TOOL_RESULTS|SYSTEM_PROMPT|BOS|EOS|PAD|UNK"
_SQUARE = re.compile(rf"\[(?P<slash>/?)(?P<name>{_SQUARE_NAMES}|think|thinking|reasoning)\]")
_MOON = re.compile(r"◁(?P<slash>/?)think(?:ing)?▷")
_LITERALS = (
    *(f"[{slash}{name}]" for slash in ("", "/") for name in _SQUARE_NAMES.split("|")),
    *(f"[{slash}{name}]" for slash in ("", "/") for name in ("think", "thinking", "reasoning")),
    *("◁think▷", "◁/think▷", "◁thinking▷", "◁/thinking▷", "<<SYS>>", "<</SYS>>"),
)

_ENDS = re.compile(
    r"im_end|eot(?:_id)?|endoftext|end_of_text|eos|eom(?:_id)?|end_of_turn(?:_token)?|end_?(?:of)?turn"
    r"|end_of_(?:sentence|message|utterance)|return|eod"
)
_OPENS = re.compile(r"(?:begin_of|start_of|start)_(?:thought|thinking)|think|thinking")
_CLOSES = re.compile(r"(?:end_of|end)_(?:thought|thinking)|/think|/thinking")
_TURNS = re.compile(r"im_start|start_header_id|start_of_turn|turn|role")
_OURS = re.compile(r"assistant|model|bot|chatbot_token")
_OTHERS = re.compile(
    r"user|system|observation|environment|tool|human|ipython|(?:user|system)_token"
)
_HARMONY: dict[str, Kind] = {
    "start": "start", "channel": "channel", "message": "message", "end": "over", "call": "over",
}  # fmt: skip
_CALLS = re.compile(r"tool|python_tag|action|function")
"""Markers of tool calls: not ours to judge."""
_WRAPPERS = frozenset(["answer", "response", "final_answer", "final", "solution"])
_RESULTS = frozenset(["tool_response", "tool_result", "tool_output", "function_response"])


def tag_at(text: str, *, final: bool) -> Tag | Literal["perhaps"] | None:
    """The tag that `text` begins with; "perhaps" where more of it has to be seen (there is no more
    where `final`)."""
    found = _whole(text)
    if found is not None:
        return None if found.kind == "drop" and found.length == 0 else found
    if final:
        return _broken_off(text)
    return "perhaps" if _may_become(text) else None


def _whole(text: str) -> Tag | None:
    """The complete tag; one of length 0 where the text is complete and none."""
    if match := _PIPED.match(text):
        return _piped(match)
    if (match := _ANGLE.match(text)) and match.end() <= _LONGEST:
        return _angle(match) or Tag("drop", "", 0)
    if match := _SQUARE.match(text):
        return _square(match)
    if match := _MOON.match(text):
        return Tag("close" if match["slash"] else "open", "moon", match.end())
    if match := _LLAMA2.match(text):
        return Tag("drop", "sys", match.end())
    return None


def _may_become(text: str) -> bool:
    if len(text) >= _LONGEST:
        return False
    if text[0] != "<":
        return any(literal.startswith(text) for literal in _LITERALS)
    return bool(
        _ANGLE_PART.fullmatch(text)
        or _PIPED_PART.fullmatch(text)
        or any(literal.startswith(text) for literal in _LITERALS[-2:])
    )


def _broken_off(text: str) -> Tag | None:
    """What the text ends with was the beginning of a tag, as far as can be told."""
    piped = text[:2] in ("<|", "<｜") and _PIPED_PART.fullmatch(text)
    name = re.fullmatch(r"</?([a-z:]{3,40})(?:\s.*)?", text, re.IGNORECASE | re.DOTALL)
    known = name and any(
        word.startswith(name[1].casefold()) or _REASONING_NAME.fullmatch(name[1])
        for word in ("thinking", "thoughts", "reasoning")
    )
    if (piped or known) and _may_become(text):
        return Tag("drop", "", len(text))
    return None


def _piped(match: re.Match[str]) -> Tag:
    body = next(group for group in match.groups() if group is not None)
    name = body.strip().lower().replace("▁", "_").replace(" ", "_")
    length = match.end()
    if match["c"] == "channel":  # Gemma: <|channel>thought … <channel|>
        return Tag("open", "gemma", length)
    if match["d"] == "channel":
        return Tag("close", "gemma", length)
    if name in _HARMONY:
        return Tag(_HARMONY[name], name, length)
    if _OPENS.fullmatch(name) or _CLOSES.fullmatch(name):
        return Tag("open" if _OPENS.fullmatch(name) else "close", "piped", length)
    if _ENDS.fullmatch(name):
        return Tag("end", name, length)
    if _TURNS.fullmatch(name):
        return Tag("turn", name, length)
    if _OURS.fullmatch(name) or _OTHERS.fullmatch(name):
        return Tag("role", "assistant" if _OURS.fullmatch(name) else "other", length)
    if name in ("end_header_id", "im_sep", "im_middle"):
        return Tag("header_end", name, length)
    return Tag("drop", "" if _CALLS.search(name) else name, 0 if _CALLS.search(name) else length)


def _angle(match: re.Match[str]) -> Tag | None:
    name, closes, length = match["name"].lower(), bool(match["slash"]), match.end()
    if _REASONING_NAME.fullmatch(name):
        if match["empty"]:
            return Tag("drop", name, length)
        return Tag("close" if closes else "open", "tag", length)
    if match["attributes"]:
        return None
    if name in _RESULTS:
        return Tag("close" if closes else "open", "result", length)
    if name in _WRAPPERS:
        return Tag("drop", "wrapper", length)
    if name in ("unused94", "unused95"):  # MedGemma
        return Tag("open" if name == "unused94" else "close", "unused", length)
    if name in ("start_of_turn", "end_of_turn"):
        return Tag("turn" if name == "start_of_turn" else "end", name, length)
    if name in ("eos", "end_of_utterance") or (name == "s" and closes):
        return Tag("end", name, length)
    if name in ("s", "bos", "pad", "unk") or re.fullmatch(r"unused\d+", name):
        return Tag("drop", name, length)
    return None


def _square(match: re.Match[str]) -> Tag:
    name, closes, length = match["name"].upper(), bool(match["slash"]), match.end()
    if name in ("THINK", "THINKING", "REASONING"):
        return Tag("close" if closes else "open", "square", length)
    if name == "TOOL_RESULTS":
        return Tag("close" if closes else "open", "result", length)
    if name == "INST":
        return Tag("drop" if closes else "role", "other", length)
    return Tag("end" if name == "EOS" else "drop", name, length)


# Reasoning tags that are only written about ("the <think> tag of HTML") told from tags that are
# meant.

_QUOTES = "\"'“”‘’«»`„"
_BEFORE = re.compile(
    r"\b(?:the|an?|any|no|this|that|these|its|your|in|inside|within|with|without|of|by|between"
    r"|and|or|use|uses|using|write|writes|called|named|like|tags?|tokens?|from|after"
    r"|before|html|xml) $",
    re.IGNORECASE,
)
_NOUN = re.compile(
    r"[ -]{1,2}(?:tags?|elements?|blocks?|tokens?|markers?|sections?|symbols?|strings?)\b",
    re.IGNORECASE,
)
_NEXT_WORD = re.compile(r"[ -]{1,2}[A-Za-z]{0,11}")
_LONGEST_WORD = 14


class TextContext:
    """What stands before a place in a text: the last characters, and whether it is code."""

    def __init__(self) -> None:
        self._before = ""
        self._ticks = 0
        self._fenced = False
        self._inline = False

    def take(self, text: str) -> None:
        """The text goes on with this."""
        for char in text:
            if char == "`":
                self._ticks += 1
                continue
            self._settle()
            if char == "\n":
                self._inline = False
        self._before = (self._before + text)[-24:]

    @property
    def in_code(self) -> bool:
        """Between backticks, or in a fenced block."""
        ticks = self._ticks
        fenced = self._fenced != (ticks >= 3)
        return fenced or (self._inline != (0 < ticks < 3))

    def are_about(self, after: str, *, final: bool) -> bool | None:
        """Whether a tag here, with `after` behind it, is only spoken of; None where more of it has
        to be seen first."""
        if self.in_code:
            return True
        if not after and not final:
            return None
        if self._before[-1:] and self._before[-1:] in _QUOTES and after[:1] in _QUOTES:
            return True
        word_open = len(after) < _LONGEST_WORD and _NEXT_WORD.fullmatch(after)
        if word_open and not final:
            return None
        if _NOUN.match(after):
            return True
        loose = not after.strip(" ") or after[0] in " .,;:!?)"
        return loose and bool(_BEFORE.search(self._before))

    def _settle(self) -> None:
        ticks, self._ticks = self._ticks, 0
        if ticks >= 3:
            self._fenced = not self._fenced
        elif ticks and not self._fenced:
            self._inline = not self._inline


# Reasoning without tags: the phrases between which some models think at the beginning of an
# answer.

PHRASES = {
    # Harmony, where a server took out its special tokens, and IBM's Granite.
    re.compile(r"\s*analysis(?=[A-Z])"): re.compile(r"assistant\s?final"),
    re.compile(r"\s*Here(?: is|'s|’s) my thought process:"): re.compile(
        r"Here(?: is|'s|’s) my response:"
    ),
}
"""Words that begin reasoning at the very beginning of an answer, and those that end it."""
PHRASE_PART = re.compile(
    r"\s*(?:"
    + "|".join(
        word[:length]
        for word in ("analysis", "Here is my thought process:", "Here's my thought process:",
                     "Here’s my thought process:")
        for length in range(len(word), 0, -1)
    )
    + r")?"
)  # fmt: skip
LONGEST_PHRASE = 30
