"""The short form of the endurance run: minutes instead of hours, but every kind of fault, and many
crashes in a row."""

from __future__ import annotations

import mmap
import os

import pytest

from assistant.calls.parser import ToolCall
from assistant.config.schema import Config
from assistant.session.events import (
    AgentSaid,
    Notice,
    PersonaChanged,
    ToolCalled,
    TurnStarted,
    UserSaid,
)
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.options import SoakOptions
from benchmarks.soak.outcomes import Outcomes
from benchmarks.soak.plan import DEADLY, FAULTS, plan
from benchmarks.soak.resources import (
    ResourceSample,
    children,
    growth,
    longest_life,
    open_files,
    resident_mb,
)
from benchmarks.soak.run import soak
from tests.session.room import cast_of_characters


def settings(backend: str) -> Config:
    return Config.model_validate({"backend": {"name": backend}})


def failed(outcomes: Outcomes) -> dict[str, str]:
    return {check.name: check.shown for check in outcomes.checks() if not check.ok}


@pytest.mark.timeout(600)
async def test_minutes_of_conversation_survive_every_kind_of_fault_and_twenty_crashes() -> None:
    options = SoakOptions(
        hours=6 / 60, turns_per_hour=300, fault_every=26, crashes=20, deadly=1.0,
        patience=5.0, sample_every=20,
    )  # fmt: skip
    outcomes = await soak(settings("echo"), options)
    assert failed(outcomes) == {}, outcomes.lost
    assert set(outcomes.faults) == set(FAULTS)
    assert outcomes.crashes_in_a_row == 20
    assert outcomes.restarts >= 22
    assert outcomes.ledger.persona_changes >= 3
    assert outcomes.turns["answered"] >= 50
    assert sum(outcomes.frames[name] for name in ("taken", "dropped", "lost with a child")) > 4000
    assert outcomes.ledger.drops["microphone"] == outcomes.frames["microphone"] > 0
    told = outcomes.ledger.told
    assert any("did not answer" in text for text in told), "the hung child was noticed"
    assert any("transcript cannot be saved" in text for text in told)
    assert any("persona file is broken" in text for text in told)
    assert len(outcomes.samples) > 15
    assert all(sample.host_mb > 20 for sample in outcomes.samples)


# --- what judges a run ---------------------------------------------------------------------------


def good() -> Outcomes:
    outcomes = Outcomes(turns={"answered": 5, "explained": 0, "lost": 0})
    outcomes.drift = {"frames offered − accounted for": 0}
    outcomes.samples = [sample(60.0 * n) for n in range(40)]
    return outcomes


def sample(at: float, host: float = 100.0, child: float = 50.0, files: int = 10) -> ResourceSample:
    return ResourceSample(at, host, child, 0, files, 5, 5)


def test_a_good_run_passes() -> None:
    assert failed(good()) == {}


@pytest.mark.parametrize("what", ["host", "child", "files"])
def test_what_grows_is_found(what: str) -> None:
    outcomes = good()
    outcomes.samples = [
        sample(60.0 * n, **{what: 100 + n if what != "files" else 10 + n}) for n in range(40)
    ]
    assert len(failed(outcomes)) == 1


def test_what_is_lost_forgotten_or_left_behind_is_found() -> None:
    outcomes = good()
    outcomes.turns["lost"] = 1
    outcomes.drift["frame number − time"] = -1
    outcomes.left = {"processes": 1, "tasks": 0}
    outcomes.transcript_turns = 3
    outcomes.crashes_wanted = 2
    outcomes.ledger.tools_called = 1
    assert set(failed(outcomes)) == {
        "no turn lost",
        "no drift",
        "nothing left behind",
        "transcript complete",
        "crashes survived",
        "no tool result lost",
    }


def test_warming_up_is_no_growth() -> None:
    warm = [50.0] * 5 + [100.0] * 35
    assert growth(warm) == 0
    assert growth([100.0] * 30 + [110.0] * 10) == pytest.approx(0.1)
    assert growth([100.0] * 4) is None


def test_of_many_children_the_longest_life_is_judged() -> None:
    lives = [ResourceSample(0, 1, 5, child, 1, 1, 1) for child in (0, 1, 1, 1, 2)]
    assert [s.child for s in longest_life([*lives, ResourceSample(0, 1, 0.0, 3, 1, 1, 1)])] == [
        1,
        1,
        1,
    ]


def test_a_turn_is_answered_or_its_loss_explained() -> None:
    ledger = Ledger()
    jarvis = cast_of_characters()[0]
    ledger.begin()
    ledger(UserSaid(turn=1, text="Who are you?", final=True))
    assert ledger.outcome() == "lost"
    ledger(Notice(text="the backend stopped 17 times"))
    assert ledger.outcome() == "explained"
    ledger(AgentSaid(turn=0, persona="x", final=True, played="of an earlier turn"))
    assert ledger.outcome() == "explained"
    ledger(TurnStarted(side="assistant", turn=2))
    ledger(AgentSaid(turn=2, persona="x", final=True, played=""))
    assert ledger.outcome() == "explained", "nothing of it was heard"
    ledger(AgentSaid(turn=2, persona="x", final=True, played="Me."))
    assert ledger.outcome() == "answered"
    ledger.begin()
    ledger(ToolCalled(call=ToolCall("x")))
    assert ledger.outcome() == "lost"
    ledger(PersonaChanged(persona=jarvis))
    assert ledger.outcome() == "answered"
    assert ledger.told == {"the backend stopped # times": 1}


# --- the plan ---------------------------------------------------------------------------


def test_eight_hours_are_2000_turns_200_changes_and_a_fault_every_five_minutes() -> None:
    turns = plan(8, 250, seed=1, words=True, slugs=["a", "b"])
    assert len(turns) == 2000
    assert 190 <= sum(turn.kind == "change" for turn in turns) <= 200
    faults = [(turn.at, turn.fault) for turn in turns if turn.fault]
    assert len(faults) == 96
    assert {fault.kind for _, fault in faults} == set(FAULTS)
    assert not any(fault.kind in DEADLY for at, fault in faults if at > 4 * 3600 + 30)
    assert turns == plan(8, 250, seed=1, words=True, slugs=["a", "b"])
    assert turns != plan(8, 250, seed=2, words=True, slugs=["a", "b"])
    assert SoakOptions().crash_count == 200


# --- resources ------------------------------------------------------------------------


def test_memory_files_and_children_are_really_looked_at() -> None:
    before = resident_mb(os.getpid())
    with mmap.mmap(-1, 60 << 20) as held:  # never out of memory that is free already
        held.write(b"x" * (60 << 20))
        assert resident_mb(os.getpid()) - before > 40
    files = open_files()
    descriptor = os.open("/dev/null", os.O_RDONLY)
    assert open_files() == files + 1
    os.close(descriptor)
    assert resident_mb(2**22 + 1) == 0
    pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    assert pid in children(os.getpid())
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    assert pid not in children(os.getpid())
