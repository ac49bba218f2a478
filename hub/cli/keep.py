"""Commands on what is the user's own: the library and the settings."""

from typing import TYPE_CHECKING, Annotated

import typer

from hub import render
from hub.cli.frame import (
    Format,
    Json,
    KeyArgument,
    Quiet,
    command,
    config_app,
    library,
    library_app,
    reading,
)
from hub.errors import HubError, NotFound, UsageError
from hub.render import Column
from hub.text import t

if TYPE_CHECKING:
    from hub.library import Kept

Reading = Annotated[str | None, typer.Option("--reading", help=t("to-read, reading or read."))]
Tags = Annotated[list[str] | None, typer.Option("--tag", help=t("A tag; may be given twice."))]


def _key(text: str, *, known: bool = False) -> str:
    """The key that is meant. One that is in the library already may be gone from the catalog."""
    from crawlers.keys import parse_key

    if known:
        with library() as own:
            for candidate in (text, parse_key(text)):
                if candidate and any(kept.key == candidate for kept in own.all()):
                    return candidate
    with reading() as queries:
        return queries.resolve(text)


@command(
    library_app,
    examples=(
        "hub library add arxiv:1512.03385 --reading to-read --tag vision",
        'hub library add mnist --favourite --note "start here"',
    ),
)
def add(
    key: KeyArgument,
    favourite: Annotated[
        bool | None,
        typer.Option("--favourite/--no-favourite", help=t("Mark it, or take the mark away.")),
    ] = None,
    reading: Reading = None,
    tag: Tags = None,
    note: Annotated[str | None, typer.Option(help=t("A note to add."))] = None,
    json: Json = False,
) -> None:
    """Keep something, or add to what is kept about it."""
    found = _key(key, known=True)
    with library(write=True) as own:
        kept = own.keep(found, favourite=favourite, reading=reading, tags=tag or (), note=note)
    _say(kept, json)


@command(library_app, examples=("hub library remove arxiv:1512.03385",))
def remove(key: KeyArgument, json: Json = False) -> None:
    """Forget something with its tags and notes; what is forgotten is printed."""
    found = _key(key, known=True)
    with library(write=True) as own:
        kept = own.remove(found)
    _say(kept, json)


@command(library_app, examples=("hub library untag arxiv:1512.03385 vision",))
def untag(key: KeyArgument, tag: Annotated[str, typer.Argument(help=t("The tag."))]) -> None:
    """Take a tag off something."""
    found = _key(key, known=True)
    with library(write=True) as own:
        _say(own.untag(found, tag), False)


@command(library_app, name="drop-note", examples=("hub library drop-note 5f3a9c0d12ab34ef",))
def drop_note(
    note: Annotated[str, typer.Argument(help=t("The id that `library show` prints."))],
) -> None:
    """Remove one note."""
    with library(write=True) as own:
        render.line(own.drop_note(note))


@command(
    library_app,
    name="list",
    examples=("hub library list --tag vision", "hub library list --reading to-read -q"),
)
def list_(
    tag: Annotated[str | None, typer.Option(help=t("Only what carries this tag."))] = None,
    reading: Reading = None,
    favourite: Annotated[
        bool | None, typer.Option("--favourite", help=t("Favourites only."))
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
    format: Format = "table",
) -> None:
    """List what is kept, the last change first."""
    from hub.library import READING

    if reading is not None and reading not in READING:
        raise UsageError(f"{reading!r} is no reading state", hint=f"One of: {', '.join(READING)}")
    with library() as own:
        kept = own.all(tag=tag, reading=reading, favourite=favourite)
    _rows(kept, quiet, json, format)


@command(library_app, examples=("hub library show arxiv:1512.03385",))
def show(key: KeyArgument, json: Json = False) -> None:
    """Show everything kept about one key, notes with their ids."""
    found = _key(key, known=True)
    with library() as own:
        _say(own.get(found), json)


@command(library_app, examples=('hub library search "residual"',))
def search(
    words: Annotated[list[str], typer.Argument(help=t("Words in notes, tags, keys or titles."))],
    quiet: Quiet = False,
    json: Json = False,
    format: Format = "table",
) -> None:
    """Search in what is kept: all words must stand in notes, tags, key or title."""
    from hub.words import folded

    with library() as own:
        kept = own.all()
    names = _names([one.key for one in kept])
    wanted = [folded(word) for word in " ".join(words).split()]
    found = []
    for one in kept:
        text = folded(
            " ".join(
                [one.key, names.get(one.key, ""), *one.tags, *(note.text for note in one.notes)]
            )
        )
        if all(word in text for word in wanted):
            found.append(one)
    _rows(found, quiet, json, format)


@command(library_app, examples=("hub library tags",))
def tags(json: Json = False, format: Format = "table") -> None:
    """List the tags in use with their counts."""
    with library() as own:
        counted = [{"tag": tag, "count": count} for tag, count in own.tags()]
    if json:
        return render.envelope("library tags", counted)
    render.rows([Column("tag", t("tag")), Column("count", t("count"), right=True)], counted, format)
    return None


@command(
    library_app,
    name="export",
    examples=("hub library export > mine.jsonl", "hub import mine.jsonl"),
)
def export_(format: Annotated[str, typer.Option("--format", help="jsonl, csv")] = "jsonl") -> None:
    """Write all that is kept to stdout; `hub import` reads it back."""
    from hub.export import write_library

    with library() as own:
        write_library(own, format, None)


def _names(keys: list[str]) -> dict[str, str]:
    """What the catalog calls these keys; nothing where it cannot be read, since the library must."""
    try:
        with reading() as queries:
            return {key: entry.name for key, entry in queries.entries(keys).items()}
    except NotFound:
        return {}
    except HubError as error:
        render.warn(str(error))
        return {}


def _rows(kept: "list[Kept]", quiet: bool, json: bool, format: str) -> None:
    if quiet:
        return render.ids(one.key for one in kept)
    names = _names([one.key for one in kept])
    if json or format == "json":
        return render.envelope(
            "library", [{"name": names.get(one.key), **_plain(one)} for one in kept]
        )
    columns = [
        Column("key", t("key"), style=render.KEY_STYLE),
        Column("name", t("name"), share=2),
        Column("favourite", "★"),
        Column("reading", t("reading")),
        Column("tags", t("tags")),
        Column("notes", t("notes"), share=2, style=render.FAINT),
    ]
    values = [
        {
            "key": one.key,
            "name": names.get(one.key),
            "favourite": "★" if one.favourite else None,
            "reading": one.reading,
            "tags": one.tags,
            "notes": [note.text for note in one.notes],
        }
        for one in kept
    ]
    render.rows(columns, values, format)
    if not kept:
        render.tell(t("Nothing is kept here. Keep something: hub library add KEY"))
    return None


def _say(kept: "Kept", json: bool) -> None:
    if json:
        return render.envelope("library", _plain(kept))
    name = _names([kept.key]).get(kept.key)
    render.heading(kept.key + (f"  {name}" if name else ""))
    pairs = [
        (t("favourite"), t("yes") if kept.favourite else t("no")),
        (t("reading"), kept.reading or "-"),
        (t("tags"), ", ".join(kept.tags) or "-"),
    ]
    pairs += [
        (f"{t('note')} {note.id}", f"{note.text}\n({note.added_at[:10]})") for note in kept.notes
    ]
    return render.fields(pairs)


def _plain(kept: "Kept") -> dict[str, object]:
    from hub.library import as_line

    return {name: value for name, value in as_line(kept).items() if name != "table"}


# -- settings --------------------------------------------------------------------------------


@command(config_app, examples=("hub config path",))
def path() -> None:
    """Print where the settings file is, or would be."""
    from hub.paths import paths

    render.line(str(paths().config))


@command(config_app, name="show", examples=("hub config show",))
def config_show(json: Json = False) -> None:
    """Show every setting in force: flag over HUB_*, over config.toml, over the default."""
    from dataclasses import asdict

    from hub.paths import paths
    from hub.settings import load

    settings, wrong = load(paths().config)
    for sentence in wrong:
        render.warn(sentence)
    if json:
        return render.envelope("config", asdict(settings))
    return render.fields((name, str(value)) for name, value in asdict(settings).items())


@command(config_app, name="set", examples=("hub config set lang zh", "hub config set limit 50"))
def config_set(
    name: Annotated[str, typer.Argument(help=t("The setting's name."))],
    value: Annotated[str, typer.Argument(help=t("Its value."))],
) -> None:
    """Change one setting in config.toml."""
    from hub.paths import paths
    from hub.settings import load, parsed, save

    load(paths().config)
    save(paths().config, name, parsed(name, value))
    render.tell(f"{name} = {value}")
