"""What can be run here: baselines with their data and claims, and those that belong to an entry.

Read from the declarations at the top of the recipes; nothing here imports torch or runs anything.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlers import knowledge
from crawlers.keys import Key, slug
from hub.errors import NotFound
from hub.text import t
from hub.verdict import Claim, claims
from reproduce import baseline
from reproduce.baseline import Baseline, UnknownBaseline

if TYPE_CHECKING:
    from reproduce.data import Dataset


def names() -> tuple[str, ...]:
    """Every baseline by its name."""
    return baseline.names()


def named(name: str) -> Baseline:
    """The declaration; NotFound with the nearest names."""
    try:
        return baseline.declared(name)
    except UnknownBaseline:
        near = get_close_matches(name.lower().replace("-", "_"), names(), n=3, cutoff=0.4)
        raise NotFound(
            t("no baseline is called {name}", name=name),
            nearest=tuple((one, baseline.declared(one).title) for one in near),
            hint="hub reproduce --list",
        ) from None


def claim_of(one: Baseline) -> Claim | None:
    """What was published; None where nothing was."""
    return claims(knowledge.folder()).get(one.claim) if one.claim else None


def path_of(one: Baseline) -> Path:
    """The recipe's file, for reading."""
    return baseline.FOLDER / f"{one.name}.py"


def dataset_of(one: Baseline) -> "Dataset | None":
    """The declaration of its data; None where no dataset has that name."""
    return dataset_named(one.dataset)


def dataset_named(name: str) -> "Dataset | None":
    """The declaration of a dataset by the name of its file; None where there is none."""
    from reproduce.data import UnknownDataset, loaded

    try:
        return loaded(name).dataset
    except UnknownDataset:
        return None


def of_entry(key: Key, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The baselines that show a method, train on a dataset, or measure a claim of a paper: each with its
    command, its file and its claim. `row`: the entry, whose other names count as well."""
    kind = key.partition(":")[0]
    if kind == "method":
        wanted = {key, *_other_keys(kind, row)}
        found = [one for one in _all() if wanted & set(one.teaches)]
    elif kind == "dataset":
        wanted = {key, *_other_keys(kind, row)}
        found = [one for one in _all() if (data := dataset_of(one)) and data.key in wanted]
    else:
        same = {key, f"doi:{row['doi']}".lower()} if row.get("doi") else {key}
        found = [one for one in _all() if (claim := claim_of(one)) and claim.paper in same]
    return [as_row(one) for one in found]


def as_row(one: Baseline) -> dict[str, Any]:
    """A baseline as an entry shows it."""
    claim = claim_of(one)
    return {
        "baseline": one.name,
        "title": one.title,
        "label": one.label,
        "dataset": one.dataset,
        "metric": one.metric,
        "claimed": claim.value if claim else None,
        "unit": claim.unit if claim else None,
        "command": f"hub reproduce {one.name}",
        "path": str(path_of(one)),
    }


def _all() -> Iterable[Baseline]:
    return map(baseline.declared, names())


def _other_keys(kind: str, row: Mapping[str, Any]) -> set[Key]:
    """Keys that the entry's other names would have: `method:stochastic-gradient-descent` of SGD."""
    texts = [row.get("name"), row.get("full_name"), *(row.get("aliases") or ())]
    return {f"{kind}:{slug(text)}" for text in texts if text and slug(text)}
