"""How files are laid over each other, and how mistakes are reported."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kdlib.config import ConfigError, Training, load_config, read_config
from kdlib.config.load import RENAMED
from tests.config.conftest import MINIMAL, PACKAGE, ROOT, changed, problems, with_model, with_student, write


def test_a_misspelt_key_a_wrong_type_and_an_impossible_combination_are_reported_together():
    raw = changed(threads="many", split={"train": 0.7}, datset={}, evaluation={"beams": 2, "n_best": 3})
    raw["students"]["one"]["training"] = {"epoch": 3}
    raw["students"]["two"] = {"teacher": "bass"}
    reported = problems(raw)
    assert len(reported) == 6
    for beginning, end in (
        ("threads: ", "got 'many'"),
        ("datset: unknown key", "did you mean 'dataset'?"),
        ("students.one.training.epoch: unknown key", "did you mean 'epochs'?"),
        ("split: train + validation + test must be 1", "got 0.9"),
        ("evaluation.n_best: 3 ", "got 2"),
        ("students.two.teacher: no teacher 'bass'", "did you mean 'base'?"),
    ):
        assert sum(line.startswith(beginning) and line.endswith(end) for line in reported) == 1, (
            beginning,
            reported,
        )


def test_keys_of_earlier_versions_are_answered_with_their_new_names_beside_other_mistakes():
    raw = with_student(loss="ce", sequence={"beams": 2}, training={"epochs": 0})
    raw["students"]["two"] = {"teacher": "base", "loss": "ce", "beams": {"beams": 3, "keep": 9}}
    raw["corpus"] = {"max_file_bytes": 5}
    reported = problems(raw)
    assert len(reported) == 5
    assert {
        "students.one.sequence is now students.one.beams, and its key beams is width",
        "students.two.beams.beams is now students.two.beams.width",
        "corpus.max_file_bytes is now corpus.filters.max_file_bytes",
        "students.two.beams.keep: 9 references need as many beams, got width 4",
    } < set(reported)
    assert sum(line.startswith("students.one.training.epochs: ") for line in reported) == 1


def test_new_names_of_keys_exist():
    known = set(paths(load_config(with_student(loss="ce", beams={})).model_dump()))
    for new in RENAMED.values():
        key = new.partition(",")[0].replace("*", "one")
        assert tuple(key.split(".")) in known, key


def test_a_key_like_no_other_is_answered_with_all_keys():
    (line,) = problems(changed(tracking={"qqq": 1}))
    assert line == "tracking.qqq: unknown key; known: experiment, uri"


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({"students": {"one": {"teacher": "base"}}}, "teachers: missing"),
        (changed(teachers={}), "teachers: "),
        (with_student(training={"batch_size": 0}), "students.one.training.batch_size: "),
        (with_student(training={"dropout": 1.5}), "students.one.training.dropout: "),
        (with_student(training={"seed": 1.5}), "students.one.training.seed: "),
        (with_student(size="tinny"), "students.one.size: unknown name 'tinny'; did you mean 'tiny'?"),
        (with_student(schedule="trydent"), "students.one.schedule: unknown name 'trydent'; did you mean "),
        (with_student(loss="traditonal"), "students.one.loss: "),
        (changed(run="../up"), "run: "),
        (changed(corpus={"sources": {"x": {"kind": "debian"}}}), "corpus.sources.x.debian.package: missing"),
        (changed(corpus={"sources": {"x": {"kind": "svn"}}}), "corpus.sources.x: "),
        (changed(split={"by": "project"}), "split.by: project needs at least 3 sources, got 1"),
        (with_student(size={"d_model": 32}), "students.one.size.d_ff: missing"),
        (with_student(components={}, schedule={}), "students.one.components: name at least one of "),
        (with_student(components={"ce": {}, "focal": {}}), "students.one: no weight for focal "),
        (with_student(loss_weights={"focal": 1}), "students.one: no weight for jsd, semantic "),
        (
            with_student(loss_weights={"focal": 1}, schedule="trident"),
            "students.one: schedule and loss_weights",
        ),
        (with_student(loss="ce", components={"kl": {}}), "students.one: loss ce has fixed components"),
        (
            with_student(loss="ce", beams={"width": 2, "keep": 3}),
            "students.one.beams.keep: 3 references need as many beams, got width 2",
        ),
        (
            with_student(loss="ce", beams={"gold_weight": 1}),
            "students.one.beams.gold_weight: at 1 the teacher's beams weigh nothing; lower it",
        ),
        (
            with_student(components={"hidden": {}}, loss_weights={"hidden": 1}),
            "students.one.components: hidden read the teacher itself; set signals: online",
        ),
        (
            with_student(
                size="causal_nano",
                components={"attention": {}},
                loss_weights={"attention": 1},
                signals="online",
            ),
            "students.one.components.attention: an encoder-decoder and a causal model attend to other",
        ),
        (
            with_student(
                size="base", components={"hidden": {}}, loss_weights={"hidden": 1}, signals="online"
            ),
            "students.one.size.encoder_layers: for hidden each layer follows one of the teacher's",
        ),
        (
            with_student(loss="traditional", beams={}),
            "students.one.beams.width: kl need the signals of as many beams, got signals.beams 0; "
            "set it to 4, or students.one.signals to online",
        ),
        (with_student(loss="traditional", loss_weights={"ce": 1, "kl": 1}), "students.one: loss traditional"),
    ],
)
def test_what_is_wrong_is_reported_at_its_place(raw, place):
    reported = problems(raw)
    assert any(line.startswith(place) for line in reported), reported


@pytest.mark.parametrize(
    ("raw", "reported"),
    [
        (
            with_student(size={"d_model": 32, "heads": 2}),
            ["one.size.d_ff", "one.size.encoder_layers", "decoder"],
        ),
        (
            with_student(schedule={"focal": [0.1], "jsd": [1, 1], "semantic": [1, 1]}),
            ["one.schedule.focal.1"],
        ),
        (changed(teachers={"a b": {}}), ["teachers.a b"]),
        (changed(teachers={"base": "small", "other": {}}), ["teachers.base: Input should be"]),
        ({"students": {"one": {"teacher": ""}}, "teachers": {"base": {}}}, ["students.one.teacher"]),
        (changed(teachers={1: {}, "base": {}}), ["teachers.1.[key]"]),
        ({**MINIMAL, 1: 2}, ["1"]),
    ],
)
def test_one_mistake_is_reported_once_and_without_what_follows_from_it(raw, reported):
    lines = problems(raw)
    assert len(lines) == len(reported), lines
    assert all(part in line for part, line in zip(reported, lines, strict=True)), lines


def test_keys_of_another_kind_are_unknown():
    reported = problems(with_model({**PACKAGE, "kind": "folder", "path": "."}))
    assert [line.partition(": unknown key")[0] for line in reported] == [
        f"models.real.folder.{key}" for key in ("package", "version", "sha256", "file")
    ]


def test_a_key_named_like_its_kind_outlives_a_mistake_beside_it(tmp_path):
    source = {"kind": "path", "path": str(tmp_path), "sha256": "short"}
    (reported,) = problems(changed(corpus={"sources": {"mine": source}}))
    assert reported.startswith("corpus.sources.mine.path.sha256: String should match pattern")
    (reported,) = problems(with_model({**PACKAGE, "package": "a b"}))
    assert reported.startswith("models.real.package.package: String should match pattern")


@pytest.mark.parametrize("table", ["models", "encoders", "teachers", "students", "sources"])
def test_null_drops_an_entry(table):
    raw = changed(corpus={"sources": {"sample": {"kind": "sample"}}})
    place = raw["corpus"]["sources"] if table == "sources" else raw.setdefault(table, {})
    place["gone"] = None
    config = load_config(raw)
    assert "gone" not in (config.corpus.sources if table == "sources" else getattr(config, table))
    assert place["gone"] is None  # the caller's mapping stays as it was


def test_dumped_values_load_to_the_same_configuration():
    config = read_config([ROOT / "config" / "config.yaml"])
    assert load_config(config.model_dump(mode="json")) == config


def test_values_do_not_change_after_reading():
    with pytest.raises(ValidationError):
        load_config(MINIMAL).threads = 3


def test_overlays_change_only_the_keys_they_name(tmp_path):
    base = write(tmp_path / "base.yaml", with_student(training={"epochs": 3, "seed": 1}))
    first = write(tmp_path / "a.yaml", {"students": {"one": {"training": {"seed": 2}}}, "threads": 1})
    second = write(tmp_path / "b.yaml", {"threads": 4, "students": {"two": {"teacher": "base"}}})
    config = read_config([base, first, second])
    assert config.students["one"].training == Training(epochs=3, seed=2)
    assert (config.threads, set(config.students)) == (4, {"one", "two"})


def test_an_overlay_drops_a_source_with_null(tmp_path):
    sources = {"sample": {"kind": "sample"}, "mine": {"kind": "path", "path": str(tmp_path)}}
    base = write(tmp_path / "base.yaml", changed(corpus={"sources": sources}))
    overlay = write(tmp_path / "o.yaml", {"corpus": {"sources": {"sample": None}}})
    assert list(read_config([base, overlay]).corpus.sources) == ["mine"]


def test_a_source_folder_that_is_not_there_is_named(tmp_path):
    sources = {"mine": {"kind": "path", "path": str(tmp_path / "nowhere")}}
    with pytest.raises(ConfigError, match=r"corpus\.sources\.mine\.path: there is no folder .*nowhere"):
        load_config(changed(corpus={"sources": sources}))


def test_an_empty_overlay_changes_nothing(tmp_path):
    base = write(tmp_path / "base.yaml", MINIMAL)
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert read_config([base, tmp_path / "empty.yaml"]) == load_config(MINIMAL)


@pytest.mark.parametrize("text", ["a: [1", "- a\n- b\n", "just text"])
def test_a_file_that_is_no_mapping_is_named(tmp_path, text):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"broken\.yaml: "):
        read_config([path])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yaml: .*No such file"):
        read_config([tmp_path / "absent.yaml"])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.floats(-2, 2) | st.text("ab.:x", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=4,
)


def paths(table, above=()):
    """Yield the path of every key of nested mappings."""
    for key, value in table.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths(value, (*above, key))


PATHS = sorted(paths(load_config(MINIMAL).model_dump(mode="json")))


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(PATHS), more=st.sampled_from([(), ("a",)]), value=VALUES)
def test_whatever_is_written_is_read_or_answered_in_sentences(path, more, value):
    raw = copy.deepcopy(MINIMAL)
    table = raw
    for key in (*path, *more)[:-1]:
        if not isinstance(table.get(key), dict):
            table[key] = {}
        table = table[key]
    table[(*path, *more)[-1]] = value
    try:
        config = load_config(raw)
    except ConfigError as error:
        reported = str(error).splitlines()
    else:
        reported = []
        assert load_config(config.model_dump(mode="json")) == config
    assert len(reported) != 1  # a headline says how many lines follow
