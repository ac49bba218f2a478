"""How a value reads: numbers, ages, sizes, and every sentence in English and Chinese.

English is the source; hub/text_zh.py holds the Chinese of each sentence. Loaded only where it is
spoken.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from hub.settings import language

_spoken: str | None = None


def speak(lang: str | None) -> None:
    """From now on in this language, whatever the settings say: the terminal interface has a switch.
    None: as the settings say."""
    global _spoken
    _spoken = lang and ("zh" if lang.lower().startswith("zh") else "en")


@cache
def _set() -> str:
    return language()


def chinese() -> bool:
    """True when the user reads Chinese."""
    return (_spoken or _set()) == "zh"


def _sentences() -> Mapping[str, str]:
    if not chinese():
        return {}
    from hub.text_zh import SENTENCES

    return SENTENCES


def t(sentence: str, **values: object) -> str:
    """The sentence in the user's language, with `{names}` filled in."""
    said = _sentences().get(sentence, sentence)
    return said.format(**values) if values else said


def local(value: object, name: str) -> Any:
    """A field of a value of data/, in Chinese where its sibling `name_zh` says it so."""
    said = getattr(value, f"{name}_zh", None) if chinese() else None
    return said or getattr(value, name)


def told(message: str) -> str:
    """A message of an error in the user's language. Errors are raised in English, since the catalog may
    keep them and other processes may print them; the sentence is found again by its words, and what
    stood in its `{names}` is filled into the Chinese one. What is no message of ours stays as it is."""
    if not chinese() or not message:
        return message
    if message in _sentences():
        return _sentences()[message]
    found = sentence_of(message)
    if found is not None:
        sentence, values = found
        return _chinese_of()[sentence].format(**{n: _value(n, one) for n, one in values.items()})
    # `arxiv: {why}`, `PATH: {why}`: who or what it was about stands in front.
    front, colon, why = message.partition(": ")
    return f"{front}：{told(why)}" if colon and told(why) != why else message


def _value(name: str, value: str) -> str:
    """What stood in a message: a reason may be a message again, and kinds have names."""
    if name == "why":
        return told(value)
    return "、".join(map(kind_name, value.split(", "))) if name == "kind" else value


def sentence_of(message: str) -> tuple[str, dict[str, str]] | None:
    """The sentence of hub.messages_zh that a message was made from, and what was filled into it."""
    for sentence, literals, names in _messages():
        values = _between(literals, message)
        if values is not None:
            return sentence, dict(zip(names, values, strict=True))
    return None


@cache
def _chinese_of() -> Mapping[str, str]:
    from hub.messages_zh import MESSAGES, PARSER

    return MESSAGES | PARSER


@cache
def _messages() -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Each sentence, what stands between its values, and their names. Those that begin
    with their own words come first, then those that say most: `{path}: cannot be read: {why}` before
    `{path}: {why}`."""
    from string import Formatter

    found = []
    for sentence in _chinese_of():
        parts = [(literal, name) for literal, name, _, _ in Formatter().parse(sentence)]
        if parts[-1][1] is not None:
            parts.append(("", None))
        names = tuple(name for _, name in parts if name is not None)
        found.append((sentence, tuple(literal for literal, _ in parts), names))
    return sorted(found, key=lambda one: (not one[1][0], -sum(map(len, one[1]))))


def _between(literals: tuple[str, ...], message: str) -> list[str] | None:
    """What stands between these words in the message; None where they are not its words."""
    first, *middle = literals
    if not middle:
        return [] if message == first else None
    last = middle.pop()
    if not (message.startswith(first) and message.endswith(last)):
        return None
    values, at, end = list[str](), len(first), len(message) - len(last)
    for literal in middle:
        # An aside in brackets ends a message: ` (3 tries)` is the last of them.
        search = message.rfind if literal == " (" else message.find
        found = search(literal, at + 1, end)
        if found < 0:
            return None
        values.append(message[at:found])
        at = found + len(literal)
    return [*values, message[at:end]] if at < end else None


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
