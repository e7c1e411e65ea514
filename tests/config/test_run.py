"""The whole configuration, and those of this repository."""

import typing

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from kdlib.config import (
    Config,
    ConfigError,
    Evaluation,
    SampleSource,
    Student,
    Training,
    load_config,
    merged,
    read_config,
)
from tests.config.conftest import MINIMAL, ROOT, write


def sections(model=Config):
    """Yield every section class that can be reached from the root."""
    yield model
    for field in model.model_fields.values():
        queue = [field.annotation]
        while queue:
            part = queue.pop()
            queue += typing.get_args(part)
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from sections(part)


def test_the_minimal_configuration_has_the_documented_defaults():
    config = load_config(MINIMAL)
    assert config.corpus.sources == {"sample": SampleSource(kind="sample")}
    assert (config.run, config.threads, config.split.by) == ("default", 2, "class")
    assert config.students["one"].temperature.model_dump() == {"start": 4.0, "end": 1.5}
    assert config.students["one"].training.learning_rate == 1e-3


def test_models_are_evaluated_on_validation_or_test():
    assert Evaluation().split == "test"
    assert Evaluation(split="validation").split == "validation"
    with pytest.raises(ValidationError, match="'validation' or 'test'"):
        Evaluation(split="train")


def test_every_key_has_a_description():
    found = set(sections())
    assert {Training, Student, SampleSource} <= found
    lacking = [
        f"{section.__name__}.{name}"
        for section in found
        for name, field in section.model_fields.items()
        if not field.description and name != "kind"  # a tag, described by its union
    ]
    assert lacking == []


def overlays():
    return sorted((ROOT / "config").glob("*.yaml"))


def test_there_are_configurations():
    assert ROOT / "config" / "config.yaml" in overlays()


@pytest.mark.parametrize("path", overlays(), ids=lambda path: path.stem)
def test_every_overlay_loads_on_top_of_the_default(path, tmp_path):
    """But for commit ids of a hub, which an overlay may leave to the user."""
    raw = yaml.safe_load(path.read_text())
    hub = {name: entry for name, entry in raw.get("models", {}).items() if entry["kind"] == "hub"}
    open_pins = [name for name, entry in hub.items() if entry["revision"] is None]
    pins = write(tmp_path / "pins.yaml", {"models": {name: {"revision": "a" * 40} for name in open_pins}})
    assert read_config([ROOT / "config" / "config.yaml", path, pins]).students


def test_codet5_asks_for_its_commit_ids_and_for_nothing_else():
    given = [ROOT / "config" / name for name in ("config.yaml", "debian.yaml", "codet5.yaml")]
    with pytest.raises(ConfigError) as caught:
        read_config(given)
    head, *reported = str(caught.value).splitlines()
    assert head.startswith("2 problem(s)")
    for name, line in zip(("codet5p", "codet5_small"), reported, strict=True):
        assert line.startswith(f"- models.{name}.hub.revision: must be a full commit id of 40 hex digits")
        assert "hf models info" in line


def test_codet5_students_start_from_layers_and_from_the_small_model(tmp_path):
    pins = {"codet5p": {"revision": "a" * 40}, "codet5_small": {"revision": "b" * 40}}
    overlay = write(tmp_path / "pins.yaml", {"models": pins})
    config = read_config([ROOT / "config" / "config.yaml", ROOT / "config" / "codet5.yaml", overlay])
    assert config.teachers["base"].model == config.dataset.tokenizer.model == "codet5p"
    starts = {name: (student.model, student.layers is not None) for name, student in config.students.items()}
    layers = (None, True)
    expected = {
        "ce": layers,
        "traditional": layers,
        "trident": layers,
        "trident_small": ("codet5_small", False),
    }
    assert starts == expected
    entries = [*config.teachers.values(), *config.students.values()]
    assert {entry.training.precision for entry in entries} == {"bfloat16"}
    assert config.signals.precision == "bfloat16"


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_configuration_without_its_defaults_loads_to_the_same(path):
    raw = merged([ROOT / "config" / "config.yaml", path])
    for model in raw.get("models", {}).values():
        if model["kind"] == "hub":
            model["revision"] = "a" * 40
    config = load_config(raw)
    assert load_config(config.model_dump(mode="json", exclude_defaults=True)) == config
