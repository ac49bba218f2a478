"""Where the user's files lie."""

import os
from dataclasses import dataclass
from pathlib import Path

from crawlers import knowledge


@dataclass(frozen=True)
class Paths:
    """The places under one home."""

    home: Path

    @property
    def catalog(self) -> Path:
        return self.home / "catalog.db"

    @property
    def index(self) -> Path:
        return self.home / "index"

    @property
    def library(self) -> Path:
        return self.home / "library.db"

    @property
    def config(self) -> Path:
        return self.home / "config.toml"

    @property
    def lock(self) -> Path:
        return self.home / "write.lock"

    @property
    def log(self) -> Path:
        return self.home / "hub.log"


def paths() -> Paths:
    """The home that HUB_HOME names, or the platform's folder for a user's data."""
    named = os.environ.get("HUB_HOME")
    if named:
        return Paths(Path(named).expanduser().absolute())
    from platformdirs import user_data_path

    return Paths(user_data_path("deep-learning-hub", appauthor=False))


def prepared() -> Path:
    """The embedded catalog and index, as the build of the package left them."""
    return knowledge.folder() / "prepared"
