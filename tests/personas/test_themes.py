"""The twelve personas we ship: words, looks and names that hold what the program relies on."""

from __future__ import annotations

import math
import string
from collections import Counter
from itertools import combinations

import pytest
from rich.cells import cell_len

from assistant.backends.cascade.synthesis.tts import EFFECTS as MADE_EFFECTS
from assistant.config.toml_text import KeyLines
from assistant.locations import themes_dir
from assistant.personas.checks import MIN_CONTRAST, advice_on, contrast
from assistant.personas.files import read_persona
from assistant.personas.loading import load_personas
from assistant.personas.schema import EFFECTS, PLACEHOLDERS, Lines, Persona

ORDER = [
    *("jarvis", "glados", "hal", "tars", "kitt", "c3po", "marvin", "dalek", "cylon"),
    *("samantha", "plain", "wren"),
]
SHIPPED = load_personas(themes_dir())
PERSONAS = list(SHIPPED.loaded.values())
KEYS = [key for key in Lines.model_fields if key != "address"]
OFTEN = ("cannot", "not_understood", "statement", "joke")
SOMETIMES = (
    *("openers", "hello", "how_are_you", "who_are_you", "what_can_you_do", "thanks", "yes", "no"),
    *("opinion", "compliment", "insult", "goodbye", "mood_good", "mood_bad"),
)
FILLED = (*PLACEHOLDERS, "name_unknown", "arithmetic_impossible", "rate")
LEAST = {
    **dict.fromkeys(FILLED, 4),
    **dict.fromkeys(SOMETIMES, 5),
    **dict.fromkeys(OFTEN, 11),
}
"""Variants a key needs; what is said often may not repeat within ten turns."""

each = pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.slug)


def spoken(persona: Persona) -> list[str]:
    """Every text the persona says."""
    lines = [text for key in KEYS for text in getattr(persona.lines, key)]
    return [*persona.greetings, *persona.reintroductions, *lines]


def test_all_twelve_load_in_the_order_of_the_picker() -> None:
    assert list(SHIPPED.loaded) == ORDER
    assert [persona.order for persona in PERSONAS] == list(range(1, 13))
    assert SHIPPED.failed == []


@each
def test_there_are_enough_words_for_a_long_conversation(persona: Persona) -> None:
    own = read_persona(SHIPPED.files[persona.slug]).persona  # nothing lent by another
    assert own is not None
    short = {key: len(getattr(own.lines, key)) for key in KEYS}
    assert {key: n for key, n in short.items() if n < LEAST.get(key, 3)} == {}
    assert len(own.greetings) >= 5
    assert len(own.reintroductions) >= 5


@each
def test_lines_can_be_read_aloud(persona: Persona) -> None:
    for text in spoken(persona):
        assert len(text) <= 240, text
        assert text.isascii(), text
        assert not set(text) & set('*_#`<>[]()"\\|~/'), text
        assert text[-1] in ".!?", text
        assert text == " ".join(text.split())
        assert len(text.split()) <= 34, text


@each
def test_every_placeholder_will_be_filled(persona: Persona) -> None:
    for key in KEYS:
        needed = {PLACEHOLDERS[key]} if key in PLACEHOLDERS else set()
        variants = getattr(persona.lines, key)
        for text in variants:
            found = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
            assert needed <= found <= needed | {"user"}, (key, text)
        if PLACEHOLDERS.get(key) != "user":
            assert any("{user}" not in text for text in variants), key


@each
def test_it_says_who_it_is_when_it_takes_over(persona: Persona) -> None:
    telling = [text for text in persona.reintroductions if spoken_name(persona) in text]
    assert len(telling) >= len(persona.reintroductions) - 1


def spoken_name(persona: Persona) -> str:
    return persona.name.split()[0]


@each
def test_it_tells_how_to_change_persona_and_how_to_get_a_language_model(persona: Persona) -> None:
    others = [other.name.split()[0] for other in PERSONAS if other is not persona]
    offers = [text for text in persona.lines.what_can_you_do if "change to" in text.lower()]
    assert any(f"change to {name}" in text for text in offers for name in others)
    assert all("model" in text for text in persona.lines.how_to_llm)
    assert any("Ollama" in text for text in persona.lines.how_to_llm)
    assert any("language model" in text for text in persona.lines.cannot)


def test_no_line_is_said_twice_by_one_persona_or_by_two() -> None:
    times = Counter(text.casefold() for persona in PERSONAS for text in spoken(persona))
    assert [text for text, count in times.items() if count > 1] == []


@each
def test_every_text_has_the_contrast_of_wcag_aa(persona: Persona) -> None:
    colors = persona.colors
    pairs = [("foreground", ground) for ground in ("background", "surface", "panel")]
    for text in ("primary", "secondary", "accent", "success", "warning", "error", "muted"):
        pairs += [(text, "background"), (text, "surface")]
    ratios = {pair: contrast(*(getattr(colors, name) for name in pair)) for pair in pairs}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < MIN_CONTRAST} == {}


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(4.0, abs=0.005)


@each
def test_light_and_dark_are_told_truthfully(persona: Persona) -> None:
    colors = persona.colors
    on_black = contrast(colors.background, "#000000")
    on_white = contrast(colors.background, "#ffffff")
    assert colors.dark == (on_black < on_white)


def test_there_are_light_themes_too() -> None:
    assert sum(not persona.colors.dark for persona in PERSONAS) >= 2


def test_no_two_personas_look_alike() -> None:
    """The ground or the persona's own colour differs by a step that an eye sees."""

    def distance(one: str, other: str) -> float:
        channels = ([int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in (one, other))
        return math.dist(*channels)

    for one, other in combinations(PERSONAS, 2):
        a, b = one.colors, other.colors
        apart = max(distance(a.background, b.background), distance(a.primary, b.primary))
        assert apart > 40, (one.slug, other.slug, apart)


def test_no_two_personas_sound_alike_by_their_settings() -> None:
    voices = [(*sorted(p.voice.kokoro), p.voice.effect, p.voice.pitch) for p in PERSONAS]
    assert len(set(voices)) == len(voices)


@each
def test_its_voices_are_on_board(persona: Persona) -> None:
    assert advice_on(persona, KeyLines("")) == []
    assert persona.voice.effect in MADE_EFFECTS


def test_every_effect_that_may_be_asked_for_is_made() -> None:
    assert set(EFFECTS) == set(MADE_EFFECTS)


@each
def test_waveform_glyphs_fill_one_cell_each(persona: Persona) -> None:
    assert [cell_len(glyph) for glyph in persona.waveform.glyphs] == [1] * 5
    assert persona.waveform.glyphs[0] == " "


def test_a_name_belongs_to_one_persona_only() -> None:
    owners: dict[str, str] = {}
    for persona in PERSONAS:
        for name in {persona.name, *persona.aliases, *persona.said, *persona.sounds_like}:
            form = "".join(c for c in name.casefold() if c.isalnum())
            assert owners.setdefault(form, persona.slug) == persona.slug, name
