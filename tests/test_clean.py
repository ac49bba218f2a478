"""What clean promises: nothing invisible or active is left, and honest text passes untouched."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.clean import clean, clean_lines

HOSTILE = [
    "\x1b[31m", "\x1b[2J", "\x1b[1;1H", "\x9b2J", "\x1b[?1049h", "\x1b[6n", "\x1b[38;2;1;2;3m",
    "\x1b]0;EVIL\x07", "\x1b]0;EVIL\x1b\\", "\x1b]8;;https://evil.example\x1b\\", "\x1b]8;;\x07",
    "\x1b]52;c;RVZJTA==\x07", "\x9d0;EVIL\x9c", "\x1b]1337;File=:RVZJTA==\x07",
    "\x1bP1;2|EVIL\x1b\\", "\x90qEVIL\x9c", "\x1b_GEVIL\x1b\\", "\x1b^EVIL\x1b\\",
    "\x1bXEVIL\x1b\\", "\x1bc", "\x1b(0", "\x1b#8", "\x1b7",
    "\x1b", "\x9b", "\x1b[", "\x1b[31", "\x1b]0;cut off",
    "\x00", "\x07", "\x08", "\x0b", "\x0c", "\r", "\n", "\t", "\x1a", "\x7f", "\x84", "\x85", "\x8d",
    "\u202e", "\u202d", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c",
    "\u200b", "\ufeff", "\u2060", "\u00ad", "\u180e", "\u2028", "\u2029", "\U000e0041",
    "\ufff9", "\ufffe", "\uffff", "\ud800", "\udfff", "\udc1b",
    "[/x]", "[/]", "[@click=app.quit]", "[red]", "[link=https://evil.example]",
]  # fmt: skip

INVISIBLE = set("\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\ufeff\ufff9\ufffa\ufffb")
INVISIBLE |= {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2060, 0x2070))}
INVISIBLE |= {chr(code) for code in range(0xE0000, 0xE1000)}

WRITTEN = [
    "Deep Residual Learning for Image Recognition",
    "深度学习：图像分类与目标检测（综述）",
    "ディープラーニング 入門",
    "딥 러닝 모델",
    "Schölkopf, Müller & Balázs: naïve façade",
    "Глубокое обучение",
    "Βαθιά μάθηση",
    "التعلم العميق",
    "می\u200cخواهم یادگیری",
    "למידה עמוקה",
    "गहन शिक्षण क्\u200dष",
    "การเรียนรู้เชิงลึก",
    "ஆழ் கற்றல்",
    "e\u0301tude in decomposed form",
    "👩\u200d🔬 and ❤\ufe0f and 🇨🇳",
    "α → β, ≥ 0.5 × 10⁻³, ℝⁿ, ∑ᵢ xᵢ",
    "[CLS] tokens [SEP], [MASK]; [/x] [@click=app.quit] stay as text",
    r"$\mathcal{O}(n^2)$ -- 50% of {x} \& ~y~",
    "C++ & C# | <b>html</b> 'quotes' \"double\" `code`",
]


def titles(count: int) -> list[str]:
    """Titles whose first and last word is `[CLS]`, hostile pieces glued to words between."""
    made = []
    for seed in range(count):
        choose = random.Random(seed)
        inside = [
            choose.choice(["", "word", "深度", " "]) + choose.choice(HOSTILE) + "end"
            for _ in range(choose.randint(1, 6))
        ]
        made.append("[CLS] " + choose.choice(["", " "]).join(inside) + " [CLS]")
    return made


def active(text: str) -> list[str]:
    """The characters that a terminal acts on, or that nobody sees."""
    return [
        c for c in text
        if c in INVISIBLE or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")
    ]  # fmt: skip


def test_two_thousand_hostile_titles_leave_nothing_active():
    assert {title: left for title in titles(2_000) if (left := active(clean(title)))} == {}


def test_two_thousand_hostile_titles_leave_nothing_active_in_texts_of_several_lines():
    left = {title: active(clean_lines(title).replace("\n", "")) for title in titles(2_000)}
    assert {title: found for title, found in left.items() if found} == {}


def test_cls_is_whole_in_two_thousand_hostile_titles():
    kept = [clean(title) for title in titles(2_000)]
    assert [title for title in kept if not title.startswith("[CLS] ")] == []
    assert [title for title in kept if not title.endswith(" [CLS]")] == []


def test_cleaning_twice_is_cleaning_once():
    once = [clean(title) for title in titles(2_000)]
    assert [clean(title) for title in once] == once


def test_every_cleaned_title_can_be_written_as_utf_8():
    assert all(clean(title).encode("utf-8") for title in titles(2_000))


@pytest.mark.parametrize(
    ("title", "safe"),
    [
        ("a\x1b[31mred\x1b[0mb", "aredb"),
        ("a\x1b]0;EVIL\x07b", "ab"),
        ("a\x1b]52;c;RVZJTA==\x1b\\b", "ab"),
        ("a\x1b]8;;https://evil.example\x07link\x1b]8;;\x07b", "alinkb"),
        ("a\x9b2Jb", "ab"),
        ("a\x1bP1;2|EVIL\x1b\\b", "ab"),
        ("a\x1b]0;never ends", "a]0;never ends"),
        ("a\u202eb\u2066c", "abc"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("a\ud800b\udfffc", "abc"),
        ("a\x00b\x7fc\x08d", "abcd"),
        ("a\n  b\t\tc", "a b c"),
        ("\ufeff [/x] [@click=app.quit] ", "[/x] [@click=app.quit]"),
        ("\u200b\x1b[0m", ""),
    ],
)
def test_what_acts_is_taken_out_and_what_is_read_stays(title: str, safe: str):
    assert clean(title) == safe


@pytest.mark.parametrize("text", WRITTEN)
def test_ordinary_text_in_any_script_stays_as_it_is(text: str):
    assert (clean(text), clean_lines(text)) == (text, text)


@given(st.text(max_size=80))
def test_any_text_becomes_harmless(text: str):
    assert active(clean(text)) == []
    assert active(clean_lines(text).replace("\n", "")) == []


@given(st.text(max_size=80))
def test_any_cleaned_text_stays_as_it_is(text: str):
    assert clean(clean(text)) == clean(text)
    assert clean_lines(clean_lines(text)) == clean_lines(text)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), max_size=80))
def test_letters_digits_and_signs_of_every_script_stay(text: str):
    assert clean(text) == text


@given(st.lists(st.sampled_from(HOSTILE) | st.sampled_from("[]A;m 0"), max_size=12).map("".join))
def test_pieces_put_together_anyhow_make_nothing_active(text: str):
    assert active(clean(text)) == []
    assert clean(clean(text)) == clean(text)


def test_lines_of_an_abstract_stay_lines():
    assert clean_lines("one \x1b[1mtwo\r\nthree\u202e\n\n four") == "one two\nthree\n\nfour"
