"""What a person is told of a backend that ended: that it starts again, another takes its place, or
it is given up."""

from __future__ import annotations

from assistant.backends.host.child import exit_in_words
from assistant.backends.host.restarts import RestartPolicy
from assistant.frames import Failed, Substituted


def starts_again(how: str, restarts: int, pause: float, policy: RestartPolicy) -> Failed:
    """`how` it ended; `restarts` so far, this one included; `pause` in seconds."""
    if not policy.is_exhausted:
        return Failed(message=how, remedy=f"starting it again, restart {restarts}")
    return Failed(
        message=f"{how} – {policy.useless} times in a row",
        remedy=f"it is tried again in {pause / 60:.0f} min; at once with r, or when you write",
    )


def given_up(how: str, refusal: Failed | None, policy: RestartPolicy) -> Failed:
    """`refusal`: what the child said itself, if anything."""
    remedy = refusal.remedy if refusal else ""
    return Failed(
        message=f"{how} – {policy.useless} times in a row before it was of any use",
        remedy=remedy or "assistant doctor tells what is wrong; then r starts it again",
        fatal=True,
    )


def substituted(
    failed: str, name: str, refusal: Failed | None, code: int, policy: RestartPolicy
) -> Substituted:
    """`failed` ended with `code`; the backend of this `name` takes its place."""
    when = "again and again" if policy.ever_up else "while loading"
    reason = refusal.message if refusal else f"it stopped {when}, {exit_in_words(code)}"
    remedy = refusal.remedy if refusal else "the log has the whole story: assistant doctor"
    return Substituted(failed, name, reason, remedy)
