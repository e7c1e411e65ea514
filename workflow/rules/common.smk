# Configuration, names and paths that the rules share.
import shutil
from pathlib import Path

from snakemake.exceptions import WorkflowError

from kdlib.config import ConfigError, FetchedSource, SampleSource, load_config
from kdlib.sources.java_files import files_below, java_paths
from kdlib.provenance import code_digest, package_versions
from kdlib.records import BASELINES, TRIGRAM, digest
from kdlib.results.places import VALIDATION

try:
    cfg = load_config(config)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

RUN = f"results/{cfg.run}"
LOGS = f"logs/{cfg.run}"
# What an evaluation makes. That of validation has a folder of its own: neither replaces the other.
PLACE, EVALUATION_LOGS = (
    (RUN, LOGS)
    if cfg.evaluation.split == "test"
    else (f"{RUN}/{VALIDATION}", f"{LOGS}/{VALIDATION}")
)
# Folders of all trained models, below the run's and below its evaluation.
MODELS = [f"teachers/{name}" for name in cfg.teachers]
MODELS += [f"students/{name}" for name in cfg.students]
MODEL_FILES = ["config.json", "generation_config.json", "model.safetensors"]
STAGED_FILES = MODEL_FILES + ["tokenizer.json", "tokenizer_config.json"]
ENCODER_FILES = ["modules.json", "config.json", "model.safetensors", "tokenizer.json"]
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


def grows(amount):
    """A resource, megabytes or minutes, that grows with each attempt."""
    return lambda wildcards, attempt: amount * attempt


def source_root(name):
    """Folder or archive of a source."""
    source = cfg.corpus.sources[name]
    if isinstance(source, FetchedSource):
        return f"cache/sources/{name}-{source.sha256[:12]}.tar"
    return "examples/sample-java" if isinstance(source, SampleSource) else source.path


def files_of(path):
    """Every file below a folder, or the file itself; none where there is no path."""
    return list(map(str, files_below(Path(path)))) if path else []


def model_files(folder):
    """Files of a trained model in a folder of the run; wildcards in its name are kept."""
    return expand(f"{RUN}/{folder}/{{file}}", file=MODEL_FILES, allow_missing=True)


def staged(name):
    """Files of a pretrained model's folder; none for a model from scratch."""
    if name is None:
        return []
    pin = digest([cfg.models[name].model_dump_json()])[:12]
    return expand(f"cache/models/{name}-{pin}/{{file}}", file=STAGED_FILES)


def staged_encoder(name):
    """Files of a sentence encoder's folder; none where the teacher's own encoder serves."""
    if name is None:
        return []
    pin = digest([cfg.encoders[name].model_dump_json()])[:12]
    return expand(f"cache/encoders/{name}-{pin}/{{file}}", file=ENCODER_FILES)
