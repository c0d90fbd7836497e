"""How the command line's own words are printed: help, and complaints about what was typed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from typer.core import TyperGroup

_HELP = ("-h", "--help")
_TYPE = re.compile(
    r"<(?:(?P<number>(?:int|float)(?: range)?)|str|path|list\[\w+\])>", re.IGNORECASE
)


class Commands(TyperGroup):
    """The root of all commands. Help names no type of a flag, which takes no value, and of others
    none by its name in Python. What was typed may hold anything, so complaints about it are printed
    on clean consoles."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        if not set(_HELP).isdisjoint(sys.argv):
            _use_clean_consoles()
        return super().main(*arguments, **options)

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().make_context(*arguments, **options)
        except Exception:
            _use_clean_consoles()
            raise

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception:
            _use_clean_consoles()
            raise

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            _in_plain_words(command, ctx)
        return command

    def get_params(self, ctx: Any) -> Any:
        return _types_in_words(super().get_params(ctx))


def _in_plain_words(command: Any, context: Any) -> None:
    _types_in_words(command.get_params(context))
    for below in getattr(command, "commands", {}).values():
        _in_plain_words(below, context)


def _types_in_words(parameters: Any) -> Any:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            if parameter.metavar is None:
                parameter.metavar = ""
        elif (shown := getattr(parameter, "display_type_rich", None)) is not None:
            otherwise = "" if parameter.param_type_name == "argument" else "TEXT"
            parameter.display_type_rich = _worded(shown, otherwise)
    return parameters


def _worded(shown: Callable[..., str | None], otherwise: str) -> Callable[..., str | None]:
    """What shows a type, with our words for the language's: `otherwise` for text and files."""
    if isinstance(shown, partial):
        return shown  # it has been seen to already

    def words(ctx: Any) -> str | None:
        name = shown(ctx=ctx)
        if name is None or not (type_ := _TYPE.fullmatch(name)):
            return name
        return "NUMBER" if type_["number"] else otherwise

    return partial(words)


def _use_clean_consoles() -> None:
    """Typer's consoles on our streams: with their colours, without what others wrote into them.
    Where Typer makes them otherwise one day, its words come without colours."""
    from typer import rich_utils

    from assistant.commands.tables import CleanConsole
    from assistant.terminal.output import styled

    make = getattr(rich_utils, "_get_rich_console", None)
    if make is None or hasattr(make, "is_clean"):
        return

    def make_clean(stderr: bool = False) -> Any:
        made = make(stderr=stderr)
        made.__class__ = CleanConsole
        made.file = styled(stderr)
        return made

    make_clean.is_clean = True  # type: ignore[attr-defined]
    rich_utils._get_rich_console = make_clean
