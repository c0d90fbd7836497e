"""The unit of sound, and everything that crosses the wire between host and backend process.

A *frame* is 1920 samples, 80 ms, of 24 kHz mono float32: the unit everywhere between microphone and
speaker, because it is the step of Moshi's Mimi codec (Défossez et al. 2024, "Moshi", section 3.3).

Messages are `msgspec` structs with a tag each, so that one `Decoder` reads any of them and none can
carry code (never pickle). Commands go from host to child, events from child to host.
"""

from __future__ import annotations

from typing import Literal

import msgspec

SAMPLE_RATE = 24_000
"""Samples a second, everywhere between microphone and speaker."""
FRAME_SAMPLES = 1_920
"""Samples in one frame."""
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE
"""Seconds in one frame: 0.08."""
FRAME_BYTES = FRAME_SAMPLES * 4
"""Bytes of one frame as little-endian float32."""
TRANSCRIBE_SECONDS = 30.0
"""The longest sound that is written down at a time: Whisper's window."""

Side = Literal["user", "assistant"]
AgentState = Literal["initializing", "idle", "listening", "thinking", "speaking"]

FIRST_OWN_UTTERANCE = 1 << 32
"""Utterances that answer no `Say` (a model that speaks by itself) are numbered from here."""


class VoiceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How a persona sounds, as far as a text-to-speech engine needs to know it."""

    kokoro: dict[str, float] = {}
    """Blend of Kokoro style vectors: name → weight (weights are normalised to sum 1)."""
    piper: str | None = None
    """Piper voice name or path, used where the engine is Piper."""
    engines: dict[str, str] = {}
    """Voice name or path for other engines, by engine: {"supertonic": "M1"}."""
    speed: float = 1.0
    """Rate of speech; 1.0 is the voice's own."""
    pitch: float = 0.0
    """Shift in semitones, applied after synthesis without changing the rate."""
    effect: str = "none"
    """Name of a sound effect, see `assistant.backends.cascade.synthesis.tts`."""
    gain: float = 0.0
    """Loudness trim in dB after levelling."""


class Prosody(msgspec.Struct, frozen=True, kw_only=True):
    """How a sentence is said, relative to how the voice says everything."""

    rate: float = 1.0
    """Multiplies the rate of speech; 0.8 to 1.2."""
    pitch: float = 0.0
    """Shift in semitones, −2 to 2 (about ±10 %)."""
    gain: float = 0.0
    """Loudness in dB."""
    pauses: float = 1.0
    """Multiplies the silence between clauses and sentences."""
    effect: str = ""
    """Name of a sound effect in place of the voice's own (`VoiceSpec.effect`); empty: its own."""
    by_text: bool = False
    """What the text itself asks for is added: a question rises, an aside falls, …"""


class VoiceFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """Prosodic features of one turn of the user's; see `assistant.audio.prosodic_features`. Nothing
    that was said can be made of them."""

    f0_median: float
    """Median of the fundamental frequency, semitones over 100 Hz."""
    f0_high: float
    """Its 90th percentile, …"""
    f0_range: float
    """… and how far that is above the 10th, in semitones."""
    alpha_ratio: float
    """Energy in 50–1000 Hz over that in 1–5 kHz, dB."""
    hammarberg_index: float
    """Strongest component in 0–2 kHz over the strongest in 2–5 kHz, dB."""
    voiced: float
    """Seconds of voiced sound they were taken from."""


class PersonaPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """What a persona puts before a conversation, as the backend sees it. It knows no colours."""

    slug: str
    name: str
    text: str = ""
    """Text prompt (`<system>` text of PersonaPlex; system message of a language model)."""
    voice: VoiceSpec = VoiceSpec()
    voice_prompt: str | None = None
    """A voice that a full-duplex model should take on: path of a recording, or the name of one of
    the checkpoint's own voices."""
    temperature: float = 0.8
    """Randomness of a full-duplex model's sound."""
    text_temperature: float = 0.7
    """Randomness of its words."""
    notes: str = ""
    """What was said so far in this conversation, in few words; told as data, behind the text."""


class SpokenNames(msgspec.Struct, frozen=True, kw_only=True):
    """One persona's names, for a recogniser that is to hear them."""

    slug: str
    name: str
    aliases: list[str] = []
    """Other things a person calls it."""
    said: list[str] = []
    """How its names are said, spelled as they sound ("dah-leck")."""
    sounds_like: list[str] = []
    """What a recogniser writes when it hears one of the names ("glad us")."""


class PrefetchLine(msgspec.Struct, frozen=True):
    """A sentence that is known beforehand and may be rendered before it is needed."""

    text: str
    voice: VoiceSpec
    prosody: Prosody = Prosody()
    """How it will be said."""


# --- commands: host → child -------------------------------------------------------------------


class Command(msgspec.Struct, frozen=True, tag=True):
    """Anything the host asks of a backend."""


class Load(Command, frozen=True):
    """First command: load weights. `options` is the backend's own table of the config."""

    options: dict[str, str | int | float | bool | None]
    names: list[SpokenNames]
    virtual_clock: bool = False
    """True: do all work a frame causes before acknowledging it, on the calling thread."""
    prompt: PersonaPrompt | None = None
    """Who to be first, for a model that takes a prompt only when it is started; a `ChangePersona`
    that says the same follows `Ready`."""


class SetNames(Command, frozen=True):
    """The personas changed on disk: these are their names now."""

    names: list[SpokenNames]


class ChangePersona(Command, frozen=True):
    prompt: PersonaPrompt


class Push(Command, frozen=True):
    """One frame from the microphone, `FRAME_BYTES` long. Zeros where the microphone is closed."""

    frame: int
    pcm: bytes
    speaking: bool = False
    """The assistant was being heard meanwhile (or is held back in the middle of a turn)."""
    clean: bool = True
    """The assistant's own voice is not in this sound. Where it may be (`speaking and not clean`), a
    model that answers by itself must hear silence instead; who writes down words may listen for a
    command to stop."""
    voice: bool = False
    """The host has noticed the user's voice in it; while `speaking`, words are wanted soon."""


class Settle(Command, frozen=True):
    """Virtual clock: report `Settled` once all that came before is done."""

    number: int


class Say(Command, frozen=True):
    """Speak this piece. Pieces of one utterance stream; `final` closes it (its text may be "")."""

    utterance: int
    text: str
    final: bool
    rate: float = 1.0
    """Rate of speech asked for by the user, multiplied with the voice's own."""
    prosody: Prosody = Prosody()
    """How what begins in this piece is said; what a voice cannot do is left out."""
    voice: VoiceSpec | None = None
    """Another voice than the persona's, for a sample of it; where the backend has only one, that is
    heard."""


class Prefetch(Command, frozen=True):
    """Render these lines in the background, in this order, and keep them; replaces the last."""

    lines: list[PrefetchLine]


class Expect(Command, frozen=True):
    """An answer will probably begin with these words, in a moment: its first clause may be rendered
    while it is still judged whether the user is done. Replaces the last; empty: nothing will."""

    text: str
    rate: float = 1.0
    prosody: Prosody = Prosody()
    """Both as in `Say`."""


class Prefill(Command, frozen=True):
    """Run this prompt through the model beside the conversation and keep the state; with `swap`
    the conversation goes over to it at the next pause. A swap to the persona in charge takes along
    what was said lately; where there are no snapshots, the conversation begins anew, if it can."""

    prompt: PersonaPrompt
    swap: bool = False
    line: str = ""
    """Said in the persona's voice where the conversation has to begin anew for it."""


class Transcribe(Command, frozen=True):
    """Write this sound down, whatever the conversation does meanwhile; `Transcribed` answers."""

    number: int
    pcm: bytes
    """Little-endian float32, 16 kHz mono; what lies beyond `TRANSCRIBE_SECONDS` is not heard."""
    language: str = ""
    """Code of what is spoken, as in `language.languages`; empty: what the recogniser finds."""
    context: str = ""
    """What was said or written before it: names and words that are likely to come."""
    words: bool = False
    """Tell when each word was said, too."""


class Inject(Command, frozen=True):
    """A tool result or a memory: known from now on, not spoken."""

    context: str


class Interrupt(Command, frozen=True):
    """Stop speaking now, forget what was still to be said."""


class Close(Command, frozen=True):
    """Free everything and end the process with exit code 0."""


# --- events: child → host ---------------------------------------------------------------------


class Event(msgspec.Struct, frozen=True, tag=True):
    """Anything a backend reports."""


class Ready(Event, frozen=True):
    """The weights are loaded; frames are welcome."""

    capabilities: Capabilities
    engine: str
    """One line for the status bar: "whisper tiny.en int8 · kokoro-82m int8"."""
    note: str = ""
    """What a person should know of this engine's limits, in one line."""


class Ack(Event, frozen=True):
    """Frame `frame` was taken (virtual clock: and everything it caused was done)."""

    frame: int


class Settled(Event, frozen=True):
    """Everything before `Settle` was done, and everything it caused was reported."""

    number: int


class AudioOut(Event, frozen=True):
    """Sound to play: little-endian float32, 24 kHz mono, any number of samples."""

    utterance: int
    pcm: bytes


class AgentText(Event, frozen=True):
    """What the assistant says, and where in the utterance's own sound it stands (in samples)."""

    utterance: int
    text: str
    start: int
    end: int


class UtteranceEnded(Event, frozen=True):
    """All sound of this utterance was sent: `samples` in all."""

    utterance: int
    samples: int


class Prefetched(Event, frozen=True):
    """This line of a `Prefetch` would sound at once now."""

    text: str


class Prefilled(Event, frozen=True):
    """The prompt of this persona is ready to be put in place (or, `swapped`, is in place now)."""

    slug: str
    milliseconds: float
    swapped: bool = False
    snapshots: int = 0
    """Snapshots kept now."""
    snapshot_bytes: int = 0
    """Memory that they hold."""
    tail: int = 0
    """Swapped: frames of the conversation that followed the prompt into its state; 0: it begins
    anew. `milliseconds` are then those of going over alone, which a frame has to wait for."""


class NotesWanted(Event, frozen=True):
    """The model's context fills. What was said so far is wanted in few words: as the notes of a
    `Prefill` that swaps to this persona or, where the model has no prompt, as an `Inject`."""

    slug: str
    seconds: float
    """After which the model goes on without them."""
    as_prompt: bool = True


class CallSpelled(Event, frozen=True):
    """The model wrote this tool call into its own words; its sound was cut."""

    utterance: int
    text: str
    """From `TOOL_CALL` to the closing brace."""


class UserText(Event, frozen=True):
    """What the user said. Partials replace each other; a final one ends them."""

    text: str
    final: bool
    prompted: str | None = None
    """Second decode, helped by the personas' names, where the first left a name in doubt."""
    speech_end: float = 0.0
    """Seconds on the input's clock at which the last voiced sample was heard (final only)."""
    stages: dict[str, float] = {}
    """Milliseconds spent, by stage ("wait", "transcribe"); final only."""
    paused: bool = False
    """Of a partial: the user is silent after it, and it may be all of the turn."""
    language: str = ""
    """Code of the language that the user surely speaks where it is another than English, as in
    `language.languages`; the text is what was understood of it, in English. Final only."""
    unclear: bool = False
    """Final and without text: somebody spoke near the microphone for a second or more, and no words
    could be made of it. He may be told so."""
    voice: VoiceFeatures | None = None
    """How it was said, where there was enough voice in it and the backend measures that. Final
    only."""


class SpokenWord(msgspec.Struct, frozen=True):
    """A word, and when it was said: seconds from the beginning of the sound."""

    text: str
    start: float
    end: float


class Transcribed(Event, frozen=True):
    """What was said in the sound of the `Transcribe` of this number."""

    number: int
    text: str = ""
    """"" where nobody spoke."""
    language: str = ""
    """Code of the language of `text`."""
    confidence: float = 0.0
    """Mean natural logarithm of the tokens' probabilities: −0.3 is sure, −1 is guessing."""
    no_speech: float = 0.0
    """The recogniser's own probability that nobody spoke."""
    words: list[SpokenWord] = []
    """Where they were asked for, and could be found in the sound."""
    failed: str = ""
    """Why it could not be done."""
    remedy: str = ""


class Overheard(Event, frozen=True):
    """Words heard through the assistant's own voice (`Push.speaking and not Push.clean`): nothing
    but a command to stop is to be made of them."""

    text: str


class UserTurnStarted(Event, frozen=True):
    """The user began to speak, `at` seconds on the input's clock."""

    side: Side
    at: float


class UserTurnEnded(Event, frozen=True):
    """The user's turn is over; its last voiced sample was `at` seconds on the input's clock."""

    side: Side
    at: float
    reason: Literal["complete", "silence", "too_long", "interrupted"] = "silence"


class Lag(Event, frozen=True):
    """The backend is `seconds` behind the microphone and has dropped `dropped` frames in all."""

    seconds: float
    dropped: int


class Status(Event, frozen=True):
    """Progress of something long. `fraction` in 0…1, or None where it cannot be known."""

    text: str
    fraction: float | None = None


class Failed(Event, frozen=True):
    """Something did not work. `fatal`: this backend cannot go on."""

    message: str
    remedy: str = ""
    fatal: bool = False


class Substituted(Event, frozen=True):
    """The backend `failed` could not be started; `name` is started in its place."""

    failed: str
    name: str
    reason: str
    remedy: str = ""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What front ends and the session may ask of a backend; asked here, never by `isinstance`."""

    full_duplex: bool = False
    """Listens while it speaks."""
    answers_by_itself: bool = False
    """Needs no brain."""
    text_prompt: bool = False
    voice_prompt: bool = False
    user_text: bool = False
    """Transcribes the user."""
    say: bool = False
    """Can be told what to say."""
    prosody: bool = False
    """Can be told how to say it: `Say.prosody` and `Say.voice` are heard."""
    snapshots: bool = False


AnyCommand = (
    Load
    | SetNames
    | ChangePersona
    | Push
    | Settle
    | Say
    | Prefetch
    | Expect
    | Prefill
    | Transcribe
    | Inject
    | Interrupt
    | Close
)
AnyEvent = (
    Ready
    | Ack
    | Settled
    | AudioOut
    | AgentText
    | UtteranceEnded
    | Prefetched
    | Prefilled
    | NotesWanted
    | CallSpelled
    | UserText
    | Transcribed
    | Overheard
    | UserTurnStarted
    | UserTurnEnded
    | Lag
    | Status
    | Failed
    | Substituted
)
