"""The terminal browser. Only this package knows Textual; it reads through hub.queries alone."""

import os

# Frames a second at most: what a key brings waits for half of one, on the average.
os.environ.setdefault("TEXTUAL_FPS", "240")
