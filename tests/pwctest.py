"""What the tests of paperswithcode.co share: steps, answers, and a look into pages."""

import json
from pathlib import Path
from typing import Any

from crawlers.records import Record
from crawlers.source import Answer, Page, Step
from crawlers.sources.pwc_live import parse

FIXTURES = Path(__file__).parent / "fixtures" / "pwc_live"
API = "https://paperswithcode.co/api/v1"
DAY = "2026-11-23"
NIGHT, RESULT = "arxiv:2608.01234", "pwc_live:30003"

PAPERS = Step(
    "papers", {"page": 1, "start_date": "2026-08-01", "end_date": "2026-08-21", "task": "ocr"}
)
EVALUATIONS = Step("evaluations", {"page": 1})
BOARD = Step(
    "board", {"page": 1, "dataset": "42", "name": "Night Signs [v2]", "slug": "night-signs"}
)
STEPS = {
    "papers": PAPERS,
    "evaluations": EVALUATIONS,
    "board": BOARD,
    "datasets": Step("datasets", {"page": 1}),
    "tasks": Step("tasks", {"page": 1}),
    "methods": Step("methods", {"page": 1}),
    "frameworks": Step("frameworks"),
}


def said(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_bytes())
    return found


def read(step: Step, body: Any) -> Page:
    packed = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse(step, Answer("u", "u", 200, {}, packed, DAY))


def fixture(name: str) -> Page:
    return read(STEPS[name], said(name))


def of(cls: type[Record], page: Page) -> list[Any]:
    return [record for record in page.records if type(record) is cls]


def reasons(page: Page) -> list[str]:
    return [skip.reason for skip in page.skipped]


def entries(document: dict[str, Any]) -> list[Any]:
    found: list[Any] = document["results" if "results" in document else "items"]
    return found


def evaluation(number: int, **more: Any) -> dict[str, Any]:
    return {**entries(said("evaluations"))[0], "id": str(number), **more}


def paper(number: int, **more: Any) -> dict[str, Any]:
    arxiv = f"2608.{number:05}"
    return {"id": str(number), "arxiv_id": arxiv, "title": f"Paper {number}", **more}


def listed(count: int, first: int = 1) -> list[dict[str, Any]]:
    """Papers with numbers in a row."""
    return [paper(number) for number in range(first, first + count)]
