"""The sampled syntax loss as a row of the table: its judge, its configuration and its gradient."""

import pytest
import torch

from kdlib.losses.inputs import Batch
from kdlib.losses.syntax import Ast, sampled_validity
from kdlib.losses.table import Components
from kdlib.losses.validity import Judging, SampledAst, judge

END = 1
TEXTS = {0: "", 1: "", 2: "f(", 3: ")", 4: ";", 5: "(("}


def valid(ids):
    return judge(lambda chosen: "".join(TEXTS[token] for token in chosen), END)(ids)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([2, 3, 4, END], True),
        ([2, 3, 4, END, 5, 5], True),  # what follows the end is not read
        ([2, 3, 4], True),  # cut by its length
        ([2, 4, END], False),
        ([END, 2, 3, 4], False),  # nothing at all
    ],
)
def test_the_judge_reads_one_statement_up_to_the_end(ids, expected):
    assert valid(ids) is expected


def test_a_text_is_parsed_once():
    asked = []
    ask = judge(lambda ids: asked.append(ids) or "f();", END)
    assert [ask([2, END]), ask([2, END, 5]), ask([3, END])] == [True] * 3
    assert asked == [(2,), (3,)]


def test_the_form_chooses_the_loss():
    forms = {
        name: Components.model_validate({"ast": raw}).ast for name, raw in (("", {}), ("m", {"form": "mass"}))
    }
    assert all(type(loss) is Ast for loss in forms.values())
    sampled = Components.model_validate({"ast": {"form": "sampled", "samples": 3}})
    assert type(sampled.ast) is SampledAst
    assert sampled.need("judge") == ["ast"]
    assert sampled.need("legality") == []
    assert Components.model_validate(sampled.model_dump()) == sampled


def batch_of(logits, seed=7):
    generator = torch.Generator().manual_seed(seed)
    return Batch(logits, torch.zeros(5, dtype=torch.long), [3, 2], judging=Judging(valid, generator))


def test_values_and_gradients_are_those_of_the_function(rng):
    logits = torch.tensor(rng.normal(size=(5, 6)), requires_grad=True)
    values = SampledAst(form="sampled", samples=3).values(batch_of(logits))
    expected = sampled_validity(logits, [3, 2], valid, 3, torch.Generator().manual_seed(7))
    assert torch.equal(values, expected)
    found, other = (torch.autograd.grad(v.sum(), logits)[0] for v in (values, expected))
    assert torch.equal(found, other)


def test_descent_makes_valid_statements(rng):
    """Three positions suffice for ``f();`` without an end."""
    logits = torch.tensor(rng.normal(size=(3, 6)), requires_grad=True)
    loss, generator = SampledAst(form="sampled", samples=8), torch.Generator().manual_seed(1)
    optimiser = torch.optim.Adam([logits], lr=0.05)
    shares = []
    for _ in range(400):
        batch = Batch(logits, torch.zeros(3, dtype=torch.long), [3], judging=Judging(valid, generator))
        value = loss.values(batch).sum()
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        shares.append(float(value.detach()))
    assert sum(shares[:20]) / 20 > 0.8
    assert sum(shares[-20:]) / 20 < 0.2


def test_a_missing_judge_is_named(rng):
    batch = Batch(torch.zeros(5, 6), torch.zeros(5, dtype=torch.long), [3, 2])
    with pytest.raises(ValueError, match="needs a judge"):
        SampledAst(form="sampled").values(batch)
