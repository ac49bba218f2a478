"""What an answer says about how often its operator may be asked."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from crawlers.gate import EVERYTHING
from crawlers.operators import Operator

LEAST_SECONDARY: Final = 60.0
"""GitHub: without any header to go by wait at least a minute (docs, rate limits for the REST API)."""


@dataclass(frozen=True)
class Verdict:
    """How long a resource of the operator is closed."""

    resource: str
    seconds: float


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from now that `Retry-After` names, as a number or a date; None when it names none."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,30}", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - time.time())


def is_limit(operator: Operator, status: int, headers: Mapping[str, str], line: str) -> bool:
    """True when the answer says that it was asked too often, in whatever words."""
    if status == 429 or line.lower().startswith("rate exceeded"):
        return True
    if status != 403 or operator.token is None:
        return False
    said = line.lower()
    spent = headers.get("x-ratelimit-remaining") == "0"
    return spent or "retry-after" in headers or "rate limit" in said or "abuse" in said


def closed(operator: Operator, resource: str, headers: Mapping[str, str]) -> Verdict:
    """For how long an operator that said "too often" is left alone, and how much of it."""
    named = retry_after(headers)
    if operator.strict:
        return Verdict(EVERYTHING, max(operator.penalty, named or 0.0))
    if named is not None:
        return Verdict(EVERYTHING, named)
    spent = spent_until(resource, headers)
    if spent is not None:
        return spent
    return Verdict(EVERYTHING, max(operator.penalty, LEAST_SECONDARY))


def spent_until(resource: str, headers: Mapping[str, str]) -> Verdict | None:
    """When a bucket that this answer emptied is full again; None while something is left in it."""
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and re.fullmatch(r"[0-9]{1,12}", reset):
        named = headers.get("x-ratelimit-resource", resource)
        # Should it name another bucket than the one that was asked, both are left alone.
        closed_one = named if named == resource else EVERYTHING
        return Verdict(closed_one, max(1.0, float(reset) - time.time() + 1))
    # IETF draft: RateLimit: "api";r=0;t=123
    said = headers.get("ratelimit", "")
    left, wait = re.search(r"\br=([0-9]+)", said), re.search(r"\bt=([0-9]{1,9})", said)
    if left and wait and int(left[1][:9]) == 0:
        return Verdict(EVERYTHING, float(wait[1]) + 1)
    return None
