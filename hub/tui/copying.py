"""The window before copying: the key, the address or BibTeX."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from crawlers.clean import clean, clean_lines
from crawlers.keys import Key
from hub.errors import HubError
from hub.paths import Paths
from hub.tui.keyline import KeyLine
from hub.tui.own import Choices, OwnScreen, complain, first_line
from hub.tui.reading import attempt
from hub.tui.sheet import fit


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
            complain(self.hub, message.outcome)
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
