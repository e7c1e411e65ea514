# What a job finds on a GPU partition: a separate target, which runs again whenever it is asked for.


rule gpu_report:
    output:
        report=temp(f"{RUN}/gpu/{{partition}}.json"),
    log:
        f"{LOGS}/gpu/{{partition}}.log",
    wildcard_constraints:
        partition="|".join(cfg.gpu_partitions),
    threads: cfg.threads
    resources:
        mem_mb=grows(4000),
        runtime=grows(30),
        gpu=1,
    params:
        threads=cfg.threads,
        code=code("gpu_report"),
    message:
        "look at a GPU of the partition {wildcards.partition}"
    script:
        "../scripts/gpu_report.py"


rule check_gpu:
    input:
        reports=expand(rules.gpu_report.output.report, partition=cfg.gpu_partitions),
    log:
        f"{LOGS}/check_gpu.log",
    message:
        "print what was found, also into {log}"
    shell:
        "cat {input.reports} | tee {log}"
