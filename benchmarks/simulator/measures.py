"""How well a conversation went: from the session's events, the user's deeds and the played sound.

Nothing here looks inside of the session. Times are seconds on the virtual clock. The quantities are
those by which full-duplex systems are compared: take-over rate and latency after turns, pauses and
backchannels that must not be answered, and interruptions that must be (Lin et al. 2025,
"Full-Duplex-Bench").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from assistant.session.events import (
    AgentSaid,
    AnswerPaused,
    AnswerResumed,
    FirstSample,
    SessionEvent,
    ToolCalled,
    ToolFinished,
    TurnStarted,
    UserSaid,
)
from benchmarks.simulator.script import Deed
from benchmarks.simulator.tape import Envelopes

WANTS_AN_ANSWER = ("turn", "barge_in", "typed")
TAKES_THE_FLOOR = ("turn", "overtaken", "barge_in", "stop", "typed")
STOPS = ("barge_in", "stop")
ENDS_ANSWERS = (*TAKES_THE_FLOOR, "fault")
MADE_BY_MOUTH = ("turn", "overtaken", "barge_in", "stop", "backchannel", "sound")
WORDS_LATE = 3.0
"""Seconds after a deed within which what the session makes of it is because of it."""
NOTICED_EARLY = 1.0
"""Seconds by which a turn may be noticed before, or a sound's tail after, what was said."""
SILENCE = 0.4
"""Seconds under −60 dBFS that are no breath between sentences."""
_STEP = 0.04
"""Seconds by which an event may come after what it tells of."""


@dataclass(slots=True)
class Measures:
    """Of one scenario, or of several joined. Counts come in pairs, so that rates can be added."""

    turns: int = 0
    answered: int = 0
    latencies: list[float] = field(default_factory=list)
    """Seconds, end of the user's speech → first voiced sample. No model's time is in it."""
    harmless: int = 0
    """Backchannels, coughs and the like, made while the assistant spoke."""
    false_interruptions: int = 0
    """Answers that ended or stayed silent though nobody had taken the floor."""
    needless_pauses: list[float] = field(default_factory=list)
    """Seconds of the pauses after which the answer went on."""
    interruptions: int = 0
    """Made while the assistant spoke, which would have gone on."""
    missed: int = 0
    """… and did go on."""
    unwritten: int = 0
    """… that did stop it, and left no turn of the user's."""
    stops: list[float] = field(default_factory=list)
    """Seconds, first voiced sample of the user → silence at the speaker."""
    self_triggers: int = 0
    """Turns with words that nobody spoke."""
    false_starts: int = 0
    """Turns that were begun where nobody spoke, and had no words."""
    paused_turns: int = 0
    cut_turns: int = 0
    """… that were answered before they were over, or more than once."""
    split_turns: int = 0
    """… whose words came as more than one turn, answered together."""
    tool_calls: int = 0
    tool_results_lost: int = 0
    word_errors: list[int] = field(default_factory=list)
    """Of interrupted answers: words in the transcript less words that were played."""
    frames_dropped: int = 0
    drops_unexplained: int = 0
    """Frames lost beyond those that a fault took."""
    problems: list[str] = field(default_factory=list)
    """What went wrong, one line each, for whoever wants to look."""

    def add(self, other: Measures) -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def measure(events: Sequence[SessionEvent], deeds: Sequence[Deed], tape: Envelopes) -> Measures:
    """Everything but words and drops, for which see `words` and `run`."""
    in_order = sorted(events, key=lambda e: e.t)
    view = _View(in_order, sorted(deeds, key=lambda d: d.begin), tape)
    m = Measures()
    _take_over(view, m)
    _interruptions(view, m)
    _false_interruptions(view, m)
    _own_turns(view, m)
    _inner_pauses(view, m)
    _tools(view, m)
    return m


@dataclass(frozen=True, slots=True)
class _View:
    events: list[SessionEvent]
    deeds: list[Deed]
    tape: Envelopes

    @property
    def end(self) -> float:
        return len(self.tape.played) / 1000

    def next_begin(self, deed: Deed) -> float:
        """When the user takes the floor next."""
        later = (d.begin for d in self.deeds if d.begin > deed.begin and d.meant in TAKES_THE_FLOOR)
        return min(later, default=self.end)

    def first_samples(self, begin: float, end: float) -> list[FirstSample]:
        return [e for e in self.events if isinstance(e, FirstSample) and begin <= e.t < end]

    def interrupted(self, begin: float, end: float) -> bool:
        return any(begin <= e.t <= end for e in self.all_interrupted())

    def all_interrupted(self) -> list[AgentSaid]:
        return [e for e in self.events if isinstance(e, AgentSaid) and e.final and e.interrupted]

    def written(self, begin: float, end: float) -> bool:
        """Whether the user's words became a turn between these."""
        return any(
            isinstance(e, UserSaid) and e.final and e.text and begin <= e.t <= end
            for e in self.events
        )

    def spoken_near(self, begin: float, end: float, meant: Sequence[str] = MADE_BY_MOUTH) -> bool:
        """Whether the user did something (meant so) between these."""
        return any(d.begin <= end and d.end >= begin and d.meant in meant for d in self.deeds)


def _take_over(view: _View, m: Measures) -> None:
    for deed in view.deeds:
        if deed.meant not in WANTS_AN_ANSWER:
            continue
        m.turns += 1
        answers = view.first_samples(deed.end, view.next_begin(deed) + _STEP)
        if not answers:
            m.problems.append(f"{deed.begin:.1f} s: “{deed.text}” was not answered")
            continue
        m.answered += 1
        heard = view.tape.played_from(answers[0].t - _STEP, limit=answers[0].t + 2.0)
        if heard is not None and deed.meant != "typed":
            m.latencies.append(heard - deed.end)


def _interruptions(view: _View, m: Measures) -> None:
    for deed in view.deeds:
        if deed.meant not in STOPS or not view.tape.is_heard(deed.begin - 0.3, deed.begin + 0.02):
            continue
        until = deed.end + WORDS_LATE
        ended = [
            e
            for e in view.events
            if isinstance(e, AgentSaid) and e.final and deed.begin <= e.t <= until
        ]
        if ended and not ended[0].interrupted and ended[0].t < deed.begin + 0.6:
            continue  # it had nearly finished anyway
        m.interruptions += 1
        if not (ended and ended[0].interrupted):
            m.missed += 1
            m.problems.append(f"{deed.begin:.1f} s: “{deed.text}” did not stop the assistant")
        elif not view.written(deed.begin, until):
            m.unwritten += 1
            m.problems.append(f"{deed.begin:.1f} s: “{deed.text}” left no turn")
        silent = view.tape.silent_from(deed.begin, limit=until, lasting=SILENCE)
        if silent is not None:
            m.stops.append(silent - deed.begin)


def _false_interruptions(view: _View, m: Measures) -> None:
    for deed in view.deeds:
        m.harmless += deed.meant not in ENDS_ANSWERS and view.tape.is_heard(
            deed.begin - 0.3, deed.end
        )
    for said in view.all_interrupted():
        if not view.spoken_near(said.t - WORDS_LATE, said.t, ENDS_ANSWERS):
            m.false_interruptions += 1
            m.problems.append(f"{said.t:.1f} s: the assistant stopped for nothing")
    for paused in (e for e in view.events if isinstance(e, AnswerPaused)):
        after = next((e for e in view.events if _ends_pause(e, paused)), None)
        if isinstance(after, AnswerResumed):
            m.needless_pauses.append(after.t - paused.t)
        elif after is None and not view.spoken_near(
            paused.t - WORDS_LATE, paused.t + WORDS_LATE, ENDS_ANSWERS
        ):
            m.false_interruptions += 1
            m.problems.append(f"{paused.t:.1f} s: the assistant fell silent and stayed so")


def _ends_pause(event: SessionEvent, paused: AnswerPaused) -> bool:
    if event.t < paused.t or not isinstance(event, AnswerResumed | AgentSaid):
        return False
    return event.turn == paused.turn and (isinstance(event, AnswerResumed) or event.final)


def _own_turns(view: _View, m: Measures) -> None:
    began: dict[int, float] = {}
    worded: set[int] = set()
    for event in view.events:
        match event:
            case TurnStarted(side="user", turn=turn):
                began.setdefault(turn, event.t)
            case UserSaid(turn=turn, text=text, final=True, typed=False) if text:
                worded.add(turn)
                began.setdefault(turn, event.t - NOTICED_EARLY)
    for turn, t in began.items():
        over = _over(view, turn, t)
        if view.spoken_near(t - NOTICED_EARLY, over):
            continue
        if turn in worded:
            m.self_triggers += 1
            m.problems.append(f"{t:.1f} s: the assistant heard words that nobody spoke")
        else:
            m.false_starts += 1


def _over(view: _View, turn: int, began: float) -> float:
    """When the words of this turn were there, or `began` where there were none."""
    finals = (
        e.t
        for e in view.events
        if isinstance(e, UserSaid) and e.final and e.turn == turn and e.text
    )
    return next(finals, began)


def _inner_pauses(view: _View, m: Measures) -> None:
    for deed in view.deeds:
        if not deed.paused or deed.meant not in WANTS_AN_ANSWER:
            continue
        m.paused_turns += 1
        early = view.first_samples(deed.begin + _STEP, deed.end)
        answers = view.first_samples(deed.end, view.next_begin(deed) + _STEP)
        if early or len(answers) > 1:
            m.cut_turns += 1
            m.problems.append(f"{deed.begin:.1f} s: “{deed.text}” was cut in two")
            continue
        finals = [
            e
            for e in view.events
            if isinstance(e, UserSaid) and e.final and e.text and deed.begin <= e.t < deed.end
        ]
        m.split_turns += bool(finals)


def _tools(view: _View, m: Measures) -> None:
    """A result is lost where it never came, or where it came and no word was said about it though
    the user did not go on to something else."""
    for called in (e for e in view.events if isinstance(e, ToolCalled)):
        m.tool_calls += 1
        again = _called_again(view, called)
        result = next((e for e in view.events if _belongs(e, called, again)), None)
        went_on = view.spoken_near(called.t + _STEP, again, TAKES_THE_FLOOR)
        if result is not None:
            told = view.first_samples(result.t - _STEP, view.end + 1)
            if result.result.spoken == "" or told or went_on:
                continue
        elif went_on and (again < view.end or view.spoken_near(called.t + _STEP, again, STOPS)):
            continue  # it was begun anew with what the user had to add, or is not wanted any more
        m.tool_results_lost += 1
        m.problems.append(f"{called.t:.1f} s: what came of {called.call.name} was lost")


def _called_again(view: _View, called: ToolCalled) -> float:
    """When the same is called next, or the end."""
    calls = (e for e in view.events if isinstance(e, ToolCalled) and e.call == called.call)
    return min((e.t for e in calls if e.t > called.t), default=view.end)


def _belongs(event: SessionEvent, called: ToolCalled, again: float) -> TypeGuard[ToolFinished]:
    return (
        isinstance(event, ToolFinished)
        and event.result.call == called.call
        and called.t <= event.t < again
    )
