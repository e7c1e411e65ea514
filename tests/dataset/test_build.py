import dataclasses
import itertools

import pyarrow as pa
import pytest

from kdlib.config import Dataset, Tokenizer
from kdlib.dataset import build
from kdlib.dataset.build import choose, encoder, ranked, token_row
from kdlib.files import DataError, read_json, read_parquet, sha256, write_examples, write_parquet
from kdlib.models.tokenizer import decode, load_tokenizer
from kdlib.records import MARKER, target_hash
from kdlib.tasks.assertion import prompt, prompt_ids
from tests.conftest import an_example
from tests.models.conftest import byte_tokenizer

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
    row = token_row(odd, tokenizer, encoder(tokenizer), 200)
    assert decode(tokenizer, row["target_ids"]) == odd.references[0]
    assert row["target_ids"].count(tokenizer.eos_token_id) == 1
    assert row["source_ids"].count(tokenizer.eos_token_id) == 1


WORDY = 'assertEquals("' + "quite a long text " * 9 + '", box.toString());'


def with_wordy_ones(examples):
    """Three of ten examples have too long a target."""
    return [dataclasses.replace(e, references=(WORDY,)) if n % 10 < 3 else e for n, e in enumerate(examples)]


def test_all_examples_are_counted(tmp_path, examples, build_dataset):
    files = build_dataset(tmp_path, with_wordy_ones(examples), config())
    counts, rows = read_json(files.card), table(files, "train")
    assert all(row["target"] != WORDY for row in rows)
    assert counts["tokenizer"]["examples"] == 32
    assert {name: n for name, n in counts["train"].items() if name != "truncated_prompts"} == {
        "examples": 32,
        "looked_at": 32,
        "too_long": 12,
        "too_long_prompt": 0,
        "not_sampled": 0,
        "rows": 20,
        "source_tokens": sum(len(row["source_ids"]) for row in rows),
        "target_tokens": sum(len(row["target_ids"]) for row in rows),
    }
    assert len(rows) == 20
    assert (counts["validation"]["rows"], counts["validation"]["too_long"]) == (4, 0)


def test_no_more_is_looked_at_than_the_limit_needs(tmp_path, examples, build_dataset, split_name):
    corpus = with_wordy_ones(examples)
    files = build_dataset(tmp_path, corpus, config(max_train_samples=5), seed=3)
    own = {e.id: e for n, e in enumerate(corpus) if split_name(n) == "train"}
    order = ranked(own, 3)
    fitting = [key for key in order if own[key].references != (WORDY,)][:5]
    looked_at = order.index(fitting[-1]) + 1
    assert [row["id"] for row in table(files, "train")] == sorted(fitting)
    counts = read_json(files.card)["train"]
    assert counts["looked_at"] == looked_at < 32
    assert (counts["too_long"], counts["not_sampled"]) == (looked_at - 5, 32 - looked_at)


def test_the_file_is_read_again_where_many_are_too_long(tmp_path, build_dataset):
    # Of 1000 in one split all but the last ten are too long: the first 64 + 1 + 1/4 are not enough.
    corpus = [an_example(number) for number in range(1000)]
    ids = [e.id for n, e in enumerate(corpus) if n % 10 < 8]
    good = set(ranked(ids, 1)[-10:])
    corpus = [
        e if e.id in good or n % 10 > 7 else dataclasses.replace(e, references=(WORDY,))
        for n, e in enumerate(corpus)
    ]
    files = build_dataset(tmp_path, corpus, config(max_train_samples=3))
    assert [row["id"] for row in table(files, "train")] == sorted(ranked(good, 1)[:3])
    counts = read_json(files.card)["train"]
    assert (counts["looked_at"], counts["too_long"], counts["rows"]) == (793, 790, 3)


def whole_length(example, tokenizer):
    """Return the number of prompt tokens where nothing is cut."""
    marker = tokenizer.convert_tokens_to_ids(MARKER)
    return len(prompt_ids(example, encoder(tokenizer), [marker], tokenizer.eos_token_id, 10**6))


def test_truncated_prompts_are_those_that_lost_something(examples, tokenizer):
    lengths = [whole_length(example, tokenizer) for example in examples]
    exact = sorted(lengths)[len(lengths) // 2]
    settings = config(max_source_tokens=exact)
    chosen = choose(examples, tokenizer, settings, len(examples))
    assert lengths.count(exact) > 0
    assert chosen.met["truncated_prompts"] == sum(length > exact for length in lengths) > 0
    assert len(chosen.rows) == len(examples)
    assert all(len(row["source_ids"]) <= exact for row in chosen.rows)


def test_long_prompts_are_dropped_on_demand(examples, tokenizer):
    lengths = [whole_length(example, tokenizer) for example in examples]
    exact = sorted(lengths)[len(lengths) // 2]
    settings = config(max_source_tokens=exact, long_prompts="drop")
    chosen = choose(examples, tokenizer, settings, len(examples))
    fitting = [e.id for e, length in zip(examples, lengths, strict=True) if length <= exact]
    assert [row["id"] for row in chosen.rows] == fitting
    assert chosen.met["too_long_prompt"] == len(examples) - len(fitting) > 0
    assert chosen.met["truncated_prompts"] == 0
    for row, length in zip(chosen.rows, (n for n in lengths if n <= exact), strict=True):
        assert len(row["source_ids"]) == length


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


def test_the_marker_is_none_of_the_training_texts(tmp_path, examples, build_dataset, monkeypatch):
    texts = []
    train = build.train_tokenizer

    def listen(given, settings, folder):
        texts.extend(given)
        return train(texts, settings, folder)

    monkeypatch.setattr(build, "train_tokenizer", listen)
    files = build_dataset(tmp_path, examples, config())
    assert len(texts) == 64
    assert not any(MARKER in text for text in texts)
    known = read_json(files.tokenizer / "tokenizer.json")["model"]["vocab"]
    assert [entry for entry in known if "PLACEHOLDER" in entry] == [MARKER]


def test_of_many_training_examples_the_tokenizer_sees_the_first_in_order(
    tmp_path, examples, build_dataset, monkeypatch, split_name
):
    monkeypatch.setattr(build, "TOKENIZER_EXAMPLES", 10)
    first = build_dataset(tmp_path / "a", examples, config())
    assert read_json(first.card)["tokenizer"]["examples"] == 10
    seen = set(ranked((e.id for n, e in enumerate(examples) if split_name(n) == "train"), 1)[:10])
    changed = [
        e if e.id in seen else dataclasses.replace(e, focal_method="void zyzzyva() { zyzzyva(); }")
        for e in examples
    ]
    again = build_dataset(tmp_path / "b", changed, config(max_train_samples=2))
    digests = [sha256(files.tokenizer / "tokenizer.json") for files in (first, again)]
    assert digests[0] == digests[1]


def test_larger_subsets_hold_the_smaller_ones(tmp_path, examples, build_dataset):
    corpus = with_wordy_ones(examples)
    subsets = []
    for limit in (1, 5, 17, 20, 21, None):
        files = build_dataset(tmp_path / str(limit), corpus, config(max_train_samples=limit), seed=3)
        subsets.append(table(files, "train"))
    assert [len(chosen) for chosen in subsets] == [1, 5, 17, 20, 20, 20]
    for smaller, larger in itertools.pairwise(subsets):
        assert all(row in larger for row in smaller)
    assert all(chosen == sorted(chosen, key=lambda row: row["id"]) for chosen in subsets)


def test_the_order_of_preference_does_not_depend_on_what_else_is_there():
    ids = [f"{number:02}" for number in range(30)]
    order = ranked(ids, 3)
    assert sorted(order) == ids != order
    assert ranked(ids[::-1], 3) == order
    assert ranked(ids[:20], 3) == [key for key in order if key < "20"]
    assert ranked(ids, 4) != order


def test_a_split_without_rows_is_an_error_that_names_it(tmp_path, examples, build_dataset):
    with pytest.raises(DataError, match="split train has no rows of at most 4 target tokens"):
        build_dataset(tmp_path, examples, config(max_target_tokens=4))


def test_a_split_whose_prompts_are_all_dropped_is_an_error_that_names_both_lengths(
    tmp_path, examples, build_dataset
):
    settings = config(max_source_tokens=32, long_prompts="drop")
    with pytest.raises(DataError, match="at most 32 target tokens and 32 prompt tokens"):
        build_dataset(tmp_path, examples, settings)


def pretrained_dataset(folder, examples, tokenizer, settings):
    """Run the stage with the tokenizer of a staged model; return its files by name."""
    tokenizer.save_pretrained(str(folder / "model"))
    write_examples(folder / "examples.parquet", examples)
    splits = pa.table(
        {"id": [e.id for e in examples], "split": [SPLITS[n % 3] for n in range(len(examples))]}
    )
    write_parquet(folder / "splits.parquet", splits)
    out = {split: folder / f"{split}.parquet" for split in SPLITS}
    inputs = (folder / "examples.parquet", folder / "splits.parquet", settings, 1, folder / "tokenizer")
    build.build(*inputs, out, folder / "card.json", folder / "model")
    return out


def test_a_pretrained_tokenizer_is_taken_as_it_is_and_writes_the_marker_out(tmp_path, examples):
    theirs = byte_tokenizer()
    files = pretrained_dataset(
        tmp_path, examples, theirs, config(max_source_tokens=170, max_target_tokens=99)
    )
    ours = load_tokenizer(tmp_path / "tokenizer")
    assert ours.get_vocab() == theirs.get_vocab()
    assert read_json(tmp_path / "card.json")["tokenizer"] == {"entries": len(theirs), "examples": 0}
    marker = theirs.encode(MARKER, add_special_tokens=False)
    assert len(marker) > 1
    rows = [row for path in files.values() for row in read_parquet(path).to_pylist()]
    assert len(rows) == len(examples)
    for row in rows:
        source = row["source_ids"]
        assert sum(source[at : at + len(marker)] == marker for at in range(len(source))) == 1
        assert source.count(ours.eos_token_id) == 1
        assert source[-1] == row["target_ids"][-1] == ours.eos_token_id
        assert decode(ours, row["target_ids"]) == row["target"]
    cut = [row for row in rows if len(row["source_ids"]) == 170]
    assert 0 < len(cut) < len(rows)


def test_a_tokenizer_that_loses_something_of_a_target_is_refused(tmp_path, examples):
    from tokenizers import normalizers

    lossy = byte_tokenizer()
    lossy.backend_tokenizer.normalizer = normalizers.Lowercase()
    way_out = r"does not give back .*; name another model in dataset\.tokenizer\.model, or none to train one"
    with pytest.raises(DataError, match=way_out):
        pretrained_dataset(tmp_path, examples, lossy, config())


def test_a_marker_longer_than_the_limit_is_told_with_the_way_out(tmp_path, examples):
    with pytest.raises(DataError, match=r"no room for its headers and the marker; .*max_source_tokens"):
        pretrained_dataset(tmp_path, examples, byte_tokenizer(), config(max_source_tokens=32))
