"""Commands on the data that baselines train on: what there is, where it lies, getting and checking it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub import render
from hub.cli.downloading import downloading
from hub.cli.frame import Format, Json, app, command, interactive, settings_of
from hub.errors import Damaged, HubError, NetworkError, NotFound, UsageError
from hub.render import Column
from hub.text import size, t

if TYPE_CHECKING:
    from reproduce.content import Checked, DataError
    from reproduce.data import Dataset
    from reproduce.places import Places

dataset_app = typer.Typer(
    help=t(
        "The data that baselines train on: what there is, where it lies, getting and checking it."
    ),
    rich_markup_mode=None,
    no_args_is_help=True,
)
app.add_typer(dataset_app, name="dataset", rich_help_panel=None)


def complete_name(incomplete: str) -> list[str]:
    """Names for the shell's completion."""
    from reproduce.data import names

    return [name for name in names() if name.startswith(incomplete)]


Name = Annotated[
    str,
    typer.Argument(
        autocompletion=complete_name, help=t("A dataset by its name; hub dataset list shows them.")
    ),
]


@command(dataset_app, name="list", examples=("hub dataset list", "hub dataset list --json"))
def list_(json: Json = False, format: Format = "table") -> None:
    """List the datasets that baselines use: licence, size, and where their files lie."""
    from reproduce.data import loaded, names
    from reproduce.places import find

    places = places_of_user()
    told = [
        (dataset, find(dataset, places)) for dataset in (loaded(name).dataset for name in names())
    ]
    if json or format == "json":
        return render.envelope("dataset list", [_plain(one, where, places) for one, where in told])
    columns = [
        Column("name", t("name"), style=render.KEY_STYLE),
        Column("title", t("title"), share=1),
        Column("licence", t("licence")),
        Column("size", t("size"), right=True),
        Column("where", t("where"), share=3),
    ]
    rows = [
        {
            "name": dataset.name,
            "title": dataset.title,
            "licence": dataset.licence or t("unknown"),
            "size": size(sum(file.size for file in dataset.files)),
            "where": str(where) if where else t("not on this machine"),
        }
        for dataset, where in told
    ]
    render.rows(columns, rows, format)
    if any(where is None for _, where in told):
        render.tell(t("Get one: hub dataset get NAME"))
    return None


@command(dataset_app, examples=("hub dataset get digits",))
def get(
    name: Name,
    given: Annotated[
        Path | None,
        typer.Option(
            "--from", help=t("A folder that has the files, packed or not: copy, do not download.")
        ),
    ] = None,
    accept: Annotated[
        bool,
        typer.Option("--accept", "--yes", help=t("Accept the dataset's terms, if it has any.")),
    ] = False,
    json: Json = False,
) -> None:
    """Get a dataset's files and check every byte of them. What is in HUB_DATASETS_DIR, in a package or
    in the hub's own folder is used where it lies; the rest is downloaded, and an interrupted download
    goes on where it stopped."""
    from reproduce.content import check

    dataset, places = dataset_named(name), places_of_user()
    with data_errors():
        _agree(dataset, places, accept)
        folder = _got(dataset, places, given)
        checked = check(dataset, folder)
        _refuse(checked)
    if json:
        return render.envelope("dataset get", {"folder": folder, **_plain(dataset, folder, places)})
    whole = size(sum(file.size for file in dataset.files))
    render.tell(t("{title}: {size}, checked to the last byte", title=dataset.title, size=whole))
    return render.line(str(folder))


@command(dataset_app, examples=("hub dataset verify digits",))
def verify(name: Name, json: Json = False, format: Format = "table") -> None:
    """Read a dataset's files to their end and compare them with the known checksums of their content."""
    from reproduce.content import check, expected

    dataset, places = dataset_named(name), places_of_user()
    with data_errors():
        checked = check(dataset, _where(dataset, places))
        rows = [
            {
                "file": one.file.name,
                "right": one.right,
                "path": str(one.path) if one.path else None,
                "expected": expected(one.file),
                "got": one.wrong.got if one.wrong else None,
            }
            for one in checked
        ]
        if json or format == "json":
            render.envelope("dataset verify", rows)
        else:
            columns = [
                Column("file", t("file")),
                Column("right", t("right")),
                Column("expected", t("expected"), share=2),
                Column("got", t("got"), share=2),
                Column("path", t("path"), share=1),
            ]
            render.rows(columns, rows, format)
        _refuse(checked)


@command(dataset_app, examples=("hub dataset path digits",))
def path(name: Name) -> None:
    """Print the folder that holds a dataset's files."""
    dataset = dataset_named(name)
    with data_errors():
        render.line(str(_where(dataset, places_of_user())))


# -- what `hub reproduce` uses as well ---------------------------------------------------------


def dataset_named(name: str) -> "Dataset":
    """The dataset of this name or key; NotFound with the nearest names."""
    import difflib

    from reproduce.data import loaded, names

    known = {one: loaded(one).dataset for one in names()}
    wanted = name.strip().lower()
    for dataset in known.values():
        if wanted in (dataset.name, dataset.key, dataset.title.lower()):
            return dataset
    wanted = wanted.removeprefix("dataset:").replace("-", "_")
    if wanted in known:
        return known[wanted]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    raise NotFound(
        t("no dataset {name}", name=name),
        nearest=tuple((one, known[one].title) for one in near),
        hint=t("hub dataset list shows those that baselines use."),
    )


def places_of_user() -> "Places":
    """Where files may lie: as the settings say, HUB_* over config.toml."""
    from dataclasses import replace

    from hub.paths import paths
    from reproduce.places import Places

    settings = settings_of(paths())
    shelf = Path(settings.datasets_dir).expanduser().absolute() if settings.datasets_dir else None
    if shelf is not None and not shelf.is_dir():
        render.warn(t("HUB_DATASETS_DIR: {folder} is no folder", folder=shelf))
    return replace(Places.of_environment(), shelf=shelf, offline=settings.offline)


@contextmanager
def data_errors() -> Iterator[None]:
    """What is wrong with data as the hub's own errors: their sentences, hints and exit codes."""
    from reproduce.content import DataError

    try:
        yield
    except DataError as error:
        raise said(error) from error


def said(error: "DataError") -> HubError:
    """The hub's error for what is wrong with a dataset, in the user's language."""
    from reproduce.files import (
        CannotWrite,
        NoAddress,
        NotAccepted,
        NotReached,
        NotThere,
        WrongBytes,
    )

    match error:
        case NotReached():
            what = t(
                "{title}: {files} cannot be fetched: {why}",
                title=error.dataset.title,
                files=", ".join(error.names),
                why=error.why or t("no host is asked (offline by wish)"),
            )
            hint = t(
                "Get them, packed or not, from {addresses}, put them in a folder, then: "
                "hub dataset get {name} --from FOLDER (or set HUB_DATASETS_DIR to it).",
                addresses=", ".join(error.bases),
                name=error.dataset.name,
            )
            return NetworkError(what, hint=hint)
        case WrongBytes():
            what = t(
                "{place} is not {file}: expected {expected}; got {got}",
                place=error.place,
                file=error.file.name,
                expected=error.expected,
                got=error.got,
            )
            return Damaged(what, hint=_hint_for_wrong(error.place))
        case NotThere():
            what = t(
                "{title}: {place} lacks {files}",
                title=error.dataset.title,
                place=error.place,
                files=", ".join(error.names),
            )
            below = t("Also looked for one folder below, and packed.")
            return NotFound(what, hint=error.hint if error.dataset.package else below)
        case CannotWrite():
            what = t("{place} cannot be written: {why}", place=error.place, why=error.why)
            space, home = t("Free some space."), t("Set HUB_HOME to a folder of your own.")
            return HubError(what, hint=space if error.full else home)
        case NoAddress():
            what = t("HUB_DATASETS_URL is no http address")
            return UsageError(what, hint=t("Mend it, or unset it."))
        case NotAccepted():
            what = t(
                "{title} has terms to be accepted first: {notice}",
                title=error.dataset.title,
                notice=error.notice,
            )
            command = f"hub dataset get {error.dataset.name} --accept"
            return UsageError(what, hint=t("Accept them: {command}", command=command))
    return HubError(error.what, hint=error.hint)


def _hint_for_wrong(place: str) -> str:
    if place.startswith(("http://", "https://")):
        return t("Nothing of it was kept. Another mirror: set HUB_DATASETS_URL, or use --from.")
    return t("It is damaged, or of another dataset: take it away, then run hub dataset get NAME.")


def note(what: str, which: "DataError | Path") -> None:
    """What a user should know while data are got."""
    names = {
        "passed over": t("passed over"),
        "fetched anew": t("fetched anew"),
        "waiting": t("waiting for another process that writes in"),
    }
    render.warn(f"{names[what]}: {which if isinstance(which, Path) else said(which)}")


def folder_with(dataset: "Dataset", given: Path | None, accepting: bool) -> Path:
    """A folder that has a dataset's files, fetched if they lie nowhere: by their names and the bytes of
    one; whoever loads them reads the rest. The errors of the hub."""
    from reproduce.files import obtain
    from reproduce.places import find

    places = places_of_user()
    with data_errors():
        if given is not None:
            return obtain(dataset, given=given.expanduser().absolute(), places=places, tell=note)
        if (folder := find(dataset, places)) is not None:
            return folder
        _agree(dataset, places, accepting)
        with downloading() as progress:
            return obtain(dataset, places=places, progress=progress, tell=note)


# -- getting -----------------------------------------------------------------------------------


def _got(dataset: "Dataset", places: "Places", given: Path | None) -> Path:
    """The folder that has the files now."""
    from reproduce.content import check
    from reproduce.files import fetch, obtain, take
    from reproduce.places import find

    if given is not None:
        return take(dataset, places, given.expanduser().absolute(), tell=note)
    folder = find(dataset, places)
    with downloading() as progress:
        if folder is None:
            return obtain(dataset, places=places, progress=progress, tell=note)
        own = folder == places.store / dataset.name
        if own and not all(one.right for one in check(dataset, folder)):
            return fetch(dataset, places, progress=progress, tell=note)
    return folder


def _where(dataset: "Dataset", places: "Places") -> Path:
    """The folder that has the files; NotFound when there is none."""
    from reproduce.content import DataError
    from reproduce.places import find

    passed: list[DataError] = []
    folder = find(dataset, places, passed=passed)
    if folder is not None:
        return folder
    for wrong in passed:
        note("passed over", wrong)
    raise NotFound(
        t("{title} is not on this machine", title=dataset.title),
        hint=f"hub dataset get {dataset.name}",
    )


def _agree(dataset: "Dataset", places: "Places", accepting: bool) -> None:
    """The user accepts the terms by --accept, or is asked once where somebody can answer."""
    from reproduce.places import accept, accepted

    if accepted(dataset, places):
        return
    if not accepting and interactive():
        render.tell(dataset.notice or "")
        accepting = typer.confirm(t("Do you accept these terms?"), err=True)
    if accepting:
        accept(dataset, places)


def _refuse(checked: "tuple[Checked, ...]") -> None:
    """Raises what is wrong with the first file that is."""
    for one in checked:
        if one.wrong is not None:
            raise one.wrong


def _plain(dataset: "Dataset", folder: Path | None, places: "Places") -> dict[str, Any]:
    from reproduce.places import accepted

    return {
        "name": dataset.name,
        "key": dataset.key,
        "title": dataset.title,
        "home": dataset.home,
        "licence": dataset.licence,
        "notice": dataset.notice,
        "accepted": accepted(dataset, places),
        "lossy": dataset.lossy,
        "package": dataset.package,
        "folder": str(folder) if folder else None,
        "files": [
            {"name": file.name, "size": file.size, "md5": file.md5, "sha256": file.sha256}
            for file in dataset.files
        ],
        "mirrors": list(dataset.mirrors),
    }
