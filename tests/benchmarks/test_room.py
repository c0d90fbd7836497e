"""The room that everything is measured in can itself be measured."""

import numpy as np
import pytest

from benchmarks.room import Noise, Room, at_level, impulse_response, speech_level_db

RATE = 24_000


def hiss(seconds: float):
    return (0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE))).astype(
        np.float32
    )


@pytest.mark.parametrize("drift", [0.0, 200.0, -200.0])
def test_blocks_of_any_size_give_the_same_sound_as_one(drift):
    sound, sizes = hiss(2), np.random.default_rng(1)
    whole, room = Room(3, drift_ppm=drift).hear(sound), Room(3, drift_ppm=drift)
    pieces, at = [], 0
    while at < sound.size:
        n = int(sizes.integers(0, 3000))
        pieces.append(room.hear(sound[at : at + n]))
        at += n

    pieced = np.concatenate(pieces)

    n = min(pieced.size, whole.size)
    assert abs(pieced.size - whole.size) <= 1
    assert np.abs(pieced[:n] - whole[:n]).max() < 1e-6


def test_the_same_seed_is_the_same_room_and_another_another():
    sound = hiss(0.5)

    assert np.array_equal(Room(1).echo(sound), Room(1).echo(sound))
    assert not np.array_equal(Room(1).echo(sound), Room(2).echo(sound))


def test_the_echo_comes_late_and_softer_as_was_asked():
    click = np.zeros(RATE, np.float32)
    click[0] = 0.5
    sound = hiss(3)

    late = Room(1, delay_ms=100).echo(click)

    assert not late[:2400].any()
    assert abs(int(np.argmax(np.abs(late))) - 2404) < 24
    assert 20 * np.log10(np.std(Room(1, loss_db=12).echo(sound)) / np.std(sound)) == pytest.approx(
        -12, abs=0.5
    )


def test_the_tail_dies_away_in_the_time_that_was_asked():
    response = impulse_response(4, 150)
    left = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1] / np.sum(response**2))

    assert response.size == 0.15 * RATE
    assert -42 < left[round(0.075 * RATE)] < -20
    assert left[round(0.14 * RATE)] < -48


@pytest.mark.parametrize("drift", [200.0, -200.0])
def test_clocks_that_differ_deliver_more_or_fewer_samples(drift):
    room = Room(1, drift_ppm=drift)

    heard = sum(room.hear(np.zeros(480, np.float32)).size for _ in range(5000))

    assert heard == pytest.approx(5000 * 480 * (1 + drift * 1e-6), abs=2)


@pytest.mark.parametrize("drift", [0.0, 200.0, -200.0])
def test_an_echo_is_always_as_long_as_what_was_played(drift):
    room = Room(1, drift_ppm=drift)

    assert {room.echo(np.zeros(1920, np.float32)).size for _ in range(4000)} == {1920}


@pytest.mark.parametrize("kind", ["white", "pink", "fan", "babble"])
def test_noise_has_its_level_and_no_seam(kind):
    noise = Noise(kind, -30)
    sound = np.concatenate([noise.read(4800) for _ in range(110)])

    assert 20 * np.log10(np.std(sound)) == pytest.approx(-30, abs=0.5)
    assert np.abs(np.diff(sound[20 * RATE - 3 : 20 * RATE + 3])).max() < 0.2


def test_speech_is_levelled_by_its_voiced_parts():
    sound = hiss(2)
    sound[RATE:] = 0

    assert speech_level_db(at_level(sound, -26)) == pytest.approx(-26, abs=0.1)
