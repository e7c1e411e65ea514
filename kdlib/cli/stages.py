"""``kdlib teacher`` and ``kdlib distill``: a stage by itself, with the configuration's keys as options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdlib.cli.errors import fail, told

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from kdlib.config import Config

CHECKPOINTS = Path("cache/checkpoints")
GOLD_EMBEDDINGS = Path("cache/gold_embeddings")

Name = Annotated[str, typer.Argument(help="Entry of the configuration to begin with.")]
Out = Annotated[Path, typer.Option(help="Folder for best_model, final_model and the records.")]
Overlay = Annotated[list[Path] | None, typer.Option(help="YAML laid over the base; repeatable.")]
Base = Annotated[Path, typer.Option(help="The configuration beneath.")]
Dataset = Annotated[
    Path | None,
    typer.Option(help="Folder with train.parquet, validation.parquet and tokenizer/; the run's if left out."),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        help="Checkpoint of another training to go on from, such as "
        "cache/checkpoints/teachers-base-1f…/checkpoint-50; this run's own go before it."
    ),
]


def with_keys(stage: Callable[..., None], section: str) -> Callable[..., None]:
    """Return a command that takes every key of a section as an option and hands those given to a stage.

    Args:
        stage: Function with parameters of its own, which hide keys of the same name, and ``keys``: a mapping
            of each given key, with dots, to the text of its value.
        section: Name of the section's class in ``kdlib.config``.
    """
    import kdlib.config

    fields = dict(_fields(getattr(kdlib.config, section)))
    taken = inspect.signature(stage, eval_str=True).parameters
    names = {key.replace(".", "_"): key for key in fields if key not in taken}

    def command(**given: Any) -> None:  # noqa: ANN401  (what typer parsed)
        keys = {names[name]: given.pop(name) for name in list(given) if name in names}
        stage(**given, keys={key: value for key, value in keys.items() if value is not None})

    kept = [p.replace(kind=p.KEYWORD_ONLY) for p in taken.values() if p.name != "keys"]
    options = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(key, fields[key])
        )
        for name, key in names.items()
    ]
    parameters = [*kept, *options]
    command.__doc__ = stage.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def teacher(
    out: Out,
    keys: Mapping[str, str],
    name: Name = "base",
    overlay: Overlay = None,
    base: Base = Path("config/config.yaml"),
    dataset: Dataset = None,
    pretrained: Annotated[
        Path | None, typer.Option(help="Folder of the staged model, if the entry names one.")
    ] = None,
    resume_from: Resume = None,
) -> None:
    """Fine-tune one teacher without the workflow.

    The entry NAME of teachers gives every setting that no option sets; options are its keys and take YAML.
    Run again, it goes on from its last checkpoint. Example:
    kdlib teacher base --out runs/long --training.epochs 8 --training.learning_rate 1e-3
    """
    from kdlib.provenance import code_digest
    from kdlib.training import finetune
    from kdlib.training.inputs import TeacherInputs
    from kdlib.training.launch import launch
    from kdlib.training.loop.job import Job

    config = _configured("teachers", name, keys, [base, *(overlay or [])])
    entry, data = config.teachers[name], dataset_folder(dataset, config)
    _given(f"teacher {name} starts from the model {entry.model}", entry.model, pretrained, "--pretrained")
    with told():
        inputs = TeacherInputs(
            data / "train.parquet", data / "validation.parquet", data / "tokenizer", pretrained
        )
        job = Job(
            out=out,
            checkpoints=CHECKPOINTS,
            threads=entry.training.threads or config.threads,
            code=code_digest(Path(finetune.__file__)),
            resume_from=resume_from,
        )
        launch(finetune.finetune, name, entry, inputs, job)


def distill(
    out: Out,
    keys: Mapping[str, str],
    name: Name,
    overlay: Overlay = None,
    base: Base = Path("config/config.yaml"),
    dataset: Dataset = None,
    teacher_model: Annotated[
        Path | None, typer.Option(help="Folder of the teacher's model; the run's if left out.")
    ] = None,
    signals_manifest: Annotated[
        Path | None, typer.Option(help="manifest.json of the teacher's signals; the run's if left out.")
    ] = None,
    pretrained: Annotated[
        Path | None, typer.Option(help="Folder of the staged model, if the entry names one.")
    ] = None,
    encoder_model: Annotated[
        Path | None, typer.Option(help="Folder of the staged sentence encoder, if the entry names one.")
    ] = None,
    beams_file: Annotated[
        Path | None,
        typer.Option(help="Parquet file of the rule beams, if the entry learns from the teacher's beams."),
    ] = None,
    resume_from: Resume = None,
) -> None:
    """Distil one student without the workflow.

    The entry NAME of students gives every setting that no option sets; options are its keys and take YAML.
    Run again, it goes on from its last checkpoint. Examples:
    kdlib distill trident --out runs/hot --temperature.start 8

    kdlib distill ce --out runs/focal --loss multi_component --components '{focal: {}}'
    --loss_weights '{focal: 1}'
    """
    from kdlib.provenance import code_digest
    from kdlib.training import distill as distillation
    from kdlib.training.inputs import StudentInputs
    from kdlib.training.launch import launch
    from kdlib.training.loop.job import Job

    config = _configured("students", name, keys, [base, *(overlay or [])])
    entry, data, run = config.students[name], dataset_folder(dataset, config), Path("results") / config.run
    teacher_model = teacher_model or run / "teachers" / entry.teacher / "best_model"
    signals_manifest = signals_manifest or run / "signals" / entry.teacher / "manifest.json"
    _given(f"student {name} starts from the model {entry.model}", entry.model, pretrained, "--pretrained")
    _given(
        f"student {name} names the encoder {entry.encoder}", entry.encoder, encoder_model, "--encoder-model"
    )
    with told():
        inputs = StudentInputs(
            train=data / "train.parquet",
            validation=data / "validation.parquet",
            tokenizer=data / "tokenizer",
            gold_embeddings=GOLD_EMBEDDINGS,
            signals=existing(signals_manifest, "--signals-manifest") if entry.needs_store() else None,
            teacher=existing(teacher_model, "--teacher-model") if entry.needs_teacher() else None,
            encoder=encoder_model,
            pretrained=pretrained,
            beams=beams_file,
        )
        job = Job(
            out=out,
            checkpoints=CHECKPOINTS,
            threads=entry.training.threads or config.threads,
            code=code_digest(Path(distillation.__file__)),
            resume_from=resume_from,
        )
        launch(distillation.distill, name, entry, inputs, job)


def _fields(section: type[BaseModel], before: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield the keys of a section, with dots, down to the last that are not sections themselves."""
    from pydantic import BaseModel

    for name, field in section.model_fields.items():
        inner = field.annotation
        named = name in ("size", "components")  # whole values: the name of a preset, or all that is used
        if isinstance(inner, type) and issubclass(inner, BaseModel) and not named:
            yield from _fields(inner, f"{before}{name}.")
        else:
            yield before + name, field


def _option(key: str, field: FieldInfo) -> object:
    return Annotated[
        str | None, typer.Option(f"--{key}", metavar="YAML", help=field.description, show_default=False)
    ]


def _configured(table: str, name: str, keys: Mapping[str, str], files: list[Path]) -> Config:
    """Return the configuration with the keys of one entry set."""

    def entry(raw: dict[str, Any]) -> dict[str, Any]:
        found = raw.get(table, {}).get(name)
        if not isinstance(found, dict):
            fail(f"no entry {name!r} of {table}; there are {', '.join(raw.get(table, {})) or 'none'}")
        return found

    return _with_values(entry, keys, files)


def configured_section(name: str, keys: Mapping[str, str], files: list[Path]) -> Config:
    """Return the configuration with keys of one of its sections set.

    Args:
        name: The section.
        keys: Key with dots: text of the value.
        files: YAML, each laid over the ones before it.
    """

    def section(raw: dict[str, Any]) -> dict[str, Any]:
        raw[name] = raw.get(name) or {}
        if not isinstance(raw[name], dict):
            fail(f"{name}: holds {raw[name]!r} in place of keys and values")
        found: dict[str, Any] = raw[name]
        return found

    return _with_values(section, keys, files)


def _with_values(
    place_in: Callable[[dict[str, Any]], dict[str, Any]], keys: Mapping[str, str], files: list[Path]
) -> Config:
    """Return the configuration with values set below a place."""
    import yaml

    from kdlib.config import ConfigError, load_config, merged

    try:
        raw = merged(files)
        entry = place_in(raw)
        for key, text in keys.items():
            *sections, last = key.split(".")
            place = entry
            for section in sections:
                # A copy: YAML's aliases may let two entries share a section. A name is a preset of its own.
                inner = place.get(section) or {}
                place[section] = {"profile": inner} if isinstance(inner, str) else dict(inner)
                place = place[section]
            place[last] = yaml.safe_load(text)
        return load_config(raw)
    except (ConfigError, yaml.YAMLError) as error:
        fail(str(error))


def dataset_folder(given: Path | None, config: Config) -> Path:
    """Return the folder of a dataset, the run's if none is given, after making sure that it holds one."""
    folder = given or Path("results") / config.run / "dataset"
    for file in ("train.parquet", "validation.parquet", "tokenizer"):
        existing(folder / file, "--dataset")
    return folder


def existing(path: Path, option: str) -> Path:
    """Return a path that must exist; the message names the option that sets another."""
    if not path.exists():
        fail(
            f"{path}: there is no such file; make it with snakemake --profile profiles/local, or set {option}"
        )
    return path


def _given(why: str, named: str | None, folder: Path | None, option: str) -> None:
    if named is not None and folder is None:
        fail(f"{why}: set {option} to its folder under cache/, which the workflow stages")
