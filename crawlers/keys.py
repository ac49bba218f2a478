"""Text or address -> Key.

The only place that knows arXiv versions and old ids, GitHub's spellings, DOIs, and which prefix
names which kind of thing.
"""

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from urllib.parse import unquote, urlsplit

from crawlers.clean import clean

Key = str
"""Identity as text a person can type: `arxiv:1512.03385`, `github:pytorch/pytorch`, `dataset:mnist`."""

KIND_OF_PREFIX: Final = {
    "arxiv": "paper",
    "doi": "paper",
    "openreview": "paper",
    "acl": "paper",
    "pwc": "paper",
    "url": "paper",
    "title": "paper",
    "github": "repository",
    "gitlab": "repository",
    "bitbucket": "repository",
    "git": "repository",
    "dataset": "dataset",
    "framework": "framework",
    "tool": "tool",
    "task": "task",
    "topic": "topic",
    "method": "method",
    "board": "board",
}

_NEW_ID = re.compile(r"([0-9]{2})(0[1-9]|1[0-2])\.([0-9]{4,5})(?:v([1-9][0-9]{0,3}))?")
_OLD_ID = re.compile(
    r"([a-z][a-z-]{1,14})(?:\.[a-z]{2})?/([0-9]{2})(0[1-9]|1[0-2])([0-9]{3})(?:v([1-9][0-9]{0,3}))?"
)
_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(\S+)")
_REPOSITORY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,254}(?:/[a-z0-9_.-]{1,100}){1,19}")
_KEY = re.compile(r"([a-z]+):(\S(?:.*\S)?)")
_NOT_REPOSITORIES = frozenset(
    "about apps blog collections contact customer-stories enterprise events explore features join "
    "login marketplace notifications orgs pricing search security settings site sponsors stars "
    "topics trending users".split()
)
"""First path segments of github.com that are pages of its own, not owners."""

_LOWER = frozenset(
    {"dataset", "framework", "tool", "task", "topic", "method", "board", "acl", "pwc"}
)
"""Prefixes whose second part is written in lower case only."""

_PAGES = frozenset({"-", "tree", "blob", "raw", "issues", "merge_requests", "wikis", "commits"})

_ARXIV_HOSTS = ("arxiv.org", "alphaxiv.org", "xxx.lanl.gov", "ar5iv.org")
_FORGES = {"github.com": "github", "gitlab.com": "gitlab", "bitbucket.org": "bitbucket"}


def kind_of(key: Key) -> str | None:
    """`paper`, `repository`, `dataset`, ... as the prefix says; None when the prefix is unknown."""
    return KIND_OF_PREFIX.get(key.partition(":")[0])


def arxiv_id(text: str) -> tuple[str, int | None] | None:
    """The id without its version, and the version; None when the text is no arXiv id.

    Old ids lose their subject class (`math.GT/0309136` -> `math/0309136`): arXiv treats both alike.
    """
    text = text.strip().lower()
    if text.startswith("arxiv:"):
        text = text[6:].lstrip()
    if found := _NEW_ID.fullmatch(text):
        year, month, number, version = found.groups()
        return f"{year}{month}.{number}", int(version) if version else None
    if found := _OLD_ID.fullmatch(text):
        archive, year, month, number, version = found.groups()
        return f"{archive}/{year}{month}{number}", int(version) if version else None
    return None


def parse_key(text: str) -> Key | None:
    """The Key that a typed key, an id or an address names; None when it names nothing we know.

    Versions, http or https, `www.`, `.git`, upper case in GitHub names, and pdf or abs pages all
    lead to the same Key, and the Key of a Key is that Key. A plain word is not a key: the catalog
    resolves names.
    """
    text = clean(text)
    typed = _KEY.fullmatch(text)
    if typed is not None and typed[1] in KIND_OF_PREFIX and not typed[2].startswith("//"):
        return _of_typed(typed[1], typed[2])
    if "://" in text or text.lower().startswith(("www.", "arxiv.org/", "github.com/", "doi.org/")):
        return _of_address(text)
    if text.startswith("git@") and ":" in text:
        host, _, path = text[4:].partition(":")
        return _of_address(f"https://{host}/{path}")
    if found := arxiv_id(text):
        return f"arxiv:{found[0]}"
    return _of_doi(text)


def _of_typed(prefix: str, rest: str) -> Key | None:
    if prefix == "arxiv":
        found = arxiv_id(rest)
        return f"arxiv:{found[0]}" if found else None
    if prefix == "doi":
        return _of_doi(rest)
    if prefix == "url":
        return _of_address(f"https://{rest}")
    if prefix in _FORGES.values():
        return repository_key(prefix, rest)
    if prefix in _LOWER:
        rest = rest.lower()
    return f"{prefix}:{rest}"


def repository_key(forge: str, path: str) -> Key | None:
    """`github:owner/name` in lower case (the forges ignore case); None when it is no repository."""
    parts = path.strip("/").lower().split("/")
    if forge == "gitlab":
        # Groups nest there; pages of a project stand behind a lone hyphen, or behind these words.
        end = next((at for at, part in enumerate(parts) if at > 1 and part in _PAGES), len(parts))
        whole = parts[:end]
        parts = ["/".join(whole[:-1]), whole[-1]] if len(whole) > 1 else whole
    if len(parts) < 2 or (forge == "github" and parts[0] in _NOT_REPOSITORIES):
        return None
    name, bare = "", parts[1]
    while name != bare:
        name, bare = bare, bare.rstrip(".,;:)").removesuffix(".git")
    owner_and_name = f"{parts[0]}/{name}"
    if not _REPOSITORY.fullmatch(owner_and_name) or name in (".", ".."):
        return None
    return f"{forge}:{owner_and_name}"


def paper_key(url: str | None, title: str | None) -> Key | None:
    """The Key of a paper named by an address, or by its title alone; None when both are missing."""
    if url and (key := parse_key(url)) is not None and kind_of(key) == "paper":
        return key
    if url and (found := arxiv_id(url)):
        return f"arxiv:{found[0]}"
    return f"title:{slug(title)}" if title else None


@lru_cache(maxsize=1 << 16)
def slug(name: str) -> str:
    """A name as the second part of a Key: lower case, words joined by hyphens, other scripts kept.

    A name without any letter or digit gets a short hash, so that it still is somebody.
    """
    folded = unicodedata.normalize("NFKD", name).casefold()
    folded = "".join(c for c in folded if not unicodedata.combining(c))
    folded = unicodedata.normalize("NFC", folded)
    words = re.sub(r"[^\w]+|_+", "-", folded.replace("+", " plus ").replace("#", " sharp ")).strip(
        "-"
    )
    if not words:
        return "x" + blake2b(name.encode("utf-8", "replace"), digest_size=4).hexdigest()
    if len(words) > 120:
        digest = blake2b(words.encode(), digest_size=4).hexdigest()
        words = f"{words[:110].rstrip('-')}-{digest}"
    return words


def _of_doi(text: str) -> Key | None:
    doi = clean(unquote(text)).lower().rstrip(".,;")
    if found := _ARXIV_DOI.fullmatch(doi):
        known = arxiv_id(found[1])
        return f"arxiv:{known[0]}" if known else None
    return f"doi:{doi}" if _DOI.fullmatch(doi) else None


def _of_address(text: str) -> Key | None:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https", "git", "ssh") or "." not in host:
        return None
    path = clean(unquote(parts.path))
    as_written = clean(parts.path).rstrip("/ ")
    segments = [segment for segment in path.split("/") if segment]
    for arxiv_host in _ARXIV_HOSTS:
        if host == arxiv_host or host.endswith(f".{arxiv_host}"):
            return _of_arxiv_path(segments)
    if host in ("doi.org", "dx.doi.org"):
        return _of_doi(path.lstrip("/"))
    if host in _FORGES:
        return repository_key(_FORGES[host], path)
    if host == "huggingface.co" and len(segments) >= 2 and segments[0] == "papers":
        found = arxiv_id(segments[1])
        return f"arxiv:{found[0]}" if found else None
    if host in ("paperswithcode.com", "paperswithcode.co") and len(segments) >= 2:
        return _of_pwc_page(segments)
    if host == "openreview.net" and (forum := re.search(r"(?:^|&)id=([\w-]+)", parts.query)):
        return f"openreview:{forum[1]}"
    if host in ("aclweb.org", "aclanthology.org", "aclanthology.info") and segments:
        paper = segments[-1].lower().removesuffix(".pdf").removesuffix(".bib").strip()
        return f"acl:{paper}" if paper else None
    query = f"?{clean(parts.query)}" if parts.query else ""
    return f"url:{host}{as_written}{query}"


def _of_arxiv_path(segments: list[str]) -> Key | None:
    if segments and segments[0].lower() in (
        "abs",
        "pdf",
        "html",
        "format",
        "ps",
        "e-print",
        "overview",
    ):
        segments = segments[1:]
    found = arxiv_id("/".join(segments).lower().rstrip(".,;:)").removesuffix(".pdf"))
    return f"arxiv:{found[0]}" if found else None


def _of_pwc_page(segments: list[str]) -> Key | None:
    """paperswithcode.co names its papers by their arXiv ids, and its lists in the plural."""
    prefix = _PWC_PAGES.get(segments[0])
    if prefix is None:
        return None
    name = segments[1].strip().lower()
    if prefix == "pwc" and (found := arxiv_id(name)):
        return f"arxiv:{found[0]}"
    return f"{prefix}:{name}" if name else None


_PWC_PAGES: Final = {
    "paper": "pwc", "papers": "pwc", "dataset": "dataset", "datasets": "dataset", "task": "task",
    "tasks": "task", "method": "method", "methods": "method", "frameworks": "framework",
}  # fmt: skip
