"""Personas: one TOML file each, `themes/<slug>.toml`, ours and the user's.

The schema is strict (`extra="forbid"` on every table) because a misspelt key that is silently
ignored is the commonest way to lose an evening to a config file.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from assistant.frames import PersonaPrompt, SpokenNames, VoiceSpec

Texts = Annotated[list[str], Field(min_length=1)]
Hex = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Prompt(_Table):
    """Who the persona is, for a language model."""

    identity: str
    """One or two sentences: "You are JARVIS, …"."""
    personality: str
    """Manner of speech, temper, habits, what it never does."""


class Lines(_Table):
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
    how_are_you: list[str] = []
    who_are_you: list[str] = []
    who_made_you: list[str] = []
    what_can_you_do: list[str] = []
    time: list[str] = []
    """{time}: "nine forty-one in the morning"."""
    date: list[str] = []
    """{date}: "Saturday, the twenty-first of November"."""
    name_learned: list[str] = []
    """{user}."""
    name_known: list[str] = []
    """{user}."""
    name_unknown: list[str] = []
    fact_learned: list[str] = []
    """{fact}: "your parrot is called Bruno"."""
    fact_known: list[str] = []
    """{fact}."""
    fact_unknown: list[str] = []
    """{subject}: "your parrot"."""
    arithmetic: list[str] = []
    """{result}: "42", "about 3.33"."""
    arithmetic_impossible: list[str] = []
    joke: list[str] = []
    mood_good: list[str] = []
    """The user feels well."""
    mood_bad: list[str] = []
    """The user feels ill or sad: kind in the persona's own way."""
    compliment: list[str] = []
    insult: list[str] = []
    thanks: list[str] = []
    apology: list[str] = []
    """The user says sorry."""
    goodbye: list[str] = []
    yes: list[str] = []
    """The user only said "yes" or "okay"."""
    no: list[str] = []
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
    repeat_nothing: list[str] = []
    list_personas: list[str] = []
    """{personas}: "JARVIS, GLaDOS and HAL 9000"."""
    did_you_mean: list[str] = []
    """{persona}."""
    already_here: list[str] = []
    """Asked to become what it already is."""
    volume: list[str] = []
    """{percent}."""
    rate: list[str] = []
    """Speech rate was changed."""
    stopped: list[str] = []
    """Told to be quiet; spoken only where something must be said."""
    muted: list[str] = []
    """Told to stop listening."""


class Voice(_Table):
    """How it sounds."""

    kokoro: dict[str, float] = {"af_heart": 1.0}
    """Kokoro style vectors and their weights."""
    piper: str | None = None
    """Piper voice for slower machines."""
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    pitch: float = Field(default=0.0, ge=-12.0, le=12.0)
    """Semitones."""
    effect: str = "none"
    gain: float = Field(default=0.0, ge=-24.0, le=12.0)
    """dB."""

    def spec(self) -> VoiceSpec:
        return VoiceSpec(**self.model_dump())


class Moshi(_Table):
    """How a full-duplex model is told to be this persona."""

    voice_prompt: str | None = None
    """Path (relative to the file) of a short recording."""
    text_prompt: str | None = None
    """Where it should differ from `prompt`."""
    temperature: float = Field(default=0.8, ge=0.0, le=2.0)
    text_temperature: float = Field(default=0.7, ge=0.0, le=2.0)


class Colors(_Table):
    """A `textual.theme.Theme`, as hex. `foreground` on `background`, `surface` and `panel` must
    reach WCAG AA, 4.5:1; so must `primary`, `accent` and the three signs on `background`."""

    background: Hex
    surface: Hex
    panel: Hex
    foreground: Hex
    primary: Hex
    secondary: Hex
    accent: Hex
    success: Hex
    warning: Hex
    error: Hex
    muted: Hex
    """Text of lesser weight (partial words, times); 4.5:1 as well."""
    dark: bool = True


class Waveform(_Table):
    glyphs: Annotated[list[str], Field(min_length=5, max_length=5)] = [" ", "·", "•", "●", "⬤"]
    """Silence to loudest; one terminal cell each."""


class Persona(_Table):
    """One persona file."""

    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """The file's name without `.toml`; set by the loader."""
    name: str = Field(min_length=1, max_length=40)
    aliases: list[str] = []
    """What a person may call it: "Jarvis", "hal", "hal nine thousand"."""
    sounds_like: list[str] = []
    """What speech recognition writes for these names: "glad us"."""
    summary: str = Field(max_length=100)
    """One line for the picker."""
    order: int = 100
    """Place in the picker; ties go by name."""
    greetings: Texts
    """Said at start; several, so that no two starts are the same."""
    reintroductions: Texts
    """Said when it takes over; several."""
    prompt: Prompt
    lines: Lines = Lines()
    voice: Voice = Voice()
    moshi: Moshi = Moshi()
    colors: Colors
    waveform: Waveform = Waveform()

    def prompt_for_backend(self) -> PersonaPrompt:
        text = self.moshi.text_prompt or f"{self.prompt.identity} {self.prompt.personality}"
        return PersonaPrompt(
            slug=self.slug,
            name=self.name,
            text=text,
            voice=self.voice.spec(),
            voice_prompt=self.moshi.voice_prompt,
        )

    def spoken_names(self) -> SpokenNames:
        return SpokenNames(
            slug=self.slug, name=self.name, aliases=self.aliases, sounds_like=self.sounds_like
        )
