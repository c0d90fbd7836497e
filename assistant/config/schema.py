"""Settings: `config.toml`, overridden by `ASSISTANT_SECTION__KEY`, overridden by the command line.

Each field's docstring is its documentation: `assistant config schema` and the README's table are
made from it. Loading is in `assistant.config.loading`. `extra="forbid"` stands on every table,
because on the root alone it does not reach nested ones.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from assistant.config.plugins import plugin_names
from assistant.errors import AssistantError
from assistant.language.languages import LANGUAGES

BRAIN_KINDS = ("auto", "scripted", "openai", "local")
"""Of `brain.kind`: what is there without a plugin."""
STORE_PLUGINS = ("mem0", "qdrant")
"""Of `memory.store`: plugins that are known here, with tables of their own."""


class ConfigError(AssistantError):
    """Settings that cannot be. The message names the place."""

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        file: Path | None = None,
        line: int | None = None,
        key: str = "",
    ) -> None:
        super().__init__(message, remedy)
        self.file = file
        self.line = line
        self.key = key
        """Dotted, as in `audio.volume`; empty where no single key is at fault."""


def _one_of(names: tuple[str, ...], group: str) -> Callable[[str], str]:
    """A check that takes these names, and those of the plugins in an entry point group."""

    def check(name: str) -> str:
        if name not in names and name not in plugin_names(group):
            told = ", ".join(repr(each) for each in names)
            raise PydanticCustomError("name", f"input should be {told}, or a plugin's name")
        return name

    return check


def _language(code: str) -> str:
    if code != "auto" and code not in LANGUAGES:
        raise PydanticCustomError("language", 'input should be "auto" or a code such as "en"')
    return code


class _ConfigTable(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class AudioConfig(_ConfigTable):
    input_device: str | int | None = None
    """Microphone, by number or part of its name; unset: the system's default."""
    output_device: str | int | None = None
    """Speaker, by number or part of its name; unset: the system's default."""
    mode: Literal["open", "push-to-talk"] = "open"
    """Whether the microphone is always open or only while you ask for it."""
    headset: bool = False
    """You wear headphones: the microphone does not hear the speaker, so that nothing has to be
    cancelled or guarded against."""
    echo_cancellation: bool = True
    """Take the assistant's own voice out of what the microphone hears."""
    noise_suppression: bool = False
    """Take steady noise out of it, too; helps in a loud room, costs some clearness in a quiet
    one."""
    barge_in: bool = True
    """Fall silent when you speak while the assistant speaks."""
    echo_guard: bool = True
    """Don't listen (but for "stop") while the assistant's own voice sounds and is not taken out of
    the microphone. Turn it off only with headphones."""
    volume: float = Field(default=1.0, ge=0.0, le=1.0)
    """Loudness of the assistant, 0 to 1."""
    block_ms: int = Field(default=20, ge=5, le=80)
    """Size of the sound card's blocks, in milliseconds."""
    stt: str = "auto"
    """Speech recognition weights: `packaged:tiny.en`, `packaged:base`, a faster-whisper model name
    ("small.en"), a folder, or `auto`: the best of those here that this machine is quick enough
    for, which is measured once. `assistant models` lists them; `auto` fetches none."""
    language: Annotated[str, AfterValidator(_language)] = "auto"
    """The language that you speak, by its code ("en", "de"); what is not English is put into
    English, as well as the weights can. `auto`: English, and where weights of many languages hear
    another, you are told so. Only English is spoken here."""


class CascadeConfig(_ConfigTable):
    whisper: str | None = None
    """Older name of `audio.stt`; where it is set, it counts."""
    voice_engine: Literal["auto", "kokoro", "pocket", "supertonic", "hibari", "kitten", "piper"] = (
        "kokoro"
    )
    """Kokoro has a voice for every persona; the others (extras of their names; see `assistant
    models list`) are quicker, or take on the voice of a recording. `auto`: the best of those here
    that this machine is quick enough for, which is measured once."""
    voice: str | None = None
    """A further voice for that engine: Kokoro style vectors (.npz), a Piper voice, one voice of
    another engine for all personas, or a recording for pocket; not with `auto`."""
    threads: int = Field(default=0, ge=0, le=64)
    """Threads of recognition and voice; 0: as many as there are cores, at most 4."""
    end_silence_ms: int = Field(default=480, ge=200, le=3000)
    """Silence after which a turn is over, where its words do not tell."""
    voice_cache_mb: int = Field(default=200, ge=0, le=10_000)
    """Disk that rendered sentences may take."""


class MoshiConfig(_ConfigTable):
    weights: str | None = None
    """A Hugging Face repository or a folder; unset: `kyutai/moshiko-mlx-q8` for `moshi-mlx`,
    `kyutai/moshiko-pytorch-bf16` for `moshi-torch`."""
    quantize: Literal["auto", "none", "int8", "int4"] = "auto"
    """Smaller weights need less memory and answer worse; `auto`: what fits."""
    device: str = "auto"
    """`auto`, `cuda`, `cuda:1` or `cpu`."""
    context_seconds: float | None = Field(default=None, ge=4, le=3600)
    """How far back the model remembers; unset: as it was trained (240 seconds)."""
    temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    """Randomness of its sound; unset: the persona's."""
    text_temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    """Randomness of its words; unset: the persona's."""
    top_k: int = Field(default=250, ge=1, le=2048)
    """Codes of sound that it chooses from."""
    top_k_text: int = Field(default=25, ge=1, le=32000)
    """Words that it chooses from."""
    seed: int | None = None
    """The same seed and the same sound give the same answers; unset: a new one each time."""
    cuda_graphs: bool = True
    """Quicker steps on NVIDIA cards; turn off where they fail."""
    listener: Literal["auto", "stt", "whisper", "none"] = "auto"
    """Who writes down what you say: Kyutai's speech recognition, Whisper, or nobody. `auto`:
    Kyutai's where its weights and room for them are there, else Whisper."""
    listener_weights: str | None = None
    """Repository or folder of Kyutai's speech recognition; unset: `kyutai/stt-1b-en_fr`."""
    whisper: str = "auto"
    """Weights of the Whisper listener, as in `audio.stt`."""
    snapshot_mb: int = Field(default=1024, ge=0, le=100_000)
    """Memory that prepared personas may hold; the least recently used goes."""


class MoshiCppConfig(_ConfigTable):
    program: str | None = None
    """moshi.cpp's `moshi-sts`, a file or its folder; unset: the one on the `PATH`."""
    model: str | None = None
    """Its weights: a folder, or a name of `assistant models list`; unset: what was downloaded."""
    voice: str | None = None
    """Voice of personas that name none, with PersonaPlex: one of the model's ("NATF2") or a
    recording."""
    quantize: Literal["none", "q8_0", "q4_0", "q4_k"] = "none"
    """Make the weights smaller at the first start, which takes minutes; they are kept beside the
    others. `none`: as they are stored."""
    context_seconds: float | None = Field(default=None, ge=4, le=240)
    """How far back the model remembers; unset: as it was trained (240 seconds)."""
    device: str = "auto"
    """`CUDA0`, `Vulkan0`, `CPU`, … as `moshi-sts -l` lists them; `auto`: the best."""
    threads: int | None = Field(default=None, ge=1, le=256)
    """Threads on the processor; unset: as it likes."""
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1)
    """The same seed and the same sound give the same answers; unset: a new one each time."""
    temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    """Randomness of its sound and words, which it cannot tell apart; unset: 0.8 and 0.7."""
    whisper: str = "auto"
    """Whisper weights that write down what you say, as in `audio.stt`; `none`: nobody."""
    load_seconds: float = Field(default=600, ge=1, le=7200)
    """Seconds until it has to be ready."""


class ServerConfig(_ConfigTable):
    url: str | None = None
    """Address of a Moshi server: `ws://desktop:8998/api/chat` or `wss://…`. Where one is set,
    `auto` takes it."""
    token_env: str = "ASSISTANT_MOSHI_TOKEN"
    """Name of the environment variable that holds the server's key; it is sent as
    `Authorization: Bearer …` and never written down."""
    verify: bool = True
    """Check the server's certificate."""
    ca_file: str | None = None
    """Certificate authority of a server that has a certificate of its own."""
    whisper: str = "auto"
    """Whisper weights that write down what you say, as in `audio.stt`; `none`: nobody."""
    context_seconds: Annotated[float, Field(ge=30, le=3600)] | None = None
    """How far the model of a server that is not ours reaches back, where it takes on personas
    (PersonaPlex: 240): in time the conversation is begun anew there, with notes on what was said.
    Unset: never."""


class BackendConfig(_ConfigTable):
    name: str = "auto"
    """`auto`, `moshi-mlx`, `moshi-torch`, `moshi-cpp`, `moshi-server`, `cascade`, `echo`, or a
    plugin's."""
    python: str | None = None
    """Another Python interpreter to run the backend in."""
    cascade: CascadeConfig = CascadeConfig()
    moshi: MoshiConfig = MoshiConfig()
    moshi_cpp: MoshiCppConfig = MoshiCppConfig()
    server: ServerConfig = ServerConfig()


class VoiceConfig(_ConfigTable):
    expressive: bool = True
    """Say sentences differently, by what they are and by how you seem to feel: a question rises, an
    aside falls, a sad word is slow. Off: everything as the voice says it."""


class BrainConfig(_ConfigTable):
    kind: Annotated[str, AfterValidator(_one_of(BRAIN_KINDS, "assistant.brains"))] = "auto"
    """Who answers: `openai`, a language model that a server has; `local`, one of our own (see
    `weights`); `scripted`, the scripted persona; `auto`: the first of these that there is; or what
    a plugin brings, by its name."""
    url: str | None = None
    """Address of an OpenAI-compatible server, with its `/v1`."""
    model: str | None = None
    """Model to ask for; unset: the server's first."""
    weights: str | None = None
    """Our own model, as `assistant setup brain` sets it: a name that `assistant brain list` shows,
    or a GGUF file."""
    api_key_env: str = "ASSISTANT_API_KEY"
    """Name of the environment variable that holds the server's key; the key itself is never
    written down."""
    temperature: float = Field(default=0.7, ge=0.0, le=2.0)
    """Randomness of its answers."""
    max_tokens: int = Field(default=300, ge=16, le=8192)
    """Longest answer, in tokens."""
    timeout_s: float = Field(default=30.0, gt=0, le=600)
    """Seconds to wait for the first word."""
    speculate: bool = True
    """Begin an answer in a pause that may be the end of your turn, where the model is on this
    machine or in this network and nothing runs on a battery; it is thrown away if you go on."""


class EmotionConfig(_ConfigTable):
    enabled: bool = True
    """Notice how you are, by your words and by how much your voice is raised, and answer
    accordingly. Nothing of the sound is kept."""


class UiConfig(_ConfigTable):
    animation: bool = True
    """Moving parts; the environment's `TEXTUAL_ANIMATIONS` is honoured too."""
    updates_per_second: int = Field(default=25, ge=1, le=60)
    """How often the waveform moves."""
    keymap: dict[str, str] = {}
    """Your own keys: action id = "key,key"; the ids are shown by `?`."""


class SessionConfig(_ConfigTable):
    persona: str = "jarvis"
    """Who greets you."""
    save: bool = True
    """Keep transcripts."""
    greeting: bool = True
    """Greet at start."""
    notifications: bool = True
    """Show on the desktop, too, what timers, alarms and reminders say."""
    reachable: bool = True
    """Your other programs on this machine may reach an open conversation: `assistant mcp` speaks in
    it, `assistant web` follows it."""
    permissions: dict[str, Literal["always", "ask", "never"]] = {}
    """Permission a tool: name = "always", "ask" or "never"."""


class QdrantConfig(_ConfigTable):
    url: str = ""
    """Address of a Qdrant server, such as `http://127.0.0.1:6333`; empty: Qdrant's engine in this
    process."""
    path: str | None = None
    """Folder of the engine in this process; unset: `qdrant` beside the journals."""
    collection: str = Field(default="assistant", pattern=r"^[A-Za-z0-9_-]{1,200}$")
    """First part of the names of its collections."""
    api_key_env: str = "ASSISTANT_QDRANT_KEY"
    """Name of the environment variable that holds the server's key."""


class Mem0Config(_ConfigTable):
    path: str | None = None
    """Folder of its vectors and its history; unset: `mem0` beside the journals."""
    user: str = Field(default="user", pattern=r"^[^\s]{1,200}$")
    """Whose memories these are: mem0's `user_id`."""
    config: str | None = None
    """File with a mem0 configuration (JSON) of your own, and with it its vectors, models and
    network; unset: Qdrant's engine and the word vectors of this program, without any network."""


class MemoryConfig(_ConfigTable):
    enabled: bool = True
    """Remember what matters from one conversation to the next."""
    private: bool = False
    """Keep nothing of this conversation: no memory, no transcript. What is known may be used."""
    budget_tokens: int = Field(default=400, ge=0, le=8000)
    """How much of a language model's prompt may be memory, in tokens."""
    write_every_minutes: float = Field(default=5.0, gt=0, le=120)
    """How often a long conversation is written down."""
    walls: bool = False
    """No persona knows what another was told."""
    git: bool = False
    """Commit every change of the journals to a git repository in their folder."""
    encryption: Literal["off", "keyring", "passphrase"] = "off"
    """Seal the journals, with a key in the system's keyring or from a passphrase in the
    environment variable `ASSISTANT_MEMORY_PASSPHRASE`. There are no transcripts then: the journals
    hold what was said."""
    server: str = ""
    """Address of another machine's memory (`assistant memory serve`); empty: this one's. Its token
    is in the environment variable `ASSISTANT_MEMORY_TOKEN`, or in a file `memory-token` (mode 0600)
    beside the settings."""
    store: Annotated[
        str, AfterValidator(_one_of(("files", *STORE_PLUGINS), "assistant.memory_stores"))
    ] = "files"
    """Where it is kept: in Markdown `files`, or in what you run already, by the name of its plugin
    (`mem0`, `qdrant`), which knows nothing of files to edit, git and encryption."""
    qdrant: QdrantConfig = QdrantConfig()
    mem0: Mem0Config = Mem0Config()


class DiscordConfig(_ConfigTable):
    token_env: str = Field(default="ASSISTANT_DISCORD_TOKEN", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the environment variable that holds the bot's token; the token itself is never
    written down."""
    server: str | int | None = None
    """Discord server, by name or id; unset: the only one that the bot was invited to."""
    channel: str | int | None = None
    """Voice channel that is joined at start, by name or id; unset: it waits for /join."""
    commanders: list[str | int] = []
    """Who may command it: names or ids of people, or names of roles; empty: everybody who is in the
    voice channel, and whoever may manage the server."""
    text: bool = False
    """Write in the text channel, too, what is said aloud."""
    nickname: bool = True
    """Let nickname and avatar on the server follow the persona."""
    alone_s: float = Field(default=60.0, ge=5.0, le=86_400.0)
    """Seconds alone in a channel after which it is left."""


class IntentCall(_ConfigTable):
    """A tool with arguments that the user's words need not hold."""

    tool: str
    arguments: dict[str, Any] = {}
    """Where one holds `{…}`, what was said there is filled in: `path = "~/Notes/{title}.md"`."""


class AdapterConfig(_ConfigTable):
    """A program with tools, or a coding agent, in a table `[adapters.NAME]`."""

    kind: Literal["mcp", "acp"] = "mcp"
    """What it speaks: the Model Context Protocol, or (an agent) the Agent Client Protocol."""
    command: list[str] = []
    """What starts it: the program and its arguments; `~` and `$NAME` are filled in."""
    url: str | None = None
    """Where it runs already (streamable HTTP), in place of a command."""
    env: dict[str, str] = {}
    """Environment of the program; write a secret as `$NAME`, and it is taken from yours."""
    cwd: str | None = None
    """Folder in which it runs."""
    folder: str | None = None
    """Of an agent: the project, of which alone it gets files and terminals from us."""
    enabled: bool = True
    spoken: list[str] = []
    """What you call it: "my notes"."""
    tools: list[str] | None = None
    """Those of its tools that may be used; unset: all."""
    reads: list[str] = []
    """Tools that only read although the program does not say so: they run without a question."""
    intents: dict[str, str | IntentCall] = {}
    """What you say, and the tool that it means: "search my notes for {query}" = "search_notes", or
    `{ tool = "…", arguments = { … } }` where it needs more than you say. These work without a
    language model."""
    timeout_s: float = Field(default=60.0, gt=0, le=3600)
    """Seconds that a tool may take; of an agent, without a sign of life (ten minutes, if unset)."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "acp":
            if not self.folder:
                raise ValueError("an agent (kind acp) needs a folder: the project that it works on")
            if self.url is not None or self.tools is not None or self.intents:
                raise ValueError("an agent (kind acp) has a command, and no url, tools or intents")
        elif self.folder is not None:
            raise ValueError("a folder is for an agent (kind acp); for a server say cwd")
        return self

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise ValueError("give either command or url")
        if self.url is not None and not self.url.startswith(("http://", "https://")):
            raise ValueError("url has to begin with http:// or https://")
        return self


class Config(_ConfigTable):
    session: SessionConfig = SessionConfig()
    audio: AudioConfig = AudioConfig()
    voice: VoiceConfig = VoiceConfig()
    backend: BackendConfig = BackendConfig()
    brain: BrainConfig = BrainConfig()
    memory: MemoryConfig = MemoryConfig()
    emotion: EmotionConfig = EmotionConfig()
    ui: UiConfig = UiConfig()
    discord: DiscordConfig = DiscordConfig()
    adapters: dict[str, AdapterConfig] = {}
    """Programs whose tools may be used, a table `[adapters.NAME]` each: `assistant adapters`."""

    @property
    def stt(self) -> str:
        """The speech recognition weights that the cascade is to load, or `auto`."""
        return self.backend.cascade.whisper or self.audio.stt
