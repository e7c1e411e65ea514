# Where pretrained models come from, whose signals are stored, at which temperatures they are read, and in which
# processes a model is trained.
from kdlib.config import merged
from kdlib.records import digest
from kdlib.training.loop.schedules import temperature_at

STAGED_FILES = MODEL_FILES + ["tokenizer.json", "tokenizer_config.json"]
ENCODER_FILES = ["modules.json", "config.json", "model.safetensors", "tokenizer.json"]


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


def measuring_encoder():
    """Name and files of the encoder that measures semantic similarity."""
    name = cfg.evaluation.encoder
    if name is not None:
        return f"encoders/{name}", staged_encoder(name)
    teacher = next(iter(cfg.teachers))
    folder = f"{RUN}/teachers/{teacher}/best_model"
    return f"teachers/{teacher}", expand(f"{folder}/{{file}}", file=MODEL_FILES)


def given_encoder_files(wildcards):
    """Files that a sentence encoder is read from, if they lie on this machine."""
    path = getattr(cfg.encoders[wildcards.encoder], "path", None)
    return sorted(map(str, files_below(Path(path)))) if path else []


def starting_models():
    """Names of the pretrained models that teachers and students start from."""
    entries = [*cfg.teachers.values(), *cfg.students.values()]
    return sorted({entry.model for entry in entries} - {None})


def taken_layers():
    """Students that take layers of a pretrained teacher: the teacher's model, and how many."""
    started = {name: own.model for name, own in cfg.teachers.items() if own.model}
    return {
        name: (started[own.teacher], own.layers.model_dump())
        for name, own in cfg.students.items()
        if own.layers and own.teacher in started
    }


def given_files(wildcards):
    """Files that a pretrained model is read from, if they lie on this machine."""
    path = Path(getattr(cfg.models[wildcards.model], "path", ""))
    if path.name == "":
        return []
    return [str(path)] if path.is_file() else sorted(map(str, files_below(path)))


def student_beams(wildcards):
    """The teacher's answers and their counts, if the student learns from them and not from a store's."""
    student = cfg.students[wildcards.student]
    if not student.needs_beams():
        return []
    stem = f"{RUN}/beams/{student.teacher}/{student.beams.width}"
    return [f"{stem}.parquet", f"{stem}.json"]


def distilled_teachers():
    """Teachers whose stored signals a student reads."""
    read = {own.teacher for own in cfg.students.values() if own.needs_store()}
    return [name for name in cfg.teachers if name in read]


def fidelity_temperatures(wildcards):
    """T = 1 and every T at which a student reads the signals; a sparse codec answers at its own T only."""
    own = getattr(cfg.signals.codec, "temperature", None)
    if own is not None:
        return [own]
    found = {1.0}
    for student in cfg.students.values():
        if student.teacher == wildcards.teacher and student.needs_store():
            start, end = student.temperature.start, student.temperature.end
            epochs = student.training.epochs
            found |= {temperature_at(start, end, e, epochs) for e in range(epochs)}
    return sorted({round(temperature, 4) for temperature in found})


def accelerate_profile(model):
    """What a training's configuration of accelerate says: it decides on processes, hence on bytes."""
    path = model.training.accelerate
    return merged([Path(path)]) if path else None


def gpus_of(model):
    """GPUs of a training: as many as processes, which accelerate starts if there are several."""
    profile = accelerate_profile(model)
    if profile is None:
        return 1
    return 0 if profile["use_cpu"] else profile["num_processes"]


def training_minutes(kind, model):
    """Minutes that a training may take: 8 hours for a student, 12 for a teacher, 16 on several GPUs."""
    return 960 if gpus_of(model) > 1 else {"student": 480, "teacher": 720}[kind]


def compiled_names():
    """Sources that hold Java projects, by the names of their class paths: with its pin, or of this run."""
    mined = {n: s for n, s in cfg.corpus.sources.items() if s.kind != "import"}
    return {
        f"{n}-{s.sha256[:12] if isinstance(s, FetchedSource) else cfg.run}": n
        for n, s in mined.items()
    }


def compiled_source(wildcards):
    """The source of a class path."""
    return compiled_names()[wildcards.compiled]


def compiled_files(wildcards):
    """Every file of a source that its class path depends on: its archive, or what its folder holds."""
    return [str(p) for p in files_below(Path(source_root(compiled_source(wildcards))))]


def source_archive(wildcards):
    """The archive of a fetched source; of a folder, only its Maven files tell which jars it needs."""
    return [f for f in compiled_files(wildcards) if f.endswith(("pom.xml", ".tar"))]


def source_jars(wildcards):
    """Listing of the jars that a source is compiled with; the sample library needs JUnit 4 alone."""
    if cfg.corpus.sources[compiled_source(wildcards)].kind == "sample":
        return "cache/jars/junit4.json"
    return f"cache/libraries/{wildcards.compiled}.json"


def class_paths():
    """Source: folder of its class path; without a JDK there is none."""
    names = compiled_names() if JDK else {}
    return {source: f"cache/classpaths/{name}" for name, source in names.items()}


def prediction_settings(wildcards):
    """What predictions depend on: a statistic's seed or resamples must not generate again."""
    settings = {"beams", "n_best", "batch_size", "batch_tokens", "latency_rows"}
    return cfg.evaluation.model_dump(include=settings)


def evaluated(file):
    """A file of the evaluation of every teacher and student."""
    return [
        f"{RUN}/evaluation/{kind}/{name}/{file}"
        for kind, names in (("teachers", cfg.teachers), ("students", cfg.students))
        for name in names
    ]
