"""``kdlib analyse-loss-scaling``: who makes the gradient, and how to share it out otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from kdlib.cli.errors import fail, told
from kdlib.cli.rendering import table


def analyse(
    run: Annotated[
        Path,
        typer.Argument(
            help="Folder of a training, e.g. results/default/students/trident; or step_metrics.csv."
        ),
    ],
    share: Annotated[
        list[str] | None,
        typer.Option(help="Wanted share, e.g. semantic=0.3; repeat for every component, any sum will do."),
    ] = None,
    since: Annotated[
        int | None, typer.Option(min=1, help="First step to look at; the end of warm-up if left out.")
    ] = None,
    figure: Annotated[Path, typer.Option(help="Figure to write: .svg, .png or .pdf.")] = Path(
        "loss_scaling.svg"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print how much of the gradient each loss makes, and which β and weights would change it.

    A loss of weight 0.35 may make 5 % of the gradient or 90 %, for losses are not equally steep. Wanted by
    default are shares in the proportion of the weights. What is advised would have given the wanted shares
    in the steps looked at; a model that learns from other weights moves on, so train and look again.

    Shares are of norms, measured every training.records.gradient_every steps. They say nothing of
    directions: two losses may pull the same way, or against each other.

    Examples: kdlib analyse-loss-scaling results/default/students/trident

    kdlib analyse-loss-scaling results/default/students/trident --share focal=1 --share jsd=2
    --share semantic=1 --figure shares.png
    """
    from kdlib.report.shares import write_shares
    from kdlib.telemetry.gradient_shares import analysis

    asked = dict(map(_share, share or []))
    with told():
        found = analysis(run, asked, since)
        measured = found["measured"]
        first = found["looked_at"]["first_step"]
        write_shares(figure, measured["steps"], measured["shares"], measured["norms"], found["wanted"], first)
    found["figure"] = str(figure)
    print(json.dumps(found, indent=2) if as_json else "\n".join(_lines(found)))


def _share(option: str) -> tuple[str, float]:
    name, _, value = option.partition("=")
    try:
        return name, float(value)
    except ValueError:
        fail(f"--share takes component=number, got {option!r}")


def _lines(found: dict[str, Any]) -> Iterator[str]:
    names: Sequence[str] = found["components"]
    measurements = len(found["measured"]["steps"])
    yield f"{found['run']}: share of each loss in the gradient, {measurements} measurements"
    yield ""
    rows = [
        [_steps(period), *(f"{period['shares'][name]:.0%}" for name in names), ""]
        for period in found["periods"]
    ]
    yield from table([["steps", *names, ""], *rows])
    yield ""
    looked_at = found["looked_at"]
    then = found["recommended"]
    yield f"from step {looked_at['first_step']} on, {looked_at['measured_steps']} measurements"
    shares = [[f"{found[key][name]:.0%}" for key in ("share", "wanted")] for name in names]
    weights = [[f"{side['weight'][name]:.3g}" for side in (found, then)] for name in names]
    rows = [[name, *pair, *other, ""] for name, pair, other in zip(names, shares, weights, strict=True)]
    yield from table([["", "share", "wanted", "weight", "then", ""], *rows])
    yield ""
    yield from _advice(then)
    yield f"figure: {found['figure']}"


def _steps(period: dict[str, Any]) -> str:
    first = period["first_step"]
    last = period["last_step"]
    return f"{first}–{last}" if last > first else str(first)


def _advice(then: dict[str, Any]) -> Iterator[str]:
    yield "to have had the wanted shares, set for this student"
    keys = ", ".join(f"{key}: {_yaml(value)}" for key, value in then["keys"].items())
    yield f"  {keys}"
    if scale := then["semantic_scale"]:
        yield "or, for semantic alone and with all weights as they are"
        yield f"  components: {{semantic: {{scale: {scale['then']:.3g}}}}}  (now {scale['now']:.3g})"


def _yaml(value: object) -> str:
    """Return a value as YAML in one line, which JSON is, but for quotes that need not be."""
    return json.dumps(value).replace('"', "")
