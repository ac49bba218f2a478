"""The one door to the network.

Every request of the project goes through `Client`: politeness per operator (crawlers.gate), retry of
what can help, limits of size and time (crawlers.wire), redirects within the source's own hosts, tokens
to the host they belong to and to no other. httpx is named here and nowhere else; its successor httpx2
needs one other import line.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httpx

from crawlers.addresses import check_address, is_local, joined, network_of, token_for
from crawlers.gate import EVERYTHING, PATIENCE, Gate, InPenalty, Penalty, Stop, Stopped, Tell
from crawlers.limits import closed, is_limit, retry_after, spent_until
from crawlers.operators import Operator
from crawlers.source import Answer, Request, Source, SourceError
from crawlers.tape import Recorder, Replay
from crawlers.wire import Incomplete, Watchdog, body_of
from crawlers.words import agent, first_line, is_sendable, said_in, secrets, words_of

__all__ = ["Client", "Refusal", "Stopped", "Validators"]

TRIES: Final = 5
"""How often one request is made at most."""

SLOW_TRIES: Final = 2
"""How often one that ran out of time is made: it takes long to fail."""

RETRIES: Final = 40
"""Second tries of a whole harvest; a source that needs more is not well."""

HOPS: Final = 5
FIRST_BACKOFF: Final = 3.0
LONGEST_BACKOFF: Final = 45.0
"""arXiv's OAI was seen to wake up within 29 to 90 s."""

TIMEOUT: Final = httpx.Timeout(connect=10.0, read=100.0, write=30.0, pool=10.0)
WHOLE: Final = 150.0
"""Seconds for one request up to the last of its headers."""

ERROR_BYTES: Final = 64 << 10
"""How much of a refusal's body is read: its first line is what people want."""

SPENT: Final = 0
"""In the place of a status: the operator answered, and said that this was the last for now."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TOO_OFTEN: Final = frozenset({403, 429})
_PASSING: Final = frozenset({500, 502, 503, 504})
"""Failures of a server that may be over a moment later."""


T = TypeVar("T")


class Refusal(Exception):
    """No answer, and trying on would not help now."""

    def __init__(
        self, kind: str, why: str, *, status: int | None = None, until: float | None = None
    ) -> None:
        super().__init__(why)
        self.kind = kind
        """`offline`, `refused` or `unreachable`."""
        self.why = why
        self.status = status
        self.until = until
        """When it may be asked again, in seconds since 1970; None: nothing says so."""


@dataclass(frozen=True)
class Validators:
    """What makes a request conditional, as its last answer gave it."""

    etag: str | None = None
    modified: str | None = None


class _Again(Exception):
    """This try failed; the same request may succeed."""

    def __init__(
        self, why: str, *, wait: float | None = None, status: int | None = None, slow: bool = False
    ) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait
        self.status = status
        self.slow = slow


class Client:
    """Asks sources, politely. One for a command; `close` it."""

    def __init__(
        self,
        home: Path,
        *,
        offline: bool = False,
        record: Path | None = None,
        replay: Path | None = None,
        tell: Tell = lambda waiting: None,
        stop: Stop = lambda: False,
        contact: str | None = None,
    ) -> None:
        self._home = home
        self._offline = offline
        self._recorder = Recorder(record, secrets()) if record else None
        self._replay = Replay(replay) if replay else None
        self._tell = tell
        self._stop = stop
        self._gates: dict[tuple[str, str], Gate] = {}
        self._connections: dict[str, httpx.Client] = {}
        self._watchdog = Watchdog()
        self._agent = agent(contact)
        self.retries_left = RETRIES
        self.requests = 0
        """How many requests were sent, redirects and second tries included."""

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    @property
    def replays(self) -> bool:
        """True when recorded answers stand in for the network."""
        return self._replay is not None

    def gate(self, source: Source) -> Gate:
        """The politeness of a source's operator."""
        operator, base = network_of(source)
        place = (operator.name, base.url)
        if place not in self._gates:
            self._gates[place] = Gate(operator, base, self._home)
        return self._gates[place]

    def fetch(self, source: Source, request: Request, known: Validators | None = None) -> Answer:
        """The answer, whose status is 304 or one of `request.answers`.

        Refusal when the operator refuses or cannot be reached; SourceError when what came is too
        large or of another kind; Stopped when the user stops a wait.
        """
        operator, base = network_of(source)
        if self._replay:
            played = self._replay.answer(request, base)
            if played is None:
                raise Refusal("offline", f"no recorded answer for {request.url}")
            return played

        def once() -> Answer:
            return self._hop(source, request, known)

        answer = self._persist(source, once)
        if self._recorder and answer.status != 304:
            self._recorder.keep(request, answer, base, operator.name)
        return answer

    def save(
        self,
        source: Source,
        ask: Callable[[], Request],
        take: Callable[[int, Iterator[bytes]], None],
    ) -> None:
        """Hands the bytes of a file to `take` as they come, with where in the file they begin.

        `ask` says at each try what to ask for, a `Range` in its headers; a server that does not know
        ranges begins at 0. No limit of size: `take` raises when it has had enough. Refusal and
        SourceError as with `fetch`.
        """

        def once() -> None:
            request = ask()
            url = request.url
            for _ in range(HOPS + 1):
                with self._asked(source, request, url) as response:
                    onward = response.headers.get("location")
                    if response.status_code in _REDIRECTS and onward:
                        url = joined(url, onward)
                        continue
                    headers = {name.lower(): one for name, one in response.headers.items()}
                    if response.status_code not in request.answers:
                        raise self._failure(source, request.resource, url, response, headers)
                    if headers.get("content-type", "").lower().startswith("text/html"):
                        raise _Again("an HTML page came in the place of the file")
                    take(_begin(response.status_code, headers), response.iter_raw())
                    return
            raise SourceError(f"more than {HOPS} redirects")

        self._persist(source, once)

    def before_again(self, source: Source, reading: int, why: str) -> None:
        """Waits before a damaged answer is asked for again. Refusal when there were too many."""
        if self.retries_left <= 0:
            raise Refusal("unreachable", f"too many damaged answers: {why}")
        self.retries_left -= 1
        self.gate(source).pause(self._back_off(source, reading), why, self._tell, self._stop)

    def _back_off(self, source: Source, tries: int) -> float:
        """Seconds before another try: longer each time, never two processes at the same moment."""
        _, base = network_of(source)
        first = max(0.1, self.gate(source).delay) if base.overridden else FIRST_BACKOFF
        return min(LONGEST_BACKOFF, first * 2.0 ** (tries - 1)) * random.uniform(0.75, 1.25)

    # -- trying again -------------------------------------------------------------------------

    def _persist(self, source: Source, once: Callable[[], T]) -> T:
        """Tries until it works or cannot be helped."""
        operator, base = network_of(source)
        if self._offline:
            host = urlsplit(base.url).hostname or base.url
            raise Refusal("offline", f"offline by wish: {host} was not asked")
        tries = 0
        while True:
            tries += 1
            try:
                return once()
            except InPenalty as still:
                raise _refusal_of(still.penalty) from still
            except _Again as failed:
                most = SLOW_TRIES if failed.slow else TRIES
                if tries >= most or self.retries_left <= 0:
                    if failed.status in _TOO_OFTEN:
                        # However short the pauses it named: it was asked too often every time.
                        line = f"{failed.why} ({tries} tries)"
                        gate = self.gate(source)
                        penalty = gate.refused(
                            EVERYTHING, operator.penalty, failed.status or 0, line
                        )
                        raise _refusal_of(penalty) from failed
                    raise _given_up(operator, failed, tries) from failed
                self.retries_left -= 1
                wait = max(failed.wait or 0.0, self._back_off(source, tries))
                self.gate(source).pause(wait, failed.why, self._tell, self._stop)

    # -- one try ------------------------------------------------------------------------------

    def _hop(self, source: Source, request: Request, known: Validators | None) -> Answer:
        """One request with its redirects; each of them waits for a turn of its own."""
        url = request.url
        for _ in range(HOPS + 1):
            with self._asked(source, request, url, known) as response:
                onward = response.headers.get("location")
                if response.status_code in _REDIRECTS and onward:
                    url = joined(url, onward)
                    continue
                return self._answer(source, request, url, response)
        raise SourceError(f"more than {HOPS} redirects")

    @contextmanager
    def _asked(
        self, source: Source, request: Request, url: str, known: Validators | None = None
    ) -> Iterator[httpx.Response]:
        """The response of one address, in its turn."""
        check_address(source, url)
        headers = self._headers(source, request, url, known)
        with (
            self.gate(source).turn(request.resource, self._tell, self._stop),
            self._opened(source, url, headers, request.body) as response,
        ):
            yield response

    def _headers(
        self, source: Source, request: Request, url: str, known: Validators | None
    ) -> dict[str, str]:
        headers = {
            "user-agent": self._agent,
            "accept": ", ".join((request.accept[0], "*/*;q=0.1")),
            "accept-encoding": "gzip",
            **request.headers,
        }
        if request.body is not None:
            headers["content-type"] = "application/json"
        if known and known.etag and is_sendable(known.etag):
            headers["if-none-match"] = known.etag
        if known and known.modified and is_sendable(known.modified):
            headers["if-modified-since"] = known.modified
        token = token_for(source, url)
        if token:
            headers["authorization"] = f"Bearer {token}"
        return headers

    @contextmanager
    def _opened(
        self, source: Source, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Iterator[httpx.Response]:
        """The response, its headers read. _Again when the connection fails, in the block too."""
        self.requests += 1
        connection = self._connection(source)
        method = "GET" if body is None else "POST"
        traced = {"trace": self._watchdog.trace}
        try:
            with self._watchdog.within(WHOLE):
                request = connection.build_request(
                    method, url, headers=dict(headers), content=body, extensions=traced
                )
                response = connection.send(request, stream=True)
            try:
                connection.cookies.clear()
                self.gate(source).answered()
                yield response
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise _Again(f"no answer in time ({words_of(error)})", slow=True) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise SourceError(f"no address to ask: {words_of(error)}") from error
        except httpx.HTTPError as error:
            if self._watchdog.bitten:
                raise _Again("its headers did not come in time", slow=True) from error
            raise _Again(words_of(error)) from error
        except Incomplete as error:
            raise _Again(error.why, slow=error.slow) from error

    def _connection(self, source: Source) -> httpx.Client:
        """The one connection to an operator's address, kept open between requests if it may be."""
        operator, base = network_of(source)
        if base.url not in self._connections:
            # One kept open while another process asks would be a second one: arXiv allows one.
            kept = 0 if operator.strict else 1
            self._connections[base.url] = httpx.Client(
                timeout=TIMEOUT,
                follow_redirects=False,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=kept),
                # A proxy is for the world outside, not for this machine.
                trust_env=not is_local(urlsplit(base.url).hostname or ""),
            )
        return self._connections[base.url]

    # -- what came ----------------------------------------------------------------------------

    def _answer(
        self, source: Source, request: Request, url: str, response: httpx.Response
    ) -> Answer:
        status = response.status_code
        headers = {name.lower(): value for name, value in response.headers.items()}
        if status != 304 and status not in request.answers:
            raise self._failure(source, request.resource, url, response, headers)
        emptied = spent_until(request.resource, headers)
        if emptied:
            line = f"its {emptied.resource} requests are used up".replace("its * ", "its ")
            self.gate(source).refused(emptied.resource, emptied.seconds, SPENT, line)
        body = b"" if status == 304 else body_of(response, request.max_bytes)
        operator, _ = network_of(source)
        line = first_line(body)
        if status != 304 and is_limit(operator, status, headers, said_in(body, status)):
            raise self._limited(source, request.resource, status, headers, line)
        if status != 304:
            _check_kind(request, headers, body)
        return Answer(
            url=request.url,
            final_url=url,
            status=status,
            headers=headers,
            body=body,
            day=datetime.now(UTC).date().isoformat(),
        )

    def _failure(
        self,
        source: Source,
        resource: str,
        url: str,
        response: httpx.Response,
        headers: Mapping[str, str],
    ) -> Exception:
        """What a status that is no answer means."""
        operator, _ = network_of(source)
        status = response.status_code
        try:
            body = body_of(response, ERROR_BYTES)
        except (SourceError, Incomplete, httpx.HTTPError):
            body = b""
        line = first_line(body) or first_line(response.reason_phrase.encode())
        if is_limit(operator, status, headers, said_in(body, status) or line):
            return self._limited(source, resource, status, headers, line)
        if status in _PASSING:
            named = retry_after(headers)
            if named is None:
                return _Again(line, status=status)
            penalty = self.gate(source).refused(resource, named, status, line)
            if named <= PATIENCE:
                return _Again(line, wait=named, status=status)
            return _refusal_of(penalty)
        host = urlsplit(url).hostname
        return Refusal("refused", f"{host} answers {status}: {line}", status=status)

    def _limited(
        self, source: Source, resource: str, status: int, headers: Mapping[str, str], line: str
    ) -> Exception:
        """The operator was asked too often: wait a little if it says so, else leave it alone."""
        operator, _ = network_of(source)
        verdict = closed(operator, resource, headers)
        # Written down even when we wait for it ourselves: other processes must wait as well.
        penalty = self.gate(source).refused(verdict.resource, verdict.seconds, status, line)
        if not operator.strict and retry_after(headers) is not None and verdict.seconds <= PATIENCE:
            return _Again(line, wait=verdict.seconds, status=status)
        return _refusal_of(penalty)


def _begin(status: int, headers: Mapping[str, str]) -> int:
    """Where in its file an answer begins."""
    if status != 206:
        return 0
    found = re.match(r"bytes ([0-9]{1,18})-", headers.get("content-range", ""))
    if found is None:
        raise SourceError("a part of a file came without saying which part")
    return int(found[1])


def _check_kind(request: Request, headers: Mapping[str, str], body: bytes) -> None:
    """An answer of another media type is an error page, whatever its status says."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in request.accept:
        line, shown = first_line(body[:2_000]), first_line(kind.encode())
        raise SourceError(f"{shown} came instead of {request.accept[0]}: {line}", again=True)


def _refusal_of(penalty: Penalty) -> Refusal:
    moment = datetime.fromtimestamp(penalty.until, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    said = penalty.line if penalty.status == SPENT else f"{penalty.status}: {penalty.line}"
    why = f"{penalty.operator} refused ({said}); not asked before {moment}"
    return Refusal("refused", why, status=penalty.status, until=penalty.until)


def _given_up(operator: Operator, failed: _Again, tries: int) -> Refusal:
    if failed.status is None:
        why = f"{operator.title} cannot be reached: {failed.why} ({tries} tries)"
        return Refusal("unreachable", why)
    why = f"{operator.title} answers {failed.status}: {failed.why} ({tries} tries)"
    return Refusal("refused", why, status=failed.status)
