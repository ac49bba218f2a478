"""What the user does to entries: star, tags, notes, reading state, copying. Writes go to library.db.

Each of `star`, `reading`, `tag`, `note` and `copy` takes the screen whose key was pressed and the
entries it acts on. Every write is made in a worker, one after the other, and told to all screens.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList

from crawlers.clean import clean, clean_lines
from crawlers.keys import Key
from hub.errors import HubError
from hub.library import READING, Kept, Library
from hub.paths import Paths
from hub.queries import Entry
from hub.tui.reading import said, unexpected
from hub.tui.stepwise import Stepwise

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
            app.call_from_thread(complain, app, error)
        except Exception as error:  # noqa: BLE001 - the boundary: logged, and shown as a message
            app.call_from_thread(complain, app, unexpected(paths, error))
        else:
            app.call_from_thread(_done, pattern, values)

    def _done(pattern: str, values: dict[str, str]) -> None:
        app.own_changed()
        cleaned = {name: clean(value) for name, value in values.items()}
        app.notify(app.say(pattern).format(**cleaned), markup=False)

    app.run_worker(work, thread=True, group="own", exit_on_error=False)


def complain(app: "HubApp", error: HubError) -> None:
    app.notify(said(error), severity="error", timeout=10, markup=False)


def named(entries: Sequence[Entry]) -> str:
    """One entry by its name, several by their number."""
    if len(entries) == 1:
        return entries[0].name if len(entries[0].name) < 50 else entries[0].name[:49] + "…"
    return f"{len(entries):,}"


# -- star and reading state --------------------------------------------------------------------


def star(screen: "HubScreen", entries: Sequence[Entry]) -> None:
    """Stars them; where all are starred already, takes the stars away."""
    keys, name = [entry.key for entry in entries], named(entries)

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
    keys, name = [entry.key for entry in entries], named(entries)

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


class OwnScreen(Stepwise, ModalScreen[None]):
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
        return Content(clean(f"{self.say(pattern)} · {named(self.entries)}"))

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
    from hub.tui.tags import TagScreen

    screen.app.push_screen(TagScreen(entries))


def note(screen: "HubScreen", entries: Sequence[Entry]) -> None:
    from hub.tui.notes import NoteScreen

    screen.app.push_screen(NoteScreen(entries))


def copy(screen: "HubScreen", entries: Sequence[Entry]) -> None:
    """Asks what to copy: `y` the key, `u` the address, `b` BibTeX."""
    from hub.tui.copying import CopyScreen

    screen.app.push_screen(CopyScreen(entries))


class Choices(OptionList):
    """A list in a window; where the terminal leaves it no line, there is no page to go on by."""

    def action_page_up(self) -> None:
        if self.size:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        if self.size:
            super().action_page_down()  # type: ignore[no-untyped-call]


def first_line(text: str, most: int = 60) -> str:
    """The first line of a note, cut where it is long."""
    line = clean(clean_lines(text).partition("\n")[0])
    return line if len(line) <= most else line[: most - 1] + "…"
