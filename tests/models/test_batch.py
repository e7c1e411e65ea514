import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdlib.files import read_parquet
from kdlib.models.batch import IGNORE, Layout, Row, batches, collate, layout_of, prompts, read_rows

PAD, START = 0, 3
T5, CAUSAL = Layout(PAD, START), Layout(PAD, None)


def row(number, source, target):
    return Row(f"id{number}", [5 + i for i in range(source)], [50 + i for i in range(target)], f"h{number}")


ROWS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=12).map(
    lambda sizes: [row(number, *size) for number, size in enumerate(sizes)]
)


@given(ROWS)
def test_masks_and_labels_hide_exactly_the_padding(rows):
    batch = collate(rows, T5)
    width = max(len(r.source_ids) for r in rows)
    time = max(len(r.target_ids) for r in rows)
    assert batch["input_ids"].shape == batch["attention_mask"].shape == (len(rows), width)
    assert batch["labels"].shape == batch["decoder_input_ids"].shape == (len(rows), time)
    for number, r in enumerate(rows):
        more, late = width - len(r.source_ids), time - len(r.target_ids)
        assert batch["attention_mask"][number].tolist() == [1] * len(r.source_ids) + [0] * more
        assert batch["input_ids"][number].tolist() == r.source_ids + [PAD] * more
        assert batch["labels"][number].tolist() == r.target_ids + [IGNORE] * late
        shifted = [START, *r.target_ids, *[PAD] * late][:time]
        assert batch["decoder_input_ids"][number].tolist() == shifted


@given(ROWS)
def test_a_causal_model_is_asked_for_the_target_behind_the_prompt(rows):
    batch = collate(rows, CAUSAL)
    assert batch.keys() == {"input_ids", "attention_mask", "labels"}
    width = max(len(r.source_ids) + len(r.target_ids) - 1 for r in rows)
    assert {tensor.shape for tensor in batch.values()} == {(len(rows), width)}
    for number, r in enumerate(rows):
        whole = r.source_ids + r.target_ids
        for place in range(width):
            inside = place < len(whole) - 1  # the last id is predicted, never read
            asked = inside and place >= len(r.source_ids) - 1
            assert batch["input_ids"][number, place] == (whole[place] if inside else PAD)
            assert batch["attention_mask"][number, place] == inside
            assert batch["labels"][number, place] == (whole[place + 1] if asked else IGNORE)


def test_decoder_inputs_are_those_that_t5_makes_of_the_labels(tiny_model, odd_rows):
    model = tiny_model("t5_tied")
    batch = collate(odd_rows, layout_of(model.config))
    expected = model.prepare_decoder_input_ids_from_labels(batch["labels"])
    assert torch.equal(batch["decoder_input_ids"], expected)


@given(ROWS.map(lambda rows: [r.source_ids for r in rows]), st.sampled_from(["left", "right"]))
def test_prompts_are_padded_on_one_side(sequences, side):
    tensors = prompts(sequences, 99, side)
    width = max(map(len, sequences))
    for sequence, ids, mask in zip(sequences, tensors["input_ids"], tensors["attention_mask"], strict=True):
        more = width - len(sequence)
        left, right = (more, 0) if side == "left" else (0, more)
        assert ids.tolist() == [99] * left + sequence + [99] * right
        assert mask.tolist() == [0] * left + [1] * len(sequence) + [0] * right


def test_a_layout_is_read_from_the_configuration():
    from transformers import LlamaConfig, T5Config

    assert layout_of(T5Config(pad_token_id=4, decoder_start_token_id=2)) == Layout(4, 2)
    assert layout_of(T5Config(pad_token_id=4)) == Layout(4, 4)
    assert layout_of(LlamaConfig(pad_token_id=7)) == Layout(7, None)
    assert layout_of(LlamaConfig(pad_token_id=None)) == Layout(0, None)


@pytest.mark.parametrize("layout", [T5, CAUSAL])
def test_a_padding_id_inside_a_prompt_is_still_seen(layout):
    batch = collate([Row("a", [5, PAD, 6], [1], "h"), Row("b", [5, 6, 7, 8], [1], "h")], layout)
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]


@pytest.mark.parametrize("layout", [T5, CAUSAL])
def test_ids_are_integers_that_embeddings_take(layout):
    assert {tensor.dtype for tensor in collate([row(0, 2, 2)], layout).values()} == {torch.int64}


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


@pytest.mark.parametrize("layout", [T5, CAUSAL])
def test_a_batch_needs_a_row(layout):
    with pytest.raises((RuntimeError, ValueError)):
        collate([], layout)
