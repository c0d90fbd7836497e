"""Where in a text a call begins and ends, in the dialects that models were trained on."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from assistant.calls.forms import Calls, from_arguments, from_json, from_python, from_xml
from assistant.calls.parser import Malformed

MAX_CALL = 64 * 1024
"""Characters of a pending call; a longer one is malformed."""

_TAG_NAMES = (
    r"tool_calls?|toolcalls?|tool-calls?|function_calls?|functioncalls?|function-calls?|tool_use"
    r"|minimax:tool_call|seed:tool_call"
)
_TAG = rf"<(?:{_TAG_NAMES})(?:\s+name\s*=\s*[\"']?[\w.:-]{{1,80}}[\"']?)?\s*>"
_NAMED = r"<(?:function|invoke)(?:=|\s+name\s*=\s*)[\"']?[\w.:-]{1,80}[\"']?\s*>"
_TOKENS = (
    r"<[|｜](?=[^|｜<>\n]*(?:tool|python_tag|action|function|plugin))[^|｜<>\n]{1,60}[|｜]>"
    r"|<\|tool_[a-z_]{1,30}>|<tool_[a-z_]{1,30}\|>"
)
_SPECIAL = rf"{_TOKENS}|\[/?(?:TOOL_CALLS?|FUNCTION_CALLS?|ARGS|CALL_ID)\]"
_OPENING = re.compile(
    rf"(?P<tag>{_TAG})|(?P<named>{_NAMED})|(?P<special>{_SPECIAL})", re.IGNORECASE
)
_OPENING_PART = re.compile(
    r"<[/A-Za-z][\w:-]{0,30}(?:=[\"']?[\w.:-]{0,80}[\"']?\s?"
    r"|\s+[a-z]{0,4}\s?=?\s?[\"']?[\w.:-]{0,80}[\"']?\s?)?|<|<[|｜][^|｜<>\n]{0,60}[|｜]?|<tool_[a-z_]{0,30}\|?|\[/?[A-Z_]{0,15}",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"</(?:{_TAG_NAMES}|function|invoke)\s*>|\[/(?:TOOL_CALLS?|FUNCTION_CALLS?)\]"
    r"|<[|｜][^|｜<>\n]*end[^|｜<>\n]*[|｜]>|<tool_call\|>",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(
    rf"(?P<plain>\s+|[,;])|{_SPECIAL}|function(?=<[|｜]tool[^|｜<>\n]{{0,9}}[|｜]>)", re.IGNORECASE
)
_NAME = re.compile(r"(?:call:)?[A-Za-z_][\w.-]{0,79}(?::\d{1,3})?")
_BETWEEN = re.compile(
    rf"(?:\s|{_TOKENS}|\[ARGS\]|\[CALL_ID\]\s*[\w-]{{1,40}}|```(?:json)?(?=\s)"
    r"|(?<=\]|>)[\w-]{1,40}(?=\[ARGS\]))*",
    re.IGNORECASE,
)
_BETWEEN_PART = re.compile(
    r"<[^<>\n]{0,80}|\[[A-Z_]{0,16}|\[CALL_ID\]\s*|`{1,3}[a-z]{0,4}|:\d{0,3}", re.IGNORECASE
)
_CALL_ID_PART = re.compile(r"[\w-]{1,40}(?:\[[A-Z_]{0,5})?")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]()"]', re.DOTALL)
_FIRST_KEYS = (
    *("name", "tool_name", "function_name", "tool", "function", "action", "recipient_name"),
    *("arguments", "parameters", "args", "input", "type", "id", "call_id", "tool_call_id"),
    *("tool_calls", "tool_call", "function_calls", "function_call", "tool_uses", "calls", "index"),
)
_FIRST_KEY = re.compile(r'\{\s{0,40}"([a-z_]{0,20})(")?')
_BROKEN = re.compile(
    r'[\[\s]*\{\s*"(?:name|tool_name|function_name|tool|function)"\s*:\s*"([^"]*)"\s*,\s*'
    r'"(?:arguments|parameters|args|input)"'
)

Outcome = Literal["more", "none"]


class Brackets:
    """Where the brackets of a text are closed: looked for once for all that stand in each other.

    The text may lose its beginning meanwhile, but nothing may be added to it: places are kept by
    their distance from its end.
    """

    def __init__(self) -> None:
        self._known: dict[int, int | None] = {}

    def closed(self, text: str, start: int) -> int | None:
        """Where those that open at `start` are; None where they are not."""
        size = len(text)
        if size - start not in self._known:
            self._look(text, start)
        end = self._known[size - start]
        return None if end is None else size - end

    def _look(self, text: str, start: int) -> None:
        size = len(text)
        within: list[int] = []
        for token in _TOKEN.finditer(text, start):
            match token[0]:
                case "{" | "[" | "(":
                    within.append(size - token.start())
                case "}" | "]" | ")":
                    self._known[within.pop()] = size - token.end()
                    if not within:
                        return
                case '"':
                    break
                case _:
                    pass
        self._known.update(dict.fromkeys(within))


@dataclass(slots=True)
class Region:
    """A part of a text that is calls and nothing else: its length, and what it calls."""

    length: int
    calls: Calls = field(default_factory=list)


def marked_at(text: str, *, final: bool) -> Region | Outcome:
    """The region that begins with a marker of calls at the beginning of `text`; "more" where more
    of the text has to be seen, "none" where there is none. A marker that stands for itself is
    words, unless it is a special token: that is a region without calls."""
    opening = _OPENING.match(text)
    if opening is None:
        part = not final and len(text) < 160 and _OPENING_PART.fullmatch(text)
        return "more" if part else "none"
    if opening["named"]:
        rest = text[opening.end() :].lstrip()
        if rest and rest[0] not in "{<":
            return "none"  # words about it
        return _xml(text, 0, _closer(opening[0]), final)
    body = opening.end()
    closer = _closer(opening[0]) if opening["tag"] else ""
    region = _body(text, body, closer, final=final)
    if region == "none" and opening["special"]:
        return Region(body)
    return region


def bare_at(
    text: str, names: Collection[str], brackets: Brackets, *, final: bool
) -> Region | Outcome:
    """The same for JSON (and Python in brackets) that nothing marks: only a whole call of a tool of
    these names is one. `brackets`: of this text, also as it was when it began earlier."""
    python = _python_list(text, names, brackets, final)
    if python != "none":
        return python
    if not _may_be_call(text):
        return "none"
    end = brackets.closed(text, 0)
    if end is None:
        if len(text) > MAX_CALL:
            return "none"
        if not final:
            return "more"
        broken = _BROKEN.match(text)
        if broken and broken[1] in names:
            return Region(len(text), [Malformed(text, "the text ended in the middle of the call")])
        return "none"
    calls = from_json(text[:end], names) if end <= MAX_CALL else None
    return Region(end, calls) if calls else "none"


def code_at(text: str, ticks: str, names: Collection[str], *, final: bool) -> Region | Outcome:
    """The same for a block of code that is said to be calls, up to its closing backticks."""
    end = text.find(ticks)
    if end < 0:
        return "none" if final or len(text) > MAX_CALL else "more"
    code = re.sub(r"^print\((.*)\)$", r"\1", text[:end].strip(), flags=re.DOTALL)
    calls = from_json(code, names) or from_python(code)
    good = calls and not any(isinstance(c, Malformed) or c.name not in names for c in calls)
    return Region(end, calls) if good and end <= MAX_CALL else "none"


def balanced(text: str, start: int) -> int | None:
    """Where the brackets that open at `start` are closed; None where they are not."""
    return Brackets().closed(text, start)


# -- marked ------------------------------------------------------------------------------------


def _body(text: str, start: int, closer: str, *, final: bool) -> Region | Outcome:
    """One value after another, until something else comes or the closing marker."""
    at = end = start
    calls: Calls = []
    while True:
        while separator := _SEPARATOR.match(text, at):
            at = separator.end()
            end = end if separator["plain"] else at
        rest = text[at : at + 100]
        if not final and (not rest or _OPENING_PART.fullmatch(rest)):
            return "more"
        if not rest:
            return Region(end, calls) if calls or not closer else _unfinished(text, final)
        closing = _CLOSING.match(text, at)
        if closing:
            at = end = closing.end()
            if closer:
                return Region(end, calls)
            continue
        value = _value(text, at, closer, final=final)
        if value == "more":
            return _unfinished(text, final, calls)
        if value == "none":
            return Region(end, calls) if calls else "none"
        calls += value.calls
        at = end = at + value.length


def _value(text: str, at: int, closer: str, *, final: bool) -> Region | Outcome:
    if text[at] in "{[":
        end = balanced(text, at)
        if end is None:
            return "more"
        body = text[at:end]
        python = re.match(r"\[\s*[A-Za-z_][\w.]*\(", body)
        calls = from_python(body) if python else from_json(body)
        return Region(end - at, calls or [])
    if text[at] == "<":
        return _xml(text, at, closer, final)
    return _named(text, at, closer, final=final)


def _named(text: str, at: int, closer: str, *, final: bool) -> Region | Outcome:
    """A name, and its arguments after it."""
    name = _NAME.match(text, at)
    if name is None:
        return "none"
    between = _BETWEEN.match(text, name.end())
    after = between.end() if between else name.end()
    rest = text[after : after + 100]
    if not final and (not rest or _may_go_on(rest, text[after - 1])):
        return "more"
    if not rest:
        return "more" if closer else "none"
    label = name[0].removeprefix("call:")
    if rest[0] == "{":
        end = balanced(text, after)
        if end is None:
            return "more"
        length = end
        if between and "```" in between[0]:
            if not final and re.fullmatch(r"\s*`{0,2}", text[end : end + 20]):
                return "more"
            fence = re.match(r"\s*```", text[end : end + 20])
            length = end + fence.end() if fence else end
        arguments = _plain_json(text[after:end], gemma=label != name[0])
        return Region(length - at, from_arguments(label, arguments))
    if rest[0] == "(" and after == name.end():
        end = balanced(text, after)
        return "more" if end is None else Region(end - at, from_python(text[at:end]))
    if rest.startswith("<arg_key>") or (closer and rest.startswith(closer)):
        return _xml(text, at, closer, final)
    return "none"


def _may_go_on(rest: str, before: str) -> bool:
    """Whether what follows a name may become what stands between it and its arguments."""
    if _BETWEEN_PART.fullmatch(rest):
        return True
    return before in "]>" and _CALL_ID_PART.fullmatch(rest) is not None


def _xml(text: str, at: int, closer: str, final: bool) -> Region | Outcome:
    end = text.find(closer, at) if closer else -1
    if end < 0:
        if final and text[at:].strip():
            return Region(len(text) - at, [Malformed(text, _CUT)])
        return _unfinished(text, final)
    inner = text[at:end]
    length = end - at if closer not in ("</function>", "</invoke>") else end - at + len(closer)
    if inner.startswith("<") and not _XML.match(inner):
        return "none"
    return Region(length, from_xml(inner))


_XML = re.compile(r"<(?:function|invoke|tool|arg_key|parameter)")
_CUT = "the text ended in the middle of the call"


def _unfinished(text: str, final: bool, calls: Calls | None = None) -> Region | Outcome:
    if final:
        return Region(len(text), [*(calls or []), Malformed(text[:MAX_CALL], _CUT)])
    return "more"


def _closer(opening: str) -> str:
    name = re.match(r"<([\w:-]+)", opening)
    return f"</{name[1]}>" if name else ""


def _plain_json(text: str, *, gemma: bool) -> str:
    """Gemma writes strings between special tokens, and keys without quotes."""
    if not gemma:
        return text
    return re.sub(r"([{,]\s*)(\w+)\s*:", r'\1"\2":', text.replace('<|"|>', '"'))


# -- bare ----------------------------------------------------------------------------------------


def _may_be_call(text: str) -> bool:
    """Whether JSON that begins so may be a call: by its first key."""
    inner = text.lstrip("[ \n\r\t")
    if not inner:
        return len(text) < 80
    if inner[0] != "{" or len(text) - len(inner) > 80:
        return False
    key = _FIRST_KEY.match(inner)
    if key is None:
        return not inner[1:].strip()[:1] and len(inner) < 60
    if key[2]:
        return key[1] in _FIRST_KEYS
    return key.end() == len(inner) and any(word.startswith(key[1]) for word in _FIRST_KEYS)


def _python_list(
    text: str, names: Collection[str], brackets: Brackets, final: bool
) -> Region | Outcome:
    head = re.match(r"\[\s{0,8}([A-Za-z_]\w{0,79})?(\()?", text)
    if head is None or not head[1]:
        return "none"
    if not head[2]:
        partial = head.end() == len(text) and any(n.startswith(head[1]) for n in names)
        return "more" if partial and not final else "none"
    if head[1] not in names:
        return "none"
    end = brackets.closed(text, 0)
    if end is None:
        return "none" if final or len(text) > MAX_CALL else "more"
    calls = from_python(text[:end])
    whole = not any(isinstance(c, Malformed) or c.name not in names for c in calls)
    return Region(end, calls) if whole else "none"
