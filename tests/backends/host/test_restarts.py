"""When a backend that ended is started again, and when it is let be."""

from __future__ import annotations

from assistant.backends.host.restarts import (
    FIRST_PAUSE,
    FIRST_TRIES,
    LONGEST_RARE_PAUSE,
    RARE_PAUSE,
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


def test_one_that_ran_well_is_tried_again_and_again_each_time_after_a_longer_pause() -> None:
    policy = RestartPolicy(lambda: 0.0)
    one_life(policy, frames=USEFUL_FRAMES)
    pauses = [one_life(policy, up=False) for _ in range(TRIES + 20)]
    waits = [pause for pause in pauses if pause is not None]
    assert waits == sorted(waits)
    assert len(waits) == len(pauses)
    assert sum(waits[: TRIES - 1]) > 20, "whatever it wants has time to be there again"
    assert waits[TRIES - 1] == RARE_PAUSE
    assert waits[-1] == LONGEST_RARE_PAUSE
    assert policy.is_exhausted
    one_life(policy, frames=USEFUL_FRAMES)
    assert not policy.is_exhausted
    assert one_life(policy) == FIRST_PAUSE


def test_one_that_has_answered_once_is_not_given_up_either() -> None:
    policy = RestartPolicy(lambda: 0.0)
    policy.began()
    policy.came_up()
    policy.did_work()
    assert None not in [one_life(policy) for _ in range(3 * TRIES)]


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
