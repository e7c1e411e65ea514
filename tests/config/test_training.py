"""Profiles of a training."""

import pytest
import yaml

from kdlib.config import ConfigError, Training, load_config, read_config
from kdlib.config.presets import presets
from tests.config.conftest import with_student


@pytest.mark.parametrize(
    ("name", "shape"),
    [("gpu_8gb", (2, 8)), ("gpu_16gb", (4, 8)), ("gpu_24gb", (8, 4)), ("cpu_only", (1, 16))],
)
def test_profiles_of_machines_have_their_batches(name, shape):
    for written in (name, {"profile": name}):
        training = load_config(with_student(training=written)).students["one"].training
        assert (training.batch_size, training.accumulation) == shape


@pytest.mark.parametrize("name", sorted(presets()["profiles"]))
def test_a_profile_overrides_no_key_that_a_user_sets(name):
    given = {key: value for key, value in Training().model_dump().items() if key != "profile"}
    assert Training.model_validate({"profile": name, **given}).model_dump() == {**given, "profile": name}
    named = load_config(with_student(training=name)).students["one"].training
    assert {key: getattr(named, key) for key in presets()["profiles"][name]} == presets()["profiles"][name]
    # A rule's params hold the resolved values, which give the same training again.
    assert Training.model_validate(named.model_dump()) == named


def test_an_overlay_chooses_a_profile_and_keeps_the_keys_of_the_file_below(tmp_path):
    below = tmp_path / "below.yaml"
    above = tmp_path / "above.yaml"
    below.write_text(yaml.safe_dump(with_student(training={"epochs": 3})))
    above.write_text("students: {one: {training: {profile: quick_start, batch_size: 5}}}")
    training = read_config([below, above]).students["one"].training
    assert (training.epochs, training.batch_size, training.epoch_samples) == (3, 5, 500)


def test_an_unknown_profile_is_reported_with_the_nearest():
    with pytest.raises(ConfigError) as caught:
        load_config(with_student(training={"profile": "quick_strat", "epochs": 0}))
    assert "unknown name 'quick_strat'; did you mean 'quick_start'?" in str(caught.value)
