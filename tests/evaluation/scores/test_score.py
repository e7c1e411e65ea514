from __future__ import annotations

import csv
import json
import math

import numpy as np
import pyarrow as pa
import pytest
import sacrebleu

from kdlib.config import Evaluation
from kdlib.evaluation.scores.compare import ACCEPTANCE, QUALITY, pairs
from kdlib.evaluation.scores.measured import EXECUTED, MeasurementFiles
from kdlib.evaluation.scores.score import Relations, ScoredData, score
from kdlib.evaluation.text.metrics import METRICS
from kdlib.files import DataError, read_json, read_jsonl, write_json, write_parquet, write_predictions
from kdlib.java.tokens import code_tokens
from kdlib.records import Prediction
from kdlib.results.evaluation import read_evaluation

IDS = ["a", "b", "c", "d"]
TARGETS = ["assertEquals(1, x.size());", "assertTrue(y);", 'assertEquals("p q", z.name());', "assertNull(w);"]
TOKENS = [9, 5, 11, 4]
TEACHERS = {"students/ce": "teachers/t", "students/traditional": "teachers/t"}


@pytest.fixture
def run(tmp_path):
    ids = pa.array([list(range(count)) for count in TOKENS], pa.list_(pa.int32()))
    write_parquet(tmp_path / "test.parquet", pa.table({"id": IDS, "target": TARGETS, "target_ids": ids}))
    places = [[{"source": "lib", "kind": target.partition("(")[0]}] for target in TARGETS]
    write_parquet(tmp_path / "examples.parquet", pa.table({"id": IDS, "occurrences": places}))
    write_parquet(tmp_path / "train.parquet", pa.table({"target": ["assertTrue( y );", "f();"]}))
    return tmp_path


def model(run, name, texts, nll=None, ids=IDS, tokens=TOKENS):
    """Write a model's folder; each entry of texts is the N-best list of a row. Rows come in reverse order."""
    folder = run / name
    found = [
        Prediction(key, rank, text, -float(rank))
        for key, own in zip(ids, texts, strict=True)
        for rank, text in enumerate(own, 1)
    ]
    write_predictions(folder / "predictions.jsonl", found[::-1])
    if nll is not None:
        table = pa.table({"id": ids[::-1], "tokens": tokens[::-1], "nll": pa.array(nll[::-1], pa.float64())})
        write_parquet(folder / "nll.parquet", table)
    return {name: folder}


def scored(run, models, executed=None, seeds=(), similarity=None, **settings):
    evaluation = Evaluation(resamples=200, n_best=2, **settings)
    ran = run / "execution.json"
    write_json(ran, executed or {"measured": False, "reason": "no JDK"})
    if similarity is None:
        write_json(run / "similarity.json", {"measured": False, "reason": "no encoder"})
    else:
        write_json(run / "similarity.json", {"measured": True, "rows": 4, "signature": "v:1|encoder:e"})
        lines = [(name, key, value) for name, own in similarity.items() for key, value in own.items()]
        table = pa.table(dict(zip(("model", "id", "value"), zip(*lines, strict=True), strict=True)))
        write_parquet(run / "similarity.parquet", table)
    measurements = MeasurementFiles(ran, run / "similarity.parquet", run / "similarity.json")
    data = ScoredData(run / "test.parquet", run / "train.parquet", run / "examples.parquet", "class")
    report = score(models, data, measurements, evaluation, Relations(TEACHERS, seeds), run)
    assert read_evaluation(run / "evaluation_metrics.json") == report
    return read_json(run / "evaluation_metrics.json"), list(read_jsonl(run / "predictions_final.jsonl"))


KEPT = {"krs", "agreement", "top1_agreement", "answer_agreement"}
RAN = set(EXECUTED)
MEASURED = {"nll", "semantic", "quality"} | KEPT | RAN
GOOD = [[TARGETS[0]], ["assertTrue( y ) ;"], ["assertNull(z);", TARGETS[2]], ["assertNull(w)"]]


def test_values_of_a_model(run):
    result, samples = scored(run, model(run, "students/ce", GOOD, nll=[2.0, 1.0, 6.0, 0.5]))
    own = result["models"]["students/ce"]
    assert own["exact_match"]["value"] == 0.5
    assert own["exact_match_at_k"]["value"] == 0.75
    assert own["syntax_valid"]["value"] == 0.75
    assert own["syntax_valid_javalang"]["value"] == 0.75
    assert own["nll"]["value"] == pytest.approx(9.5 / sum(TOKENS))
    # Row c: assertNull ( z ) ; against assertEquals ( "p q" , z . name ( ) ) ; shares ( z ) ; -> 8 / 16.
    # Row d: four of five tokens -> 8 / 9.
    assert own["token_f1"]["value"] == pytest.approx((1 + 1 + 8 / 16 + 8 / 9) / 4)
    lines = [" ".join(code_tokens(texts[0])) for texts in GOOD]
    gold = [" ".join(code_tokens(target)) for target in TARGETS]
    assert own["bleu"]["value"] == sacrebleu.corpus_bleu(lines, [gold], tokenize="none").score
    assert all(entry["n"] == 4 and entry["low"] <= entry["value"] <= entry["high"] for entry in own.values())
    known = {"model": "students/ce", "id": "c", "prediction": "assertNull(z);", "references": [TARGETS[2]]}
    known |= {
        "exact_match": False,
        "exact_match_at_k": True,
        "token_f1": 0.5,
        "syntax_valid": True,
        "nll": 6.0,
    }
    assert {key: samples[2][key] for key in known} == known
    assert [sample["id"] for sample in samples] == IDS


def test_signatures_trace_every_number(run):
    result, _ = scored(run, model(run, "students/ce", GOOD), seed=0)
    own = result["models"]["students/ce"]
    end = "n:4|split:class|boot:200|conf:0.95|seed:0"
    assert own["exact_match"]["signature"] == f"exact_match|v:1|norm:ws|{end}"
    assert own["exact_match_at_k"]["signature"] == f"exact_match_at_k|v:1|k:2|norm:ws|{end}"
    metric = sacrebleu.BLEU(tokenize="none")
    metric.corpus_score(["x"], [["x"]])
    assert own["bleu"]["signature"] == f"bleu|v:1|{metric.get_signature()}|{end}"
    assert own.keys() == result["metrics"].keys() == METRICS.keys() - MEASURED
    assert list(own) == [name for name in METRICS if name in own]
    assert (result["rows"], result["split"], result["rows_of"]) == (4, "class", "test")


def test_scores_of_validation_say_so(run):
    result, _ = scored(run, model(run, "students/ce", GOOD), seed=0, split="validation")
    found = result["models"]["students/ce"]["exact_match"]["signature"]
    assert found.endswith("|n:4|on:validation|split:class|boot:200|conf:0.95|seed:0")
    assert (result["rows_of"], read_json(run / "metrics_summary_final.json")["rows_of"]) == (
        "validation",
    ) * 2


def execution(models, left="b", mutants=4):
    """Return what running gave: model: row: status and killed mutants."""

    def entry(status, killed=0, vacuous=None):
        tried = mutants if status == "passed" and vacuous is None else 0
        score = {"killed": killed, "mutants": tried}
        told = {"status": status, "message": "", "asserted": status == "failed", "vacuous": vacuous}
        return {**told, "rank": {"killed": tried, "mutants": tried}, "score": score}

    return {
        "measured": True,
        "javac": "17.0.1",
        "sandbox": "bubblewrap",
        "rows": 4,
        "not_executable": [{"id": left, "reason": "its own assertion has failed: expected 1"}],
        "reference": {key: entry("passed", mutants // 2) for key in IDS if key != left},
        "models": {name: {key: entry(*told) for key, told in own.items()} for name, own in models.items()},
    }


DID = {"a": ("passed", 3), "c": ("not_compiled",), "d": ("failed",)}


def test_execution_is_over_the_rows_that_can_be_run(run):
    models = model(run, "students/ce", GOOD)
    result, samples = scored(run, models, execution({"students/ce": DID}), seed=0)
    own = result["models"]["students/ce"]
    assert result["reference"]["mutation_score"]["value"] == 0.5
    assert own["compiles"]["value"] == pytest.approx(2 / 3)
    assert own["passes"]["value"] == pytest.approx(1 / 3)
    assert own["mutation_score"]["value"] == 3 / 12  # what is not valid kills none of four
    assert own["mutation_score_by_row"]["value"] == pytest.approx((3 / 4 + 0 + 0) / 3)
    assert own["valid"]["value"] == own["strong"]["value"] == pytest.approx(1 / 3)
    assert own["vacuous"]["value"] == 0
    end = "n:3|split:class|boot:200|conf:0.95|seed:0"
    assert own["passes"]["signature"] == f"passes|v:2|javac:17.0.1|sandbox:bubblewrap|{end}"
    assert own["exact_match"]["n"] == 4
    assert result["metrics"]["passes"]["higher_is_better"]
    assert not result["metrics"]["vacuous"]["higher_is_better"]
    ran = [sample.get("execution", {}).get("status") for sample in samples]
    assert ran == ["passed", None, "not_compiled", "failed"]
    assert result["not_measured"][0] == {
        "what": "execution of 1 of 4 rows",
        "reason": "1 its own assertion has failed",
    }


def test_rows_without_mutants_have_no_mutation_score(run):
    models = model(run, "students/ce", GOOD)
    result, _ = scored(run, models, execution({"students/ce": DID}, mutants=0))
    assert not {"mutation_score", "mutation_score_by_row", "strong"} & result["models"]["students/ce"].keys()
    assert "valid" in result["models"]["students/ce"]


def test_what_passes_is_valid_or_vacuous(run):
    models = model(run, "students/ce", GOOD)
    ran = {
        "a": ("passed", 0),
        "c": ("failed", 0, "it asserts a constant"),
        "d": ("passed", 4, "it asserts a constant"),
    }
    result, _ = scored(run, models, execution({"students/ce": ran}))
    own = {name: score["value"] for name, score in result["models"]["students/ce"].items()}
    assert own["passes"] == pytest.approx(2 / 3)
    assert own["valid"] == own["vacuous"] == pytest.approx(1 / 3)
    # One is valid and kills nothing, the other kills by something else than a check.
    assert own["strong"] == own["mutation_score"] == own["mutation_score_by_row"] == 0


def test_rows_without_a_mutant_to_score_do_not_count_for_what_kills(run):
    models = model(run, "students/ce", GOOD)
    ran = execution({"students/ce": DID})
    ran["reference"]["c"]["score"] = {"killed": 0, "mutants": 0}
    result, _ = scored(run, models, ran)
    own = result["models"]["students/ce"]
    assert own["mutation_score"]["value"] == 3 / 8
    assert (own["strong"]["value"], own["strong"]["n"]) == (0.5, 2)
    assert own["valid"]["n"] == 3


def faulty(ran, **answers):
    """Add a fault to rows, with what each model says of it, in the order of the models."""
    fault = {"path": "p/Lib.java", "operator": "relational", "line": 3, "replacement": "<="}
    for key, said in answers.items():
        for own, answer in zip(ran["models"].values(), said, strict=True):
            own[key]["fault"] = answer
        ran["reference"][key]["fault"] = "exposed"
    return {**ran, "faults": dict.fromkeys(answers, fault)}


def test_faults_that_are_exposed_and_blessed_are_shares_of_the_rows_with_one(run):
    models = model(run, "students/ce", GOOD) | model(run, "baselines/retrieval", GOOD)
    ran = execution(dict.fromkeys(models, DID))
    told = faulty(ran, a=("exposed", "blessed"), c=("none", "blessed"))
    result, samples = scored(run, models, told, seed=0)
    own = result["models"]["students/ce"]
    # Of a and c; d has no fault, and b cannot be run.
    assert (own["exposed"]["value"], own["exposed"]["n"]) == (0.5, 2)
    assert (own["blessed"]["value"], own["blessed"]["n"]) == (0, 2)
    other = result["models"]["baselines/retrieval"]
    assert (other["exposed"]["value"], other["blessed"]["value"]) == (0, 1)
    assert result["metrics"]["exposed"]["higher_is_better"]
    assert not result["metrics"]["blessed"]["higher_is_better"]
    end = "n:2|split:class|boot:200|conf:0.95|seed:0"
    assert own["exposed"]["signature"] == f"exposed|v:2|javac:17.0.1|sandbox:bubblewrap|{end}"
    compared = {own["metric"]: own["difference"] for own in result["comparisons"]}
    assert (compared["exposed"], compared["blessed"]) == (0.5, -1)
    assert [line.get("execution", {}).get("fault") for line in samples[:4]] == ["exposed", None, "none", None]


@pytest.mark.parametrize("answer", ["false_alarm", "silent", "none"])
def test_other_answers_expose_and_bless_nothing(run, answer):
    models = model(run, "students/ce", GOOD)
    result, _ = scored(run, models, faulty(execution({"students/ce": DID}), a=[answer], d=["exposed"]))
    own = result["models"]["students/ce"]
    assert (own["exposed"]["value"], own["blessed"]["value"]) == (0.5, 0)


def test_without_faults_there_are_no_such_shares(run):
    result, _ = scored(run, model(run, "students/ce", GOOD), execution({"students/ce": DID}))
    assert not {"exposed", "blessed"} & result["metrics"].keys()


def test_an_execution_of_another_version_is_refused(run):
    old = execution({"students/ce": DID})
    old["models"]["students/ce"]["a"] = {
        "status": "passed",
        "message": "",
        "tautology": None,
        "killed": 1,
        "mutants": 2,
    }
    with pytest.raises(DataError, match=r"execution\.json: .*another version of kdlib .* run it again"):
        scored(run, model(run, "students/ce", GOOD), old)


def test_what_is_not_run_is_told(run):
    result, samples = scored(run, model(run, "students/ce", GOOD))
    assert result["not_measured"] == [
        {"what": "execution", "reason": "no JDK"},
        {"what": "semantic similarity", "reason": "no encoder"},
    ]
    assert all("execution" not in sample for sample in samples)


def test_an_execution_of_other_predictions_is_refused(run):
    models = model(run, "students/ce", GOOD)
    for other in ({"students/ce": {"a": ("passed", 1)}}, {"students/x": DID}):
        with pytest.raises(DataError, match=r"execution\.json: not of these models and test rows"):
            scored(run, models, execution(other))
        assert not (run / "evaluation_metrics.json").exists()


def test_strange_predictions_are_scored(run):
    for at, strange in enumerate(
        ["", " \n\t", "x" * 10_000, "((" * 5000, "%§ 你好 \x00 😀", "// only", '"open']
    ):
        texts = [[strange] for _ in IDS]
        result, samples = scored(run, model(run, f"students/m{at}", texts))
        own = result["models"][f"students/m{at}"]
        assert own["exact_match"]["value"] == own["syntax_valid"]["value"] == 0
        assert own["syntax_valid_javalang"]["value"] == 0
        assert 0 <= own["token_f1"]["value"] < 0.6
        assert samples[0]["prediction"] == strange


def test_half_a_surrogate_pair_is_scored(run):
    lines = [json.dumps({"id": key, "rank": 1, "text": "f(\ud83d);", "score": 0.0}) for key in IDS]
    (run / "m").mkdir()
    (run / "m" / "predictions.jsonl").write_text("\n".join(lines))
    _, samples = scored(run, {"students/m": run / "m"})
    assert samples[0]["prediction"] == "f(?);"


def test_one_row_and_one_model(run):
    ids = pa.array([[1]], pa.list_(pa.int32()))
    write_parquet(run / "test.parquet", pa.table({"id": ["a"], "target": ["f();"], "target_ids": ids}))
    result, _ = scored(run, model(run, "teachers/t", [["f();"]], ids=["a"]))
    own = result["models"]["teachers/t"]["exact_match"]
    assert (own["value"], own["low"], own["high"], own["n"]) == (1, 1, 1, 1)


def test_pairs_are_the_planned_ones():
    models = ["teachers/t", "students/traditional", "students/ce"]
    names = [*models, "baselines/retrieval", "baselines/trigram", "baselines/frequent"]
    found = {(pair.a, pair.b): pair for pair in pairs(names, TEACHERS)}
    assert found.keys() == {
        *((name, "baselines/retrieval") for name in models),
        *((name, "baselines/trigram") for name in names if name != "baselines/trigram"),
        *((student, "teachers/t") for student in models[1:]),
        ("students/ce", "students/traditional"),
    }
    assert {pair.family for pair in found.values() if pair.b == "teachers/t"} == {"teacher"}
    assert set(ACCEPTANCE) == set(found["students/ce", "students/traditional"].metrics)
    assert pairs(["teachers/t", "students/x"], {}) == []


def test_values_of_comparisons(run):
    models = model(run, "students/ce", GOOD, nll=[2.0, 1.0, 6.0, 0.5])
    models |= model(run, "baselines/retrieval", [[TARGETS[0]], ["x"], ["x"], ["x"]])
    models |= model(run, "baselines/trigram", [["x"]] * 4, nll=[9.0, 9.0, 9.0, 9.0])
    result, _ = scored(run, models)
    exact, f1, code, nll = result["comparisons"]
    values = result["models"]
    assert (exact["a"], exact["b"], exact["metric"]) == ("students/ce", "baselines/retrieval", "exact_match")
    assert (exact["difference"], exact["n"]) == (0.25, 4)
    assert exact["p"] == 1  # one row differs: either assignment of it is as extreme
    for entry in (f1, code, nll):
        a, b = (values[entry[side]][entry["metric"]]["value"] for side in "ab")
        assert entry["difference"] == pytest.approx(a - b)
        assert entry["low"] <= entry["difference"] <= entry["high"]
    assert nll["difference"] == pytest.approx((9.5 - 36) / sum(TOKENS))
    # All four rows favour the student: 2 of the 16 assignments are as extreme.
    assert nll["p"] == pytest.approx(2 / 16, abs=0.08)
    assert (
        nll["signature"] == "nll|v:1|unit:nat/token|test:paired-ar|n:4|split:class|boot:200|conf:0.95|seed:42"
    )


def test_p_is_corrected_for_all_presets_of_a_family(run):
    models = model(run, "baselines/retrieval", [["x"]] * 4)
    for name, texts in (("ce", GOOD), ("b", [["assertTrue(y);"]] * 4), ("c", [["x"]] * 4)):
        models |= model(run, f"students/{name}", texts)
    result, _ = scored(run, models)
    family = [own for own in result["comparisons"] if own["metric"] == "token_f1"]
    assert len(family) == 3
    ordered = sorted(own["p"] for own in family)
    expected = [3 * ordered[0], 2 * ordered[1], ordered[2]]
    expected = [min(1, max(expected[: at + 1])) for at in range(3)]
    assert sorted(own["p_holm"] for own in family) == pytest.approx(expected)


def test_semantic_similarity_and_the_quality_score(run):
    models = model(run, "students/ce", GOOD)
    near = {"students/ce": dict(zip(IDS, [1.0, 0.9, 0.2, 0.5], strict=True))}
    result, samples = scored(run, models, similarity=near)
    own = {name: score["value"] for name, score in result["models"]["students/ce"].items()}
    assert own["semantic"] == pytest.approx(2.6 / 4)
    expected = 0.25 * own["codebleu"] + 0.25 * own["semantic"] + 0.2 * own["syntax_valid"]
    expected += 0.2 * own["token_similarity"] + 0.1 * own["token_accuracy"]
    assert own["quality"] == pytest.approx(expected)
    assert [sample["semantic"] for sample in samples] == [1.0, 0.9, 0.2, 0.5]
    assert "encoder:e" in result["models"]["students/ce"]["quality"]["signature"]


def test_similarity_of_other_rows_is_refused(run):
    near = {"students/ce": {"a": 1.0, "b": 1.0}}
    with pytest.raises(DataError, match=r"similarity\.parquet: students/ce must have exactly .* missing 2"):
        scored(run, model(run, "students/ce", GOOD), similarity=near)


def test_what_a_student_keeps_of_its_teacher(run):
    models = model(run, "teachers/t", [[target] for target in TARGETS]) | model(run, "students/ce", GOOD)
    agreement = {"id": IDS[::-1], "tokens": TOKENS[::-1], "kl": [4.0, 11.0, 5.0, 9.0], "top1": [1, 2, 3, 9]}
    write_parquet(models["students/ce"] / "agreement.parquet", pa.table(agreement))
    result, _ = scored(run, models)
    own = {name: score["value"] for name, score in result["models"]["students/ce"].items()}
    assert own["agreement"] == pytest.approx(1 - (29 / 29) / 10)
    assert own["top1_agreement"] == pytest.approx(15 / 29)
    assert own["answer_agreement"] == 0.5
    assert own["krs"] == pytest.approx(0.6 * 0.9 + 0.4 * own["token_f1"])
    assert "krs" not in result["models"]["teachers/t"]


def test_slices_are_scores_of_their_rows(run, monkeypatch):
    monkeypatch.setattr("kdlib.evaluation.scores.slices.FEWEST", 1)
    result, _ = scored(run, model(run, "students/ce", GOOD))
    found = {
        (name, own["value"]): (own["n"], own["models"]["students/ce"]["exact_match"]["value"])
        for name, parts in result["slices"].items()
        for own in parts
    }
    assert found == {
        ("kind", "assertEquals"): (2, 0.5),
        ("kind", "assertTrue"): (1, 1.0),
        ("kind", "assertNull"): (1, 0.0),
        ("length", "1-10 tokens"): (2, 0.5),
        ("length", "11-20 tokens"): (2, 0.5),
        ("project", "lib"): (4, 0.5),
        ("target", "also in training"): (1, 1.0),
        ("target", "new"): (3, pytest.approx(1 / 3)),
    }


def test_parts_of_few_rows_are_joined(run):
    result, _ = scored(run, model(run, "students/ce", GOOD))
    assert [(own["value"], own["n"]) for own in result["slices"]["kind"]] == [
        ("others, fewer than 10 rows each", 4)
    ]


def test_mean_and_spread_over_seeds(run):
    models = model(run, "students/a", GOOD) | model(run, "students/b", [["x"]] * 4)
    result, _ = scored(run, models, seeds=[["students/a", "students/b"]])
    (group,) = result["seeds"]
    own = group["metrics"]["exact_match"]
    assert (own["mean"], own["number"], own["values"]) == (0.25, 2, [0.5, 0.0])
    assert own["deviation"] == pytest.approx(math.sqrt(2 * 0.25**2))


def test_the_four_files_say_the_same(run):
    models = model(run, "students/traditional", [["x"]] * 4) | model(run, "students/ce", GOOD)
    result, _ = scored(run, models | model(run, "baselines/retrieval", [["f();"]] * 4))
    with (run / "metrics_final.csv").open(newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["slice"] == "all"]
    table = {(line["model"], line["metric"]): line for line in lines}
    summary = read_json(run / "metrics_summary_final.json")
    for name, own in result["models"].items():
        assert summary["models"][name] == {metric: found["value"] for metric, found in own.items()}
        for metric, found in own.items():
            assert table[name, metric]["signature"] == found["signature"]
            assert float(table[name, metric]["low"]) == found["low"]
    assert summary["beats_retrieval"]["students/ce"].keys() == set(QUALITY)
    assert summary["beats_traditional"]["students/ce"].keys() == set(ACCEPTANCE)
    assert "students/traditional" not in summary["beats_traditional"]


def test_a_row_that_is_no_example_is_refused(run):
    write_parquet(
        run / "examples.parquet", pa.table({"id": ["z"], "occurrences": [[{"source": "s", "kind": "k"}]]})
    )
    refused(run, model(run, "students/ce", GOOD), "examples.parquet", "no example 'a'")


def test_equal_inputs_write_equal_bytes(run):
    models = model(run, "students/ce", GOOD) | model(run, "baselines/retrieval", [["x"]] * 4)
    scored(run, models)
    first = (run / "evaluation_metrics.json").read_bytes(), (run / "predictions_final.jsonl").read_bytes()
    scored(run, models)
    assert first == (
        (run / "evaluation_metrics.json").read_bytes(),
        (run / "predictions_final.jsonl").read_bytes(),
    )


def refused(run, models, *words):
    with pytest.raises(DataError) as caught:
        scored(run, models)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert not (run / "evaluation_metrics.json").exists()


def test_other_ids_are_refused(run):
    refused(run, model(run, "students/less", GOOD[:3], ids=IDS[:3]), "students/less", "missing 1 ['d']")
    refused(run, model(run, "students/more", [*GOOD, ["x"]], ids=[*IDS, "e"]), "students/more", "['e']")
    few = model(run, "students/nll", GOOD)
    table = pa.table({"id": ["a"], "tokens": [9], "nll": [1.0]})
    write_parquet(few["students/nll"] / "nll.parquet", table)
    refused(run, few, "students/nll", "nll.parquet", "missing 3")


def test_other_tokens_and_broken_likelihoods_are_refused(run):
    refused(
        run,
        model(run, "students/a", GOOD, nll=[1.0] * 4, tokens=[9, 5, 11, 3]),
        "3 tokens for 'd'",
        "4 tokens",
    )
    refused(run, model(run, "students/b", GOOD, nll=[1.0, math.nan, 1.0, 1.0]), "nan nats", "'b'")
    refused(run, model(run, "students/c", GOOD, nll=[1.0, np.inf, 1.0, 1.0]), "inf nats")


def test_broken_ranks_are_refused(run):
    folder = run / "students" / "x"
    rows = [Prediction(key, 1, "t;", 0.0) for key in IDS]
    write_predictions(folder / "predictions.jsonl", [*rows, rows[0]])
    refused(run, {"students/x": folder}, "rank 1 of 'a'")
    write_predictions(folder / "predictions.jsonl", [*rows, Prediction("b", 3, "t;", 0.0)])
    refused(run, {"students/x": folder}, "ranks of 'b'", "[1, 3]")
    lines = [{"id": key, "rank": 1, "text": None, "score": 0} for key in IDS]
    (folder / "predictions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    refused(run, {"students/x": folder}, "no string")
    refused(run, {"students/y": run / "students" / "y"}, "students/y", "does not exist")


def test_no_test_rows(run):
    empty = {"id": pa.array([], pa.string()), "target": pa.array([], pa.string())}
    write_parquet(run / "test.parquet", pa.table(empty | {"target_ids": pa.array([], pa.list_(pa.int32()))}))
    refused(run, {}, "no rows to score; raise split.test")
