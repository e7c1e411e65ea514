import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdlib.files import read_parquet
from kdlib.models.batch import IGNORE, Row, batches, collate, read_rows

PAD = 0


def row(number, source, target):
    return Row(f"id{number}", [5 + i for i in range(source)], [50 + i for i in range(target)], f"h{number}")


ROWS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=12).map(
    lambda sizes: [row(number, *size) for number, size in enumerate(sizes)]
)


@given(ROWS)
def test_masks_and_labels_hide_exactly_the_padding(rows):
    batch = collate(rows, PAD)
    width = max(len(r.source_ids) for r in rows)
    assert batch["input_ids"].shape == batch["attention_mask"].shape == (len(rows), width)
    assert batch["labels"].shape == (len(rows), max(len(r.target_ids) for r in rows))
    for number, r in enumerate(rows):
        mask, labels = batch["attention_mask"][number], batch["labels"][number]
        assert mask.tolist() == [1] * len(r.source_ids) + [0] * (width - len(r.source_ids))
        assert batch["input_ids"][number][mask.bool()].tolist() == r.source_ids
        assert (batch["input_ids"][number][~mask.bool()] == PAD).all()
        assert labels[labels != IGNORE].tolist() == r.target_ids
        assert (labels[len(r.target_ids) :] == IGNORE).all()


def test_a_padding_id_inside_a_prompt_is_still_seen():
    batch = collate([Row("a", [5, PAD, 6], [1], "h"), Row("b", [5, 6, 7, 8], [1], "h")], PAD)
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]


def test_ids_are_integers_that_embeddings_take():
    batch = collate([row(0, 2, 2)], PAD)
    assert {tensor.dtype for tensor in batch.values()} == {torch.int64}


@given(ROWS, st.integers(1, 13))
def test_batches_hold_every_row_once_longest_first(rows, size):
    found = list(batches(rows, size))
    assert sorted(r.id for batch in found for r in batch) == sorted(r.id for r in rows)
    assert [len(batch) for batch in found[:-1]] == [size] * (len(found) - 1)
    assert 1 <= len(found[-1]) <= size
    lengths = [len(r.source_ids) for batch in found for r in batch]
    assert lengths == sorted(lengths, reverse=True)


@given(ROWS, st.integers(1, 13), st.randoms(use_true_random=False))
def test_batches_do_not_depend_on_the_order_of_rows(rows, size, random):
    shuffled = random.sample(rows, len(rows))
    assert list(batches(shuffled, size)) == list(batches(rows, size))


def test_no_rows_make_no_batch():
    assert list(batches([], 3)) == []


def test_rows_are_those_of_the_file(dataset):
    table = read_parquet(dataset.train)
    rows = read_rows(dataset.train)
    assert [r.id for r in rows] == table["id"].to_pylist()
    assert [r.source_ids for r in rows] == table["source_ids"].to_pylist()
    assert [r.target_hash for r in rows] == table["target_hash"].to_pylist()
    assert len(rows) == 32


def test_a_batch_needs_a_row():
    with pytest.raises((RuntimeError, ValueError)):
        collate([], PAD)
