"""How a value reads: numbers, ages, sizes, and every sentence in English and Chinese.

English is the source; hub/text_zh.py holds the Chinese of each sentence. Loaded only where it is
spoken.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache

from hub.settings import language


@cache
def _sentences() -> Mapping[str, str]:
    if language() != "zh":
        return {}
    from hub.text_zh import SENTENCES

    return SENTENCES


def t(sentence: str, **values: object) -> str:
    """The sentence in the user's language, with `{names}` filled in."""
    said = _sentences().get(sentence, sentence)
    return said.format(**values) if values else said


def chinese() -> bool:
    """True when the user reads Chinese."""
    return language() == "zh"


def number(value: int | None) -> str:
    """`12,345`; `?` for unknown."""
    return "?" if value is None else f"{value:,}"


def size(bytes_: int | None) -> str:
    """`11.6 MB`; `?` for unknown."""
    if bytes_ is None:
        return "?"
    amount, units = float(bytes_), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def age(day: str) -> str:
    """`today`, `3 days ago`, `6 years ago` of a day or a time; the text itself when it is neither."""
    try:
        then = date.fromisoformat(day[:10])
    except ValueError:
        return day
    days = (datetime.now(UTC).date() - then).days
    if days <= 0:
        return t("today")
    if days < 60:
        return t("{n} days ago", n=days) if days > 1 else t("yesterday")
    if days < 730:
        return t("{n} months ago", n=days // 30)
    return t("{n} years ago", n=days // 365)


def state_name(state: str) -> str:
    """How a harvest ended, or how it fares with a repository, as people read it."""
    return {
        "running": t("running"),
        "done": t("done"),
        "limited": t("stopped at the limit"),
        "interrupted": t("interrupted"),
        "refused": t("refused"),
        "unreachable": t("unreachable"),
        "offline": t("offline"),
        "damaged": t("damaged"),
        "failed": t("failed"),
        "embedded": t("embedded"),
        "active": t("active"),
        "archived": t("archived"),
        "renamed": t("renamed"),
        "gone": t("gone"),
    }.get(state, state)


def kind_name(kind: str, many: bool = False) -> str:
    """A kind as people read it."""
    names = _KINDS_MANY if many else _KINDS
    return t(names.get(kind, kind))


_KINDS = {
    "paper": "paper", "repository": "repository", "dataset": "dataset", "framework": "framework",
    "tool": "tool", "task": "task", "topic": "topic", "method": "method", "board": "leaderboard",
    "result": "published number", "link": "link to code",
}  # fmt: skip
_KINDS_MANY = {
    "paper": "papers", "repository": "repositories", "dataset": "datasets",
    "framework": "frameworks", "tool": "tools", "task": "tasks", "topic": "topics",
    "method": "methods", "board": "leaderboards", "result": "published numbers",
    "result_row": "leaderboard rows", "link": "links to code", "task_node": "places in the task tree",
    "repository_snapshot": "star counts over time", "alias": "other keys", "library": "library entries",
    "notice": "notices",
}  # fmt: skip
