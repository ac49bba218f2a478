"""What an XML body must be before anything in it is believed."""

from pathlib import Path

import pytest

from crawlers import xml
from crawlers.source import SourceError


@pytest.mark.parametrize(
    ("body", "why", "again"),
    [
        (b"", "the answer is empty", True),
        (b" \n", "the answer is empty", True),
        (b"Rate exceeded.", "no XML came, but: Rate exceeded.", False),
        (b"\x1b[2Jhello", "no XML came, but: hello", False),
        (b"<!DOCTYPE html><html><body>Down</body></html>", "an HTML page came instead of XML", False),
        (b"<HTML><p>Down", "an HTML page came instead of XML", False),
        (b"<feed/>", "a document <feed> came instead of <OAI-PMH>", False),
        (b"<OAI-PMH><ListRecords><record>", "the XML is cut off or damaged", True),
        (b"<OAI-PMH>\xff</OAI-PMH>", "the XML is not UTF-8", True),
        ("<OAI-PMH/>".encode("utf-16"), "no XML came, but: ", False),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "h">]><OAI-PMH>&e;</OAI-PMH>',
         "the XML declares a document type", False),
        (b"<OAI-PMH>" + b"<a>" * 5_000 + b"</a>" * 5_000 + b"</OAI-PMH>",
         "the XML is cut off or damaged", True),
    ],
)  # fmt: skip
def test_body_that_is_no_list_is_said(body: bytes, why: str, again: bool):
    with pytest.raises(SourceError) as caught:
        xml.root(body, "OAI-PMH")
    assert caught.value.why.startswith(why)
    assert caught.value.again is again


def test_declared_encoding_hides_no_document_type():
    body = b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE x+AD4-<OAI-PMH/>'
    with pytest.raises(SourceError):
        xml.root(body, "OAI-PMH")


def test_entity_reads_no_file(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    head = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>'
    with pytest.raises(SourceError, match="document type"):
        xml.root(f"{head}<OAI-PMH>&e;</OAI-PMH>".encode(), "OAI-PMH")


@pytest.mark.parametrize(
    "body", [b"<a>x</a>", b"\xef\xbb\xbf<a>x</a>", b"\n <?xml version='1.0'?><a>x</a>"]
)
def test_whole_document_is_its_root(body: bytes):
    assert xml.text(xml.root(body, "a")) == "x"


@pytest.mark.parametrize(
    ("said", "text"),
    [("a\x0cb", "ab"), ("a&#27;b&#x1B;c&#0;d", "abcd"), ("a&#9;b", "a\tb"), ("&#xe9;&#233;", "éé"),
     ("<![CDATA[<!DOCTYPE x>]]>", "<!DOCTYPE x>"), ("&lt;!DOCTYPE x&gt;", "<!DOCTYPE x>")],
)  # fmt: skip
def test_text_is_what_stands_there_without_what_xml_forbids(said: str, text: str):
    assert xml.text(xml.root(f"<a>{said}</a>".encode(), "a")) == text


def test_name_is_without_its_namespace_and_markup_is_text():
    found = xml.root(b'<a:x xmlns:a="http://a"><b>one <i>two</i> three</b></a:x>', "x")
    assert xml.text(xml.children(found)["b"]) == "one two three"


def test_blank_element_says_nothing():
    found = xml.children(xml.root(b"<a><b/><c> \n</c></a>", "a"))
    assert [xml.text(one) for one in found.values()] == [None, None]


def test_words_of_others_are_safe_and_short():
    assert xml.shown("\x1b[31mred\n " + "x" * 500, 20) == "red xxxxxxxxxxxxx..."
