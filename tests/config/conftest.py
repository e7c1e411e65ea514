"""Raw configurations to load, and what is wrong with them."""

import copy
from pathlib import Path

import pytest
import yaml

from kdlib.config import ConfigError, load_config

ROOT = Path(__file__).resolve().parents[2]
MINIMAL = {"teachers": {"base": {}}, "students": {"one": {"teacher": "base"}}}


def changed(**sections):
    """Return the minimal configuration with other top-level values."""
    return {**copy.deepcopy(MINIMAL), **sections}


def with_student(**keys):
    return changed(students={"one": {"teacher": "base", **keys}})


def problems(raw):
    """Return the sentences of the error that ``raw`` must raise."""
    with pytest.raises(ConfigError) as caught:
        load_config(raw)
    head, *lines = str(caught.value).splitlines()
    assert head == f"{len(lines)} problem(s) in the configuration:"
    return [line.removeprefix("- ") for line in lines]


HUB = {"kind": "hub", "id": "Salesforce/codet5p-220m", "revision": "a" * 40}


PACKAGE = {"kind": "package", "package": "llm-x", "version": "1", "sha256": "0" * 64, "file": "x/y.gguf"}


CE = {"teacher": "base", "loss": "ce"}


CAUSAL = {"d_model": 32, "d_ff": 64, "encoder_layers": 0, "decoder_layers": 1, "heads": 2}


def with_model(entry=HUB, tokenizer="real", teacher=None, student=None):
    """Return a configuration whose teacher is fine-tuned from the model ``real``."""
    return changed(
        models={"real": entry} if entry else {},
        dataset={"tokenizer": {"model": tokenizer}},
        teachers={"base": {"model": "real", **(teacher or {})}},
        students={"one": {"teacher": "base", "loss": "ce", **(student or {})}},
    )


def with_causal_teacher(**student):
    return changed(teachers={"base": {"size": CAUSAL}}, students={"one": {"teacher": "base", **student}})


def write(path, value):
    path.write_text(yaml.safe_dump(value))
    return path
