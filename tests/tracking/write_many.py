"""A process that writes a run into a store while others do: arguments are JSON file, name, steps."""

from __future__ import annotations

import sys
from pathlib import Path

from kdlib.tracking.mlflow_run import LiveRun


def main() -> None:
    place, name, steps = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    live = LiveRun(place, name, "k", {"x": {"y": 1}}, 0)
    for step in range(1, steps + 1):
        live.log({f"m{number}": float(step) for number in range(20)}, step)
        if step % 10 == 0:
            live.flush()
    live.close()
    sys.exit(0 if live.client is not None else 1)


if __name__ == "__main__":
    main()
