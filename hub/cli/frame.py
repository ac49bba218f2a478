"""What every command shares: the app, errors to exit codes, the open catalog, options, the pager."""

import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hub import __version__, render
from hub.errors import HubError, NotFound, UsageError
from hub.text import t

if TYPE_CHECKING:
    from hub.library import Library
    from hub.paths import Paths
    from hub.queries import Queries
    from hub.settings import Settings

app = typer.Typer(
    name="hub",
    help=t(
        "Deep-learning papers, code, datasets, frameworks and published results: search them offline."
    ),
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
library_app = typer.Typer(
    help=t("What is yours: favourites, reading state, tags and notes on any key."),
    rich_markup_mode=None,
    no_args_is_help=True,
)
config_app = typer.Typer(
    help=t("Settings: where they are, what they are, and changing one."),
    rich_markup_mode=None,
    no_args_is_help=True,
)
app.add_typer(library_app, name="library", rich_help_panel=None)
app.add_typer(config_app, name="config", rich_help_panel=None)

PLURALS: Final = {
    "papers": "paper", "repositories": "repository", "repos": "repository", "datasets": "dataset",
    "frameworks": "framework", "tools": "tool", "tasks": "task", "topics": "topic",
    "methods": "method",
}  # fmt: skip


class Flags:
    """What the options before the command said."""

    debug = False
    no_input = False


# -- the frame of every command --------------------------------------------------------------


def command(
    on: typer.Typer = app,
    *,
    name: str | None = None,
    examples: Sequence[str] = (),
    hidden: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a command: its help with examples, and one place that turns errors to exit codes."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        summary = t(" ".join((function.__doc__ or "").split()))
        shown = "\n".join(f"  {example}" for example in examples)
        epilog = f"\b\n{t('Examples:')}\n{shown}" if examples else None

        @functools.wraps(function)
        def guarded(*args: Any, **values: Any) -> None:
            with errors():
                function(*args, **values)
                sys.stdout.flush()

        on.command(name=name, help=summary, epilog=epilog, hidden=hidden)(guarded)
        return guarded

    return register


@contextmanager
def errors() -> Iterator[None]:
    """Ends the process with our exit codes: a message for people, never a traceback."""
    try:
        yield
    except HubError as error:
        if Flags.debug:
            raise
        nearest = error.nearest if isinstance(error, NotFound) else ()
        render.fail(str(error), error.hint, nearest)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        render.tell(t("Interrupted."))
        sys.exit(130)
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(0)
    except (SystemExit, typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if Flags.debug:
            raise
        where = _log(error)
        render.fail(
            t(
                "something went wrong that should not: {what}",
                what=f"{type(error).__name__}: {error}",
            ),
            t("The details are in {where}; --debug shows them here.", where=where),
        )
        sys.exit(1)


@contextmanager
def mistyped() -> Iterator[None]:
    """Ends the process when words are no command, or a command's options are wrong: said as any other
    error, in the user's language."""
    try:
        yield
    except typer.Abort:
        render.tell(t("Interrupted."))
        sys.exit(1)
    except Exception as error:
        # Typer carries the parser's classes under a private name; this is what they have in common.
        if not hasattr(error, "format_message"):
            raise
        slip: Any = error
        message, context = slip.format_message(), getattr(slip, "ctx", None)
        if "\n" in message:  # a group of commands without one: its help
            slip.show()
        else:
            render.fail(message, f"{context.command_path if context else 'hub'} --help")
        sys.exit(getattr(slip, "exit_code", 2))


def _log(error: Exception) -> str:
    import traceback
    from datetime import UTC, datetime

    from hub.paths import paths

    path = paths().log
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"\n{datetime.now(UTC).isoformat()} {sys.argv[1:]}\n")
            traceback.print_exception(error, file=file)
    except OSError:
        return t("nowhere: the log cannot be written")
    return str(path)


@app.callback(invoke_without_command=True)
def _before(
    context: typer.Context,
    lang: Annotated[str | None, typer.Option(help=t("Language of messages: en or zh."))] = None,
    debug: Annotated[bool, typer.Option("--debug", help=t("Show tracebacks."))] = False,
    no_input: Annotated[
        bool, typer.Option("--no-input", help=t("Never ask, never open a screen."))
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help=t("Refuse every host."))] = False,
    version: Annotated[bool, typer.Option("--version", help=t("Show the version."))] = False,
) -> None:
    with errors():
        if lang is not None and lang not in ("en", "zh"):
            raise UsageError(f"--lang {lang}: en or zh")
    Flags.debug, Flags.no_input = debug, no_input
    if offline:
        os.environ["HUB_OFFLINE"] = "1"
    if version:
        render.line(f"hub {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        with errors():
            from hub.cli import look

            look.browse() if interactive() else look.overview()


def interactive() -> bool:
    return not Flags.no_input and sys.stdin.isatty() and sys.stdout.isatty()


def settings_of(paths: "Paths") -> "Settings":
    from hub.settings import load

    settings, wrong = load(paths.config)
    for sentence in wrong:
        render.warn(sentence)
    return settings


def home() -> "Paths":
    from hub.paths import paths

    places = paths()
    if not places.catalog.exists():
        from hub import seed

        return seed.home(render.tell)
    from hub.index import outdated

    if outdated(places.index):
        _renew_index(places)
    return places


def _renew_index(places: "Paths") -> None:
    """Builds an index of an older format again, once; where that cannot be, the command says why."""
    from hub import harvest
    from hub.catalog import Catalog
    from hub.index import outdated
    from hub.lock import writing

    render.tell(
        t("The search index is of an older version of the hub: building it again, once ...")
    )
    try:
        with (
            writing(places.lock, "new index", tell=render.tell),
            Catalog.open(places.catalog) as catalog,
        ):
            if outdated(places.index):  # another process may have done it meanwhile
                harvest.update_index(catalog, places, force=True)
    except HubError as error:
        render.warn(f"{error}. {error.hint or ''}".rstrip())


@contextmanager
def reading() -> Iterator["Queries"]:
    """An open catalog; at the first start the embedded one."""
    from hub.queries import Queries

    queries = Queries(home())
    try:
        yield queries
    finally:
        queries.close()


@contextmanager
def library(*, write: bool = False) -> Iterator["Library"]:
    """The user's library; made at the first write."""
    from hub.library import Library
    from hub.paths import paths

    with Library.open(paths().library, write=write) as opened:
        yield opened


def complete_key(incomplete: str) -> list[tuple[str, str]]:
    """Keys for the shell's completion, or for a bare word their second parts; never an error."""
    from hub.paths import paths
    from hub.queries import Queries

    try:
        if not paths().catalog.exists():
            return []
        found = Queries(paths()).keys_starting(incomplete, limit=30)
    except HubError:
        return []
    if ":" in incomplete:
        return found
    return [(key.partition(":")[2], f"{key.partition(':')[0]}: {name}") for key, name in found]


# -- arguments that several commands share ----------------------------------------------------

Json = Annotated[bool, typer.Option("--json", help=t("One JSON document on stdout."))]
Format = Annotated[
    str, typer.Option("--format", help=f"{t('How rows are written:')} {', '.join(render.FORMATS)}.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help=t("Keys only, one a line."))]
Limit = Annotated[
    int | None, typer.Option("-n", "--limit", min=1, max=100_000, help=t("How many at most."))
]
KeyArgument = Annotated[
    str, typer.Argument(autocompletion=complete_key, help=t("A key, an id, an address or a name."))
]
NoPager = Annotated[bool, typer.Option("--no-pager", help=t("Do not page long output."))]


@contextmanager
def paged(no_pager: bool, lines: int) -> Iterator[None]:
    """Hands long output on a terminal to HUB_PAGER, PAGER or less; else leaves it alone."""
    import shutil

    render.terminal()
    tall = lines > shutil.get_terminal_size((80, 24)).lines - 3
    if no_pager or not tall or not interactive() or os.environ.get("TERM") == "dumb":
        yield
        return
    import shlex
    import subprocess

    asked = os.environ.get("HUB_PAGER") or os.environ.get("PAGER") or "less"
    words = shlex.split(asked)
    if not words or shutil.which(words[0]) is None:
        yield
        return
    environment = {"LESS": "FRX", **os.environ}
    sys.stdout.flush()
    process = subprocess.Popen(words, stdin=subprocess.PIPE, env=environment)
    assert process.stdin is not None
    kept = os.dup(1)
    os.dup2(process.stdin.fileno(), 1)
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    finally:
        with suppress(BrokenPipeError):
            sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        process.stdin.close()
        process.wait()
