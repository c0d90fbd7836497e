"""Faces: the same moment gives the same picture, and what a persona does can be seen in it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import get_args

import pytest

from assistant.personas.face import KINDS, Face, Kind
from assistant.personas.loading import Persona, load_personas
from assistant.ui.faces.canvas import Picture
from assistant.ui.faces.face import draw, palette_of, words_of
from assistant.ui.faces.pose import Moment, Mood, still
from tests.fakes import BUTLER, FRIEND

OURS = list(load_personas().loaded.values())
MOODS = get_args(Mood)
SIZES = [(14, 6), (28, 15), (42, 22)]


def of_kind(kind: Kind, **changes: object) -> Persona:
    return BUTLER.model_copy(update={"face": Face(kind=kind, **changes)})


def light_of(picture: Picture, ground: int) -> int:
    """How much is to be seen: how far all cells are from the ground."""
    return sum(
        sum(abs((code >> shift & 255) - (ground >> shift & 255)) for shift in (0, 8, 16))
        * len(run.text)
        for row in picture
        for run in row
        for code in (run.ink if run.text.strip() else None, run.ground)
        if code is not None
    )


@pytest.mark.parametrize("persona", OURS, ids=lambda p: p.slug)
def test_what_each_of_ours_does_can_be_seen_at_every_size(persona: Persona) -> None:
    for width, height in SIZES:
        pictures = {mood: draw(persona, still(mood), width, height) for mood in MOODS}
        for one, other in itertools.combinations(("asleep", "idle", "listening", "speaking"), 2):
            assert pictures[one] != pictures[other], (one, other, width)
        assert pictures["thinking"] != pictures["idle"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3, 7), (14, 6), (200, 3), (9, 40)])
def test_a_picture_fills_its_room_exactly(kind: Kind, size: tuple[int, int]) -> None:
    width, height = size
    for colorless, few_letters in itertools.product((False, True), repeat=2):
        picture = draw(
            of_kind(kind), still("speaking"), width, height,
            colorless=colorless, few_letters=few_letters,
        )  # fmt: skip
        assert len(picture) == height
        assert all(sum(len(run.text) for run in row) == width for row in picture)


def test_without_room_there_is_nothing() -> None:
    assert draw(BUTLER, still("idle"), 0, 3) == draw(BUTLER, still("idle"), -1, 3)
    assert draw(BUTLER, still("idle"), 5, 0) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_moment_gives_the_same_picture(kind: Kind) -> None:
    moment = Moment("speaking", "thinking", since=0.1, voice=0.4, time=3.3, turn=1.7)
    assert draw(of_kind(kind), moment, 20, 9) == draw(of_kind(kind), moment, 20, 9)


@pytest.mark.parametrize("persona", OURS, ids=lambda p: p.slug)
def test_its_own_voice_moves_it(persona: Persona) -> None:
    soft, loud = (
        draw(persona, Moment("speaking", "speaking", voice=voice, turn=0.4), 28, 14)
        for voice in (0.05, 0.9)
    )
    assert soft != loud


@pytest.mark.parametrize("persona", OURS, ids=lambda p: p.slug)
def test_the_users_voice_moves_it_too(persona: Persona) -> None:
    quiet, loud = (
        draw(persona, Moment("listening", "listening", user=user, turn=0.4), 28, 14)
        for user in (0.0, 0.9)
    )
    assert quiet != loud


@pytest.mark.parametrize("persona", OURS, ids=lambda p: p.slug)
def test_it_moves_by_itself_while_it_thinks(persona: Persona) -> None:
    early, late = (
        draw(persona, Moment("thinking", "thinking", time=t, turn=t / 2), 28, 14)
        for t in (0.2, 0.9)
    )
    assert early != late


def test_the_lens_opens_with_loudness_and_closes_in_sleep() -> None:
    hal = next(persona for persona in OURS if persona.slug == "hal")
    ground = palette_of(hal.face, hal.colors).ground
    moments = [
        still("asleep"),
        still("idle"),
        *(Moment("speaking", "speaking", voice=voice) for voice in (0.3, 0.6, 0.9)),
    ]
    lights = [light_of(draw(hal, moment, 28, 14), ground) for moment in moments]
    assert lights == sorted(lights)
    assert lights[-1] > 2 * lights[0]


def test_a_start_dies_away() -> None:
    ground = palette_of(BUTLER.face, BUTLER.colors).ground
    wave = of_kind("wave")
    startled, calm = (
        draw(wave, Moment("surprised", "surprised", since=since, turn=0.3), 40, 10)
        for since in (0.05, 3.0)
    )
    assert light_of(startled, ground) > light_of(calm, ground)


def test_a_face_opens_when_its_persona_takes_over() -> None:
    for persona in OURS:
        pictures = [
            draw(persona, Moment("idle", "idle", opening=opening), 28, 14)
            for opening in (0.0, 0.3, 5.0)
        ]
        assert pictures[0] != pictures[1] != pictures[2], persona.slug


def test_the_way_from_one_mood_to_the_next_is_gradual() -> None:
    eye = of_kind("eye")
    ground = palette_of(eye.face, eye.colors).ground
    lights = [
        light_of(draw(eye, Moment("listening", "asleep", since=since), 28, 14), ground)
        for since in (0.0, 0.06, 0.12, 0.2, 0.3)
    ]
    assert lights == sorted(lights)
    assert len(set(lights)) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_without_colour_moods_are_told_by_shape(kind: Kind) -> None:
    shown = {
        mood: words_of(draw(of_kind(kind), still(mood), 28, 14, colorless=True)) for mood in MOODS
    }
    assert all(run.ink is None and run.ground is None
               for row in draw(of_kind(kind), still("idle"), 28, 14, colorless=True)
               for run in row)  # fmt: skip
    assert len({shown[mood] for mood in ("asleep", "idle", "listening", "speaking")}) == 4
    assert all(words.strip() for words in shown.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_terminal_of_few_letters_gets_only_those(kind: Kind) -> None:
    words = words_of(draw(of_kind(kind), still("speaking"), 28, 14, few_letters=True))
    assert words.isascii()
    assert words.strip()


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_persona_may_change_is_seen(kind: Kind) -> None:
    known = KINDS[kind]
    usual = draw(of_kind(kind), still("speaking"), 42, 20)
    changes: list[dict[str, object]] = [{"color": "#ff0000"}, {"light": "#00ff00"}]
    if known.counts:
        changes.append({"count": known.counts[0] if known.usual != known.counts[0] else 2})
    changes += [{"shape": shape} for shape in known.shapes[1:]]
    changes += [{"droop": 1.0}] if known.droops else []
    changes += [{"thickness": 2.5}] if known.has_lines else []
    for change in changes:
        assert draw(of_kind(kind, **change), still("speaking"), 42, 20) != usual, change


def test_a_persona_without_a_face_gets_one_in_its_colours() -> None:
    palette = palette_of(FRIEND.face, FRIEND.colors)
    assert f"#{palette.color:06x}" == FRIEND.colors.primary
    assert f"#{palette.light:06x}" == FRIEND.colors.accent
    assert words_of(draw(FRIEND, still("idle"), 20, 10)).strip()


def test_each_of_ours_has_a_face_of_its_own() -> None:
    faces = [persona.face for persona in OURS]
    assert {face.kind for face in faces} == set(KINDS)
    assert len(set(faces)) == len(faces)


def test_a_face_can_be_drawn_without_the_dashboard() -> None:
    code = "import sys, assistant.ui.faces.face; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
