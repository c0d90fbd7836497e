"""The forms in which models write down a call: JSON of several shapes, XML, Python.

They come from the templates of Hermes and Qwen, Llama, Mistral, DeepSeek, Kimi, GLM, Cohere,
Gemma and LFM, and from models that mix them up.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection
from typing import Any

from assistant.calls.parser import Malformed, ToolCall, load_json

Calls = list[ToolCall | Malformed]

_NAMES = ("name", "tool_name", "function_name", "tool", "function", "action", "recipient_name")
_ARGUMENTS = ("arguments", "parameters", "args", "input", "params", "kwargs", "action_input")
_WRAPPERS = ("tool_calls", "tool_call", "function_calls", "function_call", "tool_uses", "calls")
_BESIDE = {"id", "type", "call_id", "tool_call_id", "index"}
_FUNCTION = re.compile(
    r"<(?:function|invoke|tool)(?:=|\s+name\s*=\s*)[\"']?([\w.:-]{1,80})[\"']?\s*>", re.IGNORECASE
)
_AFTER = re.compile(r"</(?:function|invoke|tool)>.*", re.DOTALL)
_PARAMETER = re.compile(
    r"<(?:parameter|param|arg)(?:=|\s+name\s*=\s*)[\"']?([\w.-]{1,80})[\"']?\s*>"
    r"\n?(.*?)\n?</(?:parameter|param|arg)>",
    re.IGNORECASE | re.DOTALL,
)
_PAIR = re.compile(
    r"<arg_key>\s*(.*?)\s*</arg_key>\s*<arg_value>\n?(.*?)\n?</arg_value>", re.DOTALL
)


def from_json(text: str, names: Collection[str] | None = None) -> Calls | None:
    """The calls that a JSON value describes. With `names`, where nothing else says that it is a
    call: None, unless it is one of a tool of these names, whole and with its arguments."""
    try:
        value = load_json(text)
    except ValueError as error:
        return None if names is not None else [Malformed(text, str(error))]
    return _calls(value, text, names)


def from_arguments(name: str, text: str) -> Calls:
    """The call of this name with these arguments, JSON."""
    try:
        arguments = load_json(text)
    except ValueError as error:
        return [Malformed(f"{name}{text}", str(error))]
    if not isinstance(arguments, dict):
        return [Malformed(f"{name}{text}", '"arguments" has to be a JSON object')]
    return [ToolCall(plain_name(name), arguments)]


def from_xml(text: str) -> Calls:
    """The calls in `<function=name><parameter=key>value</parameter></function>` and its kin."""
    starts = list(_FUNCTION.finditer(text))
    if not starts:
        return _from_pairs(text)
    calls: Calls = []
    ends = [*(start.start() for start in starts[1:]), len(text)]
    for start, end in zip(starts, ends, strict=True):
        body = _AFTER.sub("", text[start.end() : end])
        if body.strip().startswith("{"):
            calls += from_arguments(start[1], body.strip())
            continue
        parameters = {m[1]: _value(m[2]) for m in _PARAMETER.finditer(body)}
        if _PARAMETER.sub("", body).strip():
            calls.append(Malformed(text, f"the parameters of {start[1]} cannot be read"))
        else:
            calls.append(ToolCall(plain_name(start[1]), parameters))
    return calls


def from_python(text: str) -> Calls:
    """The calls in `[name(key="value")]`, Python's way to write them."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        nodes = tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree]
        return [_python_call(node) for node in nodes]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return [Malformed(text, "the call cannot be read: write name(key=value)")]


def plain_name(name: str) -> str:
    """A tool's name without what templates put around it: `functions.name:0`."""
    name = name.strip().removeprefix("functions.").removeprefix("default_api.")
    return re.sub(r":\d+$", "", name)


def _calls(value: Any, text: str, names: Collection[str] | None) -> Calls | None:
    if isinstance(value, list):
        found = [_calls(each, text, names) for each in value]
        if not found or any(each is None for each in found):
            return None if names is not None else [Malformed(text, "expected a list of calls")]
        return [call for each in found if each for call in each]
    if not isinstance(value, dict):
        return None if names is not None else [Malformed(text, "expected a JSON object")]
    for wrapper in _WRAPPERS:
        if wrapper in value and isinstance(value[wrapper], list | dict):
            return _calls(value[wrapper], text, names) if value[wrapper] else None
    return _call(value, text, names)


def _call(value: dict[str, Any], text: str, names: Collection[str] | None) -> Calls | None:
    inner = value.get("function")
    if isinstance(inner, dict):
        value = {**{k: v for k, v in value.items() if k != "function"}, **inner}
    name_key = next((key for key in _NAMES if isinstance(value.get(key), str)), "")
    argument_key = next((key for key in _ARGUMENTS if key in value), "")
    name = plain_name(value[name_key]) if name_key else ""
    arguments = value[argument_key] if argument_key else None
    if isinstance(arguments, str):
        arguments = _decoded(arguments)
    unknown = set(value) - _BESIDE - {name_key, argument_key}
    if names is not None:
        good = name in names and isinstance(arguments, dict) and not unknown
        if not good or _is_schema(arguments):
            return None
    if not name:
        return [Malformed(text, '"name" has to be the name of a tool')]
    if unknown:
        reason = f'unknown key "{min(unknown)}": "name" and "arguments" belong here'
        return [Malformed(text, reason)]
    if not argument_key or arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        return [Malformed(text, '"arguments" has to be a JSON object')]
    identity = value.get("id") or value.get("call_id") or ""
    return [ToolCall(name, arguments, id=identity if isinstance(identity, str) else "")]


def _is_schema(arguments: Any) -> bool:
    """A tool's description, and not a call of it."""
    return isinstance(arguments, dict) and arguments.get("type") == "object"


def _decoded(arguments: str) -> Any:
    try:
        return load_json(arguments) if arguments.strip() else {}
    except ValueError:
        return arguments


def _from_pairs(text: str) -> Calls:
    """GLM's way: the name, then keys and values."""
    name = re.match(r"\s*(?:<tool_call>)?\s*([\w.-]{1,80})\s*(?=<|$)", text)
    pairs = {m[1]: _value(m[2]) for m in _PAIR.finditer(text)}
    if name is None:
        return [Malformed(text, "expected a JSON object")]
    return [ToolCall(plain_name(name[1]), pairs)]


def _value(text: str) -> Any:
    try:
        return load_json(text)
    except ValueError:
        return text


def _python_call(node: ast.expr) -> ToolCall:
    if not isinstance(node, ast.Call) or node.args:
        raise ValueError("no call")
    arguments: dict[str, Any] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise ValueError("**")
        value = ast.literal_eval(keyword.value)
        load_json(_as_json(value))
        arguments[keyword.arg] = value
    return ToolCall(plain_name(ast.unparse(node.func)), arguments)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
