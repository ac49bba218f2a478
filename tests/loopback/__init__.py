"""A server on this machine that speaks as the sources do, and breaks as they do.

    with Loopback(papers=100) as server:
        monkeypatch.setenv(...) for each of server.environment()
        server.fault("/oai", "429")
        ...
        assert len(server.requests) == 1

Everything it says is made up (tests.loopback.world). How an interface behaves, and where that is
documented, stands at its class; every fault stands in tests.loopback.faults.
"""

from tests.loopback.exchange import Asked, Reply
from tests.loopback.faults import FAULTS
from tests.loopback.server import Loopback
from tests.loopback.world import Paper, Repository, World

__all__ = ["FAULTS", "Asked", "Loopback", "Paper", "Reply", "Repository", "World"]
