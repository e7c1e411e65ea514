"""Result files of a small run as the rules leave them, with the manifests of its jobs."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa

from kdlib.files import write_json, write_parquet
from kdlib.provenance.manifest import digests
from kdlib.telemetry.step_csv import EPOCHS, STEPS, step_columns

VALUES = {
    "teachers/base": {"exact_match": 0.4, "token_f1": 0.7, "nll": 1.25},
    "students/ce": {"exact_match": 0.25, "token_f1": 0.625, "nll": 1.5, "krs": 0.9},
    "students/trident": {"exact_match": 0.25, "token_f1": 0.5, "nll": 1.75, "krs": 0.95},
    "baselines/retrieval": {"exact_match": 0.125, "token_f1": 0.375},
}
TRAINED = ("teachers/base", "students/ce", "students/trident")
STEP_COUNT = 6  # of every training; each has two micro-batches
CONFIG = {
    "run": "small",
    "students": {"ce": {"loss": "ce"}, "trident": {"temperature": 4.0}},
    "split": {"by": "class"},
}


def score(metric: str, value: float, n: int = 8) -> dict:
    signature = f"{metric}|v:1|n:{n}|split:class|boot:100|conf:0.95|seed:42"
    return {"value": value, "low": value - 0.125, "high": value + 0.125, "n": n, "signature": signature}


def scores() -> dict:
    models = {
        model: {metric: score(metric, value) for metric, value in own.items()}
        for model, own in VALUES.items()
    }
    part = {
        "value": "assertEquals",
        "n": 4,
        "models": {m: {"token_f1": score("token_f1", 0.5, 4)} for m in VALUES},
    }
    pair = {"a": "students/ce", "b": "baselines/retrieval", "metric": "exact_match", "family": "retrieval"}
    pair |= {
        "difference": 0.125,
        "low": -0.125,
        "high": 0.25,
        "p": 0.5,
        "p_holm": 0.5,
        "n": 8,
        "signature": "t",
    }
    return {
        "rows": 8,
        "split": "class",
        "metrics": {
            "exact_match": {"higher_is_better": True, "description": "equal rows"},
            "token_f1": {"higher_is_better": True, "description": "mean F1"},
            "nll": {"higher_is_better": False, "description": "nats per token"},
            "krs": {"higher_is_better": True, "description": "retention"},
        },
        "models": models,
        "comparisons": [pair],
        "seeds": [],
        "slices": {"kind": [part]},
        "not_measured": [],
    }


def write_training(folder: Path, model: str, key: str = "k1") -> None:
    """Write the records and the report of a training; values are exact in binary."""
    own = folder / model
    own.mkdir(parents=True, exist_ok=True)
    with (own / STEPS).open("w", newline="") as file:
        columns = step_columns(["ce"])
        writer = csv.DictWriter(file, columns, restval=0.5)
        writer.writeheader()
        for step in range(1, STEP_COUNT + 1):
            for micro in range(2):
                row = {"timestamp": f"{1000 + step}.250", "epoch": (step - 1) // 3, "step": step}
                row |= {"mini_batch_idx": micro, "ce_loss_raw": 1 / step, "ce_grad_norm": ""}
                writer.writerow(row | {"effective_batch_size": 4, "memory_usage_mb": 100})
    (own / EPOCHS).write_text("epoch,step,validation_nll\n1,3,2.5\n2,6,2.25\n")
    params = {"epochs": 2, "size": {"d_model": 32}, "loss_weights": {}}
    report = {"name": model, "key": key, "parameters": 1000, "steps": STEP_COUNT, "planned_steps": STEP_COUNT}
    report |= {
        "epochs": 2,
        "coverage": [1.0, 1.0],
        "best_step": 6,
        "best_validation_nll": 2.25,
        "warnings": [],
    }
    write_json(own / "training_report.json", {**report, "params": params, "validation_nll": [2.5, 2.25]})


def write_manifest(folder: Path, name: str, params: dict, inputs: list[Path], outputs: list[Path]) -> dict:
    """Write the manifest of a job, as of now."""
    found = {
        "rule": name.partition("/")[0],
        "script": f"workflow/scripts/{name.partition('/')[0]}.py",
        "wildcards": {},
        "params": params,
        "threads": 1,
        "input": digests(map(str, inputs)),
        "output": digests(map(str, outputs)),
        "code": {"digest": "c0de", "parts": {}},
        "environment": {"python": "3.11", "machine": "m", "packages": {}},
        "place": {"host": "node7", "slurm_job": "4711", "slurm_partition": "gpu", "git_commit": "a" * 40},
        "began": 2000.0,
        "ended": 2060.5,
        "log": f"logs/small/{name}.log",
    }
    write_json(folder / "manifests" / f"{name}.json", found)
    return found


def write_small_run(folder: Path) -> Path:
    """Write a finished run below a folder and return ``results/small``, relative to it."""
    run = folder / "results" / "small"
    card = {"split": {"by": "class"}, "filters": {"generated": True}, "counts": {"kept": 80}}
    card |= {"leakage": {"text": 0.0}, "sources": {"toy": {"files": 3}}, "histograms": {"x": {"edges": [1]}}}
    write_json(run / "corpus/card.json", card)
    write_json(run / "dataset/counts.json", {name: {"rows": 8} for name in ("train", "validation", "test")})
    for number, name in enumerate(("train", "validation", "test")):
        ids = [f"{name}-{row}" for row in range(8)]
        write_parquet(run / f"dataset/{name}.parquet", pa.table({"id": ids, "number": [number] * 8}))
    store = run / "signals/base"
    write_json(
        store / "manifest.json", {"rows": 16, "positions": 99, "bytes": 1234, "codec": {"kind": "dense"}}
    )
    at = {"temperature": 4.0, "l1": 0.25, "kl": 0.5, "kl_infinite": 0.0, "top1": 1.0, "entropy": 1.0}
    at |= {"kept_tokens": 8.0, "tail_mass": 0.0, "gold_nll": 0.5, "stored_gold_nll": 0.5}
    at |= {"stored_gold_nll_infinite": 0.0, "signature": "fidelity|T:4"}
    fidelity = {"model": "m", "codec": {}, "precision": "float32", "split": "validation", "rows": 8}
    fidelity |= {"tokens": 20, "bytes_per_token": 61.7, "bytes_per_token_with_codec": 70.0}
    write_json(store / "fidelity.json", fidelity | {"temperatures": [at]})
    write_json(store / "speed.json", {"rows": 8, "write_tokens_per_second": 1000.0})
    for model in TRAINED:
        write_training(run, model)
        cost = {"parameters": 1000, "bytes": 4000, "latency_p50_seconds": 0.5, "not_measured": {}}
        write_json(run / "evaluation" / model / "cost.json", cost)
        write_parquet(run / "evaluation" / model / "agreement.parquet", pa.table({"x": [1]}))
    entry = {"message": "", "asserted": False, "vacuous": None}
    ended = {"a": "passed", "b": "failed", "c": "passed"}
    answers = {key: {"status": status, **entry} for key, status in ended.items()}
    execution = {"measured": True, "javac": "17", "sandbox": "unsafe", "rows": 8, "reference": {}}
    execution |= {"not_executable": [{"id": "d", "reason": "r"}], "models": {"students/ce": answers}}
    write_json(run / "evaluation/execution.json", execution)
    write_json(run / "evaluation/evaluation_metrics.json", scores())
    (run / "report.html").write_text("<html>a page</html>")
    _write_manifests(run)
    return run


def _write_manifests(run: Path) -> None:
    train = run / "dataset/train.parquet"
    jobs = [
        write_manifest(run, "dataset", {"max_target_tokens": 32}, [], [run / "dataset/counts.json", train])
    ]
    for model in TRAINED:
        report = run / model / "training_report.json"
        params = {"training": {"epochs": 2, "learning_rate": 0.5}}
        jobs.append(write_manifest(run, f"training/{model}", params, [train], [report]))
    metrics = run / "evaluation/evaluation_metrics.json"
    reports = [run / model / "training_report.json" for model in TRAINED]
    jobs.append(write_manifest(run, "score", {"evaluation": {"beams": 2}}, reports, [metrics]))
    jobs.append(write_manifest(run, "report", {"run": "small"}, [metrics], [run / "report.html"]))
    whole = {"run": "small", "config": CONFIG, "targets": [str(run / "report.html")], "unrecorded": []}
    write_json(run / "manifest.json", {**whole, "code": {}, "jobs": jobs})
