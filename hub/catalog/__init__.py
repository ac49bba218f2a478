"""catalog.db: open, migrate, upsert, read. The only SQL about what sources say.

Plain SQL over sqlite3: the query path must not pay for an ORM's import. The tables are declared in
hub.tables and created by the migrations; this package learns their columns from the file. `file`
opens and prepares the file, `merge` says whose word counts, `store` writes and keeps the ledger, `read`
has every SELECT that an interface or the index needs.
"""

from hub.catalog.file import HEAD, KNOWN, connect, create, damaged, migrate, pack, revision
from hub.catalog.merge import RANKS, UNITED, Row, fold, merge, names_of, rank
from hub.catalog.shape import Shape
from hub.catalog.store import Catalog, Counts

__all__ = [
    "HEAD",
    "KNOWN",
    "RANKS",
    "UNITED",
    "Catalog",
    "Counts",
    "Row",
    "Shape",
    "connect",
    "create",
    "damaged",
    "fold",
    "merge",
    "migrate",
    "names_of",
    "pack",
    "rank",
    "revision",
]
