"""Taking off what stands around a request: lead-ins, courtesies, the persona's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.language.lexicon import COURTESIES_AFTER, TELLING_LEAD_INS
from assistant.language.tokens import Sentence, Word, sentences

LEADING = re.compile(
    rf"(?:sorry to (?:bother|interrupt|disturb|trouble) you|{TELLING_LEAD_INS}|alright|all right|"
    r"excuse me|(?:i have )?a? ?quick question|i have (?:a|another|one more) question|wow|i said|"
    r"i asked|cool|good|hold on|because|really|next|first|finally|if you do not mind|"
    r"let me ask you|one more thing|dear|my dear|you know|i (?:think|guess|believe|suppose|know|"
    r"hope)(?: that)?) "
)
_WRAPPER = re.compile(
    r"(?:(?:can|could|would|will|may|might) (?:you|i|we) (?:please )?(?:tell me|tell us|say|know|"
    r"ask(?: you)?|give me|let me know|remind me|explain|have|hear|help me with)?|"
    r"would you mind telling me|do you (?:happen to )?(?:know|remember)|tell me|tell us|i (?:want|"
    r"would like|need|wish|was hoping|would love) (?:you )?to (?:know|tell me|hear|ask(?: you)?|"
    r"have)|i want you to|i wonder|i was wondering|i would like you to|let me know|any idea|"
    r"have you any idea|do you have any idea|may i (?:know|ask)|is it true that|what about|"
    r"how about|go ahead and|i am asking|i forgot) ?(?:if |whether )?"
)
_TRAILING = re.compile(
    rf" (?:{COURTESIES_AFTER}|for us|to me|tonight|thank you very much|exactly|at the moment|"
    r"currently|here|do you know|sir|my friend|buddy|man|dude|mate|right|too|"
    r"so|or what|or not|by the way|though|you know|yet|anyway|actually|and stuff|i wonder|"
    r"you|huh|in numbers|these days|nowadays|lately|for a change|if you please|in fact|after all|"
    r"for once|at all|at least|over there)"
)
# After these words a persona's name is no vocative but what is talked about.
_ABOUT = re.compile(
    r"\b(?:is|are|am|was|about|to|with|of|like|than|and|or|the|a|an|by|called|named|me|into|call|"
    r"become|does|did|do|for|from|as|not|in|on|at|becoming)$"
)


def name_pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    spellings = {" ".join(s.text for s in sentences(name)) for name in names}
    texts = sorted((text for text in spellings if text), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, texts))) if texts else None


def forms(sentence: Sentence) -> Iterator[Sentence]:
    """The sentence, then ever less of it: without lead-in, wrapper, trailing courtesy."""
    pending, seen = [sentence], set()
    while pending:
        form = pending.pop(0)
        if form.text in seen or not len(form):
            continue
        seen.add(form.text)
        yield form
        padded = form.text + " "
        for pattern in (LEADING, _WRAPPER):
            match = pattern.match(padded)
            if match and match.end() < len(padded):
                pending.append(form.part(len(form.span(0, match.end()))))
        for start in (at for at, letter in enumerate(form.text) if letter == " "):
            if _TRAILING.fullmatch(form.text, start):
                pending.append(form.part(0, len(form.span(0, start))))
                break


def without_name(sentence: Sentence, called: re.Pattern[str] | None) -> Sentence:
    """Take the persona's name off the start and the end where it calls and is not talked about."""
    if called is None:
        return sentence
    changed = True
    while changed and len(sentence):
        changed = False
        text = sentence.text
        start = re.match(rf"(?:(?:hey|oh|okay|yo|dear|um) )?(?:{called.pattern})(?: |$)", text)
        if start and not re.match(r"(?:is|was|has)\b", text[start.end() :]):
            sentence, changed = sentence.part(len(sentence.span(0, start.end()))), True
            continue
        end = re.search(rf"(?:^| )(?P<n>{called.pattern})$", text)
        if end and re.search(r"\b(?:who is|what is|about|are you)$", text[: end.start()]):
            kept = sentence.part(0, len(sentence.span(0, end.start())))
            return Sentence([*kept.words, Word("you", "you")], question=sentence.question)
        if end and not _ABOUT.search(text[: end.start()]):
            sentence, changed = sentence.part(0, len(sentence.span(0, end.start()))), True
    return sentence
