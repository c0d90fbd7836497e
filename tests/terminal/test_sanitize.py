"""Whatever foreign text holds: what is left of it shows, and does nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.terminal.sanitize import MOST_MARKS, PieceCleaner, clean_line, clean_text

REMOVED = {
    "colour": ("\x1b[31mred\x1b[0m", "red"),
    "clear the screen": ("\x1b[2J\x1b[Hhello", "hello"),
    "clipboard, ended by BEL": ("\x1b]52;c;aGVsbG8=\x07hello", "hello"),
    "clipboard, ended by ST": ("\x1b]52;c;aGVsbG8=\x1b\\hello", "hello"),
    "a link": ("\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\", "here"),
    "clipboard through tmux": ("\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\hello", "hello"),
    "a device control string": ('\x1bP$q"p\x1b\\hello', "hello"),
    "a message to the program": ("\x1b_Gpayload\x1b\\hello", "hello"),
    "a privacy message": ("\x1b^secret\x1b\\hello", "hello"),
    "a start of string": ("\x1bXsecret\x1b\\hello", "hello"),
    "reset": ("\x1bchello", "hello"),
    "a character set": ("\x1b(0hello", "hello"),
    "8-bit CSI": ("\x9b31mhello", "hello"),
    "8-bit OSC": ("\x9d52;c;aGk=\x9chello", "hello"),
    "8-bit DCS": ("\x90q\x9chello", "hello"),
    "CSI without an end": ("hello\x1b[31", "hello"),
    "OSC without an end": ("hello\x1b]52;c;aGk=", "hello"),
    "OSC without an end, a line before the next": ("hello\x1b]0;title\nthere", "hello\nthere"),
    "OSC that is given up": ("\x1b]52;c;aGk=\x18hello", "hello"),
    "a sequence inside of a sequence": ("\x1b\x1b[31m[31mhello", "[31mhello"),
    "ESC at the end": ("hello\x1b", "hello"),
    "bell and backspace": ("hel\x07lo\x08", "hello"),
    "DEL and NUL": ("he\x00l\x7flo", "hello"),
    "C1": ("he\x84ll\x86o", "hello"),
    "bidi override": ("he\u202ell\u202co", "hello"),
    "bidi isolates": ("he\u2066ll\u2069o\u200f", "hello"),
    "letters of no width": ("he\u200bl\u2060l\ufeffo\u00ad", "hello"),
    "hidden words in tags": ("hello\U000e0049\U000e0067\U000e006e", "hello"),
    "hidden words in selectors": ("hello\U000e0101\U000e0102\ufe0f", "hello"),
    "fillers": ("\u3164he\u115fll\u2800o", "hell o"),
    "a joiner that begins a text": ("\u200d😀", "😀"),
    "joiners among Latin letters": ("he\u200dl\u200clo", "hello"),
    "noncharacters": ("he\ufdd0l\uffffl\U0010ffffo", "hello"),
}
KEPT = [
    "👩‍👩‍👧 ❤️‍🔥 👋🏽 1️⃣ 🙂‍↔️ 🏳️‍🌈",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪",
    "نمی‌خواهم",
    "क्‍ष শ্রী",
    "李明, Иван, Þór, Đặng, ქართული",
    "葛\U000e0100城",
    "it’s “so” – 5 € · ½ … [/] [bold] #1 {x}",
    "a\nb\n\n- c",
]


@pytest.mark.parametrize("kind", REMOVED)
def test_what_would_act_on_the_terminal_or_hide_is_gone(kind: str) -> None:
    text, left = REMOVED[kind]
    assert clean_text(text) == left


@pytest.mark.parametrize("text", KEPT)
def test_what_people_write_stays(text: str) -> None:
    assert clean_text(text) == text


def test_lines_stay_lines_in_a_text_and_are_spaces_in_a_line() -> None:
    text = "one\r\ntwo\rthree\u2028four\x85five\vsix\tseven"
    assert clean_text(text) == "one\ntwo\nthree\nfour\nfive\nsix    seven"
    assert clean_line(f"  {text}\u3000 \n") == "one two three four five six seven"


def test_halves_of_characters() -> None:
    assert clean_text("\ud83d\ude00 \ud83d! \udce4") == "😀 �! �"


def test_marks_do_not_pile_up_over_the_lines_around() -> None:
    assert clean_text("z" + "\u0301" * 50) == "z" + "\u0301" * MOST_MARKS


@given(
    st.text()
    | st.text(alphabet="\x1b[]P\\;m0\x07\x9b\x9d\x9c\n\r\ta\u200d\u202e😀\ufe0f\u0301\u0430")
)
def test_nothing_dangerous_is_left_and_twice_changes_nothing(text: str) -> None:
    cleaned = clean_text(text)
    for character in cleaned:
        assert character == "\n" or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in (
            *("LRE", "RLE", "LRO", "RLO", "PDF"),
            *("LRI", "RLI", "FSI", "PDI"),
        )
    assert clean_text(cleaned) == cleaned
    line = clean_line(text)
    assert "\n" not in line
    assert clean_line(line) == line


@given(
    st.lists(
        st.text(alphabet="\x1b[]P\\;m0\x07\x9b\x9d\x9c\x18\n\r\ta\ud83d\ude00\u0301🏴\U000e0067")
    )
)
def test_pieces_are_cleaned_like_the_whole(pieces: list[str]) -> None:
    cleaner = PieceCleaner()
    shown = "".join([*map(cleaner.feed, pieces), cleaner.close()])
    assert shown == clean_text("".join(pieces))


@given(st.lists(st.text()))
def test_no_way_to_cut_an_attack_gets_it_through(pieces: list[str]) -> None:
    cleaner = PieceCleaner()
    shown = "".join([*map(cleaner.feed, pieces), cleaner.close()])
    assert not any(unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in shown)


def test_letters_come_at_once_and_only_what_is_unfinished_waits() -> None:
    cleaner = PieceCleaner()
    assert [cleaner.feed(piece) for piece in ("Hi ", "Иван", "\x1b]5", "2;c;x", "\x1b", "\\!")] == [
        "Hi ",
        "Иван",
        "",
        "",
        "",
        "!",
    ]


def test_a_string_without_an_end_costs_no_memory_and_no_time() -> None:
    cleaner = PieceCleaner()
    for _ in range(3_000):
        assert cleaner.feed("\x9d" * 100) == ""
    assert len(cleaner._held) < 3
