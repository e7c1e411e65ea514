import pytest
import torch
from safetensors.torch import load_file

from kdlib.config import Size
from kdlib.models.batch import collate, layout_of
from kdlib.models.generate import log_probabilities
from kdlib.models.load import check_lengths, load
from kdlib.models.scratch import build

SIZE = Size(d_model=24, d_ff=40, encoder_layers=2, decoder_layers=1, heads=3)


@pytest.fixture(scope="module")
def model(tokenizer):
    return build(SIZE, tokenizer, dropout=0.1, seed=7).eval()


def test_the_shape_is_the_one_asked_for(model, tokenizer):
    assert (len(model.encoder.block), len(model.decoder.block)) == (2, 1)
    assert model.shared.weight.shape == (len(tokenizer), 24)
    assert model.encoder.block[0].layer[-1].DenseReluDense.wi.weight.shape == (40, 24)
    assert model.config.d_kv * model.config.num_heads == 24
    rates = {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
    assert rates == {0.1}


def test_special_ids_are_those_of_the_tokenizer(model, tokenizer):
    config = model.config
    assert config.decoder_start_token_id == config.pad_token_id == tokenizer.pad_token_id
    assert config.eos_token_id == tokenizer.eos_token_id


def test_the_seed_decides_the_weights(model, tokenizer):
    same = build(SIZE, tokenizer, dropout=0.1, seed=7).state_dict()
    other = build(SIZE, tokenizer, dropout=0.1, seed=8).state_dict()
    assert all(torch.equal(value, same[name]) for name, value in model.state_dict().items())
    assert not torch.equal(model.shared.weight, other["shared.weight"])


def test_input_and_output_embeddings_are_one_matrix(model):
    assert model.lm_head.weight.data_ptr() == model.shared.weight.data_ptr()


def by_hand(model, row):
    """Return log-probabilities of one row, unpadded, from the decoder's states and the output matrix."""
    source = torch.tensor([row.source_ids])
    started = torch.tensor([[model.config.decoder_start_token_id, *row.target_ids[:-1]]])
    with torch.no_grad():
        encoded = model.encoder(input_ids=source).last_hidden_state
        states = model.decoder(input_ids=started, encoder_hidden_states=encoded).last_hidden_state[0]
        # T5 with tied embeddings scales the states: unscaled, the logits were √d_model times too large.
        logits = states.double() * model.config.d_model**-0.5 @ model.shared.weight.double().T
    return logits - logits.logsumexp(1, keepdim=True)


def assert_likelihoods_are_scaled_once(model, rows):
    for row, ours in zip(rows, log_probabilities(model, rows), strict=True):
        torch.testing.assert_close(ours.double(), by_hand(model, row), atol=2e-5, rtol=0)


def test_log_probabilities_are_those_of_the_tied_scaled_output_matrix(model, rows):
    assert_likelihoods_are_scaled_once(model, rows[:5])


def test_saving_and_loading_changes_nothing(model, rows, tmp_path):
    """A configuration that lost how states are scaled would show here: the weights alone do not tell."""
    model.save_pretrained(str(tmp_path / "model"))
    again = load(tmp_path / "model")
    assert not again.training
    assert again.state_dict().keys() == model.state_dict().keys()
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())
    assert_likelihoods_are_scaled_once(again, rows[:5])
    again.save_pretrained(str(tmp_path / "again"))
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("model", "again")]
    assert files[0] == files[1]
    assert "shared.weight" in load_file(tmp_path / "model" / "model.safetensors")


def test_only_valid_positions_are_returned(model, rows):
    found = log_probabilities(model, rows[:4])
    assert [len(line) for line in found] == [len(row.target_ids) for row in rows[:4]]
    assert all(line.shape[1] == model.config.vocab_size for line in found)


def test_padding_never_enters(model, rows):
    """Rows together, alone, and beside a much longer one."""
    long = max(rows, key=lambda row: len(row.source_ids))
    together = log_probabilities(model, [*rows[:6], long])
    for row, line in zip(rows[:6], together, strict=False):
        torch.testing.assert_close(line, log_probabilities(model, [row])[0], atol=1e-5, rtol=0)
    assert len({len(row.source_ids) for row in rows[:6]}) > 1


def test_the_models_own_loss_agrees(model, rows):
    batch = collate(rows[:6], layout_of(model.config))
    with torch.no_grad():
        expected = model(**batch).loss
    gold = [
        line[range(len(row.target_ids)), row.target_ids]
        for row, line in zip(rows[:6], log_probabilities(model, rows[:6]), strict=True)
    ]
    torch.testing.assert_close(-torch.cat(gold).mean(), expected, atol=1e-5, rtol=0)


@pytest.fixture(scope="module")
def causal(tokenizer):
    size = Size(d_model=24, d_ff=40, encoder_layers=0, decoder_layers=2, heads=3)
    return build(size, tokenizer, dropout=0.1, seed=7).eval()


def test_a_size_without_encoder_is_a_causal_model(causal, tokenizer):
    config = causal.config
    assert not config.is_encoder_decoder
    assert len(causal.model.layers) == 2
    assert causal.model.embed_tokens.weight.shape == (len(tokenizer), 24)
    assert causal.lm_head.weight.data_ptr() == causal.model.embed_tokens.weight.data_ptr()
    assert causal.model.layers[0].mlp.up_proj.weight.shape == (40, 24)
    assert config.attention_dropout == 0.1
    assert (config.pad_token_id, config.eos_token_id) == (tokenizer.pad_token_id, tokenizer.eos_token_id)


def test_a_causal_model_comes_back_as_it_was_saved(causal, rows, tmp_path):
    causal.save_pretrained(str(tmp_path / "model"))
    again = load(tmp_path / "model")
    for ours, theirs in zip(
        log_probabilities(again, rows[:3]), log_probabilities(causal, rows[:3]), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_the_longest_prompt_does_not_exceed_a_causal_model_from_scratch(causal):
    check_lengths(causal, 100_000, 1000)
