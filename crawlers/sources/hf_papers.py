"""Papers that Hugging Face shows: those it features day by day, and single ones by their arXiv id.

Interface: huggingface_hub, src/huggingface_hub/hf_api.py (list_daily_papers, paper_info), and
https://huggingface.co/docs/hub/paper-pages. It states no terms for its data. Machine-written
summaries and keywords are left out; `summary` is the abstract that arXiv has.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

from pydantic import ValidationError

from crawlers.json_answer import Unfit, day, inner, integer, listing, many, mapping, text
from crawlers.keys import Key, arxiv_id, parse_key
from crawlers.operators import HUGGINGFACE
from crawlers.records import (
    CONFIDENCE,
    LinkRecord,
    PaperRecord,
    Record,
    RepositoryRecord,
    SnapshotRecord,
    reason,
)
from crawlers.source import (
    Answer,
    Base,
    Page,
    Plan,
    Request,
    Scope,
    Skip,
    Source,
    SourceError,
    Step,
    Wish,
)

NAME: Final = "hf_papers"
SITE: Final = "https://huggingface.co"
LIMIT: Final = 100
"""Papers of a page, the most that is given (https://huggingface.co/docs/hub/rate-limits: 100)."""

FIRST_DAY: Final = date(2023, 5, 1)
"""No day before May 2023 has featured papers."""

_PAGING: Final = ("p", "limit", "cursor")
_FORGES: Final = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}


# -- asking ----------------------------------------------------------------------------------


def start(wish: Wish) -> tuple[Step, ...]:
    """The papers asked for by key, else every day that is wished, the newest first."""
    if wish.keys:
        keys = (parse_key(key) for key in wish.keys)
        found = dict.fromkeys(key[6:] for key in keys if key and key.startswith("arxiv:"))
        return tuple(Step("paper", {"paper": one}) for one in found)
    return tuple(Step("day", {"date": one}) for one in _days(wish))


def _days(wish: Wish) -> list[str]:
    if wish.since is None:
        return [wish.until] if wish.until else []
    first = date.fromisoformat(wish.since)
    last = date.fromisoformat(wish.until) if wish.until else first
    first = max(first, FIRST_DAY)
    return [(last - timedelta(days=back)).isoformat() for back in range((last - first).days + 1)]


def request(step: Step, base_url: str) -> Request:
    if step.kind == "paper":
        # 404: Hugging Face has no page for this paper, which is no error (docs/hub/paper-pages).
        answers, path = {200, 404}, f"/api/papers/{quote(step.said['paper'])}"
    else:
        # 400 is what a day gets that has not begun where Hugging Face counts its days.
        said = {"date": step.said["date"], "limit": LIMIT}
        said |= {name: step.said[name] for name in _PAGING if name in step.said}
        answers, path = {200, 400}, f"/api/daily_papers?{urlencode(said)}"
    return Request(
        base_url + path,
        accept=("application/json",),
        answers=frozenset(answers),
        max_bytes=16 << 20,
    )


def plan(wish: Wish) -> Plan:
    """One request a paper or a day; a day with more than 100 papers takes two."""
    steps = len(start(wish))
    if wish.keys:
        return Plan((steps, steps), f"one for each of {steps} papers")
    return Plan((steps, 2 * steps), f"one for each of {steps} days, two where over {LIMIT} papers")


# -- answers ---------------------------------------------------------------------------------


def parse(step: Step, answer: Answer) -> Page:
    """The papers of one page of a day, or one paper."""
    out = Collected(answer.day)
    if step.kind == "paper":
        return _one_paper(out, step, answer)
    featured = str(step.said["date"])
    if answer.status == 400:
        if featured < answer.day:
            raise SourceError("a day that is over was refused")
        return Page(tally=(("days not open yet", 1),))
    entries = listing(answer)
    for number, said in enumerate(entries, 1):
        out.records += out.tried(f"{featured}, paper {number}", _featured, said, featured)
    out.tally["papers"] = len(entries)
    out.next += _next(out, step, answer, bool(entries))
    return out.page()


def _one_paper(out: "Collected", step: Step, answer: Answer) -> Page:
    if answer.status == 404:
        return Page(tally=(("not indexed", 1),))
    said = mapping(answer)
    asked = step.said["paper"]
    if said.get("id") != asked:
        raise SourceError("not the paper that was asked for")
    out.records += out.tried(f"paper {asked}", _paper, said, {})
    out.tally["papers"] = 1
    return out.page()


def _next(out: "Collected", step: Step, answer: Answer, filled: bool) -> list[Step]:
    """The step to the page that the Link header names, as far as it is one of this interface.

    Only its page is taken over: the address itself is never asked.
    """
    url = _link(answer.headers.get("link", ""))
    if url is None:
        return []
    if not filled:
        raise SourceError("an empty page that leads on to another one", again=True)
    try:
        there, here = urlsplit(urljoin(answer.url, url)), urlsplit(answer.url)
        known = (there.scheme, there.netloc, there.path) == (here.scheme, here.netloc, here.path)
        said = parse_qs(there.query, max_num_fields=20)
    except ValueError:
        known, said = False, {}
    if not known or said.get("date", [step.said["date"]]) != [step.said["date"]]:
        out.skip("Link header", "the next page lies elsewhere")
        return []
    turned = {"date": step.said["date"]}
    turned |= {name: said[name][-1] for name in _PAGING if name in said}
    return [Step("day", turned)]


def _link(header: str) -> str | None:
    """The address with `rel="next"` of a Link header (RFC 8288); None when there is none."""
    for part in header.split("<")[1:]:
        url, closed, rest = part.partition(">")
        relations = [
            value.strip().strip('"').lower().split()
            for name, _, value in (one.partition("=") for one in rest.rstrip(", ").split(";"))
            if name.strip().lower() == "rel"
        ]
        if closed and relations and "next" in relations[0]:
            return url.strip()
    return None


@dataclass
class Collected:
    """What one answer says, so far."""

    day: str
    records: list[Record] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    tally: dict[str, int] = field(default_factory=dict)
    next: list[Step] = field(default_factory=list)
    whole: list[Scope] = field(default_factory=list)
    seen: set[Key] = field(default_factory=set)

    def page(self) -> Page:
        return Page(
            tuple(self.records),
            tuple(self.skipped),
            tuple(self.tally.items()),
            next=tuple(self.next),
            whole=tuple(self.whole),
        )

    def tried(self, where: str, read: Callable[..., list[Record]], *said: Any) -> list[Record]:
        """What can be read of one thing, all of it or nothing, which is counted."""
        try:
            return read(self, *said)
        except ValidationError as error:
            self.skip(where, reason(error))
        except Unfit as error:
            self.skip(where, str(error))
        return []

    def skip(self, where: str, why: str) -> None:
        self.skipped.append(Skip(where, why))


# -- records ---------------------------------------------------------------------------------


def _featured(out: Collected, said: Any, featured: str) -> list[Record]:
    """One entry of a day: the paper, and what stands around it."""
    if not isinstance(said, dict):
        raise Unfit("not an object")
    if not isinstance(said.get("paper"), dict):
        raise Unfit("paper: missing or not an object")
    paper = said["paper"]
    shown = day(paper, "submittedOnDailyAt") or featured
    return _paper(out, paper, {"featured_on": shown, "comments": integer(said, "numComments")})


def _paper(out: Collected, said: dict[str, Any], around: dict[str, Any]) -> list[Record]:
    """The paper, then the repository that its authors or its submitter named."""
    number = _arxiv(said)
    key = f"arxiv:{number}"
    base = _base(out, number)
    shown = {
        "featured_on": day(said, "submittedOnDailyAt"),
        "upvotes": integer(said, "upvotes"),
        "project_page": text(said, "projectPage"),
        "organization": text(inner(said, "organization"), "fullname"),
        **{kind: _linked(said, kind) for kind in ("models", "datasets", "spaces")},
        **around,
    }
    record = PaperRecord(
        key=key,
        title=text(said, "title") or "",
        abstract=text(said, "summary"),
        authors=_authors(said),
        published=day(said, "publishedAt"),
        extra={"hf": {name: one for name, one in shown.items() if one is not None}},
        **base,
    )
    if key in out.seen:
        raise Unfit("repeated paper")
    out.seen.add(key)
    return [record, *out.tried(f"code of {key}", _code, said, key, base)]


def _code(out: Collected, said: dict[str, Any], key: Key, base: dict[str, Any]) -> list[Record]:
    """The repository, its link to the paper, and its stars as Hugging Face counted them."""
    address = text(said, "githubRepo")
    if address is None:
        out.whole.append(Scope("link", "paper", key, NAME))
        return []
    repository = parse_key(address) or ""
    prefix, _, path = repository.partition(":")
    if prefix not in _FORGES:
        raise Unfit("githubRepo: no repository")
    spelled = "/".join(part for part in urlsplit(address).path.split("/") if part)
    name = spelled.removesuffix(".git")
    name = name if name.lower() == path else path
    added = text(said, "githubRepoAddedBy")
    records: list[Record] = [
        RepositoryRecord(
            key=repository, name=name, url=f"https://{_FORGES[prefix]}/{name}", **base
        ),
        LinkRecord(
            paper=key,
            repository=repository,
            evidence="source-declared",
            url=address,
            confidence=CONFIDENCE["source-declared"],
            # `auto`: Hugging Face found it by itself; else a person named it.
            extra={"added_by": added} if added else {},
            **base,
        ),
    ]
    out.whole.append(Scope("link", "paper", key, NAME))
    return records + out.tried(f"stars of {repository}", _stars, said, repository, base)


def _stars(out: Collected, said: dict[str, Any], key: Key, base: dict[str, Any]) -> list[Record]:
    stars = integer(said, "githubStars")
    if stars is None:
        return []
    return [SnapshotRecord(repository=key, day=out.day, stars=stars, **base)]


def _base(out: Collected, number: str) -> dict[str, Any]:
    return {
        "source": NAME,
        "source_url": f"{SITE}/papers/{number}",
        "retrieved_at": out.day,
        "licence": None,
    }


def _arxiv(said: dict[str, Any]) -> str:
    """The arXiv id without its version."""
    found = arxiv_id(text(said, "id") or "")
    if found is None:
        raise Unfit("id: no arXiv id")
    return found[0]


def _authors(said: dict[str, Any]) -> list[str]:
    """The names that the paper's page shows."""
    people = many(said, "authors")
    if not all(isinstance(one, dict) for one in people):
        raise Unfit("authors: not objects")
    shown = [text(one, "name") for one in people if one.get("hidden") is not True]
    return [name for name in shown if name]


def _linked(said: dict[str, Any], kind: str) -> int | None:
    """How many models, datasets or spaces name the paper; None where the answer does not say."""
    total = integer(said, f"numTotal{kind.capitalize()}")
    if total is not None or said.get(f"linked{kind.capitalize()}") is None:
        return total
    return len(many(said, f"linked{kind.capitalize()}"))


SOURCE = Source(
    name=NAME,
    title="Hugging Face papers",
    licence=None,
    home=f"{SITE}/papers",
    operator=HUGGINGFACE,
    base=Base("HUB_HF_URL", SITE),
    start=start,
    request=request,
    parse=parse,
    plan=plan,
    alone=frozenset({"paper", "day"}),
)
