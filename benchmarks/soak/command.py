"""`python -m benchmarks soak`."""

from __future__ import annotations

import asyncio

from assistant.config.schema import Config
from benchmarks.soak.options import SoakOptions
from benchmarks.soak.report import print_report
from benchmarks.soak.run import soak


def soak_command(config: Config, options: SoakOptions, *, json_output: bool) -> int:
    """Returns 0 where all that was asked for was so, else 1. Raises `BackendError` where the
    backend, or the user's voice, cannot be loaded."""
    outcomes = asyncio.run(soak(config, options))
    print_report(outcomes, as_json=json_output)
    return 0 if outcomes.ok else 1
