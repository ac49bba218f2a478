"""The main screen: search above, kinds below it, entries left, the sheet of one entry right."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Input, Static, Tab, Tabs
from textual.worker import get_current_worker

from crawlers.clean import clean
from crawlers.keys import Key
from hub.errors import HubError
from hub.tui.entries import EntryList
from hub.tui.preview import Preview
from hub.tui.reading import TABS, Answer, Question, Whole, answer, attempt, said, whole
from hub.tui.screens import HubScreen


class SearchInput(Input):
    """Takes what can be printed: a paste cannot bring control characters onto the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,down", "screen.list", "To the list", key_display="Esc"),
    ]

    def validate_value(self, value: str) -> str:
        return "".join(filter(str.isprintable, value))


class KindTabs(Tabs, can_focus=False):
    """One tab for each kind; moved by keys of the screen and by the mouse."""


class BrowseScreen(HubScreen):
    """Asks the question that stands in the search and the tabs, and shows its answer."""

    AUTO_FOCUS = "EntryList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/"),
        Binding(
            "1", "kind(0)", "Kind", key_display=f"1-{len(TABS)}", tooltip="Show one kind, or all"
        ),
        *(Binding(str(at + 1), f"kind({at})", show=False) for at in range(1, len(TABS))),
        Binding("left", "step(-1)", "Previous kind", show=False),
        Binding("right", "step(1)", "Next kind", show=False),
        Binding("tab", "app.focus_next", "Next pane", show=False),
        Binding("escape", "back", "Back, or clear the search", show=False),
    ]

    class Answered(Message):
        """A page of the list was read, or could not be."""

        def __init__(self, question: Question, outcome: Answer | HubError) -> None:
            super().__init__()
            self.question = question
            self.outcome = outcome

    class Looked(Message):
        """An entry was read whole, or could not be."""

        def __init__(self, key: Key, outcome: Whole | HubError) -> None:
            super().__init__()
            self.key = key
            self.outcome = outcome

    def __init__(self) -> None:
        super().__init__()
        self.question = Question()

    def compose(self) -> ComposeResult:
        hint = self.say("Search papers, datasets, frameworks, methods …")
        yield SearchInput(placeholder=hint, id="search")
        yield KindTabs(*(Tab(self.say(name), id=name) for name in TABS))
        with Horizontal(id="panes"):
            with Vertical(id="found"):
                yield Static(id="note", markup=False)
                yield EntryList()
            yield Preview()
        yield Footer()

    # -- question and answer -----------------------------------------------------------------

    @on(Input.Changed, "#search")
    @on(Tabs.TabActivated)
    def _ask(self) -> None:
        tab = self.query_one(KindTabs).active
        self.question = Question(self.query_one(SearchInput).value, tab or "All")
        self.read_page(self.question, 0)

    @on(EntryList.PageWanted)
    def _ask_page(self, message: EntryList.PageWanted) -> None:
        answered = self.query_one(EntryList).answer
        if answered is not None and answered.question == self.question:
            self.read_page(self.question, message.offset)

    @work(thread=True, exclusive=True, group="list")
    def read_page(self, question: Question, offset: int) -> None:
        worker = get_current_worker()
        outcome = attempt(self.paths, lambda queries: answer(queries, question, offset))
        if not worker.is_cancelled:
            self.post_message(self.Answered(question, outcome))

    @on(Answered)
    def _show_answer(self, message: Answered) -> None:
        if message.question != self.question:
            return
        outcome = message.outcome
        note = self.query_one("#note", Static)
        note.set_class(isinstance(outcome, HubError), "error")
        if isinstance(outcome, HubError):
            text = said(outcome)
            self.query_one(EntryList).show_answer(None)
        else:
            text = self._note(outcome)
            self.query_one(EntryList).show_answer(outcome)
        note.update(text)
        note.display = bool(text)

    def _note(self, outcome: Answer) -> str:
        typed = clean(outcome.question.text)
        if not outcome.found and not typed:
            return self.say("Nothing of this kind is in the catalog yet.")
        if not outcome.found:
            pattern = "Nothing matches “{text}”. Esc clears the search, 1 looks in every kind."
            return self.say(pattern).format(text=typed)
        if outcome.by_start:
            pattern = "No whole word matches; names that begin with “{text}”:"
            return self.say(pattern).format(text=typed)
        return ""

    @on(EntryList.Moved)
    def _preview(self, message: EntryList.Moved) -> None:
        entries = self.query_one(EntryList)
        self.query_one("#found").border_subtitle = Content(entries.place)
        came_or_went = (self.entry is None) != (message.entry is None)
        self.entry = message.entry
        if came_or_went:
            self.refresh_bindings()
        if self.entry is not None:
            self.look(self.entry.key)
        elif not entries.count:
            self.query_one(Preview).show_whole(None)

    @work(thread=True, exclusive=True, group="look")
    def look(self, key: Key) -> None:
        worker = get_current_worker()
        outcome = attempt(self.paths, lambda queries: whole(queries, key))
        if not worker.is_cancelled:
            self.post_message(self.Looked(key, outcome))

    @on(Looked)
    def _show_looked(self, message: Looked) -> None:
        if self.entry is None or message.key != self.entry.key:
            return
        preview = self.query_one(Preview)
        if isinstance(message.outcome, HubError):
            preview.show_error(message.outcome)
        else:
            preview.show_whole(message.outcome)

    @on(EntryList.Opened)
    def _open(self, message: EntryList.Opened) -> None:
        self.hub.open_key(message.entry.key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "search" and isinstance(self.focused, SearchInput):
            return False
        return super().check_action(action, parameters)

    # -- keys --------------------------------------------------------------------------------

    def action_search(self) -> None:
        self.set_focus(self.query_one(SearchInput))

    @on(Input.Submitted, "#search")
    def action_list(self) -> None:
        self.set_focus(self.query_one(EntryList))

    def action_kind(self, at: int) -> None:
        self.query_one(KindTabs).active = list(TABS)[at]

    def action_step(self, steps: int) -> None:
        self.action_kind((list(TABS).index(self.question.tab) + steps) % len(TABS))

    def action_back(self) -> None:
        """From another pane to the list; in the list, away with the search."""
        entries = self.query_one(EntryList)
        if entries.has_focus:
            self.query_one(SearchInput).value = ""
        else:
            self.set_focus(entries)
