"""The sole reader of configuration; its effect on a rule is in the rule's values, so no digest covers it."""

from kdlib.config.corpus import (
    ArchiveSource,
    Corpus,
    Dataset,
    DebianSource,
    FetchedSource,
    Filters,
    GitSource,
    ImportSource,
    MinedSource,
    PathSource,
    SampleSource,
    Source,
    Split,
    Tokenizer,
    Views,
)
from kdlib.config.evaluation import Evaluation
from kdlib.config.execution import Execution
from kdlib.config.load import ConfigError, load_config, merged, read_config
from kdlib.config.models import (
    FolderModel,
    GgufModel,
    HubModel,
    Layers,
    Lora,
    PackageEncoder,
    PackageModel,
    Pretrained,
    SentenceEncoder,
    Size,
)
from kdlib.config.run import Config, Tracking
from kdlib.config.signals import Codec, Dense, Hidden, Nucleus, Sampled, Signals, TopK
from kdlib.config.student import SequenceLevel, Student
from kdlib.config.sweep import Sweep
from kdlib.config.teacher import Teacher
from kdlib.config.training import Temperature, Training

__all__ = [
    "ArchiveSource",
    "Codec",
    "Config",
    "ConfigError",
    "Corpus",
    "Dataset",
    "DebianSource",
    "Dense",
    "Evaluation",
    "Execution",
    "FetchedSource",
    "Filters",
    "FolderModel",
    "GgufModel",
    "GitSource",
    "Hidden",
    "HubModel",
    "ImportSource",
    "Layers",
    "Lora",
    "MinedSource",
    "Nucleus",
    "PackageEncoder",
    "PackageModel",
    "PathSource",
    "Pretrained",
    "SampleSource",
    "Sampled",
    "SentenceEncoder",
    "SequenceLevel",
    "Signals",
    "Size",
    "Source",
    "Split",
    "Student",
    "Sweep",
    "Teacher",
    "Temperature",
    "Tokenizer",
    "TopK",
    "Tracking",
    "Training",
    "Views",
    "load_config",
    "merged",
    "read_config",
]
