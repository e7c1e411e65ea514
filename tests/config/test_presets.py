"""Names in place of numbers."""

import pytest

from kdlib.config import load_config
from kdlib.config.presets import presets
from tests.config.conftest import with_student


def test_names_of_presets_become_their_numbers():
    config = load_config(with_student(size="nano", schedule="aggressive", components={"ce": {}, "kl": {}}))
    student = config.students["one"]
    assert student.size.model_dump() == presets()["sizes"]["nano"]
    assert student.weights() == {"ce": (0.35, 0.25), "kl": (0.6, 0.35)}


@pytest.mark.parametrize("name", sorted(presets()["sizes"]))
def test_every_size_can_be_built(name):
    size = load_config(with_student(size=name)).students["one"].size
    assert size.d_model % size.heads == 0
