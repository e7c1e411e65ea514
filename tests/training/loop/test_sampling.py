from collections import OrderedDict
from itertools import combinations

import numpy as np
import pytest
from accelerate.data_loader import BatchSamplerShard
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import BatchSampler

from kdlib.models.batch import Row, batches, by_length
from kdlib.training.loop.sampling import BLOCK, BUFFER, EpochSampler, Subsets, batches_of_process, epoch_order

LENGTHS = np.random.default_rng(0).integers(60, 257, size=20_000)
RANKED = np.argsort(-LENGTHS, kind="stable").tolist()
RANK = {number: rank for rank, number in enumerate(RANKED)}


def target_lengths(rows):
    return np.array([len(row.target_ids) for row in rows])


def cut(order, size):
    return [order[start : start + size] for start in range(0, len(order), size)]


def padding(order, size):
    """Return the share of a padded epoch that is padding."""
    read = [LENGTHS[batch] for batch in cut(order, size)]
    return 1 - sum(part.sum() for part in read) / sum(part.max() * len(part) for part in read)


def a_row(number, length):
    return Row(f"id{number * 7 % 11}-{number}", list(range(length)), [1] * (1 + number % 9), "h")


@given(st.integers(0, 700), st.integers(1, 40), st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_every_row_comes_once_an_epoch(rows, batch_size, seed, epoch):
    assert sorted(epoch_order(range(rows), batch_size, seed, epoch)) == list(range(rows))


def test_an_epoch_depends_on_seed_and_number_alone():
    def order(seed, epoch):
        return list(epoch_order(RANKED, 16, seed, epoch))

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(*key)) for key in ((1, 2), (1, 3), (2, 2), (2, 1))}) == 4


@pytest.mark.parametrize(
    ("rows", "size", "most"), [(20_000, 16, 0.01), (20_000, 64, 0.01), (3_001, 16, 0.02)]
)
def test_little_is_padding(rows, size, most):
    chosen = np.argsort(-LENGTHS[:rows], kind="stable").tolist()
    shares = [padding(list(epoch_order(chosen, size, 1, epoch)), size) for epoch in range(3)]
    assert max(shares) < padding(chosen, size) + most
    shuffled = np.random.default_rng(1).permutation(rows)
    assert max(shares) < padding(shuffled, size) / 10


def test_all_rows_of_a_batch_are_neighbours_in_length():
    for batch in cut(list(epoch_order(RANKED, 16, 1, 0)), 16):
        ranks = [RANK[number] for number in batch]
        assert max(ranks) - min(ranks) < BLOCK + 16  # the rows of the small batch were taken out between


def test_a_few_cached_pages_serve_an_epoch():
    """Pages of 128 rows, as a store's row groups, and room for two of every block in the buffer."""
    cache, misses = OrderedDict(), 0
    for number in epoch_order(RANKED, 16, 1, 0):
        page = RANK[number] // BLOCK
        misses += page not in cache
        cache[page] = cache.pop(page, None)
        if len(cache) > 2 * BUFFER:
            cache.popitem(last=False)
    pages = len(RANKED) / BLOCK
    assert pages <= misses < 3 * pages  # each block lies in two pages, and a page may be asked for by two


def pairs(batches_of_an_epoch):
    return {frozenset(pair) for batch in batches_of_an_epoch for pair in combinations(batch, 2)}


@pytest.mark.parametrize(("rows", "most"), [(4_000, 0.35), (20_000, 0.2)])
def test_rows_meet_other_rows_in_the_next_epoch(rows, most):
    first, second = (pairs(cut(list(epoch_order(range(rows), 16, 1, epoch)), 16)) for epoch in (0, 1))
    assert len(first & second) < most * len(first)


def test_targets_of_a_batch_are_of_like_length_and_rows_still_meet_others():
    rows = 4_000
    targets = np.random.default_rng(3).lognormal(3, 0.4, rows).astype(np.int32) + 4
    epochs = [cut(list(epoch_order(range(rows), 16, 1, epoch, targets)), 16) for epoch in range(2)]
    plain = cut(list(epoch_order(range(rows), 16, 1, 0)), 16)
    assert sorted(number for batch in epochs[0] for number in batch) == list(range(rows))
    padded, unsorted = (sum(targets[batch].max() * 16 for batch in read) for read in (epochs[0], plain))
    assert padded / targets.sum() < 1.45 < 1.7 < unsorted / targets.sum()
    first, second = map(pairs, epochs)
    assert len(first & second) < 0.45 * len(first)


def test_an_epoch_begins_anywhere():
    """Long, middling and short rows are all among the first batches of some epochs."""
    first = [RANK[next(epoch_order(RANKED, 16, 1, epoch))] / len(RANKED) for epoch in range(60)]
    found = np.histogram(first, bins=4, range=(0, 1))[0]
    assert found.min() >= 5


def test_lengths_are_mixed_within_a_buffer():
    """Of two batches in turn, the second tells nothing of the first."""
    found = []
    for epoch in range(10):
        order = list(epoch_order(RANKED, 16, 1, epoch))
        means = [LENGTHS[batch].mean() for batch in cut(order, 16)[: BUFFER * BLOCK // 16]]
        found.append(np.corrcoef(means[:-1], means[1:])[0, 1])
    assert abs(np.mean(found)) < 0.15


def test_the_small_batch_comes_last_and_holds_any_rows():
    lasts = [list(epoch_order(RANKED[:10_005], 16, 1, epoch))[-5:] for epoch in range(20)]
    ranks = np.array([[RANK[number] for number in last] for last in lasts])
    assert (np.ptp(ranks, axis=1) == 4).all()  # neighbours
    assert np.ptp(ranks[:, 0]) > 5_000


def test_fewer_rows_than_a_batch_are_one_batch():
    assert sorted(epoch_order([4, 2, 0], 16, 1, 0)) == [0, 2, 4]


def test_the_order_of_length_is_that_of_extraction():
    rows = [a_row(number, 3 + number % 4) for number in range(40)]
    expected = [row.id for batch in batches(rows, 7) for row in batch]
    assert [rows[number].id for number in by_length(rows)] == expected


def test_a_sampler_asks_for_the_epoch_when_it_begins():
    rows, epochs = [a_row(number, 3 + number % 4) for number in range(40)], iter([0, 1, 1])
    sampler = EpochSampler(rows, 4, 5, lambda: next(epochs))
    first, second, again = list(sampler), list(sampler), list(sampler)
    assert len(sampler) == 40
    assert first == list(epoch_order(by_length(rows), 4, 5, 0, target_lengths(rows)))
    assert second == again != first


def test_processes_share_an_epoch_and_step_together_on_like_lengths():
    rows = [a_row(number, int(length)) for number, length in enumerate(LENGTHS[:4096])]
    shares = []
    for process in range(2):
        batch_sampler = BatchSampler(EpochSampler(rows, 2 * 8, 1, lambda: 3), 8, drop_last=False)
        shares.append(list(BatchSamplerShard(batch_sampler, num_processes=2, process_index=process)))
    assert [len(share) for share in shares] == [256, 256]
    read = [number for step in zip(*shares, strict=True) for batch in step for number in batch]
    assert read == list(epoch_order(by_length(rows), 16, 1, 3, target_lengths(rows)))
    lengths = LENGTHS[np.array(read).reshape(256, 16)]
    assert np.ptp(lengths, axis=1).max() < 10


@given(st.integers(1, 300), st.integers(1, 400), st.integers(0, 5), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_subset_holds_so_many_rows_in_their_order(rows, samples, seed, epoch):
    numbers = Subsets(samples, seed).numbers(rows, epoch).tolist()
    assert numbers == sorted(set(numbers))
    assert len(numbers) == min(samples, rows)
    assert set(numbers) <= set(range(rows))
    assert numbers == Subsets(samples, seed + epoch).numbers(rows, 0).tolist()


def test_every_row_is_drawn_as_often_as_every_other():
    drawn = np.zeros(50)
    for epoch in range(2000):
        drawn[Subsets(10, 3).numbers(50, epoch)] += 1
    # 400 draws each, with a standard deviation of √(2000·0.2·0.8) = 18
    assert np.abs(drawn - 400).max() < 5 * 18


def test_coverage_is_the_share_of_rows_in_any_subset_so_far():
    subsets, seen, expected = Subsets(30, 4), set(), []
    for epoch in range(6):
        seen |= set(subsets.numbers(100, epoch).tolist())
        expected.append(len(seen) / 100)
    assert subsets.coverage(100, 6) == pytest.approx(expected)
    assert expected[0] == 0.3
    assert 0.6 < expected[-1] < 1  # 1 − 0.7⁶ = 0.88 on average


def test_a_sampled_epoch_comes_in_batches_of_like_length():
    rows = [a_row(number, int(length)) for number, length in enumerate(LENGTHS[:4000])]
    sampler = EpochSampler(rows, 16, 1, lambda: 2, Subsets(1600, 7))
    order = list(sampler)
    assert len(order) == len(sampler) == 1600
    assert sorted(order) == sorted(by_length(rows)[Subsets(1600, 7).numbers(4000, 2)].tolist())
    shuffled = np.random.default_rng(1).permutation(order)
    assert padding(order, 16) < padding(shuffled, 16) / 5


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_processes_that_validate_share_the_rows_in_equally_many_batches(rows, size, together):
    order = np.random.default_rng(rows).permutation(rows)
    shares = [list(batches_of_process(order, size, own, together)) for own in range(together)]
    assert len({len(share) for share in shares}) == 1
    counted = [batch for step in zip(*shares, strict=True) for batch, counts in step if counts]
    assert [number for batch in counted for number in batch] == order.tolist()
    assert all(0 < len(batch) <= size for share in shares for batch, _ in share)
