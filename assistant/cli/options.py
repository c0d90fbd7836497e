"""Options that several commands take, and how they become settings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.commands.runner import Options


class LogLevel(StrEnum):
    """How much goes to the log file."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


Persona = Annotated[
    str | None, typer.Option("--persona", "-p", metavar="NAME", help="Who talks to you.")
]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="auto, moshi-mlx, moshi-torch, moshi-cpp, moshi-server, cascade or echo.",
    ),
]
Brain = Annotated[
    str | None,
    typer.Option(
        "--brain",
        metavar="NAME",
        help="Who answers, this time: auto, scripted, a model of brain list, ollama or"
        " ollama/MODEL, or a server's address.",
    ),
]
InputDevice = Annotated[
    str | None,
    typer.Option("--input-device", metavar="NAME|NUMBER", help="Microphone (see devices)."),
]
OutputDevice = Annotated[
    str | None,
    typer.Option("--output-device", metavar="NAME|NUMBER", help="Speaker (see devices)."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file to use.")
]
Level = Annotated[
    LogLevel | None,
    typer.Option(
        "--log-level", metavar="LEVEL", help="Of the log file: debug, info, warning, error."
    ),
]
NoSave = Annotated[bool, typer.Option("--no-save", help="Keep no transcript.")]
Private = Annotated[
    bool, typer.Option("--private", help="Keep nothing of this conversation, nowhere.")
]
Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")]
TokenEnv = Annotated[
    str | None,
    typer.Option("--token-env", metavar="NAME", help="Variable with the clients' token."),
]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", metavar="HOST", help="What clients call this machine."),
]
Insecure = Annotated[bool, typer.Option("--insecure", help="Serve other machines without a token.")]
Certificate = Annotated[
    Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate (PEM).")
]
CertificateKey = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", help="Its key (PEM).")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


Command = Callable[..., None]
_SHARED: dict[str, tuple[Any, Any]] = {
    "persona": (Persona, None),
    "backend": (Backend, None),
    "brain": (Brain, None),
    "input_device": (InputDevice, None),
    "output_device": (OutputDevice, None),
    "config": (ConfigFile, None),
    "log_level": (Level, None),
    "no_save": (NoSave, False),
    "private": (Private, False),
}
"""Options that several commands have, in the order of `--help`: type and default."""


def takes(*names: str) -> Callable[[Command], Command]:
    """Declares the options of these names, and `--config` and `--log-level`, in place of the
    parameter `options` of a command, which is given all of them as `Options`; there, because
    `--help` follows the order of the parameters."""
    shared = [name for name in _SHARED if name in (*names, "config", "log_level")]

    def declare(function: Command) -> Command:
        own = inspect.signature(function, eval_str=True).parameters
        parameters = [_parameter("context", typer.Context)]
        for name, parameter in own.items():
            if name == "options":
                parameters += [_parameter(each, *_SHARED[each]) for each in shared]
            elif name != "context":
                parameters.append(parameter.replace(kind=parameter.KEYWORD_ONLY))

        @functools.wraps(function)
        def command(context: typer.Context, **given: Any) -> None:
            options = gather(context, **{name: given.pop(name) for name in shared})
            if "context" in own:
                given["context"] = context
            function(options=options, **given)

        command.__annotations__ = {each.name: each.annotation for each in parameters}
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return command

    return declare


def _brain_settings(name: str) -> dict[str, Any]:
    """Raises `BadParameter` where nothing is called that."""
    from assistant.brain.base import BrainError
    from assistant.brain.local.weights import chosen_file
    from assistant.brain.switch import settings_of

    settings = settings_of(name.strip())
    if "weights" in settings:
        try:
            chosen_file(settings["weights"])
        except BrainError as error:
            known = "auto, scripted, ollama, ollama/MODEL or a server's address will do, too"
            text = f"{error.message} {error.remedy}; {known}"
            raise typer.BadParameter(text, param_hint="--brain") from None
    return {f"brain.{key}": value for key, value in settings.items()}


def _parameter(name: str, annotation: Any, *default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY if default else inspect.Parameter.POSITIONAL_OR_KEYWORD
    value = default[0] if default else inspect.Parameter.empty
    return inspect.Parameter(name, kind, default=value, annotation=annotation)


def gather(
    context: typer.Context,
    config: Path | None = None,
    log_level: LogLevel | None = None,
    *,
    persona: str | None = None,
    backend: str | None = None,
    brain: str | None = None,
    input_device: str | None = None,
    output_device: str | None = None,
    no_save: bool = False,
    private: bool = False,
) -> Options:
    """The options of this command over those before the command's name."""
    own = Options(
        config,
        log_level.value if log_level else None,
        {
            "session.persona": persona,
            "backend.name": backend,
            "audio.input_device": input_device,
            "audio.output_device": output_device,
            "session.save": False if no_save else None,
            "memory.private": True if private else None,
            **(_brain_settings(brain) if brain is not None else {}),
        },
    )
    base = context.obj
    return own.over(base if isinstance(base, Options) else Options())
