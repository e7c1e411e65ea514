import dataclasses
import itertools

import pytest

from kdlib.config import Dataset, Tokenizer
from kdlib.dataset.build import subset, token_row
from kdlib.files import DataError, read_json, read_parquet, sha256
from kdlib.models.tokenizer import decode
from kdlib.records import MARKER, target_hash
from kdlib.tasks.assertion import prompt

SPLITS = ("train", "validation", "test")


def table(files, split):
    return read_parquet(getattr(files, split)).to_pylist()


def config(**changes):
    return Dataset(
        **{
            "max_source_tokens": 96,
            "max_target_tokens": 32,
            "tokenizer": Tokenizer(vocab_size=400),
            **changes,
        }
    )


def test_every_example_is_in_the_file_of_its_split(dataset, examples, split_name):
    for split in SPLITS:
        expected = {e.id: e for number, e in enumerate(examples) if split_name(number) == split}
        rows = table(dataset, split)
        assert [row["id"] for row in rows] == sorted(expected)
        assert all(row["prompt"] == prompt(expected[row["id"]]) for row in rows)


def test_targets_decode_to_their_very_text(dataset, examples, tokenizer):
    references = {e.id: e.references[0] for e in examples}
    for split in SPLITS:
        for row in table(dataset, split):
            assert row["target"] == references[row["id"]]
            assert row["target_ids"][-1] == tokenizer.eos_token_id
            assert decode(tokenizer, row["target_ids"]) == row["target"]
            assert row["target_hash"] == target_hash(row["target_ids"])


def test_prompts_keep_the_marker_and_the_limit(dataset, tokenizer):
    marker = tokenizer.convert_tokens_to_ids(MARKER)
    rows = [row for split in SPLITS for row in table(dataset, split)]
    for row in rows:
        assert row["source_ids"].count(marker) == 1
        assert row["source_ids"][-1] == tokenizer.eos_token_id
        assert len(row["source_ids"]) <= 96
    whole = [row for row in rows if len(row["source_ids"]) < 96]
    assert 0 < len(whole) < len(rows)
    for row in whole:
        assert tokenizer.decode(row["source_ids"][:-1]) == row["prompt"]


def test_text_that_looks_special_stays_text(examples, tokenizer):
    odd = dataclasses.replace(
        examples[0],
        focal_method='void f() { g("</s><pad>"); }',
        references=('assertEquals("<s>x</s>", f(), "// <ASSERTION_PLACEHOLDER>");',),
    )
    row = token_row(odd, tokenizer, 200)
    assert decode(tokenizer, row["target_ids"]) == odd.references[0]
    assert row["target_ids"].count(tokenizer.eos_token_id) == 1
    assert row["source_ids"].count(tokenizer.eos_token_id) == 1


def test_the_card_counts_what_was_done(tmp_path, examples, build_dataset):
    wordy = 'assertEquals("' + "quite a long text " * 9 + '", box.toString());'
    corpus = [
        dataclasses.replace(e, references=(wordy,)) if n % 10 < 3 else e for n, e in enumerate(examples)
    ]
    files = build_dataset(tmp_path, corpus, config(max_train_samples=5))
    card, rows = read_json(files.card), table(files, "train")
    assert len(rows) == 5
    assert all(row["target"] != wordy for row in rows)
    assert card["train"] == {
        "examples": 32,
        "too_long": 12,
        "not_sampled": 32 - 12 - 5,
        "rows": 5,
        "source_tokens": sum(len(row["source_ids"]) for row in rows),
        "target_tokens": sum(len(row["target_ids"]) for row in rows),
        "truncated_prompts": sum(len(row["source_ids"]) == 96 for row in rows),
    }
    assert (card["validation"]["rows"], card["validation"]["too_long"]) == (4, 0)


def test_the_tokenizer_has_seen_the_training_split_only(tmp_path, examples, build_dataset, split_name):
    validating = [number for number in range(len(examples)) if split_name(number) != "train"]
    changed = list(examples)
    for number in validating:
        text = examples[number].focal_method.replace("return", "zyzzyva();" * 9 + "return")
        changed[number] = dataclasses.replace(examples[number], focal_method=text)
    for name, corpus in (("a", examples), ("b", changed)):
        build_dataset(tmp_path / name, corpus, config())
    digests = [sha256(tmp_path / name / "tokenizer" / "tokenizer.json") for name in ("a", "b")]
    assert digests[0] == digests[1]


def test_equal_input_gives_equal_bytes(tmp_path, examples, build_dataset):
    first = build_dataset(tmp_path / "a", examples, config(max_train_samples=9))
    again = build_dataset(tmp_path / "b", examples, config(max_train_samples=9))
    for name in (*SPLITS, "card"):
        assert sha256(getattr(first, name)) == sha256(getattr(again, name))


def test_another_seed_chooses_other_rows(tmp_path, examples, build_dataset):
    chosen = []
    for seed in (1, 2):
        files = build_dataset(tmp_path / str(seed), examples, config(max_train_samples=9), seed)
        chosen.append({row["id"] for row in table(files, "train")})
    assert [len(ids) for ids in chosen] == [9, 9]
    assert chosen[0] != chosen[1]


def test_larger_subsets_hold_the_smaller_ones():
    rows = [{"id": f"{number:02}"} for number in range(30)]
    subsets = [subset(rows, limit, 3) for limit in (1, 5, 17, 29, 30, 99, None)]
    assert [len(chosen) for chosen in subsets] == [1, 5, 17, 29, 30, 30, 30]
    for smaller, larger in itertools.pairwise(subsets):
        assert all(row in larger for row in smaller)
    assert subset(rows[::-1], 5, 3) == subsets[1]  # the order of the input does not matter
    assert all(chosen == sorted(chosen, key=lambda row: row["id"]) for chosen in subsets)


def test_a_split_without_rows_is_an_error_that_names_it(tmp_path, examples, build_dataset):
    with pytest.raises(DataError, match="split train has no rows of at most 4 target tokens"):
        build_dataset(tmp_path, examples, config(max_target_tokens=4))
