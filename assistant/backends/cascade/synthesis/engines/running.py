"""An onnxruntime session that can be stopped from another thread, for engines whose own code runs
it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from assistant.backends.base import BackendError
from assistant.backends.cascade import onnx
from assistant.backends.cascade.synthesis.speech_engine import Aborted, Cancellation


class StoppableSession:
    """As much of a session as such code calls. Not for two threads at once."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.cancellation = Cancellation()
        """What stops it now."""

    def run(self, names: Sequence[str] | None, inputs: Mapping[str, Any]) -> Sequence[Any]:
        """Raises `Aborted` once cancelled, else what onnxruntime raises."""
        options = onnx.runtime().RunOptions()
        options.log_severity_level = 4
        with self.cancellation.calling(lambda: setattr(options, "terminate", True)):
            outputs: Sequence[Any] = self._session.run(names, inputs, options)
        return outputs


@contextmanager
def told_as_failure(cancellation: Cancellation) -> Iterator[None]:
    """Whatever goes wrong in an engine's own code becomes `BackendError`, or `Aborted` where it was
    stopped."""
    try:
        yield
    except (Aborted, BackendError):
        raise
    except Exception as error:
        cancellation.check()
        raise BackendError(f"The voice failed: {error}") from error
