"""A run of two trained models and two baselines on three test rows, and a reader of the page."""

from __future__ import annotations

import base64
import csv
import gzip
import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pytest

from kdlib.files import write_json, write_jsonl, write_parquet
from kdlib.records import digest
from kdlib.report.page import PageFiles, write_page
from kdlib.signals.shard import StoreOrigin
from kdlib.telemetry.step_csv import step_columns

NASTY = '</script><b>bold</b> & "quoted" \u2028 <!--'
VOID = {"meta", "link", "input", "br", "hr", "use", "path", "rect"}
LEVELS = {"h1", "h2", "h3", "h4"}
METRICS = {
    "exact_match": {"higher_is_better": True, "description": "share of equal rows"},
    "token_f1": {"higher_is_better": True, "description": "mean F1"},
    "nll": {"higher_is_better": False, "description": "nats per token"},
}
VALUES = {
    "teachers/base": {"exact_match": 0.667, "token_f1": 0.812, "nll": 1.023},
    "students/ce": {"exact_match": 0.333, "token_f1": 0.518, "nll": 1.777},
    "baselines/retrieval": {"exact_match": 0.301, "token_f1": 0.444},
    "baselines/trigram": {"exact_match": 0.012, "token_f1": 0.109, "nll": 2.204},
}
TRAINED = ("teachers/base", "students/ce")


def make_score(metric: str, value: float) -> dict:
    signature = f"{metric}|v:1|norm:ws|n:3|split:class|boot:2000|conf:0.9|seed:42"
    return {"value": value, "low": value - 0.0517, "high": value + 0.0622, "n": 3, "signature": signature}


def make_comparison(a: str, b: str, metric: str, low: float, high: float) -> dict:
    middle = (low + high) / 2
    return {
        **{"a": a, "b": b, "metric": metric, "family": b, "difference": middle, "low": low, "high": high},
        **{"p": 0.0315, "p_holm": 0.063, "n": 3, "signature": f"{metric}|test:paired-ar"},
    }


def make_scores() -> dict:
    return {
        "rows": 3,
        "split": "class",
        "metrics": METRICS,
        "models": {
            name: {metric: make_score(metric, value) for metric, value in own.items()}
            for name, own in VALUES.items()
        },
        "comparisons": [
            make_comparison("teachers/base", "baselines/retrieval", "exact_match", 0.2, 0.4),
            make_comparison("students/ce", "baselines/retrieval", "exact_match", -0.11, 0.17),
            make_comparison("teachers/base", "baselines/trigram", "nll", -1.3, -1.1),
        ],
        "slices": {"kind": [_part("assertEquals", 2), _part(NASTY, 1)], "project": [_part("one", 3)]},
        "seeds": [
            {
                "models": ["students/ce", "students/trident"],
                "metrics": {
                    "exact_match": {"mean": 0.25, "deviation": 0.0707, "number": 2, "values": [0.2, 0.3]}
                },
            }
        ],
        "not_measured": [{"what": "mutation score", "reason": "no JDK"}],
    }


def _part(value: str, n: int) -> dict:
    models = {
        name: {"token_f1": make_score("token_f1", 0.125)} for name, own in VALUES.items() if "token_f1" in own
    }
    return {"value": value, "n": n, "models": {name: models.get(name, {}) for name in VALUES}}


def make_fidelity() -> dict:
    """Return the figures of a sparse store; at its second temperature nothing has a finite KL."""
    first = {"temperature": 1.0, "l1": 0.000412, "kl": 0.0123, "kl_infinite": 0.031, "top1": 0.99876}
    second = {"temperature": 2.4495, "l1": 0.31, "kl": None, "kl_infinite": 1.0, "top1": 0.5}
    more = {"entropy": 1.2345, "kept_tokens": 7.5, "tail_mass": 0.004}
    more |= {"gold_nll": 0.5, "stored_gold_nll": 0.5, "stored_gold_nll_infinite": 0.0}
    figures = [own | more | {"signature": f"fidelity|T:{own['temperature']}"} for own in (first, second)]
    sizes = {"bytes_per_token": 37.25, "bytes_per_token_with_codec": 41.5}
    of = {"model": "m", "precision": "float32", "split": "validation", "rows": 3, "tokens": 20}
    return {"codec": {"kind": "nucleus", "epsilon": 0.005}, **of, **sizes, "temperatures": figures}


def write_store(path: Path) -> None:
    """Write the manifest of a store of two equal shards."""
    shard = {"file": "train/0.parquet", "split": "train", "shard": 0, "sha256": "aa", "bytes": 6543}
    shard |= {"rows": 3, "positions": 50, "bytes_per_token": 130.86}
    store = dict.fromkeys(StoreOrigin.model_fields, "x") | {"codec": {"kind": "dense"}, "shards": 2}
    store |= {"codec_file": "codec.safetensors", "codec_bytes": 8, "rows": 6, "positions": 100}
    store |= {"bytes": 13086, "files": [shard, shard | {"shard": 1}]}
    write_json(path, {**store, "digest": digest([json.dumps(store, sort_keys=True)])})


def _training(folder: Path, name: str) -> None:
    own = folder / name
    own.mkdir(parents=True)
    with (own / "step_metrics.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, step_columns(["ce"]), restval=0)
        writer.writeheader()
        losses = ("ce_loss_raw", "ce_loss_weighted", "total_loss_raw", "total_loss_weighted")
        for step in (1, 2, 3):
            row = {"step": step, **dict.fromkeys(losses, 3 / step), "ce_weight": 1, "ce_grad_norm": ""}
            writer.writerow(row | {"temperature": 4, "learning_rate": 0.001})
    (own / "training_metrics.csv").write_text("epoch,step,validation_nll\n1,3,2.5\n")
    report = {"key": "k", "coverage": [1.0], "validation_nll": [2.5], "warnings": []}
    report |= {"name": name, "parameters": 1234, "steps": 3, "planned_steps": 5, "epochs": 1, "best_step": 3}
    params = {"threads": 2} | ({"teacher": "base"} if name.startswith("students") else {})
    write_json(own / "training_report.json", report | {"best_validation_nll": 2.5, "params": params})
    size = 2000 if name.startswith("teachers") else 500
    cost = {"parameters": size, "bytes": 4 * size, "rows": 3, "seconds": 1.5, "assertions_per_second": 2.0}
    cost["latency_p50_seconds"] = size / 10_000
    write_json(folder / "evaluation" / name / "cost.json", cost)


def _samples() -> list[dict]:
    return [
        {
            **{"model": model, "id": id_, "prediction": f"{NASTY} {model}", "references": [f"{id_} {NASTY}"]},
            **{"exact_match": id_ == "row-a", "token_f1": 0.25, "syntax_valid": False},
            "execution": {"status": "failed", "message": NASTY, "asserted": True, "vacuous": None},
        }
        for model in VALUES
        for id_ in ("row-c", "row-a", "row-b")
    ]


def _write_page(arguments: dict) -> None:
    """Write a page from a run's arguments, results and others together."""
    files = PageFiles(**{name: arguments[name] for name in PageFiles._fields})
    write_page(arguments["run"], files, arguments["jobs"], arguments["page"])


def _write_run(parent: Path) -> dict:
    folder = parent / "run"
    for name in TRAINED:
        _training(folder, name)
    write_json(folder / "evaluation_metrics.json", make_scores())
    write_jsonl(folder / "predictions_final.jsonl", _samples())
    kinds = {NASTY: {"train": 7}, "assertEquals": {"train": 7654}}
    write_json(folder / "card.json", {"kept": 4321, "kinds": kinds})
    write_json(folder / "dataset.json", {"train": {"rows": 8765}, "test": {"rows": 3}})
    ids = ["row-a", "row-b", "row-c"]
    write_parquet(folder / "test.parquet", pa.table({"id": ids, "prompt": [f"{i} {NASTY}" for i in ids]}))
    write_store(folder / "signals" / "base" / "manifest.json")
    write_json(folder / "signals" / "base" / "fidelity.json", make_fidelity())
    return {
        "run": "tiny<b>",
        "card": folder / "card.json",
        "dataset": folder / "dataset.json",
        "scores": folder / "evaluation_metrics.json",
        "samples": folder / "predictions_final.jsonl",
        "costs": [folder / "evaluation" / name / "cost.json" for name in TRAINED],
        "reports": [folder / name / "training_report.json" for name in TRAINED],
        "steps": [folder / name / "step_metrics.csv" for name in TRAINED],
        "epochs": [folder / name / "training_metrics.csv" for name in TRAINED],
        "manifests": [folder / "signals" / "base" / "manifest.json"],
        "fidelities": [folder / "signals" / "base" / "fidelity.json"],
        "test": folder / "test.parquet",
        "jobs": parent / "cache",
        "page": folder / "report.html",
    }


@pytest.fixture
def arguments(tmp_path: Path) -> dict:
    """Arguments of a page; tests change the files or the lists."""
    return _write_run(tmp_path)


@pytest.fixture(scope="session")
def write_run():
    """Write the files of a run below a folder; return arguments of its page."""
    return _write_run


@pytest.fixture(scope="session")
def write():
    """Write a page from the arguments of a run."""
    return _write_page


@dataclass
class Found(HTMLParser):
    """What a browser would find: elements, text by element, cells by table, headings in order."""

    tags: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    stack: list[str] = field(default_factory=list)
    table: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in found.items()]
        self.ids += [found["id"]] if "id" in found else []
        self.table = found.get("id", "") if tag == "table" else self.table
        if tag == "tr":
            self.tables.setdefault(self.table, []).append([])
        if tag in {"td", "th"}:
            self.tables[self.table][-1].append("")
        if tag in LEVELS:
            self.headings.append((int(tag[1]), ""))
        if tag not in VOID:
            self.stack.append(tag)
            self.texts[found.get("id", "")] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        last = next(reversed(self.texts), "")
        self.texts[last] = self.texts.get(last, "") + data
        if {"td", "th"} & set(self.stack):
            self.tables[self.table][-1][-1] += data
        if self.stack and self.stack[-1] in LEVELS:
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)


def _read(page: Path) -> tuple[str, Found]:
    text = page.read_text(encoding="utf-8")
    reading = Found()
    reading.feed(text)
    reading.close()
    assert not reading.stack
    return text, reading


@pytest.fixture
def written():
    """Write a page and read it: its text and what a parser finds."""

    def write(arguments: dict) -> tuple[str, Found]:
        _write_page(arguments)
        return _read(arguments["page"])

    return write


@pytest.fixture
def examples_of():
    """JSON of the example browser, cut out of a page as a browser would: up to the first end tag."""

    def cut(text: str) -> dict:
        start = text.index('id="examples-data">') + len('id="examples-data">')
        packed = text[start : text.index("</script>", start)]
        return json.loads(gzip.decompress(base64.b64decode(packed)))

    return cut


@pytest.fixture(scope="session")
def small_run(tmp_path_factory, write_run):
    """Arguments of a small run whose page is written; no test changes it."""
    arguments = write_run(tmp_path_factory.mktemp("small"))
    _write_page(arguments)
    return arguments


@pytest.fixture(scope="session")
def small_page(small_run):
    """Text of the small run's page and what a parser finds."""
    return _read(small_run["page"])


@pytest.fixture
def opened(browser):
    """Open a page; whatever it asks for or complains of fails the test."""

    @contextmanager
    def visit(path: Path, **context):
        asked, problems = [], []
        with browser.new_context(**context) as own:
            page = own.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: problems.append(message.text))
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto(path.as_uri())
            if context.get("java_script_enabled", True):
                page.get_by_text("examples match").wait_for()
            yield page
            assert asked == [path.as_uri()]
            assert problems == []

    return visit


@pytest.fixture
def page(opened, small_run):
    """The page of the small run, on a desk."""
    with opened(small_run["page"], viewport={"width": 1280, "height": 900}) as page:
        yield page
