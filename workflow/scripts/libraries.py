"""Fetch the jars that a source is compiled with; where apt cannot, say why and let the run go on."""

from pathlib import Path
from typing import Any

from kdlib.files import DataError, write_json
from kdlib.jobs import recorded
from kdlib.sources.debian import fetch_libraries
from kdlib.sources.layout import maven_libraries


def main(job: Any) -> None:
    """Run the rule."""
    folder = Path(job.output.folder)
    listing = Path(job.output.listing)
    try:
        guessed = maven_libraries(Path(job.params.root))
        missing = fetch_libraries(job.params.packages, guessed, job.params.package, folder)
    except DataError as error:
        # Declared as an output, so it must be there.
        folder.mkdir(parents=True, exist_ok=True)
        write_json(listing, {"jars": [], "reason": f"{error}; delete {listing} to try again"})
    else:
        jars = [str(jar) for jar in sorted(folder.glob("*.jar"))]
        write_json(listing, {"jars": jars, "missing": missing})


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
