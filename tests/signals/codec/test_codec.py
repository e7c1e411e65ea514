import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.config import Dense, Hidden, Nucleus, Sampled, TopK
from kdlib.files import DataError
from kdlib.signals.codec.codec import codec_for, codec_from
from kdlib.teacher_signal import FullSignal, SignalKey, SparseSignal

WIDTH = 7  # of hidden states
FULL = [
    Dense(kind="dense"),
    Hidden(kind="hidden"),
    Hidden(kind="hidden", precision="int8"),
]
SORTED = [
    TopK(kind="topk", k=1),
    TopK(kind="topk", k=5, temperature=2.0),
    TopK(kind="topk", k=255),
    Nucleus(kind="nucleus"),
    Nucleus(kind="nucleus", cap=1),
    Nucleus(kind="nucleus", cap=255, epsilon=1e-9, temperature=0.5),
]
DRAWN = [
    Sampled(kind="sampled"),
    Sampled(kind="sampled", head=1, draws=1, temperature=2.0),
    Sampled(kind="sampled", head=255, draws=255),
]
STYLES = ["doubtful", "uniform", "confident", "tied", "huge", "impossible", "mixed"]


def label(options):
    return "-".join(str(value) for value in options.model_dump().values())


EVERY = pytest.mark.parametrize("options", FULL + SORTED + DRAWN, ids=label)
SPARSE = pytest.mark.parametrize("options", SORTED + DRAWN, ids=label)


def keys_of(count):
    return [SignalKey(f"id{number}", f"hash{number}", number % 3) for number in range(count)]


def joined(codec, rows):
    """Put the columns of rows one after the other, as a reader does."""
    return {
        name: torch.tensor(list(b"".join(row[name] for row in rows)), dtype=torch.uint8)
        for name in codec.columns
    }


def round_trip(codec, logits, temperature=1.0, states=None):
    rows = codec.encode(states, logits, keys_of(1), [len(logits)])
    return codec.decode(joined(codec, rows), temperature)


def softmax(logits, temperature=1.0):
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def spread(signal, vocab):
    """Return a signal's probabilities of all tokens, 0 for those that it does not name."""
    if isinstance(signal, FullSignal):
        return signal.log_probs.double().exp().numpy()
    out = np.zeros((len(signal.ids), vocab))
    for position, (ids, log_probs) in enumerate(
        zip(signal.ids.tolist(), signal.log_probs.tolist(), strict=True)
    ):
        for token, log_prob in zip(ids, log_probs, strict=True):
            out[position, token] += math.exp(log_prob)
    return out


def logits_like(style, positions, vocab, seed):
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(positions, vocab))
    best = rng.integers(vocab, size=positions)
    logits = {
        "doubtful": normal * 3,
        "uniform": np.zeros_like(normal),
        "confident": normal,
        "tied": normal.round(),
        "huge": normal * 1e4,
        "impossible": np.where(normal > 0.5, -math.inf, normal),
        "mixed": normal * rng.choice([0.01, 1, 10, 100], size=(positions, 1)),
    }[style]
    if style in ("confident", "impossible"):
        logits[range(positions), best] = 100.0
    return torch.tensor(logits, dtype=torch.float32)


def teacher(options, positions, vocab, seed=0, style="mixed"):
    """Return a codec, and hidden states and logits to store."""
    logits = logits_like(style, positions, vocab, seed)
    if not isinstance(options, Hidden):
        return codec_for(options, vocab, {}), None, logits
    states = logits_like("doubtful", positions, WIDTH, seed)
    tensors = {"head": logits_like("doubtful", vocab, WIDTH, seed + 1)}
    if options.precision == "int8":
        tensors["channels"] = states.abs().amax(dim=0) if positions else torch.ones(WIDTH)
    return codec_for(options, vocab, tensors), states, states @ tensors["head"].T


def asked_at(options):
    return getattr(options, "temperature", 1.0)


many = st.builds(
    dict,
    style=st.sampled_from(STYLES),
    vocab=st.sampled_from([3, 257, 300]),
    seed=st.integers(0, 1000),
)


@EVERY
@settings(deadline=None, max_examples=12)
@given(lengths=st.lists(st.integers(0, 4), max_size=5), case=many)
def test_rows_stand_for_themselves(options, lengths, case):
    """Rows of any batch, in any order, have the bytes and the distributions that they have alone."""
    codec, states, logits = teacher(options, sum(lengths), **case)
    keys = keys_of(len(lengths))
    rows = codec.encode(states, logits, keys, lengths)
    signal = codec.decode(joined(codec, rows), asked_at(options))
    whole = spread(signal, case["vocab"])
    assert len(rows) == len(lengths)
    assert len(whole) == sum(lengths)
    last = 0  # a matrix product may sum in another order for another number of rows: hence 1e-4
    for row, key, length in zip(rows, keys, lengths, strict=True):
        first, last = last, last + length
        ours = slice(first, last)
        alone = codec.encode(None if states is None else states[ours], logits[ours], [key], [length])
        assert alone == [row]
        decoded = spread(codec.decode(joined(codec, alone), asked_at(options)), case["vocab"])
        np.testing.assert_allclose(decoded, whole[ours], rtol=1e-4, atol=1e-7)
    backwards = spread(codec.decode(joined(codec, rows[::-1]), asked_at(options)), case["vocab"])
    parts = np.split(whole, np.cumsum(lengths)[:-1])[::-1] if lengths else [whole]
    np.testing.assert_allclose(backwards, np.concatenate(parts), rtol=1e-4, atol=1e-7)


@EVERY
def test_rows_stand_for_themselves_in_a_large_vocabulary(options):
    """Kernels that split long rows among threads would sum in another order."""
    vocab, lengths = 65_537, [1, 50, 1]
    codec, states, logits = teacher(options, sum(lengths), vocab, style="doubtful")
    keys = keys_of(3)
    rows = codec.encode(states, logits, keys, lengths)
    for number, ours in ((0, slice(0, 1)), (2, slice(51, 52))):
        alone = codec.encode(
            None if states is None else states[ours], logits[ours], [keys[number]], [lengths[number]]
        )
        assert alone == [rows[number]]
    signal = codec.decode(joined(codec, rows[::2]), asked_at(options))
    best = signal.ids[:, 0] if isinstance(signal, SparseSignal) else signal.log_probs.argmax(dim=1)
    assert best.tolist() == logits[[0, 51]].argmax(dim=1).tolist()


@SPARSE
@settings(deadline=None, max_examples=25)
@given(positions=st.integers(0, 6), case=many)
def test_a_sparse_signal_is_a_distribution(options, positions, case):
    codec, _, logits = teacher(options, positions, **case)
    signal = round_trip(codec, logits, asked_at(options))
    assert isinstance(signal, SparseSignal)
    assert signal.temperature == asked_at(options)
    assert len(signal.ids) == positions
    assert (signal.ids.dtype, signal.log_probs.dtype) == (torch.int32, torch.float32)
    assert signal.tail_mass.dtype == torch.float32
    kept = signal.log_probs > -math.inf
    assert not signal.log_probs.isnan().any()
    assert kept.any(dim=1).all()
    for ids, named in zip(signal.ids, kept, strict=True):
        found = ids[named].tolist()
        assert len(set(found)) == len(found)
        assert all(0 <= token < case["vocab"] for token in found)
    assert ((signal.tail_mass >= 0) & (signal.tail_mass < 1)).all()
    total = signal.log_probs.double().exp().sum(dim=1) + signal.tail_mass
    np.testing.assert_allclose(total, 1, atol=1e-5)
    if options in SORTED:
        assert (signal.log_probs[:, 1:] <= signal.log_probs[:, :-1]).all()
    impossible = (logits == -math.inf).numpy()
    assert (spread(signal, case["vocab"])[impossible] == 0).all()


@EVERY
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_any_precision_of_the_teacher(options, dtype):
    codec, states, logits = teacher(options, 4, 300, style="doubtful")
    given_states = None if states is None else states.to(dtype)
    signal = round_trip(codec, logits.to(dtype), asked_at(options), given_states)
    wide = round_trip(
        codec,
        logits.to(dtype).float(),
        asked_at(options),
        None if states is None else states.to(dtype).float(),
    )
    assert torch.equal(signal.log_probs, wide.log_probs)


@EVERY
def test_nothing_is_stored_of_no_rows(options):
    codec, states, logits = teacher(options, 0, 5)
    assert codec.encode(states, logits, [], []) == []
    assert codec.encode(states, logits, keys_of(1), [0]) == [dict.fromkeys(codec.columns, b"")]
    signal = codec.decode(joined(codec, []), asked_at(options))
    assert len(signal.log_probs) == 0


@EVERY
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_distribution_is_not_stored(options, value):
    codec, states, logits = teacher(options, 9, 300)
    logits[4] = value if value < 0 else logits[4]
    logits[4, 77] = logits[7, 3] = value
    with pytest.raises(ValueError, match=f"position 4 has {value} as its largest logit"):
        codec.encode(states, logits, keys_of(2), [4, 5])


@EVERY
def test_shapes_fit_together(options):
    codec, states, logits = teacher(options, 6, 31)
    with pytest.raises(ValueError, match=r"\[positions, 31\], got \[6, 30\]"):
        codec.encode(states, logits[:, :30], keys_of(2), [3, 3])
    with pytest.raises(ValueError, match=r"\[positions, 31\], got \[186\]"):
        codec.encode(states, logits.flatten(), keys_of(2), [3, 3])
    with pytest.raises(ValueError, match="2 lengths of 5 positions together, but logits of 6"):
        codec.encode(states, logits, keys_of(2), [3, 2])
    with pytest.raises(ValueError, match="3 keys and 2 lengths"):
        codec.encode(states, logits, keys_of(3), [3, 3])


@SPARSE
@pytest.mark.parametrize("temperature", [1.0, 2.0, 4.0])
def test_a_sparse_store_has_one_temperature(options, temperature):
    stored = options.model_copy(update={"temperature": 3.0})
    codec, states, logits = teacher(stored, 6, 31)
    columns = joined(codec, codec.encode(states, logits, keys_of(1), [6]))
    assert codec.decode(columns, 3.0).temperature == 3.0
    with pytest.raises(DataError, match=rf"T = 3 and cannot answer at T = {temperature:g}; .*codec hidden"):
        codec.decode(columns, temperature)


@EVERY
def test_columns_of_any_place_in_a_buffer(options):
    codec, states, logits = teacher(options, 6, 300)
    columns = joined(codec, codec.encode(states, logits, keys_of(1), [6]))
    shifted = {name: torch.cat([torch.zeros(1).byte(), column])[1:] for name, column in columns.items()}
    right = codec.decode(columns, asked_at(options)).log_probs
    assert torch.equal(codec.decode(shifted, asked_at(options)).log_probs, right)


@EVERY
def test_a_signal_is_on_the_device_asked_for(options):
    codec, states, logits = teacher(options, 6, 300)
    columns = joined(codec, codec.encode(states, logits, keys_of(1), [6]))
    signal = codec.decode(columns, asked_at(options), "meta")
    tensors = [value for value in vars(signal).values() if isinstance(value, torch.Tensor)]
    assert tensors
    assert all(tensor.is_meta for tensor in tensors)


@EVERY
def test_a_byte_too_few_or_too_many_in_any_column_is_an_error(options):
    codec, states, logits = teacher(options, 6, 300)
    columns = joined(codec, codec.encode(states, logits, keys_of(1), [6]))
    for name, column in columns.items():
        wrong = [torch.cat([column, torch.tensor([last], dtype=torch.uint8)]) for last in (0, 1)]
        for damaged in wrong + ([column[:-1]] if len(column) else []):
            with pytest.raises(DataError, match=r"do not fit together; .*extract again"):
                codec.decode({**columns, name: damaged}, asked_at(options))


@SPARSE
def test_a_token_beyond_the_vocabulary_is_an_error(options):
    codec, _, logits = teacher(options, 6, 300)
    columns = joined(codec, codec.encode(None, logits, keys_of(1), [6]))
    columns["ids_1"][0] = 255
    with pytest.raises(DataError, match=r"token 65\d\d\d is not in the vocabulary of 300; extract again"):
        codec.decode(columns, asked_at(options))


@SPARSE
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_any_bytes_are_an_error_or_tokens_of_the_vocabulary(options, data):
    codec = codec_for(options, 200, {})
    contents = {name: data.draw(st.binary(max_size=6)) for name in codec.columns}
    try:
        signal = codec.decode(joined(codec, [contents]), asked_at(options))
    except DataError:
        return
    assert ((signal.ids >= 0) & (signal.ids < 200)).all()


@EVERY
def test_metadata_and_tensors_lead_to_the_codec(options):
    codec, states, logits = teacher(options, 6, 31)
    again = codec_from(json.loads(json.dumps(codec.metadata(), allow_nan=False)), codec.tensors())
    assert codec.metadata() == {**options.model_dump(), "vocab_size": 31} == again.metadata()
    assert again.columns == codec.columns
    assert again.compression == options.compression
    rows = codec.encode(states, logits, keys_of(1), [6])
    assert set(rows[0]) == set(codec.columns)
    assert again.encode(states, logits, keys_of(1), [6]) == rows
    both = [each.decode(joined(codec, rows), asked_at(options)) for each in (codec, again)]
    assert torch.equal(both[0].log_probs, both[1].log_probs)


@EVERY
def test_metadata_is_complete_and_nothing_else(options):
    codec, _, _ = teacher(options, 2, 31)
    metadata = codec.metadata()
    for name in metadata:
        with pytest.raises(DataError, match="unknown codec"):
            codec_from({key: value for key, value in metadata.items() if key != name}, codec.tensors())
    with pytest.raises(DataError, match=r"unknown codec .*Extra inputs"):
        codec_from({**metadata, "levels": 16}, codec.tensors())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "tpok"}, "'tpok'"),
        ({"kind": ["topk"]}, "topk"),
        ({"k": 0}, "greater than or equal to 1"),
        ({"compression": "gzip"}, "'lz4' or 'zstd'"),
        ({"vocab_size": 0}, "vocab_size is 0"),
        ({"vocab_size": "31"}, "vocab_size is '31'"),
        ({"vocab_size": True}, "vocab_size is True"),
    ],
)
def test_an_unknown_codec_is_named(change, message):
    metadata = {**codec_for(TopK(kind="topk"), 31, {}).metadata(), **change}
    with pytest.raises(DataError, match=f"unknown codec .*{message}.*extract again"):
        codec_from(metadata, {})
