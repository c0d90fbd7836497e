"""Manners of small models that are none of the persona's: role labels, other people's turns, and
sentences that every assistant says ("As an AI language model …", "I am Qwen, created by …")."""

from __future__ import annotations

import re
from typing import Literal

from assistant.personas.loading import Persona

_MARK = r"[*_#>\"“ \t]{0,4}"
_OTHERS = re.compile(
    rf"(?:^|(?<=[\s.!?])){_MARK}(?:user|human|you|question|system|instruction|instructions)"
    rf"{_MARK}:(?=\s|$)",
    re.IGNORECASE,
)
"""A turn of somebody else's begins."""
_MOST_STOPS = 4
"""That every server takes."""


def stop_words(persona: Persona) -> list[str]:
    """Where an answer ends: another turn begins. Each on a line of its own, because an answer may
    well begin with a label, which is only taken off."""
    labels = ["\nUser:", "<|im_start|>", f"\n{persona.name}:", "\nHuman:"]
    return labels[:_MOST_STOPS]


def own_label(persona: Persona) -> re.Pattern[str]:
    """What a model writes before an answer as if it were a play: "JARVIS: ", "**Assistant:** "."""
    names = [re.escape(name) for name in (persona.name, *persona.aliases)]
    labels = "|".join([*sorted(names, key=len, reverse=True), "assistant", "ai", "bot", "answer"])
    return re.compile(rf"^(?P<blank>\s*){_MARK}(?:{labels}){_MARK}:{_MARK}", re.IGNORECASE)


def others_turn(text: str) -> int | None:
    """Where somebody else's turn begins in a text; None: nowhere."""
    found = _OTHERS.search(text)
    return found.start() if found else None


_MAKERS = (
    r"(?:open ?ai|alibaba(?: cloud)?|anthropic|google(?: deepmind)?|deepmind|meta(?: ai)?|microsoft"
    r"|deep ?seek|mistral(?: ai)?|hugging ?face|tongyi|moonshot|zhipu|nvidia|cohere|xai|apple|ibm"
    r"|baidu|tencent|bytedance)"
)
_MODELS = (
    r"(?:qwen[\w.-]*|chat ?gpt|gpt[- ]?\d[\w.-]*|claude|llama[- ]?[\d.]*|gemini|gemma|mistral"
    r"|mixtral|phi[- ]?\d|deepseek[\w.-]*|bard|copilot|smollm[\w.-]*|tongyi qianwen|falcon|granite)"
)
_MACHINE = (
    r"(?:(?:large |small |artificial intelligence |ai |advanced |trained |powerful |text-based )*"
    r"(?:language model|llm|ai assistant|ai model|chat ?bot|ai chat ?bot|virtual assistant"
    r"|ai-powered assistant|machine learning model|ai language assistant|ai program|ai system))"
)
_I_AM = r"\b(?:I am|I'm|my name is|I was|this is|you are (?:talking|speaking|chatting) (?:to|with))"
_CANNOT = (
    r"\bI(?: am|'m)?(?: \w+)? (?:cannot|can't|can not|(?:not able|unable) to|won't be able to)"
)
_SORRY = (
    r"(?:(?:I'm|I am) (?:very |so |really )?(?:sorry|afraid)|sorry|my apologies"
    r"|(?:I )?apologi[sz]e|unfortunately)"
)
_LEAD = re.compile(
    rf"(?P<before>^|[\s,;:(–—-])(?:as|being|speaking as|since (?:I'm|I am)|because (?:I'm|I am))"
    rf" (?:just |only |merely )?an? (?:{_MACHINE}|ai|artificial intelligence)"
    rf"(?: (?:trained|created|developed|made|built|designed) (?:by|to) [^,.;!?]{{1,60}})?"
    rf"(?:, |,| — | – |(?=[.!?]|$)| (?=I\b))",
    re.IGNORECASE,
)
"""Only the words that say so; what is behind them may be an answer."""
_WHOLE = re.compile(
    "|".join(
        (
            rf"{_I_AM}(?: just| only| simply| called| named| actually)* (?:an? )?{_MACHINE}\b",
            rf"{_I_AM}(?: just| only| simply| called| named| actually)* {_MODELS}\b",
            rf"\b(?:created|developed|made|trained|built|designed|owned|powered) by {_MAKERS}\b",
            rf"\b{_MAKERS}'?s? (?:created|developed|made|trained|built) me\b",
            rf"{_CANNOT}(?: \w+)? (?:assist|help|comply|fulfil+|engage|participate|support)"
            r"(?: you)?(?: (?:with|in) (?:that|this|it|your request|such|the request|any ?thing)\b"
            r"|\W*$)",
            r"\bI (?:do not|don't) (?:actually |really )?(?:have|possess|experience|feel"
            r"|hold) (?:the (?:ability|capacity) to (?:feel|have|experience)|any )?"
            r"(?:personal|human|real|physical|genuine)? ?(?:feelings?|emotions?|opinions?"
            r"|preferences?|beliefs?|experiences?|thoughts?|consciousness|body|form|personality)\b",
            r"\bmy (?:training data|knowledge cut-?off|programming does not|training cut-?off"
            r"|last (?:knowledge )?update)\b",
            r"\bknowledge cut-?off\b|\bmy (?:system )?prompt\b|\bmy instructions (?:say|are)\b",
        )
    ),
    re.IGNORECASE,
)
_SERVICE = re.compile(
    r"^\W*(?:(?:so|well|now|and|please)[, ]+)?(?:"
    r"(?:how|what) (?:can|may|could|else can) I (?:assist|help|do for) (?:you|with)?.{0,40}\?"
    r"|is there (?:anything|something) (?:else )?(?:specific |in particular )?(?:that )?(?:I can"
    r"|you(?:'d| would) like|you need).{0,60}\?"
    r"|(?:please )?(?:let me know|feel free to (?:ask|let me know)|don't hesitate to ask)\b.{0,80}"
    r"|(?:if you have|should you have) any (?:other |more |further |specific )?questions?\b.{0,80}"
    r"|I(?:'m| am) here to (?:help|assist)(?: you)?(?: with .{0,60})?[.!]*)$",
    re.IGNORECASE,
)
"""What a hotline says: nothing is lost where something else was said."""

Kept = Literal["whole", "rest", "nothing", "courtesy"]


def mannerly(sentence: str) -> tuple[str, Kept]:
    """What of a sentence is the persona's to say.

    "rest": without its boilerplate; "nothing": it was only that; "courtesy": an offer that every
    assistant makes, and that is left out where there is anything else.
    """
    rest = sentence
    while (found := _LEAD.search(_plain(rest))) is not None:
        before, behind = rest[: found.start()] + found["before"], rest[found.end() :]
        rest = (
            before.rstrip(" ,") + (" " if before.strip() and behind[:1].isalnum() else "") + behind
        )
    if rest != sentence:
        rest = _capitalised(rest)
        if not any(char.isalnum() for char in rest) or is_regret(rest):
            return "", "nothing"
    if _WHOLE.search(_plain(rest)) or (rest != sentence and _denies(rest)):
        return "", "nothing"
    if _SERVICE.match(_plain(rest.strip())):
        return rest, "courtesy"
    return rest, "whole" if rest == sentence else "rest"


def is_regret(text: str) -> bool:
    """ "I am sorry." before what is left out."""
    return (
        re.fullmatch(rf"\W*{_SORRY}(?:,? (?:but|for that))?\W*", _plain(text), re.IGNORECASE)
        is not None
    )


def _denies(text: str) -> bool:
    """ "I do not have …" as all that a model as such has to say."""
    return (
        re.match(
            r"\W*I (?:do not|don't|cannot|can't|am not able to|am unable to)"
            r"(?: \w+)? (?:have|possess|experience|feel|hold|provide|express|form|offer)\b",
            _plain(text),
            re.IGNORECASE,
        )
        is not None
    )


def _capitalised(text: str) -> str:
    at = next((n for n, char in enumerate(text) if char.isalnum()), None)
    return text if at is None else text[:at] + text[at].upper() + text[at + 1 :]


def _plain(text: str) -> str:
    """As long, with apostrophes of one kind."""
    return text.replace("’", "'")
