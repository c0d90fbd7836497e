"""The process that measures: `python -m assistant.bench.moshi.run PLAN`.

PLAN and what is printed are JSON lines, see `bench_plan`. It ends when its standard input does, so
that it never outlives the command that started it.
"""

from __future__ import annotations

import _thread
import contextlib
import importlib.util
import os
import sys
import threading
import time
import traceback

from assistant.backends.base import BackendError
from assistant.bench.moshi.measure import Rig, measure
from assistant.bench.moshi.plan import BenchPlan, MeasuringReport, NotMeasured, decode_plan, encode

_PACKAGES = {"torch": ("torch", "moshi"), "mlx": ("mlx", "moshi_mlx", "rustymimi")}
_GRACE = 2.0
"""Seconds for Python to end by itself once the host is gone."""


def main(arguments: list[str] | None = None) -> int:
    """0 measured, 1 it broke, 3 refused; 130 interrupted."""
    plan = decode_plan((arguments if arguments is not None else sys.argv[1:])[0])
    # Libraries print what they like; only reports may reach the pipe that the host reads.
    pipe = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(report: MeasuringReport) -> None:
        pipe.write(encode(report) + "\n")

    try:
        measure(plan, make_rig(plan), say)
    except BackendError as error:
        say(NotMeasured(error.message, error.remedy))
        return 3
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        traceback.print_exc()
        say(NotMeasured(*_explained(error, plan)))
        return 1
    return 0


def make_rig(plan: BenchPlan) -> Rig:
    """Raises `BackendError` where the framework or the device is not there."""
    missing = [name for name in _PACKAGES[plan.framework] if not importlib.util.find_spec(name)]
    if missing:
        raise BackendError(
            f"{' and '.join(missing)} not found: there is nothing to measure",
            f"assistant setup moshi-{plan.framework}, or name a Python that has them: "
            "assistant config set backend.python PATH",
        )
    if plan.framework == "torch":
        from assistant.bench.moshi.measure_torch import TorchRig

        return TorchRig(plan)
    from assistant.bench.moshi.measure_mlx import MlxRig

    return MlxRig(plan)


def _explained(error: Exception, plan: BenchPlan) -> tuple[str, str]:
    text = str(error) or type(error).__name__
    if "out of memory" in text.lower() or isinstance(error, MemoryError):
        return (
            f"{plan.dims} dimensions, quantize {plan.quantize}: not enough memory",
            "try --quantize int8 or int4, or a shorter --context",
        )
    line = text.strip().splitlines()[0]
    return f"measuring broke off: {type(error).__name__}: {line}", "the log has the whole story"


def _end_with_the_host() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    _thread.interrupt_main()  # which leaves no temporary file behind
    time.sleep(_GRACE)
    os._exit(130)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_host, daemon=True).start()
    sys.exit(main())
