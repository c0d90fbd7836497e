from __future__ import annotations

from assistant.audio.devices.notices import SETTLED_SECONDS, DeviceNotices, NamedDevice

HEADSET = NamedDevice("Headset", "usb")
BUILT_IN = NamedDevice("Built-in", "pci")
SPEAKER = NamedDevice("Speaker", "hdmi")


def with_both() -> DeviceNotices:
    news = DeviceNotices()
    news.begin("input", HEADSET)
    news.begin("output", SPEAKER)
    return news


def texts(news: DeviceNotices, now: float, *, doubtful: bool = False) -> list[str]:
    return [text for text, _ in news.due(now, doubtful=doubtful)]


def test_one_device_is_lost_and_comes_back() -> None:
    news = with_both()
    assert news.due(0.0) == []
    news.note("input", None, 1.0)
    assert news.due(1.0) == [
        (
            "The microphone is gone (Headset); you can type meanwhile.",
            "It is taken up again when it is back.",
        )
    ]
    assert news.due(1.1) == []
    news.note("input", HEADSET, 3.0)
    assert texts(news, 3.0) == ["Sound is back: Headset."]
    assert news.due(9.0) == []


def test_two_that_go_together_and_come_together_are_one_line_each() -> None:
    news = with_both()
    news.note("input", None, 1.0)
    assert texts(news, 1.0, doubtful=True) == []
    news.note("output", None, 1.1)
    assert texts(news, 1.1) == ["The sound devices were lost; you can type meanwhile."]
    news.note("input", HEADSET, 2.0)
    assert texts(news, 2.1) == []
    news.note("output", SPEAKER, 2.3)
    assert texts(news, 2.3) == ["Sound is back: Headset and Speaker."]


def test_one_of_two_that_stays_away_does_not_keep_the_other_from_being_told() -> None:
    news = with_both()
    for kind in ("input", "output"):
        news.note(kind, None, 1.0)  # type: ignore[arg-type]
    news.due(1.0)
    news.note("output", SPEAKER, 2.0)
    assert texts(news, 2.1) == []
    assert texts(news, 2.9) == ["Sound is back: Speaker."]


def test_what_was_back_before_it_was_told_is_never_told() -> None:
    news = with_both()
    news.note("input", None, 1.0)
    assert texts(news, 1.05, doubtful=True) == []
    news.note("input", HEADSET, 1.1)
    assert texts(news, 1.1) == []


def test_another_device_is_told_and_the_same_one_under_a_better_name_is_not() -> None:
    news = with_both()
    news.note("input", BUILT_IN, 1.0)
    assert texts(news, 1.0) == ["The microphone is now Built-in."]
    news.note("input", NamedDevice("default"), 2.0)
    news.note("input", NamedDevice("Built-in Audio", "pci"), 3.0)
    assert texts(news, 3.0) == []


def test_a_loose_plug_is_told_twice_and_then_when_it_holds() -> None:
    news = with_both()
    told: list[str] = []
    for second in range(20):
        news.note("input", None if second % 2 == 0 else HEADSET, float(second))
        told += texts(news, float(second))
    assert [line.split(" (")[0] for line in told] == [
        "The microphone is gone",
        "Sound is back: Headset.",
        "The microphone is gone",
        "Sound is back: Headset.",
        "The microphone",
    ]
    assert "comes and goes" in told[-1]
    assert texts(news, 19 + SETTLED_SECONDS - 0.1) == []
    assert texts(news, 19 + SETTLED_SECONDS) == ["Sound is back: Headset."]
    assert texts(news, 60.0) == []


def test_a_loose_plug_that_falls_out_in_the_end_is_told_as_gone() -> None:
    news = with_both()
    for second in range(9):
        news.note("input", None if second % 2 == 0 else HEADSET, float(second))
        news.due(float(second))
    assert texts(news, 8 + SETTLED_SECONDS)[0].startswith("The microphone is gone (Headset)")


def test_whoever_tries_all_devices_in_turn_is_told_of_each() -> None:
    news = with_both()
    for second in range(12):
        news.asked("output")
        news.note("output", SPEAKER if second % 2 else BUILT_IN, float(second))
        assert len(news.due(float(second))) == 1
