"""python -m hub.tui: the browser on whatever driver Textual is told to use; `hub serve` starts it so."""

from hub.paths import paths
from hub.settings import language
from hub.tui.app import run

if __name__ == "__main__":
    run(paths(), language())
