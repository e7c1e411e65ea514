import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.tasks.fim import FAMILIES, Parts, clip, join, overhead, parse

ORDERS = [
    (name, order) for name, own in FAMILIES.items() for order in ("psm", "spm") if order == "psm" or own.spm
]
FORMS = st.sampled_from(ORDERS)
# Pieces of sentinels, so that almost-sentinels arise at the borders of the parts.
PIECES = [
    "<",
    "|",
    "<|fim_",
    "prefix|>",
    "<PRE",
    ">",
    " ",
    "<SUF>"[1:],
    "｜",
    "a",
    "é",
    "\n",
    "{",
    "<fim_suffix",
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
PARTS = st.builds(Parts, TEXT, TEXT, TEXT)


@pytest.mark.parametrize(
    ("family", "order", "text", "context"),
    [
        ("qwen", "psm", "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>M<|endoftext|>", "M<|endoftext|>"),
        ("qwen", "spm", "<|fim_prefix|><|fim_suffix|>S<|fim_middle|>PM<|endoftext|>", "M<|endoftext|>"),
        ("starcoder", "psm", "<fim_prefix>P<fim_suffix>S<fim_middle>M<|endoftext|>", "M<|endoftext|>"),
        ("starcoder", "spm", "<fim_prefix><fim_suffix>S<fim_middle>PM<|endoftext|>", "M<|endoftext|>"),
        (
            "deepseek",
            "psm",
            "<｜fim▁begin｜>P<｜fim▁hole｜>S<｜fim▁end｜>M<｜end▁of▁sentence｜>",
            "M<｜end▁of▁sentence｜>",
        ),
        ("codellama", "psm", "<PRE> P <SUF>S <MID>M <EOT>", "M <EOT>"),
        ("codellama", "spm", "<PRE> <SUF>S <MID> PM <EOT>", "M <EOT>"),
    ],
)
def test_families_write_their_published_formats(family, order, text, context):
    made = join(Parts("P", "M", "S"), FAMILIES[family], order)
    assert made.text == text
    assert made.text[made.prefix_length :] == context


def test_the_published_formats_are_all_there_are():
    assert len(ORDERS) == 7


def test_a_family_trained_on_one_order_refuses_the_other():
    with pytest.raises(ValueError, match=r"fim▁begin.* no suffix-prefix-middle"):
        join(Parts("P", "M", "S"), FAMILIES["deepseek"], "spm")


@given(PARTS, FORMS)
def test_parts_come_back_from_every_order(parts, form):
    family, order = form
    sentinels = FAMILIES[family]
    if sentinels.stand_in(parts.document()):
        with pytest.raises(ValueError, match="sentinel"):
            join(parts, sentinels, order)
        return
    made = join(parts, sentinels, order)
    assert parse(made, sentinels) == parts
    assert made.text[made.prefix_length :] == parts.middle + sentinels.end
    assert len(made.text) == len(parts.document()) + overhead(sentinels, order)


@pytest.mark.parametrize(("family", "order"), ORDERS)
@pytest.mark.parametrize(
    "parts", [Parts("", "m", ""), Parts("", "", ""), Parts("p", "m", ""), Parts("", "m", "s")]
)
def test_empty_parts_come_back(family, order, parts):
    assert parse(join(parts, FAMILIES[family], order), FAMILIES[family]) == parts


@pytest.mark.parametrize("family", FAMILIES)
def test_every_sentinel_is_refused_wherever_the_cut_falls(family):
    sentinels = FAMILIES[family]
    for mark in (*sentinels.psm, sentinels.end, sentinels.stop):
        for document in (f"a {mark.strip()} b", f"a{mark.strip()}b"):
            for cut in range(len(document)):
                with pytest.raises(ValueError, match="holds a sentinel"):
                    join(Parts(document[:cut], document[cut:], ""), sentinels, "psm")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain<|endoftext|>",
        "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>M",
        "<|fim_prefix|>P<|fim_middle|>M",
    ],
)
def test_another_text_is_no_text_of_a_family(text):
    made = join(Parts("P", "M", "S"), FAMILIES["starcoder"], "psm")
    broken = type(made)(text, max(text.find("M"), 0))
    with pytest.raises(ValueError, match="no text with the sentinels"):
        parse(broken, FAMILIES["qwen"])


@given(PARTS, st.integers(0, 200))
def test_clipping_keeps_the_middle_and_what_is_next_to_it(parts, spare):
    limit = len(parts.middle) + spare
    kept = clip(parts, limit)
    assert kept.middle == parts.middle
    assert parts.prefix.endswith(kept.prefix)
    assert parts.suffix.startswith(kept.suffix)
    assert parts.document()[len(parts.prefix) - len(kept.prefix) :].startswith(kept.document())
    assert len(kept.document()) == min(len(parts.document()), limit)  # no room is wasted
    assert len(kept.suffix) >= min(len(parts.suffix), spare // 4)
    assert len(kept.prefix) >= min(len(parts.prefix), spare - spare // 4)


def test_a_middle_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="middle of 3 characters does not fit into 2"):
        clip(Parts("", "abc", ""), 2)


@pytest.mark.parametrize("order", ["psm", "spm"])
def test_a_real_tokenizer_reads_the_same_text(tokenizer, order):
    sentinels = FAMILIES["qwen"]
    tokenizer.add_special_tokens({"additional_special_tokens": [*sentinels.psm, sentinels.end]})

    def ids_of(text):
        return tokenizer.encode(text, add_special_tokens=False)

    parts = Parts("int größe() {\n  ret", "urn this.size;", "\n}\n")
    made = join(parts, sentinels, order)
    context, learned = made.text[: made.prefix_length], parts.middle + sentinels.end
    assert tokenizer.decode(ids_of(context) + ids_of(learned)) == made.text
    assert ids_of(learned) == [*ids_of(parts.middle), tokenizer.convert_tokens_to_ids("<|endoftext|>")]
