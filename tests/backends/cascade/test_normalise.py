"""Text is read as a person would read it aloud."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.backends.cascade.normalise import speakable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It is 9:30.", "It is nine thirty."),
        ("At 9:05 am", "At nine oh five A.M."),
        ("By 9:00!", "By nine o'clock!"),
        ("From 7 pm to 21:45", "From seven P.M. to twenty-one forty-five"),
        ("2024-11-21", "the twenty-first of November twenty twenty-four"),
        ("November 21, 2024", "November twenty-first, twenty twenty-four"),
        ("on 3 May", "on third of May"),
        ("in 1984", "in nineteen eighty-four"),
        ("the 1990s", "the nineteen nineties"),
        ("12.5% of it", "twelve point five percent of it"),
        ("$5.50", "five dollars and fifty cents"),
        ("£1 or €0.99", "one pound or ninety-nine cents"),
        ("$3 million", "three million dollars"),
        ("1,250 km", "one thousand two hundred and fifty kilometres"),
        ("21°C, 1 kg, 6 ft", "twenty-one degrees Celsius, one kilogram, six feet"),
        ("-5 degrees", "minus five degrees"),
        ("about 3.33", "about three point three three"),
        ("the 3rd, the 21st", "the third, the twenty-first"),
        ("1/2 and 3/4", "one half and three quarters"),
        ("2 + 2 = 4, 7 - 3 = 4", "two plus two equals four, seven minus three equals four"),
        ("6 * 7 and 8 / 2", "six times seven and eight divided by two"),
        ("10–20 of 1000", "ten to twenty of one thousand"),
        ("agent 007", "agent zero zero seven"),
        ("Python 3.11.2", "Python three point eleven point two"),
        ("AT&T", "AT and T"),
    ],
)
def test_numbers(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("I am JARVIS.", "I am Jarvis."),
        ("GLaDOS, glados", "Gladoss, Gladoss"),
        ("HAL 9000", "Hal nine thousand"),
        ("C-3PO and KITT", "See Threepio and Kit"),
        ("TARS's humour", "Tars's humour"),
        ("an AI", "an A.I."),
        ("NASA has CPUs", "NASA has CPUs"),
        ("EXTERMINATE!", "exterminate!"),
        ("OBEY THE DALEKS!", "obey the daleks!"),
    ],
)
def test_names_and_capitals(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**Bold**, _soft_ and `code`", "Bold, soft and code"),
        ("# Title\n- one\n- two", "Title one two"),
        ("[the manual](https://example.com/x)", "the manual"),
        ("See https://www.example.com/a?b=1.", "See example dot com."),
        ("I ❤️ you 😀👍🏽!", "I you!"),
        ("<b>hi</b>", "hi"),
        ("😀", ""),
        ("…", ""),
        ("  \n", ""),
    ],
)
def test_marks_of_writing_are_not_read(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


@given(st.text(max_size=200))
@example("9" * 400)
@example("99:99 0/0 13/13/2024 2024-99-99 $.5 1.2.3.4 ½ ² ٣")
def test_whatever_comes_gives_one_line_without_digits(text: str) -> None:
    spoken = speakable(text)
    assert not any(character in "0123456789*`\n" for character in spoken)
    assert spoken == spoken.strip()
