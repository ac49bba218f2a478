"""The command that offers the terminal interface in a web browser: serve."""

import os
from importlib.util import find_spec
from typing import Annotated

import typer

from hub import render
from hub.cli.frame import command, home
from hub.errors import HubError
from hub.text import chinese, t


@command(examples=("hub serve", "hub serve --port 8080"))
def serve(
    port: Annotated[
        int, typer.Option("--port", min=1, max=65_535, help=t("The port to listen on."))
    ] = 8000,
    host: Annotated[
        str, typer.Option("--host", help=t("The address to listen on; others can reach it."))
    ] = "127.0.0.1",
) -> None:
    """Offer the terminal interface in a web browser, on this machine alone unless --host says otherwise.
    Each page has an app of its own; Ctrl-C ends them all."""
    if find_spec("textual_serve") is None:
        raise HubError(
            t("textual-serve is not installed"), hint="pip install 'deep-learning-hub[serve]'"
        )
    from hub import serving

    home()
    if not serving.is_loopback(host):
        render.warn(
            t(
                "there is no password: whoever reaches {host}:{port} reads your library and starts "
                "runs as you",
                host=host,
                port=port,
            )
        )
    os.environ["HUB_LANG"] = "zh" if chinese() else "en"
    shown = f"[{host}]" if ":" in host else host

    def ready() -> None:
        render.line(f"http://{shown}:{port}")
        render.tell(t("Open it in a browser; Ctrl-C ends it."))

    serving.serve(host, port, ready)
    render.tell(t("Ended."))
