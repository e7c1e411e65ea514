"""What stored signals cost and keep: bytes per token, distance from the teacher, reading and extraction.

The teacher is that of config/smollm2.yaml, a causal model of 135 M parameters fine-tuned on Debian's Java
projects; the workflow makes it where it is not there yet. Sizes and distances are those of held-out rows (the
test split); a codec's bytes are its whole file, ids and scores included.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from transformers import PreTrainedModel

from benchmarks.contract import Claim, answer, quick
from benchmarks.held import (
    BATCH,
    OVERLAYS,
    RUN,
    STORE,
    Held,
    bytes_at,
    held_out,
    kept,
    key_of,
    make,
    store_of,
)
from kdlib.config import Config, Dense, Hidden, Nucleus, Sampled, Size, Student, TopK, read_config
from kdlib.losses.cross_entropy import cross_entropy
from kdlib.losses.divergence import kl
from kdlib.models.batch import IGNORE, Row, batches, by_length, collate, layout_of, read_rows
from kdlib.models.forward import target_output
from kdlib.models.scratch import build
from kdlib.models.tokenizer import load_tokenizer
from kdlib.signals.codec.codec import Codec, codec_for
from kdlib.signals.extract import signal_rows
from kdlib.signals.legacy import encode_legacy
from kdlib.signals.prepare import frequency_order
from kdlib.signals.shard import SignalRow
from kdlib.signals.shared import read_tensors
from kdlib.signals.store import SignalStore
from kdlib.signals.teacher import open_teacher
from kdlib.training.loop.sampling import epoch_order

KS = (4, 8, 16, 32, 64, 128)
READ_BATCH = 32


def reading(config: Config, folder: Path, runs: int) -> tuple[float, float, float]:
    """Return M tokens/s of an epoch's reading on one thread, its share of a training step, tokens per row.

    The signals are those of the training rows, whose distributions the workflow's store gives back. A step is
    forward pass, kl and ce, backward pass and AdamW of the student ``traditional``.
    """
    rows = read_rows(RUN / "dataset/train.parquet")[: 320 if quick() else None]
    whole = SignalStore(STORE / "manifest.json")
    vocab = len(whole.codec.tensors()["head"])
    codec = codec_for(Nucleus(kind="nucleus"), vocab, {"order": frequency_order(rows, vocab)})

    def again() -> Iterator[SignalRow]:
        for batch in batches(rows, BATCH):
            keys, lengths = [key_of(row) for row in batch], [len(row.target_ids) for row in batch]
            log_probs = whole.codec.decode(whole.read(keys), 1.0).log_probs
            for key, length, content in zip(
                keys, lengths, codec.encode(log_probs, log_probs, keys, lengths), strict=True
            ):
                yield SignalRow(key.id, key.target_hash, 0, 0.0, length, None, content)

    manifest = store_of(codec, again(), folder)
    order = list(epoch_order(by_length(rows), READ_BATCH, 0, 0))
    groups = [[rows[i] for i in order[at : at + READ_BATCH]] for at in range(0, len(order), READ_BATCH)]
    tokens = sum(len(row.target_ids) for row in rows)
    torch.set_num_threads(1)
    speeds = []
    for _ in range(runs):
        store = SignalStore(manifest)
        started = time.perf_counter()
        for group in groups:
            store.codec.decode(store.read([key_of(row) for row in group]), 1.0)
        speeds.append(tokens / 1e6 / (time.perf_counter() - started))
    torch.set_num_threads(config.threads)
    return (
        statistics.median(speeds),
        step_share(config, SignalStore(manifest), rows, runs),
        tokens / len(rows),
    )


def shape_of(student: Student) -> Size:
    """Return the size of a student that is built from scratch."""
    if student.size is None:
        raise ValueError("the student of this benchmark is built from scratch; give it a size")
    return student.size


def step_share(config: Config, store: SignalStore, rows: Sequence[Row], runs: int) -> float:
    """Return the seconds of reading a batch by those of the training step that uses it."""
    preset = config.students["traditional"]
    student = build(shape_of(preset), load_tokenizer(RUN / "dataset/tokenizer"), 0.0, 0).train()
    optimizer, shares = torch.optim.AdamW(student.parameters()), []
    size = preset.training.batch_size
    order = list(epoch_order(by_length(rows), size, 0, 1))
    for number in range(runs + 1):
        batch = [rows[i] for i in order[number * size : (number + 1) * size]]
        started = time.perf_counter()
        signal = store.codec.decode(store.read([key_of(row) for row in batch]), 1.0)
        read = time.perf_counter()
        tensors = collate(batch, layout_of(student.config))
        logits = target_output(student, tensors).logits
        gold = tensors["labels"][tensors["labels"] != IGNORE]
        (kl(logits, signal).mean() + cross_entropy(logits, gold).mean()).backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        shares.append((read - started) / (time.perf_counter() - read))
    return statistics.median(shares[1:])  # the first step allocates


def over_forward(
    model: PreTrainedModel, precision: torch.dtype, codec: Codec, rows: Sequence[Row], folder: Path, runs: int
) -> float:
    """Return the seconds of extraction to a file by those of the teacher's bare forward pass, in pairs."""
    layout, device, ratios = layout_of(model.config), model.device.type, []
    chosen = list(batches(rows, BATCH))
    store_of(codec, signal_rows(model, chosen, codec, precision), folder / "warm")
    for number in range(runs):
        started = time.perf_counter()
        with torch.inference_mode(), torch.autocast(device, precision, enabled=precision != torch.float32):
            for batch in chosen:
                target_output(model, collate(batch, layout))
        bare = time.perf_counter()
        store_of(codec, signal_rows(model, chosen, codec, precision), folder / str(number))
        ratios.append((time.perf_counter() - bare) / (bare - started))
    return statistics.median(ratios)


def legacy_bytes(held: Held, bits: int) -> float:
    """Return the bytes per token of earlier systems' JSONL: LZ4 of the whole vocabulary, as hexadecimal."""
    size = sum(
        len(encode_legacy(held.logits(n, n + 1), bits)["data_encoded"]["data"]) for n in range(len(held.rows))
    )
    return size / held.tokens()


def sizes(held: Held, folder: Path) -> dict[str, Claim]:
    """Return what every layout costs and keeps on the held-out rows."""
    shared = read_tensors(STORE / "codec.safetensors")
    head, vocab = {"head": shared["head"]}, len(shared["head"])
    order = {"order": frequency_order(read_rows(RUN / "dataset/train.parquet"), vocab)}
    curve = {k: kept(TopK(kind="topk", k=k), held, {}, folder / f"topk{k}") for k in KS}
    options = Nucleus(kind="nucleus")
    nucleus = kept(options, held, order, folder / "nucleus")
    int8 = kept(Hidden(kind="hidden", precision="int8"), held, shared, folder / "int8")
    bf16 = kept(Hidden(kind="hidden"), held, head, folder / "bf16")
    others = {
        "topk_32": curve[32],
        "topk_128": curve[128],
        "nucleus_fine": kept(Nucleus(kind="nucleus", epsilon=0.001, cap=255), held, order, folder / "fine"),
        "nucleus_coarse": kept(Nucleus(kind="nucleus", epsilon=0.02, cap=32), held, order, folder / "coarse"),
        "sampled_8_8": kept(Sampled(kind="sampled"), held, {}, folder / "sampled"),
        "dense_lz4": kept(Dense(kind="dense"), held, {}, folder / "dense"),
    }
    exact = "the teacher's own distribution"
    what = f"{len(held.rows)} held-out rows, {held.tokens()} tokens, V = {vocab}; ids and scores included, "
    what += "the codec's shared tensors not"
    width = shared["head"].shape[1]
    id_bits = (vocab - 1).bit_length()
    return {
        "teacher_entropy": Claim(nucleus.entropy, "nats", 0.8, "higher", what, 1),
        "nucleus_over_topk_bytes": Claim(
            nucleus.bytes / bytes_at(nucleus.l1[1.0], list(curve.values())),
            "ratio",
            0.5,
            "lower",
            "top-k fp16 with tail mass, zstd, at equal L1 (log-interpolated over k = 4…128); " + what,
            1,
        ),
        "nucleus_bytes": stated(nucleus.bytes, "B/token", f"ε {options.epsilon}, cap {options.cap}; {what}"),
        "nucleus_l1": stated(nucleus.l1[1.0], "L1", exact),
        "hidden_int8_bytes_over_d": Claim(
            int8.bytes - width, "B/token", 8, "lower", f"d = {width}; {what}", 1
        ),
        **{
            f"hidden_int8_l1_t{T:g}": Claim(value, "L1", 0.02, "lower", exact, 1)
            for T, value in int8.l1.items()
        },
        "hidden_int8_top1": Claim(int8.top1, "share", 0.99, "higher", exact, 1),
        "hidden_bf16_l1": Claim(
            max(bf16.l1.values()),
            "L1",
            0.005,
            "lower",
            "the teacher's own distribution, worst of T = 1, 2, 4",
            1,
        ),
        "hidden_bf16_bytes": stated(bf16.bytes, "B/token", what),
        "nucleus_shared_mb": stated(order["order"].nbytes / 1e6, "MB", "once a store: tokens by frequency"),
        "hidden_shared_mb": stated(
            sum(tensor.nbytes for tensor in shared.values()) / 1e6, "MB", "once a store: head, channels"
        ),
        **{
            f"{name}_{part}": stated(value, unit, what)
            for name, one in others.items()
            for part, value, unit in (("bytes", one.bytes, "B/token"), ("l1", one.l1[1.0], "L1"))
        },
        "poly_bitpack_128_bytes": stated(56 + 128 * id_bits / 8, "B/token", "by its published formula"),
        "poly_bitpack_50_bytes": stated(14 + 50 * id_bits / 8, "B/token", "by its published formula"),
        "lz4_hex_4_bit_bytes": stated(legacy_bytes(held, 4), "B/token", f"logits alone; {what}"),
        "lz4_hex_16_bit_bytes": stated(legacy_bytes(held, 16), "B/token", f"logits alone; {what}"),
    }


def stated(value: float, unit: str, against: str) -> Claim:
    """Return a figure without a target."""
    return Claim(value, unit, None, "lower", against, 1)


def main() -> None:
    """Measure and answer."""
    make()
    config, runs = read_config(OVERLAYS), 2 if quick() else 5
    model, precision = open_teacher(
        RUN / "teachers/base/best_model", config.signals.precision, config.threads
    )
    rows = read_rows(RUN / "dataset/test.parquet")[: 24 if quick() else None]
    nucleus = codec_for(Nucleus(kind="nucleus"), model.config.vocab_size, {})
    int8 = SignalStore(STORE / "manifest.json").codec
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        claims = sizes(held_out(model, precision, rows), folder)
        speed, share, length = reading(config, folder / "read", runs)
        timed = rows[: 8 if quick() else 48]
        extraction = {
            name: over_forward(model, precision, codec, timed, folder / f"extract-{name}", runs)
            for name, codec in (("nucleus", nucleus), ("hidden int8", int8))
        }
    worst = max(extraction, key=extraction.__getitem__)
    student = config.students["traditional"]
    shape = shape_of(student)
    answer(
        "signals",
        {
            **claims,
            "read_mtok_s": Claim(
                speed,
                "M tokens/s",
                2,
                "higher",
                f"nucleus, an epoch in training order, batches of {READ_BATCH} rows of {length:.1f} tokens, "
                "one thread, from a fresh store to loss-ready tensors",
                runs,
            ),
            "read_share_of_step": Claim(
                share,
                "ratio",
                0.02,
                "lower",
                f"kl + ce step of {student.training.batch_size} rows on a causal student of "
                f"{shape.decoder_layers} layers and width {shape.d_model}",
                runs,
            ),
            "extract_over_forward": Claim(
                extraction[worst],
                "ratio",
                1.15,
                "lower",
                f"the bare forward pass, head on target positions alone; {len(timed)} rows, worse of "
                + ", ".join(f"{name} {value:.3f}" for name, value in extraction.items()),
                runs,
            ),
        },
    )


if __name__ == "__main__":
    main()
