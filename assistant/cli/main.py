"""The command line. It imports nothing but typer: each command loads what it needs when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import models as cli_models
from assistant.cli import serve as cli_serve
from assistant.cli.adapters import adapters_app
from assistant.cli.bench import bench_app
from assistant.cli.groups import config_app, events_app, personas_app, trace, transcripts_app
from assistant.cli.help import Commands
from assistant.cli.memory import memory_app
from assistant.cli.models import brain_app, setup_app
from assistant.cli.options import Json, Level, gather, takes
from assistant.commands.runner import Options, run, run_with_config

if TYPE_CHECKING:
    from assistant.config.schema import Config

TALK, LOOK, SETUP = "Talk", "Look around", "Set up"

app = typer.Typer(
    name="assistant",
    cls=Commands,
    help="A voice companion that lives in the terminal and runs wholly on your machine.",
    epilog="Without a command the dashboard starts. Example: assistant --persona glados",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    no_args_is_help=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from assistant import __version__

        print(f"assistant {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
@takes("persona", "backend", "brain", "input_device", "output_device", "no_save", "private")
def root(
    context: typer.Context,
    options: Options,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Start the dashboard, or plain lines where standard output is no terminal."""
    context.obj = options
    if context.invoked_subcommand is None:

        def dashboard(settings: Config) -> int:
            from assistant.commands.dashboard import dashboard_command

            return dashboard_command(settings, options.config)

        raise typer.Exit(run_with_config(options, dashboard))


@app.command(rich_help_panel=TALK)
@takes("persona", "backend", "brain", "input_device", "output_device", "no_save", "private")
def plain(options: Options) -> None:
    """Talk line by line, without control of the screen.

    For pipes, screen readers and dumb terminals. Example: echo "what time is it" | assistant plain
    """

    def command(settings: Config) -> int:
        from assistant.commands.dashboard import open_audio
        from assistant.commands.plain import plain_command

        return plain_command(settings, open_audio(settings))

    raise typer.Exit(run_with_config(options, command))


@app.command(rich_help_panel=TALK)
@takes("persona", "backend", "brain", "input_device", "output_device", "no_save", "private")
def frontend(
    name: Annotated[str, typer.Argument(help="dashboard, plain, or the name of a plugin's.")],
    *,
    options: Options,
) -> None:
    """Talk in another front end: one that a plugin brings."""

    def command(settings: Config) -> int:
        from assistant.commands.dashboard import frontend_command

        return frontend_command(settings, name)

    raise typer.Exit(run_with_config(options, command))


@app.command(rich_help_panel=TALK)
@takes("persona", "backend", "output_device")
def say(
    text: Annotated[
        str | None,
        typer.Argument(help="What to say; - or nothing reads standard input.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write a WAV file instead; - to standard output."
        ),
    ] = None,
    *,
    delivery: Annotated[
        str | None,
        typer.Option("--delivery", metavar="NAME", help="How to say it: dry, warm, whispering, …"),
    ] = None,
    deliveries: Annotated[
        bool, typer.Option("--list-deliveries", help="Print the names of all deliveries.")
    ] = False,
    options: Options,
) -> None:
    """Say one text in a persona's voice.

    Example: assistant say "The door is open." --persona hal --output door.wav

    In a pipe: fortune | assistant say --output - | aplay
    """
    if deliveries:
        from assistant.commands.say import list_deliveries

        raise typer.Exit(list_deliveries())
    named = _delivery(delivery)
    words = (_standard_input() if text in (None, "-") else text or "").strip()
    if not words:
        raise typer.BadParameter(
            "there is nothing to say; give a text, or send one in: echo Hello | assistant say",
            param_hint="TEXT",
        )

    def command(settings: Config) -> int:
        from assistant.commands.dashboard import open_audio
        from assistant.commands.say import say_command

        return say_command(settings, words, output or open_audio(settings), named)

    raise typer.Exit(run_with_config(options, command))


@app.command(rich_help_panel=TALK)
@takes("persona", "backend", "brain", "output_device", "no_save", "private")
def ask(
    question: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to ask; - or nothing reads it from standard input.", show_default=False
        ),
    ] = None,
    say: Annotated[bool, typer.Option("--say", help="Speak the answer as well.")] = False,
    json_output: Json = False,
    *,
    options: Options,
) -> None:
    """Ask one thing; the answer goes to standard output.

    Example: assistant ask "how many days until Christmas"

    About a document: cat notes.md | assistant ask "summarise"
    """

    def command(settings: Config) -> int:
        from assistant.commands.ask import Ask, ask_command
        from assistant.commands.dashboard import open_audio

        asked = Ask(" ".join(question or ()), say=say, json=json_output)
        return ask_command(settings, asked, lambda: open_audio(settings))

    raise typer.Exit(run_with_config(options, command))


def _delivery(name: str | None) -> str:
    """The name as the table has it, "" for none. Raises `BadParameter` for an unknown one."""
    if name is None:
        return ""
    from assistant.language.delivery.named import DELIVERIES, find_delivery

    found = find_delivery(name)
    if found is None:
        known = ", ".join(DELIVERIES)
        raise typer.BadParameter(
            f"there is no delivery called “{name}”; there are {known}", param_hint="--delivery"
        )
    return found


def _standard_input() -> str:
    """What was sent in; "" where that is a terminal, which nobody was asked to type into."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", "replace").removeprefix("\ufeff")


@app.command(rich_help_panel=TALK)
@takes("persona", "backend", "brain", "no_save")
def talk(
    input: Annotated[
        Path,
        typer.Option("--input", "-i", metavar="WAV", help="What the microphone hears."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="WAV", help="What the speaker plays.")
    ],
    events: Annotated[
        Path | None,
        typer.Option("--events", "-e", metavar="JSONL", help="Events, one JSON object a line."),
    ] = None,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="At the speed of a conversation.")
    ] = False,
    no_greeting: Annotated[bool, typer.Option("--no-greeting", help="Don't greet first.")] = False,
    guard: Annotated[
        bool,
        typer.Option("--guard/--no-guard", help="Don't listen while the assistant speaks."),
    ] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Choose the same lines every time.")
    ] = None,
    *,
    options: Options,
) -> None:
    """Hold a whole conversation from a sound file, as fast as the machine can.

    Example: assistant talk --input in.wav --output out.wav --events events.jsonl
    """

    def command(settings: Config) -> int:
        from assistant.commands.talk import TalkOptions, talk_command

        return talk_command(
            settings,
            TalkOptions(
                input=input,
                output=output,
                events=events,
                realtime=realtime,
                greeting=settings.session.greeting and not no_greeting,
                guard=guard,
                seed=seed,
            ),
        )

    raise typer.Exit(run_with_config(options, command))


app.command("web", rich_help_panel=TALK)(cli_serve.web)
app.command("mcp", rich_help_panel=TALK)(cli_serve.mcp)
app.command("discord", rich_help_panel=TALK)(cli_serve.discord)
app.command("serve", rich_help_panel=TALK)(cli_serve.serve)
app.command("serve-moshi", rich_help_panel=TALK)(cli_serve.serve_moshi)


@app.command(rich_help_panel=LOOK)
@takes("input_device", "output_device")
def doctor(
    json_output: Json = False,
    online: Annotated[
        bool, typer.Option("--online", help="Also call the Moshi server that is set.")
    ] = False,
    audio: Annotated[
        bool, typer.Option("--audio", help="Play test sounds and measure the room instead.")
    ] = False,
    seconds: Annotated[
        float,
        typer.Option(min=12, max=170, help="With --audio: longer tells more of the clocks."),
    ] = 17,
    *,
    options: Options,
) -> None:
    """Check everything the assistant needs, and say what to do where something is missing.

    With --audio: plays some seconds of sound and measures delay, echo, noise and clocks.
    """

    def command() -> int:
        if audio:
            from assistant.commands.doctor.audio import doctor_audio_command

            return doctor_audio_command(
                options.config, options.overrides, json_output=json_output, seconds=seconds
            )
        from assistant.commands.doctor.command import doctor_command

        return doctor_command(
            options.config, options.overrides, json_output=json_output, online=online
        )

    raise typer.Exit(run(command, options.log_level, mends=False))


@app.command(rich_help_panel=LOOK)
def devices(context: typer.Context, json_output: Json = False) -> None:
    """List microphones and speakers."""

    def command() -> int:
        from assistant.commands.devices import devices_command

        return devices_command(json_output)

    raise typer.Exit(run(command, gather(context).log_level))


@app.command(rich_help_panel=SETUP)
def pull(
    context: typer.Context,
    name: cli_models.PullName,
    yes: cli_models.Yes = False,
    log_level: Level = None,
) -> None:
    """Download weights, after telling their size; the same as `models pull`.

    Example: assistant pull small.en && assistant config set audio.stt small.en
    """
    cli_models.pull(context, name, yes, log_level)


app.command("trace", rich_help_panel=LOOK)(trace)
app.add_typer(bench_app, name="bench", rich_help_panel=LOOK)
app.add_typer(personas_app, name="personas", rich_help_panel=LOOK)
app.add_typer(memory_app, name="memory", rich_help_panel=LOOK)
app.add_typer(transcripts_app, name="transcripts", rich_help_panel=LOOK)
app.add_typer(events_app, name="events", rich_help_panel=LOOK)
app.add_typer(setup_app, name="setup", rich_help_panel=SETUP)
app.add_typer(brain_app, name="brain", rich_help_panel=SETUP)
app.add_typer(cli_models.models_app, name="models", rich_help_panel=SETUP)
app.add_typer(adapters_app, name="adapters", rich_help_panel=SETUP)
app.add_typer(config_app, name="config", rich_help_panel=SETUP)


def main() -> None:
    """The program."""
    from assistant.terminal.output import claim_streams

    claim_streams()
    app(prog_name="assistant")
