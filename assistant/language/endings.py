"""Do these words sound finished? Rules on classes of words, because a recogniser's own marks say
little: Whisper ends nearly everything with a full stop, even "I would like to.".

What a sentence of English still owes its hearer is mostly told by its last words: an article owes a
noun, a conjunction a clause, a verb such as "give" an object, unless a "what" before it has paid
(Quirk et al. 1985, "A comprehensive grammar of the English language", sections 2.59, 16.20 f.).
"""

from __future__ import annotations

import re
from typing import Literal

from assistant.language.dictation import piece, without_points
from assistant.language.lexicon import (
    AUXILIARIES,
    DETERMINERS,
    HUM,
    NEGATED,
    QUESTION_WORDS,
    REQUEST_VERBS,
    phrase_set,
    word_set,
)

Ending = Literal[
    "command", "answer", "complete", "sentence", "unknown", "doubtful", "dictated", "unfinished"
]
"""A whole command to the program; "yes", "never mind"; a whole question or request, to which a
reply is due at once; a whole statement, to which the speaker may yet add; no telling; probably not
the end (a list, a hum, a guess); a piece of a number, a spelled name or an address, however whole
it sounds; clearly not the end."""

Rivals = tuple[tuple[str, float], ...]
"""Other readings of the last word (in small letters, or a mark), and their probabilities."""


_HUM = re.compile(HUM)
_ASSENT = re.compile(r"mm? h+m+|mhm|uh huh|m+ m+")
"""A yes with the mouth closed."""
_DETERMINERS = (DETERMINERS - word_set("her this that those")) | word_set("whose which")
"""Owe a noun; "her", "this" and "that" may stand for one."""
_ORDINALS = word_set(
    "first second third last next other same only main whole own favorite favourite"
)
"""Owe one, but after "the" or "my" only."""
_CONJUNCTIONS = word_set(
    "and or but nor because although though unless until till while whereas if when whenever "
    "since than as whether plus versus"
)
_PREPOSITIONS = word_set(
    "of to from with without into onto at by for about between among through during against "
    "toward towards via per like in on over under near beside behind"
)
_PARTICLES = word_set("in on over near behind")
"""Prepositions that also close a clause: "turn it on", "come in"."""
_AUXILIARIES = (
    AUXILIARIES
    | NEGATED
    | word_set(
        "be been being i'm i'd i'll i've you're we're they're he's she's it's that's there's let's "
        "what's who's where's how's gonna wanna gotta you'd you'll we'd we'll we've they'd they'll"
    )
)
_SUBJECTS = word_set("i he she we they who")
_ADVERBS = word_set(
    "very really quite rather so just even only not also then well maybe perhaps too"
)
_ANSWERS_OF_AUXILIARIES = (AUXILIARIES - word_set("shall may must")) | NEGATED
"""End a short answer: "yes, I do", "no, he isn't"; but "I must" and "you may" mostly go on."""

_OWING_VERBS = word_set(
    "want wants need needs like thinking wondering looking trying hoping planning searching "
    "saying called named about get make take put bring give send tell buy use add set remind "
    "include mention say find keep become switch let want prefer involve contain"
)
"""Owe an object or a clause, in whatever kind of sentence."""
_GIVING = word_set("tell give show read remind send sing bring get play teach buy find make")
_TO_WHOM = word_set("me us him her them")
"""After a verb of giving they owe the thing given."""
_QUESTION_OPENERS = QUESTION_WORDS - word_set("who whom whose")
"""Before an auxiliary they owe the rest of the question."""
_PAID_BY_WH = word_set(
    "what what's who's where where's what'll which who whom whose how that much many anything "
    "something nothing"
)
_HOMOPHONES = word_set("remind like want need going trying used able have has had love")
"""Before "too" or "two" at the end: the recogniser's spelling of a "to" that nothing follows."""

_OPENERS = phrase_set(
    "well|so|okay so|ok so|and so|but um|you know|i mean|let me think|let me see|wait|hold on|"
    "hang on|one moment|one second|just a moment|just a second|give me a second|anyway|"
    "how do i put this|how shall i put it|what was it|what's it called|basically|actually|first|"
    "firstly|first of all|second|secondly|finally|for example|for instance|in other words|"
    "by the way|the thing is|i was thinking|i was wondering|it's like|the point is|i guess|"
    "i think|i suppose|i believe|i wonder|i hope|in my opinion|to be honest|to tell the truth|"
    "in fact|on the other hand|i'd like to know|i would like to know|i want to know|"
    "could you tell me|can you tell me|all i know is|it seems to me"
)
"""A speaker who holds the floor says these; alone they are no turn."""
_ANSWERS = phrase_set(
    "yes|no|yeah|yep|yup|nope|nah|sure|okay|ok|right|exactly|correct|wrong|maybe|probably|perhaps|"
    "of course|not really|never mind|nevermind|no thanks|no thank you|yes please|please do|"
    "thank you|thanks|please|absolutely|definitely|certainly|fine|good|great|perfect|alright|"
    "all right|not yet|not now|i don't know|i do|i don't|go ahead|go on|continue|hello|hi|hey|"
    "good morning|good evening|good night|bye|goodbye|tomorrow|today|tonight|yesterday|always|"
    "never|nothing|everything|me too|so do i|not at all|that's all|that's it|that's right|stop|"
    "enough|quiet|be quiet|shut up"
)
"""Whole turns, however short."""
_REQUESTS = REQUEST_VERBS | word_set(
    "give stop pause resume remove delete change take say repeat cancel let's skip go come wait "
    "try speak talk answer mute unmute raise lower increase decrease dim become activate save "
    "forget remember calculate convert choose"
)
"""Begin a request: the bare verb."""
_POLITE = word_set("please now okay ok so then and hey well alright just")
"""May stand before the verb of a request."""
_QUESTION_WORDS = (
    QUESTION_WORDS
    | word_set("what's who's where's how's when's why's")
    | (AUXILIARIES - word_set("might must had"))
    | NEGATED
)
"""Begin a question. Without its mark, "must be tired" and "had a great day" are none."""
_SUBORDINATORS = word_set("if although though unless while whenever whereas when since")
_PRONOUNS = word_set("i you he she it we they there that this")
_ANNOUNCED = word_set(
    "reasons things questions ways options points problems ideas steps choices items possibilities"
)
_WORD = re.compile(r"[a-z0-9']+")
_OPEN_MARKS = ("...", "…", ",", "-", "–", "—", ":", ";")
_SURE = -0.8
"""Mean log probability of the tokens under which a few words are a guess: what Whisper makes of a
hum is "Emily"."""
_FEW = 3
_RIVALLED = 0.02
"""Probability of an owing word in the last one's place from which that word may have been said."""
_SURELY_RIVALLED = 0.2
"""… from which it surely was."""
_LISTED = 0.2
"""… of a comma there: "milk, eggs" is a list without its "and"."""


def ending(text: str, confidence: float = 0.0, rivals: Rivals = ()) -> Ending:
    """How a transcript ends; "unknown" where the words do not tell.

    `confidence`: the recogniser's mean log probability of a token. `rivals`: what it might have
    written instead of the last word. It is fond of whole sentences, so a "the" that may have been
    said counts, even where "that" is likelier.
    """
    text = without_points(text.strip().replace("’", "'"))
    words = _WORD.findall(text.lower())
    if not words:
        return "unknown"
    found = _told(text, words, confidence)
    if found in ("unfinished", "dictated", "doubtful"):
        return found
    asked = text.endswith("?")
    owing = sum(
        likely
        for rival, likely in rivals
        if _WORD.fullmatch(rival)
        and rival != words[-1]
        and _owes([*words[:-1], rival], asked=asked)
    )
    if owing >= _SURELY_RIVALLED:
        return "unfinished"
    listed = sum(likely for rival, likely in rivals if rival == ",")
    return "doubtful" if owing >= _RIVALLED or listed >= _LISTED else found


def _told(written: str, words: list[str], confidence: float) -> Ending:
    """By the words that were written down."""
    text = written.lower()
    if _ASSENT.fullmatch(" ".join(words)):
        return "answer"
    if text.endswith(_OPEN_MARKS) or _owes(words, asked=text.endswith("?")):
        return "unfinished"
    if confidence < _SURE and len(words) <= _FEW and " ".join(words) not in _ANSWERS:
        return "doubtful"
    sentences = [said for part in re.split(r"[.!?]\s+", text) if (said := _WORD.findall(part))]
    clause = sentences[-1]
    if text.endswith("?") and len(clause) >= 2:
        return "complete"
    if " ".join(clause) in _ANSWERS:
        return "answer"
    if (dictated := _dictated(written, clause)) is not None:
        return dictated
    if _asks(clause):
        return "complete"
    return "sentence" if text.endswith((".", "!")) and len(clause) >= 2 else "unknown"


def is_answer(text: str) -> bool:
    """Whether this is a whole turn of a word or two: "no", "never mind", "thank you"."""
    return " ".join(_WORD.findall(text.lower().replace("’", "'"))) in _ANSWERS


def is_wordless(text: str) -> bool:
    """Whether nothing was said but a hum: "Mm-hmm.", "Uh…"."""
    return all(_HUM.fullmatch(word) for word in _WORD.findall(text.lower()))


def _owes(words: list[str], *, asked: bool) -> bool:
    """Whether something has to follow the last word."""
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if _HUM.fullmatch(last) or " ".join(words) in _OPENERS or " ".join(words[-3:]) in _OPENERS:
        return True
    if last in ("too", "two") and (before in _HOMOPHONES or words[-3:-1] == ["remind", "me"]):
        return True
    if " ".join(words if words[0] in _CONJUNCTIONS else words[-2:]) in _ANSWERS:
        return False
    if (before in _QUESTION_OPENERS and last in _AUXILIARIES) or last in ("what's", "where's"):
        return True
    if last in _TO_WHOM and before in _GIVING and not asked:
        return _PAID_BY_WH.isdisjoint(words[:-1])
    fronted = not _PAID_BY_WH.isdisjoint(words[:-1])
    if last in _DETERMINERS:
        return not (last == "no" or (last == "which" and asked))
    if last in _ORDINALS and before in _DETERMINERS | {"another"}:
        return True
    if last in _CONJUNCTIONS:
        return not (asked and last in ("when", "since") and len(words) <= _FEW)
    if last in _PREPOSITIONS:
        if last in _PARTICLES:
            return not (fronted or _closed_by_particle(words, asked))
        return not fronted or _asks_how(words) or (last == "of" and words[-3:-2] == ["the"])
    if last in _AUXILIARIES:
        answered = before in _PRONOUNS and words[0] not in _CONJUNCTIONS
        answers = last in _ANSWERS_OF_AUXILIARIES and (answered or asked)
        return not (answers or (asked and len(words) <= _FEW) or fronted)
    if last in _SUBJECTS:
        return not (asked or fronted)
    if last in _ADVERBS:
        return last in ("very", "really", "quite", "rather", "just", "even", "maybe", "perhaps")
    if last in _OWING_VERBS:
        return not fronted
    return _subordinate_alone(words, asked)


def _asks_how(words: list[str]) -> bool:
    """ "How far is it from", but not "how many are you with": no noun that pays a preposition."""
    return words[0] == "how" and words[1:2] not in (["many"], ["much"])


def _closed_by_particle(words: list[str], asked: bool) -> bool:
    """ "Turn the lights on", "come in", "is it on?"; but "I live in" and "we went through" owe."""
    return asked or words[0] in _REQUESTS or words[-2:-1] == ["it"] or len(words) <= 2


def _subordinate_alone(words: list[str], asked: bool) -> bool:
    """ "If it rains tomorrow." owes the clause that it belongs to. It may be there without a comma
    before it, so only what is short is believed."""
    return not asked and words[0] in _SUBORDINATORS and 3 <= len(words) <= 5


def _dictated(text: str, words: list[str]) -> Ending | None:
    """Whether a number, a spelled name or a list may go on; None where there is none of these.
    `words`: the last sentence."""
    if words[-1] in _ANNOUNCED and words[0] not in _QUESTION_WORDS:
        return "doubtful"
    match piece(text):
        case "dictated":
            return "dictated"
        case "listed":
            return "doubtful"
        case "number":
            return "unknown"
    return None


def _asks(words: list[str]) -> bool:
    """Whether these words, a whole clause, want a reply: a request, or a question without its
    mark."""
    at = 0
    while at < len(words) - 1 and words[at] in _POLITE:
        at += 1
    if words[at] in _REQUESTS:
        return len(words) - at >= 2
    return words[at] in _QUESTION_WORDS and len(words) - at >= 3
