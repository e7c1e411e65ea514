import copy
import typing
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from kdlib.config import (
    Config,
    ConfigError,
    SampleSource,
    Student,
    Training,
    load_config,
    merged,
    read_config,
)
from kdlib.config.load import RENAMED
from kdlib.config.presets import presets

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
    own = yaml.safe_load(path.read_text())
    hub = {name: entry for name, entry in own.get("models", {}).items() if entry["kind"] == "hub"}
    open_pins = [name for name, entry in hub.items() if entry["revision"] is None]
    pins = write(tmp_path / "pins.yaml", {"models": {name: {"revision": "a" * 40} for name in open_pins}})
    assert read_config([ROOT / "config" / "config.yaml", path, pins]).students


def test_codet5_asks_for_its_commit_ids_and_for_nothing_else():
    given = [ROOT / "config" / name for name in ("config.yaml", "debian.yaml", "codet5.yaml")]
    with pytest.raises(ConfigError) as caught:
        read_config(given)
    head, *told = str(caught.value).splitlines()
    assert head.startswith("2 problem(s)")
    for name, line in zip(("codet5p", "codet5_small"), told, strict=True):
        assert line.startswith(f"- models.{name}.hub.revision: must be a full commit id of 40 hex digits")
        assert "hf models info" in line


def test_codet5_students_start_from_layers_and_from_the_small_model(tmp_path):
    pins = {"codet5p": {"revision": "a" * 40}, "codet5_small": {"revision": "b" * 40}}
    overlay = write(tmp_path / "pins.yaml", {"models": pins})
    config = read_config([ROOT / "config" / "config.yaml", ROOT / "config" / "codet5.yaml", overlay])
    assert config.teachers["base"].model == config.dataset.tokenizer.model == "codet5p"
    starts = {name: (own.model, own.layers is not None) for name, own in config.students.items()}
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


def test_a_misspelt_key_a_wrong_type_and_an_impossible_combination_are_told_together():
    raw = changed(threads="many", split={"train": 0.7}, datset={}, evaluation={"beams": 2, "n_best": 3})
    raw["students"]["one"]["training"] = {"epoch": 3}
    raw["students"]["two"] = {"teacher": "bass"}
    told = problems(raw)
    assert len(told) == 6
    for beginning, end in (
        ("threads: ", "got 'many'"),
        ("datset: unknown key", "did you mean 'dataset'?"),
        ("students.one.training.epoch: unknown key", "did you mean 'epochs'?"),
        ("split: train + validation + test must be 1", "got 0.9"),
        ("evaluation.n_best: 3 ", "got 2"),
        ("students.two.teacher: no teacher 'bass'", "did you mean 'base'?"),
    ):
        assert sum(line.startswith(beginning) and line.endswith(end) for line in told) == 1, (beginning, told)


def test_keys_of_earlier_versions_are_answered_with_their_new_names_beside_other_mistakes():
    raw = with_student(loss="ce", sequence={"beams": 2}, training={"epochs": 0})
    raw["students"]["two"] = {"teacher": "base", "loss": "ce", "beams": {"beams": 3, "keep": 9}}
    raw["corpus"] = {"max_file_bytes": 5}
    told = problems(raw)
    assert len(told) == 5
    assert {
        "students.one.sequence is now students.one.beams, and its key beams is width",
        "students.two.beams.beams is now students.two.beams.width",
        "corpus.max_file_bytes is now corpus.filters.max_file_bytes",
        "students.two.beams.keep: 9 references need as many beams, got width 4",
    } < set(told)
    assert sum(line.startswith("students.one.training.epochs: ") for line in told) == 1


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
def test_what_is_wrong_is_told_at_its_place(raw, place):
    told = problems(raw)
    assert any(line.startswith(place) for line in told), told


@pytest.mark.parametrize(
    ("raw", "told"),
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
def test_one_mistake_is_told_once_and_without_what_follows_from_it(raw, told):
    lines = problems(raw)
    assert len(lines) == len(told), lines
    assert all(part in line for part, line in zip(told, lines, strict=True)), lines


def test_heads_that_do_not_divide_the_width_are_told():
    size = {"d_model": 30, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 4}
    told = problems(changed(teachers={"base": {"size": size}}))
    assert told == ["teachers.base.size: heads 4 must divide d_model 30"]


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


@pytest.mark.parametrize(
    ("keys", "start"),
    [
        ({}, "size"),
        ({"size": None}, "size"),
        ({"size": "mini"}, "size"),
        ({"layers": {}}, "layers"),
        ({"layers": {"encoder": 4, "decoder": 1}}, "layers"),
        ({"layers": {"decoder": 1}, "size": None}, "layers"),
    ],
)
def test_a_student_starts_from_one_thing(keys, start):
    student = load_config(with_student(**keys)).students["one"]
    assert [name for name in ("size", "model", "layers") if getattr(student, name) is not None] == [start]
    assert Student.model_validate(student.model_dump()) == student
    expected = presets()["sizes"][keys.get("size") or "tiny"]
    assert start != "size" or student.size.model_dump() == expected


def test_a_pretrained_student_with_the_tokenizer_of_the_run_is_let_through():
    for keys in ({"model": "real"}, {"layers": {"encoder": 99}}):  # only reading tells how many a hub's has
        assert load_config(with_model(student=keys)).students["one"].size is None


@pytest.mark.parametrize("entry", [HUB, PACKAGE])
def test_a_pretrained_teacher_with_its_tokenizer_is_let_through(entry):
    config = load_config(with_model(entry))
    assert config.models["real"].model_dump() == entry
    assert config.teachers["base"].model == config.dataset.tokenizer.model == "real"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (
            with_model(teacher={"model": "reel"}),
            "teachers.base.model: no model 'reel'; did you mean 'real'?",
        ),
        (with_model(tokenizer="rael"), "dataset.tokenizer.model: no model 'rael'; did you mean 'real'?"),
        (
            with_model(tokenizer=None),
            "teachers.base.model: a pretrained model reads only its own tokens; "
            "set dataset.tokenizer.model: real",
        ),
        (
            with_model(teacher={"training": {"copy_steps": 5}}),
            "teachers.base.training.copy_steps: a pretrained model can copy; set it to 0",
        ),
        (
            with_model(student={"size": CAUSAL, "training": {"copy_steps": 5}}),
            "students.one.training.copy_steps: only a model with an encoder is taught to copy; set it to 0",
        ),
        (
            with_model({**HUB, "revision": "main"}),
            "models.real.hub.revision: must be a full commit id of 40 hex digits, got 'main'; "
            "`.venv/bin/hf models info OWNER/NAME --expand sha` tells the newest one",
        ),
        (
            with_model({**HUB, "id": "codet5"}),
            r"models.real.hub.id: String should match pattern '^[\w.-]+/[\w.-]+$', got 'codet5'",
        ),
        (
            with_model({"kind": "folder", "path": "no/such"}),
            "models.real.path: there is no folder no/such",
        ),
        (
            with_model({"kind": "folder", "path": __file__}),
            f"models.real.path: there is no folder {__file__}",
        ),
        (with_model({"kind": "gguf", "path": "no.gguf"}), "models.real.path: there is no file no.gguf"),
        (with_model({"kind": "gguf", "path": "."}), "models.real.path: there is no file ."),
        (
            changed(teachers={"base": {"size": {**CAUSAL, "d_model": 10}}}, students={"one": CE}),
            "teachers.base.size: d_model / heads must be even in a causal model, got 10 / 2",
        ),
        (
            changed(teachers={"base": {"size": CAUSAL, "training": {"copy_steps": 1}}}, students={"one": CE}),
            "teachers.base.training.copy_steps: only a model with an encoder is taught to copy; set it to 0",
        ),
        (
            with_model(student={"model": "reel"}),
            "students.one.model: no model 'reel'; did you mean 'real'?",
        ),
        (
            changed(models={"real": HUB}, students={"one": {**CE, "model": "real"}}),
            "students.one.model: a pretrained model reads only its own tokens; "
            "set dataset.tokenizer.model: real",
        ),
        (
            with_model(student={"model": "real", "training": {"copy_steps": 5}}),
            "students.one.training.copy_steps: a pretrained model can copy; set it to 0",
        ),
        (
            with_model(student={"layers": {"decoder": 2}, "training": {"copy_steps": 5}}),
            "students.one.training.copy_steps: a pretrained model can copy; set it to 0",
        ),
        (
            with_model(student={"layers": {"decoder": 2}, "model": "real"}),
            "students.one: model and layers exclude each other; set all but one to null",
        ),
        (
            with_student(layers={}, size="tiny", loss="ce"),
            "students.one: size and layers exclude each other; set all but one to null",
        ),
        (
            with_student(layers={"decoder": 3}, loss="ce"),
            "students.one.layers.decoder: teacher base has 2, got 3",
        ),
        (
            with_student(layers={"encoder": 5, "decoder": 2}, loss="ce"),
            "students.one.layers.encoder: teacher base has 4, got 5",
        ),
        (
            with_causal_teacher(loss="ce", layers={"encoder": 1}),
            "students.one.layers.encoder: teacher base is a causal model without an encoder; leave it out",
        ),
        (
            with_model(PACKAGE, student={"layers": {"encoder": 1, "decoder": 99}}),
            "students.one.layers.encoder: teacher base is a causal model without an encoder; leave it out",
        ),
        (
            changed(teachers={"base": {"lora": {}}}, students={"one": CE}),
            "teachers.base.lora: it adapts a pretrained model; name one in model, or leave lora out",
        ),
        (
            with_causal_teacher(),
            "students.one.components.semantic: teacher base is a causal model without an encoder; "
            "name an entry of encoders in students.one.encoder, or leave semantic out",
        ),
        (
            with_model(PACKAGE, student={"loss": "multi_component"}),
            "students.one.components.semantic: teacher base is a causal model without an encoder; "
            "name an entry of encoders in students.one.encoder, or leave semantic out",
        ),
    ],
)
def test_what_cannot_work_of_models_is_told_in_one_sentence(raw, told):
    assert problems(raw) == [told]


ENCODER = {"kind": "package", "package": "x", "version": "1", "sha256": "0" * 64, "folder": "x/y"}


def test_a_sentence_encoder_serves_where_a_causal_teacher_has_none():
    config = load_config({**with_causal_teacher(encoder="own"), "encoders": {"own": ENCODER}})
    assert config.encoders["own"].model_dump() == ENCODER
    assert not config.students["one"].needs_teachers_encoder()


@pytest.mark.parametrize(
    ("encoders", "told"),
    [
        ({"own": ENCODER}, "evaluation.encoder: no encoder 'owm'; did you mean 'own'?"),
        ({}, "evaluation.encoder: no encoder 'owm'; name it under encoders"),
    ],
)
def test_the_encoder_that_measures_predictions_must_be_there(encoders, told):
    raw = {**with_causal_teacher(), "encoders": encoders, "evaluation": {"encoder": "owm"}}
    with pytest.raises(ConfigError) as error:
        load_config(raw)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("encoders", "student", "told"),
    [
        ({"own": ENCODER}, {"encoder": "on"}, "students.one.encoder: no encoder 'on'; did you mean 'own'?"),
        ({}, {"encoder": "own"}, "students.one.encoder: no encoder 'own'; name it under encoders"),
        (
            {"own": ENCODER},
            {"encoder": "own", "loss": "ce"},
            "students.one.encoder: no component of its loss reads an encoder; leave it out",
        ),
        (
            {"own": {"kind": "folder", "path": "no/such"}},
            {},
            "encoders.own.path: there is no folder no/such",
        ),
    ],
)
def test_what_cannot_work_of_encoders_is_told_in_one_sentence(encoders, student, told):
    assert problems(changed(encoders=encoders, students={"one": {"teacher": "base", **student}})) == [told]


def test_keys_of_another_kind_are_unknown():
    told = problems(with_model({**PACKAGE, "kind": "folder", "path": "."}))
    assert [line.partition(": unknown key")[0] for line in told] == [
        f"models.real.folder.{key}" for key in ("package", "version", "sha256", "file")
    ]


def test_a_model_that_is_named_nowhere_has_no_near_name():
    assert problems(with_model(None)) == [
        "dataset.tokenizer.model: no model 'real'; name it under models",
        "teachers.base.model: no model 'real'; name it under models",
    ]


def test_a_wrong_model_is_not_told_again_where_it_is_used():
    incomplete = {key: value for key, value in PACKAGE.items() if key != "sha256"}
    assert problems(with_model(incomplete)) == ["models.real.package.sha256: missing"]


def test_a_key_named_like_its_kind_outlives_a_mistake_beside_it(tmp_path):
    source = {"kind": "path", "path": str(tmp_path), "sha256": "short"}
    (told,) = problems(changed(corpus={"sources": {"mine": source}}))
    assert told.startswith("corpus.sources.mine.path.sha256: String should match pattern")
    (told,) = problems(with_model({**PACKAGE, "package": "a b"}))
    assert told.startswith("models.real.package.package: String should match pattern")


def test_only_reading_tells_whether_a_hub_model_has_an_encoder():
    load_config(with_model(HUB, student={"loss": "multi_component"}))


SPARSE = ["topk", "nucleus", "sampled"]


@pytest.mark.parametrize("kind", SPARSE)
def test_reverse_kl_on_a_sparse_store_is_told_with_the_way_out(kind):
    raw = with_student(
        components={"reverse_kl": {}}, loss_weights={"reverse_kl": 1}, temperature={"start": 2, "end": 2}
    )
    raw["signals"] = {"codec": {"kind": kind, "temperature": 2}}
    assert problems(raw) == [
        f"students.one.components.reverse_kl: it is infinite where signals.codec {kind} keeps no tail; "
        "use codec hidden, or skew_kl or jsd, which stay finite"
    ]
    raw["signals"] = {"codec": {"kind": "hidden"}}
    assert load_config(raw).students["one"].components.names() == ["reverse_kl"]


@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize(
    ("temperature", "asked"), [({"start": 4, "end": 1.5}, "1.5, 4"), ({"start": 2, "end": 3}, "3")]
)
def test_a_sparse_store_at_another_temperature_is_told_with_the_way_out(kind, temperature, asked):
    raw = with_student(loss="traditional", temperature=temperature)
    raw["signals"] = {"codec": {"kind": kind, "temperature": 2}}
    assert problems(raw) == [
        f"students.one.temperature: signals.codec {kind} answers only at T = 2, asked for {asked}; "
        "use codec hidden, which is exact at any T"
    ]


@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize(
    "student", [{"loss": "traditional", "temperature": {"start": 2, "end": 2}}, {"loss": "ce"}]
)
def test_a_sparse_store_at_its_own_temperature_is_let_through(kind, student):
    raw = with_student(**student)
    raw["signals"] = {"codec": {"kind": kind, "temperature": 2}}
    assert load_config(raw).signals.codec.kind == kind


@pytest.mark.parametrize("kind", ["hidden", "dense"])
def test_exact_stores_answer_at_any_temperature(kind):
    raw = with_student(loss="traditional", temperature={"start": 4, "end": 1.5})
    raw["signals"] = {"codec": {"kind": kind}}
    assert load_config(raw).signals.codec.kind == kind


@pytest.mark.parametrize("table", ["models", "encoders", "teachers", "students", "sources"])
def test_null_drops_an_entry(table):
    raw = changed(corpus={"sources": {"sample": {"kind": "sample"}}})
    place = raw["corpus"]["sources"] if table == "sources" else raw.setdefault(table, {})
    place["gone"] = None
    config = load_config(raw)
    assert "gone" not in (config.corpus.sources if table == "sources" else getattr(config, table))
    assert place["gone"] is None  # the caller's mapping stays as it was


def test_names_of_presets_become_their_numbers():
    config = load_config(with_student(size="nano", schedule="aggressive", components={"ce": {}, "kl": {}}))
    student = config.students["one"]
    assert student.size.model_dump() == presets()["sizes"]["nano"]
    assert student.weights() == {"ce": (0.35, 0.25), "kl": (0.6, 0.35)}


@pytest.mark.parametrize("name", sorted(presets()["sizes"]))
def test_every_size_can_be_built(name):
    size = load_config(with_student(size=name)).students["one"].size
    assert size.d_model % size.heads == 0


@pytest.mark.parametrize(
    ("keys", "weights"),
    [
        ({}, {"focal": (0.3, 0.3), "jsd": (0.7, 0.35), "semantic": (0.0, 0.35)}),
        ({"components": {"jsd": {}}}, {"jsd": (0.7, 0.35)}),
        ({"components": {"ce": {}, "kl": {}}}, {"ce": (0.6, 0.4), "kl": (0.35, 0.35)}),
        ({"loss": "ce"}, {"ce": (1.0, 1.0)}),
        ({"loss": "traditional"}, {}),
        ({"components": {"ce": {}}, "loss_weights": {"ce": 0.5}}, {"ce": (0.5, 0.5)}),
        ({"components": {"ce": {}}, "schedule": {"ce": [1, 0]}}, {"ce": (1.0, 0.0)}),
    ],
)
def test_components_choose_the_schedule_unless_weights_are_given(keys, weights):
    assert load_config(with_student(**keys)).students["one"].weights() == weights


@pytest.mark.parametrize(
    ("keys", "needs"),
    [
        ({}, {"signals", "store", "teachers_encoder", "teacher"}),
        ({"loss": "ce"}, set()),
        ({"loss": "ce", "signals": "online"}, set()),
        ({"loss": "traditional"}, {"signals", "store", "teacher"}),
        ({"loss": "traditional", "signals": "online"}, {"signals", "online", "teacher"}),
        ({"components": {"semantic": {}}}, {"teachers_encoder", "teacher"}),
        ({"components": {"focal": {}}}, set()),
    ],
)
def test_a_student_needs_what_its_components_read(keys, needs):
    student = load_config(with_student(**keys)).students["one"]
    asked = ("signals", "store", "online", "teachers_encoder", "teacher")
    assert {name for name in asked if getattr(student, f"needs_{name}")()} == needs


def test_an_online_teacher_sees_renamed_rows_and_knows_every_temperature():
    keys = {"loss": "traditional", "training": {"renaming": 0.5}}
    sparse = {"signals": {"codec": {"kind": "topk", "temperature": 1}}}
    with pytest.raises(ConfigError) as caught:
        load_config({**with_student(**keys), **sparse})
    assert "students.one.training.renaming: stored signals belong to the original names" in str(caught.value)
    assert "students.one.temperature: signals.codec topk answers only at T = 1" in str(caught.value)
    assert load_config({**with_student(**keys, signals="online"), **sparse})


def test_a_component_dropped_by_null_is_not_used():
    keys = {"components": {"focal": {}, "jsd": None, "semantic": None}}
    assert load_config(with_student(**keys)).students["one"].components.names() == ["focal"]


def test_dumped_values_load_to_the_same_configuration():
    config = read_config([ROOT / "config" / "config.yaml"])
    assert load_config(config.model_dump(mode="json")) == config


def test_values_do_not_change_after_reading():
    with pytest.raises(ValidationError):
        load_config(MINIMAL).threads = 3


def write(path, value):
    path.write_text(yaml.safe_dump(value))
    return path


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
        told = str(error).splitlines()
    else:
        told = []
        assert load_config(config.model_dump(mode="json")) == config
    assert len(told) != 1  # a headline says how many lines follow


@pytest.mark.parametrize(
    ("name", "shape"),
    [("gpu_8gb", (2, 8)), ("gpu_16gb", (4, 8)), ("gpu_24gb", (8, 4)), ("cpu_only", (1, 16))],
)
def test_profiles_of_machines_have_their_batches(name, shape):
    for written in (name, {"profile": name}):
        training = load_config(with_student(training=written)).students["one"].training
        assert (training.batch_size, training.accumulation) == shape


@pytest.mark.parametrize("name", sorted(presets()["profiles"]))
def test_a_profile_overrides_no_key_that_a_user_sets(name):
    given = {key: value for key, value in Training().model_dump().items() if key != "profile"}
    assert Training.model_validate({"profile": name, **given}).model_dump() == {**given, "profile": name}
    named = load_config(with_student(training=name)).students["one"].training
    assert {key: getattr(named, key) for key in presets()["profiles"][name]} == presets()["profiles"][name]
    # A rule's params hold the resolved values, which give the same training again.
    assert Training.model_validate(named.model_dump()) == named


def test_an_overlay_chooses_a_profile_and_keeps_the_keys_of_the_file_below(tmp_path):
    below, above = tmp_path / "below.yaml", tmp_path / "above.yaml"
    below.write_text(yaml.safe_dump(with_student(training={"epochs": 3})))
    above.write_text("students: {one: {training: {profile: quick_start, batch_size: 5}}}")
    training = read_config([below, above]).students["one"].training
    assert (training.epochs, training.batch_size, training.epoch_samples) == (3, 5, 500)


def test_an_unknown_profile_is_told_with_the_nearest():
    with pytest.raises(ConfigError) as caught:
        load_config(with_student(training={"profile": "quick_strat", "epochs": 0}))
    assert "unknown name 'quick_strat'; did you mean 'quick_start'?" in str(caught.value)


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_configuration_without_its_defaults_loads_to_the_same(path):
    raw = merged([ROOT / "config" / "config.yaml", path])
    for model in raw.get("models", {}).values():
        if model["kind"] == "hub":
            model["revision"] = "a" * 40
    config = load_config(raw)
    assert load_config(config.model_dump(mode="json", exclude_defaults=True)) == config
