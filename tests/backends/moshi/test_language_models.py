"""One behaviour on both frameworks: whatever runs the model, the same conversation comes out.

Tiny random weights, float32, the likeliest token each time, so that tokens can be compared one for
one. A test that is about a single framework runs on each; one that compares needs both.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.backends.moshi.contract import (
    FREE,
    Codes,
    EngineSettings,
    KnownStep,
    LanguageModel,
    Sampling,
    Step,
)
from assistant.backends.moshi.prompts.prompting import (
    EmbeddedVoice,
    PromptFrame,
    PromptPlan,
    persona_prompt,
)
from tests.backends.moshi.conftest import MakeCheckpoint

GREEDY = Sampling(temperature=0.0, text_temperature=0.0)
FRAMEWORKS = ("torch", "mlx")
CONTEXT = 20
"""Positions of the small window, so that tests wrap it often."""

Load = Callable[..., LanguageModel]
Said = list[tuple[int, tuple[int, ...] | None]]


def load_model(framework: str, folder: Path, **changes: Any) -> LanguageModel:
    pytest.importorskip("moshi" if framework == "torch" else "moshi_mlx")
    pytest.importorskip("torch" if framework == "torch" else "mlx.core")
    weights = importlib.import_module("assistant.backends.moshi.checkpoint.weights")
    module = importlib.import_module(f"assistant.backends.moshi.{framework}.model")
    engine = EngineSettings(device="cpu", dtype="float32", sampling=GREEDY)
    model: LanguageModel = module.load_language_model(
        weights.read_checkpoint(folder), replace(engine, **changes), lambda text, part: None
    )
    return model


@pytest.fixture(scope="session")
def loaded(checkpoint: MakeCheckpoint) -> Load:
    """`loaded("torch", "moshi", context=20)`: a fresh conversation; the weights are read once."""
    made: dict[str, LanguageModel] = {}

    def load(
        framework: str, kind: str = "moshi", context: int = 64, number: int = 0
    ) -> LanguageModel:
        key = f"{framework} {kind} {context} {number}"
        if key not in made:
            folder = checkpoint(kind, context=context)
            made[key] = load_model(framework, folder)
        model = made[key]
        model.set_sampling(GREEDY)
        model.reset()
        return model

    return load


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    pytest.importorskip("moshi" if name == "torch" else "moshi_mlx")
    return name


@pytest.fixture
def model(framework: str, loaded: Load) -> LanguageModel:
    return loaded(framework)


@pytest.fixture
def short(framework: str, loaded: Load) -> LanguageModel:
    """A model whose window is `CONTEXT` positions."""
    return loaded(framework, context=CONTEXT)


def heard(count: int, seed: int = 0, codebooks: int = 8) -> list[Codes]:
    """Varied codes of a user who never says the same thing twice."""
    return list(np.random.default_rng(seed).integers(0, 2048, (count, codebooks)))


def told(step: Step) -> tuple[int, tuple[int, ...] | None]:
    return step.text, None if step.audio is None else tuple(int(code) for code in step.audio)


def talk(model: LanguageModel, users: Sequence[Codes]) -> Said:
    return [told(model.step(user)) for user in users]


def prompt_of(voice_frames: int, words: int, seed: int = 1) -> PromptPlan:
    dice = np.random.default_rng(seed)
    voice = list(dice.integers(0, 2048, (voice_frames, 8)))
    return persona_prompt(voice, [int(token) for token in dice.integers(4, 250, words)])


def free_prompt(length: int, seed: int = 1) -> PromptPlan:
    """Any number of frames of anything, without the silences of a persona's prompt."""
    dice = np.random.default_rng(seed)
    return PromptPlan(
        tuple(
            PromptFrame(
                dice.integers(0, 2048, 8), int(dice.integers(4, 250)), dice.integers(0, 2048, 8)
            )
            for _ in range(length)
        )
    )


def agent_delays(model: LanguageModel) -> tuple[int, ...]:
    return model.shape.delays[1 : 1 + model.shape.agent_codebooks]


def step_through(model: LanguageModel, prompt: PromptPlan) -> None:
    """The prompt frame by frame, as the reference implementation does it: M − 1 forced steps."""
    for position in range(len(prompt) - 1):
        text = prompt.text(position + 1)
        model.step(
            prompt.frames[position].user,
            lambda chosen, text=text: chosen if text is None else text,  # type: ignore[misc]
            prompt.agent_column(position + 1, agent_delays(model)),
        )


def prefill(model: LanguageModel, prompt: PromptPlan, chunk: int = 128) -> None:
    work = model.prefill(prompt, chunk)
    while not work.done:
        work.advance()
    model.put_back(work.snapshot())


# --- what a step gives --------------------------------------------------------------------------


def test_a_step_gives_text_at_once_and_sound_once_the_frame_is_whole(model: LanguageModel) -> None:
    steps = [model.step(user) for user in heard(4)]
    assert [step.audio is None for step in steps] == [True, False, False, False]
    for step in steps[1:]:
        assert step.audio is not None
        assert step.audio.shape == (8,)
        assert (step.audio >= 0).all()
        assert (step.audio < model.shape.card).all()
    assert all(0 <= step.text <= model.shape.text_card for step in steps)


def test_the_shape_says_what_the_checkpoint_is(model: LanguageModel) -> None:
    shape = model.shape
    assert (shape.agent_codebooks, shape.user_codebooks) == (8, 8)
    assert shape.delays == (0, *([0, *[1] * 7] * 2))
    assert (shape.text_card, shape.card, shape.context) == (256, 2048, 64)
    assert (shape.padding, shape.end_of_padding, shape.extra_heads) == (3, 0, 0)
    assert "cpu" in model.label


def test_it_listens(model: LanguageModel) -> None:
    """Another user, another conversation: the very next step hears what was just said."""
    one = talk(model, heard(12, seed=1))
    model.reset()
    changed = heard(12, seed=1)
    changed[8] = heard(1, seed=2)[0]
    other = talk(model, changed)
    assert one[:8] == other[:8]
    assert one[8:] != other[8:]


def test_a_reset_begins_anew(model: LanguageModel) -> None:
    users = heard(30)
    first = talk(model, users)
    model.reset()
    assert talk(model, users) == first


def test_the_words_can_be_chosen(model: LanguageModel) -> None:
    offered: list[int] = []

    def choose(token: int) -> int:
        offered.append(token)
        return 42 if len(offered) % 2 else token

    users = heard(10)
    steps = [model.step(user, choose) for user in users]
    assert [step.text for step in steps[::2]] == [42] * 5
    assert [step.text for step in steps[1::2]] == offered[1::2]
    model.reset()
    assert talk(model, users) != [told(step) for step in steps], "the model must hear its own words"


def test_choosing_what_the_model_chose_changes_nothing(model: LanguageModel) -> None:
    users = heard(20)
    free = talk(model, users)
    model.reset()
    assert [told(model.step(user, lambda token: token)) for user in users] == free


def test_forced_sound_comes_out_undelayed(model: LanguageModel) -> None:
    """Frame f of the agent lies in columns f (first codebook) and f + 1 (the other seven)."""
    plan = free_prompt(12)
    out = [
        model.step(user, None, plan.agent_column(position + 1, agent_delays(model)))
        for position, user in enumerate(heard(11))
    ]
    for position, step in enumerate(out[1:], start=1):
        assert step.audio is not None
        assert list(step.audio) == list(plan.frames[position].agent)


def test_forcing_what_the_model_says_anyway_changes_nothing(model: LanguageModel) -> None:
    users = heard(25)
    free = talk(model, users)
    frames = [audio for _, audio in free]
    model.reset()
    again: Said = []
    for position, user in enumerate(users[:-1]):
        column = np.full(8, FREE)
        following = frames[position + 1]
        assert following is not None
        column[0] = following[0]  # frame p + 1 comes out of step p + 1, its first code of step p
        if (now := frames[position]) is not None:
            column[1:] = now[1:]
        again.append(told(model.step(user, None, column)))
    assert again == free[:-1]


def test_a_column_that_is_free_throughout_is_the_models(model: LanguageModel) -> None:
    users = heard(10)
    free = talk(model, users)
    model.reset()
    assert [told(model.step(user, None, np.full(8, FREE))) for user in users] == free


# --- prompts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("voice", "words"), [(5, 6), (0, 1), (12, 30)])
def test_a_prompt_in_one_pass_is_the_prompt_frame_by_frame(
    model: LanguageModel, voice: int, words: int
) -> None:
    plan, users = prompt_of(voice, words), heard(15)
    step_through(model, plan)
    expected = talk(model, users)
    model.reset()
    prefill(model, plan)
    assert talk(model, users) == expected


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(length=st.integers(1, 70), chunk=st.integers(1, 40))
def test_any_prompt_in_any_chunks_round_the_window(
    short: LanguageModel, length: int, chunk: int
) -> None:
    """A prompt may be far longer than the window, and a chunk longer than what is left of it."""
    plan, users = free_prompt(length, seed=length), heard(12, seed=chunk)
    short.reset()
    step_through(short, plan)
    expected = talk(short, users)
    short.reset()
    prefill(short, plan, chunk)
    assert talk(short, users) == expected


def embedded(folder: Path, model: LanguageModel, prompt: PromptPlan) -> EmbeddedVoice:
    """The prompt's input as NVIDIA publishes voices: summed over the tables, and what follows."""
    load_file = pytest.importorskip("safetensors.numpy").load_file
    tables = load_file(folder / "model.safetensors")
    shape = model.shape
    columns = prompt.columns(shape.delays, shape.text_card, shape.card)
    embeddings = tables["text_emb.weight"][columns[0]]
    for codebook, codes in enumerate(columns[1:]):
        embeddings = embeddings + tables[f"emb.{codebook}.weight"][codes]
    after = len(prompt) - 1
    following = np.zeros((len(shape.delays), 2), np.int64)
    for offset in range(2):
        for row, delay in enumerate(shape.delays):
            frame = prompt.frames[min(after + offset - delay, after)]
            following[row, offset] = (
                frame.text
                if row == 0
                else frame.agent[row - 1]
                if row <= shape.agent_codebooks
                else frame.user[row - 1 - shape.agent_codebooks]
            )
    return EmbeddedVoice(embeddings, following)


@pytest.mark.parametrize("chunk", [7, 128])
def test_a_voice_given_as_embeddings_is_the_same_as_its_codes(
    model: LanguageModel, checkpoint: MakeCheckpoint, chunk: int
) -> None:
    """Cut a prompt of codes in two: its first part as embeddings, the rest as it was."""
    whole, users = free_prompt(21), heard(12)
    prefill(model, whole)
    expected = talk(model, users)
    first = PromptPlan(whole.frames[:10])
    voice = embedded(checkpoint(context=64), model, first)
    # Ten frames give embeddings of positions 0 … 8, so that the rest begins with frame 9.
    model.reset()
    prefill(model, PromptPlan(whole.frames[9:], voice), chunk)
    assert talk(model, users) == expected


def test_a_prompt_of_nothing_is_a_fresh_start(model: LanguageModel) -> None:
    users = heard(10)
    fresh = talk(model, users)
    work = model.prefill(PromptPlan(()))
    assert work.done
    model.put_back(work.snapshot())
    assert talk(model, users) == fresh


def test_a_prompt_beside_a_conversation_does_not_touch_it(short: LanguageModel) -> None:
    users = heard(35)
    expected = talk(short, users)
    short.reset()
    plan = prompt_of(10, 20)
    work = short.prefill(plan, 6)
    said: Said = []
    for user in users:
        said.append(told(short.step(user)))
        work.advance()
    assert work.done
    assert said == expected
    short.put_back(work.snapshot())
    after = talk(short, users)
    short.reset()
    step_through(short, plan)
    assert talk(short, users) == after


def test_two_prompts_at_once_stay_apart(model: LanguageModel) -> None:
    plans, users = [prompt_of(4, 6, seed=seed) for seed in (1, 2)], heard(15)
    expected = []
    for plan in plans:
        prefill(model, plan)
        expected.append(talk(model, users))
    works = [model.prefill(plan, 3) for plan in plans]
    while not all(work.done for work in works):
        for work in works:
            work.advance()
    for work, said in zip(works, expected, strict=True):
        model.put_back(work.snapshot())
        assert talk(model, users) == said
    assert expected[0] != expected[1]


# --- snapshots ----------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [1, 20, 43])
def test_a_snapshot_put_back_is_that_moment_again(short: LanguageModel, before: int) -> None:
    """Twice, with other talk in between; also past the window's end."""
    talk(short, heard(before, seed=3))
    kept = short.snapshot()
    assert kept.positions == before
    users = heard(25, seed=4)
    expected = talk(short, users)
    short.put_back(kept)
    assert talk(short, users) == expected
    talk(short, heard(8, seed=5))
    short.put_back(kept)
    assert talk(short, users) == expected
    short.reset()
    talk(short, heard(3, seed=6))
    short.put_back(kept)
    assert talk(short, users) == expected


def test_a_long_conversation_does_not_grow_its_snapshot(short: LanguageModel) -> None:
    users = heard(300)
    talk(short, users[:30])
    early = short.snapshot().nbytes
    talk(short, users[30:])
    assert 0 < short.snapshot().nbytes <= early
    assert short.snapshot().positions == 300


def test_a_short_prompts_snapshot_holds_no_more_than_the_prompt(model: LanguageModel) -> None:
    def size(plan: PromptPlan) -> int:
        work = model.prefill(plan)
        while not work.done:
            work.advance()
        return work.snapshot().nbytes

    assert size(free_prompt(9)) < size(free_prompt(33))


# --- what becomes known on the way --------------------------------------------------------------


def force(model: LanguageModel, plan: PromptPlan) -> None:
    for index, frame in enumerate(plan.frames):
        model.step(
            frame.user,
            lambda _, text=frame.text: text,  # type: ignore[misc]
            plan.agent_column(index, agent_delays(model)),
        )


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=st.integers(0, 45), count=st.integers(0, 50))
def test_known_frames_in_one_pass_are_forced_frames(
    short: LanguageModel, before: int, count: int
) -> None:
    """Also across the window's end, and more of them than it holds."""
    opening, users, plan = heard(before, 7), heard(12, 8), free_prompt(count, seed=9)
    short.reset()
    talk(short, opening)
    force(short, plan)
    expected = talk(short, users)
    short.reset()
    talk(short, opening)
    short.extend(plan)
    assert short.snapshot().positions == before + count
    assert talk(short, users) == expected


# --- chance -------------------------------------------------------------------------------------


def test_a_seed_gives_the_conversation_again(model: LanguageModel) -> None:
    model.set_sampling(Sampling(temperature=0.9, text_temperature=0.9, top_k=50, top_k_text=20))
    users = heard(15)
    conversations = []
    for seed in (7, 7, 8):
        model.reset()
        model.seed(seed)
        conversations.append(talk(model, users))
    assert conversations[0] == conversations[1]
    assert conversations[0] != conversations[2]


def test_sampling_changes_while_it_talks(model: LanguageModel) -> None:
    users = heard(30)
    greedy = talk(model, users)
    model.reset()
    first = talk(model, users[:10])
    model.set_sampling(Sampling(temperature=1.0, text_temperature=1.0))
    model.seed(1)
    wild = talk(model, users[10:])
    assert first == greedy[:10]
    assert wild != greedy[10:]


def test_the_one_likeliest_of_one_is_the_likeliest(model: LanguageModel) -> None:
    users = heard(20)
    greedy = talk(model, users)
    model.reset()
    model.set_sampling(Sampling(temperature=0.8, text_temperature=0.8, top_k=1, top_k_text=1))
    assert talk(model, users) == greedy


def test_warming_up_leaves_a_fresh_start(model: LanguageModel) -> None:
    users = heard(12)
    fresh = talk(model, users)
    model.warm_up()
    assert talk(model, users) == fresh


# --- speech recognition -------------------------------------------------------------------------


def test_speech_recognition_writes_and_tells_when_a_turn_ends(framework: str, loaded: Load) -> None:
    model = loaded(framework, "stt")
    assert (model.shape.agent_codebooks, model.shape.user_codebooks) == (0, 32)
    assert model.shape.extra_heads == 4
    users = heard(10, codebooks=32)
    steps = [model.step(user) for user in users]
    assert all(step.audio is None for step in steps)
    assert all(len(step.heads) == 4 for step in steps)
    assert all(0 < part < 1 for step in steps for part in step.heads)
    assert len({step.heads for step in steps}) == len(steps)
    kept = model.snapshot()
    expected = talk(model, users)
    model.put_back(kept)
    assert talk(model, users) == expected


# --- the two frameworks side by side ------------------------------------------------------------


@pytest.fixture
def both(loaded: Load) -> Callable[..., list[LanguageModel]]:
    for needed in ("moshi", "moshi_mlx", "mlx.core"):
        pytest.importorskip(needed, reason="compares the two frameworks")
    return lambda kind="moshi", context=64: [loaded(name, kind, context) for name in FRAMEWORKS]


Both = Callable[..., list[LanguageModel]]


@pytest.mark.parametrize("context", [CONTEXT, 64])
def test_both_say_the_same_for_a_hundred_frames(both: Both, context: int) -> None:
    """Past the end of the window, five times over where it is short."""
    one, other = (talk(model, heard(100)) for model in both(context=context))
    assert one == other
    assert len({audio for _, audio in one}) > 50, "a conversation that stands still shows nothing"


@pytest.mark.parametrize(("voice", "words"), [(6, 10), (12, 30)])
def test_both_say_the_same_after_a_prompt(both: Both, voice: int, words: int) -> None:
    said = []
    for model in both(context=CONTEXT):
        prefill(model, prompt_of(voice, words), 16)
        said.append(talk(model, heard(100)))
    assert said[0] == said[1]


def test_both_say_the_same_after_an_embedded_voice(both: Both, checkpoint: MakeCheckpoint) -> None:
    said = []
    for model in both():
        voice = embedded(checkpoint(context=64), model, free_prompt(10))
        prefill(model, persona_prompt(voice, [40, 41, 42]))
        said.append(talk(model, heard(60)))
    assert said[0] == said[1]


def test_both_say_the_same_after_context_and_a_snapshot(both: Both) -> None:
    said = []
    for model in both(context=CONTEXT):
        talk(model, heard(13))
        model.extend(free_prompt(17))
        kept = model.snapshot()
        talk(model, heard(25, seed=4))
        model.put_back(kept)
        said.append(talk(model, heard(60, seed=5)))
    assert said[0] == said[1]


def test_both_hear_the_same_ends_of_turns(both: Both) -> None:
    users = heard(40, codebooks=32)
    one, other = ([model.step(user) for user in users] for model in both("stt"))
    assert [step.text for step in one] == [step.text for step in other]
    np.testing.assert_allclose(
        [step.heads for step in one], [step.heads for step in other], atol=1e-4
    )


def test_both_play_a_persona_of_personaplex_alike(both: Both) -> None:
    said = []
    for model in both("personaplex"):
        assert (model.shape.agent_codebooks, model.shape.user_codebooks) == (8, 8)
        prefill(model, prompt_of(5, 8))
        said.append(talk(model, heard(60)))
    assert said[0] == said[1]


# -- what was said lately, behind a prompt ---------------------------------------------------------


def known_steps(model: LanguageModel, users: Sequence[Codes]) -> list[KnownStep]:
    """A conversation, written down so that another state can be taken through it."""
    steps = []
    for user in users:
        step = model.step(user)
        assert step.column is not None
        steps.append(KnownStep(user, step.text, step.column))
    return steps


def take(model: LanguageModel, steps: Sequence[KnownStep]) -> None:
    for step in steps:
        model.step(step.user, lambda _, text=step.text: text, step.column)  # type: ignore[misc]


@pytest.mark.parametrize("context", [64, 400])
def test_a_prompt_and_what_was_said_lately_are_as_if_they_had_been_stepped_through(
    framework: str, loaded: Load, context: int
) -> None:
    model = loaded(framework, "personaplex", context=context)
    prompt = prompt_of(5, 20)
    tail = known_steps(model, heard(70, seed=3))
    prefill = model.prefill(prompt, 32)
    while not prefill.done:
        prefill.advance()
    before = prefill.snapshot()
    replay = model.replay(before, 32)
    for begin in range(0, len(tail), 30):
        replay.add(tail[begin : begin + 30])
        replay.advance()
        model.step(heard(1)[0])
    replayed = replay.snapshot()
    assert replayed.positions == before.positions + len(tail)
    model.reset()
    step_through(model, prompt)
    take(model, tail)
    stepped = talk(model, heard(100, seed=9))
    model.reset()
    model.put_back(replayed)
    assert talk(model, heard(100, seed=9)) == stepped
    model.put_back(before)
    take(model, tail)
    assert talk(model, heard(100, seed=9)) == stepped, "the prompt's own state is untouched"


def test_the_next_sound_goes_on_where_the_old_state_was(framework: str, loaded: Load) -> None:
    model = loaded(framework, "personaplex", context=400)
    before = model.snapshot()
    steps = known_steps(model, heard(40))
    going_on = told(model.step(heard(1, seed=5)[0]))
    replay = model.replay(before, 32)
    replay.add(steps)
    model.put_back(replay.snapshot())
    assert told(model.step(heard(1, seed=5)[0])) == going_on


def test_what_is_told_amid_a_conversation_is_said_with_the_columns_it_left(
    framework: str, loaded: Load
) -> None:
    model = loaded(framework, "personaplex", context=400)
    before = model.snapshot()
    steps = known_steps(model, heard(20))
    plan = free_prompt(9)
    columns = model.extend(plan)
    assert len(columns) == 9
    steps += [KnownStep(f.user, f.text, c) for f, c in zip(plan.frames, columns, strict=True)]
    after = talk(model, heard(30, seed=2))
    replay = model.replay(before, 8)
    replay.add(steps)
    model.put_back(replay.snapshot())
    assert talk(model, heard(30, seed=2)) == after
