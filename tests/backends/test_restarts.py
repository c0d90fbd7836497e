"""When a backend that ended is started again, and when it is let be."""

from __future__ import annotations

from assistant.backends.restarts import (
    FIRST_PAUSE,
    FIRST_TRIES,
    TRIES,
    USEFUL_FRAMES,
    RestartPolicy,
)


def one_life(policy: RestartPolicy, *, up: bool = True, frames: int = 0) -> float | None:
    policy.began()
    if up:
        policy.came_up()
    for _ in range(frames):
        policy.took_frame()
    return policy.ended()


def test_a_backend_that_breaks_a_thousand_times_but_is_of_use_in_between_is_always_restarted() -> (
    None
):
    policy = RestartPolicy(lambda: 0.0)
    pauses = {one_life(policy, frames=USEFUL_FRAMES) for _ in range(1000)}
    assert pauses == {FIRST_PAUSE}


def test_one_that_never_comes_up_is_given_up_soon() -> None:
    policy = RestartPolicy(lambda: 0.0)
    pauses = [one_life(policy, up=False) for _ in range(FIRST_TRIES)]
    assert pauses[-1] is None
    assert None not in pauses[:-1]


def test_one_that_ran_well_gets_more_chances_to_come_back_each_after_a_longer_pause() -> None:
    policy = RestartPolicy(lambda: 0.0)
    one_life(policy, frames=USEFUL_FRAMES)
    pauses = [one_life(policy, up=False) for _ in range(TRIES)]
    assert pauses[-1] is None
    waits = [pause for pause in pauses if pause is not None]
    assert waits == sorted(waits)
    assert len(waits) == TRIES - 1
    assert sum(waits) > 20, "whatever it wants (memory, a disk) has time to be there again"


def test_one_that_comes_up_and_breaks_at_the_first_sound_is_given_up_too() -> None:
    policy = RestartPolicy(lambda: 0.0)
    pauses = [one_life(policy, frames=1) for _ in range(TRIES)]
    assert pauses[-1] is None


def test_without_a_microphone_a_long_life_counts_as_a_useful_one() -> None:
    now = [0.0]
    policy = RestartPolicy(lambda: now[0])
    for _ in range(50):
        policy.began()
        policy.came_up()
        now[0] += 120
        assert policy.ended() == FIRST_PAUSE
