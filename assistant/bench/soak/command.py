"""`assistant bench soak`."""

from __future__ import annotations

import asyncio

from assistant.bench.soak.options import SoakOptions
from assistant.bench.soak.report import print_report
from assistant.bench.soak.run import soak
from assistant.config.schema import Config


def soak_command(config: Config, options: SoakOptions, *, json_output: bool) -> int:
    """Returns 0 where all that was asked for was so, else 1. Raises `BackendError` where the
    backend, or the user's voice, cannot be loaded."""
    outcomes = asyncio.run(soak(config, options))
    print_report(outcomes, as_json=json_output)
    return 0 if outcomes.ok else 1
