"""What pip says, for people: how far it is, and why it failed."""

from __future__ import annotations

import re

from assistant.backends.base import BackendError

_LINES_TOLD = 6

_PROGRESS = re.compile(r"Progress (\d+) of (\d+)$")
_DOWNLOAD = re.compile(r"\s*Downloading (\S+?)(?:\.whl\S*|\.tar\.gz)? \((.+)\)$")
_COLLECT = re.compile(r"\s*Collecting (\S+)")
_INSTALL = re.compile(r"Installing collected packages: (.+)$")


def progress_of(line: str) -> tuple[str, float | None] | None:
    """What a line of pip's says to a person; None where it is not about progress."""
    if match := _PROGRESS.match(line):
        done, total = int(match[1]), int(match[2])
        return "", done / total if total else None
    if match := _DOWNLOAD.match(line):
        name, version, *_ = f"{match[1].rsplit('/', 1)[-1]}-".split("-")
        return f"Downloading {name} {version} ({match[2]})", None
    if match := _COLLECT.match(line):
        return f"Looking for {match[1]}", None
    if match := _INSTALL.match(line):
        return f"Installing {len(match[1].split(','))} packages", None
    return None


_CAUSES = (
    (
        r"No space left on device|Errno 28|Disk quota",
        "the disk is full",
        "Free room, and try again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "the package index's certificate is not trusted",
        "Behind a company's proxy, set PIP_CERT to its certificate.",
    ),
    (
        r"name resolution|Name or service not known|nodename nor servname|NewConnectionError"
        r"|Network is unreachable|Connection refused|ConnectTimeout|ProxyError|Max retries",
        "the package index cannot be reached",
        "Check the connection, and try again: what was downloaded is kept.",
    ),
    (
        r"ensurepip|No module named (?:venv|pip)",
        "Python's venv module is missing",
        "On Debian or Ubuntu: sudo apt-get install python3-venv; or give another with --python.",
    ),
    (
        r"No matching distribution|Could not find a version|is not a supported wheel",
        "a package has no build for this system and Python",
        "Try another Python with --python (3.11 to 3.13).",
    ),
    (r"MemoryError|Killed", "there is not enough memory", "Close other programs, and try again."),
)


def explained(failure: str, lines: list[str]) -> BackendError:
    """What went wrong, in words, with the last that was said about it."""
    said = "\n".join(lines)
    cause, remedy = next(
        ((cause, remedy) for pattern, cause, remedy in _CAUSES if re.search(pattern, said)),
        ("", "The last lines tell more; try again, or with another --python."),
    )
    last = "\n".join(f"  {line}" for line in lines if line.strip())[-2000:].splitlines()
    tail = "\n".join(last[-_LINES_TOLD:])
    message = f"{failure}: {cause}" if cause else failure
    return BackendError(f"{message}\n{tail}" if tail else message, remedy)
