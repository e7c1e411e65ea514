import numpy as np

from kdlib.signals.index import Index, hashes_of
from kdlib.teacher_signal import SignalKey


def keys_of(numbers):
    return [SignalKey(f"id{number}", f"hash{number % 7}", number % 3) for number in numbers]


def test_places_are_those_of_storage_and_others_are_not_there():
    numbers = np.random.default_rng(0).permutation(500).tolist()
    stored = keys_of(numbers)
    index = Index([hashes_of(stored[:130]), hashes_of(stored[130:130]), hashes_of(stored[130:])])
    assert index.places(stored).tolist() == list(range(500))
    assert index.places([stored[499], SignalKey("id7", "another", 1), stored[0]]).tolist() == [499, -1, 0]
    assert (index.places(keys_of(range(500, 900))) == -1).all()


def test_an_empty_index_has_nothing():
    assert Index([]).places(keys_of(range(3))).tolist() == [-1, -1, -1]
    assert Index([]).repeated() is None


def test_a_repeated_key_is_found_with_its_later_place():
    assert Index([hashes_of(keys_of(range(50)))]).repeated() is None
    assert Index([hashes_of(keys_of([*range(50), 17, 60]))]).repeated() == 50
