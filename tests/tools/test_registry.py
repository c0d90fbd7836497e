"""What a model is told of a tool, and how forgiving the check of its arguments is."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import pytest

from assistant.tools.registry import Tool, ToolRegistry, tool
from assistant.tools.schema import ArgumentError


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@tool(permission="ask", timeout=3)
async def paint(
    what: str,
    colour: Colour,
    layers: int = 1,
    thick: float | None = None,
    where: list[str] | None = None,
    mood: Literal["good", "bad"] = "good",
    schema: bool = False,
    extra: dict[str, int] | None = None,
) -> str:
    """Paint something.

    It takes a while.

    Args:
        what: The thing to paint,
            in one word.
        colour (Colour): Its colour.
        layers: How often.

    Returns:
        what: nobody reads this.
    """
    return f"{what} {colour} {layers} {thick} {where} {mood} {schema} {extra}"


@tool()
def plain_style(first: int, second: str = "x") -> str:
    """Do it.

    Args:
    first: One.
    second: Two: with a colon.
    """
    return f"{first}{second}"


def test_schema_comes_from_signature_and_docstring() -> None:
    schema = paint.schema()
    assert schema["name"] == "paint"
    assert schema["description"] == "Paint something. It takes a while."
    parameters = schema["parameters"]
    assert parameters["type"] == "object"
    assert parameters["required"] == ["what", "colour"]
    assert parameters["additionalProperties"] is False
    properties = parameters["properties"]
    assert properties["what"] == {
        "type": "string",
        "description": "The thing to paint, in one word.",
    }
    assert properties["colour"]["enum"] == ["red", "blue"]
    assert properties["colour"]["description"] == "Its colour."
    assert properties["layers"] == {"type": "integer", "default": 1, "description": "How often."}
    assert properties["thick"] == {"type": "number"}
    assert properties["where"] == {"type": "array", "items": {"type": "string"}}
    assert properties["mood"]["enum"] == ["good", "bad"]
    assert properties["schema"] == {"type": "boolean", "default": False}
    assert properties["extra"]["additionalProperties"] == {"type": "integer"}
    assert (paint.permission, paint.timeout) == ("ask", 3)


def test_unindented_argument_lines_are_read_too() -> None:
    properties = plain_style.parameters["properties"]
    assert properties["first"]["description"] == "One."
    assert properties["second"]["description"] == "Two: with a colon."


def test_arguments_are_coerced_and_defaults_left_to_the_function() -> None:
    checked = paint.check({"what": 5, "colour": "blue", "layers": "2", "schema": "true"})
    assert checked == {"what": "5", "colour": Colour.BLUE, "layers": 2, "schema": True}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"colour": "red"}, ["'what'", "missing"]),
        ({"what": "x", "colour": "green"}, ["'colour'", "'red' or 'blue'", "'green'"]),
        ({"what": "x", "colour": "red", "layer": 2}, ["'layer'", "did you mean 'layers'"]),
        ({"what": "x", "colour": "red", "layers": "many"}, ["'layers'", "integer", "'many'"]),
        ({"what": "x", "colour": "red", "thick": float("nan")}, ["'thick'", "finite"]),
        ({"what": "x", "colour": "red", "where": [1, {}]}, ["where.1"]),
        ({}, ["'what'", "'colour'"]),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ArgumentError) as caught:
        paint.check(arguments)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_model_could_not_call_is_refused_at_once() -> None:
    def untyped(x) -> str:  # type: ignore[no-untyped-def]
        """Do."""
        return str(x)

    def many(*x: int) -> str:
        """Do."""
        return str(x)

    def silent(x: int) -> str:
        return str(x)

    with pytest.raises(TypeError, match="needs a type"):
        tool()(untyped)
    with pytest.raises(TypeError, match="by name"):
        tool()(many)
    with pytest.raises(ValueError, match="docstring"):
        tool()(silent)


def registry(**permissions: Any) -> ToolRegistry:
    return ToolRegistry([paint, plain_style], permissions)


def test_the_users_permission_is_above_the_tools_own() -> None:
    tools = registry(paint="always", plain_style="never", pain="ask")
    assert tools.permission("paint") == "always"
    assert [schema["name"] for schema in tools.schemas()] == ["paint"]
    assert tools.unknown_permissions() == ["pain"]
    assert registry().permission("paint") == "ask"


def test_names_are_unique_and_unknown_ones_get_the_nearest() -> None:
    tools = registry()
    with pytest.raises(ValueError, match="already"):
        tools.add(paint)
    with pytest.raises(KeyError, match="did you mean 'paint'"):
        tools.get("Pain")
    assert "paint" in tools
    assert len(tools) == 2


async def test_a_tool_is_still_its_function() -> None:
    assert isinstance(plain_style, Tool)
    assert plain_style(1) == "1x"
    assert (await paint("door", Colour.RED)).startswith("door")
