"""What the user does to entries: star, tags, notes, reading state, copying. Writes go to library.db.

Each of `star`, `reading`, `tag`, `note` and `copy` takes the screen whose key was pressed and the
entries it acts on. Every write is made in a worker, one after the other, and told to all screens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from crawlers.clean import clean, clean_lines
from crawlers.keys import Key
from hub.errors import HubError, NotFound, UsageError
from hub.library import READING, Kept, Library, Note, tag_of
from hub.paths import Paths
from hub.queries import Entry
from hub.tui.keyline import KeyLine
from hub.tui.reading import attempt, said, unexpected
from hub.tui.sheet import fit
from hub.tui.speaking import Speaking
from hub.tui.wrapping import Wrapped

if TYPE_CHECKING:
    from hub.tui.app import HubApp
    from hub.tui.screens import HubScreen

_one_by_one: Final = Lock()
"""Two presses of `s` are two changes: the second one sees what the first one did."""


# -- reading and writing -----------------------------------------------------------------------


def kept_about(paths: Paths, keys: Sequence[Key]) -> dict[Key, Kept]:
    """What is kept about these keys; one about which nothing is kept is left out."""
    wanted = set(keys)
    with Library.open(paths.library) as library:
        return {one.key: one for one in library.all() if one.key in wanted}


def write(
    screen: "HubScreen | OwnScreen", change: Callable[[Library], tuple[str, dict[str, str]]]
) -> None:
    """Makes a change in a worker; then tells all screens, and the user what `change` says."""
    paths, app = screen.paths, screen.hub

    def work() -> None:
        try:
            with _one_by_one, Library.open(paths.library, write=True) as library:
                pattern, values = change(library)
        except HubError as error:
            app.call_from_thread(_complain, app, error)
        except Exception as error:  # noqa: BLE001 - the boundary: logged, and shown as a message
            app.call_from_thread(_complain, app, unexpected(paths, error))
        else:
            app.call_from_thread(_done, pattern, values)

    def _done(pattern: str, values: dict[str, str]) -> None:
        app.own_changed()
        cleaned = {name: clean(value) for name, value in values.items()}
        app.notify(app.say(pattern).format(**cleaned), markup=False)

    app.run_worker(work, thread=True, group="own", exit_on_error=False)


def _complain(app: "HubApp", error: HubError) -> None:
    app.notify(said(error), severity="error", timeout=10, markup=False)


def _named(entries: Sequence[Entry]) -> str:
    """One entry by its name, several by their number."""
    if len(entries) == 1:
        return entries[0].name if len(entries[0].name) < 50 else entries[0].name[:49] + "…"
    return f"{len(entries):,}"


# -- star and reading state --------------------------------------------------------------------


def star(screen: "HubScreen", entries: Sequence[Entry]) -> None:
    """Stars them; where all are starred already, takes the stars away."""
    keys, name = [entry.key for entry in entries], _named(entries)

    def change(library: Library) -> tuple[str, dict[str, str]]:
        starred = {one.key for one in library.all(favourite=True)}
        wanted = not starred.issuperset(keys)
        for key in keys:
            library.keep(key, favourite=wanted)
            library.forget_if_empty(key)
        return "Starred: {name}" if wanted else "Star taken away: {name}", {"name": name}

    write(screen, change)


def reading(screen: "HubScreen", entries: Sequence[Entry]) -> None:
    """Moves them on: to read, reading, read, and again to no state; all to where the first one goes."""
    keys, name = [entry.key for entry in entries], _named(entries)

    def change(library: Library) -> tuple[str, dict[str, str]]:
        states = {one.key: one.reading for one in library.all()}
        following = after(states.get(keys[0]))
        for key in keys:
            if following is not None:
                library.keep(key, reading=following)
            elif key in states:
                library.unread(key)
                library.forget_if_empty(key)
        return _MOVED[following], {"name": name}

    write(screen, change)


def after(state: str | None) -> str | None:
    """The reading state that comes next; None is none."""
    order = (None, *READING)
    return order[(order.index(state) + 1) % len(order)]


_MOVED: Final = {
    None: "No reading state: {name}",
    "to-read": "To read: {name}",
    "reading": "Reading: {name}",
    "read": "Read: {name}",
}


# -- the windows -------------------------------------------------------------------------------


class OwnScreen(Speaking, ModalScreen[None]):
    """A small window over the screen."""

    DEFAULT_CSS = """
    OwnScreen {
        align: center middle;
        & > Vertical {
            width: 76;
            max-width: 96%;
            height: auto;
            max-height: 96%;
            border: round $primary;
            background: $surface;
            padding: 0 1;
        }
        & .faint { color: $foreground 60%; }
        & .error { color: $text-error; }
        & Static { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Back")]

    class Told(Message):
        """Something was read for this window, or could not be."""

        def __init__(self, outcome: object) -> None:
            super().__init__()
            self.outcome = outcome

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__()
        self.entries = tuple(entries)

    def heading(self, pattern: str) -> Content:
        """`pattern` said, then what it is about."""
        return Content(clean(f"{self.say(pattern)} · {_named(self.entries)}"))

    def read(self, ask: Callable[[], object]) -> None:
        """Asks in a worker and posts Told."""

        def work() -> None:
            try:
                outcome = ask()
            except HubError as error:
                outcome = error
            except Exception as error:  # noqa: BLE001 - the boundary: logged, and shown as a message
                outcome = unexpected(self.paths, error)
            self.post_message(self.Told(outcome))

        self.run_worker(work, thread=True, group="own-read", exit_on_error=False)

    def action_close(self) -> None:
        self.dismiss(None)


def tag(screen: "HubScreen", entries: Sequence[Entry]) -> None:
    screen.app.push_screen(TagScreen(entries))


def note(screen: "HubScreen", entries: Sequence[Entry]) -> None:
    screen.app.push_screen(NoteScreen(entries))


def copy(screen: "HubScreen", entries: Sequence[Entry]) -> None:
    """Asks what to copy: `y` the key, `u` the address, `b` BibTeX."""
    screen.app.push_screen(CopyScreen(entries))


# -- tags --------------------------------------------------------------------------------------


class TagSuggester(Suggester):
    """Completes the tag that is being typed, the last one, with those that are used already."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.tags: tuple[str, ...] = ()

    async def get_suggestion(self, value: str) -> str | None:
        before, _, last = value.rpartition(",")
        begun = last.lstrip().lower()
        given = {one.strip().lower() for one in before.split(",")}
        if not begun:
            return None
        for one in self.tags:
            if one.startswith(begun) and one not in given and one != begun:
                return value + one[len(begun) :]
        return None


class TagInput(Input):
    """Tags with commas between them; Tab takes the completion."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "cursor_right_or_next", "Complete", priority=True)
    ]

    def action_cursor_right_or_next(self) -> None:
        if self._suggestion:
            self.cursor_position = len(self.value)
            self.action_cursor_right()
        else:
            self.screen.focus_next()

    def validate_value(self, value: str) -> str:
        return "".join(filter(str.isprintable, value))


@dataclass(frozen=True)
class _Tags:
    """The tags that all of the entries carry, and every tag with its number."""

    common: tuple[str, ...]
    used: tuple[tuple[str, int], ...]


class TagScreen(OwnScreen):
    """The tags of entries as one line of text to change."""

    DEFAULT_CSS = """
    TagScreen {
        & TagInput { border: round $panel-lighten-2; background: transparent; }
        & TagInput:focus { border: round $primary; }
        & #used { max-height: 6; }
    }
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__(entries)
        self.suggester = TagSuggester()
        self.common: tuple[str, ...] | None = None

    def compose(self) -> ComposeResult:
        with Vertical() as window:
            window.border_title = self.heading("Tags")
            yield TagInput(suggester=self.suggester, select_on_focus=False)
            yield Static(self.say("Reading …"), id="used", classes="faint", markup=False)
            yield Static(
                self.say("Commas between tags · Tab completes · Enter keeps · Esc leaves them"),
                classes="faint",
                markup=False,
            )
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one(TagInput).disabled = True
        self.read(self._tags)

    def _tags(self) -> _Tags:
        keys = [entry.key for entry in self.entries]
        kept = kept_about(self.paths, keys)
        carried = [set(kept[key].tags) if key in kept else set() for key in keys]
        with Library.open(self.paths.library) as library:
            used = tuple(library.tags())
        return _Tags(tuple(sorted(set.intersection(*carried))) if carried else (), used)

    @on(OwnScreen.Told)
    def _show(self, message: OwnScreen.Told) -> None:
        outcome = message.outcome
        used = self.query_one("#used", Static)
        if isinstance(outcome, HubError):
            used.update(Wrapped(said(outcome)))
            used.set_class(True, "error")
            return
        assert isinstance(outcome, _Tags)
        self.common = outcome.common
        self.suggester.tags = tuple(name for name, _ in outcome.used)
        shown = "  ".join(f"{name} {count}" for name, count in outcome.used[:60])
        used.update(Wrapped(clean(shown) or self.say("No tags yet: any word makes one.")))
        field = self.query_one(TagInput)
        field.disabled = False
        if not field.value:
            field.value = "".join(f"{name}, " for name in outcome.common)
        field.focus()
        field.cursor_position = len(field.value)

    @on(Input.Submitted)
    def _keep(self, message: Input.Submitted) -> None:
        if self.common is None:
            return
        try:
            wanted = {
                tag_of(one) for one in message.value.replace("，", ",").split(",") if one.strip()
            }
        except UsageError as error:
            _complain(self.hub, error)
            return
        added, removed = sorted(wanted - set(self.common)), sorted(set(self.common) - wanted)
        keys, name = [entry.key for entry in self.entries], _named(self.entries)

        def change(library: Library) -> tuple[str, dict[str, str]]:
            for key in keys:
                if added:
                    library.keep(key, tags=added)
                for one in removed:
                    library.untag(key, one)
                library.forget_if_empty(key)
            marks = " ".join([*(f"+{one}" for one in added), *(f"−{one}" for one in removed)])
            return "Tags of {name}: {tags}", {"name": name, "tags": marks}

        if added or removed:
            write(self, change)
        self.dismiss(None)


# -- notes -------------------------------------------------------------------------------------


class Choices(OptionList):
    """A list in a window; where the terminal leaves it no line, there is no page to go on by."""

    def action_page_up(self) -> None:
        if self.size:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        if self.size:
            super().action_page_down()  # type: ignore[no-untyped-call]


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
            _complain(self.hub, outcome)
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

    def action_keep(self) -> None:
        text = clean_lines(self.query_one(TextArea).text)
        if not text:
            self._hint("A note needs a word")
            return
        changing = self.changing
        keys, name = [entry.key for entry in self.entries], _named(self.entries)

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

    def action_leave(self) -> None:
        if self._written and self._asked != "leave":
            self._asked = "leave"
            self._hint("What you wrote is not kept yet: ^s keeps it, Esc again drops it")
        else:
            self.dismiss(None)

    @on(TextArea.Changed)
    def _goes_on(self) -> None:
        self._asked = None


def first_line(text: str, most: int = 60) -> str:
    """The first line of a note, cut where it is long."""
    line = clean(clean_lines(text).partition("\n")[0])
    return line if len(line) <= most else line[: most - 1] + "…"


# -- copying -----------------------------------------------------------------------------------


class CopyScreen(OwnScreen):
    """What to copy; its keys make `yy`, `yu` and `yb` of the key that opened it."""

    DEFAULT_CSS = """
    CopyScreen OptionList {
        height: auto; border: none; background: transparent; padding: 0;
        &:focus { border: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "take(0)", "Key"),
        Binding("u", "take(1)", "Address"),
        Binding("b", "take(2)", "BibTeX"),
        Binding("q,escape", "close", "Back"),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def compose(self) -> ComposeResult:
        papers = sum(entry.kind == "paper" for entry in self.entries)
        lines = (
            ("y", self.say("Key"), self._one([entry.key for entry in self.entries])),
            ("u", self.say("Address"), self._one(self._addresses()) or self.say("unknown")),
            (
                "b",
                "BibTeX",
                f"{papers:,}" if papers > 1 else "" if papers else self.say("papers only"),
            ),
        )
        width = max(cell_len(what) for _, what, _ in lines)
        with Vertical() as window:
            window.border_title = self.heading("Copy")
            yield Choices(
                *(
                    Option(Text(f"{key}  {fit(what, width)}  {clean(value)}"))
                    for key, what, value in lines
                ),
                markup=False,
            )
        yield KeyLine()

    def _addresses(self) -> list[str]:
        known = (clean(entry.url or "") for entry in self.entries)
        return [url for url in known if url.startswith(("https://", "http://"))]

    def _one(self, values: Sequence[str]) -> str:
        return values[0] if len(values) == 1 else f"{len(values):,}" if values else ""

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()

    @on(OptionList.OptionSelected)
    def _selected(self, message: OptionList.OptionSelected) -> None:
        self.action_take(message.option_index)

    def action_take(self, at: int) -> None:
        if at == 2:
            papers = [entry.key for entry in self.entries if entry.kind == "paper"]
            if papers:
                self.read(partial(bibtex_of, self.paths, papers))
            else:
                self.notify(self.say("BibTeX is of papers only"), markup=False)
            return
        values = [clean(entry.key) for entry in self.entries] if at == 0 else self._addresses()
        self._copied("\n".join(values))

    @on(OwnScreen.Told)
    def _told(self, message: OwnScreen.Told) -> None:
        if isinstance(message.outcome, HubError):
            _complain(self.hub, message.outcome)
        else:
            self._copied(str(message.outcome))

    def _copied(self, text: str) -> None:
        if not text:
            self.notify(self.say("Nothing to copy: no address is known"), markup=False)
            return
        self.app.copy_to_clipboard(text)
        told = self.say("Copied {key}").format(key=first_line(text))
        self.app.notify(told, markup=False)
        self.dismiss(None)


def bibtex_of(paths: Paths, papers: Sequence[Key]) -> str:
    """The BibTeX of papers, one entry after the other. HubError when one is not there any more."""
    shown = attempt(paths, lambda queries: [queries.show(key) for key in papers])
    if isinstance(shown, HubError):
        raise shown
    return bibtex_text([(one.entry.key, dict(one.fields)) for one in shown])


def bibtex_text(papers: Sequence[tuple[Key, dict[str, object]]]) -> str:
    """The BibTeX of papers by their key and the fields that are known of them."""
    from hub import bibtex  # bibtexparser: only who asks for it pays

    empty = dict.fromkeys(("title", "published", "venue", "doi", "url")) | {
        "authors": [],
        "categories": [],
    }
    rows = [{**empty, "title": key, **fields, "key": key} for key, fields in papers]
    return clean_lines("\n".join(bibtex.entries(rows)).replace("\t", "  "))
