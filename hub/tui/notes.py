"""The window of notes: written, changed and deleted beside the entry that they are about."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static, TextArea
from textual.widgets.option_list import Option

from crawlers.clean import clean_lines
from hub.errors import HubError, NotFound
from hub.library import Kept, Library, Note
from hub.queries import Entry
from hub.tui.keyline import KeyLine
from hub.tui.own import Choices, OwnScreen, complain, first_line, kept_about, named, write
from hub.tui.wrapping import Wrapped


class NoteList(Choices):
    """The notes there are: Enter changes one, d takes it away."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Change"),
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("d,delete", "screen.drop", "Delete"),
    ]


class NoteScreen(OwnScreen):
    """Writes a note, and lists those that are there to change or delete."""

    DEFAULT_CSS = """
    NoteScreen {
        & > Vertical { height: 24; }
        & NoteList {
            height: auto; max-height: 8;
            border: none; background: transparent; padding: 0;
            &:focus { border: none; }
        }
        & TextArea { height: 1fr; min-height: 3; border: round $panel-lighten-2; }
        & TextArea:focus { border: round $primary; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "Keep", key_display="^s", priority=True),
        Binding("escape", "leave", "Back", priority=True),
        Binding("tab", "app.focus_next", "Next pane", show=False, priority=True),
    ]

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__(entries)
        self.notes: tuple[Note, ...] = ()
        self.changing: Note | None = None
        """The note in the field; None: a new one."""
        self._asked: str | None = None
        """What a second press of the same key does: drop a note by its id, or leave the text."""

    def compose(self) -> ComposeResult:
        with Vertical() as window:
            window.border_title = self.heading("Notes")
            yield NoteList(markup=False)
            yield TextArea(soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
            yield Static(id="hint", classes="faint", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one(NoteList).display = False
        self.query_one(TextArea).focus()
        self._hint("^s keeps it · Esc goes back")
        self._read()

    def _read(self) -> None:
        if len(self.entries) == 1:
            key = self.entries[0].key
            self.read(lambda: kept_about(self.paths, [key]).get(key))

    @on(OwnScreen.Told)
    def _show(self, message: OwnScreen.Told) -> None:
        outcome = message.outcome
        if isinstance(outcome, HubError):
            complain(self.hub, outcome)
            return
        self.notes = outcome.notes if isinstance(outcome, Kept) else ()
        listing = self.query_one(NoteList)
        listing.clear_options()
        for one in self.notes:
            listing.add_option(Option(Text(f"{one.changed_at[:10]}  {first_line(one.text)}")))
        listing.display = bool(self.notes)
        if not self.notes and listing.has_focus:
            self.query_one(TextArea).focus()

    def _hint(self, pattern: str) -> None:
        self.query_one("#hint", Static).update(Wrapped(self.say(pattern)))

    @property
    def _written(self) -> bool:
        """Whether the field holds what is not kept."""
        before = self.changing.text if self.changing else ""
        return clean_lines(self.query_one(TextArea).text) != before

    @on(OptionList.OptionSelected)
    def _change(self, message: OptionList.OptionSelected) -> None:
        if self._written and self._asked != f"change {message.option_index}":
            self._asked = f"change {message.option_index}"
            self._hint("What you wrote is not kept yet: ^s keeps it, the same key again drops it")
            return
        self._asked = None
        self.changing = self.notes[message.option_index]
        field = self.query_one(TextArea)
        field.load_text(clean_lines(self.changing.text))
        field.move_cursor(field.document.end)
        field.focus()
        self._hint("Changing a note · ^s keeps it · Esc goes back")

    def action_drop(self) -> None:
        at = self.query_one(NoteList).highlighted
        if at is None or at >= len(self.notes):
            return
        doomed = self.notes[at]
        if self._asked != doomed.id:
            self._asked = doomed.id
            self._hint("d again deletes this note")
            return
        self._asked = None

        def change(library: Library) -> tuple[str, dict[str, str]]:
            library.forget_if_empty(library.drop_note(doomed.id))
            self.app.call_from_thread(self._read)
            return "Note deleted: {text}", {"text": first_line(doomed.text)}

        if self.changing == doomed:
            self.changing = None
        self._hint("^s keeps it · Esc goes back")
        write(self, change)

    async def _take_in(self) -> None:
        """Returns when the field holds what was typed and pasted before the key that is acted on: it
        waits in the field's queue, and such a key comes first."""
        taken = asyncio.Event()
        if self.query_one(TextArea).call_later(taken.set):
            with suppress(TimeoutError):
                await asyncio.wait_for(taken.wait(), 2)

    async def action_keep(self) -> None:
        await self._take_in()
        text = clean_lines(self.query_one(TextArea).text)
        if not text:
            self._hint("A note needs a word")
            return
        changing = self.changing
        keys, name = [entry.key for entry in self.entries], named(self.entries)

        def change(library: Library) -> tuple[str, dict[str, str]]:
            if changing is not None:
                try:
                    library.rewrite_note(changing.id, text)
                except NotFound:  # deleted elsewhere: what was written must not be lost
                    library.keep(keys[0], note=text)
                return "Note changed: {name}", {"name": name}
            for key in keys:
                library.keep(key, note=text)
            return "Note kept: {name}", {"name": name}

        write(self, change)
        self.dismiss(None)

    async def action_leave(self) -> None:
        await self._take_in()
        if self._written and self._asked != "leave":
            self._asked = "leave"
            self._hint("What you wrote is not kept yet: ^s keeps it, Esc again drops it")
        else:
            self.dismiss(None)

    @on(TextArea.Changed)
    def _goes_on(self) -> None:
        self._asked = None
