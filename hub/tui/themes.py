"""Our own colours: dark, light, and both with high contrast. Textual's themes can be chosen too."""

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    "hub-dark",
    primary="#7aa2f7",
    secondary="#7dcfff",
    accent="#e0af68",
    foreground="#d5d9e8",
    background="#14161f",
    surface="#1a1d29",
    panel="#1f2331",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
)
LIGHT: Final = Theme(
    "hub-light",
    primary="#2f5fd0",
    secondary="#0f7390",
    accent="#a2580a",
    foreground="#22252e",
    background="#fafaf7",
    surface="#f1f1ec",
    panel="#e6e6df",
    success="#2f7d32",
    warning="#a2580a",
    error="#b3261e",
    dark=False,
)
CONTRAST: Final = Theme(
    "hub-contrast",
    primary="#ffff00",
    secondary="#00ffff",
    accent="#00ff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    success="#00ff00",
    warning="#ffff00",
    error="#ff6060",
    text_alpha=1.0,
)
CONTRAST_LIGHT: Final = Theme(
    "hub-contrast-light",
    primary="#0000c0",
    secondary="#005f5f",
    accent="#8b0000",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#ffffff",
    success="#005f00",
    warning="#7a3b00",
    error="#a00000",
    dark=False,
    text_alpha=1.0,
)
OURS: Final = (DARK, LIGHT, CONTRAST, CONTRAST_LIGHT)
