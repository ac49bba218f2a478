"""How keys are written for people."""

from typing import Final

from textual.binding import Binding


def shown_keys(binding: Binding) -> str:
    """The keys of a binding as a person reads them: `j ↓`."""
    if binding.key_display:
        return binding.key_display
    return " ".join(_SIGNS.get(key, key.replace("ctrl+", "^")) for key in binding.key.split(","))


_SIGNS: Final = {
    "slash": "/",
    "question_mark": "?",
    "f1": "F1",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "space": "Space",
    "delete": "Del",
    "backspace": "Backspace",
    "shift+tab": "Shift+Tab",
    "comma": ",",
    "full_stop": ".",
}
