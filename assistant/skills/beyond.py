"""What is not done here: weather, news, mail and whatever else needs another machine. Without a
language model it is said plainly, with what would do it; nothing is promised."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, cast

from assistant.language.lexicon import DAY
from assistant.skills.phrases import Skill, SkillSet, says

Beyond = Literal[
    "weather", "news", "web", "mail", "messages", "calls", "music", "home", "calendar", "traffic",
    "money", "sports", "orders", "files", "translation", "dictionary",
]  # fmt: skip
_WHEN = (
    rf"(?: (?:right )?now| today| tonight| tomorrow(?: (?:morning|afternoon|evening|night))?"
    rf"| outside"
    rf"| (?:on |this |next )?{DAY}| this (?:week|weekend|morning|afternoon|evening)| next week"
    r"| at the moment| later| here| currently| out there| going to be| be| like| in the (?:morning"
    r"|afternoon|evening))*"
)
_PLACE = r"(?: (?:in|for|at|near) \S+(?: \S+){0,2})?"
_W = rf"{_WHEN}{_PLACE}{_WHEN}"
_REST = r"\S+(?: \S+)*"
_GET = (
    r"(?:tell me|give me|read(?: me)?|show me|check|get(?: me)?|what is|what are|look up"
    r"|find(?: me)?)"
)
_LAMPS = (
    r"(?:lights?|lamps?|heating|heater|thermostat|radiator|air conditioning|aircon|ac|fan|tv"
    r"|television|coffee machine|kettle|oven|blinds|curtains|shutters|garage door|front door|vacuum"
    r"|robot vacuum|washing machine|dishwasher|plug|socket|radio)"
)
_ROOM = r"(?: in (?:the|my) \S+(?: \S+)?)?"

_NO_WORD = r"(?:it|that|this|your|my|his|her|life|love|all|existence|being|everything)\b"
_TERM = r"\S+(?: \S+){0,2}"

_PHRASES: dict[Beyond, tuple[str, ...]] = {
    "weather": (
        rf"(?:how|what) is the (?:weather|forecast|temperature){_W}",
        rf"what (?:will|is) the (?:weather|temperature)(?: be| going to be)?(?: like)?{_W}",
        rf"{_GET} (?:the |a |today's |tomorrow's )?(?:weather(?: (?:forecast|report))?"
        rf"|forecast){_W}",
        rf"(?:the )?(?:weather|forecast)(?: forecast| report)?{_W}",
        rf"(?:is it|will it|will there be|is there|does it|is it going to|is there going to be)"
        rf"(?: be)? (?:rain|raining|snow|snowing|sunny|cold|hot|warm|windy|cloudy|freezing"
        rf"|freeze|a "
        rf"storm|storm|thunder){_W}",
        rf"how (?:cold|hot|warm|windy) (?:is it|will it be|is it going to be){_W}",
        rf"(?:do|will|should) i (?:need|take|bring|wear) (?:an umbrella|a (?:rain )?(?:coat|jacket)"
        rf"|sunscreen){_W}",
        rf"when (?:is|does) (?:sunrise|sunset|the sun (?:rise|set)){_W}",
    ),
    "news": (
        rf"{_GET} (?:the |today's |any |some )?(?:latest |local |world )?(?:news|headlines){_W}",
        r"what is (?:new|happening|going on) in the (?:world|news)(?: today)?",
        r"(?:the |any |latest |today's )*(?:news|headlines)(?: today)?",
        r"(?:what|is there anything)(?: is)?(?: new)? in the news(?: today)?"
        r"|is there any news(?: today)?",
    ),
    "web": (
        rf"(?:search|google|look up|look)(?: (?:the |on the )?(?:web|internet|online|google"
        rf"|wikipedia))?(?: for| about)? {_REST} (?:on|in) (?:the )?(?:web|internet|google"
        rf"|wikipedia"
        r"|net)",
        rf"(?:search (?:the )?(?:web|internet|net)|search (?:online|google|wikipedia)|google)"
        rf"(?: for)? {_REST}",
        rf"(?:search|look)(?: for)? {_REST} online",
        r"(?:can you )?(?:search|browse|surf|go on) (?:the )?(?:web|internet|net|google|online)",
        rf"(?:open|go to|visit) (?:the )?(?:website|web page|web site|browser|youtube|wikipedia"
        rf"|google"
        rf"|\S+ (?:com|org|net))(?: {_REST})?",
        rf"(?:check|ask|open) wikipedia(?: {_REST})?",
    ),
    "mail": (
        r"(?:check|read|show|open|get|do i have|are there|have i got)(?: me)?(?: my| any| the)?"
        r"(?: new| unread| latest| last)* (?:e ?mails?|mails?|inbox|messages in my inbox)"
        r"(?: (?:for me|today|from \S+))?",
        rf"(?:send|write|reply to|answer|forward|compose)(?: an| a| the| my| this"
        rf"| that)?(?: last| new)?"
        rf" (?:e ?mail|mail)(?: {_REST})?",
        rf"e ?mail (?:my |the )?\S+(?: \S+)? (?:that|about|saying|to say) {_REST}",
    ),
    "messages": (
        rf"(?:send|write)(?: an| a| the| my)? (?:text(?: message)?|message|sms|whatsapp|telegram)"
        rf"(?: (?:message))?(?: {_REST})?",
        rf"(?:text|message|whatsapp) (?:my \S+|mum|dad|\S+) (?:that|saying|to say|about) {_REST}",
        r"(?:read|check|show)(?: me)?(?: my| any)?(?: new| unread)* (?:texts?|messages|whatsapps?)",
    ),
    "calls": (
        r"(?:call|phone|ring up|dial|facetime) (?:my (?:mum|mother|dad|father|wife|husband|sister"
        r"|brother|boss|doctor|friend|son|daughter|office)|mum|dad|home|the (?:police|doctor"
        r"|ambulance|fire brigade)|an ambulance|a taxi|911|112|999)(?: (?:for me|now))?",
        rf"make a (?:phone )?call(?: to {_REST})?",
        r"(?:call|order|get|book) me (?:a )?(?:taxi|cab|uber)",
    ),
    "music": (
        rf"play(?: me)?(?: some| a| the| my| any)?(?: \S+){{0,3}} (?:music|song|songs|playlist"
        rf"|album"
        rf"|radio|podcast|audiobook|tune|jazz|rock|techno|classical|station)(?: {_REST})?",
        rf"play (?:something|anything)(?: {_REST})?",
        rf"play {_REST} (?:on spotify|on youtube|by \S+(?: \S+)?)",
        r"(?:next|skip this|skip the|previous|pause the|resume the|stop the) (?:song|track|music)",
        r"(?:put on|turn on) (?:some |the |my )?(?:\S+ )?(?:music|radio|spotify|playlist)",
    ),
    "home": (
        rf"(?:turn|switch|put) (?:on|off|up|down) (?:the |my "
        rf"|all(?: the)? )?(?:\S+ ){{0,2}}?{_LAMPS}"
        rf"{_ROOM}",
        rf"(?:turn|switch) (?:the |my |all(?: the)? )?(?:\S+ ){{0,2}}?{_LAMPS}{_ROOM} (?:on|off|up"
        rf"|down){_ROOM}",
        rf"(?:dim|brighten|open|close|lock|unlock|start|stop) (?:the |my |all the )?(?:\S+ )?"
        rf"(?:{_LAMPS}|windows?|garage){_ROOM}",
        rf"set (?:the |my )?(?:{_LAMPS}|temperature|heat){_ROOM} to {_REST}",
        r"lights (?:on|off)|make it (?:warmer|cooler|colder|brighter|darker)(?: in here)?",
    ),
    "calendar": (
        rf"what is (?:on|in) my (?:calendar|schedule|agenda|diary){_WHEN}",
        rf"(?:what|which|do i have any|are there any) (?:appointments|meetings)(?: do i have"
        rf"| are there"
        rf"| have i got)?{_WHEN}",
        rf"what do i have (?:on|planned|coming up){_WHEN}",
        rf"(?:add|put|schedule|create|book|make)(?: an?| the)? (?:appointment|meeting"
        rf"|event)(?: {_REST})?",
        r"(?:add|put) (?:it|that|this|\S+(?: \S+){0,3}) (?:to|in|on) my (?:calendar|agenda|diary)",
        r"(?:check|show me|read me|open) my (?:calendar|agenda|diary)",
    ),
    "traffic": (
        rf"(?:how is|what is|check) the traffic(?: like)?{_W}",
        r"(?:navigate|directions|give me directions|take me|guide me) (?:to|home)(?: \S+){0,4}",
        r"how (?:do i get|long does it take to get|far is it) (?:to|from) \S+(?: \S+){0,4}",
        r"when (?:is|does) (?:the|my) (?:next )?(?:bus|train|tram|flight|subway"
        r"|ferry)(?: (?:leave|come"
        r"|go|arrive))?(?: \S+){0,4}",
        r"(?:where is|find)(?: me)? the (?:nearest|closest) \S+(?: \S+)?",
    ),
    "money": (
        r"(?:what is|how much is) (?:the )?(?:price of |value of )?(?:a |one )?(?:bitcoin|ethereum"
        r"|gold|oil)(?: (?:price|worth|today|now|at))*",
        rf"(?:how (?:is|are)|what is) (?:the )?(?:stock market|stocks|stock price|shares"
        rf"|dow jones|dax"
        rf"|nasdaq|exchange rate)(?: {_REST})?",
        r"(?:how much (?:is|are)|convert) \S+ (?:dollars?|euros?|pounds|yen|francs) (?:in|to|into)"
        r" (?:dollars?|euros?|pounds|yen|francs|us dollars)",
    ),
    "sports": (
        r"who (?:won|is winning|plays) (?:the )?(?:game|match|football|world cup|race|super bowl"
        r"|election|league|final)(?: \S+){0,4}",
        r"what (?:is|was) the (?:score|result)(?: (?:of|in) \S+(?: \S+){0,4})?",
        r"did \S+(?: \S+){0,2} win(?: (?:today|yesterday|last night|the game|the match))?",
    ),
    "orders": (
        r"(?:order|buy)(?: me| us)? (?:a |an |some |more |the )?\S+(?: \S+){0,3}"
        r" (?:online|from amazon|on amazon|for me)",
        r"order(?: me| us)? (?:a |some )?(?:pizza|food|groceries|sushi|dinner|lunch|takeaway)",
        r"(?:book|reserve)(?: me| us)? (?:a |the )?(?:table|flight|hotel|room|ticket|tickets"
        r"|cinema)"
        r"(?: \S+){0,6}",
    ),
    "files": (
        rf"(?:open|start|launch|close|run) (?:the |my |a )?(?:app|application|program|browser"
        rf"|firefox"
        rf"|chrome|spotify|word|excel|editor|terminal|calculator|photos|camera|settings|file|folder"
        rf"|document)(?: {_REST})?",
        r"take a (?:picture|photo|screenshot|selfie)(?: of \S+(?: \S+)?)?",
        r"(?:find|search|delete|open|show me|read) (?:my|the|a) (?:files?|photos|documents"
        r"|downloads)"
        r"(?: \S+){0,4}",
        r"(?:shut ?down|restart|reboot|turn off|lock|sleep) (?:the |my |this )?(?:computer"
        r"|laptop|pc"
        r"|machine|mac)",
    ),
    "translation": (
        rf"translate {_REST}",
        r"how (?:do|would) (?:you|i) say (?!that\b|it\b|this\b)\S+(?: \S+){0,5} in (?:french|german"
        r"|spanish|italian|portuguese|dutch|polish|russian|japanese|chinese|latin|greek|turkish"
        r"|swedish)",
        r"what is (?:the )?(?:french|german|spanish|italian|portuguese|dutch|japanese|chinese"
        r"|latin)"
        r"(?: word)? for \S+(?: \S+){0,3}",
    ),
    "dictionary": (
        r"define (?:the word )?(?!yourself\b|it\b|that\b|us\b)\S+(?: \S+){0,2}",
        rf"what does (?:the word )?(?!{_NO_WORD}){_TERM} mean",
        rf"what (?:is|are) the (?:meaning|definition)s? of (?:the word )?(?!{_NO_WORD}){_TERM}",
        rf"look up (?:the word )?(?!{_NO_WORD}){_TERM} in (?:the|a) dictionary",
    ),
}
_CANNOT: dict[Beyond, str] = {
    "weather": "I cannot see the weather from here",
    "news": "I get no news",
    "web": "I do not search the internet",
    "mail": "I have no way to your mail",
    "messages": "I have no way to your messages",
    "calls": "I cannot make a call",
    "music": "I cannot play music",
    "home": "I cannot switch anything in your home",
    "calendar": "I cannot see your calendar",
    "traffic": "I know nothing of places, roads and timetables",
    "money": "I know no prices and no rates",
    "sports": "I hear of no results",
    "orders": "I cannot order or book anything",
    "files": "I do not open programs or files, and I do not touch your machine",
    "translation": "I know no other language by myself",
    "dictionary": "I have no dictionary",
}
_INSTEAD: dict[Beyond, str] = {
    "calls": "But I can remind you to call.",
    "calendar": "But I can remind you: say, remind me of the meeting tomorrow at nine.",
    "orders": "But I can put it on your shopping list.",
    "mail": "But I can remind you to write one.",
    "messages": "But I can remind you to write one.",
    "files": "For a text there is: assistant ask, with the text sent in.",
    "translation": "A language model may: assistant setup brain gives me one.",
    "dictionary": "A language model may know it: assistant setup brain gives me one.",
}
_HOW = (
    "I send nothing to other machines by myself. A plugin could; the page on contributing shows "
    "how one is made."
)
_URGENT = re.compile(r"ambulance|police|fire brigade|\b(?:911|112|999)\b", re.IGNORECASE)
_CALL_NOW = "I cannot call anybody: please call the emergency number yourself, now."


class Limits:
    """Knows what is not done here. It takes part in no conversation where a language model or
    a tool answers: what it tells is for the scripted persona."""

    def __init__(self, names: Callable[[], Sequence[str]] = lambda: ()) -> None:
        """`names()`: what the user may call the persona."""
        phrases = [
            says(pattern, topic=topic)
            for topic, patterns in _PHRASES.items()
            for pattern in patterns
        ]
        self._asked = SkillSet([Skill("beyond", tuple(phrases))], names)

    def prepare(self) -> None:
        """Do beforehand, in any thread, what the first turn would have to wait for."""
        self._asked.prepare()

    def topic(self, text: str) -> Beyond | None:
        """What of it a turn asks for, and for nothing else."""
        call = self._asked.call(text)
        return cast(Beyond, call.arguments["topic"]) if call is not None else None

    def told(self, text: str) -> tuple[str, ...]:
        """Sentences: that it is not done here, what is instead, what would do it; none where it
        is nothing of the kind."""
        topic = self.topic(text)
        if topic is None:
            return ()
        if topic == "calls" and _URGENT.search(text):
            return (_CALL_NOW,)
        how = "" if topic in ("translation", "dictionary") else _HOW
        parts = (f"{_CANNOT[topic]}.", _INSTEAD.get(topic, ""), how)
        return tuple(part for part in parts if part)
