import subprocess
import sys
from itertools import chain, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.java.syntax import parse
from kdlib.java.tokens import code_tokens
from kdlib.losses.critical_tokens import critical_spans, critical_tokens, row_weights, token_weights
from kdlib.provenance import data_files

ALL = frozenset(chain.from_iterable(critical_tokens().values()))
JAVA = """
class BoxTest<T extends Comparable<T>> {
    /* assertEquals(null, x) */
    @BeforeEach void setUp() { this.größe = new int[] {0, 10, 1}; } // never null
    @Test void f() throws IOException {
        String s = "assertTrue(null) é" + 'n' + expectedSize + Integer.MAX_VALUE;
        assertEquals(-1, box.size() >= 0 && !s.isEmpty() ? 1 : 0, "the actual message");
        assertThrows(IllegalStateException.class, () -> verify(mock, never()).get(any()));
        assertThat(x instanceof List<?>).isTrue(); nullable = trueFalse != isEmptyOrNull;
    }
}
"""
# Texts in which no critical token stands, however much of one they hold.
HARMLESS = (
    "assertEqualsTo",
    "expectedSize",
    "nullable",
    "$null",
    "_true",
    "größe",
    "10",
    "0x1",
    "&",
    ".",
    "(",
    '"assertTrue(null)"',
    '"é == null"',
    "'0'",
    '"""\n  null\n  """',
    "// never null\n",
    "/* new\n null */",
)


def test_the_table_has_eleven_categories_of_about_310_tokens_each_once():
    assert list(critical_tokens()) == [
        "junit",
        "testng",
        "mock",
        "logical",
        "exception",
        "collection",
        "string",
        "numeric",
        "structural",
        "lifecycle",
        "domain",
    ]
    assert all(len(tokens) >= 15 for tokens in critical_tokens().values())
    assert 300 <= sum(map(len, critical_tokens().values())) <= 320
    assert len(ALL) == sum(map(len, critical_tokens().values()))


@pytest.mark.parametrize("category", critical_tokens())
def test_an_entry_is_one_java_token(category):
    # YAML reads some bare words, such as null and TRUE, as other than text.
    wrong = [token for token in critical_tokens()[category] if code_tokens(str(token)) != [token]]
    assert wrong == []


def test_spans_in_valid_java_are_those_of_the_grammar():
    source = JAVA.encode()
    stack, found = [parse(source).root_node], []
    while stack:
        node = stack.pop()
        if node.type in ("string_literal", "character_literal", "line_comment", "block_comment"):
            continue
        if node.child_count == 0 and node.text.decode() in ALL:
            found.append(tuple(len(source[:at].decode()) for at in (node.start_byte, node.end_byte)))
        stack.extend(node.children)
    assert len(found) > 50
    assert critical_spans(JAVA, ALL) == sorted(found)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from(HARMLESS), st.just(False))
        | st.tuples(st.sampled_from(sorted(ALL)), st.just(True)),
        max_size=8,
    )
)
def test_spans_of_a_text_made_of_known_parts(parts):
    text, expected = "", []
    for part, critical in parts:
        if critical:
            expected.append((len(text), len(text) + len(part)))
        text += part + " "
    assert critical_spans(text, ALL) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('assertEquals("open null, 1', ["assertEquals"]),
        ("/* open null", []),
        ("// null", []),
        ("x>=null", [">=", "null"]),
        ("f(", []),
        ("", []),
    ],
)
def test_broken_text(text, expected):
    assert [text[start:end] for start, end in critical_spans(text, ALL)] == expected


def test_only_the_tokens_asked_for_are_found():
    assert critical_spans("assertNull(null);", frozenset({"null"})) == [(11, 15)]
    assert critical_spans("assertNull(null);", frozenset()) == []


@pytest.mark.parametrize(
    ("text", "pieces", "expected"),
    [
        # Looks alike, but is part of a longer identifier or of a string.
        ("isNull(null)", ["is", "Null", "(", "null", ")"], [2.5, 2.5, 1, 2.5, 1]),
        ("nullable(null)", ["null", "able", "(", "null", ")"], [1, 1, 1, 2.5, 1]),
        ('f("null", null)', ["f", '("', "null", '",', " null", ")"], [1, 1, 1, 1, 2.5, 1]),
        ("a & b && c", ["a", " &", " b", " &", "&", " c"], [1, 1, 1, 2.5, 2.5, 1]),
        # A sub-word over several tokens weighs more if one of them is critical; a blank is none.
        ("f(!x);", ["f", "(!", "x", ");"], [1, 2.5, 1, 1]),
        ("a  ==  b", ["a ", " ", "==", " ", " b"], [1, 1, 2.5, 1, 1]),
        ("a == b", ["a ", "=", "= ", "b"], [1, 2.5, 2.5, 1]),
    ],
)
def test_weights_of_sub_words(text, pieces, expected):
    assert "".join(pieces) == text
    ends = [len("".join(pieces[:n])) for n in range(len(pieces) + 1)]
    assert token_weights(text, list(pairwise(ends)), 2.5, ALL) == expected


def test_blanks_within_a_token_weigh_nothing():
    text = 'f("a b")'
    offsets = [(0, 4), (4, 5), (5, 8)]
    assert token_weights(text, offsets, 2.5, frozenset({'"a b"'})) == [2.5, 1, 2.5]


def test_an_empty_offset_weighs_1_wherever_it_stands():
    assert token_weights("null", [(0, 0), (0, 4), (2, 2), (4, 4)], 2.5, ALL) == [1, 2.5, 1, 1]
    assert token_weights("null", [], 2.5, ALL) == []
    assert token_weights("", [(0, 0)], 2.5, ALL) == [1]


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_tilings_find_the_critical_characters_and_merged_tiles_the_larger_weight(data):
    text = " ".join(data.draw(st.lists(st.sampled_from([*HARMLESS, *sorted(ALL)]), min_size=1, max_size=6)))
    inner = st.sets(st.integers(1, len(text) - 1)) if len(text) > 1 else st.just(set())
    cuts = sorted({0, len(text), *data.draw(inner)})
    coarse = [0, *cuts[1:-1:2], len(text)]
    single = token_weights(text, [(n, n + 1) for n in range(len(text))], 2.5, ALL)
    inside = {n for start, end in critical_spans(text, ALL) for n in range(start, end)}
    assert {n for n, weight in enumerate(single) if weight == 2.5} == inside
    for tiling in (cuts, coarse):
        tiles = list(pairwise(tiling))
        assert token_weights(text, tiles, 2.5, ALL) == [max(single[start:end]) for start, end in tiles]


TEXTS = (
    "assertEquals(7, box.getCount());",
    'assertEquals("null is not true", expectedSize, Integer.MAX_VALUE  -  1);',
    "assertThrows(IllegalStateException.class, () -> nullable.get(a && b || größe >= 0)); // never null",
    'assertThat("é").isNull',
    "new",
)


def encoded(tokenizer, texts=TEXTS):
    return [[*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id] for text in texts]


def test_weighted_sub_words_join_to_the_critical_tokens(tokenizer):
    targets = encoded(tokenizer)
    weights = row_weights(tokenizer, TEXTS, targets, 2.5)
    pieces = tokens = 0
    for text, target, row in zip(TEXTS, targets, weights, strict=True):
        assert len(row) == len(target)
        assert set(row) <= {1.0, 2.5}
        assert row[-1] == 1.0
        heavy = [tokenizer.decode([i]).strip() for i, w in zip(target, row, strict=True) if w == 2.5]
        critical = [token for token in code_tokens(text) if token in ALL]
        assert "".join(heavy) == "".join(critical)
        pieces, tokens = pieces + len(heavy), tokens + len(critical)
    assert pieces > tokens > len(TEXTS)  # tokens of several sub-words were among them


def test_rows_of_the_dataset_are_weighed_and_a_weight_of_1_changes_nothing(tokenizer, rows):
    texts = [tokenizer.decode(row.target_ids, skip_special_tokens=True) for row in rows]
    targets = [row.target_ids for row in rows]
    assert row_weights(tokenizer, texts, targets, 1.0) == [[1.0] * len(target) for target in targets]
    assert all(2.5 in row for row in row_weights(tokenizer, texts, targets, 2.5))


def test_the_end_token_may_be_missing_and_a_text_empty(tokenizer):
    whole = row_weights(tokenizer, TEXTS, encoded(tokenizer), 2.5)
    without = row_weights(tokenizer, TEXTS, [target[:-1] for target in encoded(tokenizer)], 2.5)
    assert [row[:-1] for row in whole] == without
    assert row_weights(tokenizer, [""], [[tokenizer.eos_token_id]], 2.5) == [[1.0]]
    assert row_weights(tokenizer, [], [], 2.5) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda ids: [*ids, ids[-1]],  # two end tokens
        lambda ids: [*ids[:-1], ids[0]],  # another in its place
        lambda ids: ids[:-2],
        lambda ids: ids[1:],
        lambda ids: ids[:0],
    ],
)
def test_ids_of_another_text_are_refused_with_the_text(tokenizer, spoil):
    targets = encoded(tokenizer)
    targets[1] = spoil(targets[1])
    with pytest.raises(ValueError, match=r"null is not true.*expectedSize"):
        row_weights(tokenizer, TEXTS, targets, 2.5)


def test_texts_and_targets_must_be_as_many(tokenizer):
    with pytest.raises(ValueError, match="5 texts, but 4 targets"):
        row_weights(tokenizer, TEXTS, encoded(tokenizer)[:-1], 2.5)


def test_the_table_counts_as_code_of_its_module():
    assert "critical_tokens.yaml" in [p.name for p in data_files(["kdlib.losses.critical_tokens"])]


def test_weights_need_no_torch():
    code = (
        "import sys; from kdlib.losses.critical_tokens import critical_tokens as t; t(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
