"""The Chinese of what baselines, runs and sources say."""

from typing import Final

CHINESE: Final[dict[str, str]] = {}
