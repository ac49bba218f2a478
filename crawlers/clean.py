"""Text from outside made safe to keep and to show.

Owns the one rule of what may pass. Rich and Textual hand escape sequences through to the terminal
(measured), so every text is cleaned when it enters the catalog and again when it is shown.
"""

import re

_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erase
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"  # OSC: window title, clipboard, link
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]+[0-~]|\x1b[0-Z\\^-~]"  # two- and three-byte escapes
)
"""Whole control sequences (ECMA-48). One that never ends loses its introducer only, not the text."""

_FORBIDDEN = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # C0 and C1 controls; white space is handled before
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # invisible, bidi
    "\ufff9-\ufffb\ufff0-\ufff8\U000e0000-\U000e0fff"  # annotations, tags, selectors supplement
    "\ud800-\udfff"  # lone surrogates: SQLite and UTF-8 refuse them
    "\ufdd0-\ufdef\ufffe\uffff"
    "]"
)


def clean(text: str) -> str:
    """The text on one line: white space runs become one blank, nothing invisible or active is left.

    Control sequences, C0 and C1 controls, bidi overrides, zero-width marks (except the joiners that
    scripts need) and lone surrogates are taken out; every other character stays as it is.
    """
    line = " ".join(text.split())
    return line if line.isprintable() else _scrub(line)


def clean_lines(text: str) -> str:
    """The same for text that may have lines (abstracts, notes): line ends stay, as `\\n`."""
    if text.replace("\n", "").isprintable():
        return text.strip()
    lines = [clean(line) for line in text.splitlines()]
    return "\n".join(lines).strip("\n")


def _scrub(line: str) -> str:
    without = _FORBIDDEN.sub("", _SEQUENCES.sub("", line))
    return " ".join(without.split())
