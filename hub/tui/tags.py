"""The window of tags: those of the entries in hand, one more typed with what completes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.suggester import Suggester
from textual.widgets import Input, Static

from crawlers.clean import clean
from hub.errors import HubError, UsageError
from hub.library import Library, tag_of
from hub.queries import Entry
from hub.tui.keyline import KeyLine
from hub.tui.own import OwnScreen, complain, kept_about, named, write
from hub.tui.reading import said
from hub.tui.wrapping import Wrapped


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
            complain(self.hub, error)
            return
        added, removed = sorted(wanted - set(self.common)), sorted(set(self.common) - wanted)
        keys, name = [entry.key for entry in self.entries], named(self.entries)

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
