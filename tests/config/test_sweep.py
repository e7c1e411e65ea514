"""What a sweep adds to the students, by which names, and how it fails."""

import copy

import pytest

from kdlib.config import ConfigError, load_config

RAW = {
    "teachers": {"base": {}},
    "students": {
        "ce": {"teacher": "base", "loss": "ce", "training": "quick_start"},
        "kd": {"teacher": "base", "loss": "traditional", "alpha": 0.7, "training": {"epochs": 3}},
    },
}


def swept(**sweep):
    return load_config({**copy.deepcopy(RAW), "sweep": sweep})


def problems(**sweep):
    with pytest.raises(ConfigError) as caught:
        swept(**sweep)
    return [line.removeprefix("- ") for line in str(caught.value).splitlines()[1:]]


def test_every_combination_is_a_student_by_a_name_that_says_which():
    config = swept(
        recipes=["kd"], sizes=["nano", "mini"], temperatures=[2, {"start": 4, "end": 1.5}], seeds=[1, 2]
    )
    added = [name for name in config.students if name not in RAW["students"]]
    assert added == [
        f"kd-{size}-{temperature}-s{seed}"
        for size in ("nano", "mini")
        for temperature in ("t2", "t4to1_5")
        for seed in (1, 2)
    ]
    held = config.students["kd-nano-t2-s1"]
    decaying = config.students["kd-mini-t4to1_5-s2"]
    assert (held.temperature.start, held.temperature.end) == (2, 2)
    assert (decaying.temperature.start, decaying.temperature.end) == (4, 1.5)
    assert (held.size.d_model, decaying.size.d_model) == (32, 128)
    assert (held.training.seed, decaying.training.seed) == (1, 2)
    assert held.alpha == decaying.alpha == 0.7
    assert held.training.epochs == decaying.training.epochs == 3


def test_what_is_left_out_stays_as_the_recipe_has_it():
    config = swept(recipes=["ce", "kd"], seeds=[5])
    assert list(config.students) == ["ce", "kd", "ce-s5", "kd-s5"]
    assert config.students["kd-s5"].size == config.students["kd"].size
    assert config.students["kd-s5"].temperature == config.students["kd"].temperature
    assert config.students["ce-s5"].training.profile == "quick_start"
    assert config.students["ce-s5"].training.epochs == 2
    assert config.seed_groups() == [["ce", "ce-s5"], ["kd", "kd-s5"]]


def test_a_loss_without_a_temperature_is_not_trained_once_for_each():
    config = swept(recipes=["ce", "kd"], temperatures=[2, 4])
    assert list(config.students) == ["ce", "kd", "kd-t2", "kd-t4"]


def test_a_dumped_configuration_with_a_sweep_loads_to_the_same():
    config = swept(recipes=["ce", "kd"], sizes=["nano"], temperatures=[2.5], seeds=[1, 2])
    assert load_config(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("sweep", "reported"),
    [
        ({"recipes": ["kdd"]}, "sweep.recipes: no student 'kdd'; did you mean 'kd'?"),
        ({"recipes": ["kd"], "sizes": ["nan"]}, "sweep.sizes: unknown name 'nan'; did you mean 'nano'?"),
        ({"recipes": ["kd"], "temperatures": [0]}, "sweep.temperatures.0"),
        ({"recipes": ["kd"], "seeds": []}, "sweep.seeds"),
        ({"recipe": ["kd"]}, "sweep.recipe: unknown key; did you mean 'recipes'?"),
        ({}, "sweep.recipes: missing"),
    ],
)
def test_a_mistake_is_reported_at_its_place(sweep, reported):
    assert any(line.startswith(reported) for line in problems(**sweep)), problems(**sweep)


def test_a_student_of_that_name_that_is_another_is_not_overwritten():
    raw = copy.deepcopy(RAW)
    raw["students"]["kd-s1"] = {"teacher": "base"}
    with pytest.raises(ConfigError, match=r"sweep: students\.kd-s1 is there already, and another; rename it"):
        load_config({**raw, "sweep": {"recipes": ["kd"], "seeds": [1]}})


def test_a_student_of_a_pretrained_model_has_no_size_to_vary():
    raw = copy.deepcopy(RAW)
    raw["students"]["half"] = {"teacher": "base", "layers": {"encoder": 1}}
    with pytest.raises(ConfigError, match=r"sweep\.sizes: students\.half starts from a model"):
        load_config({**raw, "sweep": {"recipes": ["half"], "sizes": ["nano"]}})


def test_a_wrong_recipe_is_reported_once_and_not_for_every_combination():
    raw = copy.deepcopy(RAW)
    raw["students"]["kd"]["alpha"] = 3
    with pytest.raises(ConfigError) as caught:
        load_config({**raw, "sweep": {"recipes": ["kd"], "seeds": list(range(50))}})
    assert len(str(caught.value).splitlines()) == 2
