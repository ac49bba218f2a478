"""Somebody else's words in our messages: cleaned, short, and without the user's tokens."""

import os
from functools import cache
from typing import Final

from crawlers.clean import clean
from crawlers.source import MAX_REASON

_HOME: Final = "https://github.com/deep-learning-hub/deep-learning-hub"


def first_line(body: bytes) -> str:
    """The first line with words in it, fit to be shown."""
    for line in body[:4_000].decode("utf-8", "replace").splitlines():
        text = redacted(clean(line))
        if any(map(str.isalnum, text)):
            return text[:MAX_REASON]
    return ""


def said_in(body: bytes, status: int) -> str:
    """The words in which a limit is looked for: of an error all, of an answer its beginning."""
    return clean(body[: 4_000 if status >= 400 else 200].decode("utf-8", "replace"))


def words_of(error: Exception) -> str:
    return redacted(clean(str(error)))[:MAX_REASON] or type(error).__name__


def redacted(text: str) -> str:
    for secret in secrets():
        text = text.replace(secret, "***")
    return text


def is_sendable(text: str) -> bool:
    """True when a header can hold the text as it is: ASCII, on one line."""
    return text.isascii() and text.isprintable()


def secrets() -> tuple[str, ...]:
    """Tokens that must stand nowhere."""
    named = (os.environ.get(name, "").strip() for name in ("GITHUB_TOKEN", "GH_TOKEN", "HF_TOKEN"))
    return tuple(secret for secret in named if secret)


@cache
def agent(contact: str | None) -> str:
    """Who asks. Of the user's contact what a header can hold, which an address is."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("deep-learning-hub")
    except PackageNotFoundError:
        number = "0"
    sent = " ".join(clean(contact or "").encode("ascii", "ignore").decode("ascii").split())
    return f"deep-learning-hub/{number} (+{_HOME}{f'; {sent}' if sent else ''})"
