"""Deeds that an answer claims: "Done.", "I have turned the lights off", "I will remind you". A
small model says so whatever it is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.language.lexicon import either

_FORMS = (
    "set set setting|start started starting|stop stopped stopping|turn turned turning"
    "|switch switched switching|change changed changing|open opened opening|close closed closing"
    "|lock locked locking|unlock unlocked unlocking|send sent sending|call called calling"
    "|phone phoned phoning|ring rang ringing|dial dialled dialing|email emailed emailing"
    "|message messaged messaging|text texted texting|play played playing|pause paused pausing"
    "|add added adding|remove removed removing|delete deleted deleting|save saved saving"
    "|schedule scheduled scheduling|book booked booking|order ordered ordering"
    "|reserve reserved reserving|arrange arranged arranging|dim dimmed dimming"
    "|brighten brightened brightening|mute muted muting|unmute unmuted unmuting"
    "|raise raised raising|lower lowered lowering|increase increased increasing"
    "|decrease decreased decreasing|reduce reduced reducing|adjust adjusted adjusting"
    "|activate activated activating|deactivate deactivated deactivating|enable enabled enabling"
    "|disable disabled disabling|launch launched launching|install installed installing"
    "|download downloaded downloading|upload uploaded uploading|print printed printing"
    "|post posted posting|buy bought buying|purchase purchased purchasing|pay paid paying"
    "|cancel cancelled cancelling|snooze snoozed snoozing|connect connected connecting"
    "|boil boiled boiling|brew brewed brewing|cook cooked cooking|clean cleaned cleaning"
    "|feed fed feeding|heat heated heating|shut shut shutting|restart restarted restarting"
    "|reboot rebooted rebooting|update updated updating|record recorded recording"
    "|notify notified notifying|contact contacted contacting|remind reminded reminding"
    "|create created creating|put put putting|bring brought bringing|fetch fetched fetching"
    "|make made making|prepare prepared preparing|move moved moving|search searched searching"
    "|check checked checking|look_up looked_up looking_up|charge charged charging"
    "|wake woken waking|handle handled handling|water watered watering"
    "|park parked parking|drive drove driving"
    "|transfer transferred transferring|format formatted formatting|run ran running"
)
_BASES, _PASTS, _GERUNDS = (
    either(each.split()[place] for each in _FORMS.split("|")) for place in range(3)
)
_DONE_TO = rf"(?:{_PASTS}|canceled|dialed|taken care of|seen to|completed|executed|initiated|begun)"
_THING = (
    r"(?:timers?|alarms?|reminders?|(?:head)?lights?|lamps?|bulbs?|heating|heater|thermostat|music"
    r"|songs?|playlist|radio|tv|television|front door|garage|doors?|windows?|blinds|curtains"
    r"|shutters|volume|e-?mails?|text messages?|messages?|appointments?|calendar|meetings?"
    r"|reservations?|orders?|pizzas?|taxis?|cabs?|uber|shopping list|to-?do list|microphone|coffee"
    r"|kettle|oven|dishwasher|washing machine|vacuum|robot|fan|air conditioning|photos?|pictures?"
    r"|screenshots?|files?|wi-?fi|bluetooth|computer|phone|printer|camera|alarm system|system)"
)
_OBJECT = (
    rf"(?:{_THING}|flights?|tickets?|hotel|rent|bills?|router|server|temperature|notes?|beer|tea"
    r"|wine|drink|dinner|lunch|breakfast|report|cat|dog|plants|car|gate|safe|groceries|parcel"
    r"|package|bed|bath|dishes|laundry|floor|gun|missiles?|engines?|torpedo(?:es)?|shields?)"
)
"""What is handled in orders; in a tale it may be anybody's."""
_ADVERB = (
    r"(?: just| now| already| also| successfully| gladly| happily| immediately| promptly| duly"
    r"| certainly| gone ahead and| been able to| managed to| currently| indeed| then)"
)
_ADVERBS = f"{_ADVERB}*"
_PERFECT = rf"\bI(?:'ve| have){_ADVERBS} {_DONE_TO}\b"
_PAST = rf"\bI{_ADVERBS} {_DONE_TO}\b"
_GOING = rf"\bI(?:'m| am){_ADVERBS} (?:going to {_BASES}|{_GERUNDS})\b"
_WILL = rf"\b(?:I(?:'ll| will| shall| can)|let me|allow me to){_ADVERBS} {_BASES}\b"
_REMIND = (
    r"\bI(?:'ll| will| shall)(?: be sure to| make sure to)?(?: \w+)? (?:remind|wake|alert|call"
    r"|ring|notify) you (?:to|at|in|on|when|about|tomorrow|tonight|later|every|before|again|once)\b"
)
_STATE = (
    rf"(?:on|off|open|closed|shut|locked|unlocked|muted|running|ready|playing|brewing|{_DONE_TO})"
)
_IS = r"(?:is|are|has been|have been|was|were|will be|'s)"
_THING_IS = (
    rf"\b(?:the|your|a|an|all)\b(?: [\w'-]+){{0,3}}? {_THING}(?: [\w'-]+){{0,5}}? {_IS}{_ADVERBS}"
    rf"(?: being| set to)? {_STATE}\b"
)
_THING_SET = rf"^\W*(?:[\w'-]+ ){{0,2}}?{_THING}(?: is| are)?{_ADVERBS} (?:{_DONE_TO}|on|off)\b"
_DONE = re.compile(
    r"\W*(?:(?:and|there|okay|ok|alright|all right|right|very well|certainly|yes|sure)\W+)?"
    r"(?:(?:it|that|all|everything)(?: is|'s| has been)(?: all| now| already)? done|all done|done"
    r"|consider it done|all set|all sorted|mission accomplished|task complet\w+|completed"
    r"|(?:you|we)(?:'re| are) all set|it(?:'s| is) all set)"
    r"(?:(?:,| for you| as requested| as you \w+| now| already)+(?: [\w'-]+){0,3})?\W*",
    re.IGNORECASE,
)
_SURE = re.compile(
    rf"{_REMIND}|(?:{_PERFECT}|{_GOING}|\bI(?:'ll| will){_ADVERBS} {_BASES})"
    rf"[^.!?;]{{0,40}}?\b(?:the|your|a|an|my|all)\b[^.!?;]{{0,30}}?\b{_THING}\b"
    rf"|\byour(?: [\w'-]+){{0,3}}? {_THING}(?: [\w'-]+){{0,5}}?"
    rf" (?:is|are|has been|have been|'s){_ADVERBS}(?: being)? {_DONE_TO}\b|{_THING_SET}",
    re.IGNORECASE,
)
"""Whatever was asked."""
_OBEDIENT = re.compile(
    rf"{_PERFECT}|{_PAST}|{_GOING}|{_WILL}|{_THING_IS}|{_THING_SET}"
    rf"|^\W*(?:\w+,? ){{0,2}}?(?:now )?{_GERUNDS} (?:the|your|a|an|to|it|that|this|now|off|on|up"
    rf"|down"
    r"|all|some|for|(?-i:[A-Z])\w*)\b"
    rf"|\b(?:it|that|they|everything)(?: is|'s| are| has been| have been){_ADVERBS} {_STATE}\b",
    re.IGNORECASE,
)
"""Where something was to be done."""
_MADE_UP = re.compile(
    r"\b(?:story|stories|tale|poem|rhyme|verse|song|sing|joke|imagine|pretend|once upon|dream)\b",
    re.IGNORECASE,
)
"""What is told then is nobody's deed."""
DENIED = re.compile(
    r"\b(?:not|cannot|never|unable|neither|nor|no|none|nothing|nobody|beyond"
    r"|alas|sadly|afraid|refuse|decline|forbids?|lacks?|without|if|unless|would|could|might|until"
    r"|whether"
    r"|wish|pretend|imagine|suppose|unfortunately)\b|n't\b",
    re.IGNORECASE,
)
_ASSENT = re.compile(
    r"\W*(?:(?:yes|sure(?: thing)?|certainly|of course|okay|ok|alright|all right|absolutely|gladly"
    r"|right away|at once|very well|very good|as you wish|understood|with pleasure|no problem"
    r"|my pleasure|right|immediately|affirmative|roger|got it|will do|aye(?: aye)?|consider it done"
    r"|I(?:'ll| will) (?:do|get|see to) (?:that|it|so)(?: right away| now| at once)?|on it"
    r"|I am on it|I'm on it|just a moment|one moment(?: please)?|here you go|there you go"
    r"|as you say|by all means|indeed|let me (?:do|handle|see to|take care of) that(?: for you)?)"
    r"(?:[,.! ]+|$)){1,4}(?:[\w' -]{1,20})?\W*",
    re.IGNORECASE,
)
_PLEASE = (
    r"(?:\W*(?:please|hey|hi|hello|okay|ok|so|well|now|then|and|but|just|also|quickly|kindly|right"
    r"|great|good|alright|yes|no|go ahead(?: and)?|(?:can|could|would|will) you(?: please| just"
    r"| kindly"
    r"| also| maybe)*|would you mind|I(?: want|'d like| would like| need) you to|you (?:should"
    r"|must|have to|can|could)|try to|be so kind (?:as to|and)|(?-i:[A-Z])[\w-]*(?=,)"
    r"|make sure to|don't forget to|do not forget to)\b)*\W*"
)
_ORDER = re.compile(
    rf"{_PLEASE}(?:{_BASES}|wake me|text|tell (?!me\b|us\b)\w+|make sure|light up|hang up|write "
    rf"(?:to|an? (?:e-?mail|letter|message))|go (?:to the|and)|take (?:a|the) (?:photo|picture|note"
    rf"|screenshot)"
    rf"|find my|navigate|get me an?|let (?!me\b|us\b)\w+ know|would you mind \w+ing|vacuum|engage"
    rf"|fire|hide|google|give me an? (?:ring|call)|wash|do the|{_THING} (?:on|off|up|down)\b)\b"
    rf"|\b(?:can|could|would|will) you (?:please |also |just )?{_BASES}\b",
    re.IGNORECASE,
)
_TALK = re.compile(
    rf"{_PLEASE}(?:make (?:(?:me|us) (?:laugh|smile|cry|think|feel|happy|sad|proud|blush|wonder"
    rf"|an offer)|up|sense|a (?:joke|guess|wish|point|rhyme|poem))|call me|play (?:a|along|the"
    r" (?:role|part))|stop\b|change (?:the )?(?:subject|topic)|look up to|bring me (?:joy|up)"
    r"|put it"
    r"|run (?:me )?through|move on|check (?:that|this|it|your)|set the scene|start (?:over|again"
    r"|with"
    r"|by)|create a (?:story|poem|rhyme|joke)|search your (?:heart|soul|memory)|open up|open your"
    r" (?:heart|mind)|raise (?:a|your) )",
    re.IGNORECASE,
)


def asks_for_deed(text: str) -> bool:
    """Whether these words of a user's ask for something to be done in the world, and not said."""
    parts = re.split(r"[.!?;]+\s+|\n+", text.strip()[:2_000])
    return any(_ORDER.match(part) and not _TALK.match(part) for part in parts)


_WITH_THE_WORLD = re.compile(
    rf"\b{_OBJECT}\b|{_PLEASE}(?:phone|ring|dial|e-?mail|text|message|send|book|reserve|buy"
    r"|purchase|pay|download|install|lock|unlock|boil|brew|call (?!it\b|me\b|yourself\b)"
    r"|play (?:some|me some|my) \w+|play (?-i:[A-Z])"
    r"|make (?:it|the \w+|my \w+)(?: \w+){0,3} (?:warmer|cooler|colder|hotter|brighter|darker))\b",
    re.IGNORECASE,
)
_IN_WORDS = re.compile(
    r"\b(?:write|draft|explain|describe|translate|spell|define|words?|sentences?|text:|how (?:do|to"
    r"|can)|why|story|poem|song about|joke|list of|names? for|ideas?|code|python|imagine"
    r"|pretend)\b",
    re.IGNORECASE,
)
"""Where these stand, words are wanted."""


def asks_of_the_world(text: str) -> bool:
    """Whether it is an order that only hands could carry out, or a machine that is told to: every
    word of a model without tools would be made up, unless it says that it cannot."""
    if _IN_WORDS.search(text) or not asks_for_deed(text):
        return False
    return _WITH_THE_WORLD.search(text) is not None


def is_assent(sentence: str) -> bool:
    """ "Certainly, sir.": a promise, and nothing yet."""
    return len(sentence) <= 80 and _ASSENT.fullmatch(sentence) is not None


def claims_deed(sentence: str, asked: str, known: Sequence[str] = ()) -> bool:
    """Whether a sentence says that something was done, or is, or will be. `asked`: the user's
    words; `known`: what is true or was said already: of a thing in it may be spoken."""
    order = asks_for_deed(asked)
    if _DONE.fullmatch(sentence):
        return order or not re.search(
            r"\b(?:done|finished|ready|over|through)\b", asked, re.IGNORECASE
        )
    if not order and _MADE_UP.search(asked):
        return False
    if order and asks_of_the_world(asked):
        return not (DENIED.search(sentence) or sentence.rstrip().endswith("?"))
    found = (_OBEDIENT if order else _SURE).search(sentence)
    if found is None or DENIED.search(sentence[: found.end()]):
        return False
    if sentence.rstrip().endswith("?"):
        return False
    thing = re.search(_THING, found.group(), re.IGNORECASE)
    if not order and thing is not None:
        said = thing.group().casefold().rstrip("s")
        return not any(said in each.casefold() for each in known)
    return True
