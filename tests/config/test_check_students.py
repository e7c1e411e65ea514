"""What students ask of stored signals that these cannot give."""

import pytest

from kdlib.config import ConfigError, load_config
from tests.config.conftest import problems, with_student

SPARSE = ["topk", "nucleus", "sampled"]


@pytest.mark.parametrize("kind", SPARSE)
def test_reverse_kl_on_a_sparse_store_is_reported_with_the_way_out(kind):
    raw = with_student(
        components={"reverse_kl": {}}, loss_weights={"reverse_kl": 1}, temperature={"start": 2, "end": 2}
    )
    raw["signals"] = {"codec": {"kind": kind, "temperature": 2}}
    assert problems(raw) == [
        f"students.one.components.reverse_kl: it is infinite where signals.codec {kind} keeps no tail; "
        "use codec hidden, or skew_kl or jsd, which stay finite"
    ]
    raw["signals"] = {"codec": {"kind": "hidden"}}
    assert load_config(raw).students["one"].components.names() == ["reverse_kl"]


@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize(
    ("temperature", "asked"), [({"start": 4, "end": 1.5}, "1.5, 4"), ({"start": 2, "end": 3}, "3")]
)
def test_a_sparse_store_at_another_temperature_is_reported_with_the_way_out(kind, temperature, asked):
    raw = with_student(loss="traditional", temperature=temperature)
    raw["signals"] = {"codec": {"kind": kind, "temperature": 2}}
    assert problems(raw) == [
        f"students.one.temperature: signals.codec {kind} answers only at T = 2, asked for {asked}; "
        "use codec hidden, which is exact at any T"
    ]


@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize(
    "student", [{"loss": "traditional", "temperature": {"start": 2, "end": 2}}, {"loss": "ce"}]
)
def test_a_sparse_store_at_its_own_temperature_is_let_through(kind, student):
    raw = with_student(**student)
    raw["signals"] = {"codec": {"kind": kind, "temperature": 2}}
    assert load_config(raw).signals.codec.kind == kind


@pytest.mark.parametrize("kind", ["hidden", "dense"])
def test_exact_stores_answer_at_any_temperature(kind):
    raw = with_student(loss="traditional", temperature={"start": 4, "end": 1.5})
    raw["signals"] = {"codec": {"kind": kind}}
    assert load_config(raw).signals.codec.kind == kind


def test_an_online_teacher_sees_renamed_rows_and_knows_every_temperature():
    keys = {"loss": "traditional", "training": {"renaming": 0.5}}
    sparse = {"signals": {"codec": {"kind": "topk", "temperature": 1}}}
    with pytest.raises(ConfigError) as caught:
        load_config({**with_student(**keys), **sparse})
    assert "students.one.training.renaming: stored signals belong to the original names" in str(caught.value)
    assert "students.one.temperature: signals.codec topk answers only at T = 1" in str(caught.value)
    assert load_config({**with_student(**keys, signals="online"), **sparse})
