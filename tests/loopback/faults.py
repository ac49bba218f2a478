"""What goes wrong: statuses, broken bodies, bombs, redirects, lists that do not end.

A fault is a function that answers over the wire of a request. What a source's own list can do wrong
is a twist: the interface knows how its pages look.
"""

import random
import time
import zlib
from collections.abc import Callable
from email.utils import formatdate
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.loopback.exchange import Asked, Reply

if TYPE_CHECKING:
    from tests.loopback.server import Handler

TWISTS = frozenset(
    {
        "looping token",  # the list leads on to the page that was asked for
        "duplicate page",  # the records of the page before, under a token of its own
        "empty page",  # promises entries and has none
        "incomplete",  # GitHub's word for a search that ran out of time
    }
)

BOMB = 2 << 30
"""What the gzip bomb inflates to, in bytes."""


# -- statuses --------------------------------------------------------------------------------


def status(
    wire: "Handler",
    asked: Asked,
    code: int = 500,
    line: str = "made to fail",
    headers: dict[str, str] | None = None,
    media: str = "text/plain",
) -> None:
    """Any status, with words and headers."""
    _say(wire, code, line, headers or {}, media)


def too_many(wire: "Handler", asked: Asked) -> None:
    """arXiv's 429: these words, and no Retry-After (seen in 2026; stated nowhere)."""
    _say(wire, 429, "Rate exceeded.")


def too_many_seconds(wire: "Handler", asked: Asked, seconds: object = 1, code: int = 429) -> None:
    _say(wire, code, "Slow down", {"Retry-After": str(seconds)})


def too_many_date(wire: "Handler", asked: Asked, seconds: float = 2.0, code: int = 429) -> None:
    """Retry-After as a date so many seconds ahead; dates have whole seconds."""
    _say(wire, code, "Slow down", {"Retry-After": formatdate(time.time() + seconds, usegmt=True)})


def secondary(wire: "Handler", asked: Asked) -> None:
    """GitHub's secondary limit: 403, words, and no header to go by (docs, rate limits)."""
    words = '{"message": "You have exceeded a secondary rate limit."}'
    _say(wire, 403, words, {"x-ratelimit-remaining": "4000"}, "application/json")


def unprompted(wire: "Handler", asked: Asked) -> None:
    """304, whether the request was conditional or not."""
    _say(wire, 304, "")


def spent(
    wire: "Handler", asked: Asked, seconds: float = 600, resource: str = "core", code: int = 403
) -> None:
    """GitHub's bucket is empty until a moment (docs, rate limits for the REST API)."""
    said = {
        "x-ratelimit-limit": "60",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(time.time() + seconds)),
        "x-ratelimit-resource": resource,
    }
    _say(wire, code, '{"message": "API rate limit exceeded."}', said, "application/json")


# -- bodies ----------------------------------------------------------------------------------


def reset(wire: "Handler", asked: Asked, part: float = 0.5) -> None:
    """Breaks the connection off after a part of the body."""
    _partly(wire, asked, part)
    time.sleep(0.05)  # else the reset overtakes what was sent
    wire.reset()


def hang_up(wire: "Handler", asked: Asked) -> None:
    """Closes the connection without a word."""
    wire.close_connection = True


def short(wire: "Handler", asked: Asked, part: float = 0.5) -> None:
    """Ends after a part of the length that it promised."""
    _partly(wire, asked, part)
    wire.close_connection = True


def cut(wire: "Handler", asked: Asked, part: float = 0.5) -> None:
    """A part of the body, with the right length of the part."""
    reply = wire.loopback.reply(asked)
    wire.send(reply, body=reply.body[: int(len(reply.body) * part)])


def html(wire: "Handler", asked: Asked, code: int = 200) -> None:
    """An error page that calls itself a success."""
    page = "<!DOCTYPE html>\n<html><body><h1>Backend is unhealthy</h1></body></html>"
    _say(wire, code, page, kind="text/html; charset=utf-8")


def drip(wire: "Handler", asked: Asked, pause: float = 0.2) -> None:
    """The body byte by byte."""
    reply = wire.loopback.reply(asked)
    wire.connection.sendall(wire.head(reply, len(reply.body)))
    _drop_by_drop(wire, reply.body, pause)


def drip_headers(wire: "Handler", asked: Asked, pause: float = 0.2) -> None:
    """The head byte by byte, and no end of it."""
    wire.close_connection = True
    wire.connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drop: ")
    _drop_by_drop(wire, b"a" * 100_000, pause)


def silent(wire: "Handler", asked: Asked) -> None:
    """Takes the request and says nothing."""
    wire.close_connection = True
    wire.loopback.closing.wait(120)


def endless(wire: "Handler", asked: Asked) -> None:
    """A body that does not end, of no stated length."""
    wire.connection.sendall(wire.head(wire.loopback.reply(asked), None))
    while not wire.loopback.closing.is_set():
        wire.connection.sendall(b" " * 65_536)


def bomb(wire: "Handler", asked: Asked) -> None:
    """A small body that inflates to 2 GiB; nobody here ever holds it."""
    reply = wire.loopback.reply(asked)
    reply.headers["Content-Encoding"] = "gzip"
    wire.connection.sendall(wire.head(reply, None))
    wire.connection.sendall(_bomb())


def members(wire: "Handler", asked: Asked, count: int = 1_600_000) -> None:
    """A body of very many empty gzip members: nothing inflates, each costs work."""
    reply = wire.loopback.reply(asked)
    reply.headers["Content-Encoding"] = "gzip"
    wire.connection.sendall(wire.head(reply, None))
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    empty = packer.flush()
    for _ in range(count // 1_000):
        wire.connection.sendall(empty * 1_000)


def packed_cut(wire: "Handler", asked: Asked) -> None:
    """A gzip body without its end."""
    reply = wire.loopback.reply(asked)
    reply.headers["Content-Encoding"] = "gzip"
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    wire.send(reply, body=(packer.compress(reply.body) + packer.flush())[:-9])


def brotli(wire: "Handler", asked: Asked) -> None:
    """A packing that nobody asked for."""
    reply = wire.loopback.reply(asked)
    reply.headers["Content-Encoding"] = "br"
    wire.send(reply, body=random.Random(1).randbytes(200))


def wrong_kind(wire: "Handler", asked: Asked, media: str = "application/pdf") -> None:
    """The right body under another media type."""
    reply = wire.loopback.reply(asked)
    reply.kind = media
    wire.send(reply)


def xml_bomb(wire: "Handler", asked: Asked) -> None:
    """Entities that double ten times over; the document is an OAI one else."""
    levels = "".join(
        f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' if level else '<!ENTITY e0 "ha">'
        for level in range(12)
    )
    _say(wire, 200, f"<!DOCTYPE OAI-PMH [{levels}]>{_OAI}&e11;</OAI-PMH>", kind="text/xml")


def external_entity(wire: "Handler", asked: Asked, file: str = "file:///etc/passwd") -> None:
    """An entity that names a file, or an address."""
    head = f'<!DOCTYPE OAI-PMH [<!ENTITY e SYSTEM "{file}">]>'
    _say(wire, 200, f"{head}{_OAI}&e;</OAI-PMH>", kind="text/xml")


_OAI = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'


# -- heads -----------------------------------------------------------------------------------


def redirect(wire: "Handler", asked: Asked, to: str = "/elsewhere", code: int = 302) -> None:
    _say(wire, code, "", {"Location": to})


def loop(wire: "Handler", asked: Asked, code: int = 302) -> None:
    """A redirect to the very same address."""
    _say(wire, code, "", {"Location": asked.target})


def cookies(wire: "Handler", asked: Asked) -> None:
    """The right answer, with a cookie to be sent back."""
    reply = wire.loopback.reply(asked)
    reply.headers["Set-Cookie"] = "session=sweet-secret; Path=/; Max-Age=9999"
    wire.send(reply)


def huge_headers(wire: "Handler", asked: Asked, size: int = 2 << 20) -> None:
    reply = wire.loopback.reply(asked)
    reply.headers["X-Large"] = "a" * size
    wire.send(reply)


def echo(wire: "Handler", asked: Asked, code: int = 500, to: str = "/elsewhere") -> None:
    """Says the request's own Authorization again, wherever something can be said."""
    secret = asked.headers.get("authorization", "Bearer nothing").partition(" ")[2]
    said = {
        "Location": f"{to}?token={secret}",
        "ETag": f'"{secret}"',
        "X-Echo": secret,
        "Link": f'<https://api.github.com/next?{secret}>; rel="next"',
        "Set-Cookie": f"t={secret}",
    }
    _say(wire, code, f"refused for {secret}", said, f"text/{secret}")


def words_in_reason(wire: "Handler", asked: Asked, words: str = "", code: int = 403) -> None:
    """An empty body, and these words in the place of `Forbidden`."""
    wire.connection.sendall(
        f"HTTP/1.1 {code} {words}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    )


FAULTS: dict[str, Callable[..., Any]] = {
    "status": status,
    "429": too_many,
    "429 seconds": too_many_seconds,
    "429 date": too_many_date,
    "secondary limit": secondary,
    "304": unprompted,
    "spent": spent,
    "reset": reset,
    "hang up": hang_up,
    "short": short,
    "cut": cut,
    "html": html,
    "drip": drip,
    "drip headers": drip_headers,
    "silent": silent,
    "endless": endless,
    "bomb": bomb,
    "gzip members": members,
    "gzip cut": packed_cut,
    "brotli": brotli,
    "wrong kind": wrong_kind,
    "xml bomb": xml_bomb,
    "external entity": external_entity,
    "redirect": redirect,
    "loop": loop,
    "cookies": cookies,
    "huge headers": huge_headers,
    "echo": echo,
    "words in reason": words_in_reason,
}


# -- means -----------------------------------------------------------------------------------


def _say(
    wire: "Handler",
    code: int,
    words: str,
    headers: dict[str, str] | None = None,
    kind: str = "text/plain",
) -> None:
    wire.send(Reply(words.encode(), kind, code, headers or {}))


def _partly(wire: "Handler", asked: Asked, part: float) -> None:
    reply = wire.loopback.reply(asked)
    sent = reply.body[: int(len(reply.body) * part)]
    wire.send(reply, length=len(reply.body), body=sent)


def _drop_by_drop(wire: "Handler", body: bytes, pause: float) -> None:
    for place in range(len(body)):
        wire.connection.sendall(body[place : place + 1])
        if wire.loopback.closing.wait(pause):
            wire.close_connection = True
            return


@cache
def _bomb() -> bytes:
    """One packed MiB of zeros over and over. The checksum after it is wrong: nobody gets so far."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return head + block * (BOMB >> 20) + packer.flush() + bytes(8)
