# Configuration, names and paths that the rules share.
import shutil
from pathlib import Path

from snakemake.exceptions import WorkflowError

from kdlib.config import ConfigError, FetchedSource, SampleSource, load_config
from kdlib.sources.java_files import files_below, java_paths
from kdlib.provenance import code_digest, package_versions
from kdlib.records import BASELINES, TRIGRAM

try:
    cfg = load_config(config)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

RUN = f"results/{cfg.run}"
LOGS = f"logs/{cfg.run}"
MODEL_FILES = ["config.json", "generation_config.json", "model.safetensors"]
JDK = shutil.which("javac") is not None  # in params: one installed later reruns


wildcard_constraints:
    source="|".join(cfg.corpus.sources),
    teacher="|".join(cfg.teachers),
    student="|".join(cfg.students),
    split="train|validation",
    shard=r"\d+",
    width=r"\d+",
    pin="[0-9a-f]{12}",
    compiled=r"[A-Za-z0-9_-]+",


def code(rule_name):
    """Digest of the code behind a rule: its script, the modules that it imports and their data files."""
    return code_digest(script_of(rule_name))


def versions(rule_name):
    """Versions of the packages that the code behind a rule computes with."""
    return package_versions(script_of(rule_name))


def script_of(rule_name):
    """Path of a rule's script."""
    return Path(workflow.basedir) / "workflow" / "scripts" / f"{rule_name}.py"


def source_root(name):
    """Folder or archive of a source."""
    source = cfg.corpus.sources[name]
    if isinstance(source, FetchedSource):
        return f"cache/sources/{name}-{source.sha256[:12]}.tar"
    return "examples/sample-java" if isinstance(source, SampleSource) else source.path


def source_files(wildcards):
    """Every file that is read of a source, so that an edit, an addition and a removal rerun what they must."""
    root = Path(source_root(wildcards.source))
    read = java_paths if wildcards.source in source_folders() else files_below
    return [str(path) for path in read(root)]


def source_folders():
    """Sources that are folders of Java files, with their roots."""
    kinds = {name: source.kind for name, source in cfg.corpus.sources.items()}
    return {n: source_root(n) for n in kinds if kinds[n] in ("sample", "path")}


def threads_of(model):
    """CPU threads of a model's training; part of params, since other threads give other bytes."""
    return model.training.threads or cfg.threads


def teacher_of(wildcards):
    """Name of the teacher of a student."""
    return cfg.students[wildcards.student].teacher


def student_signals(wildcards):
    """Manifest and shards of the teacher's signals, if a component of the student reads them."""
    if not cfg.students[wildcards.student].needs_store():
        return []
    folder = f"{RUN}/signals/{teacher_of(wildcards)}"
    parts = dict(split=["train", "validation"], shard=range(cfg.signals.shards))
    shards = expand(f"{folder}/{{split}}/{{shard}}.parquet", **parts)
    return [f"{folder}/manifest.json", f"{folder}/codec.safetensors", *shards]


def student_teacher(wildcards):
    """The teacher's model files, if the student runs it, takes its layers or reads its signals."""
    if not cfg.students[wildcards.student].needs_teacher():
        return []
    return expand(
        f"{RUN}/teachers/{teacher_of(wildcards)}/best_model/{{file}}", file=MODEL_FILES
    )
