"""Becomes the program: `python launch.py PARENT PROGRAM ARGUMENTS…`.

Between fork and exec hardly anything may be done in a process with threads, so what the program has
to be given is given here: the signals as a program expects them, the terminal on its standard input
as its controlling terminal, and an end with its parent. Nothing of ours is imported.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import sys
import termios

_PR_SET_PDEATHSIG = 1
"""From Linux's `prctl.h`."""
CANNOT_START = 126
"""Exit code where there is no becoming it; why stands on the standard error."""


def main(arguments: list[str]) -> int:
    parent, command = int(arguments[0]), arguments[1:]
    for number in (signal.SIGINT, signal.SIGPIPE):  # ignored here, and so they would be there
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        # Once the other end is closed, by whatever end of its holder, there comes a hang-up.
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return CANNOT_START
    try:
        os.execv(command[0], command)
    except OSError as error:
        print(f"error: {command[0]} cannot be started: {error.strerror}", file=sys.stderr)
    return CANNOT_START


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
