"""What the detail screens and the library's actions show of their own, in Chinese."""

from typing import Final

CHINESE: Final[dict[str, str]] = {}
