"""The report: one HTML page that stands alone, with every claim beside what was measured and why it
says what it says.

It asks no host for anything and runs no script; a policy in its head holds it to that. Every text in it is
escaped, whoever wrote it; pictures stand in it as images, which can do nothing.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from html import escape
from typing import Any, Final

from crawlers.clean import clean, clean_lines
from hub import plots
from hub.costs import Calibration
from hub.text import chinese, local, number, t
from hub.verdict import Comparison
from hub.verdict_text import (
    claim_place,
    claimed,
    each_seed,
    gap,
    measured,
    reason_text,
    value_text,
    verdict_name,
)


@dataclass(frozen=True)
class Chapter:
    """What a report says about one baseline."""

    title: str
    path: str
    """Of the recipe."""
    comparison: Comparison
    runs: tuple[dict[str, Any], ...]
    """Own ones, newest first."""
    foreign: tuple[dict[str, Any], ...]
    """Somebody else's: shown apart, and in no verdict."""


def page(
    chapters: Sequence[Chapter], known: Calibration | None, *, when: datetime, hub: str
) -> str:
    """The whole document. `hub`: the version that wrote it."""
    style = _STYLE.strip()
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    title = t("Claimed and measured")
    body = [
        _tag("h1", title),
        _tag("p", _introduction(when, hub, known), "faint"),
        _overview(chapters),
        *(_chapter(one) for one in chapters if one.runs or one.foreign),
        _tag("h2", t("How to read the verdicts")),
        _verdicts(),
    ]
    if not any(one.runs for one in chapters):
        body.insert(2, _tag("p", t("Nothing was measured here yet: hub reproduce --list")))
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if chinese() else "en"}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _introduction(when: datetime, hub: str, known: Calibration | None) -> str:
    said = [
        t("Written {when} by hub {version}.", when=when.isoformat(timespec="minutes"), version=hub)
    ]
    for threads, peak in sorted(known.peaks.items()) if known else ():
        rate = f"{peak / 1e9:.0f}"
        said.append(t("{rate} GFLOP/s (threads: {threads})", rate=rate, threads=threads))
    return " · ".join(said)


# -- the table of all ------------------------------------------------------------------------


def _overview(chapters: Sequence[Chapter]) -> str:
    heads = [
        t("baseline"), t("label"), t("claimed"), t("measured"), t("gap"), t("verdict"), t("reasons"),
    ]  # fmt: skip
    rows = []
    for one in chapters:
        compared = one.comparison
        name = escape(clean(compared.baseline))
        link = f'<a href="#{name}">{name}</a>' if one.runs or one.foreign else name
        rows.append(
            [
                f"{link}<br><span class=faint>{_text(one.title)}</span>",
                _text(compared.label),
                _text(claimed(compared.claim)) if compared.claim else _faint(t("no number was published")),
                _text(measured(compared)) if compared.values else _faint(t("not yet")),
                _text(gap(compared) or ""),
                _badge(compared) if compared.values else "",
                "<br>".join(_text(reason_text(reason)) for reason in compared.reasons),
            ]
        )  # fmt: skip
    return _table(heads, rows)


def _badge(compared: Comparison) -> str:
    kind = compared.verdict.lower().replace(" ", "-")
    return f'<span class="verdict {escape(kind)}">{_text(verdict_name(compared.verdict))}</span>'


def _verdicts() -> str:
    rule = {
        "REPRODUCED": t(
            "The mean lies within what is allowed: the tolerance, or 2 sd / √n if that is more."
        ),
        "BETTER": t("Better than the claim by more than that."),
        "NOT REPRODUCED": t("Worse than the claim by more than that."),
        "INCONCLUSIVE": t("Fewer than three seeds, or time was measured on a busy machine."),
        "NOT COMPARABLE": t(
            "Measured under other conditions than the claim; the reasons say which."
        ),
        "MEASURED": t("Nothing was published to compare with."),
    }
    rows = "".join(
        f"<dt>{_text(verdict_name(name))}</dt><dd>{_text(why)}</dd>" for name, why in rule.items()
    )
    return f"<dl>{rows}</dl>"


# -- one baseline ----------------------------------------------------------------------------


def _chapter(one: Chapter) -> str:
    compared, claim = one.comparison, one.comparison.claim
    name = escape(clean(compared.baseline))
    parts = [f'<section id="{name}">', f"<h2>{name} · {_text(one.title)}</h2>"]
    if one.runs:
        parts.append(_badge(compared))
        parts.append(_picture(one))
    pairs: list[tuple[str, str]] = []
    if claim:
        pairs += [
            (t("claimed"), claimed(claim)),
            (t("where"), claim_place(claim)),
            (t("protocol"), local(claim, "protocol")),
            (t("source"), f"{claim.source_url} ({claim.checked})"),
            *((t("dispute"), one) for one in local(claim, "disputes")),
        ]
    pairs.append((t("measured"), measured(compared)))
    if compared.values:
        pairs.append((t("seeds"), each_seed(zip(compared.seeds, compared.values, strict=True))))
    if text := gap(compared):
        pairs.append((t("gap"), text))
    pairs += [(t("reason"), reason_text(reason)) for reason in compared.reasons]
    pairs.append((t("recipe"), one.path))
    pairs += [
        (t("remark"), t(note)) for note in _once(note for run in one.runs for note in run["notes"])
    ]
    parts.append(_pairs(pairs))
    if one.runs:
        parts.append(_tag("h3", t("Runs on this machine")))
        parts.append(_runs(one.runs))
        parts.append(_conditions(one.runs[0]))
    if one.foreign:
        parts.append(_tag("h3", t("Runs of somebody else, in no verdict")))
        parts.append(_runs(one.foreign))
    return "\n".join([*parts, "</section>"])


def _picture(one: Chapter) -> str:
    """Curves and seeds, drawn for either background; the reader's setting chooses."""
    if not plots.there():
        return _tag(
            "p",
            t("Curves are drawn where matplotlib is installed: {how}", how=plots.INSTALL),
            "faint",
        )
    light, dark = (
        _image(plots.svg(one.comparison, drawn(one), ink)) for ink in (plots.LIGHT, plots.DARK)
    )
    words = escape(
        t(
            "Learning curves of {name}, and its seeds beside the claim",
            name=clean(one.comparison.baseline),
        )
    )
    return (
        f'<picture><source srcset="{dark}" media="(prefers-color-scheme: dark)">'
        f'<img src="{light}" alt="{words}"></picture>'
    )


def drawn(one: Chapter) -> list[dict[str, Any]]:
    """The runs whose curves are drawn: the newest of each seed that the comparison counts."""
    compared = one.comparison
    counted = dict(zip(compared.seeds, compared.values, strict=True))
    same = [run for run in one.runs if counted.get(run["seed"]) == float(run["value"])]
    return list({run["seed"]: run for run in reversed(same)}.values())


def _image(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def _runs(runs: Sequence[dict[str, Any]]) -> str:
    heads = [
        t("id"), t("seed"), t("budget"), t("value"), t("seconds"), t("used by others"),
        t("of the measured peak"), t("started"), t("digest"),
    ]  # fmt: skip
    rows = []
    for run in runs:
        whole = run["whole"]
        rows.append(
            [
                _code(run["id"]),
                _text(str(run["seed"])),
                _text(run["budget"]),
                _text(f"{run['value']:.3f}"),
                _text(f"{whole['wall_seconds']:.1f}"),
                _text(_share(whole["disturbed"])),
                _text(_share(run["speed"]["share_of_peak"])),
                _text(run["started_at"]),
                _code(run["digest"]),
            ]
        )
    return _table(heads, rows)


def _conditions(run: dict[str, Any]) -> str:
    """Under which conditions the newest run was made, folded away."""
    environment = {
        name: value for name, value in run["environment"].items() if value not in (None, "", [], {})
    }
    pairs = [(name, _condition(value)) for name, value in environment.items()]
    pairs += [(t("data") + f" {name}", value) for name, value in run["data"].items()]
    pairs += [
        (t("recipe"), run["recipe_sha256"]),
        (t("trained on"), f"{number(run['trained_on'])} {t('rows')}"),
        (t("tested on"), f"{number(run['tested'])} {t('rows')}"),
        (t("steps"), number(run["steps"])),
    ]
    summary = _text(t("Conditions of the newest run, {id}", id=run["id"]))
    return f"<details><summary>{summary}</summary>{_pairs(pairs)}</details>"


def _condition(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {value_text(inner)}" for name, inner in value.items())
    return value_text(value)


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.0%}"


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


# -- HTML ------------------------------------------------------------------------------------


def _text(text: str) -> str:
    """Text of anybody, as text."""
    return escape(clean_lines(text)).replace("\n", "<br>")


def _faint(text: str) -> str:
    return f"<span class=faint>{_text(text)}</span>"


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _tag(name: str, text: str, kind: str = "") -> str:
    return f"<{name}{f' class={kind}' if kind else ''}>{_text(text)}</{name}>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are HTML already."""
    head = "".join(f"<th scope=col>{_text(one)}</th>" for one in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class=wide><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    rows = "\n".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in pairs)
    return f"<dl>{rows}</dl>"


_STYLE: Final = """
:root { --text: #24292f; --faint: #59636e; --ground: #fff; --line: #d8dee4; --raised: #f6f8fa; --link: #0a58ca;
  --good: #1a7f37; --better: #0969da; --bad: #c62828; --open: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --text: #d1d7e0; --faint: #9198a1; --ground: #14181d;
  --line: #3d444d; --raised: #1d232b; --link: #79b8ff; --good: #4cc26a; --better: #6cb2ff; --bad: #ff7b72;
  --open: #e0a92e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; border-top: 1px solid var(--line); padding-top: 1.25rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
a { color: var(--link); }
.faint { color: var(--faint); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; white-space: nowrap; }
td:first-child code { white-space: nowrap; }
code { font: .8em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .2rem 1rem; font-size: .9rem;
  margin: .75rem 0; }
dt { color: var(--faint); overflow-wrap: anywhere; max-width: 16rem; }
dd { margin: 0; overflow-wrap: anywhere; }
picture, img { display: block; max-width: 100%; height: auto; margin: .75rem 0; }
details { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: .5rem .75rem;
  margin: .75rem 0; }
summary { cursor: pointer; }
.verdict { font-weight: 700; white-space: nowrap; }
.reproduced { color: var(--good); }
.better { color: var(--better); }
.not-reproduced { color: var(--bad); }
.inconclusive, .not-comparable { color: var(--open); }
@media print { details > * { display: block; } body { font-size: 11pt; } }
"""
