"""What a person would notice: braces read aloud, a swallowed sentence, a call that is not made."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.calls.parser import MAX_CALL, Malformed, PlainText, ToolCall, ToolCallParser

Seen = list[str | ToolCall | Malformed]


def read(*pieces: str) -> Seen:
    """Everything the parser finds, with neighbouring speech joined to one string."""
    parser = ToolCallParser()
    items = [item for piece in pieces for item in parser.feed(piece)] + parser.finish()
    seen: Seen = []
    for item in items:
        if not isinstance(item, PlainText):
            seen.append(item)
        elif seen and isinstance(seen[-1], str):
            seen[-1] += item.text
        else:
            seen.append(item.text)
    return seen


def call(name: str, **arguments: Any) -> ToolCall:
    return ToolCall(name, arguments)


CHANGE = 'TOOL_CALL: {"name": "change_theme", "arguments": {"persona_name": "GLaDOS"}}'
CHANGED = call("change_theme", persona_name="GLaDOS")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Just words.", ["Just words."]),
        (CHANGE, [CHANGED]),
        (f"Certainly, sir. {CHANGE} Done.", ["Certainly, sir. ", CHANGED, " Done."]),
        (f"{CHANGE}\n{CHANGE}", [CHANGED, "\n", CHANGED]),
        (f"{CHANGE}{CHANGE}", [CHANGED, CHANGED]),
        ('TOOL_CALL:{"name":"stop"}', [call("stop")]),
        ('TOOL_CALL  :\n\n  {"name": "stop", "arguments": {}}', [call("stop")]),
        (
            'TOOL_CALL: {"name": "x", "arguments": {"a": "}{ \\" \\\\", "b": {"c": [{}]}}}',
            [call("x", a='}{ " \\', b={"c": [{}]})],
        ),
        (
            'TOOL_CALL: {"name": "x", "arguments": {"a": "\\u00e9 😀 ž"}}',
            [call("x", a="é 😀 ž")],
        ),
        ('TOOL_CALL: {"name": "x", "arguments": {"a": "two\nlines"}}', [call("x", a="two\nlines")]),
        ('TOOL_CALL: {"name": "x", "arguments": "{\\"a\\": 1}"}', [call("x", a=1)]),
        ('TOOL_CALL: {"name": "x", "id": "7"}', [ToolCall("x", {}, id="7")]),
    ],
)
def test_calls_are_found_and_the_rest_is_speech(text: str, expected: Seen) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{CHANGE}\n```",
        f"```\n{CHANGE}\n```\n",
        f"`{CHANGE}`",
        f"**{CHANGE}**",
        CHANGE.replace("TOOL_CALL:", "**TOOL_CALL:**"),
        CHANGE.replace("TOOL_CALL:", "`TOOL_CALL:`"),
        CHANGE.replace("TOOL_CALL: ", "TOOL_CALL:\n```json\n") + "\n```",
    ],
)
def test_fences_and_emphasis_around_a_call_are_not_read_aloud(text: str) -> None:
    seen = read(text)
    assert [item for item in seen if not isinstance(item, str)] == [CHANGED]
    assert "".join(item for item in seen if isinstance(item, str)).strip() == ""


@pytest.mark.parametrize(
    "text",
    [
        "The TOOL is here.",
        "TOOL_CALL is what I write to call a tool.",
        "tool_call: lower case is just a word",
        "Use `ls` and **bold** and ```code``` freely.",
        "A tail of *",
        "Ends with ```",
        "Ends with a TOO",
        "Ends with T",
    ],
)
def test_ordinary_text_is_spoken_whole(text: str) -> None:
    assert read(text) == [text]


def test_only_what_may_become_the_marker_is_held_back() -> None:
    parser = ToolCallParser()
    assert parser.feed("Good morning, T") == [PlainText("Good morning, ")]
    assert parser.feed("O") == []
    assert parser.feed("mmy") == [PlainText("TOmmy")]


@pytest.mark.parametrize(
    ("text", "reason", "after"),
    [
        ('TOOL_CALL: {"name": "x", "arguments": {}', "ended in the middle", ""),
        ("I will TOOL_CA", "ended in the middle", ""),
        ("TOOL_CALL:", "ended in the middle", ""),
        ("TOOL_CALL: change_theme GLaDOS\nHello.", "expected a JSON object", "\nHello."),
        ("TOOL_CALL: {'name': 'x'} Hello.", "not valid JSON", " Hello."),
        ('TOOL_CALL: {"arguments": {}} Hello.', '"name" has to be', " Hello."),
        ('TOOL_CALL: {"name": 7} Hello.', '"name" has to be', " Hello."),
        ('TOOL_CALL: {"name": "x", "arguments": [1]} Hello.', '"arguments" has to be', " Hello."),
        ('TOOL_CALL: {"name": "x", "persona_name": "y"}', 'unknown key "persona_name"', ""),
        ('TOOL_CALL: {"name": "x", "arguments": {"a": NaN}}', "NaN is no number", ""),
        ('TOOL_CALL: {"name": "\\ud800"}', "surrogate", ""),
        ('TOOL_CALL: {"name": ' + "[" * 50_000 + "}", "not valid JSON", ""),
        ('TOOL_CALL: {"name": ' + "9" * 5_000 + "}", "digits", ""),
    ],
)
def test_a_call_that_cannot_be_read_is_reported_with_the_reason(
    text: str, reason: str, after: str
) -> None:
    seen = read(text)
    bad = [item for item in seen if isinstance(item, Malformed)]
    assert len(bad) == 1
    assert reason in bad[0].reason
    assert bad[0].raw.startswith("TOOL_CA")
    assert seen[-1] == (after or bad[0])


def test_a_call_on_the_same_line_as_a_bad_one_is_still_made() -> None:
    seen = read(f"TOOL_CALL: hm, again: {CHANGE} Right.")
    assert seen == [
        Malformed("TOOL_CALL: hm, again: ", "expected a JSON object after the marker"),
        CHANGED,
        " Right.",
    ]


def test_a_call_without_end_is_bounded_and_never_spoken() -> None:
    endless = 'TOOL_CALL: {"name": "x", "arguments": {"a": "' + "z" * (3 * MAX_CALL)
    seen = read(*(endless[at : at + 999] for at in range(0, len(endless), 999)))
    assert len(seen) == 1
    assert isinstance(seen[0], Malformed)
    assert len(seen[0].raw) <= MAX_CALL
    assert "longer than" in seen[0].reason
    assert read(endless + '"}} Hello.')[1:] == [" Hello."]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8).filter(str.isprintable),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5).filter(str.isprintable), inner, max_size=3)
    ),
    max_leaves=6,
)
calls = st.builds(
    ToolCall,
    st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
    st.dictionaries(st.text(max_size=6).filter(str.isprintable), json_values, max_size=3),
)
plain = st.text(st.sampled_from("TOOL_CALabc .,\n{}\"'é😀"), max_size=20).filter(
    lambda text: "TOOL_" not in text
)


def written(value: ToolCall, style: int) -> str:
    body = json.dumps(
        {"name": value.name, "arguments": value.arguments},
        ensure_ascii=bool(style & 1),
        indent=2 if style & 2 else None,
    )
    return f"TOOL_CALL{' ' * (style & 1)}:{' ' if style & 4 else ''}{body}"


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({place % (len(text) + 1) for place in places})
    return [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(plain, calls, st.integers(0, 7)), max_size=3),
    plain,
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_speech_and_calls_are_the_same_wherever_the_text_is_cut(
    parts: list[tuple[str, ToolCall, int]], tail: str, places: list[int]
) -> None:
    text = "".join(speech + written(value, style) for speech, value, style in parts) + tail
    expected: Seen = [item for speech, value, _ in parts for item in (speech, value) if item != ""]
    expected += [tail] if tail else []
    assert read(*cut(text, places)) == expected


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["TOOL_CALL", ":", " ", "\n", "{", "}", '"', "\\", "`", "```", "*", "**"])
        | st.sampled_from(['"name"', '"x"', "json", "T", "TOOL_", "😀"])
        | st.text(max_size=3),
        max_size=40,
    ),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_garbage_never_raises_and_gives_the_same_wherever_it_is_cut(
    tokens: list[str], places: list[int]
) -> None:
    text = "".join(tokens)
    assert read(*cut(text, places)) == read(text) == read(*text)
