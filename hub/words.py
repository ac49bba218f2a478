"""Text -> search terms: the one analysis that documents and queries share.

Needs neither numpy nor scikit-learn. Words are folded, stop words dropped, English stems taken; a
compound (`u-net`, `resnet-50`) gives its parts and its joined form; Chinese, Japanese and Korean
text gives overlapping pairs of characters, which needs no dictionary.
"""

import re
import unicodedata
from functools import cache
from hashlib import blake2b
from typing import Final

import Stemmer

CJK: Final = (
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0002fa1f"
)
"""The characters of Chinese, Japanese and Korean, as the inside of a class of a regular expression."""

_JOINTS: Final = "-'+#&."
"""What may stand inside a word: `state-of-the-art`, `don't`, `c++`, `gpt-3.5`."""

_BLANKS: Final = {
    code: " " for code in range(128) if not chr(code).isalnum() and chr(code) not in _JOINTS
}
_PLAIN: Final = {
    ord(fancy): plain
    for plain, many in {"-": "‐‑‒–—―−", "'": "‘’ʼ`´", " ": "“”„«»…·•×→≤≥∈"}.items()
    for fancy in many
}
_MARKS: Final = re.compile("[\u0300-\u036f]+")
WORD: Final = re.compile(rf"[^\W_{CJK}]+(?:[{_JOINTS}]+[^\W_{CJK}]+)*(?:\+\+|#)?|[{CJK}]+")
"""A word of folded text, as `surfaces` finds it."""

PART: Final = re.compile(r"[^\W_]+")
"""A part of a compound."""


STOP_WORDS: Final = frozenset(
    "a about above after again against all also am an and any are as at be because been before being "
    "below between both but by can cannot could did do does doing down during each etc few for from "
    "further had has have having he her here hers him his how however i if in into is it its itself "
    "just may me might more most must my no nor not of off on once only or other our ours out over own "
    "per same shall she should so some such than that the their theirs them then there these they this "
    "those through thus to too under until up upon us very via was we were what when where which while "
    "who whom why will with within without would yet you your yours".split()
)
"""English function words; none of them names anything in this field."""


def surfaces(text: str) -> list[str]:
    """The words of a text as they stand, lower case, accents folded; joints may hang at their ends.

    Plain ASCII, which is nearly all of arXiv, is split without a regular expression (4 x faster).
    """
    flat = text.lower() if text.isascii() else folded(text).translate(_PLAIN)
    return flat.translate(_BLANKS).split() if flat.isascii() else WORD.findall(flat)


def flattened(text: str) -> tuple[str, list[int]]:
    """The text as its words are looked for, and from which character of it each of these came."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    flat, origins = [], []
    for at, character in enumerate(text):
        plain = folded(character).translate(_PLAIN)
        flat.append(plain)
        origins += [at] * len(plain)
    return "".join(flat), origins


def folded(text: str) -> str:
    """Lower case, compatibility forms and accents gone: `Schölkopf` and `ｒｅｓｎｅｔ` read plainly."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", text))).lower()


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english", 0)


def stems_of(plain: list[str]) -> list[str]:
    """The terms of many words of ASCII letters and digits, stop words left out before: one each, as
    terms_of gives them, without its bookkeeping."""
    return list(_stemmer().stemWords(plain))


def terms_of(surface: str) -> tuple[str, ...]:
    """The terms one surface word stands for; none for a stop word."""
    if surface.isalnum():
        if surface[0] >= "\u2e80":
            return _pairs(surface)
        return () if surface in STOP_WORDS else (_stemmer().stemWord(surface),)
    parts = PART.findall(surface)
    if not parts:
        return ()
    if surface.endswith(("++", "#")) and len(parts) == 1:
        return (parts[0] + surface[len(parts[0]) :],)
    stems = [_stemmer().stemWord(part) for part in parts if part not in STOP_WORDS]
    if "'" in surface and len(parts) > 1 and len(parts[-1]) <= 2:
        return tuple(stems[:1])  # don't, network's: the tail is grammar
    if 1 < len(parts) <= 3:
        stems.append(_stemmer().stemWord("".join(parts)))
    return tuple(stems)


_SUFFIXES: Final = (
    "s es ed ing ings er ers or ors ion ions ation ations ional ionally ative ively ize izes ized "
    "izing izer ization izations ise ised ising isation ity ities ality ability abilities al ally "
    "ial ially ic ical ically ible able ably ness ment ments ance ances ence ences ency ent ents ant "
    "ants ful fully less ly ous ously ism ist ists y ies ied ying e ive ived ives ual ually "
    "ologies ology ological"
).split()
_ENDINGS: Final = tuple(sorted({suffix[at:] for suffix in _SUFFIXES for at in range(len(suffix))}))
"""What a word may go on with that was broken off in the middle of its ending."""


def typed(text: str) -> tuple[list[str], tuple[str, ...]]:
    """The terms of the whole words of a text, and how the word begins at its end that may go on.

    A compound that may go on begins in two ways: as its last part, and joined.
    """
    found = surfaces(text)
    if not found or not text[-1].isalnum():
        return terms(text), ()
    last = found.pop()
    whole = [term for surface in found for term in terms_of(surface)]
    parts = PART.findall(last)
    if last[0] >= "\u2e80":  # pairs of characters are whole
        return (whole, (last,)) if len(last) == 1 else (whole + list(terms_of(last)), ())
    if len(parts) < 2:
        # Behind other words `is` is a word, alone it may become `isomorphism`.
        return (whole, ()) if whole and last in STOP_WORDS else (whole, tuple(parts))
    whole += [term for part in parts[:-1] for term in terms_of(part)]
    return whole, (parts[-1], "".join(parts)) if len(parts) <= 3 else (parts[-1],)


def stems_beyond(start: str) -> set[str]:
    """Stems of words that begin so, which do not begin so themselves: `generat` for `generativ`."""
    if not (start.isascii() and start.isalnum() and len(start) > 3):
        return set()
    stems = _stemmer().stemWords([start + ending for ending in _ENDINGS])
    return {stem for stem in stems if not stem.startswith(start)}


def terms(text: str) -> list[str]:
    """Every term of a text, in order, with repeats."""
    return [term for surface in surfaces(text) for term in terms_of(surface)]


def exact(name: str) -> str:
    """The one term that stands for a whole name, however it is spaced or hyphenated."""
    letters = "".join(PART.findall(folded(name)))
    return "=" + blake2b(letters.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _pairs(run: str) -> tuple[str, ...]:
    if len(run) == 1:
        return (run,)
    return tuple(run[at : at + 2] for at in range(len(run) - 1))
