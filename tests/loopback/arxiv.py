"""arXiv's three interfaces, over made-up papers."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from urllib.parse import parse_qs, quote, unquote, urlencode
from xml.sax.saxutils import escape, quoteattr

from tests.loopback.arxiv_xml import announced, atom, channel, entry, in_set, plain, raw, set_of
from tests.loopback.exchange import Asked, Reply
from tests.loopback.world import Paper, World


class Oai:
    """arXiv's OAI-PMH interface: github.com/arXiv/oaipmh, info.arxiv.org/help/oa.

    Errors come as HTTP 200. A token is `quote(urlencode(parameters and skip))`; its `from` moves on
    with the list and `skip` counts from there; what comes before that quoting is taken too.
    """

    EARLIEST = "2005-09-16"

    def __init__(self, world: World, page: int) -> None:
        self.world = world
        self.page = page

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        if asked.path != "/oai":
            return None
        said = dict(asked.query)
        if said.pop("verb", None) != "ListRecords":
            return self._error("badVerb", "Illegal verb", {})
        token = said.get("resumptionToken")
        if token is not None:
            if len(said) > 1:
                return self._error("badArgument", "resumptionToken is exclusive", {})
            said = {name: one[0] for name, one in parse_qs(unquote(token)).items()}
            if not {"metadataPrefix", "skip"} <= said.keys() or not said["skip"].isdigit():
                return self._error("badResumptionToken", "the token is invalid", {})
        wrong = self._wrong(said)
        if wrong:
            return self._error(*wrong, said)
        return self._list(said, token, twist)

    def _wrong(self, said: dict[str, str]) -> tuple[str, str] | None:
        if set(said) - {"metadataPrefix", "set", "from", "until", "skip"}:
            return "badArgument", "unknown argument"
        if said.get("metadataPrefix") not in ("arXiv", "arXivRaw"):
            return "cannotDisseminateFormat", "no such format"
        days = [said[name] for name in ("from", "until") if name in said]
        if not all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days):
            return "badArgument", "a day is YYYY-MM-DD"
        tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
        if said.get("from", "9") < self.EARLIEST or said.get("until", "0") > tomorrow:
            return "badArgument", "outside of the days that there are"
        if said.get("from", "0") > said.get("until", "9"):
            return "badArgument", "until lies before from"
        return None

    def _list(self, said: dict[str, str], token: str | None, twist: str | None) -> Reply:
        found = self._matching(said)
        skip = int(said.get("skip", "0"))
        if not found[skip:]:
            return self._error("noRecordsMatch", "nothing changed then", said)
        shown = found[skip : skip + self.page]
        rest = found[skip + self.page :]
        onward = self._token(said, found, rest)
        if twist == "empty page":
            shown = []
        elif twist == "duplicate page":
            shown = self._matching({**said, "from": self.EARLIEST})[: self.page]
        elif twist == "looping token":
            onward = token or onward
        records = "".join(self._record(paper, said["metadataPrefix"]) for paper in shown)
        last = "<resumptionToken/>" if token else ""
        if onward is not None:
            midnight = datetime.now(UTC).strftime("%Y-%m-%dT23:59:59Z")
            last = (
                f'<resumptionToken expirationDate="{midnight}">{escape(onward)}</resumptionToken>'
            )
        return self._envelope(f"<ListRecords>{records}{last}</ListRecords>", said)

    def _matching(self, said: dict[str, str]) -> list[Paper]:
        begin, end = said.get("from", ""), said.get("until", "9999")
        return [
            paper
            for paper in sorted(self.world.papers, key=lambda one: (one.changed, one.number))
            if begin <= paper.changed.isoformat() <= end
            and ("set" not in said or any(in_set(said["set"], one) for one in paper.categories))
        ]

    def _token(self, said: dict[str, str], found: list[Paper], rest: list[Paper]) -> str | None:
        if not rest:
            return None
        day = rest[0].changed
        done = found[: len(found) - len(rest)]
        said = {**said, "from": day.isoformat(), "skip": str(sum(p.changed == day for p in done))}
        return quote(urlencode(said))

    def _record(self, paper: Paper, prefix: str) -> str:
        said = raw(paper) if prefix == "arXivRaw" else plain(paper)
        sets = "".join(f"<setSpec>{set_of(one)}</setSpec>" for one in paper.categories)
        schema = f'xmlns="http://arxiv.org/OAI/{prefix}/"'
        return (
            f"<record><header><identifier>oai:arXiv.org:{paper.identifier}</identifier>"
            f"<datestamp>{paper.changed}</datestamp>{sets}</header>"
            f"<metadata><{prefix} {schema}>{said}</{prefix}></metadata></record>"
        )

    def _error(self, code: str, words: str, said: dict[str, str]) -> Reply:
        return self._envelope(f'<error code="{code}">{words}</error>', said)

    def _envelope(self, inner: str, said: dict[str, str]) -> Reply:
        echo = "".join(f" {name}={quoteattr(one)}" for name, one in said.items() if name != "skip")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Reply(
            (
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
                f"<responseDate>{now}</responseDate>"
                f'<request verb="ListRecords"{echo}>https://oaipmh.arxiv.org/oai</request>'
                f"{inner}</OAI-PMH>"
            ).encode(),
            "text/xml; charset=utf-8",
        )


class Query:
    """arXiv's query interface: info.arxiv.org/help/api/user-manual.

    A malformed id is HTTP 400 with a feed of one entry, an unknown one is a feed without any.
    """

    LARGEST = 2_000

    def __init__(self, world: World) -> None:
        self.world = world

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        if asked.path != "/api/query":
            return None
        said = {**asked.query, **{k: v[-1] for k, v in parse_qs(asked.body.decode()).items()}}
        start, most = said.get("start", "0"), said.get("max_results", "10")
        if not start.isdigit() or not most.isdigit() or int(most) > self.LARGEST:
            return self._error("start and max_results must be integers")
        if int(start) + int(most) > 30_000:
            return self._error("a query reaches 30,000 results")
        names = [one for one in said.get("id_list", "").split(",") if one]
        for name in names:
            if not re.fullmatch(r"(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})(v\d+)?", name):
                return self._error(f"incorrect id format for {name}")
        found = self._matching(names, said.get("search_query", ""))
        if said.get("sortBy") in ("submittedDate", "lastUpdatedDate"):
            down = said.get("sortOrder", "descending") == "descending"
            found.sort(key=lambda one: (one.submitted, one.number), reverse=down)
        shown = found[int(start) : int(start) + int(most)]
        if twist == "empty page":
            shown = []
        elif twist == "duplicate page":
            shown = found[: int(most)]
        return self._feed(said, "".join(map(entry, shown)), len(found), int(start), int(most))

    def _matching(self, names: list[str], query: str) -> list[Paper]:
        papers = self.world.papers
        if names:
            known = {paper.identifier: paper for paper in papers}
            bare = (name.partition("v")[0] for name in names)
            papers = [known[name] for name in bare if name in known]
        return [paper for paper in papers if not query or Words(query).suit(paper)]

    def _feed(self, said: dict[str, str], inner: str, total: int, start: int, most: int) -> Reply:
        words = escape(f"search_query={said.get('search_query', '')}")
        return atom(
            f"<title>arXiv Query: {words}</title>"
            f"<opensearch:itemsPerPage>{most}</opensearch:itemsPerPage>"
            f"<opensearch:totalResults>{total}</opensearch:totalResults>"
            f"<opensearch:startIndex>{start}</opensearch:startIndex>{inner}"
        )

    def _error(self, words: str) -> Reply:
        reply = atom(
            "<title>arXiv Search Results</title><opensearch:itemsPerPage>1</opensearch:itemsPerPage>"
            "<opensearch:totalResults>1</opensearch:totalResults>"
            "<opensearch:startIndex>0</opensearch:startIndex>"
            f"<entry><id>https://arxiv.org/api/errors#{escape(words.replace(' ', '_'))}</id>"
            f"<title>Error</title><summary>{escape(words)}</summary>"
            "<author><name>arXiv api core</name></author></entry>"
        )
        reply.status = 400
        return reply


class Words:
    """A search in arXiv's words: prefixes, days, AND, OR, ANDNOT, brackets; no operator is OR."""

    _TOKEN = re.compile(r'\(|\)|submittedDate:\[[^\]]*\]|(?:\w+:)?"[^"]*"|[^\s()]+')

    def __init__(self, query: str) -> None:
        self._tokens: Iterator[str] = iter(self._TOKEN.findall(query))
        self._next = next(self._tokens, None)
        self._tree = self._either()

    def suit(self, paper: Paper) -> bool:
        return self._true(self._tree, paper)

    def _take(self) -> str:
        taken = self._next or ""
        self._next = next(self._tokens, None)
        return taken

    def _either(self) -> tuple[object, ...]:
        tree = self._both()
        while self._next not in (None, ")"):
            if self._next == "OR":
                self._take()
            tree = ("or", tree, self._both())
        return tree

    def _both(self) -> tuple[object, ...]:
        tree = self._one()
        while self._next in ("AND", "ANDNOT"):
            operator = self._take().lower()
            tree = (operator, tree, self._one())
        return tree

    def _one(self) -> tuple[object, ...]:
        token = self._take()
        if token != "(":
            return ("is", token)
        tree = self._either()
        self._take()
        return tree

    def _true(self, tree: tuple[object, ...], paper: Paper) -> bool:
        match tree:
            case ("or", tuple(left), tuple(right)):
                return self._true(left, paper) or self._true(right, paper)
            case ("and", tuple(left), tuple(right)):
                return self._true(left, paper) and self._true(right, paper)
            case ("andnot", tuple(left), tuple(right)):
                return self._true(left, paper) and not self._true(right, paper)
            case ("is", str(token)):
                return _says(paper, token)
        raise AssertionError(tree)


class Feed:
    """arXiv's RSS feed: github.com/arXiv/arxiv-feed, feed/routes.py.

    The papers of one day; with an ETag until the next midnight; a bad category is HTTP 400.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        if not asked.path.startswith("/rss/"):
            return None
        categories = asked.path.removeprefix("/rss/").split("+")
        bad = [one for one in categories if not re.fullmatch(r"[a-z-]+(\.[A-Za-z-]+)?", one)]
        day = self.world.last_day
        shown = [
            paper
            for paper in self.world.papers
            if paper.changed == day
            and any(
                own == one or own.startswith(f"{one}.")
                for own in paper.categories
                for one in categories
            )
        ]
        inner = "" if bad or twist == "empty page" else "".join(map(announced, shown))
        reply = Reply(channel("+".join(categories), day, inner).encode(), "text/xml; charset=utf-8")
        if bad:
            reply.status = 400
            return reply
        etag = f'"{blake2b(reply.body, digest_size=8).hexdigest()}"'
        reply.headers |= {"ETag": etag, "Cache-Control": "max-age=3600"}
        if asked.headers.get("if-none-match") == etag:
            return Reply(status=304, headers=reply.headers)
        return reply


def _says(paper: Paper, token: str) -> bool:
    """Whether one word of a search is true of a paper."""
    prefix, colon, word = token.partition(":")
    if not colon:
        prefix, word = "all", token
    word = word.strip('"').lower()
    if prefix == "submittedDate":
        begin, _, end = word.strip("[]").partition(" to ")
        return begin[:8] <= paper.submitted.strftime("%Y%m%d") <= end[:8]
    if prefix == "cat":
        return any(
            one.lower() == word or one.lower().startswith(word.rstrip("*"))
            for one in paper.categories
        )
    people = " ".join(" ".join(one) for one in paper.authors)
    places = {"ti": paper.title, "abs": paper.abstract, "au": people, "co": paper.comment or ""}
    text = places.get(prefix, " ".join(places.values()))
    return word in text.lower()
