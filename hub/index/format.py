"""Of which format an index is. Needs no numpy, since every command looks."""

import json
from pathlib import Path
from typing import Final

FORMAT: Final = 3
"""Version of the files; another number means: build again."""

CURRENT: Final = "current"
"""The file that names the folder in use."""

META: Final = "meta.json"


def outdated(root: Path) -> bool:
    """True when the index under `root` was written by an older program. One that is missing, harmed
    or newer is not: what is wrong with it is said where it is opened."""
    try:
        folder = root / (root / CURRENT).read_text("ascii").strip()
        return 0 < int(json.loads((folder / META).read_bytes())["format"]) < FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        return False
