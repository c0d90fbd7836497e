"""`python -m benchmarks`: ears, voices, memory and whole conversations, measured by developers."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import Backend, ConfigFile, Json, Level, gather
from assistant.commands.runner import Options, run, run_with_config

if TYPE_CHECKING:
    from assistant.config.schema import Config

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


class HalfChoice(StrEnum):
    """Of people and sentences: what is tuned on one is reported on the other."""

    tuning = "tuning"
    reporting = "reporting"


Seed = Annotated[int, typer.Option(help="Of rooms, noise and faults.")]


@app.command()
def conversation(
    context: typer.Context,
    scenarios: Annotated[str, typer.Option(metavar="LIST", help="quiet,pauses,barge-in")] = "",
    seed: Seed = 1,
    repeat: Annotated[int, typer.Option(min=1, max=100, help="With the next seed each.")] = 1,
    noise: Annotated[
        float | None, typer.Option(metavar="DB", help="Under the user's voice, everywhere.")
    ] = None,
    json_output: Json = False,
    backend: Backend = None,
    config: ConfigFile = None,
) -> None:
    """Whole conversations with scripted users in a simulated room."""

    def command(settings: Config) -> int:
        from benchmarks.simulator.command import conversation_command
        from benchmarks.simulator.options import ConversationOptions

        options = ConversationOptions(scenarios, seed, repeat, noise)
        return conversation_command(settings, options, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config, backend=backend), command))


@app.command()
def soak(
    context: typer.Context,
    hours: Annotated[
        float, typer.Option(min=0.01, help="Simulated; the faults' number with it.")
    ] = 8.0,
    turns_per_hour: Annotated[int, typer.Option(min=10, max=400)] = 250,
    seed: Seed = 1,
    crashes: Annotated[
        int | None, typer.Option(min=0, help="In a row, at the end; default: 25 an hour.")
    ] = None,
    trace: Annotated[bool, typer.Option("--trace", help="Say where memory grew; slow.")] = False,
    json_output: Json = False,
    backend: Backend = None,
    config: ConfigFile = None,
) -> None:
    """Hours of conversation with every kind of fault."""

    def command(settings: Config) -> int:
        from benchmarks.soak.command import soak_command
        from benchmarks.soak.options import SoakOptions

        options = SoakOptions(
            hours=hours, turns_per_hour=turns_per_hour, seed=seed, crashes=crashes, trace=trace
        )
        return soak_command(settings, options, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config, backend=backend), command))


@app.command()
def turns(
    context: typer.Context,
    recordings: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="WAV files instead of rendered speech.")
    ] = None,
    tuning: Annotated[
        bool,
        typer.Option("--tuning", help="The sentences that rules are tuned on, not the others."),
    ] = False,
    json_output: Json = False,
    config: ConfigFile = None,
    log_level: Level = None,
) -> None:
    """Ends of turns: the wait after the last word, and how often somebody is cut off."""

    def command(settings: Config) -> int:
        from assistant.bench.report import print_rows
        from benchmarks.turns import measure

        rows = measure(settings, recordings=recordings, half="tuning" if tuning else "reporting")
        print_rows("turns", rows, as_json=json_output)
        return 0

    raise typer.Exit(run_with_config(gather(context, config, log_level), command))


@app.command()
def serve(
    context: typer.Context,
    runs: Annotated[int, typer.Option(min=1, max=100)] = 10,
    json_output: Json = False,
    config: ConfigFile = None,
    log_level: Level = None,
) -> None:
    """What clients of `assistant serve` wait for: speech, transcripts, answers by voice."""

    def command(settings: Config) -> int:
        from assistant.bench.report import print_rows
        from benchmarks.serve import measure

        print_rows("serve", asyncio.run(measure(settings, runs)), as_json=json_output)
        return 0

    raise typer.Exit(run_with_config(gather(context, config, log_level), command))


@app.command()
def names(
    context: typer.Context,
    recordings: Annotated[
        list[str] | None,
        typer.Option(
            "--recorded", metavar="SLUG=FOLDER", help="WAV files of people saying a name alone."
        ),
    ] = None,
    sentences: Annotated[
        int, typer.Option(min=0, help="Of everyday that are heard besides.")
    ] = 100,
    tuning: Annotated[
        bool, typer.Option("--tuning", help="The voices that rules are tuned on, not the others.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", help="Print whatever was not obeyed, or was and should not."),
    ] = False,
    json_output: Json = False,
    config: ConfigFile = None,
    log_level: Level = None,
) -> None:
    """Commands for a persona in strange voices: obeyed, asked about, mistaken."""

    def command(settings: Config) -> int:
        from assistant.bench.report import print_rows
        from benchmarks.names import folders, measure, tell

        rows = measure(
            settings,
            half="tuning" if tuning else "reporting",
            sentences=sentences,
            recordings=folders(recordings or ()),
            tell=tell if verbose else lambda judged: None,
        )
        print_rows("names", rows, as_json=json_output)
        return 0

    raise typer.Exit(run_with_config(gather(context, config, log_level), command))


@app.command()
def first_word(
    context: typer.Context,
    turns: Annotated[int, typer.Option(min=1, max=36)] = 24,
    busy: Annotated[
        bool, typer.Option("--busy", help="Beside one process that never rests.")
    ] = False,
    preparing: Annotated[
        bool, typer.Option("--preparing", help="While lines are rendered ahead.")
    ] = False,
    hesitating: Annotated[
        bool, typer.Option("--hesitating", help="With a word before answers that take a while.")
    ] = False,
    rival: Annotated[
        str | None,
        typer.Option(metavar="PYTHON", help="An interpreter that has pipecat: measured as well."),
    ] = None,
    json_output: Json = False,
    config: ConfigFile = None,
    log_level: Level = None,
) -> None:
    """End of speech → first sample of an answer that a language model has just invented."""

    def command(settings: Config) -> int:
        from assistant.bench.report import print_rows
        from benchmarks.first_word.run import measure

        rows = measure(
            settings,
            turns,
            busy=busy,
            preparing=preparing,
            hesitating=hesitating,
            python=rival,
        )
        print_rows("first word", rows, as_json=json_output)
        return 0

    raise typer.Exit(run_with_config(gather(context, config, log_level), command))


@app.command()
def voices(
    context: typer.Context,
    deliveries: Annotated[
        bool, typer.Option("--deliveries", help="Named deliveries instead, and what is understood.")
    ] = False,
    persona: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only this one's deliveries.")
    ] = None,
    json_output: Json = False,
    config: ConfigFile = None,
) -> None:
    """Loudness, peaks and pauses of the personas' voices."""

    def command(settings: Config) -> int:
        from benchmarks.deliveries import deliveries_command
        from benchmarks.voices import voices_command

        if deliveries:
            return deliveries_command(settings, persona, json_output=json_output)
        return voices_command(settings, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@app.command()
def engines(
    context: typer.Context,
    only: Annotated[
        list[str] | None, typer.Option("--engine", metavar="NAME", help="Only these.")
    ] = None,
    sentences: Annotated[int, typer.Option(min=1, max=500, help="New ones each time.")] = 24,
    json_output: Json = False,
    config: ConfigFile = None,
) -> None:
    """Speech engines: real-time factor, first sample, word error rate read back by Whisper."""

    def command(settings: Config) -> int:
        from assistant.commands.tables import console
        from benchmarks.engines import measure, print_table

        with console(stderr=True).status("") as status:
            rows = measure(
                only,
                sentences,
                threads=settings.backend.cascade.threads,
                tell=lambda name: status.update(f"{name} speaks"),
            )
        print_table(rows, as_json=json_output)
        return 0

    raise typer.Exit(run_with_config(gather(context, config), command))


@app.command()
def echo(
    minutes: Annotated[
        float, typer.Option(min=0.5, help="Of the assistant talking into its own microphone.")
    ] = 10.0,
    json_output: Json = False,
) -> None:
    """Echo cancellation and voice onset in simulated rooms."""

    def command() -> int:
        from assistant.bench.report import print_rows
        from benchmarks.echo import measure

        print_rows("echo", measure(minutes=minutes), as_json=json_output)
        return 0

    raise typer.Exit(run(command))


@app.command()
def wire(json_output: Json = False) -> None:
    """The wire to the backend process: there and back."""

    def command() -> int:
        from assistant.bench.report import print_rows
        from benchmarks.wire import measure

        print_rows("wire", asyncio.run(measure()), as_json=json_output)
        return 0

    raise typer.Exit(run(command))


@app.command()
def channel(
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Of sound, each time.")] = 20.0,
    json_output: Json = False,
) -> None:
    """A voice channel of Discord: what 20 ms of it cost, by how many speak."""

    def command() -> int:
        from assistant.bench.report import print_rows
        from benchmarks.channel import measure

        print_rows("channel", measure(seconds), as_json=json_output)
        return 0

    raise typer.Exit(run(command))


@app.command()
def talk(
    context: typer.Context,
    brain: Annotated[
        bool,
        typer.Option("--brain", help="With the language model that there is, not without one."),
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--persona", metavar="NAME", help="Only with these.")
    ] = None,
    seed: Seed = 1,
    json_output: Json = False,
    config: ConfigFile = None,
) -> None:
    """Written conversations with our personas, judged by rules; and sentences that ask for nothing.

    Exits with 1 where less than 85 % is good or acceptable, or a sentence has started something.
    """

    def command(settings: Config) -> int:
        from benchmarks.talk.command import TalkOptions, talk_command

        options = TalkOptions(tuple(only or ()), seed, model=brain)
        return talk_command(settings, options, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@app.command()
def memory(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Conversations with questions, in the layout of LOCOMO."),
    ] = None,
    scale: Annotated[
        int, typer.Option(min=0, metavar="N", help="Speeds with so many made-up memories.")
    ] = 0,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="NAME", help="Leave a sample out.")
    ] = None,
    json_output: Json = False,
) -> None:
    """What memory finds, how fast, and what is made of small talk. Your memory is not touched.

    Example: python -m benchmarks memory locomo10.json --scale 100000
    """

    def command() -> int:
        from benchmarks.memory.retrieval import bench_memory

        return bench_memory(folder, scale=scale, skip=skip or (), json_output=json_output)

    raise typer.Exit(run(command))


@app.command()
def ears(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="Recordings with a manifest, see docs/hearing.md.")
    ],
    conditions: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="clean,babble-20: what is behind them, dB below."),
    ] = None,
    half: Annotated[
        HalfChoice | None, typer.Option(help="Of the speakers; default: both halves.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Recordings, of all kinds.")
    ] = None,
    whisper: Annotated[
        str | None, typer.Option(metavar="SPEC", help="Weights, instead of those in the settings.")
    ] = None,
    seed: Seed = 1,
    json_output: Json = False,
    config: ConfigFile = None,
    log_level: Level = None,
) -> None:
    """How well the cascade hears recordings of people, in a quiet room and in others."""

    def command(settings: Config) -> int:
        from benchmarks.ears.command import EarsOptions, ears_command
        from benchmarks.ears.conditions import DEFAULT

        options = EarsOptions(conditions or DEFAULT, half.value if half else None, limit, seed)
        return ears_command(settings, folder, options, json_output=json_output)

    given = gather(context, config, log_level)
    weights = Options(overrides={"backend.cascade.whisper": whisper})
    raise typer.Exit(run_with_config(weights.over(given), command))


@app.command()
def emotion(
    folder: Annotated[
        Path | None, typer.Argument(help="Recordings in the layout of RAVDESS or EmoDB.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Print sentences that were misread.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Feelings in words, on sentences of our own, and raised voices in recordings."""

    def command() -> int:
        from benchmarks.emotion.command import emotion_command

        return emotion_command(folder, verbose=verbose, json_output=json_output)

    raise typer.Exit(run(command))


@app.command("ears-sources")
def ears_sources(
    clone: Annotated[Path, typer.Argument(help="Of the source's repository, on this machine.")],
    folder: Annotated[Path, typer.Argument(help="Where recordings and manifest go.")],
    source: Annotated[str, typer.Option(metavar="NAME", help="See docs/hearing.md.")],
) -> None:
    """Makes a folder for `ears` out of public recordings that were cloned before."""

    def command() -> int:
        from benchmarks.ears.sources import import_source

        written, unread = import_source(clone, folder, source)
        print(f"{written} recordings in {folder}" + (f", {unread} unreadable" if unread else ""))
        return 0

    raise typer.Exit(run(command))


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
