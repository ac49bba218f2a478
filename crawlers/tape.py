"""Answers written down and played again: a crawl without network, and fixtures that are real."""

import base64
import json
from collections import defaultdict, deque
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from crawlers.source import Answer, Base, Request, SourceError

FORMAT: Final = 1

_KEPT: Final = frozenset(
    {
        "content-type",
        "etag",
        "last-modified",
        "link",
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-ratelimit-resource",
    }
)
"""Headers written down: nothing that could hold a secret."""


class Recorder:
    """Writes each answer into a folder, one JSON file each, without tokens and cookies."""

    def __init__(self, folder: Path, secrets: tuple[str, ...]) -> None:
        self._folder = folder
        self._secrets = secrets
        folder.mkdir(parents=True, exist_ok=True)
        self._number = len(list(folder.glob("*.json")))

    def keep(self, request: Request, answer: Answer, base: Base, operator: str) -> None:
        """Writes one answer under the official address, whichever one answered."""
        body = answer.body
        for secret in self._secrets:
            body = body.replace(secret.encode(), b"***")
        try:
            text: dict[str, str] = {"body": body.decode("utf-8")}
        except UnicodeDecodeError:
            text = {"body_base64": base64.b64encode(body).decode("ascii")}
        said = {
            "tape": FORMAT,
            "operator": operator,
            "method": "GET" if request.body is None else "POST",
            "url": official(request.url, base),
            "sent": None if request.body is None else request.body.decode("utf-8", "replace"),
            "final_url": official(answer.final_url, base),
            "status": answer.status,
            "day": answer.day,
            "headers": {name: one for name, one in answer.headers.items() if name in _KEPT},
            **text,
        }
        self._number += 1
        path = self._folder / f"{self._number:05}-{operator}.json"
        written = json.dumps(said, ensure_ascii=False, indent=1)
        for secret in self._secrets:
            written = written.replace(secret, "***")
        path.write_text(written, "utf-8")


class Replay:
    """Gives recorded answers instead of asking the network; the same request gets them in turn."""

    def __init__(self, folder: Path) -> None:
        self._answers: dict[str, deque[dict[str, Any]]] = defaultdict(deque)
        for path in sorted(folder.glob("*.json")):
            try:
                said = json.loads(path.read_bytes())
                if said.get("tape") == FORMAT:
                    self._answers[_mark(said["url"], said.get("sent"))].append(said)
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue
        self.empty = not self._answers

    def answer(self, request: Request, base: Base) -> Answer | None:
        """The recorded answer; None when there is none."""
        sent = None if request.body is None else request.body.decode("utf-8", "replace")
        answers = self._answers.get(_mark(official(request.url, base), sent))
        if not answers:
            return None
        said = answers[0] if len(answers) == 1 else answers.popleft()
        try:
            packed = said.get("body_base64")
            body = base64.b64decode(packed) if packed is not None else said["body"].encode("utf-8")
            return Answer(
                url=request.url,
                final_url=str(said["final_url"]),
                status=int(said["status"]),
                headers={str(name): str(one) for name, one in said["headers"].items()},
                body=body,
                day=str(said["day"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SourceError(f"the recorded answer is damaged: {error}") from error


def official(url: str, base: Base) -> str:
    """The address with the official base in the place of the one in force."""
    if url.startswith(base.url):
        return base.official.rstrip("/") + url[len(base.url) :]
    return url


def _mark(url: str, sent: str | None) -> str:
    parts = urlsplit(url)
    return sha256(f"{parts.netloc}{parts.path}?{parts.query}\n{sent}".encode()).hexdigest()
