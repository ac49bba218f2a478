"""Asked: the words of a query as the index looks for them. Needs no numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.words import terms, typed

MAX_QUERY: Final = 10_000
"""Characters of a query that are read; a pasted page asks for no more than its beginning."""

ASIDE: Final = 0.1
"""What a term counts whose words were put into English: the English ones say it already."""

Translated = tuple[tuple[str, str], ...]
"""What stands in a query, and the English that it means."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query is made of."""

    terms: tuple[tuple[str, float], ...]
    """Terms of whole words, each once, and what each counts."""
    aside: tuple[tuple[str, float], ...] = ()
    """Terms that lift a document and that none need have."""
    starts: tuple[str, ...] = ()
    """How the words begin that are still being typed."""
    names: tuple[str, ...] = ()
    """The whole of it: what may be somebody's whole name."""
    typed: str = ""
    """The whole of it where it is still being typed: what somebody's name may begin with."""

    @property
    def wordless(self) -> bool:
        """True when there is nothing to look for."""
        return not (self.terms or self.aside or self.starts)


def asked_of(text: str, *, translated: Translated = (), typing: bool = False) -> Asked:
    """The words of a text; with `typing` its last word may go on."""
    text = text[:MAX_QUERY]
    rest, english, aside = text, [], []
    names = [text]
    for said, meant in translated:
        rest = rest.replace(said, " ")
        english += terms(meant)
        aside += terms(said)
        if said.strip() == text.strip():
            names.append(meant)
    whole, starts = typed(rest) if typing else (terms(rest), ())
    return Asked(
        _counted([*whole, *english]),
        _counted(aside, ASIDE),
        starts,
        tuple(names),
        text.strip() if typing else "",
    )


def _counted(found: Sequence[str], share: float = 1.0) -> tuple[tuple[str, float], ...]:
    # A Counter takes three times as long for the few words of a query.
    counted: dict[str, float] = {}
    for term in found:
        counted[term] = counted.get(term, 0.0) + share
    return tuple(counted.items())
