"""XML of strangers, made a tree.

Owns what an XML body may be: UTF-8, without a document type (so without entities), whole, and of the
kind that was asked for. Everything else is a SourceError that says what came instead.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from crawlers.clean import clean
from crawlers.source import SourceError

if TYPE_CHECKING:
    from lxml.etree import _Element

_CONTROLS: Final = bytes(code for code in range(32) if code not in b"\t\n\r")
_CONTROL_REFERENCE: Final = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));"
)
"""Characters that XML 1.0 forbids, as themselves and as references. Servers that only escape `<` and
`&` let them through from what authors paste, and one of them would cost a page of 1,300 records."""

_DECLARATION: Final = re.compile(rb"<\?xml\b[^>]{0,200}\?>")
_ELEMENT: Final = re.compile(rb"<[A-Za-z]")
_TYPE: Final = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.I)


def readable(body: bytes) -> bytes:
    """The body without its declaration and without characters that XML forbids. SourceError when it
    is empty, an HTML page, plain words, not UTF-8, or declares a document type."""
    said = body.removeprefix(b"\xef\xbb\xbf").strip()
    start = said[:400].lower()
    if not said:
        raise SourceError("the answer is empty", again=True)
    if start.startswith((b"<!doctype html", b"<html")):
        raise SourceError("an HTML page came instead of XML")
    if not start.startswith(b"<"):
        raise SourceError(f"no XML came, but: {shown(said[:400].decode('utf-8', 'replace'))}")
    try:
        said.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError("the XML is not UTF-8", again=True) from error
    first = _ELEMENT.search(said)
    if _TYPE.search(said, 0, first.start() if first else len(said)):
        raise SourceError("the XML declares a document type, which no answer of theirs does")
    bare = said[declared.end() :] if (declared := _DECLARATION.match(said)) else said
    return _CONTROL_REFERENCE.sub(b"", bare.translate(None, _CONTROLS))


def root(body: bytes, name: str) -> "_Element":
    """The root element of a whole document, SourceError where it is damaged or of another name."""
    from lxml import etree

    # Attributes expand entities whatever resolve_entities says; without a document type there are none.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        found = etree.fromstring(readable(body), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceError("the XML is cut off or damaged", again=True) from error
    if found.getroottree().docinfo.internalDTD is not None:
        raise SourceError("the XML declares a document type, which no answer of theirs does")
    if local(found) != name:
        raise SourceError(f"a document <{shown(local(found), 40)}> came instead of <{name}>")
    return found


def local(element: "_Element") -> str:
    """The element's name without its namespace: recorded answers lack theirs here and there."""
    return _local(element.tag)


@lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    return tag[tag.rfind("}") + 1 :]


def text(element: "_Element") -> str | None:
    """What the element says, markup inside it left out; None when it is blank."""
    said = "".join(map(str, element.itertext())) if len(element) else element.text
    return said if said and not said.isspace() else None


def children(element: "_Element") -> "dict[str, _Element]":
    """The child elements by name, the last one where there are several of one name."""
    return {_local(one.tag): one for one in element}


def shown(said: str, length: int = 120) -> str:
    """Somebody else's words, made safe and short."""
    line = clean(said)
    return line if len(line) <= length else f"{line[: length - 3]}..."
