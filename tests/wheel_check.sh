#!/usr/bin/env bash
# Builds sdist and wheel as a user's pip would, installs the wheel into an empty environment and runs
# it there: outside the checkout, with a new HUB_HOME, and with every network call refused.
# Usage: tests/wheel_check.sh [PYTHON], by default the one of .venv (it needs the package "build").
set -euo pipefail
checkout="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="${1:-$checkout/.venv/bin/python}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

say() { echo "wheel check: $*"; }
fail() { echo "wheel check: FAILED: $*" >&2; exit 1; }

SECONDS=0
# sdist, then the wheel out of that sdist, each in an isolated environment.
"$python" -m build --outdir "$work/dist" "$checkout" >"$work/build.log" 2>&1 \
  || { tail -n 40 "$work/build.log" >&2; fail "the wheel does not build"; }
wheel="$(ls "$work"/dist/*.whl)"
sdist="$(ls "$work"/dist/*.tar.gz)"
say "built in ${SECONDS} s: $(basename "$wheel") $(($(wc -c <"$wheel") / 1024)) KiB," \
  "sdist $(($(wc -c <"$sdist") / 1024)) KiB"

"$python" - "$wheel" <<'PYTHON' || fail "the wheel's contents"
import sys, zipfile
names = zipfile.ZipFile(sys.argv[1]).namelist()
def holds(prefix):
    return any(name.startswith(prefix) for name in names)
wrong = [prefix for prefix in ("hub/data/seed/", "tests/", "data/") if holds(prefix)]
wanted = ("hub/cli/__init__.py", "crawlers/", "reproduce/", "hub/data/prepared/catalog.db",
          "hub/data/prepared/index/")
absent = [prefix for prefix in wanted if not holds(prefix)]
if wrong or absent:
    sys.exit(f"must not be in the wheel: {wrong}; missing from it: {absent}")
PYTHON

SECONDS=0
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  -c "$checkout/constraints.txt" "$wheel"
"$work/venv/bin/python" -m pip check >/dev/null || fail "pip check"
say "installed in ${SECONDS} s"

# An audit hook, started by a .pth file, refuses the network in every Python process of that environment.
site="$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
cat >"$site/no_network.py" <<'PYTHON'
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        raise RuntimeError(f"the network is closed in this check: {event}")
sys.addaudithook(refuse)
PYTHON
echo 'import no_network' >"$site/no_network.pth"

mkdir "$work/elsewhere"
cd "$work/elsewhere"
for name in $(compgen -e | grep -E '^(HUB_|PYTHON)' || true); do unset "$name"; done
export HUB_HOME="$work/home" PATH="$work/venv/bin:$PATH" LC_ALL=C.UTF-8

answer="$(python -c 'import socket; socket.create_connection(("127.0.0.1", 9), 1)' 2>&1 || true)"
[[ "$answer" == *"the network is closed"* ]] || fail "the network is not closed: $answer"
python -c 'import hub, sys; sys.exit(not hub.__file__.startswith(sys.prefix))' \
  || fail "hub is not the installed one"
python -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torch") is not None)' \
  || fail "the base install brought torch"

expect() {  # expect EXIT_CODE COMMAND...: stdout is left in $work/out
  local wanted="$1" code=0
  shift
  timeout 60 "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
  if ((code != wanted)); then
    cat "$work/out" "$work/err" >&2
    fail "$* ended with exit code $code, not $wanted"
  fi
  if grep -q 'Traceback' "$work/err"; then cat "$work/err" >&2; fail "$*: traceback"; fi
  say "$* -> $code"
}

expect 0 hub --help
expect 0 python -m hub --help
expect 2 hub no-such-command
expect 0 hub search "residual learning" --json
python -m json.tool "$work/out" >/dev/null || fail "hub search --json printed no JSON"
grep -q 'arxiv:1512.03385' "$work/out" || { cat "$work/out" >&2; fail "arxiv:1512.03385 not found"; }
say "all well"
