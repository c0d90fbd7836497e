"""How the command line's own words are printed: help, and complaints about what was typed."""

from __future__ import annotations

import sys
from typing import Any

from typer.core import TyperGroup

_HELP = ("-h", "--help")


class Commands(TyperGroup):
    """The root of all commands. Their flags take no value, so their help names no type of one;
    what was typed may hold anything, so complaints about it are printed on clean consoles."""

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
            _without_types_of_flags(command, ctx)
        return command

    def get_params(self, ctx: Any) -> Any:
        return _flags_bare(super().get_params(ctx))


def _without_types_of_flags(command: Any, context: Any) -> None:
    _flags_bare(command.get_params(context))
    for below in getattr(command, "commands", {}).values():
        _without_types_of_flags(below, context)


def _flags_bare(parameters: Any) -> Any:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False) and parameter.metavar is None:
            parameter.metavar = ""
    return parameters


def _use_clean_consoles() -> None:
    """Typer's consoles on our streams: with their colours, without what others wrote into them.
    Where Typer makes them otherwise one day, its words come without colours."""
    from typer import rich_utils

    from assistant.commands.tables import CleanConsole
    from assistant.output import styled

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
