# What the trainings of teachers and students share, and what a student's training reads.
from kdlib.config import merged
from kdlib.training.loop.schedules import temperature_at


def training_outputs(kind):
    """Outputs of the training of a "teacher" or "student" by name: its models and its records."""
    entry = f"{kind}s/{{{kind}}}"
    folder = f"{RUN}/{entry}"

    def shown(file, label):
        return report(
            f"{folder}/{file}",
            caption=f"../report/{Path(file).stem}.rst",
            category="Training",
            subcategory=entry,
            labels={"file": label},
        )

    return {
        "best": model_files(f"{entry}/best_model"),
        "final": model_files(f"{entry}/final_model"),
        "report": shown("training_report.json", "report"),
        "epochs": shown("training_metrics.csv", "curve by validation"),
        "steps": shown("step_metrics.csv", "curves by step"),
        # As many files as there were epochs, which early stopping decides.
        "summaries": directory(f"{folder}/epochs"),
        "components": f"{folder}/multi_component_loss_summary.json",
        "story": f"{folder}/distillation_log.txt",
        "board": directory(f"{folder}/tensorboard"),
    }


def threads_of(model):
    """CPU threads of a model's training; part of params, since other threads give other bytes."""
    return model.training.threads or cfg.threads


def accelerate_profile(model):
    """A training's configuration of accelerate: it decides on processes, hence on bytes."""
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


def teacher_of(wildcards):
    """Name of the teacher of a student."""
    return cfg.students[wildcards.student].teacher


def student_teacher(wildcards):
    """The teacher's model files, if the student runs it, takes its layers or reads its signals."""
    if not cfg.students[wildcards.student].needs_teacher():
        return []
    return model_files(f"teachers/{teacher_of(wildcards)}/best_model")


def student_signals(wildcards):
    """Manifest and shards of the teacher's signals, if a component of the student reads them."""
    if not cfg.students[wildcards.student].needs_store():
        return []
    folder = f"{RUN}/signals/{teacher_of(wildcards)}"
    parts = dict(split=["train", "validation"], shard=range(cfg.signals.shards))
    shards = expand(f"{folder}/{{split}}/{{shard}}.parquet", **parts)
    return [f"{folder}/manifest.json", f"{folder}/codec.safetensors", *shards]


def student_beams(wildcards):
    """The teacher's beams and their counts, if the student learns from them and not from a store's."""
    student = cfg.students[wildcards.student]
    if not student.needs_beams():
        return []
    stem = f"{RUN}/beams/{student.teacher}/{student.beams.width}"
    return [f"{stem}.parquet", f"{stem}.json"]


def temperatures_of(student):
    """Temperatures at which a student reads the signals, one for each epoch."""
    start, end = student.temperature.start, student.temperature.end
    epochs = student.training.epochs
    return [round(temperature_at(start, end, e, epochs), 4) for e in range(epochs)]
