"""The hub's own errors, and the one table error -> exit code."""

from typing import ClassVar


class HubError(Exception):
    """Something failed that a user can understand: what, where, and what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        """The next step, as a sentence or a command."""


class UsageError(HubError):
    exit_code = 2


class NetworkError(HubError):
    """No network, offline by wish, or a source refused."""

    exit_code = 3


class NotFound(HubError):
    """No such thing; `nearest` holds keys and names that are close."""

    exit_code = 4

    def __init__(
        self, what: str, *, nearest: tuple[tuple[str, str], ...] = (), hint: str | None = None
    ) -> None:
        super().__init__(what, hint=hint)
        self.nearest = nearest


class Damaged(HubError):
    """A catalog, index or input file that is damaged, unreadable or too new."""

    exit_code = 5


class Locked(HubError):
    """Another process writes to the catalog."""


EXIT_CODES = {
    0: "done; an empty answer too",
    1: "failed",
    2: "wrong usage or configuration",
    3: "network: offline, unreachable, or a source refused or answered damage",
    4: "not found",
    5: "catalog, index or input damaged, unreadable or too new",
    6: "measured, but not reproduced",
    130: "interrupted",
}
"""Shown by `hub spec` and in the README; scripts rely on them."""
