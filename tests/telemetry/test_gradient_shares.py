"""Shares of the gradient and what would change them, on numbers that can be told by hand."""

from __future__ import annotations

import csv

import pytest

from kdlib.files import DataError, write_json
from kdlib.telemetry.gradient_shares import advise, after_warmup, analysis, periods, read_measured
from kdlib.telemetry.step_csv import step_columns

# What a unit of weight brings: the norms of the run are weight · unit, β of semantic being 5.
UNITS = {"focal": 0.5, "jsd": 0.25, "semantic": 2.0}


def row(step, weights, norms, rate=1e-3):
    raw = dict.fromkeys(weights, 1.0)
    scales = {**dict.fromkeys(weights, 1.0), "semantic": 5.0}
    parts = {}
    for name, weight in weights.items():
        parts |= {
            f"{name}_loss_raw": raw[name],
            f"{name}_loss_weighted": weight * scales[name] * raw[name],
            f"{name}_weight": weight,
            f"{name}_grad_norm": "" if norms is None else norms[name],
        }
    usual = dict.fromkeys(step_columns(weights), 1)
    return {**usual, "step": step, "epoch": (step - 1) // 4, "learning_rate": rate, **parts}


def write(folder, rows):
    folder.mkdir(exist_ok=True)
    names = [name.removesuffix("_weight") for name in rows[0] if name.endswith("_weight")]
    with (folder / "step_metrics.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, step_columns(names))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def weighted(weights, units=UNITS):
    return {name: weight * units[name] for name, weight in weights.items()}


WEIGHTS = {"focal": 0.3, "jsd": 0.5, "semantic": 0.2}


@pytest.fixture
def run(tmp_path):
    """Twelve steps, every second one measured; two of warm-up; semantic comes in late."""
    rows = []
    for step in range(1, 13):
        weights = WEIGHTS if step > 4 else {**WEIGHTS, "semantic": 0.0}
        rate = 1e-3 * min(step / 3, 1) * (1 - step / 100)
        rows.append(row(step, weights, weighted(weights) if step % 2 else None, rate))
    return write(tmp_path / "run", rows)


def test_shares_over_time(run):
    measured = read_measured(run)
    assert [own.step for own in measured] == [1, 3, 5, 7, 9, 11]
    assert measured[0].shares == pytest.approx({"focal": 0.15 / 0.275, "jsd": 0.125 / 0.275, "semantic": 0})
    assert measured[-1].shares == pytest.approx(
        {"focal": 0.15 / 0.675, "jsd": 0.125 / 0.675, "semantic": 0.4 / 0.675}
    )
    assert measured[-1].scales == {"focal": 1.0, "jsd": 1.0, "semantic": 5.0}
    assert [(first, last) for first, last, _ in periods(measured)] == [(n, n) for n in (1, 3, 5, 7, 9, 11)]
    assert periods([*measured] * 2)[0][:2] == (1, 3)
    assert after_warmup(measured) == 3


def shares_with(weights, units=UNITS):
    norms = weighted(weights, units)
    return {name: norm / sum(norms.values()) for name, norm in norms.items()}


@pytest.mark.parametrize("asked", [{}, {"focal": 1, "jsd": 2, "semantic": 1}])
def test_the_recommended_weights_give_the_wanted_shares(run, asked):
    advice = advise(read_measured(run)[2:], asked)
    wanted = asked or WEIGHTS
    assert advice.wanted == pytest.approx({name: w / sum(wanted.values()) for name, w in wanted.items()})
    assert shares_with(advice.weights) == pytest.approx(advice.wanted)
    assert sum(advice.weights.values()) == pytest.approx(sum(WEIGHTS.values()))


def test_the_recommended_scale_gives_semantic_its_share_and_leaves_the_others(run):
    advice = advise(read_measured(run)[2:], {"focal": 3, "jsd": 3, "semantic": 4})
    assert advice.scale_now == 5.0
    found = shares_with(WEIGHTS, {**UNITS, "semantic": UNITS["semantic"] * advice.scale / 5.0})
    assert found["semantic"] == pytest.approx(0.4)
    assert found["focal"] / found["jsd"] == pytest.approx(0.15 / 0.125)


def test_a_balanced_run_stays_as_it_is(tmp_path):
    weights = {"focal": 0.4, "jsd": 0.6}
    units = {"focal": 1.0, "jsd": 1.0}
    run = write(tmp_path / "run", [row(step, weights, weighted(weights, units)) for step in (1, 2, 3)])
    advice = advise(read_measured(run), {})
    assert advice.found == pytest.approx(weights)
    assert advice.weights == pytest.approx(weights)
    assert (advice.scale, advice.scale_now) == (None, None)


def test_one_odd_measurement_moves_nothing(tmp_path):
    rows = [row(step, WEIGHTS, weighted(WEIGHTS)) for step in range(1, 8)]
    usual = advise(read_measured(write(tmp_path / "usual", rows)), {})
    rows[3]["jsd_grad_norm"] = 1e4
    odd = advise(read_measured(write(tmp_path / "odd", rows)), {})
    assert odd.weights == pytest.approx(usual.weights)
    assert odd.scale == pytest.approx(usual.scale)


def test_micro_batches_of_a_step_are_added(tmp_path):
    rows = [row(1, WEIGHTS, weighted(WEIGHTS)) for _ in range(2)]
    (measured,) = read_measured(write(tmp_path / "run", rows))
    assert measured.norms == pytest.approx({name: 2 * norm for name, norm in weighted(WEIGHTS).items()})


@pytest.mark.parametrize(
    ("params", "keys"),
    [
        (None, {"schedule", "loss_weights"}),
        ({"loss": "multi_component"}, {"schedule", "loss_weights"}),
        ({"loss": "traditional"}, {"alpha"}),
        ({"loss": "enhanced"}, {"alpha", "pans_weight"}),
    ],
)
def test_the_advice_is_in_keys_of_the_configuration(tmp_path, params, keys):
    weights = {"ce": 0.5, "kl": 0.5, **({"pans": 0.1} if params == {"loss": "enhanced"} else {})}
    units = {"ce": 1.0, "kl": 4.0, "pans": 1.0}
    run = write(tmp_path / "run", [row(1, weights, weighted(weights, units))])
    if params:
        write_json(run / "training_report.json", {"params": params})
    advised = analysis(run, dict.fromkeys(weights, 1.0), None)["recommended"]["keys"]
    assert set(advised) == keys
    if "alpha" in keys:
        assert advised["alpha"] == 0.2  # kl is four times as steep
        assert advised.get("pans_weight", 0.8) == 0.8
    else:
        assert advised["loss_weights"] == {"ce": 0.8, "kl": 0.2}


def test_the_steps_to_look_at_can_be_chosen(run):
    assert analysis(run, {}, None)["looked_at"] == {"first_step": 3, "measured_steps": 5}
    assert analysis(run, {}, 8)["looked_at"] == {"first_step": 9, "measured_steps": 2}
    with pytest.raises(DataError, match="from step 12 on, the last at 11"):
        analysis(run, {}, 12)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"focl": 1.0}, "no component focl; it has focal, jsd, semantic"),
        ({"focal": 1.0, "jsd": 1.0}, "no share is given for semantic"),
        ({"focal": 1.0, "jsd": 0.0, "semantic": 1.0}, "share of jsd must be above 0, got 0"),
        ({"focal": 1.0, "jsd": float("nan"), "semantic": 1.0}, "share of jsd must be above 0, got nan"),
    ],
)
def test_shares_that_make_no_sense_are_told(run, asked, told):
    with pytest.raises(DataError, match=told):
        analysis(run, asked, None)


def test_runs_that_do_not_tell_are_told(tmp_path):
    alone = write(tmp_path / "alone", [row(1, {"ce": 1.0}, {"ce": 1.0})])
    with pytest.raises(DataError, match="ce is its only component"):
        analysis(alone, {}, None)
    unmeasured = write(tmp_path / "unmeasured", [row(1, WEIGHTS, None)])
    with pytest.raises(DataError, match=r"gradient_every"):
        analysis(unmeasured, {}, None)
    off = {**WEIGHTS, "semantic": 0.0}
    never = write(tmp_path / "never", [row(1, off, weighted(off))])
    with pytest.raises(DataError, match="semantic has weight 0 in all steps"):
        analysis(never, {"focal": 1, "jsd": 1, "semantic": 1}, None)
    flat = write(tmp_path / "flat", [row(1, WEIGHTS, {**weighted(WEIGHTS), "jsd": 0.0})])
    with pytest.raises(DataError, match="jsd has no gradient at all"):
        analysis(flat, {}, None)
    (tmp_path / "students").mkdir()
    with pytest.raises(DataError, match=r"there is no such file; give a folder like .*students/NAME"):
        analysis(tmp_path, {}, None)


def test_following_the_advice_moves_a_real_training_towards_the_wanted_shares(distill):
    training = {"epochs": 1, "dropout": 0, "records": {"gradient_every": 1}}
    parts = {"focal": {}, "jsd": {}, "semantic": {}}
    wanted = {"focal": 1.0, "jsd": 1.0, "semantic": 1.0}

    def far(found):
        return max(abs(share - 1 / 3) for share in found["share"].values())

    weights = {"focal": 0.1, "jsd": 0.1, "semantic": 0.8}
    first = analysis(distill("first", training, components=parts, loss_weights=weights), wanted, None)
    assert first["share"]["semantic"] > 0.6
    advised = first["recommended"]["keys"]
    again = analysis(distill("again", training, components=parts, **advised), wanted, None)
    assert far(again) < 0.5 * far(first)
