"""Search quality on judged collections: nDCG@10 of the hub, bm25s and scikit-learn's TF-IDF.

`python -m tests.bench.quality FOLDER SCRATCH` prints the nDCG of each set of queries as JSON.
FOLDER holds NAME/beir/ with corpus.jsonl, queries.jsonl and qrels/*.tsv, the layout of
github.com/beir-cellar/beir.
"""

import csv
import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from tests.bench.children import answer
from tests.bench.rows import Row, at_least, not_run
from tests.bench.workshop import NO_DATA, Workshop, lacks

SHARE = 0.97
DEPTH = 10


def judged(workshop: Workshop) -> list[Row]:
    """nDCG@10 of every set of queries, and their mean beside the peers'."""
    what = "nDCG@10"
    if workshop.data is None:
        return [not_run(what, NO_DATA)]
    if missing := lacks("bm25s"):
        return [not_run(what, missing)]
    sets = answer("quality", workshop.data / "ir", workshop.fresh("quality"))
    rows = [
        Row(f"{what} {name}", f"{found['hub']:.3f}", peer=peers(found), value=found["hub"])
        for name, found in sets.items()
    ]
    means = {engine: mean(found[engine] for found in sets.values()) for engine in ENGINES}
    ratio = means["hub"] / means["bm25s"]
    shown = f"{means['hub']:.3f} = {ratio:.3f} x bm25s"
    over = f"{what}, mean of {len(sets)} sets of queries"
    return [*rows, at_least(over, ratio, SHARE, "x bm25s", measured=shown, peer=peers(means))]


def peers(found: dict[str, float]) -> str:
    """The peers' numbers in one cell."""
    return f"bm25s {found['bm25s']:.3f}, TfidfVectorizer {found['tfidf']:.3f}"


# -- inside the child ------------------------------------------------------------------------


@dataclass(frozen=True)
class Collection:
    """Documents, queries and one or more sets of judgements."""

    name: str
    ids: list[str]
    titles: list[str]
    texts: list[str]
    queries: dict[str, str]
    judgements: dict[str, dict[str, dict[str, int]]]
    """Set -> query id -> document id -> gain 0 or more."""

    @property
    def whole(self) -> list[str]:
        return [f"{title} {text}" for title, text in zip(self.titles, self.texts, strict=True)]


Rank = Callable[[str], Sequence[str]]
"""A query to the ids of the best documents, one more than DEPTH, best first."""


def collections(folder: Path) -> Iterator[Collection]:
    """Every judged collection under the folder."""
    for beir in sorted(folder.glob("*/beir")):
        documents = list(lines(beir / "corpus.jsonl"))
        yield Collection(
            beir.parent.name,
            [document["_id"] for document in documents],
            [document["title"] for document in documents],
            [document["text"] for document in documents],
            {query["_id"]: query["text"] for query in lines(beir / "queries.jsonl")},
            {path.stem: judgements(path) for path in sorted(beir.glob("qrels/*.tsv"))},
        )


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def judgements(path: Path) -> dict[str, dict[str, int]]:
    """Gains by query and document, of the queries that have anything relevant."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            found[row["query-id"]][row["corpus-id"]] = int(row["score"])
    return {query: gains for query, gains in found.items() if any(gains.values())}


def hub_rank(collection: Collection, scratch: Path) -> Rank:
    from hub.index import Document, build

    rows = zip(collection.ids, collection.titles, collection.texts, strict=True)
    documents = [Document(key=key, names=(title,), body=text) for key, title, text in rows]
    index = build(scratch / collection.name, documents, generation=1)
    return lambda query: [found.key for found in index.search(query, limit=DEPTH + 1)[1]]


def bm25s_rank(collection: Collection, scratch: Path) -> Rank:
    import bm25s
    import Stemmer

    quiet = {"show_progress": False, "stopwords": "en", "stemmer": Stemmer.Stemmer("english")}
    engine = bm25s.BM25(method="lucene")
    engine.index(bm25s.tokenize(collection.whole, **quiet), show_progress=False)

    def rank(query: str) -> Sequence[str]:
        tokens = bm25s.tokenize(query, return_ids=False, **quiet)
        places, _ = engine.retrieve(
            tokens, k=DEPTH + 1, show_progress=False, backend_selection="numpy"
        )
        return [collection.ids[at] for at in places[0]]

    return rank


def tfidf_rank(collection: Collection, scratch: Path) -> Rank:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer()
    matrix = vectorizer.fit_transform(collection.whole)

    def rank(query: str) -> Sequence[str]:
        # Rows have length 1, so the product is the cosine.
        scores = (matrix @ vectorizer.transform([query]).T).toarray().ravel()
        return [collection.ids[at] for at in (-scores).argsort(kind="stable")[: DEPTH + 1]]

    return rank


ENGINES = {"hub": hub_rank, "bm25s": bm25s_rank, "tfidf": tfidf_rank}


def measured(folder: Path, scratch: Path) -> dict[str, dict[str, float]]:
    """Set of queries -> engine -> mean nDCG@10."""
    found: dict[str, dict[str, float]] = {}
    for collection in collections(folder):
        ranks = {engine: make(collection, scratch) for engine, make in ENGINES.items()}
        for name, judged_set in collection.judgements.items():
            found[f"{collection.name}/{name}"] = {
                engine: mean(
                    ndcg(ranking(collection, query, rank), gains)
                    for query, gains in judged_set.items()
                )
                for engine, rank in ranks.items()
            }
    return found


def ranking(collection: Collection, query: str, rank: Rank) -> list[str]:
    """The best documents, without the one that is the query itself.

    The same id is not enough: in CACM queries and documents are numbered from 1 on their own.
    """
    text = collection.queries[query]
    itself = None
    if query in collection.ids:
        title = collection.titles[collection.ids.index(query)]
        itself = query if text.startswith(title) else None
    return [key for key in rank(text) if key != itself][:DEPTH]


def ndcg(ranked: Sequence[str], gains: dict[str, int]) -> float:
    """nDCG of a ranking, 0..1: gains 2^rel - 1, discount log2 of the place, unjudged is 0."""
    ideal = dcg(sorted(gains.values(), reverse=True)[:DEPTH])
    return dcg([gains.get(key, 0) for key in ranked]) / ideal


def dcg(relevances: Sequence[int]) -> float:
    return sum((2**rel - 1) / math.log2(place + 2) for place, rel in enumerate(relevances))


if __name__ == "__main__":
    json.dump(measured(Path(sys.argv[1]), Path(sys.argv[2])), sys.stdout)
