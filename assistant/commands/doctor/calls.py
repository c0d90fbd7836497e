"""The doctor's checks of talks with other people: Discord, and a virtual cable to call programs.

Nothing here is needed by who talks to the assistant alone, so what is missing is no warning before
something of it is set up.
"""

from __future__ import annotations

import importlib.util
import os
from importlib.metadata import PackageNotFoundError, version

from assistant.audio.devices.cable import CableError, describe_cable
from assistant.commands.tables import Check, ok, warn
from assistant.config.schema import Config
from assistant.discord.problems import (
    DOCS,
    INSTALL,
    DiscordError,
    load_opus,
    require_libraries,
    token_of,
)


def discord(config: Config) -> list[Check]:
    """Packages, libopus, and whether there is a token; nobody is called."""
    name = config.discord.token_env
    has_token = bool(os.environ.get(name, "").strip())
    if importlib.util.find_spec("discord") is None and not has_token:
        return [Check("discord", "ok", "not installed, not needed", INSTALL)]
    try:
        require_libraries()
        parts = f"discord.py {_version('discord.py')}, davey {_version('davey')}, {load_opus()}"
        if not has_token:
            return [Check("discord", "ok", f"{parts}; no token in {name}", DOCS)]
        token_of(config.discord)
    except DiscordError as error:
        return [warn("discord", error.message, error.remedy)]
    return [ok("discord", f"{parts}; a token is in {name}")]


def cable(config: Config) -> list[Check]:
    """Whether a virtual cable can be had, and what a crash left of one."""
    try:
        how, left = describe_cable()
    except CableError as error:
        return [Check("virtual cable", "ok", f"none, not needed: {error.message}", error.remedy)]
    if left:
        remedy = "If none is in use, the next `assistant discord --cable` removes it."
        return [warn("virtual cable", f"{how}; {len(left)} modules of one are there", remedy)]
    return [ok("virtual cable", how)]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"
