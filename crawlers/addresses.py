"""Which addresses a source may ask, and which of them may see the user's token."""

import ipaddress
import os
import re
from urllib.parse import urljoin, urlsplit

from crawlers.clean import clean
from crawlers.operators import Operator
from crawlers.source import MAX_REASON, Base, Source, SourceError
from crawlers.words import is_sendable, redacted


def network_of(source: Source) -> tuple[Operator, Base]:
    """Operator and base address of a source that is on the network."""
    assert source.operator is not None and source.base is not None, source.name
    return source.operator, source.base


def check_address(source: Source, url: str) -> None:
    """SourceError unless the address lies within the source's own hosts."""
    operator, base = network_of(source)
    try:
        parts = urlsplit(url)
        origin = _origin(url)
    except ValueError as error:
        raise SourceError(f"no address to ask: {clean(str(error))[:MAX_REASON]}") from error
    held = url != redacted(url)
    if parts.scheme not in ("http", "https") or parts.username or parts.password or held:
        raise SourceError(f"{operator.title} leads to an address that is not asked: {shown(url)}")
    if origin == _origin(base.url):
        return
    own = not base.overridden and parts.scheme == "https" and origin[2] == 443
    if not own or not operator.owns(origin[1]):
        raise SourceError(f"{operator.title} leads to another host: {shown(url)}")


def token_for(source: Source, url: str) -> str | None:
    """The user's token, if this very address may see it."""
    operator, base = network_of(source)
    if operator.token is None or base.variable != operator.token_base:
        return None
    if _origin(url) != _origin(base.url):
        return None
    token = (os.environ.get(operator.token) or "").strip()
    if not token or not (url.startswith("https://") or is_local(urlsplit(url).hostname or "")):
        return None
    if not is_sendable(token) or " " in token:
        raise SourceError(
            f"{operator.token} is no token: it holds what no token does. Nothing was sent."
        )
    return token


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), port


def shown(url: str) -> str:
    """The address, safe to show: without tokens, and without a user's name and password in it."""
    bare = re.sub(r"//[^/?#\s]*@", "//***@", clean(url))
    return redacted(bare)[:MAX_REASON]


def joined(url: str, onward: str) -> str:
    try:
        return urljoin(url, onward)
    except ValueError as error:
        raise SourceError(f"a redirect to no address: {shown(onward)}") from error


def is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
