"""Students of the teacher's beams: what they weigh, and what becomes of the loss."""

import math
from pathlib import Path

import pyarrow as pa
import pytest
import torch

from kdlib.config import SequenceLevel, read_config
from kdlib.files import DataError, read_json, read_parquet, write_json, write_parquet
from kdlib.models.batch import collate, layout_of, read_rows
from kdlib.models.scratch import build
from kdlib.records import target_hash
from kdlib.training.teacher.references import write_references

CE = {"loss": "ce"}
CONFIG = Path(__file__).resolve().parents[3] / "config"
COUNTS = {"rows": 32, "generated": 99, "finished": 90, "valid": 80, "usable": 8}


@pytest.fixture
def beams(rows, tokenizer, tmp_path):
    """Two beams for each of the first two rows, with scores -1 and -2."""
    texts = ["assertTrue(box.isOpen());", "assertNull(box);"]
    found = []
    for row in sorted(rows[:2], key=lambda row: row.id):
        for rank, text in enumerate(texts, 1):
            ids = [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]
            own = {"id": row.id, "rank": rank, "score": -float(rank), "target": text}
            found.append({**own, "target_ids": ids, "target_hash": target_hash(ids)})
    path = tmp_path / "beams.parquet"
    write_parquet(path, pa.Table.from_pylist(found))
    write_json(path.with_suffix(".json"), COUNTS)
    return path


@pytest.fixture
def references(dataset, beams, tmp_path):
    """Return a function that writes the rows of a setting, and returns them by id with the counts."""

    def run(**settings):
        out = tmp_path / "references.parquet"
        counts = write_references(dataset.train, beams, SequenceLevel(**settings), out)
        table = read_parquet(out).to_pylist()
        return {
            key: [row for row in table if row["id"] == key] for key in {row["id"] for row in table}
        }, counts

    return run


def test_weights_are_shares_of_an_example_times_one_factor(references, rows):
    found, counts = references(keep=2, gold_weight=0.4, temperature=2.0)
    e = math.exp(-0.5)  # the second score is 1 nat below the first
    shares = [0.4, 0.6 / (1 + e), 0.6 * e / (1 + e)]
    factor = (32 + 4) / 32
    for row in rows:
        own = found[row.id]
        expected = shares if row in rows[:2] else [1.0]
        assert [one["weight"] for one in own] == pytest.approx([factor * share for share in expected])
        assert own[0]["target_ids"] == row.target_ids
        assert all(one["source_ids"] == row.source_ids for one in own)
    every = [one["weight"] for own in found.values() for one in own]
    assert sum(every) / len(every) == pytest.approx(1)
    assert counts == {**COUNTS, "kept": 4}


def test_the_best_are_kept_and_weightless_rows_left_out(references, rows):
    found, counts = references(keep=1, gold_weight=0.0)
    assert [one["target"] for one in found[rows[0].id]] == ["assertTrue(box.isOpen());"]
    assert [one["target_ids"] for one in found[rows[5].id]] == [rows[5].target_ids]
    assert counts["kept"] == 2


def test_beams_of_other_rows_are_refused(dataset, beams, tmp_path):
    table = read_parquet(beams).to_pylist()
    write_parquet(beams, pa.Table.from_pylist([{**table[0], "id": "elsewhere"}]))
    with pytest.raises(DataError, match="id elsewhere is not in"):
        write_references(dataset.train, beams, SequenceLevel(), tmp_path / "out.parquet")


def test_a_teacher_without_usable_beams_is_refused(dataset, beams, tmp_path):
    write_parquet(beams, read_parquet(beams).slice(0, 0))
    with pytest.raises(DataError, match="none of the teacher's beams is a valid assertion other than"):
        write_references(dataset.train, beams, SequenceLevel(), tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_the_step_descends_on_the_weighted_sum(first_step, references, tokenizer, tmp_path):
    """The paper's objective by one model call a reference, in whatever micro-batches."""
    from kdlib.config import Size

    references(keep=2, gold_weight=0.3)
    chosen = sorted(read_rows(tmp_path / "references.parquet"), key=lambda row: row.weight)[:12]
    assert len({row.weight for row in chosen}) == 4
    model = build(Size(d_model=32, d_ff=64, encoder_layers=1, decoder_layers=1, heads=2), tokenizer, 0.0, 3)
    total, positions = torch.tensor(0.0), 0
    for row in chosen:
        batch = collate([row], layout_of(model.config))
        total = total + row.weight * model(**batch).loss * len(row.target_ids)
        positions += len(row.target_ids)
    expected = total / positions
    expected.backward()
    ce = {"components": {"ce": {}}, "loss_weights": {"ce": 1.0}}
    for batch_size, accumulation in ((12, 1), (3, 4)):
        found = first_step(batch_size, accumulation, chosen=chosen, signals=None, **ce)
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(found.gradients[name], parameter.grad, atol=1e-6, rtol=1e-4)
        raw = sum(float(step["ce_loss_raw"]) for step in found.steps)
        assert raw == pytest.approx(float(expected.detach()), rel=1e-5)


def test_a_student_of_the_preset_learns_from_beams_and_reports_them(distill, beams, steps):
    training = {"epochs": 12, "learning_rate": 0.01, "dropout": 0, "patience": 12}
    config = read_config([CONFIG / "config.yaml", CONFIG / "sequence.yaml"])
    given = config.students["sequence"].model_dump(exclude={"teacher", "model", "size", "training"})
    out = distill("pupil", training, store=None, model=None, beams_file=beams, **given)
    report = read_json(out / "training_report.json")
    assert report["references"] == {**COUNTS, "kept": 2}
    assert report["planned_steps"] == 12 * math.ceil(34 / 8)
    rows = steps(out)
    assert float(rows[-1]["ce_loss_raw"]) < 0.5 * float(rows[0]["ce_loss_raw"])


def test_interrupted_it_ends_in_the_same_bytes(distill, beams, outcome, monkeypatch, tmp_path):
    from kdlib.training.loop.trainer import LossTrainer

    given = {"store": None, "model": None, "beams_file": beams, "beams": {"keep": 2}, **CE}
    training = {"epochs": 3, "dropout": 0.1}
    whole = outcome(distill("whole", training, **given))
    evaluate, calls = LossTrainer.evaluate, []

    def stop(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return evaluate(self, *args, **kwargs)

    monkeypatch.setattr(LossTrainer, "evaluate", stop)
    with pytest.raises(KeyboardInterrupt):
        distill("again", training, **given)
    monkeypatch.undo()
    assert list((tmp_path / "checkpoints").glob("*/references.parquet"))
    assert outcome(distill("again", training, **given)) == whole


def test_beams_must_be_given(distill):
    with pytest.raises(DataError, match=r"it learns from the teacher's beams \(rule beams\), none given"):
        distill("pupil", {"epochs": 1}, store=None, model=None, beams={}, **CE)


def test_a_teacher_online_is_compared_on_its_own_beams_too(distill, beams, steps):
    given = {"store": None, "beams_file": beams, "beams": {"keep": 2}, "signals": "online"}
    training = {"epochs": 6, "learning_rate": 0.01, "dropout": 0}
    rows = steps(distill("pupil", training, loss="traditional", **given))
    assert len(rows) == 6 * math.ceil(36 / 8)
    for column in ("ce_loss_raw", "kl_loss_raw"):
        assert float(rows[-1][column]) < 0.8 * float(rows[0][column])


def test_stored_beams_bring_their_own_signals(distill, signals_of, teacher, steps, tmp_path):
    """A student equal to its teacher has no divergence on any row, beams among them."""
    manifest = signals_of(tmp_path / "store", teacher, beams=3, precision="float32", codec={"kind": "dense"})
    frozen = {"epochs": 1, "dropout": 0, "learning_rate": 1e-12}
    given = {"components": {"ce": {}, "kl": {}}, "loss_weights": {"ce": 0.5, "kl": 0.5}}
    given |= {"beams": {"width": 3, "keep": 2}, "temperature": {"start": 2, "end": 2}}
    given |= {"layers": {"decoder": 1}, "size": None}
    out = distill("pupil", frozen, store=manifest, **given)
    report = read_json(out / "training_report.json")
    kept = report["references"]["kept"]
    assert kept > 0
    assert report["planned_steps"] == math.ceil((32 + kept) / 8)
    rows = steps(out)
    assert all(abs(float(row["kl_loss_raw"])) < 2e-3 for row in rows)
    assert all(float(row["ce_loss_raw"]) > 0.1 for row in rows)
