from __future__ import annotations

import math

import pytest

from kdlib.report.curves import POINTS, Line, read_curves, thinned

STEPS = """\
epoch,step,mini_batch_idx,ce_loss_raw,ce_loss_weighted,ce_weight,kl_loss_raw,kl_loss_weighted,kl_weight,\
total_loss_raw,total_loss_weighted,temperature,learning_rate
0,1,0,1.5,0.75,0.5,2,1,0.5,3.5,1.75,4,0.1
0,1,1,0.5,0.25,0.6,4,2,0.4,4.5,2.25,3,0.2
1,2,0,1,0.5,0.5,,nan,0.5,inf,1,2,0.3
"""


@pytest.fixture
def curves(tmp_path):
    (tmp_path / "steps.csv").write_text(STEPS)
    (tmp_path / "epochs.csv").write_text("epoch,step,validation_nll\n0,1,2.5\n1,2,2.25\n")
    return read_curves(tmp_path / "steps.csv", tmp_path / "epochs.csv")


def test_losses_of_a_step_add_up_and_settings_are_the_last(curves):
    assert list(curves.raw) == ["ce", "kl"]
    assert list(curves.weighted) == ["ce", "kl", "total"]
    assert curves.raw["ce"] == ([1, 2], [2.0, 1.0])
    assert curves.weighted["total"] == ([1, 2], [4.0, 1.0])
    assert curves.weights["kl"] == ([1, 2], [0.4, 0.5])
    assert curves.temperature == ([1, 2], [3, 2])
    assert curves.learning_rate.y == [0.2, 0.3]
    assert curves.validation == ([1, 2], [2.5, 2.25])


def test_a_missing_or_broken_loss_is_a_gap_and_not_a_number(curves):
    assert curves.raw["kl"].y[0] == 6
    assert math.isnan(curves.raw["kl"].y[1])
    assert math.isnan(curves.weighted["kl"].y[1])


def test_shares_of_the_gradient_add_up_where_it_was_measured(tmp_path):
    (tmp_path / "epochs.csv").write_text("epoch,step,validation_nll\n")
    head, *rows = STEPS.splitlines()
    norms = ["0.5,1.0", "0.25,0.25", ","]
    lines = [
        f"{head},ce_grad_norm,kl_grad_norm",
        *(f"{row},{own}" for row, own in zip(rows, norms, strict=True)),
    ]
    (tmp_path / "steps.csv").write_text("\n".join(lines) + "\n")
    shares = read_curves(tmp_path / "steps.csv", tmp_path / "epochs.csv").shares
    assert shares == {"ce": ([1], [0.375]), "kl": ([1], [0.625])}


def test_a_run_without_measured_gradients_has_no_shares(curves):
    assert curves.shares == {}


def test_a_short_line_is_kept():
    line = Line(list(range(POINTS)), [float(x * x) for x in range(POINTS)])
    assert thinned(line) == line


@pytest.mark.parametrize("n", [POINTS + 1, 2 * POINTS, 2 * POINTS - 1, 7777])
def test_thinning_keeps_the_mean_or_the_last(n):
    line = Line(list(range(n)), [float(x) for x in range(n)])
    mean, last = thinned(line), thinned(line, average=False)
    assert len(mean.x) == len(mean.y) == len(last.x) == POINTS
    assert mean.x == pytest.approx(mean.y)
    assert mean.x == sorted(set(mean.x))
    assert last.y == [float(x) for x in last.x]
    assert last.x[-1] == n - 1


def test_thinning_averages_every_point_once():
    line = Line(list(range(2 * POINTS)), [0.0, 1.0] * POINTS)
    assert thinned(line).y == [0.5] * POINTS


def test_a_training_without_steps(tmp_path):
    (tmp_path / "steps.csv").write_text(STEPS.splitlines()[0] + "\n")
    (tmp_path / "epochs.csv").write_text("epoch,step,validation_nll\n")
    curves = read_curves(tmp_path / "steps.csv", tmp_path / "epochs.csv")
    assert curves.raw["ce"] == curves.validation == ([], [])
