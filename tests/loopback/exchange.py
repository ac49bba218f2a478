"""What comes in and what goes out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    """The path with its query, as sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    at: float
    """time.monotonic() when all of it was there."""
    connection: int
    """Which connection it came over."""

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @cached_property
    def query(self) -> dict[str, str]:
        """The parameters; of one that came twice the last."""
        said = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[-1] for name, values in said.items()}

    @property
    def line(self) -> str:
        return f"{self.method} {self.target}"


@dataclass
class Reply:
    """What to answer."""

    body: bytes = b""
    kind: str = "application/json"
    """The media type."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def in_json(said: Any, status: int = 200, **headers: str) -> Reply:
    """A reply in JSON; `_` in the name of a header stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(said).encode(), status=status, headers=named)
