"""The head sees valid positions only, and all else is as in the model itself."""

from __future__ import annotations

import copy

import pytest
import torch

from kdlib.models.batch import IGNORE, collate, layout_of
from kdlib.models.forward import target_output

TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}


def batch_of(model, rows):
    return collate(rows, layout_of(model.config))


def plain(model, batch):
    """Return the logits of the valid positions from the model's full output."""
    names = ("input_ids", "attention_mask", "decoder_input_ids")
    return model(**{name: batch[name] for name in names if name in batch}).logits[batch["labels"] != IGNORE]


def test_logits_are_those_of_the_model_itself(model, odd_rows):
    batch = batch_of(model, odd_rows)
    with torch.no_grad():
        output, expected = target_output(model, batch), plain(model, batch)
    assert output.logits.shape == (sum(len(row.target_ids) for row in odd_rows), model.config.vocab_size)
    assert expected.std() > 0.5
    torch.testing.assert_close(output.logits, expected, **TOLERANCE)


def test_states_and_head_give_the_logits(model, odd_rows):
    """So the head and the states are all that a store has to keep."""
    with torch.no_grad():
        output = target_output(model, batch_of(model, odd_rows))
        rebuilt = output.states @ model.get_output_embeddings().weight.T
    torch.testing.assert_close(output.logits, rebuilt, **TOLERANCE)


@pytest.mark.parametrize(("family", "scale"), [("t5_tied", 24**-0.5), ("t5_untied", 1.0)])
def test_states_of_t5_are_scaled_if_embeddings_are_tied(tiny_model, odd_rows, family, scale):
    model = tiny_model(family)
    batch = batch_of(model, odd_rows)
    with torch.no_grad():
        encoded = model.encoder(batch["input_ids"], batch["attention_mask"]).last_hidden_state
        states = model.decoder(
            batch["decoder_input_ids"],
            encoder_hidden_states=encoded,
            encoder_attention_mask=batch["attention_mask"],
        ).last_hidden_state
        output = target_output(model, batch)
    torch.testing.assert_close(output.states, scale * states[batch["labels"] != IGNORE], **TOLERANCE)


def test_layers_of_a_row_do_not_depend_on_padding(model, odd_rows):
    """What a row alone gives stands in the batch, row after row; keys of padding get no attention."""
    model = copy.deepcopy(model)
    model.set_attn_implementation("eager")
    ask = {"hidden": True, "attention": True}
    with torch.no_grad():
        together = target_output(model, batch_of(model, odd_rows), **ask).layers
        alone = [target_output(model, batch_of(model, [row]), **ask).layers for row in odd_rows]
    encoder = model.config.is_encoder_decoder
    assert together.hidden.keys() == ({"encoder", "decoder"} if encoder else {"decoder"})
    assert together.attention.keys() == ({"encoder", "decoder", "cross"} if encoder else {"decoder"})
    for stack, layers in together.hidden.items():
        assert len(layers) == 2
        for number, states in enumerate(layers):
            expected = torch.cat([one.hidden[stack][number] for one in alone])
            torch.testing.assert_close(states, expected, **TOLERANCE)
    for stack, layers in together.attention.items():
        for number, maps in enumerate(layers):
            for row, one in zip(maps, alone, strict=True):
                (expected,) = one.attention[stack][number]
                _, queries, keys = expected.shape
                torch.testing.assert_close(row[:, :queries, :keys], expected, **TOLERANCE)
                assert not row[:, :queries, keys:].any()


@pytest.mark.parametrize(
    ("family", "scale"), [("t5_tied", 24**-0.5), ("t5_untied", 1.0), ("llama_tied", 1.0)]
)
def test_the_last_layer_is_what_the_head_reads(tiny_model, odd_rows, family, scale):
    model = tiny_model(family)
    batch = batch_of(model, odd_rows)
    with torch.no_grad():
        output = target_output(model, batch, hidden=True)
    torch.testing.assert_close(output.states, scale * output.layers.hidden["decoder"][-1], **TOLERANCE)
    assert output.layers.attention == {}
    assert target_output(model, batch).layers is None


def test_every_parameter_gets_the_gradient_of_the_full_output(model, odd_rows):
    batch = batch_of(model, odd_rows)
    found = []
    for logits in (target_output(model, batch).logits, plain(model, batch)):
        model.zero_grad()
        torch.nn.functional.cross_entropy(logits, batch["labels"][batch["labels"] != IGNORE]).backward()
        found.append({name: weight.grad.clone() for name, weight in model.named_parameters()})
    model.zero_grad()
    for name, gradient in found[0].items():
        torch.testing.assert_close(gradient, found[1][name], atol=1e-6, rtol=1e-4)
    assert all(gradient.abs().sum() > 0 for gradient in found[0].values())


def test_the_hook_is_gone_afterwards_and_after_an_error(model, odd_rows):
    batch = batch_of(model, odd_rows)
    head = model.get_output_embeddings()
    with torch.no_grad():
        target_output(model, batch)
        assert not head._forward_pre_hooks
        with pytest.raises(IndexError):
            target_output(model, {**batch, "input_ids": batch["input_ids"] + 1000})
    assert not head._forward_pre_hooks


class Wrapper(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner, self.calls = inner, 0

    def forward(self, **inputs):
        self.calls += 1
        return self.inner(**inputs)


def test_a_wrapper_is_called_in_place_of_the_model(model, odd_rows):
    wrapper, batch = Wrapper(model), batch_of(model, odd_rows)
    with torch.no_grad():
        output = target_output(wrapper, {**batch, "index": torch.arange(len(odd_rows))}, model)
        assert torch.equal(output.logits, target_output(model, batch).logits)
    assert wrapper.calls == 1
