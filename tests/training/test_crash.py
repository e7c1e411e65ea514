"""SIGKILL at random moments of a training, each followed by a run that ends with the same bytes.

Of several processes that train together all are killed at once, as by a machine that goes down.
"""

import json
import multiprocessing
import random
import runpy
import signal
import socket
from collections import Counter, defaultdict
from pathlib import Path

import pytest

# Imported once, before any thread: a fork of them costs nothing.
HEAVY = ("kdlib.training.distill", "kdlib.training.loop.trainer", "torch.utils.tensorboard")
SCRIPT = str(Path(__file__).with_name("killable.py"))
NANO = {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}
STUDENT = {
    "teacher": "toy",
    "size": NANO,
    "components": {"focal": {}, "jsd": {}, "semantic": {}, "contrastive": {}},
    # Four steps an epoch: checkpoints within epochs and at their ends.
    "training": {"epochs": 3, "batch_size": 8, "learning_rate": 0.01, "dropout": 0.2, "save_steps": 3},
}
PHASES = ("building", "gold_embeddings", "checkpoints", "step", "validation", "out")
MOMENTS = 10


@pytest.fixture(scope="module")
def train(dataset, manifest, teacher):
    """Return a function that distils into a folder in a process of its own and returns its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*HEAVY])
    given = {"train": dataset.train, "validation": dataset.validation, "tokenizer": dataset.tokenizer}
    given |= {"signals": manifest, "teacher": teacher}

    def run(folder, **how):
        folder.mkdir(exist_ok=True)
        arguments = {"folder": folder, "given": given, "student": STUDENT, **how}
        process = context.Process(target=runpy.run_path, args=(SCRIPT, {"ARGUMENTS": arguments}))
        process.start()
        process.join()
        return process.exitcode

    return run


@pytest.fixture(scope="module")
def train_together(train):
    """Return ``train`` with two processes."""

    def run(folder, **kill):
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        return train(folder, processes=2, port=port, **kill)

    return run


@pytest.fixture(scope="module")
def undisturbed(train, outcome, tmp_path_factory):
    """Outcome and moments of a run that nobody killed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert train(folder) == 0
    return outcome(folder / "out"), (folder / "moments").read_text().splitlines()


def kills(moments):
    """Return ten moments, every phase among them, half of them followed by a random delay."""
    rng = random.Random(0)
    by_phase = defaultdict(list)
    for number, phase in enumerate(moments):
        by_phase[phase].append(number)
    chosen = [rng.choice(by_phase[phase]) for phase in PHASES]
    chosen += rng.sample(range(len(moments)), MOMENTS - len(chosen))
    return [(at, rng.random() * 0.05 if n % 2 else 0.0) for n, at in enumerate(chosen)]


def assert_nothing_is_left(folder):
    assert not list((folder / "checkpoints").iterdir())
    assert not list(folder.rglob("*.partial"))


def test_the_moments_cover_every_phase(undisturbed):
    _, moments = undisturbed
    counts = Counter(moments)
    assert set(counts) == set(PHASES)
    assert counts["step"] == 12
    assert counts["checkpoints"] > 20


@pytest.mark.parametrize("number", range(MOMENTS))
def test_killed_at_a_random_moment_it_ends_with_the_same_bytes(undisturbed, train, outcome, tmp_path, number):
    expected, moments = undisturbed
    at, delay = kills(moments)[number]
    code = train(tmp_path / "run", kill_at=at, delay=delay)
    # With a delay it may have come to its end first.
    assert code == -signal.SIGKILL or (delay and code == 0)
    assert train(tmp_path / "run") == 0
    assert outcome(tmp_path / "run" / "out") == expected
    assert_nothing_is_left(tmp_path / "run")


def test_killed_again_and_again_it_ends_with_the_same_bytes(undisturbed, train, outcome, tmp_path):
    expected, moments = undisturbed
    first = moments.index("checkpoints")
    rng, lives = random.Random(1), 0
    # Each life is longer than the one before, so that the last one reaches the end.
    while train(tmp_path / "run", kill_at=first + 10 * lives + rng.randrange(30)):
        lives += 1
        assert lives < 30
    assert lives >= 4
    assert outcome(tmp_path / "run" / "out") == expected
    assert_nothing_is_left(tmp_path / "run")


@pytest.fixture(scope="module")
def undisturbed_together(train_together, outcome, tmp_path_factory):
    """Outcome of two processes that nobody killed, and the moments of the first and of the second."""
    folder = tmp_path_factory.mktemp("together")
    assert train_together(folder) == 0
    moments = [(folder / name).read_text().splitlines() for name in ("moments", "moments-1")]
    return outcome(folder / "out"), moments


@pytest.mark.parametrize(("killer", "phase"), [(0, "checkpoints"), (1, "step"), (0, "out")])
def test_two_processes_killed_at_once_end_with_the_same_bytes(
    undisturbed_together, train_together, outcome, tmp_path, killer, phase
):
    expected, moments = undisturbed_together
    assert json.loads(expected["training_report.json"])["params"]["processes"] == 2
    own = moments[killer]
    _, second, _ = (n for n, name in enumerate(own) if name == "validation")  # the first one was saved
    later = [own[:n].count(phase) for n, name in enumerate(own) if name == phase and n > second]
    kill = {"kill_at": random.Random(phase).choice(later), "phase": phase, "killer": killer}
    assert train_together(tmp_path / "run", **kill) == -signal.SIGKILL
    assert train_together(tmp_path / "run") == 0
    assert (tmp_path / "run" / "moments").read_text().split().count("step") < own.count("step") == 6
    assert outcome(tmp_path / "run" / "out") == expected
    assert_nothing_is_left(tmp_path / "run")
