"""A run on the screen: its curves while it goes on, and what came of it."""

import importlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message

from crawlers.clean import clean
from hub.tui.help import KeyPage
from hub.tui.keyline import KeyLine
from hub.tui.measured import (
    Facts,
    Heading,
    Line,
    ago,
    claim_lines,
    comparison_lines,
    lasting,
    value_of,
    wrong_lines,
)
from hub.tui.running import Training
from hub.tui.screens import HubScreen
from hub.tui.strings import Say
from hub.verdict_text import reason_text

if TYPE_CHECKING:
    from hub.tui.curves import Curve

EVERY: Final = 0.5
"""Seconds between two looks at a run: it tells of itself as often."""

LOW: Final = 20
"""Lines that a screen needs for a chart and a sheet."""

BAR: Final = 30
"""Cells of the bar that shows how far it is."""


class CurveScreen(HubScreen, inherit_bindings=False):
    """Facts above, a chart for the loss and one for what else is measured, what came of it below."""

    HELP = "A run"
    DEFAULT_CSS = """
    CurveScreen {
        & #head {
            border: round $foreground 22%;
            border-title-color: $foreground 70%;
            padding: 0 1;
            height: auto;
        }
        & #body { height: 1fr; }
        & #curves { height: 3fr; min-height: 5; }
        & #curves > Vertical {
            border: round $foreground 22%;
            border-title-color: $foreground 70%;
            width: 1fr;
        }
        & #said {
            height: 2fr;
            border: round $foreground 22%;
            border-title-color: $foreground 70%;
            padding: 0 1;
            scrollbar-size-vertical: 1;
        }
        & #said:focus { border: round $primary; border-title-color: $text-primary; }
    }
    CurveScreen.-spacious #body { layout: horizontal; }
    CurveScreen.-spacious #curves { width: 3fr; height: 1fr; }
    CurveScreen.-spacious #said { width: 2fr; height: 1fr; }
    CurveScreen.-spacious #curves { layout: vertical; }
    CurveScreen.-low #said { display: none; }
    CurveScreen.-low.-ended #curves { display: none; }
    CurveScreen.-low.-ended #said { display: block; height: 1fr; }
    """
    AUTO_FOCUS = "#said"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,h", "app.pop_screen", "Back"),
        Binding("R", "again", "Refresh", show=False, tooltip="Read everything on this screen anew"),
    ]

    class Drawable(Message):
        """What draws curves is imported."""

    def compose(self) -> ComposeResult:
        with Vertical(id="head") as head:
            head.border_title = Content(clean(self.heading))
            yield Facts(id="state")
        with Vertical(id="body"):
            yield Horizontal(id="curves")
            with KeyPage(id="said") as said:
                said.border_title = Content(self.say("Claimed beside measured"))
                yield Facts(id="outcome")
        yield KeyLine()

    @property
    def heading(self) -> str:
        raise NotImplementedError

    def on_resize(self) -> None:
        """Where there is no room for both, the chart stands there while the run goes on, and then the
        outcome."""
        self.set_class(self.size.height < LOW, "-low")

    def on_mount(self) -> None:
        self.ready()
        self.again()

    @work(thread=True, exclusive=True, group="plotext")
    def ready(self) -> None:
        importlib.import_module("hub.tui.curves")
        self.post_message(self.Drawable())

    async def on_curve_screen_drawable(self) -> None:
        if not self.query("#curves #loss"):
            await self._chart("loss", self.say("loss"))
        self.again()

    async def _chart(self, name: str, title: str) -> None:
        from hub.tui.curves import Curves

        box = Vertical(Curves(id=name))
        box.border_title = Content(clean(title))
        await self.query_one("#curves", Horizontal).mount(box)

    async def spoken(self) -> None:
        await self.recompose()
        self.ready()
        self.again()

    def draw(self, curves: "dict[str, list[Curve]]") -> None:
        """The curves by the names of their values; `loss` has a chart of its own."""
        if not self.query("#curves #loss"):
            return
        from hub.tui.curves import Curves

        self.query_one("#loss", Curves).show(curves.get("loss", ()))
        others = [name for name in sorted(curves) if name != "loss"]
        if others and not self.query("#curves #other"):
            self.run_worker(self._chart("other", ", ".join(others)), group="chart", exclusive=True)
        elif others:
            self.query_one("#other", Curves).show([one for name in others for one in curves[name]])


class RunScreen(CurveScreen):
    """A training that goes on, whether this screen is there or not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel", "Stop", tooltip="Stop this run; it can be gone on with"),
        Binding("r", "resume", "Go on", tooltip="Go on from the last checkpoint"),
    ]

    def __init__(self, job: Training) -> None:
        super().__init__()
        self.job = job
        self._was = ""

    @property
    def heading(self) -> str:
        return f"{self.job.name} · {self.say(self.job.wish.budget)}"

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(EVERY, self.again)

    def again(self) -> None:
        """Draws the job as it stands now."""
        job = self.job
        if job.state != self._was:
            self._was = job.state
            self.set_class(not job.under_way, "-ended")
            self.refresh_bindings()
        self.query_one("#state", Facts).show(state_lines(self.say, job))
        self.query_one("#outcome", Facts).show(outcome_lines(self.say, job))
        if self.query("#curves #loss"):
            self.draw(curves_of(job))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cancel":
            return self.job.state in ("waiting", "going")
        if action == "resume":
            return self.job.state in ("stopped", "failed")
        return super().check_action(action, parameters)

    def action_cancel(self) -> None:
        self.job.stop()
        self.again()

    def action_resume(self) -> None:
        """A new job goes on where this one stopped."""
        self.job = self.job.again()
        self.hub.running.start(self.job)
        self.again()


class KeptScreen(CurveScreen):
    """A run that was kept: its number with all its conditions."""

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__()
        self.record = record

    @property
    def heading(self) -> str:
        return f"{self.record['baseline']} · {self.record['id']}"

    def on_mount(self) -> None:
        super().on_mount()
        self.add_class("-ended")

    def again(self) -> None:
        self.query_one("#state", Facts).show(number_lines(self.say, self.record))
        self.query_one("#outcome", Facts).show(condition_lines(self.say, self.record))
        self.query_one("#said", VerticalScroll).border_title = Content(self.say("Conditions"))
        if self.query("#curves #loss"):
            self.draw(curves_of_record(self.record))


# -- curves ----------------------------------------------------------------------------------


def curves_of(job: Training) -> "dict[str, list[Curve]]":
    """Of the seed in hand, and faintly of those before it."""
    from hub.tui.curves import Curve

    records, looks = list(job.records), list(job.looks)
    measured_last = len(records) > job.at
    found: dict[str, list[Curve]] = {}
    for at, record in enumerate(records):
        faint = not (measured_last and at == len(records) - 1)
        for name, curves in curves_of_record(record, faint=faint).items():
            found.setdefault(name, []).extend(curves)
    if not measured_last:
        for name in dict.fromkeys(name for look in looks for name in look.values):
            seen = [(look.step, look.values[name]) for look in looks if name in look.values]
            steps, values = zip(*seen, strict=True)
            found.setdefault(name, []).append(Curve(steps, values))
    return found


def curves_of_record(record: dict[str, Any], *, faint: bool = False) -> "dict[str, list[Curve]]":
    """What a run noted at fixed steps, and what it validated."""
    from hub.tui.curves import Curve

    seen: dict[str, list[tuple[float, float]]] = {}
    for point in record.get("curve", ()):
        for name, value in point.items():
            if name != "step" and isinstance(value, int | float):
                seen.setdefault(name, []).append((float(point["step"]), float(value)))
    return {
        name: [Curve(tuple(s for s, _ in points), tuple(v for _, v in points), faint)]
        for name, points in seen.items()
    }


# -- how it reads ----------------------------------------------------------------------------


def state_lines(say: Say, job: Training) -> Iterable[Line | Heading]:
    """What it does, how far it is, how fast, how long still."""
    inks = {"going": "good", "done": "good", "failed": "bad"}
    marks = {"done": "✓", "failed": "✗", "stopped": "■"}
    seeds = say("seed {n}").format(n=job.wish.seed)
    which = f" · {seeds} ({min(job.at + 1, len(job.wishes))}/{len(job.wishes)})"
    head = f"{marks.get(job.state, '▶')} {say(job.state)}{which} · {lasting(say, job.seconds)}"
    yield Line(head, ink=inks.get(job.state, "warn"))
    share, look = job.share, job.look
    if job.under_way and share is not None:
        full = round(BAR * share)
        yield Line(f"{'━' * full}{'─' * (BAR - full)} {share:.0%}", ink="label")
    if job.under_way and look is None:
        yield Line(say("torch is being loaded and the data are read …"), ink="faint")
    if look is not None:
        values = " · ".join(f"{name} {value:.4f}" for name, value in look.values.items())
        rate = f"{job.rate:,.0f}/s" if job.rate else "…/s"
        parts = [
            f"{say('step')} {look.step:,}/{look.total:,}",
            rate,
            f"{say('epoch')} {look.epoch + 1:,}",
        ]
        if job.under_way and job.seconds_left is not None:
            parts.append(say("{n} left").format(n=lasting(say, job.seconds_left)))
        yield Line(" · ".join(parts))
        yield Line(values, ink="faint")
    if job.state == "stopped":
        yield Line(say("Stopped with a checkpoint: r goes on from there."), ink="warn")


def outcome_lines(say: Say, job: Training) -> Iterable[Line | Heading]:
    """The seeds that are measured, the comparison with its reasons, or what went wrong."""
    if job.error is not None:
        yield from wrong_lines(job.error)
    for record in job.records:
        lasted = lasting(say, record["whole"]["wall_seconds"])
        yield Line(
            f"{value_of(record)} {say(record['metric'])} · {lasted}",
            say("seed {n}").format(n=record["seed"]),
        )
    compared = job.comparison
    if compared is None:
        yield Line(say("What is measured stands here when the first seed is done."), ink="faint")
        return
    yield Heading(say("Claimed"))
    yield from claim_lines(say, compared.claim)
    yield Heading(say("Measured here"))
    yield from comparison_lines(say, compared)


def number_lines(say: Say, one: dict[str, Any]) -> Sequence[Line]:
    parts = [
        f"{value_of(one)} {say(one['metric'])}",
        say("seed {n}").format(n=one["seed"]),
        say(one["budget"]),
        ago(say, one["started_at"]),
    ]
    return (Line(" · ".join(parts), ink="title"),)


def condition_lines(say: Say, one: dict[str, Any]) -> Iterable[Line | Heading]:
    """Everything that is needed to measure the number again."""
    environment, speed, whole = one["environment"], one["speed"], one["whole"]
    yield from (Line(reason_text(reason), say("Reason"), "warn") for reason in one["reasons"])
    if one.get("imported"):
        yield Line(say("measured by somebody else"), say("Remark"), "warn")
    cpu = f"CPU {lasting(say, whole['cpu_seconds'])}"
    yield Line(f"{one['tested']:,}", say("Tested rows"))
    yield Line(f"{one['epochs']:g} / {one['full_epochs']:g}", say("Epochs"))
    yield Line(f"{one['steps']:,}", say("Steps"))
    yield Line(f"{lasting(say, whole['wall_seconds'])} ({cpu})", say("Lasted"))
    yield Line(_share(whole.get("disturbed")), say("Used by others"))
    yield Line(_share(speed.get("share_of_peak")), say("Of the measured peak"))
    yield Line(f"{environment['torch']} · {environment['threads']} {say('threads')}", "torch")
    yield Line(str(environment["processor"]), say("Processor"))
    yield Line(str(environment.get("commit") or environment.get("hub")), say("Version"))
    yield Line(one["digest"], say("Digest"))
    yield Line(one["recipe_sha256"], say("Recipe"))
    yield from (Line(f"{name} {digest}", say("Data")) for name, digest in one["data"].items())
    yield from (Line(note, say("Remark")) for note in one["notes"])


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.0%}"
