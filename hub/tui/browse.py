"""The main screen: tabs, a search, filters, a table, the sheet of one entry; panes of other kinds."""

import importlib
import time
from dataclasses import replace
from typing import Any, ClassVar, Final, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.timer import Timer
from textual.widget import AwaitMount, Widget
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from crawlers.clean import clean
from crawlers.keys import Key
from hub.errors import HubError
from hub.queries import Entry
from hub.tui.columns import sortable
from hub.tui.entries import EntryTable, TableHead
from hub.tui.framed import Framed
from hub.tui.keyline import KeyLine
from hub.tui.preview import Preview
from hub.tui.reading import (
    TABS,
    Answer,
    Facet,
    Question,
    Reader,
    Rows,
    Whole,
    attempt,
    filters_of,
    said,
    tried,
    whole,
)  # fmt: skip
from hub.tui.screens import HubScreen
from hub.tui.tabs import Tabs
from hub.tui.wrapping import Wrapped

PANES: Final = {
    "Baselines & runs": ("hub.tui.baselines", "BaselinesPane"),
    "Sources": ("hub.tui.sources", "SourcesPane"),
}
"""Tab that is no list -> module and class of its pane, imported when it is first shown."""

ALL_TABS: Final = (*TABS, *PANES)

SLOW_SECONDS: Final = 0.15
"""A read that takes longer shows that it goes on."""

CALM_SECONDS: Final = 0.12
"""The sheet follows the cursor when it has rested so long: a held key stays fluid."""
SOON_SECONDS: Final = 0.04
"""Before the sheet follows a single step: the list itself is painted first."""

_TURNING: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

SEARCHES: Final = 50
"""Searches remembered."""


class SearchInput(Input):
    """Takes what can be printed: a paste cannot bring control characters onto the screen."""

    HELP = "The search"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.unsearch", "Take back", key_display="Esc"),
        Binding("down", "screen.list", "To the list", show=False),
        Binding("ctrl+r,up", "screen.earlier", "Earlier search", show=False),
    ]
    virtual_size = Reactive(Size(0, 0), layout=False)
    """Its line scrolls within itself: no keystroke need lay out the screen anew, as Textual's would."""

    def validate_value(self, value: str) -> str:
        return "".join(filter(str.isprintable, value))


class Note(Static):
    """What is to be said about an answer, above its rows."""

    virtual_size = Reactive(Size(0, 0), layout=False)
    """It wraps what it says: that its text got longer need not lay out the screen a second time."""


class BrowseScreen(HubScreen):
    """Asks the question that stands in the search, the tabs and the filters; shows its answer."""

    HELP = "The main screen"
    AUTO_FOCUS = "EntryTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/"),
        Binding("f", "facets", "Filter", tooltip="Filters with counts"),
        Binding("x", "unfilter", "Clear filters", show=False, tooltip="Take all filters away"),
        Binding(
            "0",
            "tab(0)",
            "All kinds",
            show=False,
            key_display="0-9",
            tooltip="The tab of this number",
        ),
        *(Binding(str(at), f"tab({at})", show=False) for at in range(1, len(ALL_TABS))),
        Binding("left", "step(-1)", "Previous tab", show=False),
        Binding("right", "step(1)", "Next tab", show=False),
        Binding("tab", "app.focus_next", "Next pane", show=False),
        Binding("shift+tab", "app.focus_previous", "Previous pane", show=False),
        Binding("c", "compare", "Compare", tooltip="The marked frameworks side by side"),
        Binding("p", "preview", "Sheet", show=False, tooltip="Show or hide the sheet"),
        Binding("v", "comfortable", "Rows", show=False, tooltip="One line for an entry, or two"),
        Binding("escape", "back", "Back", show=False, tooltip="Back, or clear the search"),
    ]

    class Answered(Message):
        """A question was answered, or could not be."""

        def __init__(self, question: Question, outcome: Answer | HubError) -> None:
            super().__init__()
            self.question = question
            self.outcome = outcome

    class Paged(Message):
        """A page of the list was read, or could not be."""

        def __init__(self, question: Question, offset: int, outcome: Rows | HubError) -> None:
            super().__init__()
            self.question = question
            self.offset = offset
            self.outcome = outcome

    class Counted(Message):
        """The filters of a question were counted, or could not be."""

        def __init__(self, question: Question, outcome: tuple[Facet, ...] | HubError) -> None:
            super().__init__()
            self.question = question
            self.outcome = outcome

    class Looked(Message):
        """An entry was read whole, or could not be."""

        def __init__(self, key: Key, outcome: Whole | HubError) -> None:
            super().__init__()
            self.key = key
            self.outcome = outcome

    class Starred(Message):
        """The keys in the user's library that carry a star."""

        def __init__(self, starred: frozenset[Key]) -> None:
            super().__init__()
            self.starred = starred

    def __init__(self) -> None:
        super().__init__()
        self.question = Question()
        self.reader: Reader | None = None
        self._before = ""
        self._noted = ("", False)
        self._mounting: AwaitMount | None = None
        self._count_timer: Timer | None = None
        self._moved_at = 0.0
        self._look_timer: Timer | None = None
        self._slow_timer: Timer | None = None
        self._turns = 0

    # -- building ----------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        from hub.tui.facets import Chips, FacetPanel

        state = self.hub.state
        yield Tabs(ALL_TABS)
        with Vertical(id="lists"):
            yield SearchInput(
                placeholder=self.say("Search papers, datasets, frameworks, methods …"), id="search"
            )
            yield Chips()
            with Horizontal(id="panes"):
                yield FacetPanel()
                with Framed(id="found"):
                    table = EntryTable()
                    yield Note(id="note", markup=False)
                    yield TableHead(table)
                    yield table
                yield Preview()
        yield KeyLine()
        table.comfortable = state.comfortable

    def on_mount(self) -> None:
        self.reader = Reader(self.paths)
        state = self.hub.state
        self._show_panes()
        self.query_one(EntryTable).take_widths(state.widths)
        tab = state.tab if state.tab in ALL_TABS else "All"
        self.go(tab)
        self.own_changed()

    def on_unmount(self) -> None:
        if self.reader is not None:
            self.reader.close()

    def _show_panes(self) -> None:
        """Their classes stand on the panes: one on the screen would have all of it styled anew."""
        from hub.tui.facets import FacetPanel

        state, preview = self.hub.state, self.query_one(Preview)
        self.query_one(FacetPanel).set_class(state.facets, "-on")
        preview.set_class(state.facets, "-third")
        preview.set_class(not state.preview, "-off")

    # -- question and answer -----------------------------------------------------------------

    @property
    def table(self) -> EntryTable:
        return self.query_one(EntryTable)

    def ask(self, question: Question) -> None:
        """Asks anew; of several questions only the last is shown. The cursor stays on its entry
        where the same is asked again."""
        here = self.table.entry if question == self.question else None
        key = here.key if here else None
        self.question = question
        if self.reader is None:
            return
        self.reader.ask(
            "list",
            lambda reader: reader.answer(question, key),
            lambda outcome: self.post_message(self.Answered(question, outcome)),
        )
        if self._slow_timer is None:
            self._slow_timer = self.set_interval(SLOW_SECONDS, self._turn)

    def _count(self) -> None:
        """Has the filters counted, where they are to be seen."""
        question = self.question
        if self.reader is not None and self.hub.state.facets:
            self.reader.ask(
                "facets",
                lambda reader: reader.facets(question),
                lambda outcome: self.post_message(self.Counted(question, outcome)),
            )

    @on(Input.Changed, "#search")
    def _typed(self, message: Input.Changed) -> None:
        if message.value != self.question.text:
            self.ask(replace(self.question, text=message.value, sort=None, descending=None))

    @on(EntryTable.PageWanted)
    def _ask_page(self, message: EntryTable.PageWanted) -> None:
        question, offset = message.question, message.offset
        if self.reader is not None and question == self.question:
            self.reader.ask(
                "page",
                lambda reader: reader.rows(question, offset),
                lambda outcome: self.post_message(self.Paged(question, offset, outcome)),
            )

    @on(Paged)
    def _show_page(self, message: Paged) -> None:
        if isinstance(message.outcome, HubError):
            self.table.lost_rows(message.offset)
            if message.question == self.question:
                self._note(said(message.outcome), wrong=True)
        else:
            self.table.show_rows(message.outcome)

    @on(Answered)
    def _show_answer(self, message: Answered) -> None:
        if message.question != self.question:
            return
        self._calm()
        self._moved_at = time.monotonic()  # the rows come first, their sheet a moment later
        outcome = message.outcome
        if isinstance(outcome, HubError):
            self.table.show_answer(None)
            self._note(said(outcome), wrong=True)
        else:
            self.table.show_answer(outcome)
            self._tell_place()  # in the frame of the rows, not in the next one
            self._note(self._sentence(outcome))
        self.query_one(TableHead).refresh()
        if self.hub.state.facets:
            if self._count_timer is not None:
                self._count_timer.stop()
            self._count_timer = self.set_timer(CALM_SECONDS, self._count)
        self.hub.ready()

    @on(Counted)
    def _show_counts(self, message: Counted) -> None:
        from hub.tui.facets import FacetPanel

        if message.question != self.question:
            return
        if isinstance(message.outcome, HubError):
            self.complain(message.outcome)
        else:
            self.query_one(FacetPanel).show_facets(message.question, message.outcome)

    def _turn(self) -> None:
        """Shows that a slow read goes on."""
        self._turns += 1
        sign = _TURNING[self._turns % len(_TURNING)] if self.hub.state.motion else "•"
        self.query_one(Framed).tell(f"{sign} {self.say('Reading …')}")

    def _calm(self) -> None:
        if self._slow_timer is not None:
            self._slow_timer.stop()
            self._slow_timer = None

    def _note(self, text: str, *, wrong: bool = False) -> None:
        if (text, wrong) == self._noted:
            return
        self._noted = (text, wrong)
        note = self.query_one(Note)
        note.set_class(wrong, "error")
        note.update(Wrapped(text))
        note.display = bool(text)

    def _sentence(self, answer: Answer) -> str:
        """What is to be said about an answer beside its rows."""
        question, say = answer.question, self.say
        typed, lines = clean(question.text).strip(), list[str]()
        if answer.translated:
            words = ", ".join(f"{clean(zh)} → {clean(en)}" for zh, en in answer.translated)
            lines.append(say("Translated as: {words}").format(words=words))
        if not answer.found:
            lines.append(self._nothing(question, typed))
        elif answer.by_start:
            pattern = "No whole word matches; names that begin with “{text}”:"
            lines.append(say(pattern).format(text=typed))
        if answer.stale and typed:
            pattern = "The index has not seen the last {n} writes: hub index update."
            lines.append(say(pattern).format(n=f"{answer.stale:,}"))
        return "\n".join(lines)

    def _nothing(self, question: Question, typed: str) -> str:
        if question.chosen:
            pattern = "Nothing passes these filters. x takes them away."
        elif typed:
            pattern = "Nothing matches “{text}”. Esc clears the search, 0 looks in every kind."
        elif question.tab == "Library":
            pattern = (
                "Your library is empty. On any entry s stars it, t tags it, n writes a note and S "
                "says how far you have read; all of it is kept here, in a file of your own."
            )
        else:
            pattern = "Nothing of this kind is in the catalog yet. Tab 9 fetches from the sources."
        return self.say(pattern).format(text=typed)

    # -- filters and order -------------------------------------------------------------------

    def _remember(self) -> None:
        """Keeps order and filters of this tab for the next start."""
        state, question = self.hub.state, self.question
        state.filters[question.tab] = {name: list(values) for name, values in question.chosen}
        if question.sort is None:
            state.sorts.pop(question.tab, None)
        elif not question.text.strip():
            down = question.descending
            state.sorts[question.tab] = [question.sort, bool(self._down(question, down))]
        self.hub.keep()

    def _down(self, question: Question, down: bool | None) -> bool:
        if down is not None:
            return down
        return next((c.down for c in self.table.columns if c.name == question.sort), False)

    @on(EntryTable.Sorted)
    def _sort(self, message: EntryTable.Sorted) -> None:
        self.ask(replace(self.question, sort=message.column, descending=message.descending))
        self._remember()

    @on(EntryTable.LaidOut)
    def _laid_out(self) -> None:
        self.query_one(TableHead).refresh()

    @on(EntryTable.Widened)
    def _widen(self, message: EntryTable.Widened) -> None:
        self.hub.state.widths.setdefault(message.tab, {})[message.column] = message.width
        self.table.take_widths(self.hub.state.widths)
        self.hub.keep()

    def toggle(self, facet: str, value: Any) -> None:
        """Sets a filter, or takes it away."""
        self.ask(self.question.toggled(facet, value))
        self._remember()
        self._tell_filters()

    def _tell_filters(self) -> None:
        from hub.tui.facets import Chips

        self.query_one(Chips).show_question(self.question)
        self.refresh_bindings()

    def action_unfilter(self) -> None:
        """Every filter of this tab away."""
        self.ask(replace(self.question, chosen=()))
        self._remember()
        self._tell_filters()

    def action_facets(self) -> None:
        """Opens the filters and goes there; from there closes them."""
        from hub.tui.facets import FacetPanel

        panel = self.query_one(FacetPanel)
        if self.hub.state.facets and panel.has_focus:
            self.hub.state.facets = False
            self.table.focus()
        else:
            self.hub.state.facets = True
        self._show_panes()
        self.hub.keep()
        if self.hub.state.facets:
            panel.focus()
            self._count()

    # -- the sheet ---------------------------------------------------------------------------

    @on(EntryTable.Moved)
    def _moved(self, message: EntryTable.Moved) -> None:
        if self._slow_timer is None:
            self._tell_place()
        came_or_went = (self.entry is None) != (message.entry is None)
        self.entry = message.entry
        if came_or_went:
            self.refresh_bindings()
        if self._look_timer is not None:
            self._look_timer.stop()
            self._look_timer = None
        now = time.monotonic()
        rested, self._moved_at = now - self._moved_at, now
        if self.entry is None:
            if not self.table.count:
                self.query_one(Preview).show_whole(None)
        else:
            wait = SOON_SECONDS if rested > CALM_SECONDS else CALM_SECONDS
            self._look_timer = self.set_timer(wait, self._look)

    def _tell_place(self) -> None:
        table = self.table
        marked = len(table.marked)
        parts = [self.say("{n} marked").format(n=marked)] if marked else []
        self.query_one(Framed).tell(" · ".join([*parts, table.place]))

    @on(Preview.Revealed)
    def _look(self) -> None:
        self._look_timer = None
        if self.entry is not None and self.query_one(Preview).display:
            self.look(self.entry.key)

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

    @on(EntryTable.Opened)
    def _open(self, message: EntryTable.Opened) -> None:
        self._keep_search()
        self.hub.open_key(message.entry.key, message.entry)

    @on(EntryTable.Marked)
    def _marked(self) -> None:
        self._tell_place()
        self.refresh_bindings()

    @property
    def chosen(self) -> tuple[Entry, ...]:
        if self.tab_shown not in TABS:
            return ()
        marked = tuple(self.table.marked.values())
        return marked or super().chosen

    # -- the user's own ----------------------------------------------------------------------

    def own_changed(self) -> None:
        self.read_own()
        if self.question.tab == "Library":
            self.ask(self.question)

    @work(thread=True, exclusive=True, group="starred")
    def read_own(self) -> None:
        from hub.tui.shelf import kept

        worker = get_current_worker()
        outcome = tried(self.paths, lambda: kept(self.paths))
        if not worker.is_cancelled and not isinstance(outcome, HubError):
            starred = frozenset(key for key, one in outcome.items() if one.favourite)
            self.post_message(self.Starred(starred))

    @on(Starred)
    def _show_starred(self, message: Starred) -> None:
        self.table.show_starred(message.starred)

    def again(self) -> None:
        if self.tab_shown in PANES:
            pane = self._pane()
            if (
                pane is not None and pane.is_mounted and pane.is_attached
            ):  # else it is about to read
                pane.again()
            return
        self.ask(self.question)
        self.read_own()
        self._look()

    # -- tabs --------------------------------------------------------------------------------

    @property
    def tab_shown(self) -> str:
        return self.query_one(Tabs).active

    def _pane(self) -> Any:
        """The pane of the tab at hand; None where it is a list."""
        if self.tab_shown not in PANES:
            return None
        found = self.query(f"#{_id(self.tab_shown)}")
        return found.first() if found else None

    def go(self, tab: str) -> None:
        """Shows a tab, with the order and the filters that it was left with."""
        self.query_one(Tabs).active = tab
        self.query_one("#lists").display = tab in TABS
        for name in PANES:
            for pane in self.query(f"#{_id(name)}"):
                pane.display = name == tab
        state = self.hub.state
        if state.tab != tab:
            state.tab = tab
            self.hub.keep()
        if tab in TABS:
            self._ask_tab(tab)
        else:
            self._show_pane(tab)
            self.hub.ready()
        self.refresh_bindings()

    def _ask_tab(self, tab: str) -> None:
        state = self.hub.state
        text = self.query_one(SearchInput).value
        sort, down = state.sorts.get(tab, (None, None)) if not text.strip() else (None, None)
        if not sortable(tab, sort):
            sort = down = None
        chosen = filters_of(state.filters.get(tab, {}))
        self.query_one("#found").border_title = Content(self.say(tab))
        self.ask(Question(text, tab, sort, down, chosen))
        self._tell_filters()
        if self.focused is None or not self.focused.display or not self.focused.is_on_screen:
            self.set_focus(self.table)

    def _show_pane(self, tab: str) -> None:
        if not self.is_attached:
            return  # the browser is being left: nothing can be mounted any more
        found = self.query(f"#{_id(tab)}")
        if found:
            self.call_after_refresh(cast("Any", found.first()).focus_first)
            return
        module, name = PANES[tab]
        try:
            made: Widget = getattr(importlib.import_module(module), name)()
        except ModuleNotFoundError:
            made = Static(markup=False)
        made.id = _id(tab)
        self._mounting = self.mount(made, before=self.query_one(KeyLine))
        if hasattr(made, "focus_first"):
            self.call_after_refresh(made.focus_first)

    @on(Tabs.Chosen)
    def _choose(self, message: Tabs.Chosen) -> None:
        self.go(message.tab)

    def action_tab(self, at: int) -> None:
        self.go(ALL_TABS[at])

    def action_step(self, steps: int) -> None:
        at = ALL_TABS.index(self.tab_shown) + steps
        self.go(ALL_TABS[at % len(ALL_TABS)])

    # -- keys --------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "search" and isinstance(self.focused, SearchInput):
            return False
        if action == "unfilter":
            return bool(self.question.chosen)
        if action in ("facets", "preview", "comfortable") and self.tab_shown not in TABS:
            return False
        if action == "compare":
            kinds = [entry.kind in ("framework", "tool") for entry in self.chosen]
            return sum(kinds) > 1
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        if self.tab_shown not in TABS:
            self.go("All")
        field = self.query_one(SearchInput)
        self._before = field.value
        self.set_focus(field)
        field.select_all()

    @on(Input.Submitted, "#search")
    def _submitted(self) -> None:
        self._keep_search()
        self.action_list()

    def action_list(self) -> None:
        self.set_focus(self.table)

    def action_unsearch(self) -> None:
        """Out of the search, which is as it was before."""
        self.query_one(SearchInput).value = self._before
        self.action_list()

    def action_earlier(self) -> None:
        """The search before the one that stands there."""
        field, searched = self.query_one(SearchInput), self.hub.state.searched
        at = searched.index(field.value) if field.value in searched else len(searched)
        if at > 0:
            field.value = searched[at - 1]
            field.cursor_position = len(field.value)

    def _keep_search(self) -> None:
        text, searched = self.question.text.strip(), self.hub.state.searched
        if text:
            self.hub.state.searched = [*(one for one in searched if one != text), text][-SEARCHES:]
            self.hub.keep()

    def action_back(self) -> None:
        """From another pane to the list; in the list, away with the search."""
        if self.table.has_focus:
            self.query_one(SearchInput).value = ""
        elif self.tab_shown in TABS:
            self.set_focus(self.table)

    def action_compare(self) -> None:
        from hub.tui.opening import comparison_of

        screen = comparison_of(self.chosen)
        if screen is not None:
            self.app.push_screen(screen)

    def action_preview(self) -> None:
        self.hub.state.preview = not self.hub.state.preview
        self._show_panes()
        self.hub.keep()

    def action_comfortable(self) -> None:
        state = self.hub.state
        state.comfortable = self.table.comfortable = not state.comfortable
        self.hub.keep()

    # -- language ----------------------------------------------------------------------------

    async def spoken(self) -> None:
        from hub.tui.facets import FacetPanel

        field = self.query_one(SearchInput)
        field.placeholder = self.say("Search papers, datasets, frameworks, methods …")
        if self._mounting is not None:
            await self._mounting  # a pane that is taken away half made would miss its other half
        for name in PANES:
            for pane in self.query(f"#{_id(name)}"):
                await pane.remove()
        self.table.speak()
        self.query_one(FacetPanel).speak()
        for widget in (self.query_one(Tabs), self.query_one(TableHead), self.query_one(KeyLine)):
            widget.refresh()
        self.go(self.tab_shown)
        self._look()


def _id(tab: str) -> str:
    return f"pane-{tab.partition(' ')[0].lower()}"
