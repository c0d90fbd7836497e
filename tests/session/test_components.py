"""Gate, clocks, history and the choice of lines."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from assistant.locations import themes_dir
from assistant.personas.loading import load_personas
from assistant.session.persona_switch import LineChooser
from assistant.session.signals import InputClock, Stopwatch
from assistant.session.turns.messages import MAX_MESSAGES, History
from assistant.session.turns.user_turn import TAIL_SECONDS, MicrophoneGate


def test_the_assistant_knows_that_its_voice_is_in_the_room() -> None:
    gate = MicrophoneGate(guard=True, push_to_talk=False)
    assert not gate.speaks(1.0)
    gate.voice_sounds(1.0, 0.1)
    assert gate.speaks(1.1 + TAIL_SECONDS - 0.01)
    assert not gate.speaks(1.1 + TAIL_SECONDS + 0.01)


def test_mute_and_push_to_talk_close_the_microphone() -> None:
    gate = MicrophoneGate(guard=True, push_to_talk=True)
    assert not gate.is_open
    gate.key_down = True
    assert gate.is_open
    gate.muted = True
    assert not gate.is_open


def test_history_is_bounded_and_forgets_the_oldest() -> None:
    history = History()
    for number in range(MAX_MESSAGES + 20):
        history.add("user", f"{number}", "jarvis")
    messages = history.messages()
    assert len(messages) == MAX_MESSAGES
    assert messages[0].text == "20"
    history.add("assistant", "  ", "jarvis")
    assert history.last("assistant") == ""


@given(st.lists(st.text("ab", min_size=1), min_size=2, max_size=5, unique=True), st.integers())
def test_a_line_is_never_chosen_twice_running(variants: list[str], seed: int) -> None:
    chooser = LineChooser(seed)
    last = ""
    for _ in range(20):
        line = chooser.choose("k", variants)
        assert line in variants
        assert line != last
        last = line


def test_the_last_greeting_is_remembered_over_a_restart(tmp_path: Path) -> None:
    memory = tmp_path / "lines.json"
    for _ in range(5):
        before = LineChooser(memory=memory).choose("greeting", ["a", "b"])
        after = LineChooser(memory=memory).choose("greeting", ["a", "b"])
        assert before != after


def test_the_users_own_words_are_not_kept_with_the_lines_said_last(tmp_path: Path) -> None:
    memory = tmp_path / "lines.json"
    jarvis = load_personas(themes_dir()).loaded["jarvis"]
    said = LineChooser(memory=memory).line(jarvis, "fact_learned", fact="your parrot is Picasso")
    assert "Picasso" in said
    assert "fact_learned" in memory.read_text()
    assert "Picasso" not in memory.read_text()


def test_a_broken_memory_of_lines_harms_nobody(tmp_path: Path) -> None:
    memory = tmp_path / "lines.json"
    memory.write_bytes(b"\xff{")
    assert LineChooser(memory=memory).choose("k", ["a"]) == "a"
    assert LineChooser(memory=tmp_path).choose("k", ["a"]) == "a"


def test_the_input_clock_believes_the_frame_that_came_quickest() -> None:
    clock = InputClock()
    for end, now in ((0.08, 1.10), (0.16, 1.17), (0.24, 1.40)):
        clock.frame_arrived(end, now)
    assert abs(clock.to_session(0.2) - 1.21) < 1e-9


def test_latency_runs_from_the_last_word_to_the_ear() -> None:
    watch = Stopwatch(speech_end=10.0, text_at=10.3, stages={"wait": 300.0})
    latency = watch.first_sample(said_at=10.35, sound_at=10.4, now=10.42, device=0.03)
    assert abs(latency - 0.45) < 1e-9
    assert round(sum(watch.stages.values())) == 450
