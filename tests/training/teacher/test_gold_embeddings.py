import numpy as np
import torch

from kdlib.losses.expected import FrozenEncoder, gold_vectors
from kdlib.models.batch import Row
from kdlib.records import target_hash
from kdlib.training.teacher.gold_embeddings import GoldEmbeddingCache

TARGETS = [(3, 1, 4), (1, 5), (3, 1, 4), (2,)]
ROWS = [Row(f"id{number}", [1], list(ids), target_hash(ids)) for number, ids in enumerate(TARGETS)]


class Counting:
    """A frozen encoder that counts the rows it encodes."""

    def __init__(self):
        self.rows = 0
        generator = torch.Generator().manual_seed(1)
        self.matrix = torch.randn(5, 4, generator=generator)
        self.encoder = FrozenEncoder(torch.randn(7, 5, generator=generator), self.encode)

    def encode(self, vectors, mask):
        self.rows += len(vectors)
        states = torch.tanh(vectors @ self.matrix)
        return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def test_vectors_are_those_of_the_encoder_in_the_order_asked_for(tmp_path):
    counting = Counting()
    embeddings = GoldEmbeddingCache(counting.encoder, tmp_path / "embeddings.npy", ROWS)
    asked = [(1, 5), (2,), (3, 1, 4), (1, 5)]
    expected = [gold_vectors(torch.tensor(ids), [len(ids)], counting.encoder)[0] for ids in asked]
    torch.testing.assert_close(embeddings(asked), torch.stack(expected))


def test_a_training_set_is_encoded_once_and_read_by_the_next_student(tmp_path):
    file = tmp_path / "embeddings.npy"
    first = Counting()
    GoldEmbeddingCache(first.encoder, file, ROWS)
    assert first.rows == 3  # distinct ones
    before = file.read_bytes()
    second = Counting()
    again = GoldEmbeddingCache(second.encoder, file, ROWS)
    again(TARGETS)
    assert second.rows == 0
    assert again.hit_rate() == 1
    assert file.read_bytes() == before
    assert np.load(file)["vector"].shape == (3, 4)


def test_other_targets_are_encoded_and_remembered(tmp_path):
    counting = Counting()
    embeddings = GoldEmbeddingCache(counting.encoder, tmp_path / "embeddings.npy", ROWS)
    rows = counting.rows
    embeddings([(6, 6), (2,)])
    embeddings([(6, 6)])
    assert counting.rows == rows + 1
    assert embeddings.hit_rate() == 2 / 3
