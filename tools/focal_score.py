"""Compare the miner's focal methods with the labelled ones: docs/decisions/008-focal-labels.md.

python tools/focal_score.py              both sets, from the archives in cache/sources
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdlib.config import DebianSource, read_config
from kdlib.corpus.mining.extraction import SourceOrigin, mine_file
from kdlib.corpus.mining.focal import Methods
from kdlib.corpus.mining.project import ProjectFile, index
from kdlib.corpus.mining.suites import tests_of
from kdlib.java.methods import read_unit
from kdlib.java.syntax import parse
from kdlib.records import Example, Occurrence
from kdlib.sources.java_files import java_files

ROOT = Path(__file__).resolve().parent.parent
LABELS = ROOT / "tests" / "corpus" / "mining" / "focal" / "labels.jsonl"


@dataclass(frozen=True)
class Verdict:
    """What became of one labelled assertion.

    Attributes:
        label: Its row.
        outcome: ``right``, ``wrong`` (another method), ``false`` (there is none), ``missed`` or
            ``none`` (rightly).
        found: Where the miner's answer stands, if it gave one.
    """

    label: dict[str, Any]
    outcome: str
    found: Occurrence | None


def labels(name: str) -> list[dict[str, Any]]:
    """Return the rows of the set ``development`` or ``test``."""
    rows = [json.loads(line) for line in LABELS.read_text().splitlines()]
    return [row for row in rows if row["set"] == name]


def verdicts(rows: list[dict[str, Any]], archive: Callable[[str], Path]) -> Iterator[Verdict]:
    """Yield the verdict on every row.

    Args:
        rows: Labelled assertions.
        archive: Returns the archive of a source by name.
    """
    by_source = defaultdict(list)
    for row in rows:
        by_source[row["source"]].append(row)
    for source, own in by_source.items():
        trees = ((file, parse(file.content).root_node) for file in java_files(archive(source)))
        files = [ProjectFile(f.path, f.content, read_unit(root)) for f, root in trees if not root.has_error]
        methods = Methods(index(files))
        contents = {file.path: file for file in files}
        mined: dict[tuple[str, int], Occurrence] = {}
        for path in {row["path"] for row in own}:
            file = contents[path]
            tests = tests_of(methods.project, file)
            for example in mine_file(methods, file, tests, SourceOrigin(source, "", "")):
                if isinstance(example, Example):
                    (where,) = example.occurrences
                    mined[path, where.start_byte] = where
        for row in own:
            found = mined.get((row["path"], row["start_byte"]))
            yield Verdict(row, _outcome(row["focal"], found, contents), found)


def _outcome(label: dict[str, Any] | None, found: Occurrence | None, files: dict[str, ProjectFile]) -> str:
    if found is None or label is None:
        return ("missed" if label else "none") if found is None else "false"
    content = files[found.focal_path].content
    first, last = (content.count(b"\n", 0, at) + 1 for at in (found.focal_start_byte, found.focal_end_byte))
    same = found.focal_path == label["path"] and first <= label["line"] <= last
    return "right" if same else "wrong"


def precision_recall(found: list[Verdict]) -> tuple[float, float]:
    """Return right / answered and right / labelled with a method."""
    counts = Counter(verdict.outcome for verdict in found)
    right = counts["right"]
    return right / (right + counts["wrong"] + counts["false"]), right / (
        right + counts["wrong"] + counts["missed"]
    )


def main() -> None:
    """Print both sets' figures, also by how the focal method was found."""
    config = read_config([ROOT / "config" / "config.yaml", ROOT / "config" / "debian.yaml"])

    def archive(name: str) -> Path:
        source = config.corpus.sources[name]
        assert isinstance(source, DebianSource)
        return ROOT / "cache" / "sources" / f"{name}-{source.sha256[:12]}.tar"

    for name in ("development", "test"):
        found = list(verdicts(labels(name), archive))
        precision, recall = precision_recall(found)
        print(f"{name}: {len(found)} rows, precision {precision:.3f}, recall {recall:.3f}")
        for reason in sorted({verdict.found.reason for verdict in found if verdict.found}):
            own = [verdict for verdict in found if verdict.found and verdict.found.reason == reason]
            right = sum(verdict.outcome == "right" for verdict in own)
            print(f"  {reason}: {right} of {len(own)} right")


if __name__ == "__main__":
    main()
