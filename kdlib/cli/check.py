"""``kdlib check``: does one assertion compile, pass, and notice faults?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from kdlib.cli.errors import fail, told

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by kdlib; it may be deleted.\n"


def check(
    place: Annotated[str, typer.Argument(help="FILE.java:LINE of the assertion that is there now.")],
    assertion: Annotated[str, typer.Argument(help="One Java statement to try in its place.")],
    project: Annotated[Path, typer.Option(help="Folder with the main and test sources.")] = Path(),
    jar: Annotated[
        list[Path] | None, typer.Option(help="Library, or folder of libraries, JUnit among them; repeatable.")
    ] = None,
    mutants: Annotated[int, typer.Option(min=0, help="Faults of the method under test to try.")] = 20,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that the test may take.")] = 10.0,
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Run without a sandbox where none works.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run one assertion in its test, in a sandbox, and on faulty versions of the method under test.

    The exit code is 0 if it is valid: the test passes, and the assertion could have failed. The project is
    compiled once and kept in cache/, or in the user's cache where there is no Snakefile. Example:
    kdlib check examples/sample-java/src/test/java/tessera/parse/PathNameTest.java:75
    'assertTrue(PathName.ROOT.depth() == 0);' --project examples/sample-java --jar cache/jars/junit4
    """
    from kdlib.cli.checking import check_assertion
    from kdlib.config import Execution

    file, _, line = place.rpartition(":")
    if not file or not line.isdecimal():
        fail(f"{place!r}: give the file and the line of an assertion, such as src/test/java/FooTest.java:42")
    settings = Execution(mutants=mutants, timeout_s=timeout, unsafe=unsafe)
    with told():
        found = check_assertion(
            Path(file), int(line), assertion, project, _jars(jar or []), settings, _cache().absolute()
        )
    print(json.dumps(found, indent=2, ensure_ascii=False) if as_json else _text(found))
    if found["verdict"] != "valid":
        raise typer.Exit(1)


def _cache() -> Path:
    """Return the folder of what is kept: that of the runs here, or the user's."""
    from platformdirs import user_cache_path

    from kdlib.sources.java_files import CACHE_TAG

    cache = Path("cache") if Path("Snakefile").is_file() else user_cache_path("kdlib", appauthor=False)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # In a project that is checked, it is no part of that.
        if not (cache / CACHE_TAG).exists():
            (cache / CACHE_TAG).write_text(TAG)
    except OSError as error:
        fail(f"{cache}: cannot be written ({error.strerror}); set XDG_CACHE_HOME to a folder that can")
    return cache


def _jars(given: list[Path]) -> list[Path]:
    found = [jar for path in given for jar in (sorted(path.glob("*.jar")) if path.is_dir() else [path])]
    for path in found:
        if not path.is_file():
            fail(f"{path}: there is no such jar")
    return found


def _text(found: dict[str, Any]) -> str:
    lines = [found["verdict"]]
    killed, mutants = (found["candidate"]["score"][key] for key in ("killed", "mutants"))
    if mutants:
        lines.append(f"kills {killed} of {mutants} mutants of the method under test")
    lines.append(f"in its place stands {found['assertion']}")
    killed, mutants = (found["reference"]["score"][key] for key in ("killed", "mutants"))
    if found["reference"]["vacuous"]:
        lines.append(f"which is vacuous: {found['reference']['vacuous']}")
    elif mutants:
        lines.append(f"which kills {killed} of {mutants}")
    return "\n".join(lines)
