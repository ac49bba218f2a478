"""How a harvest's summary reads, for import and crawl alike."""

from typing import TYPE_CHECKING, Any

from hub import render
from hub.text import kind_name, number, t

if TYPE_CHECKING:
    from hub.catalog import Counts
    from hub.harvest import Summary


def counted(counts: "Counts") -> list[str]:
    """`12 new (10 papers, 2 links)`, and so on; `removed` only where something was."""
    named = [("new", counts.new), ("changed", counts.changed), ("unchanged", counts.unchanged)]
    if counts.removed:
        named.append(("removed", counts.removed))
    return [f"{number(one.total())} {t(word)}{_by_table(one)}" for word, one in named]


def skipped(summary: "Summary") -> str:
    """`3 skipped (no arXiv id 2, date: ... 1)`."""
    reasons = ", ".join(
        f"{reason} {number(count)}" for reason, count in summary.skipped.most_common()
    )
    said = f"{number(summary.skipped.total())} {t('skipped')}"
    return f"{said} ({reasons})" if reasons else said


def met_and_examples(summary: "Summary", name: str) -> None:
    """On stderr what was met, in the source's words, and the first few that were skipped, with places."""
    if summary.tally:
        met = ", ".join(f"{number(count)} {t(word)}" for word, count in summary.tally.items())
        render.tell(t("Read: {met}", met=met))
    for skip in summary.examples:
        render.tell(f"  {name}: {skip.where}: {skip.reason}")


def _by_table(counts: Any) -> str:
    named = [f"{number(count)} {kind_name(table, True)}" for table, count in counts.most_common()]
    return f" ({', '.join(named)})" if named else ""
