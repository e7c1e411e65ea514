"""Print docs/contracts.md: the files between stages, and one real example as it stands in each file of a run.

``python tools/contracts.py results/default > docs/contracts.md``
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

from kdlib.files import DataError, read_json, read_jsonl, read_parquet, sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Decode = Callable[[Iterable[int]], str]

TEMPLATE = Path(__file__).with_suffix(".md")
SAMPLE = Path("examples/sample-java")
SHOWN = 3  # positions, and tokens of each, of a signal


class Contract(NamedTuple):
    """One row of the page's table: a path below ``results/{run}``, the rules that write and that read it."""

    path: str
    writers: frozenset[str]
    readers: frozenset[str]

    def matches(self, path: str) -> bool:
        """Return whether a path below the run's folder is of this contract."""
        parts = re.split(r"(\{\w+\})", self.path)
        wild = ["[^/]+/[^/]+" if part == "{model}" else "[^/]+" for part in parts[1::2]]
        fixed = [re.escape(part) for part in parts[::2]]
        return bool(re.fullmatch("".join(map("".join, zip(fixed, [*wild, ""], strict=True))), path))


class Chosen(NamedTuple):
    """An example: its dataset row, and its row of the corpus."""

    row: dict[str, Any]
    example: dict[str, Any]


def contracts() -> list[Contract]:
    """Return the rows of the table of files."""
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.*?) \|", TEMPLATE.read_text(), re.MULTILINE)
    return [
        Contract(path, *(frozenset(re.findall(r"`(\w+)`", cell)) for cell in cells)) for path, *cells in rows
    ]


def page(run: Path) -> str:
    """Return the page of a finished run.

    Args:
        run: Folder ``results/NAME`` of a run on the sample library, which lies beside ``results``.

    Raises:
        DataError: If the run lacks a file, has nothing to show, or the library has changed since.
    """
    files = [path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()]
    for contract in contracts():
        if not any(map(contract.matches, files)):
            raise DataError(f"{run}: has no {contract.path}; run it to the end")
    decode, student = _decoder(run), _student(run)
    tested, trained = _choose(run, "test"), _choose(run, "train")
    sections = {
        "tested": _origin(run, tested, "test", decode) + _outcome(run, tested, student),
        "trained": _origin(run, trained, "train", decode)
        + _signal(run, trained, student, decode)
        + _steps(run, student),
        "tracked": _tracked(run),
    }
    filled = {name: text.rstrip() for name, text in sections.items()}
    return Template(TEMPLATE.read_text()).substitute(filled, run=run.name)


def _decoder(run: Path) -> Decode:
    """Return the run's decoder; unlike that of predictions it shows special tokens."""
    from kdlib.models.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(run / "dataset/tokenizer")
    return lambda ids: str(tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))


def _student(run: Path) -> str:
    """Return the student with most loss components, of those that read signals."""
    used: dict[str, set[str]] = {}
    for path in sorted(run.glob("students/*/training_report.json")):
        components = read_json(path)["params"]["components"]
        used[path.parent.name] = {name for name, constants in components.items() if constants is not None}
    readers = [name for name, components in used.items() if components & {"kl", "jsd"}]
    if not readers:
        raise DataError(f"{run}: no student reads signals; show a run with kl or jsd")
    return max(readers, key=lambda name: (len(used[name]), name))


def _choose(run: Path, split: str) -> Chosen:
    """Return the example of the sample library with the shortest prompt whose assertion is assertEquals."""
    sources = {path.stem for path in run.glob("corpus/mined/*.json") if read_json(path)["kind"] == "sample"}
    fitting = {
        example["id"]: example
        for example in read_parquet(run / "corpus/examples.parquet").to_pylist()
        if (first := example["occurrences"][0])["kind"] == "assertEquals" and first["source"] in sources
    }
    rows = [row for row in read_parquet(run / f"dataset/{split}.parquet").to_pylist() if row["id"] in fitting]
    if not rows:
        raise DataError(f"{run}: no {split} row of the sample library is an assertEquals; show another run")
    row = min(rows, key=lambda row: (len(row["prompt"]), row["id"]))
    return Chosen(row, fitting[row["id"]])


def _origin(run: Path, chosen: Chosen, split: str, decode: Decode) -> str:
    """Return the example in its Java file, the corpus and the dataset."""
    where, row = chosen.example["occurrences"][0], chosen.row
    name, start, end = SAMPLE / where["path"], where["start_byte"], where["end_byte"]
    file = run.resolve().parents[1] / name
    if sha256(file) != where["file_sha256"]:
        raise DataError(f"{name}: not the file that was mined; run {run} again")
    splits = read_parquet(run / "corpus/splits.parquet").to_pylist()
    ids = {
        name: f"{len(row[name])} ids: {', '.join(map(str, row[name][:8]))}, … {row[name][-1]}"
        for name in ("source_ids", "target_ids")
    }
    return (
        f"The shortest prompt of an `assertEquals` in the split {split}.\n\n"
        f"`{name}`, bytes {start} to {end}:\n\n{_block('java', file.read_bytes()[start:end].decode())}\n"
        f"`corpus/examples.parquet`, as in `corpus/mined/{where['source']}.parquet`:\n\n"
        f"{_json(chosen.example)}\n"
        f"`corpus/splits.parquet`:\n\n{_json(next(own for own in splits if own['id'] == row['id']))}\n"
        f"`dataset/{split}.parquet`, with its ids shortened here:\n\n{_json({**row, **ids})}\n"
        "`source_ids` decoded; a prompt over the limit is cut, never at the marker:\n\n"
        f"{_block('text', decode(row['source_ids']))}"
    )


def _outcome(run: Path, chosen: Chosen, student: str) -> str:
    """Return what a teacher and a student answer to a test example, and where its numbers go."""
    key, models = chosen.row["id"], read_json(run / "evaluation/evaluation_metrics.json")["models"]
    name = f"students/{student}"
    shown = [next(model for model in models if model.startswith("teachers/")), name]
    text = ""
    for folder in (f"evaluation/{model}" for model in shown):
        answers = _lines(run / folder / "predictions.jsonl", {"id": key})
        nll = next(row for row in read_parquet(run / folder / "nll.parquet").to_pylist() if row["id"] == key)
        text += f"\n`{folder}/predictions.jsonl`:\n\n{_block('json', answers)}"
        text += f"\n`{folder}/nll.parquet`:\n\n{_json(nll)}"
    sample = _lines(run / "evaluation/predictions_final.jsonl", {"id": key, "model": name})
    return (
        f"{text}\n`evaluation/execution.json`, the part of this example:\n\n"
        f"{_json(_executed(run, key, shown))}\n"
        f"`evaluation/predictions_final.jsonl`:\n\n{_block('json', sample)}\n"
        "`evaluation/evaluation_metrics.json`; the `token_f1` above is one of the n values of this mean:\n\n"
        f"{_json({'models': {name: {'token_f1': models[name]['token_f1']}}})}"
    )


def _executed(run: Path, key: str, models: list[str]) -> dict[str, Any]:
    """Return an example's part of the execution; messages hold paths of a machine and are left out."""
    found = read_json(run / "evaluation/execution.json")
    if not found["measured"]:
        return {"measured": False}
    if key in {entry["id"] for entry in found["not_executable"]}:
        return {"measured": True, "not_executable": [{"id": key}]}
    entries = {model: found["models"][model][key] for model in models}
    return {
        "measured": True,
        "models": {model: {key: {**own, "message": "…"}} for model, own in entries.items()},
    }


def _signal(run: Path, chosen: Chosen, student: str, decode: Decode) -> str:
    """Return the teacher's stored distributions at the first positions of a training example."""
    from kdlib.signals.shard import PREFIX
    from kdlib.signals.store import SignalStore
    from kdlib.teacher_signal import SignalKey

    row = chosen.row
    teacher = read_json(run / "students" / student / "training_report.json")["params"]["teacher"]
    folder = run / "signals" / teacher
    store, key = SignalStore(folder / "manifest.json"), SignalKey(row["id"], row["target_hash"], 0)
    shard, stored = next(
        (path, own)
        for path in sorted(folder.glob("train/*.parquet"))
        for own in read_parquet(path).to_pylist()
        if (own["id"], own["rank"]) == (key.id, key.rank)
    )
    stored |= {name: f"{len(value)} bytes" for name, value in stored.items() if name.startswith(PREFIX)}
    table = "| position | gold | T = 1 | T = 4 |\n|---|---|---|---|\n"
    for at, gold in enumerate(row["target_ids"][:SHOWN]):
        best = [_best(store.signal(key, t).log_probs[at].exp().tolist(), decode) for t in (1.0, 4.0)]
        table += f"| {at} | {_token(gold, decode)} | {' | '.join(best)} |\n"
    return (
        f"\n`{shard.relative_to(run)}`; `score` is the teacher's log-probability of the whole target:\n\n"
        f"{_json(stored)}\n"
        f"`SignalStore.signal(key, T)`, a `FullSignal`: the {SHOWN} most probable tokens of the first "
        "positions.\n\n"
        f"{table}"
    )


def _best(probabilities: list[float], decode: Decode) -> str:
    """Return the most probable tokens; equally probable ones come in the order of their ids."""
    ranked = sorted(enumerate(probabilities), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{_token(token, decode)} {value:.4f}" for token, value in ranked[:SHOWN])


def _steps(run: Path, student: str) -> str:
    from kdlib.training.loop.record_writer import CLOCKS

    path = f"students/{student}/step_metrics.csv"
    with (run / path).open(newline="") as file:
        first = next(csv.DictReader(file))
    return (
        f"\n`{path}` has a row per micro-batch, not per example. The first, without its clocks "
        f"({', '.join(f'`{name}`' for name in CLOCKS)}):\n\n"
        f"{_json({name: value for name, value in first.items() if name not in CLOCKS})}"
    )


def _tracked(run: Path) -> str:
    found = read_json(run / "mlflow.json")
    if not found["mirrored"]:
        return "This run was not mirrored: MLflow could not be used, and no result needs it."
    return "\n".join([f"- `{run.name}`", *(f"  - `{name}`" for name in found["runs"])])


def _lines(path: Path, wanted: Mapping[str, str]) -> str:
    """Return the lines of a JSONL file that have these values, as they stand there."""
    with path.open() as file:
        pairs = zip(file, read_jsonl(path), strict=True)
        return "".join(line for line, row in pairs if wanted.items() <= row.items()).rstrip("\n")


def _token(token: int, decode: Decode) -> str:
    return f"`{json.dumps(decode([token]), ensure_ascii=False)}`".replace("|", "\\|")


def _json(value: object) -> str:
    return _block("json", json.dumps(value, indent=2, ensure_ascii=False))


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


if __name__ == "__main__":
    try:
        print(page(Path(sys.argv[1] if len(sys.argv) > 1 else "results/default")), end="")
    except DataError as error:
        sys.exit(str(error))
