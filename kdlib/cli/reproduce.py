"""``kdlib reproduce``: a run made again from its manifest, in a folder of its own, and compared."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from kdlib.cli.errors import fail, told

NOT_LINKED = {"results", "cache", "logs", "config"}
FETCHED = ("sources", "jars", "libraries")  # pinned, or of the system: fetching them again proves nothing


def reproduce(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run, e.g. results/default.")],
    into: Annotated[
        Path | None, typer.Option(help="New folder to run in; reproduced/RUN if left out.")
    ] = None,
) -> None:
    """Make a finished run again from its manifest, elsewhere, and compare what comes out.

    Configuration comes from the manifest, sources and code from this folder. Whatever clocks and memory
    say may differ; everything else must be equal byte for byte, on equal hardware. Exit code 1 if it is not.

    Example: kdlib reproduce results/default
    """
    from kdlib.provenance.comparison import compare
    from kdlib.provenance.lineage import read_run

    with told():
        before = read_run(run)
    folder = into or Path("reproduced", before["run"])
    if folder.exists():
        fail(f"{folder}: is there already; delete it, or name another with --into")
    if not Path("Snakefile").is_file():
        fail("there is no Snakefile here: run this in the folder of the project")
    for line in _changed(before):
        print(f"note: {line}")
    _prepare(folder, before["config"])
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/local"]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        fail(f"{folder}: the run failed, see above")
    found = list(compare(before, Path(), folder))
    for result in found:
        if result.answer in {"differs", "missing"}:
            print(f"{result.answer}: {result.path}")
    print(
        ", ".join(f"{count} {answer}" for answer, count in Counter(result.answer for result in found).items())
    )
    if any(result.answer in {"differs", "missing"} for result in found):
        raise typer.Exit(1)


def _prepare(folder: Path, config: dict[str, Any]) -> None:
    """Make a folder that links to this project's code and sources, with a configuration of its own."""
    import yaml

    (folder / "config").mkdir(parents=True)
    # A server would take the second run's records for those of the first.
    config = {**config, "tracking": {"uri": "sqlite:///results/mlflow.db"}}
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    for path in Path().iterdir():
        inside = folder.resolve().is_relative_to(path.resolve())
        if not path.name.startswith(".") and path.name not in NOT_LINKED and not inside:
            (folder / path.name).symlink_to(path.resolve())
    (folder / "cache").mkdir()
    for name in FETCHED:
        if Path("cache", name).is_dir():
            (folder / "cache" / name).symlink_to(Path("cache", name).resolve())


def _changed(before: dict[str, Any]) -> Iterator[str]:
    """Yield the rules whose code or packages are others now than when the run was made."""
    from kdlib.provenance import code_digest, package_versions

    rules = {job["rule"]: job for job in before["jobs"]}
    for rule, job in sorted(rules.items()):
        script = Path(job["script"])
        if not script.is_file() or code_digest(script) != job["code"]:
            yield f"the code of {rule} has changed since; kdlib why {rule} says where"
        elif package_versions(script) != job["environment"]["packages"]:
            yield f"the packages of {rule} have changed since; kdlib why {rule} says which"
