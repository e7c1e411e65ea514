import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from kdlib.config import Student, Tokenizer
from kdlib.files import DataError, read_json, read_parquet, write_parquet
from kdlib.models.load import load
from kdlib.models.tokenizer import train_tokenizer
from kdlib.training.distill import distill as distill_student
from kdlib.training.inputs import StudentInputs
from kdlib.training.loop.job import Job
from kdlib.training.teacher.stored import origin_of

NANO = {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}
SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


@pytest.fixture
def store(manifest, tmp_path):
    """Manifest of a copy of the store, to be spoilt."""
    return Path(shutil.copytree(manifest.parent, tmp_path / "store")) / manifest.name


@pytest.fixture
def refused(dataset, teacher, store, tmp_path, monkeypatch):
    """Return a function that says why no student is built on the spoilt store."""

    def build(*_):
        raise AssertionError("a model was built")

    def refuse(**changes):
        given = {"train": dataset.train, "tokenizer": dataset.tokenizer, "teacher": teacher, **changes}
        student = {"teacher": "toy", "size": NANO, "loss": "traditional", **given.pop("student", {})}
        out, checkpoints, embeddings = places = [
            tmp_path / name for name in ("out", "checkpoints", "gold_embeddings")
        ]
        inputs = StudentInputs(
            validation=dataset.validation, signals=store, gold_embeddings=embeddings, **given
        )
        with pytest.raises(DataError) as caught:
            distill_student(
                "pupil", Student.model_validate(student), inputs, Job(out, checkpoints, threads=1)
            )
        assert not any(path.exists() for path in places)
        return str(caught.value)

    monkeypatch.setattr("kdlib.training.distill.build", build)
    return refuse


def test_a_store_of_another_tokenizer_is_refused(refused, store, tmp_path):
    train_tokenizer(["int x = y;"], Tokenizer(vocab_size=300), tmp_path / "tokenizer")
    message = refused(tokenizer=tmp_path / "tokenizer")
    assert f"{store}: the signals were stored for another tokenizer" in message
    assert "extract signals again" in message


def test_a_store_of_an_older_teacher_is_refused(refused, teacher, tmp_path):
    newer = Path(shutil.copytree(teacher, tmp_path / "newer"))
    with (newer / "model.safetensors").open("ab") as file:
        file.write(b"\0")
    assert "the signals were stored for another model" in refused(teacher=newer)


def test_a_store_of_another_dataset_is_refused(refused, dataset, tmp_path):
    write_parquet(tmp_path / "fewer.parquet", read_parquet(dataset.train).slice(0, 16))
    assert "the signals were stored for another dataset" in refused(train=tmp_path / "fewer.parquet")


def test_a_missing_shard_is_named(refused, store):
    (store.parent / "train" / "1.parquet").unlink()
    assert f"{store.parent / 'train' / '1.parquet'}: the file is missing; extract" in refused()


def test_a_flipped_bit_is_found(refused, store):
    shard = store.parent / "train" / "0.parquet"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    assert f"{shard}: the file is damaged" in refused()


def test_a_missing_row_is_named(refused, store, edit, rows):
    files = read_json(store)["files"]
    edit(store, files=[entry for entry in files if (entry["split"], entry["shard"]) != ("train", 1)])
    message = refused()
    assert "no signal is stored for id" in message
    assert "extract signals of this dataset again" in message
    assert any(row.id in message for row in rows)


def test_a_teacher_of_another_vocabulary_is_refused(refused, signals_of, store, teacher, tokenizer, tmp_path):
    model = load(teacher)
    model.resize_token_embeddings(len(tokenizer) + 7, mean_resizing=False)
    model.save_pretrained(tmp_path / "padded")
    shutil.rmtree(store.parent)
    signals_of(store.parent, tmp_path / "padded")
    message = refused(teacher=tmp_path / "padded")
    assert f"the teacher's distributions are over {len(tokenizer) + 7} tokens" in message
    assert f"the student's over the {len(tokenizer)} of the tokenizer" in message
    assert "take a teacher with as many" in message


def test_a_temperature_that_the_store_cannot_answer_at_is_refused_before_its_epoch(
    refused, signals_of, teacher, store
):
    shutil.rmtree(store.parent)
    signals_of(store.parent, teacher, codec={"kind": "topk", "k": 4})
    message = refused(student={"temperature": {"start": 1, "end": 2}, "training": {"epochs": 2}})
    assert "1.41" in message
    assert "hidden" in message


def test_the_digests_are_those_of_extraction(dataset, teacher, monkeypatch):
    """The rule's script and the check agree on what a dataset is."""
    main = runpy.run_path(str(SCRIPTS / "signals_shard.py"))["main"]
    seen = {}
    monkeypatch.setitem(main.__globals__, "extract", lambda **given: seen.update(given))
    main(
        SimpleNamespace(
            input=SimpleNamespace(
                model=[teacher / "config.json"],
                tokenizer=dataset.tokenizer / "tokenizer.json",
                dataset=[dataset.train, dataset.validation],
                codec="codec",
            ),
            wildcards=SimpleNamespace(split="train", shard="0"),
            params=SimpleNamespace(signals={}, max_tokens=1, threads=1, code="c"),
            output=SimpleNamespace(shard="out"),
        )
    )
    origin = origin_of(dataset.train, dataset.validation, dataset.tokenizer, None)
    assert origin["dataset"] == seen["dataset_digest"]
    assert origin.keys() == {"tokenizer", "dataset"}
