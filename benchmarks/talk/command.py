"""`python -m benchmarks talk`: written conversations, judged; and sentences that start nothing.

Each conversation is one real session, with everything but sound: intents, skills, tools, and who
answers.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from assistant.audio.files import NullAudio
from assistant.bench.report import machine
from assistant.config.schema import Config
from assistant.personas.loading import LoadedPersonas
from assistant.session.events import AgentSaid, BrainChosen, SessionEvent, ToolCalled
from assistant.session.factory import find_personas, make_session
from assistant.session.frontend import SessionFrontend
from benchmarks.talk.rules import (
    Answer,
    BrokenRules,
    Dialogue,
    Judgement,
    Turn,
    judge,
    read_dialogues,
    read_ordinary,
)

ENOUGH = 0.85
"""Share of answers that must be good or acceptable."""
_LONGEST = 120.0
"""Seconds to wait for one answer."""


@dataclass(frozen=True, slots=True)
class TalkOptions:
    """As the command line gives them."""

    personas: tuple[str, ...] = ()
    """Slugs; none: all."""
    seed: int = 1
    model: bool = False
    """A language model answers."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A turn with its answer and what is to be thought of it."""

    persona: str
    turn: Turn
    answer: Answer
    judgement: Judgement


@dataclass(slots=True)
class TalkReport:
    """What came of everything."""

    judged: list[Judged] = field(default_factory=list)
    ordinary: int = 0
    started: list[str] = field(default_factory=list)
    """Ordinary sentences that started something, and what."""
    brain: str = ""

    @property
    def share(self) -> float:
        fine = sum(each.judgement.verdict != "bad" for each in self.judged)
        return fine / len(self.judged) if self.judged else 0.0

    @property
    def passed(self) -> bool:
        return self.share >= ENOUGH and not self.started


class WrittenTalk:
    """A session that is written to. An async context manager."""

    def __init__(self, config: Config, personas: LoadedPersonas, persona: str, seed: int) -> None:
        settings = config.model_copy(deep=True)
        settings.session.persona = persona
        self._session: SessionFrontend = make_session(
            settings, NullAudio(), personas=personas, seed=seed
        )
        self.brain = ""
        """Who answers what is written."""
        self._said: list[str] = []
        self._tools: list[str] = []
        self._session.subscribe(self._watch)

    async def __aenter__(self) -> WrittenTalk:
        await self._session.start()
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self._session.stop()

    def _watch(self, event: SessionEvent) -> None:
        match event:
            case AgentSaid(final=True, played=text) if text:
                self._said.append(text)
            case BrainChosen():
                # Echo, which answers what it hears by itself, says so as soon as it is up.
                self.brain = self.brain or event.label
            case ToolCalled():
                self._tools.append(event.call.name)
            case _:
                pass

    async def say(self, text: str) -> Answer:
        self._said, self._tools = [], []
        await self._session.send_text(text)
        with suppress(TimeoutError):  # no answer, which is judged
            await asyncio.wait_for(self._session.finished(), _LONGEST)
        slug = self._session.persona.slug
        return Answer(" ".join(self._said), tuple(self._tools), slug, datetime.now())


def talk_command(config: Config, options: TalkOptions, *, json_output: bool) -> int:
    """Returns 0 where enough is good and nothing was started, else 1. Raises `BrokenRules` where
    there are no conversations with a persona that was asked for."""
    settings = _settings(config, model=options.model)
    logging.getLogger("assistant").setLevel(logging.WARNING)
    dialogues = _chosen(read_dialogues(), options.personas)
    report = asyncio.run(
        measure(settings, dialogues, read_ordinary(), options.seed, model=options.model)
    )
    if json_output:
        print(json.dumps(report_data(report), indent=2, ensure_ascii=False))
    else:
        print_report(report)
    return 0 if report.passed else 1


def _chosen(dialogues: Sequence[Dialogue], slugs: Sequence[str]) -> list[Dialogue]:
    there = {each.persona for each in dialogues}
    if unknown := [slug for slug in slugs if slug not in there]:
        raise BrokenRules(
            f"there is no conversation with {', '.join(unknown)}",
            f"choose among {', '.join(sorted(there))}",
        )
    return [each for each in dialogues if not slugs or each.persona in slugs]


def _settings(config: Config, *, model: bool) -> Config:
    """Nothing is heard, spoken or kept, and nobody's memory is looked at."""
    settings = config.model_copy(deep=True)
    settings.backend.name = "echo"
    settings.brain.kind = settings.brain.kind if model else "scripted"
    settings.session.save = False
    settings.session.greeting = False
    settings.memory.enabled = False
    return settings


async def measure(
    config: Config,
    dialogues: Sequence[Dialogue],
    ordinary: Sequence[str],
    seed: int = 1,
    *,
    model: bool = False,
    personas: LoadedPersonas | None = None,
) -> TalkReport:
    """Have all conversations. `personas`: those to talk to; None: all that there are."""
    personas = personas or find_personas(config)
    report = TalkReport(ordinary=len(ordinary))
    for dialogue in dialogues:
        await _converse(config, personas, dialogue, seed, report, model=model)
    first = next(iter(personas.loaded))
    # What asks for nothing starts nothing, whoever answers: without a model it is asked faster.
    quick = config.model_copy(deep=True)
    quick.brain.kind = "scripted"
    async with WrittenTalk(quick, personas, first, seed) as talk:
        for sentence in ordinary:
            answer = await talk.say(sentence)
            deeds = [*answer.tools, *([answer.persona] if answer.persona != first else [])]
            if deeds:
                report.started.append(f"{sentence} → {', '.join(deeds)}")
    return report


async def _converse(
    config: Config,
    personas: LoadedPersonas,
    dialogue: Dialogue,
    seed: int,
    report: TalkReport,
    *,
    model: bool,
) -> None:
    persona = personas.loaded[dialogue.persona]
    earlier: list[Answer] = []
    async with WrittenTalk(config, personas, dialogue.persona, seed) as talk:
        for turn in dialogue.turns:
            answer = await talk.say(turn.say)
            judgement = judge(turn, answer, persona, earlier, model=model)
            report.judged.append(Judged(dialogue.persona, turn, answer, judgement))
            earlier.append(answer)
        report.brain = talk.brain or report.brain


def report_data(report: TalkReport) -> dict[str, object]:
    """For JSON: every turn with its answer and verdict."""
    return {
        "bench": "talk",
        "machine": machine(),
        "brain": report.brain,
        "share": round(report.share, 4),
        "turns": [
            {
                "persona": each.persona,
                "kind": each.turn.kind,
                "said": each.turn.say,
                "answer": each.answer.text,
                "tools": each.answer.tools,
                "verdict": each.judgement.verdict,
                "reasons": each.judgement.reasons,
            }
            for each in report.judged
        ],
        "ordinary": report.ordinary,
        "started": report.started,
    }


def print_report(report: TalkReport) -> None:
    """A line for each kind, then what was bad, then what started something."""
    from rich.table import Table

    from assistant.commands.tables import console

    table = Table(title=f"talk · {report.brain} · {machine()}", title_justify="left")
    for column in ("kind", "turns", "good", "acceptable", "bad", "share"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    kinds = dict.fromkeys(each.turn.kind for each in report.judged)
    for kind in (*kinds, ""):
        verdicts = Counter(
            each.judgement.verdict for each in report.judged if kind in ("", each.turn.kind)
        )
        turns = verdicts.total()
        share = (turns - verdicts["bad"]) / turns if turns else 0.0
        numbers = [str(verdicts[each]) for each in ("good", "acceptable", "bad")]
        table.add_row(kind or "all", str(turns), *numbers, f"{100 * share:.1f} %")
    out = console()
    out.print(table)
    for each in report.judged:
        if each.judgement.verdict == "bad":
            reasons = "; ".join(each.judgement.reasons)
            out.print(f"{each.persona}: {each.turn.say}", markup=False, highlight=False)
            out.print(f"    {each.answer.text or '–'}", markup=False, highlight=False)
            out.print(f"    ({reasons})", markup=False, highlight=False)
    for line in report.started:
        out.print(f"started something: {line}", markup=False, highlight=False)
    out.print(
        f"{report.ordinary} ordinary sentences, of which {len(report.started)} started something; "
        f"good or acceptable: {100 * report.share:.1f} %, wanted: {100 * ENOUGH:.0f} %"
    )
