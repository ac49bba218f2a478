"""GitHub's API: repositories by name or by search, their counts of the day, the papers their READMEs
name, and how they welcome newcomers.

One request a repository without a token, one for a hundred of them with it. Limits and traps:
https://docs.github.com/en/rest, https://docs.github.com/en/graphql
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlencode

from crawlers import github_graphql
from crawlers.github_facts import GONE, WEB, Repository, attempt, base, gone, known
from crawlers.github_search import (
    FEWEST_STARS,
    MOST_STARS,
    PAGE,
    PER_QUERY,
    REACH,
    halves,
    listed,
    queries,
    search,
)
from crawlers.json_answer import Unfit, inner, integer, mapping, text
from crawlers.keys import parse_key
from crawlers.operators import GITHUB
from crawlers.readme import papers_in
from crawlers.records import CONFIDENCE, LinkRecord, Record
from crawlers.source import Answer, Base, Page, Plan, Request, Skip, Source, SourceError, Step, Wish

JSON: Final = ("application/vnd.github+json", "application/json")
RAW: Final = (
    "application/vnd.github.raw+json",
    "application/vnd.github.raw",
    "application/vnd.github.v3.raw",
    "text/plain",
    "text/markdown",
    "text/x-markdown",
    "application/json",
)
"""Media types a README comes in; the last one is that of its 404."""

HEADERS: Final = {"X-GitHub-Api-Version": "2022-11-28"}
ABSENT: Final = frozenset({404, 451})
MORE: Final = ("readme", "profile", "newcomers")
"""What can be asked of a repository beside its own facts, one request each."""

HOURLY: Final = 60
"""Requests of an hour without a token (docs, rate limits for the REST API)."""

NEWCOMERS: Final = "good first issue"
"""The label that GitHub itself proposes for a first contribution."""

FILES: Final = (
    "code_of_conduct",
    "contributing",
    "issue_template",
    "license",
    "pull_request_template",
    "readme",
)
"""What a community profile looks for (docs, REST community metrics)."""

_BY_ID: Final = re.compile(r"/repositories/([0-9]{1,18})/?")


# -- what to ask -----------------------------------------------------------------------------


def start(wish: Wish) -> tuple[Step, ...]:
    """Repositories by name in the order given, then searches; ValueError says why one cannot be."""
    names = _names(wish)
    more = {"more": list(MORE)} if wish.full else {}
    steps: list[Step] = []
    if wish.authorised:
        for at in range(0, len(names), github_graphql.BATCH):
            steps.append(Step("batch", {"names": names[at : at + github_graphql.BATCH], **more}))
    else:
        steps += (Step("repository", {"name": name, **more}) for name in names)
    for query in queries(wish):
        steps.append(search(query, FEWEST_STARS, MOST_STARS, 1))
    return tuple(steps)


def plan(wish: Wish) -> Plan:
    """One request a repository or a hundred, three more each when everything is wanted."""
    names, searches = len(_names(wish)), len(queries(wish))
    least = -(-names // github_graphql.BATCH) if wish.authorised else names
    most = least + (names * len(MORE) if wish.full else 0)
    per_query = PER_QUERY if wish.limit is None else min(PER_QUERY, 2 * (wish.limit // PAGE + 1))
    hourly = "5,000 an hour with a token" if wish.authorised else "60 an hour without a token"
    why = f"GitHub answers {hourly}"
    if searches:
        minute = 30 if wish.authorised else 10
        why += (
            f", {minute} searches a minute; a search takes one for each {PAGE} it finds, and more"
        )
    requests = least + searches, most + searches * per_query
    # Of the hour's requests the first ones come at once, the others one by one.
    beyond = 0.0 if wish.authorised else max(0.0, 1 - HOURLY / max(1, requests[0]))
    return Plan(requests, why, 60 / minute if searches else 60 * beyond)


def _names(wish: Wish) -> list[str]:
    keys = (parse_key(key) for key in wish.keys)
    names = (key.removeprefix("github:") for key in keys if key and key.startswith("github:"))
    return list(dict.fromkeys(names))


def request(step: Step, base_url: str) -> Request:
    """GET for all but a batch, which is one question in GraphQL."""
    said = step.said
    match step.kind:
        case "batch":
            body = github_graphql.body(said["names"])
            return Request(f"{base_url}/graphql", JSON[::-1], body=body, resource="graphql")
        case "repository":
            place = f"repositories/{said['id']}" if "id" in said else f"repos/{quote(said['name'])}"
            answers = frozenset({200, 301, 403}) | ABSENT
            return Request(f"{base_url}/{place}", JSON, headers=HEADERS, answers=answers)
        case "readme":
            url = f"{base_url}/repos/{quote(said['name'])}/readme"
            return Request(url, RAW, headers=HEADERS, answers=ABSENT | {200})
        case "profile":
            url = f"{base_url}/repos/{quote(said['name'])}/community/profile"
            return Request(url, JSON, headers=HEADERS, answers=ABSENT | {200})
        case "newcomers":
            query = f'repo:{said["name"]} is:issue is:open label:"{NEWCOMERS}"'
            url = f"{base_url}/search/issues?{_encoded(q=query, per_page=1)}"
            # 422: a repository that the search leaves out, for instance an empty one.
            answers = frozenset({200, 422})
            return Request(url, JSON, headers=HEADERS, resource="search", answers=answers)
        case "search":
            query = f"{said['q']} stars:{said['low']}..{said['high']}"
            asked = _encoded(q=query, sort="stars", order="desc", per_page=PAGE, page=said["page"])
            url = f"{base_url}/search/repositories?{asked}"
            return Request(url, JSON, headers=HEADERS, resource="search")
    raise ValueError(f"no such step: {step.kind}")


def _encoded(**said: str | int) -> str:
    return urlencode(said, quote_via=quote, safe="")


# -- what the answer says --------------------------------------------------------------------


def parse(step: Step, answer: Answer) -> Page:
    """The page of a step; SourceError when the answer cannot be believed."""
    reader = _READERS.get(step.kind)
    if reader is None:
        raise SourceError(f"no such step: {step.kind}")
    return reader(step, answer)


def _repository(step: Step, answer: Answer) -> Page:
    name = step.said["name"]
    if answer.status in GONE:
        # The words of the API, not of a web server in between.
        said = mapping(answer)
        if not isinstance(said.get("message"), str):
            raise SourceError(f"a status {answer.status} that is not of GitHub's API")
        if answer.status == 403 and "block" not in said:
            raise SourceError(f"GitHub forbids to look at {name}")
        return Page((gone(name, answer.day, answer.status),), tally=(("gone", 1),))
    if answer.status == 301:
        return Page(next=(_moved(step, answer),))
    said = mapping(answer)
    if "full_name" not in said:
        raise SourceError("the answer holds no repository")
    page = _page(step, {name: attempt(said, name, answer.day, name)})
    return replace(page, again=tuple(one for one in page.records if isinstance(one, Record)))


def _moved(step: Step, answer: Answer) -> Step:
    """A move that the client could not follow: asked again by the number that stays."""
    named = mapping(answer).get("url")
    found = _BY_ID.search(named) if isinstance(named, str) else None
    if found is None or "id" in step.said:
        raise SourceError("the repository moved, and the answer does not say where to")
    return Step("repository", {**step.said, "id": int(found[1])})


def _batch(step: Step, answer: Answer) -> Page:
    said = github_graphql.read(answer, step.said["names"])
    found: dict[str, Repository | Record | Skip] = {}
    for name, one in said.repositories:
        if isinstance(one, dict):
            found[name] = attempt(one, name, answer.day, name)
        elif one.gone:
            found[name] = gone(name, answer.day, 404)
        else:
            found[name] = Skip(name, one.why)
    cost = () if said.cost is None else (("points", said.cost),)
    return _page(step, found, cost)


def _page(
    step: Step,
    found: Mapping[str, Repository | Record | Skip],
    tally: tuple[tuple[str, int], ...] = (),
    skipped: tuple[Skip, ...] = (),
    following: tuple[Step, ...] = (),
) -> Page:
    """What was found, each repository once, and the further requests that the step wants of each."""
    records: list[Record] = []
    met: set[str] = set()
    absent = 0
    for one in found.values():
        if isinstance(one, Skip):
            skipped += (one,)
        elif isinstance(one, Repository):
            if one.key not in met:
                records += one.records
                following += _more(step, one)
            records += one.former
            met.add(one.key)
        else:
            records.append(one)
            absent += 1
    counts = (("repositories", len(met)), ("gone", absent))
    tally += tuple(count for count in counts if count[1])
    return Page(tuple(records), skipped, tally, next=following)


def _more(step: Step, found: Repository) -> tuple[Step, ...]:
    """A fork has no community profile (docs, REST community metrics), and its README is its parent's."""
    wanted = step.said.get("more", ())
    kinds = (kind for kind in MORE if kind in wanted and not (kind != "newcomers" and found.fork))
    return tuple(Step(kind, {"name": found.name}) for kind in kinds)


def _found(step: Step, answer: Answer) -> Page:
    """One page of a search. More than it can hand out: two searches, of the halves by stars."""
    said = mapping(answer)
    total, incomplete, repositories = listed(said)
    low, high, number = step.said["low"], step.said["high"], step.said["page"]
    first = (number - 1) * PAGE
    promised = max(0, min(PAGE, min(total, REACH) - first))
    where = f"stars {low}..{high}, page {number}"
    skipped: list[Skip] = []
    if incomplete:
        skipped.append(Skip(where, "GitHub says the search was incomplete"))
    elif promised and not repositories:
        raise SourceError(f"the search promises {promised} repositories and holds none", again=True)
    elif len(repositories) < promised:
        lacking = f"{where}: {promised - len(repositories)} of {promised}"
        skipped.append(Skip(lacking, "repositories promised by a search and not there"))
    elif number > 1 and not repositories:
        skipped.append(Skip(where, "the search shrank while it was read"))
    found: dict[str, Repository | Record | Skip] = {}
    for place, one in enumerate(repositories, first + 1):
        at = f"{where}, repository {place}"
        found[at] = attempt(one, None, answer.day, at)
    following: tuple[Step, ...] = ()
    if total > REACH and low < high:
        following = halves(step.said["q"], low, high)
    else:
        if total > REACH and number == 1:
            skipped.append(
                Skip(f"{where}: {total - REACH}", "beyond the 1,000 that a search reaches")
            )
        if first + PAGE < min(total, REACH):
            following = (search(step.said["q"], low, high, number + 1),)
    return _page(step, found, skipped=tuple(skipped), following=following)


def _readme(step: Step, answer: Answer) -> Page:
    if answer.status in ABSENT:
        return Page(tally=(("without README", 1),))
    name = step.said["name"]
    named = papers_in(_readme_text(answer))
    links = tuple(
        LinkRecord(
            paper=paper,
            repository=f"github:{name.lower()}",
            evidence="readme",
            url=f"{WEB}/{name}",
            confidence=CONFIDENCE["readme"],
            **{**base(name, answer.day), "source_url": f"{WEB}/{name}#readme"},
        )
        for paper in named.papers
    )
    tally = ("reading lists", 1) if named.reading_list else ("READMEs", 1)
    return Page(links, tally=(tally,))


def _readme_text(answer: Answer) -> str:
    """The README as text, also where it was not handed out raw but packed in JSON."""
    body = answer.body
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        said = mapping(answer)
        try:
            packed = text(said, "content")
            if said.get("encoding") != "base64" or packed is None:
                raise SourceError("the answer holds no README")
            body = base64.b64decode(packed)
        except (Unfit, binascii.Error, ValueError) as error:
            raise SourceError("the README is damaged", again=True) from error
    wide = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    return body.decode("utf-16" if wide else "utf-8-sig", "replace")


def _profile(step: Step, answer: Answer) -> Page:
    if answer.status in ABSENT:
        return Page(tally=(("without community profile", 1),))
    said = mapping(answer)
    if "files" not in said:
        raise SourceError("the answer holds no community profile")
    name = step.said["name"]
    try:
        files = inner(said, "files")
        health = integer(said, "health_percentage")
    except Unfit as error:
        return Page(skipped=(Skip(name, str(error)),))
    if health is not None and not 0 <= health <= 100:
        return Page(skipped=(Skip(name, "health_percentage: not 0 to 100"),))
    # A code of conduct that GitHub does not recognise stands under the second name only.
    there = {name.removesuffix("_file") for name, file in files.items() if isinstance(file, dict)}
    present = [file for file in FILES if file in there]
    community = {"health": health, "files": present}
    return Page((known(name, answer.day, {"community": community}),), tally=(("profiles", 1),))


def _newcomers(step: Step, answer: Answer) -> Page:
    name = step.said["name"]
    if answer.status == 422:
        return Page(skipped=(Skip(name, "GitHub does not search its issues"),))
    total, incomplete, _ = listed(mapping(answer))
    if incomplete:
        return Page(skipped=(Skip(name, "GitHub says the search was incomplete"),))
    extra = {"good_first_issues": total, "good_first_issues_on": answer.day}
    return Page((known(name, answer.day, extra),))


_READERS: Final[Mapping[str, Callable[[Step, Answer], Page]]] = {
    "repository": _repository,
    "batch": _batch,
    "search": _found,
    "readme": _readme,
    "profile": _profile,
    "newcomers": _newcomers,
}

SOURCE = Source(
    name="github",
    title="GitHub",
    licence=None,
    home="https://docs.github.com/en/rest",
    main="repository",
    operator=GITHUB,
    base=Base("HUB_GITHUB_API_URL", "https://api.github.com"),
    start=start,
    request=request,
    parse=parse,
    plan=plan,
    alone=frozenset({"repository", *MORE}),
)
