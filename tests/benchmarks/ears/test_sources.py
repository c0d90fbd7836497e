"""A clone of public recordings becomes a folder that can be measured."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assistant.audio.wav import WavReader, WavWriter
from benchmarks.ears.manifest import ManifestError, read_manifest
from benchmarks.ears.sources import SOURCES, import_source


def record(path, seconds=1.0, rate=44_100):
    path.parent.mkdir(parents=True, exist_ok=True)
    with WavWriter(path, rate) as writer:
        writer.write((0.1 * np.sin(np.arange(round(seconds * rate)) / 9)).astype(np.float32))


def entries(folder):
    return {each.path.name: each for each in read_manifest(folder)}


def test_home_commands_are_named_after_their_words(tmp_path):
    clone, folder = tmp_path / "clone", tmp_path / "ears"
    record(clone / "tests/wav/en/set a timer.wav", 2.0)
    record(clone / "tests/wav/en/oov_1.wav")

    assert import_source(clone, folder, "speech-to-phrase") == (2, 0)

    found = entries(folder)
    assert found["set_a_timer.wav"].text == "set a timer"
    assert found["oov_1.wav"].text == ""
    reader = WavReader(folder / "set_a_timer.wav")
    assert (reader.format.rate, round(reader.seconds, 2)) == (16_000, 2.0)
    reader.close()


def test_orders_have_what_must_be_understood_of_them(tmp_path):
    clone, folder = tmp_path / "clone", tmp_path / "ears"
    record(clone / "data/speech/clean/a.wav")
    label = {"a.wav": {"intent": "orderDrink", "slots": {"size": " large", "drink": "latte"}}}
    (clone / "data/label").mkdir()
    (clone / "data/label/label.json").write_text(json.dumps(label), "utf-8")

    import_source(clone, folder, "speech-to-intent")

    assert entries(folder)["a.wav"].events.slots == ("large", "latte")


def test_one_speaker_is_in_one_half_whatever_he_says(tmp_path):
    clone, folder = tmp_path / "clone", tmp_path / "ears"
    lines = ["Response_ID,file_name,Name,Number,Address"]
    for speaker in "abcdefgh":
        for kind in ("Names", "Numbers", "Addresses"):
            file = f"audio_data/{kind}/{speaker}.wav"
            record(clone / file, 0.2)
            lines.append(f'{speaker},{file},Ada,123,"4 High\nStreet"')
    (clone / "metadata.csv").write_text("\n".join(lines), "utf-8")

    import_source(clone, folder, "alphanumeric")

    found = entries(folder)
    assert found["addresses_a.wav"].text == "4 High Street"
    assert found["names_a.wav"].events.slots == ("Ada",)
    halves = {(each.speaker, each.half) for each in found.values()}
    assert len(halves) == 8
    assert {half for _, half in halves} == {"tuning", "reporting"}


def test_a_meeting_is_cut_at_its_pauses(tmp_path):
    clone, folder = tmp_path / "clone", tmp_path / "ears"
    record(clone / "tests/data/m.wav", 12.0)
    turns = [(1.0, 2.0), (3.4, 1.0), (3.5, 0.3), (8.0, 2.0)]
    lines = [f"SPEAKER m 1 {at} {for_} <NA> <NA> x <NA> <NA>" for at, for_ in turns]
    (clone / "tests/data/m.rttm").write_text("\n".join(lines), "utf-8")

    import_source(clone, folder, "meetings")

    lengths = [WavReader(each.path).seconds for each in read_manifest(folder)]
    assert lengths == pytest.approx([3.4 + 0.4, 2.0 + 0.4], abs=0.01)


def test_what_cannot_be_read_is_counted_and_left_out(tmp_path):
    clone, folder = tmp_path / "clone", tmp_path / "ears"
    record(clone / "tests/wav/en/next.wav")
    (clone / "tests/wav/en/stop.wav").write_bytes(b"version https://git-lfs")

    assert import_source(clone, folder, "speech-to-phrase") == (1, 1)


@pytest.mark.parametrize("name", list(SOURCES))
def test_a_folder_that_is_no_clone_of_the_source_is_told(tmp_path, name):
    with pytest.raises(ManifestError) as raised:
        import_source(tmp_path, tmp_path / "ears", name)

    assert SOURCES[name].repository in raised.value.message
    assert not (tmp_path / "ears").exists()


def test_nothing_is_written_over(tmp_path):
    record(tmp_path / "clone/tests/wav/en/next.wav")
    record(tmp_path / "ears/mine.wav")

    with pytest.raises(ManifestError, match="is there already"):
        import_source(tmp_path / "clone", tmp_path / "ears", "speech-to-phrase")
    with pytest.raises(ManifestError, match="no source"):
        import_source(tmp_path / "clone", tmp_path / "new", "radio")
