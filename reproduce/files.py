"""A dataset's files: found where they lie (reproduce.places), or fetched, checked, and only then named.

The one door of `reproduce` to the network.
"""

import ipaddress
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from reproduce.content import DataError, NotThere, WrongBytes, check, held, read, read_file, sums
from reproduce.data import Dataset, File
from reproduce.places import (
    CannotWrite,
    NoAddress,
    NotAccepted,
    Places,
    Tell,
    check_accepted,
    find,
    package_folder,
    part_of,
    put,
    small_first,
    writing,
)

if TYPE_CHECKING:
    import httpx

    from reproduce.content import Bytes

__all__ = [
    "CannotWrite", "DataError", "NoAddress", "NotAccepted", "NotReached", "NotThere", "Places", "WrongBytes",
    "check", "fetch", "find", "obtain", "sums", "take",
]  # fmt: skip

TRIES: Final = 3
"""How often one address is asked."""

BACKOFF: Final = (0.5, 1.5)
"""Seconds before the second try and the third."""

CONNECT_SECONDS: Final = 10.0
SILENCE_SECONDS: Final = 30.0
"""Between two pieces of an answer."""

GRACE_SECONDS: Final = 60.0
LEAST_RATE: Final = 4 << 10
"""Bytes a second that an answer must bring once the grace is over: slower is a drip, not a line."""

HOPS: Final = 5

_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

Progress = Callable[[str, int, int | None], None]
"""Told of a download: the file, the bytes that are here, the bytes there are (None: nobody says)."""


class NotReached(DataError):
    """The files are not here, and cannot be fetched now."""

    code = 3
    missing = True

    def __init__(
        self, dataset: Dataset, names: tuple[str, ...], why: str | None, bases: tuple[str, ...]
    ) -> None:
        self.dataset = dataset
        self.names = names
        self.why = why
        """What each address answered; None: no host may be asked."""
        self.bases = tuple(_shown(base) for base in bases or (dataset.home,))
        """Where the files can be got by other means."""
        super().__init__(
            f"{dataset.title}: {', '.join(names)} cannot be fetched: "
            f"{why or 'no host is asked (offline by wish)'}",
            f"Get them, packed or not, from {' or '.join(self.bases)}, put them in a folder, "
            f"then: hub dataset get {dataset.name} --from FOLDER (or set HUB_DATASETS_DIR to it).",
        )


def obtain(
    dataset: Dataset,
    *,
    given: Path | None = None,
    places: Places | None = None,
    progress: Progress = lambda name, have, total: None,
    tell: Tell = lambda what, which: None,
) -> Path:
    """A folder that holds a dataset's files, fetched if they lie nowhere; `load` checks all their bytes.

    `given` is looked into alone. NotThere, NotReached, WrongBytes, CannotWrite, NotAccepted.
    """
    places = places or Places.of_environment()
    passed: list[DataError] = []
    found = find(dataset, places, given=given, passed=passed)
    if found is not None:
        return found
    if given is not None or dataset.package is not None:
        raise passed[0] if passed else _not_there(dataset, given)
    for wrong in passed:
        tell("passed over", wrong)
    return fetch(dataset, places, progress=progress, tell=tell)


def take(
    dataset: Dataset, places: Places, given: Path, *, tell: Tell = lambda what, which: None
) -> Path:
    """Copies a dataset's files out of a folder into the hub's own, checked and unpacked; returns that."""
    check_accepted(dataset, places)
    source = obtain(dataset, given=given, places=places)
    target = places.store / dataset.name
    with writing(target, tell):
        for file in dataset.files:
            put(target, file, read(source, file))
    return target


def fetch(
    dataset: Dataset,
    places: Places,
    *,
    progress: Progress = lambda name, have, total: None,
    tell: Tell = lambda what, which: None,
) -> Path:
    """Downloads what the hub's own folder lacks of a dataset, or has wrong; returns that folder.

    What came of a file is kept and gone on with, also by the next call. NotReached, WrongBytes,
    CannotWrite, NotAccepted.
    """
    folder = places.store / dataset.name
    bases = (places.mirror,) if places.mirror else dataset.mirrors
    if places.offline:
        lacking = tuple(file.name for file in dataset.files if not held(folder, file))
        names = lacking or tuple(file.name for file in dataset.files)
        raise NotReached(dataset, names, None, bases)
    check_accepted(dataset, places)
    with writing(folder, tell):
        wanted = _wanted(dataset, folder, tell)
        with _Line(folder, _bases(dataset, places), progress) as line:
            for file in wanted:
                try:
                    put(folder, file, line.get(file))
                except _Refused as refused:
                    raise NotReached(dataset, (file.name,), str(refused), bases) from refused
    return folder


def _wanted(dataset: Dataset, folder: Path, tell: Tell) -> list[File]:
    """The files to fetch: those that are not there, or are wrong."""
    right = set()
    for one in check(dataset, folder):
        if one.right:
            right.add(one.file.name)
            part_of(folder, one.file).unlink(missing_ok=True)
        elif one.wrong:
            tell("fetched anew", one.wrong)
    return [file for file in small_first(dataset) if file.name not in right]


def _bases(dataset: Dataset, places: Places) -> list[str]:
    """Addresses of folders; a mirror of many datasets may keep each in one of its own."""
    if places.mirror is None:
        return list(dataset.mirrors)
    base = places.mirror.rstrip("/")
    try:
        usable = urlsplit(base).scheme in ("http", "https") and urlsplit(base).port != 0
    except ValueError:
        usable = False
    if not usable:
        raise NoAddress
    return [base, f"{base}/{dataset.name}"]


def _not_there(dataset: Dataset, given: Path | None) -> NotThere:
    if given is None:
        package = (dataset.package or "").partition("/")[0]
        hint = f"It comes with a package: pip install --force-reinstall {_DISTRIBUTIONS.get(package, package)}"
    else:
        hint = "Also looked for one folder below, and packed."
    folder = given or package_folder(dataset)
    lacking = tuple(file.name for file in dataset.files if not (folder and held(folder, file)))
    return NotThere(dataset, lacking, str(folder or dataset.package), hint)


# -- one file over the network -----------------------------------------------------------------


class _Refused(Exception):
    """Nobody gives the file; or this address does not."""

    def __init__(self, why: str, *, silent: bool = False) -> None:
        super().__init__(why)
        self.silent = silent
        """The host cannot be reached at all."""


class _Again(_Refused):
    """This try failed; the same may succeed."""


@dataclass
class _Line:
    """The way to the mirrors of one dataset; the one that served last is asked first."""

    folder: Path
    bases: list[str]
    progress: Progress
    opened: ExitStack = field(default_factory=ExitStack)
    clients: "dict[bool, httpx.Client]" = field(default_factory=dict)

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *error: object) -> None:
        self.opened.close()

    def get(self, file: File) -> "Bytes":
        """The file's bytes, right. WrongBytes when that is the best there is; _Refused by all."""
        refused: dict[str, str] = {}
        lost: set[str] = set()
        wrong: WrongBytes | None = None
        for base in tuple(self.bases):
            host = urlsplit(base).netloc.rpartition("@")[2]
            for name in dict.fromkeys((file.packed or file.name, file.name)):
                if host in lost:
                    continue
                try:
                    content = self._from(f"{base}/{name}", file)
                except _Refused as error:
                    refused.setdefault(host, str(error))
                    lost |= {host} if error.silent else set()
                except WrongBytes as error:
                    wrong = wrong or error
                else:
                    self.bases.remove(base)
                    self.bases.insert(0, base)
                    return content
        if wrong is not None:
            raise wrong
        raise _Refused("; ".join(f"{host}: {why}" for host, why in refused.items()) or "no mirror")

    def _from(self, url: str, file: File) -> "Bytes":
        """The file's bytes from one address, in as many tries as are good."""
        part = part_of(self.folder, file)
        failed: WrongBytes | _Refused = _Refused("")
        for attempt in range(TRIES):
            if attempt:
                time.sleep(BACKOFF[attempt - 1])
            try:
                whole = self._download(url, file, part)
            except _Again as error:
                failed = error
                continue
            try:
                return read_file(part, file)
            except WrongBytes as error:
                part.unlink()
                failed = WrongBytes(_shown(url), file, error.got, _WRONG_HINT)
                if whole:
                    break
        raise failed

    def _download(self, url: str, file: File, part: Path) -> bool:
        """Brings `part` to its end. False when that is in doubt: it was gone on with, or nobody said
        how long it is. _Again, _Refused."""
        have = part.stat().st_size if part.exists() else 0
        with self._answer(url, have) as answer:
            if answer.status_code == 416 and have:
                if answer.headers.get("content-range") == f"bytes */{have}":
                    return False
                part.unlink()
                raise _Again("what was here does not fit what the mirror holds")
            begin = _begin(answer, have)
            length = answer.headers.get("content-length", "")
            total = begin + int(length) if length.isascii() and length.isdigit() else None
            most = file.size + file.size // 10 + 1024
            if (total or 0) > most:
                raise _Refused(f"it holds {total:,} bytes, and {most:,} are the most it can be")
            self._keep(answer, file, part, begin, total, most)
        return begin == 0 and (total is not None or "transfer-encoding" in answer.headers)

    def _keep(
        self,
        answer: "httpx.Response",
        file: File,
        part: Path,
        begin: int,
        total: int | None,
        most: int,
    ) -> None:
        """Writes what comes behind the first `begin` bytes of `part`."""
        began, have = time.monotonic(), begin
        with part.open("r+b" if begin else "wb") as sink:
            sink.seek(begin)
            # Without a size: with one, what came before the line broke would be lost.
            for piece in answer.iter_raw():
                have += len(piece)
                if have > most:
                    sink.truncate(0)
                    raise _Refused(f"it sends more than {most:,} bytes")
                sink.write(piece)
                self.progress(file.name, have, total)
                if time.monotonic() - began > GRACE_SECONDS + (have - begin) / LEAST_RATE:
                    raise _Again(
                        f"only {have - begin:,} bytes came in {GRACE_SECONDS:.0f} s and more"
                    )

    @contextmanager
    def _answer(self, url: str, have: int) -> "Iterator[httpx.Response]":
        """The answer, redirects followed. _Again when the line fails, in the block too."""
        import httpx

        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        try:
            for _ in range(HOPS):
                client = self._client(url)
                request = client.build_request("GET", url, headers=headers)
                answer = client.send(request, stream=True)
                try:
                    if answer.status_code not in _REDIRECTS:
                        yield answer
                        return
                    url = _onward(url, answer.headers.get("location", ""))
                finally:
                    answer.close()
        except httpx.ConnectError as error:
            raise _Again(f"no answer ({error})", silent=True) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise _Refused(f"no address: {error}") from error
        except httpx.HTTPError as error:
            raise _Again(str(error) or type(error).__name__) from error
        raise _Refused(f"more than {HOPS} redirects")

    def _client(self, url: str) -> "httpx.Client":
        """A proxy is for the world outside, not for this machine."""
        import httpx

        outside = not _is_local(urlsplit(url).hostname or "")
        if outside not in self.clients:
            client = httpx.Client(
                timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
                headers={"User-Agent": "deep-learning-hub"},
                trust_env=outside,
            )
            self.clients[outside] = self.opened.enter_context(client)
        return self.clients[outside]


_WRONG_HINT: Final = "Nothing of it was kept. Another mirror: set HUB_DATASETS_URL, or use --from."
_DISTRIBUTIONS: Final = {"sklearn": "scikit-learn"}
"""Packages whose name for pip is another."""


def _begin(answer: "httpx.Response", have: int) -> int:
    """Where in the file the answer begins. _Again, _Refused when it is no part of it."""
    status = answer.status_code
    if status == 206 and answer.headers.get("content-range", "").startswith(f"bytes {have}-"):
        return have
    if status == 200:
        return 0
    if status in _PASSING or status == 206:
        raise _Again(f"it answers {status} {answer.reason_phrase}".strip())
    raise _Refused(f"it answers {status} {answer.reason_phrase}".strip())


def _onward(url: str, location: str) -> str:
    """Where a redirect leads: over TLS anywhere, since content is checked; else to its own host."""
    try:
        onward = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(onward)
        own = (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port)
    except ValueError as error:
        raise _Refused(f"a redirect to no address: {error}") from error
    if not location or not (there.scheme == "https" or own):
        raise _Refused(f"it leads to {_shown(onward)}, which is not asked")
    return onward


def _shown(url: str) -> str:
    """The address without what may be secret in it, fit to be shown."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "no address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
