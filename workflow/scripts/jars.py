"""Fetch the jars that tests are compiled against; where apt cannot, say why and let the run go on."""

from pathlib import Path
from typing import Any

from kdlib.files import DataError, write_json
from kdlib.jobs import recorded
from kdlib.sources.debian import fetch_jars


def main(job: Any) -> None:
    """Run the rule."""
    folder = Path(job.output.folder)
    listing = Path(job.output.listing)
    try:
        jars = fetch_jars(job.params.packages, folder)
    except DataError as error:
        # Declared as an output, so it must be there.
        folder.mkdir(parents=True, exist_ok=True)
        write_json(listing, {"jars": [], "reason": f"{error}; delete {listing} to try again"})
    else:
        write_json(listing, {"jars": [str(jar) for jar in jars]})


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
