"""paperswithcode.co, Hugging Face's papers, and the archive of the old Papers with Code."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from tests.loopback.exchange import Asked, Reply, in_json
from tests.loopback.world import Paper, World

TASKS = ("Image Classification", "Language Modelling", "Node Classification")
DATASETS = ("Digits", "Small Text", "Two Rings")


class PapersWithCode:
    """paperswithcode.co, API v1: github.com/huggingface/pwc-cli, cli.py.

    Lists as {count, results}; filters that were applied are named in `applied_filters`.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        if not asked.path.startswith("/api/v1/"):
            return None
        path = asked.path.removeprefix("/api/v1/")
        if path == "papers/":
            return self._papers(asked, twist)
        if path == "evaluations/":
            return _page([self._evaluation(one) for one in reversed(self._measured)], asked, twist)
        board = re.fullmatch(r"datasets/(\d+)/evaluations/", path)
        if board and 1 <= int(board[1]) <= len(DATASETS):
            rows = [
                self._evaluation(paper, rank)
                for rank, paper in enumerate(self._on_board(int(board[1])), 1)
            ]
            return _page(rows, asked, twist)
        named = {"tasks/": self._tasks, "methods/": self._methods, "datasets/": self._datasets}
        if path in named:
            return _page(named[path](), asked, twist)
        if path == "frameworks/":
            return in_json(_FRAMEWORKS)
        found = re.fullmatch(r"papers/([^/]+)", path)
        known = {paper.identifier: paper for paper in self.world.papers}
        if found and found[1] in known:
            return in_json(self._paper(known[found[1]]))
        return in_json({"detail": "Not found."}, 404)

    @property
    def _measured(self) -> list[Paper]:
        return [paper for paper in self.world.papers if paper.number % 2 == 0]

    def _on_board(self, number: int) -> list[Paper]:
        return [paper for paper in self._measured if paper.number % len(DATASETS) == number - 1]

    def _papers(self, asked: Asked, twist: str | None) -> Reply:
        said = asked.query
        begin, end = said.get("start_date", ""), said.get("end_date", "9999")
        found = [
            self._paper(paper)
            for paper in sorted(self.world.papers, key=lambda one: one.submitted, reverse=True)
            if begin <= paper.submitted.isoformat() <= end
            and ("task" not in said or said["task"] == _slug(_task(paper)))
        ]
        names = ("start_date", "end_date", "task", "search", "method", "conference")
        return _page(found, asked, twist, {name: said[name] for name in names if name in said})

    def _paper(self, paper: Paper) -> dict[str, Any]:
        code = [{"url": f"https://github.com/{paper.repository}", "is_official": True}]
        return {
            "id": str(paper.number),
            "arxiv_id": paper.identifier,
            "title": paper.title,
            "abstract": paper.abstract,
            "published": paper.submitted.isoformat(),
            "authors": [" ".join(name) for name in paper.authors],
            "organizations": [],
            "conference_name": None,
            "citation_count": paper.number,
            "url_abs": f"https://arxiv.org/abs/{paper.identifier}",
            "source_url": None,
            "repositories": code if paper.repository else [],
        }

    def _evaluation(self, paper: Paper, rank: int | None = None) -> dict[str, Any]:
        number = paper.number % len(DATASETS)
        return {
            "id": 100 + paper.number,
            "paper_id": paper.number,
            "task_id": number + 1,
            "dataset_id": number + 1,
            "dataset_name": DATASETS[number],
            "task_name": _task(paper),
            "model_name": f"Net-{paper.number}",
            "harness": None,
            "metrics": {"Accuracy": f"{60 + paper.number % 40}.{paper.number % 10}"},
            "best_metric": "Accuracy",
            "best_rank": rank or paper.number,
            "paper_title": paper.title,
            "paper_arxiv_id": paper.identifier,
            "paper_published_date": paper.submitted.isoformat(),
            "is_open": True,
            "result_url": None,
        }

    def _tasks(self) -> list[dict[str, Any]]:
        return [
            {"id": number, "name": name, "slug": _slug(name), "description": f"About {name}."}
            for number, name in enumerate(TASKS, 1)
        ]

    def _methods(self) -> list[dict[str, Any]]:
        return [
            {
                "id": 1,
                "name": "Made-up Pooling",
                "slug": "made-up-pooling",
                "introduced_year": 2019,
            },
            {"id": 2, "name": "Second Glance", "slug": "second-glance", "introduced_year": 2000},
        ]

    def _datasets(self) -> list[dict[str, Any]]:
        return [
            {"id": number, "name": name, "slug": _slug(name), "description": f"{name}, made up."}
            for number, name in enumerate(DATASETS, 1)
        ]


class HuggingFace:
    """Hugging Face's papers: huggingface_hub, hf_api.py; docs/hub/paper-pages, rate-limits.

    404: not indexed. A day that has not begun: 400. `RateLimit` says what is left of a bucket.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.left: int | None = None
        """Requests left before 429; None: no such headers."""
        self.reset = 120
        """Seconds until there are some again."""

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        if not asked.path.startswith(("/api/daily_papers", "/api/papers/")):
            return None
        headers = {}
        if self.left is not None:
            self.left = max(0, self.left - 1)
            headers["RateLimit"] = f'"api";r={self.left};t={self.reset}'
            headers["RateLimit-Policy"] = '"fixed window";"api";q=500;w=300'
        reply = self._day(asked, twist) if "daily" in asked.path else self._paper(asked)
        reply.headers |= headers
        return reply

    def _paper(self, asked: Asked) -> Reply:
        name = asked.path.removeprefix("/api/papers/")
        for paper in self.world.papers:
            if paper.identifier == name and paper.number % 5:
                return in_json(self._said(paper))
        return in_json({"error": "Paper not found"}, 404)

    def _day(self, asked: Asked, twist: str | None) -> Reply:
        day = asked.query.get("date", "")
        try:
            future = date.fromisoformat(day) > datetime.now(UTC).date()
        except ValueError:
            future = True
        if future:
            return in_json({"error": "Invalid date"}, 400)
        page, size = int(asked.query.get("p", "0")), int(asked.query.get("limit", "50"))
        found = [
            paper
            for paper in self.world.papers
            if paper.changed.isoformat() == day and paper.number % 5
        ]
        shown = found[page * size : (page + 1) * size]
        onward = page + 1 if (page + 1) * size < len(found) else None
        if twist == "empty page":
            shown, onward = [], page + 1
        elif twist == "duplicate page":
            shown = found[:size]
        elif twist == "looping token":
            onward = page
        entries = [{"paper": self._said(one), "numComments": one.number % 3} for one in shown]
        reply = in_json(entries)
        if onward is not None:
            host = asked.headers.get("host", "")
            url = f"http://{host}/api/daily_papers?date={day}&limit={size}&p={onward}"
            reply.headers["Link"] = f'<{url}>; rel="next"'
        return reply

    def _said(self, paper: Paper) -> dict[str, Any]:
        said: dict[str, Any] = {
            "id": paper.identifier,
            "title": paper.title,
            "summary": paper.abstract,
            "publishedAt": f"{paper.submitted}T17:59:59.000Z",
            "submittedOnDailyAt": f"{paper.changed}T01:02:03.000Z",
            "upvotes": paper.number,
            "authors": [{"name": " ".join(name), "hidden": False} for name in paper.authors],
            "ai_summary": "A machine's words.",
        }
        if paper.repository:
            said["githubRepo"] = f"https://github.com/{paper.repository}"
            said["githubStars"] = paper.number
        return said


class Archive:
    """Files as Hugging Face's `resolve` hands them out, by ranges (RFC 9110, section 14)."""

    PREFIX = "/datasets/pwc-archive/files/resolve/main/"

    def __init__(self, world: World) -> None:
        self.world = world
        self.ranges = True
        self.wrong_range = False
        """Answers another part than the one asked for, and says so."""

    def answer(self, asked: Asked, twist: str | None) -> Reply | None:
        if not asked.path.startswith(self.PREFIX):
            return None
        body = self.world.files.get(asked.path.removeprefix(self.PREFIX))
        if body is None:
            return in_json({"error": "Entry not found"}, 404)
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        if wanted is None or not self.ranges:
            return Reply(body, "application/gzip")
        begin = int(wanted[1])
        if begin >= len(body):
            return Reply(b"", status=416, headers={"Content-Range": f"bytes */{len(body)}"})
        if self.wrong_range:
            begin += 1
        span = f"bytes {begin}-{len(body) - 1}/{len(body)}"
        return Reply(body[begin:], "application/gzip", 206, {"Content-Range": span})


def _page(
    entries: Sequence[Any], asked: Asked, twist: str | None, applied: dict[str, str] | None = None
) -> Reply:
    number, size = int(asked.query.get("page", "1")), int(asked.query.get("page_size", "20"))
    shown = list(entries[(number - 1) * size : number * size])
    if twist == "empty page":
        shown = []
    elif twist == "duplicate page":
        shown = list(entries[:size])
    said: dict[str, Any] = {"count": len(entries), "results": shown}
    if applied is not None:
        said["applied_filters"] = applied
    return in_json(said)


def _task(paper: Paper) -> str:
    return TASKS[paper.number % len(TASKS)]


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")


_FRAMEWORKS = {
    "domains": [
        {
            "name": "Training",
            "categories": [
                {
                    "name": "Libraries",
                    "frameworks": [
                        {"name": "Madeup", "slug": "madeup", "when_to_use": "Never: it is made up."}
                    ],
                }
            ],
        }
    ]
}
