"""What the assistant knows of itself, from how things really stand: whether it records, hears,
sends anything, which models it runs, and why it is slow. Never guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from assistant.language.lexicon import spoken_list
from assistant.skills.phrases import Skill, says, skill
from assistant.tools.registry import ToolReply

Topic = Literal[
    "recording",
    "microphone",
    "data",
    "network",
    "model",
    "speed",
    "voice",
    "maker",
    "quit",
    "cost",
    "languages",
    "abilities",
    "volume",
    "persona",
]


@dataclass(frozen=True, slots=True)
class OwnFacts:
    """How things stand just now."""

    microphone: str | None = None
    """The device; None where there is none."""
    muted: bool = False
    waits_for_key: bool = False
    """Push-to-talk, and the key is not down."""
    private: bool = False
    """Nothing of this conversation is kept."""
    transcripts: str = ""
    """Folder into which what is said is written; "" where it is not."""
    unwritten: bool = False
    """It could not be written so far."""
    memory: str = ""
    """Folder or place of what is remembered from one conversation to the next; "" for nothing."""
    sealed: bool = False
    """What is remembered is encrypted."""
    data: str = ""
    """Folder of all that is kept."""
    backend: str = ""
    engine: str = ""
    """What hears and speaks, as it calls itself."""
    brain: str = ""
    """Who answers: "scripted", or a model's name and place."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Other machines, by what they are sent: "what I hear" → "desktop"."""
    plugins: tuple[str, ...] = ()
    """Parts that are not ours, of which it is not known what they send."""
    latency: float | None = None
    """Seconds from the user's last word to the first sound of the last answer."""
    stages: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds of it."""
    personas: tuple[str, ...] = ()
    remembers: bool = False
    """Memory is enabled."""
    volume: float | None = None
    """0 to 1; None where nothing sounds."""
    rate: float | None = None
    """Of speech; 1 is the persona's own."""
    persona: str = ""
    """The name of the one that speaks."""


_STAGES = {
    "wait": "making sure that you had finished",
    "transcribe": "writing down your words",
    "answer": "thinking of the answer",
    "voice": "making the voice",
    "device": "the speaker",
}
_ME = r"(?:me|us|this|this conversation|what i say|what we say|my voice|my words|everything i say)"
_RECORDS = r"(?:record|save|store|keep|log|write down|tape|remember)"
_MY_DATA = (
    r"(?:my data|my stuff|my conversations?|our conversations?|my transcripts?|the transcripts?"
    r"|your memory|your memories|my information|your data|your files|what i say|what i said"
    r"|everything|the data|my lists?|my files)"
)
_MIC = r"(?:my |the |your )?(?:microphone|mic|mike)"


def about_skills(facts: Callable[[], OwnFacts]) -> list[Skill]:
    """`about_yourself`."""

    @skill(
        says(rf"(?:do|will|did) you (?:ever |always |also |secretly )?{_RECORDS} (?:all of )?{_ME}"
             r"(?: (?:talking|all the time|secretly))?", topic="recording"),
        says(rf"(?:are you|am i being|is this being|are we being|is this conversation being|is it"
             rf") (?:secretly )?(?:recording|recorded|saving|saved|taping|taped|logged|storing"
             rf"|keeping)(?: {_ME})?", topic="recording"),
        says(r"(?:are you|do you) (?:spying|spy|eavesdropping|snooping)(?: on (?:me|us))?",
             topic="recording"),
        says(r"is (?:this|this conversation|what i say|our conversation)(?: (?:really|kept))? "
             r"private|are you private|(?:who|can (?:any|some)(?:one|body))(?: else)?(?: can)?"
             r" (?:hear|read|see) (?:me|us|this|what i say)"
             r"|who (?:else )?(?:hears|listens to|is listening to) (?:me|us|this|what i say)"
             r"|who (?:else )?(?:can|could) (?:hear|listen to|read|see) (?:me|us|this"
             r"|what (?:i|we) (?:say|am saying|are saying))(?: (?:right )?now)?"
             r"|(?:is|can) (?:anyone|anybody|someone|somebody)(?: else)? (?:listening|hear|hearing"
             r"|listen)(?: in)?(?: (?:to )?(?:me|us|this|what (?:i|we) say))?(?: (?:right )?now)?",
             topic="recording"),
        says(r"(?:do|will) you (?:keep|store|save|sell|share|collect) my (?:data|voice|words)"
             r"|is my (?:data|voice) (?:safe|private|secure)", topic="recording"),
        says(r"what do you do with (?:my (?:data|voice|words|recordings)|what i say|what you hear)"
             r"|what happens (?:to|with) (?:my|the|our|these)"
             r" (?:data|voice|words|(?:voice |audio )?recordings?|conversations?|audio)"
             r"|what happens (?:to|with) (?:what (?:i|we) (?:say|said)|everything i say)",
             topic="recording"),
        says(rf"is {_MIC} (?:on|off|open|muted|working|live|active|listening)"
             r"(?: or (?:off|on|muted))?", topic="microphone"),
        says(r"(?:are you|do you)(?: always| still)? (?:listening|listen)(?: to (?:me|us|"
             r"everything))?(?: (?:all the time|always|right now))?", topic="microphone"),
        says(rf"am i muted|are you muted|which microphone (?:do you use|are you using|is on)|how do"
             rf" i (?:mute|turn off|switch off|unmute|turn on) (?:you|{_MIC})",
             topic="microphone"),
        says(rf"where (?:is|are|do you (?:keep|save|store|put|write)|did you (?:save|store|put))"
             rf"(?: all(?: of)?)? {_MY_DATA}(?: (?:kept|stored|saved|written|stored at))?",
             topic="data"),
        says(r"(?:are you|do you) (?:connected|connect|online|on the internet|linked)(?: to (?:the "
             r"(?:internet|cloud|web|network)))?", topic="network"),
        says(r"(?:are you|do you (?:run|work)|is this)(?: running| all| completely| fully| wholly)?"
             r" (?:local|locally|offline|on this machine|on my (?:machine|computer)|in the cloud"
             r"|without (?:the )?internet)", topic="network"),
        says(r"do you (?:use|need|have)(?: access to)? (?:the |an )?(?:internet|cloud|web)"
             r"(?: (?:connection|access))?", topic="network"),
        says(r"do you send (?:anything|what i say|my (?:data|voice|words)|data|it|this)(?: to)?"
             r"(?: (?:anywhere|the (?:internet|cloud)|anyone|somebody|someone|google|out|home))?"
             r"|do you (?:phone|call) home|does (?:anything|what i say|my (?:data|voice)) leave"
             r" (?:this|my) (?:machine|computer)", topic="network"),
        says(r"(?:which|what)(?: kind of)?(?: (?:language|ai|speech|voice))? model(?:s)? (?:are you"
             r"|do you (?:use|run)|are you (?:using|running)|is this|is running|powers you|runs)"
             r"(?: on)?", topic="model"),
        says(r"(?:which|what) (?:backend|brain|engine|llm|ai) (?:are you|do you use|do you run"
             r"|are you (?:using|running)|is running|do you have)|what do you run on"
             r"|what are you running(?: on)?", topic="model"),
        says(r"why (?:are you|is this|is it|were you|do you) (?:so |this |that |being )?(?:slow"
             r"|late|sluggish)(?: (?:today|to answer|to respond))?|why does (?:it|this|that)"
             r"(?: always)? take(?: you)? so long(?: to answer)?|why do you take so long"
             r"(?: to answer)?|how (?:fast|slow|quick) are you|what is your latency"
             r"|what takes (?:you )?so long", topic="speed"),
        says(r"how (?:do|can) (?:i|we|you) (?:change|switch|choose|set) (?:your|the) (?:voice"
             r"|persona|personality|character|speed|volume)|can (?:i|you) (?:change|have) (?:your|a"
             r" different|another) voice|how (?:do|can) i (?:make|get) you (?:to )?(?:sound"
             r" different|speak (?:slower|faster|louder))", topic="voice"),
        says(r"how loud are you(?: (?:set|speaking|talking))?|(?:what|which|how (?:high|loud)) is "
             r"(?:the|your)(?: current)? volume(?: (?:at|level|set to|on|now|right now))?|what"
             r" volume (?:are you(?: (?:at|on|set to))?|is (?:it|this)(?: (?:at|on))?)|what is"
             r" (?:the|your)(?: current)? (?:speaking rate|speech rate|rate of speech|rate|pace"
             r"|speaking speed|speech speed)|how fast (?:do|are) you (?:speak|talk)(?:ing)?"
             r"|(?:is (?:the|your) volume|are you) (?:at )?(?:full|maximum|max|half) volume",
             topic="volume"),
        says(r"(?:which|what) (?:persona|theme|character|personality|voice)(?: (?:are you|is this|"
             r"is that|am i (?:talking|speaking) (?:to|with)|is (?:active|on|in charge|selected"
             r"|speaking)|do i have))(?: (?:right )?now)?|who am i (?:talking|speaking) (?:to|with)"
             r"|which (?:one|of them) are you|who is (?:speaking|talking)(?: now)?",
             topic="persona"),
        says(r"who (?:has )?(?:made|created|built|programmed|designed|developed|invented) you",
             topic="maker"),
        says(r"what (?:else )?(?:all )?can you do(?: for (?:me|us))?|what are you (?:able to do"
             r"|capable of)|what can i (?:ask|say)(?: (?:to )?you)?(?: (?:to do|for))?"
             r"|what (?:are|is) your (?:skills?|abilities|capabilities|features|functions)"
             r"|(?:list|show me|tell me) (?:your (?:skills|abilities|features)|what you can do)",
             topic="abilities"),
        says(r"how (?:do|can|could) i (?:turn|switch|shut) you (?:off|down)|how (?:do|can) i"
             r" (?:quit|exit|close|stop|leave|end|kill)"
             r"(?: (?:you|this|the (?:program|app|assistant)|it))?"
             r"|how do i get out(?: of (?:here|this))?", topic="quit"),
        says(r"(?:does|do|will) (?:this|it|you|using (?:this|you|it)) cost (?:me )?(?:anything"
             r"|something|money|much)|how much (?:do|does) (?:you|this|it) cost|(?:are you|is this"
             r"|is it)(?: really| all| completely)? free(?: of charge| to use| software)?"
             r"|(?:do|will) i (?:have|need) to pay(?: (?:for|anything|you)(?: \S+)?)?"
             r"|(?:are you|is this) open source", topic="cost"),
        says(r"(?:which|what)(?: other)? languages? (?:do|can) you (?:speak|understand"
             r"|know|talk)|(?:do|can) you (?:speak|understand|talk|know) (?:any )?"
             r"(?:other languages?|another language|german|french|spanish|italian|portuguese"
             r"|dutch|polish|russian|japanese|chinese|hindi|arabic|turkish|swedish|english)"
             r"(?: (?:too|as well|with me))?",
             topic="languages"),
        offered=True,
    )  # fmt: skip
    async def about_yourself(topic: Topic) -> ToolReply:
        """Tell what is true of yourself just now: whether anything is recorded, the microphone, the
        network, your model, your speed. Never answer that from memory.

        Args:
            topic: What the user wants to know.
        """
        told = _TOPICS[topic](facts())
        # Its maker is told in the persona's own words.
        return ToolReply(told, None if topic == "maker" else told)

    return [about_yourself]


def _recording(now: OwnFacts) -> str:
    sent = now.hosts.get(_HEARD)
    sound = (
        f"What I hear is sent to {sent}, and I keep no sound myself."
        if sent
        else "I record no sound: what I hear becomes words, and the sound is gone."
    )
    return f"{sound} {_kept(now)}"


def _kept(now: OwnFacts) -> str:
    if now.private and not now.transcripts:
        return "This conversation is private: nothing of it is kept."
    kept = []
    if now.transcripts:
        could = "should be written down, but cannot be just now" if now.unwritten else "is written"
        kept.append(f"What we say {could} as text in {now.transcripts}")
    if now.memory and not now.private:
        sealed = ", encrypted" if now.sealed else ""
        kept.append(f"{'what matters of it' if kept else 'What matters'} is remembered in "
                    f"{now.memory}{sealed}")  # fmt: skip
    if not kept:
        return "Nothing of what we say is kept."
    return f"{', and '.join(kept)}."


def _microphone(now: OwnFacts) -> str:
    if now.microphone is None:
        return "There is no microphone: I hear nothing."
    if now.muted:
        return "It is muted: I hear nothing until you open it again."
    if now.waits_for_key:
        return "It opens only while you press the key to talk: just now I do not listen."
    return f"It is on: I listen through {now.microphone}. Say mute, and I stop."


def _data(now: OwnFacts) -> str:
    folders = [
        f"transcripts in {now.transcripts}" if now.transcripts else "",
        f"what I remember in {now.memory}" if now.memory else "",
    ]
    told = [each for each in folders if each]
    rest = " Nothing of this conversation is added to it." if now.private else ""
    if not told:
        return f"I keep no transcripts and no memories. My other files are in {now.data}.{rest}"
    return f"I keep {spoken_list(told)}. My other files are in {now.data}.{rest}"


def _network(now: OwnFacts) -> str:
    sent = [f"{what} goes to {host}" for what, host in now.hosts.items()]
    told = f"Yes: {spoken_list(sent)}." if sent else _ALONE
    if now.plugins:
        told = f"{told} But of {spoken_list(now.plugins)} I do not know what is sent."
    return told


def _model(now: OwnFacts) -> str:
    if now.brain == "scripted":
        who = "No language model answers: I am a scripted persona, and know only what I was taught"
    elif now.brain:
        who = f"Answers come from {now.brain}"
    else:
        who = "I do not know yet who will answer"
    if now.engine:
        return f"{who}. Hearing and speaking is done by {now.engine}, as {now.backend}."
    return f"{who}. Hearing and speaking is done by {now.backend or 'nothing yet'}."


def _speed(now: OwnFacts) -> str:
    if now.latency is None:
        return "I have not answered aloud yet, so there is nothing that I have measured."
    told = f"My last answer began {now.latency:.1f} seconds after your last word."
    if now.stages:
        longest = max(now.stages, key=lambda name: now.stages[name])
        share = now.stages[longest] / 1000
        told += f" The most of it, {share:.1f} seconds, was {_STAGES.get(longest, longest)}."
    return told


def _voice(now: OwnFacts) -> str:
    others = spoken_list(now.personas[:4])
    return (
        f"Say: change to, and a name, such as {others}. Or say louder, quieter, faster or slower."
        if others
        else "Say louder, quieter, faster or slower."
    )


def _volume(now: OwnFacts) -> str:
    if now.volume is None or now.rate is None:
        return "I have not sounded yet, so there is no volume to speak of."
    rate = "at my usual pace" if abs(now.rate - 1) < 0.01 else f"{now.rate:.0%} of my usual pace"
    return f"My volume is {now.volume:.0%}, and I speak {rate}."


def _persona(now: OwnFacts) -> str:
    return f"You are talking to {now.persona or 'me'}."


def _maker(now: OwnFacts) -> str:
    return "You are free software, made by people who like to talk to their machines."


def _abilities(now: OwnFacts) -> str:
    can = [
        "set timers, alarms and reminders",
        "keep a shopping and a to-do list",
        *(["remember what you tell me"] if now.remembers else []),
        "tell the time here and elsewhere, and days until a date",
        "convert units and work out sums",
        "spell words, throw dice and flip coins",
        "become somebody else",
    ]
    talk = "" if now.brain == "scripted" else " And we can talk about whatever you like."
    return f"I can {spoken_list(can)}. Say for example: set a pasta timer for ten minutes.{talk}"


_HEARD = "what I hear"
_ALONE = "No. I run on this machine, and send nothing that you say to any other."
_TOPICS: dict[Topic, Callable[[OwnFacts], str]] = {
    "recording": _recording,
    "microphone": _microphone,
    "data": _data,
    "network": _network,
    "model": _model,
    "speed": _speed,
    "voice": _voice,
    "maker": _maker,
    "quit": lambda now: (
        "Press q on the dashboard, or control and C; nothing is lost. Say mute, and I only stop "
        "listening."
    ),
    "cost": lambda now: (
        "No. I am free software, I run on your own machine, and nobody asks for money."
    ),
    "languages": lambda now: "I understand and speak English only, so far.",
    "abilities": _abilities,
    "volume": _volume,
    "persona": _persona,
}
