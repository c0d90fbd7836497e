"""`python -m benchmarks conversation`."""

from __future__ import annotations

import asyncio
import dataclasses
import sys

from assistant.config.schema import Config, ConfigError
from benchmarks.simulator.options import ConversationOptions
from benchmarks.simulator.report import print_report
from benchmarks.simulator.run import ScenarioOutcome, play
from benchmarks.simulator.scenarios import Scenario, find
from benchmarks.simulator.voice import USERS, UserVoice


def conversation_command(config: Config, options: ConversationOptions, *, json_output: bool) -> int:
    """Play, measure, print; returns the exit code. Raises `ConfigError` for a scenario that there
    is not, `BackendError` where the backend or the users' voice cannot be loaded."""
    try:
        chosen = find([n.strip() for n in options.scenarios.split(",") if n.strip()])
    except ValueError as error:
        raise ConfigError(
            str(error), "python -m benchmarks conversation plays all of them"
        ) from None
    if options.noise is not None:
        chosen = [_in_noise(s, options.noise) for s in chosen]
    if config.brain.kind == "auto":
        config.brain.kind = "scripted"  # a language model answers differently every time
    outcomes, skipped = asyncio.run(_play_all(config, chosen, options))
    print_report(outcomes, skipped, as_json=json_output)
    return 0


async def _play_all(
    config: Config, scenarios: list[Scenario], options: ConversationOptions
) -> tuple[list[ScenarioOutcome], list[str]]:
    outcomes: list[ScenarioOutcome] = []
    skipped: list[str] = []
    for scenario in scenarios:
        if skipped and scenario.needs_brain:
            skipped.append(scenario.name)
            continue
        voice = UserVoice(USERS[scenario.user])
        for seed in range(options.seed, options.seed + options.repeat):
            print(f"{scenario.name}: {scenario.about} (seed {seed})", file=sys.stderr)
            outcome = await play(scenario, config, voice, seed, check_words=True)
            if outcome is None:
                skipped.append(scenario.name)
                break
            outcomes.append(outcome)
    return outcomes, skipped


def _in_noise(scenario: Scenario, snr_db: float) -> Scenario:
    surroundings = dataclasses.replace(scenario.surroundings, noise="pink", snr_db=snr_db)
    return dataclasses.replace(scenario, surroundings=surroundings)
