"""What may stand in a persona's file, `themes/<slug>.toml`.

The schema is strict (`extra="forbid"` on every table) because a misspelt key that is silently
ignored is the commonest way to lose an evening to a config file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.frames import PersonaPrompt, SpokenNames, VoiceSpec
from assistant.personas.face import Face, Hex

Texts = Annotated[list[str], Field(min_length=1)]
OpeningKey = Literal["greetings", "reintroductions"]

PLACEHOLDERS: Mapping[str, str] = {
    "time": "time",
    "date": "date",
    "name_learned": "user",
    "name_known": "user",
    "fact_learned": "fact",
    "fact_known": "fact",
    "fact_unknown": "subject",
    "arithmetic": "result",
    "list_personas": "personas",
    "did_you_mean": "persona",
    "volume": "percent",
}
"""Key of `Lines` → the placeholder its variants are there to say. `{user}` may stand in any."""

EFFECTS = ("none", "glados", "hal", "dalek", "cylon", "radio", "robot", "warm", "whisper")
"""Names that `Voice.effect` may have; the cascade's `synthesis.tts` makes their sound."""


class _PersonaTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class PromptTexts(_PersonaTable):
    """Who the persona is, for a language model."""

    identity: str
    """One or two sentences: "You are JARVIS, …"."""
    personality: str
    """Manner of speech, temper, habits, what it never does."""


class Lines(_PersonaTable):
    """What the scripted persona says, in its own words. Every key takes several variants.

    `{user}` is the user's name or the persona's form of address, other placeholders are named at
    their keys. Openers are whole short sentences ("Certainly, sir.") that are rendered beforehand
    and sound at once while the rest of the answer is still being made.
    """

    address: str = ""
    """How it addresses a user whose name it does not know: "sir", "test subject"; may be empty."""
    openers: list[str] = []
    """Said before a factual answer (≥ 4): "Certainly, sir."."""
    hello: list[str] = []
    """The user says hello."""
    how_are_you: list[str] = []
    """Asked how it is."""
    who_are_you: list[str] = []
    """Asked who it is."""
    who_made_you: list[str] = []
    """Asked who made it."""
    what_can_you_do: list[str] = []
    """Asked what it can do without a language model."""
    time: list[str] = []
    """Asked the time. {time}: "nine forty-one in the morning"."""
    date: list[str] = []
    """Asked the date. {date}: "Saturday, the twenty-first of November"."""
    name_learned: list[str] = []
    """The user told their name, {user}."""
    name_known: list[str] = []
    """Asked the user's name, {user}."""
    name_unknown: list[str] = []
    """Asked the user's name before it was told."""
    fact_learned: list[str] = []
    """Told something to remember. {fact}: "your parrot is called Bruno"."""
    fact_known: list[str] = []
    """Asked for what it was told: {fact}."""
    fact_unknown: list[str] = []
    """Asked for what it was never told. {subject}: "your parrot"."""
    arithmetic: list[str] = []
    """Asked for a sum. {result}: "42", "about 3.33"."""
    arithmetic_impossible: list[str] = []
    """Asked for a sum that has no result."""
    joke: list[str] = []
    """Asked for a joke."""
    mood_good: list[str] = []
    """The user feels well."""
    mood_bad: list[str] = []
    """The user feels ill or sad: kind in the persona's own way."""
    compliment: list[str] = []
    """The user says something kind about it."""
    insult: list[str] = []
    """The user is rude to it."""
    thanks: list[str] = []
    """The user says thank you."""
    apology: list[str] = []
    """The user says sorry."""
    goodbye: list[str] = []
    """The user leaves."""
    yes: list[str] = []
    """The user only said "yes" or "okay"."""
    no: list[str] = []
    """The user only said "no"."""
    opinion: list[str] = []
    """Asked what it likes, thinks or feels."""
    cannot: list[str] = []
    """Asked for the weather, news, a fact of the world: honest that without a language model it
    does not know (≥ 6)."""
    how_to_llm: list[str] = []
    """How to give it a language model: run Ollama or another local server, or set a url."""
    not_understood: list[str] = []
    """Words without a meaning it can find (≥ 6)."""
    statement: list[str] = []
    """The user told something that asks for nothing: a short sign of listening (≥ 6)."""
    waiting: list[str] = []
    """Said once where a language model thinks for long: that the answer is on its way."""
    hesitations: list[str] = []
    """Said before a language model's answer to a question where that takes longer than a moment: a
    word or four that any answer may follow (≥ 6): "Let me see."."""
    let_me_think: list[str] = []
    """Said, in two seconds at most, where a Moshi server has to begin the conversation anew: a few
    words."""
    repeat_nothing: list[str] = []
    """Asked to repeat, but it has said nothing yet."""
    list_personas: list[str] = []
    """Asked which personas there are. {personas}: "JARVIS, GLaDOS and HAL 9000"."""
    did_you_mean: list[str] = []
    """It is not sure which persona was asked for: {persona}."""
    already_here: list[str] = []
    """Asked to become what it already is."""
    volume: list[str] = []
    """Its volume was changed. {percent}: the bare number, "40"."""
    rate: list[str] = []
    """Its rate of speech was changed."""
    stopped: list[str] = []
    """Told to be quiet; spoken only where something must be said."""
    muted: list[str] = []
    """Told to stop listening."""
    why: list[str] = []
    """Asked “why?” about an answer that has no reason of its own."""
    sure: list[str] = []
    """Asked “are you sure?” about its last answer, and it is."""
    more: list[str] = []
    """Asked to tell more where there is no more to tell."""
    doing: list[str] = []
    """Asked what it is doing, or what is new."""
    love: list[str] = []
    """The user says that they love it."""
    not_funny: list[str] = []
    """The user did not like the joke."""
    not_listening: list[str] = []
    """The user feels that they were not listened to."""
    disagree: list[str] = []
    """The user disagrees with what it said."""
    cannot_do: list[str] = []
    """Told to do what it has no hands for (make coffee, dim the lights): not the words of
    `cannot`, which answers questions (≥ 6)."""
    lonely: list[str] = []
    """The user feels alone."""
    bored: list[str] = []
    """The user is bored: with something to do, or to talk about."""
    tired: list[str] = []
    """The user is tired or exhausted."""
    angry: list[str] = []
    """The user is angry or frustrated, not with it."""
    anxious: list[str] = []
    """The user is afraid, worried or under pressure."""
    frustrated: list[str] = []
    """The user is frustrated, often with it: calm and short, no jokes."""
    excited: list[str] = []
    """The user is full of joy, or has good news: livelier than usual."""
    confused: list[str] = []
    """The user does not follow: slower, one step at a time."""
    misread: list[str] = []
    """The user does not feel as it thought."""
    ask_on: list[str] = []
    """The user goes on about what weighs on them: a short sign of care that asks on (≥ 6)."""


class Exchange(_PersonaTable):
    """Something of the persona's own world that its fans will say, and what it answers."""

    said: Texts
    """How people put it, in plain words: "open [up] the pod bay (doors|door)". `[…]` may be left
    out, `(a|b)` is one of the two; case and punctuation don't count, nor do politeness and its
    name before or behind it."""
    answers: Texts
    """What it says, the longest unsaid first; several, so that it may be asked twice."""
    why: list[str] = []
    """Where “why?” is asked about it then."""
    more: list[str] = []
    """Where it is asked to tell more then."""


class Voice(_PersonaTable):
    """How it sounds."""

    kokoro: dict[str, float] = {"af_heart": 1.0}
    """Kokoro style vectors and their weights."""
    piper: str | None = None
    """Piper voice for slower machines."""
    engines: dict[str, str] = {}
    """Voices of other engines: {pocket = "alba", supertonic = "M1"}; an engine that is not here
    takes one of the same sex and, where it can, of the same pitch and accent."""
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    """Rate of speech, 0.5 to 2; 1 is the voice's own."""
    pitch: float = Field(default=0.0, ge=-12.0, le=12.0)
    """Semitones up or down, -12 to 12."""
    effect: str = "none"
    """One of `EFFECTS`."""
    gain: float = Field(default=0.0, ge=-24.0, le=12.0)
    """Louder or softer than the others, in dB."""

    def spec(self) -> VoiceSpec:
        return VoiceSpec(**self.model_dump())


_VOICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def is_voice_name(voice: str) -> bool:
    """Whether this names one of a model's own voices (and not a file)."""
    return _VOICE_NAME.fullmatch(voice) is not None


class Moshi(_PersonaTable):
    """How a full-duplex model is told to be this persona."""

    voice_prompt: str | None = None
    """A voice to take on: path of a short recording, relative to this file, or the name of one of
    the model's own voices ("NATF2" of PersonaPlex)."""
    text_prompt: str | None = None
    """Where it should differ from `prompt`."""
    temperature: float = Field(default=0.8, ge=0.0, le=2.0)
    """Randomness of its sound."""
    text_temperature: float = Field(default=0.7, ge=0.0, le=2.0)
    """Randomness of its words."""


class Colors(_PersonaTable):
    """A `textual.theme.Theme`, as hex. `foreground` on `background`, `surface` and `panel` must
    reach WCAG AA, 4.5:1; so must `primary`, `accent` and the three signs on `background`."""

    background: Hex
    """Behind everything."""
    surface: Hex
    """Panels."""
    panel: Hex
    """Bars and raised panels."""
    foreground: Hex
    """Text."""
    primary: Hex
    """The persona's own color: titles, borders, the waveform."""
    secondary: Hex
    """Headings of lesser weight."""
    accent: Hex
    """What should catch the eye."""
    success: Hex
    """Signs: all is well."""
    warning: Hex
    """Signs: mind this."""
    error: Hex
    """Signs: something failed."""
    muted: Hex
    """Text of lesser weight (partial words, times); 4.5:1 as well."""
    dark: bool = True
    """false where the background is light."""


class WaveformGlyphs(_PersonaTable):
    glyphs: Annotated[list[str], Field(min_length=5, max_length=5)] = [" ", "·", "•", "●", "⬤"]
    """Silence to loudest; one terminal cell each."""


class Persona(_PersonaTable):
    """One persona file."""

    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """The file's name without `.toml`; set by the loader."""
    name: str = Field(min_length=1, max_length=40)
    """As it is shown."""
    aliases: list[str] = []
    """What a person may call it: "Jarvis", "hal", "hal nine thousand"."""
    said: list[str] = []
    """How people say these names, spelled as they sound: "dah-leck", "glah-doss". The sound is
    compared with each."""
    sounds_like: list[str] = []
    """What speech recognition writes for these names: "glad us"."""
    summary: str = Field(max_length=100)
    """One line for the picker."""
    order: int = 100
    """Place in the picker; ties go by name."""
    greetings: Texts
    """Said at start, to anybody; several, so that no two starts are the same. Whoever hears one may
    never have been here: nothing of "back", "again", "as always"."""
    greetings_again: list[str] = []
    """Said at start as well, where the user is known to have talked to it: "Welcome back."."""
    reintroductions: Texts
    """Said when it takes over, to anybody; several."""
    reintroductions_again: list[str] = []
    """Said as well when it takes over, where the user is known to have talked to it."""
    prompt: PromptTexts
    lines: Lines = Lines()
    exchanges: list[Exchange] = []
    """Of its own world, answered without a language model (≥ 15)."""
    delivery: str = ""
    """How it says everything, where nothing else is asked for: "dry", "warm", … (`assistant say
    --list-deliveries` shows all)."""
    voice: Voice = Voice()
    moshi: Moshi = Moshi()
    colors: Colors
    waveform: WaveformGlyphs = WaveformGlyphs()
    face: Face = Face()

    def openings(self, key: OpeningKey, *, again: bool) -> list[str]:
        """What it may begin with. `again`: the user is known to have talked to it before."""
        own: list[str] = getattr(self, key)
        return [*own, *getattr(self, f"{key}_again")] if again else own

    def prompt_for_backend(self) -> PersonaPrompt:
        text = self.moshi.text_prompt or f"{self.prompt.identity} {self.prompt.personality}"
        return PersonaPrompt(
            slug=self.slug,
            name=self.name,
            text=text,
            voice=self.voice.spec(),
            voice_prompt=self.moshi.voice_prompt,
            temperature=self.moshi.temperature,
            text_temperature=self.moshi.text_temperature,
        )

    def names(self) -> list[tuple[str, str]]:
        """Everything it may be called, each with the key of the file under which it stands."""
        return [
            ("name", self.name),
            *(("aliases", name) for name in self.aliases),
            *(("said", name) for name in self.said),
            *(("sounds_like", name) for name in self.sounds_like),
        ]

    def spoken_names(self) -> SpokenNames:
        return SpokenNames(
            slug=self.slug,
            name=self.name,
            aliases=self.aliases,
            said=self.said,
            sounds_like=self.sounds_like,
        )
