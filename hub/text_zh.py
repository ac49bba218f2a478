"""The Chinese of every sentence in hub/."""

SENTENCES: dict[str, str] = {}
