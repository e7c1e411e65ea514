# What pretrained models start from is checked before a teacher trains for hours: their tokenizers, and the layers
# that students take.

# Pretrained models that teachers and students start from.
STARTING = sorted(
    {e.model for e in [*cfg.teachers.values(), *cfg.students.values()]} - {None}
)

# Student: its pretrained teacher's model, and the layers that it takes of it.
TAKEN_LAYERS = {
    name: (cfg.teachers[student.teacher].model, student.layers.model_dump())
    for name, student in cfg.students.items()
    if student.layers and cfg.teachers[student.teacher].model
}


rule starts:
    input:
        tokenizer=rules.dataset.output.tokenizer,
        tokenizer_config=rules.dataset.output.tokenizer_config,
        models=[
            file
            for name in STARTING
            for file in staged(name)
            if file.endswith("tokenizer.json")
        ],
    output:
        checked=f"{RUN}/dataset/starts.json",
    log:
        f"{LOGS}/starts.log",
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        names=STARTING,
        layers=TAKEN_LAYERS,
        code=code("starts"),
        versions=versions("starts"),
    message:
        "look at the tokenizers and layers of the pretrained models"
    script:
        "../scripts/starts.py"
