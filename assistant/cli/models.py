"""`assistant models` on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import ConfigFile, Json, Level, gather
from assistant.commands.runner import run, run_with_config

if TYPE_CHECKING:
    from assistant.config.schema import Config


models_app = typer.Typer(
    help="List, download, check and delete weights.", invoke_without_command=True
)
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
PullName = Annotated[
    str,
    typer.Argument(
        help="As in the list: moshiko-mlx-q8, personaplex, small.en; or owner/name of a repository."
    ),
]


@models_app.callback()
def models(context: typer.Context) -> None:
    """List, download, check and delete weights; without more words, list them."""
    if context.invoked_subcommand is None:
        models_list(context)


@models_app.command("list")
def models_list(
    context: typer.Context, json_output: Json = False, config: ConfigFile = None
) -> None:
    """Every model: its size, where it is, and what needs it."""

    def command(settings: Config) -> int:
        from assistant.commands.models.command import list_command

        return list_command(settings, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@models_app.command("pull")
def models_pull(
    context: typer.Context, name: PullName, yes: Yes = False, log_level: Level = None
) -> None:
    """Download weights, after telling their size.

    Stopped with Ctrl-C, it goes on where it was. Example: assistant models pull moshiko-mlx-q8
    """
    pull(context, name, yes, log_level)


def pull(context: typer.Context, name: str, yes: bool, log_level: Level) -> None:
    """Of `assistant models pull` and of `assistant pull`."""

    def command() -> int:
        from assistant.commands.models.pull import pull_command

        return pull_command(name, yes=yes)

    raise typer.Exit(run(command, gather(context, None, log_level).log_level))


@models_app.command("verify")
def models_verify(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One model; else all that are here.")] = None,
    config: ConfigFile = None,
) -> None:
    """Hash the files and compare them with what was published."""

    def command(settings: Config) -> int:
        from assistant.commands.models.command import verify_command

        return verify_command(settings, name)

    raise typer.Exit(run_with_config(gather(context, config), command))


@models_app.command("remove")
def models_remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="As in the list.")],
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Delete a download."""

    def command(settings: Config) -> int:
        from assistant.commands.models.command import remove_command

        return remove_command(settings, name, yes=yes)

    raise typer.Exit(run_with_config(gather(context, config), command))


# `assistant setup`: its commands.

setup_app = typer.Typer(
    help="Set up a language model, or the packages of Moshi.",
    invoke_without_command=True,
)


Interpreter = Annotated[
    str | None,
    typer.Option("--python", metavar="PROGRAM", help="Python to use, 3.11 to 3.13."),
]


@setup_app.callback()
def setup(context: typer.Context, json_output: Json = False) -> None:
    """Set up the packages of Moshi in an environment of their own, so that they disturb nothing.

    Without more words: what is set up. Example: assistant setup moshi-torch
    """
    if context.invoked_subcommand is None:

        def command() -> int:
            from assistant.commands.setup import list_command

            return list_command(json_output=json_output)

        raise typer.Exit(run(command))


@setup_app.command("moshi-mlx")
def setup_mlx(yes: Yes = False, python: Interpreter = None) -> None:
    """For Apple Silicon: mlx, moshi_mlx, rustymimi."""
    _set_up("moshi-mlx", yes, python)


@setup_app.command("moshi-torch")
def setup_torch(yes: Yes = False, python: Interpreter = None) -> None:
    """For NVIDIA cards: torch, moshi."""
    _set_up("moshi-torch", yes, python)


@setup_app.command("moshi-cpp")
def setup_moshi_cpp(context: typer.Context, yes: Yes = False, config: ConfigFile = None) -> None:
    """For any graphics card: finds moshi.cpp's program, or tells where to get it."""

    def command(settings: Config) -> int:
        from assistant.commands.setup import moshi_cpp_command

        return moshi_cpp_command(settings, yes=yes)

    raise typer.Exit(run_with_config(gather(context, config), command))


@setup_app.command("remove")
def setup_remove(
    name: Annotated[str, typer.Argument(help="moshi-mlx or moshi-torch.")], yes: Yes = False
) -> None:
    """Delete an environment."""

    def command() -> int:
        from assistant.commands.setup import remove_command

        return remove_command(name, yes=yes)

    raise typer.Exit(run(command))


def _set_up(name: str, yes: bool, python: str | None) -> None:
    def command() -> int:
        from assistant.commands.setup import setup_command

        return setup_command(name, yes=yes, python=python)

    raise typer.Exit(run(command))


# A language model of our own: `assistant setup brain`, `assistant brain`.

brain_app = typer.Typer(
    help="Who answers: language models of our own.", invoke_without_command=True
)


@setup_app.command("brain")
def setup_brain(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="A name of assistant brain list, hf:OWNER/NAME/FILE, or a GGUF file; else what"
            " suits this machine.",
        ),
    ] = None,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """A language model that answers about anything, wholly on this machine.

    Example: assistant setup brain --model qwen3-1.7b
    """
    options = gather(context, config)

    def command(settings: Config) -> int:
        from assistant.commands.brain import setup_command

        return setup_command(settings, model, yes=yes, file=options.config)

    raise typer.Exit(run_with_config(options, command))


@brain_app.callback()
def brain(context: typer.Context) -> None:
    """Who answers: language models of our own; without more words, list them."""
    if context.invoked_subcommand is None:
        brain_list(context)


@brain_app.command("list")
def brain_list(
    context: typer.Context, json_output: Json = False, config: ConfigFile = None
) -> None:
    """Every model of our own: its size, licence, and whether it is here."""

    def command(settings: Config) -> int:
        from assistant.commands.brain import list_command

        return list_command(settings, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@brain_app.command("use")
def brain_use(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="As in the list; auto, scripted, ollama, ollama/MODEL.")
    ],
    config: ConfigFile = None,
) -> None:
    """Let this one answer. Example: assistant brain use qwen3-1.7b"""
    options = gather(context, config)

    def command() -> int:
        from assistant.commands.brain import use_command

        return use_command(name, options.config)

    raise typer.Exit(run(command))


@brain_app.command("test")
def brain_test(
    context: typer.Context,
    question: Annotated[str | None, typer.Argument(help="What to ask.")] = None,
    config: ConfigFile = None,
) -> None:
    """Ask whoever would answer one question, and tell how fast it was."""

    def command(settings: Config) -> int:
        from assistant.commands.brain import test_command

        return test_command(settings, question)

    raise typer.Exit(run_with_config(gather(context, config), command))
