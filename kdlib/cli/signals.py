"""``kdlib signals``: look into a store, check it, make one of an earlier system's logits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdlib.cli.errors import fail, told

if TYPE_CHECKING:
    from kdlib.config import Codec
    from kdlib.signals.importer import LegacyRow

QUOTED = 500  # characters of a rejected row

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Stores of a teacher's distributions: look into one, check it, make one of older logits.",
)


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="manifest.json of a store, its folder, or one shard.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every sha256 and decode every signal.")
    ] = False,
    row: Annotated[
        str | None, typer.Option(help="Show a signal: id of the example, or its beginning.")
    ] = None,
    rank: Annotated[
        int, typer.Option(min=0, help="With --row: 0 is the gold target, 1… the teacher's beams.")
    ] = 0,
    temperature: Annotated[
        float | None, typer.Option(help="With --row; that of the codec, else 1, if left out.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="With --row: tokens shown at each position.")] = 5,
    tokenizer: Annotated[
        Path | None, typer.Option(help="With --row: folder of the tokenizer, to show text for ids.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print what a store holds, where it comes from and how many bytes it takes.

    Examples: kdlib signals inspect results/default/signals/base --verify

    kdlib signals inspect results/default/signals/base --row 39e27348
    --tokenizer results/default/dataset/tokenizer
    """
    import json

    from kdlib.cli import inspection, rendering

    if verify and row is not None:
        fail("--verify is about the whole store, --row about one signal: give one of them")
    with told():
        if row is not None:
            manifest = inspection.manifest_of(path)
            found = inspection.one_signal(manifest, row, rank, temperature, top, tokenizer)
        else:
            found = inspection.description(path)
            if verify:
                found["verified"] = inspection.verified(inspection.manifest_of(path))
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        print(rendering.signal_text(found) if row is not None else rendering.text(found))


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="JSONL of an earlier system, with compressed_logits.")],
    dataset: Annotated[
        Path, typer.Option(help="Folder of a run's dataset: train.parquet, validation.parquet, tokenizer/.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the store; new or empty.")],
    codec: Annotated[str, typer.Option(help="dense, topk, nucleus or sampled.")] = "dense",
    options: Annotated[
        list[str] | None, typer.Option("--set", help="Option of the codec, e.g. k=64; repeatable.")
    ] = None,
    tokenizer: Annotated[Path | None, typer.Option(help="Folder, if it is not DATASET/tokenizer.")] = None,
    logit_scale: Annotated[
        float,
        typer.Option(
            help="Factor on every logit. Systems that applied a tied T5 output head by themselves left out "
            "d_model**-0.5: give 0.03125 for a width of 1024, 0.0361 for 768. Without it, such a teacher "
            "seems certain of everything."
        ),
    ] = 1.0,
    skip: Annotated[
        int,
        typer.Option(
            help="Stored positions before the target's first token: 1 if the earlier tokenizer set a token "
            "before each text, as CodeT5's does."
        ),
    ] = 0,
    joined: Annotated[
        bool,
        typer.Option(
            "--joined",
            help="Take rows of several assertions: the teacher saw them joined, the target is the first, so "
            "only the end token's position is wrong.",
        ),
    ] = False,
    max_row_bytes: Annotated[int, typer.Option(min=1, help="Longer rows are rejected.")] = 1 << 28,
) -> None:
    """Make a store of the logits that an earlier system wrote into its JSONL.

    A row belongs to the example of the dataset with the same focal method, test and assertions: make the
    dataset of the same JSONL (corpus source of kind import, format seed). Only the target's positions are
    kept. In OUT, import.json counts everything, import.rejected.jsonl quotes each row without a signal.

    Example: kdlib signals import training.jsonl --dataset results/old/dataset --out old-signals
    --codec topk --set k=64 --logit-scale 0.03125
    """
    from kdlib.signals.importer import LogitLayout, import_store

    splits = {name: dataset / f"{name}.parquet" for name in ("train", "validation")}
    tokenizer = tokenizer or dataset / "tokenizer"
    for needed in (path, *splits.values(), tokenizer / "tokenizer.json"):
        if not needed.is_file():
            fail(f"{needed}: there is no such file")
    chosen = _codec(codec, options or [])
    with told():
        layout = LogitLayout(logit_scale, skip, joined)
        report = import_store(
            path, lambda: stored_rows(path, max_row_bytes), splits, tokenizer, chosen, out, layout
        )
    _print_import(report, out)


def stored_rows(path: Path, limit: int) -> Iterator[LegacyRow]:
    """Yield the rows of a JSONL of the older systems with their logits and the ids of their examples.

    Args:
        path: The file, maybe packed with gzip; its header line is left out.
        limit: Bytes of a row at most.
    """
    from kdlib.corpus.importers.rows import json_object
    from kdlib.corpus.importers.seed import IGNORED, rows
    from kdlib.records import example_id
    from kdlib.signals.importer import LegacyRow

    for row in rows((path,), limit):
        beginning = row.raw.content[: 4 * QUOTED].decode(errors="replace")[:QUOTED]
        for texts in row.found:
            content = json_object(row.raw, limit)
            logits = next((content[name] for name in IGNORED if content.get(name) is not None), None)
            key = example_id(texts.focal_method, texts.masked_test, texts.references)
            yield LegacyRow(row.raw.line, key, len(texts.references), logits, "", beginning)
        if not row.found:
            yield LegacyRow(row.raw.line, "", 0, None, row.reasons[0], beginning)


def _print_import(report: dict[str, Any], out: Path) -> None:
    filtered = report["filtered"]
    print(f"{sum(report['signals'].values())} signals of {report['rows']} rows: {out / 'manifest.json'}")
    print(f"{sum(filtered.values())} rejected rows: {out / 'import.rejected.jsonl'}")
    for reason, number in filtered.items():
        print(f"  {number:>8}  {reason}")
    print(
        f"per token: entropy {report['entropy']:.3g} nats, loss of the target {report['loss']:.3g} nats; "
        f"the most probable token is the target's at {report['agreement']:.1%}"
    )
    for split, number in report["rows_without_signal"].items():
        if number:
            print(f"{number} rows of {split} have no signal: training on signals will refuse this dataset")


def _codec(kind: str, options: list[str]) -> Codec:
    """Return the codec that ``--codec`` and ``--set`` ask for."""
    import yaml
    from pydantic import TypeAdapter, ValidationError

    from kdlib.config import Codec

    values = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            fail(f"--set takes name=value, got {option!r}")
        try:
            values[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            fail(f"--set {name}: {value!r} is no value")
    try:
        adapter: TypeAdapter[Codec] = TypeAdapter(Codec)
        return adapter.validate_python({**values, "kind": kind})
    except ValidationError as error:
        problems = [f"{item['loc'][-1] if item['loc'] else kind}: {item['msg']}" for item in error.errors()]
        fail(f"--codec {kind}: {'; '.join(problems)}")
