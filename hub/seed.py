"""The embedded catalog: built once when the package is built, copied at a user's first start."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from hub.errors import HubError
from hub.paths import Paths, paths, prepared

if TYPE_CHECKING:
    from collections.abc import Callable


def build(target: Path) -> None:
    """Writes `target/catalog.db` and `target/index/` from the TOML files and seed/ of data/."""
    from crawlers import knowledge
    from crawlers.files import open_file
    from crawlers.source import Origin
    from crawlers.sources import curated, hub_export
    from hub import catalog as catalog_module
    from hub import harvest

    folder = knowledge.folder()
    target.mkdir(parents=True, exist_ok=True)
    places = Paths(target)
    catalog_module.create(places.catalog)
    with catalog_module.Catalog.open(places.catalog, write=True) as catalog:
        for path in sorted((folder / "seed").glob("*.jsonl.gz")):
            day = harvest.day_of(path)
            opened = open_file(path)
            try:
                pages = hub_export.read(opened.stream, Origin(path.name, day))
                summary = harvest.put(catalog, pages, path.name.partition(".")[0], path.name, day)
            finally:
                opened.close()
            if summary.damaged:
                raise HubError(f"{path} is damaged: {summary.broken or summary.examples}")
        day = max(record.retrieved_at for _, records in curated.rows(folder) for record in records)
        harvest.put(catalog, curated.pages(folder), "curated", "data/*.toml", day)
        harvest.update_index(catalog, places, force=True)
        with catalog.transaction():
            catalog.forget_touched()
    catalog_module.pack(places.catalog)


def home(tell: "Callable[[str], None]") -> Paths:
    """The user's paths, with a catalog in them: at the first start the embedded one is copied.

    Where the home cannot be written the embedded catalog itself is read, and `tell` says so.
    """
    places = paths()
    if places.catalog.exists():
        return places
    if not (prepared() / "catalog.db").exists():
        tell("Preparing the embedded catalog from data/ (once, about 15 s) ...")
        _prepare()
    try:
        _install(places)
    except (PermissionError, HubError) as error:
        if isinstance(error, HubError) and error.exit_code != 1:
            raise
        tell(f"{places.home} cannot be written: reading the embedded catalog instead.")
        return Paths(prepared())
    except OSError as error:
        raise HubError(
            f"cannot copy the embedded catalog to {places.home}: {error.strerror or error}",
            hint="Free some space, or set HUB_HOME to another folder.",
        ) from error
    return places


def _prepare() -> None:
    """Builds data/prepared in a source tree whose build was skipped."""
    target = prepared()
    partial = target.with_name(f"prepared.partial-{os.getpid()}")
    try:
        build(partial)
        if not target.exists():
            partial.replace(target)
    except PermissionError as error:
        raise HubError(
            f"{target.parent} cannot be written, and it holds no prepared catalog",
            hint="Install the package again: pip install --force-reinstall deep-learning-hub",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _install(places: Paths) -> None:
    """Copies index, then catalog, each under its final name by one rename.

    The catalog comes last: while it is missing a start begins again from nothing.
    """
    from hub.lock import writing

    places.home.mkdir(parents=True, exist_ok=True)
    with writing(places.lock, "first start"):
        if places.catalog.exists():
            return
        for left in places.home.glob("*.partial-*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        mark = f"partial-{os.getpid()}"
        new_index = places.home / f"index.{mark}"
        new_catalog = places.home / f"catalog.db.{mark}"
        shutil.copytree(prepared() / "index", new_index)
        shutil.copyfile(prepared() / "catalog.db", new_catalog)
        for path in (*new_index.rglob("*"), new_catalog):
            if path.is_file():
                path.chmod(0o644)
                _sync(path)
        shutil.rmtree(places.index, ignore_errors=True)
        new_index.replace(places.index)
        new_catalog.replace(places.catalog)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
