"""How old an answer is: said when it matters, so that a refusal is never taken for an absence."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from hub import render
from hub.text import age, number, t

if TYPE_CHECKING:
    from hub.lists import SourceState

OLD: Final = 30
"""Days after which an answer says by itself how old it is."""


def tell_count(shown: int, found: int) -> None:
    """Says on stderr how much there is, since a cut must never go unnoticed."""
    if shown < found:
        render.tell(
            t("{shown} of {found}; -n shows more.", shown=number(shown), found=number(found))
        )
    elif found == 0:
        render.tell(t("Nothing matches."))


def tell_age(sources: "Iterable[SourceState]", found: int) -> None:
    """On stderr: of which day the catalog is, if it is old or has nothing; and who refused since."""
    sources = list(sources)
    newest = max((one.newest for one in sources if one.newest), default=None)
    if newest and (found == 0 or _days(newest) > OLD):
        render.tell(t("Newest fact here: {day} ({age}).", day=newest, age=age(newest)))
    for one in sources:
        if one.refused_at:
            when = t("complete last {age}", age=age(one.last_success)) if one.last_success else ""
            render.warn(
                t(
                    "{source} gave no answer {age}; what is new there is not in this answer",
                    source=one.source,
                    age=age(one.refused_at),
                )
                + (f" ({when})" if when else "")
            )


def _days(day: str) -> int:
    return (datetime.now(UTC).date() - date.fromisoformat(day[:10])).days
