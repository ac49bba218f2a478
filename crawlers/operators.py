"""Who is asked: the operators behind the sources, and the limits that each of them states.

A limit belongs to the operator, over all its hosts and interfaces and over all processes of this
machine; crawlers.client keeps it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Operator:
    """One party whose terms we keep."""

    name: str
    title: str
    hosts: frozenset[str]
    """Every host of its own, files included: redirects stay among them. A leading dot stands for
    any host below."""
    delay: float
    """Seconds from the beginning of one answer to the next request; one connection at a time."""
    penalty: float
    """Seconds without any request after a refusal that names no time."""
    stated_at: str
    """Where the operator states its limits."""
    strict: bool = False
    """The first refusal closes all of it for `penalty` seconds at least, whatever it names."""
    token: str | None = None
    """The environment variable with the user's token."""
    token_base: str | None = None
    """The variable of the base address whose host, and no other one, gets the token."""

    def owns(self, host: str) -> bool:
        """True for a host of its own."""
        return host in self.hosts or any(
            one.startswith(".") and host.endswith(one) for one in self.hosts
        )


ARXIV: Final = Operator(
    name="arxiv",
    title="arXiv",
    hosts=frozenset({"export.arxiv.org", "oaipmh.arxiv.org", "rss.arxiv.org", "arxiv.org"}),
    delay=3.0,
    penalty=600.0,
    stated_at="https://info.arxiv.org/help/api/tou.html",
    strict=True,
)
GITHUB: Final = Operator(
    name="github",
    title="GitHub",
    hosts=frozenset({"api.github.com", "github.com"}),
    delay=0.1,  # 900 points a minute at most, a request costs one: 0.067 s
    penalty=60.0,
    stated_at="https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api",
    token="GITHUB_TOKEN",
    token_base="HUB_GITHUB_API_URL",
)
HUGGINGFACE: Final = Operator(
    name="huggingface",
    title="Hugging Face",
    hosts=frozenset({"huggingface.co", ".huggingface.co", ".hf.co"}),
    delay=0.65,  # 500 requests in 5 minutes without an account
    penalty=300.0,
    stated_at="https://huggingface.co/docs/hub/rate-limits",
)
PAPERSWITHCODE: Final = Operator(
    name="paperswithcode",
    title="paperswithcode.co",
    hosts=frozenset({"paperswithcode.co"}),
    delay=1.0,  # its own limit is not stated; its MCP front allows 60 a minute
    penalty=300.0,
    stated_at="https://github.com/huggingface/pwc-cli",
)
