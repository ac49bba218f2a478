"""Papers as BibTeX, escaped by bibtexparser and pylatexenc."""

import logging
import re
from collections.abc import Iterable, Iterator

from crawlers.clean import clean
from hub.catalog import Row
from hub.queries import address_of
from hub.words import folded


def entries(papers: Iterable[Row]) -> Iterator[str]:
    """One entry of each paper; keys are first author, year and first long word, made unique."""
    from bibtexparser.library import Library
    from bibtexparser.middlewares import AddEnclosingMiddleware, LatexEncodingMiddleware
    from bibtexparser.model import Entry, Field
    from bibtexparser.writer import write

    # Characters that LaTeX has no command for stay as they are, which XeLaTeX wants: no news to warn of.
    logging.getLogger("pylatexenc").setLevel(logging.ERROR)
    escape = LatexEncodingMiddleware(allow_inplace_modification=True)
    enclose = AddEnclosingMiddleware(
        reuse_previous_enclosing=False, enclose_integers=True, default_enclosing="{"
    )
    used: dict[str, int] = {}
    for row in papers:
        fields = [Field(name, clean(value)) for name, value in _fields(row)]
        kind = "article" if row["venue"] else "misc"
        escaped = escape.transform(Library([Entry(kind, _key(row, used), fields)])).entries[0]
        # Addresses and ids are not prose: the url and doi packages take them as they are.
        plain = [Field(name, _bare(value)) for name, value in _addresses(row)]
        prose = [Field(field.key, _balanced(field.value)) for field in escaped.fields]
        entry = Entry(kind, escaped.key, [*prose, *plain])
        yield write(enclose.transform(Library([entry]))) + "\n"


def _addresses(row: Row) -> Iterator[tuple[str, str]]:
    prefix, _, identity = row["key"].partition(":")
    if row["doi"] or prefix == "doi":
        yield "doi", row["doi"] or identity
    address = row["url"] or address_of(row["key"])
    if address:
        yield "url", address


def _balanced(text: str) -> str:
    """LaTeX in which braces pair up, since BibTeX counts those behind a backslash too."""
    text = text.replace("\\{", "{\\textbraceleft}").replace("\\}", "{\\textbraceright}")
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            break
    return text if depth == 0 else text.replace("{", "").replace("}", "")


def _bare(address: str) -> str:
    """An address without what would end or open a group in BibTeX."""
    return "".join(f"%{ord(c):02X}" if c in "{}\\ " else c for c in clean(address))


def _fields(row: Row) -> Iterator[tuple[str, str]]:
    prefix, _, identity = row["key"].partition(":")
    yield "title", row["title"]
    if row["authors"]:
        yield "author", " and ".join(row["authors"])
    if row["published"]:
        yield "year", row["published"][:4]
    if row["venue"]:
        yield "journal", row["venue"]
    if prefix == "arxiv":
        yield "eprint", identity
        yield "archiveprefix", "arXiv"
        if row["categories"]:
            yield "primaryclass", row["categories"][0]


def _key(row: Row, used: dict[str, int]) -> str:
    last = row["authors"][0].split()[-1] if row["authors"] and row["authors"][0].split() else "anon"
    words = re.findall(r"[a-z0-9]{4,}", folded(row["title"])) or ["paper"]
    name = re.sub(r"[^a-z0-9]", "", folded(last)) or "anon"
    key = f"{name}{row['published'][:4] if row['published'] else ''}{words[0]}"
    used[key] = used.get(key, 0) + 1
    return key if used[key] == 1 else f"{key}{used[key]}"
