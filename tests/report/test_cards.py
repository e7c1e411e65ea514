from __future__ import annotations

from kdlib.report.cards import card_tables as tables_of


def card_tables(name, card):
    return tables_of(name, card, "the card")


def _texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_plain_values_are_one_table_in_order():
    (table,) = card_tables(
        "Corpus", {"too_long": 1234, "share": 0.25, "names": ["a", "b"], "by": None, "no": []}
    )
    rows = [["too long", "1,234"], ["share", "0.250"], ["names", "a, b"], ["by", "–"], ["no", "none"]]
    assert _texts(table) == rows
    assert table.caption == "Corpus"


def test_parts_that_share_keys_become_rows():
    card = {"train": {"rows": 8, "long": 1}, "test": {"rows": 2}, "tokenizer": {"entries": 300}}
    matrix, tokenizer = card_tables("Dataset", card)
    assert [heading.text for heading in matrix.head] == ["name", "rows", "long"]
    assert _texts(matrix) == [["train", "8", "1"], ["test", "2", "–"]]
    assert matrix.caption == "Dataset: train and test"
    assert (tokenizer.caption, _texts(tokenizer)) == ("Dataset: tokenizer", [["entries", "300"]])


def test_lists_of_objects_become_rows_with_all_keys():
    skipped = [{"path": "a_b.java", "reason": "broken"}, {"path": "c.java", "bytes": 7}]
    (table,) = card_tables("Corpus", {"skipped": skipped})
    assert [heading.text for heading in table.head] == ["path", "reason", "bytes"]
    assert _texts(table) == [["a_b.java", "broken", "–"], ["c.java", "–", "7"]]


def test_deeper_parts_keep_their_path_and_names_of_data_stay():
    (table,) = card_tables("Corpus", {"skipped": {"by_reason": {"a_b.Java": 3}}})
    assert table.caption == "Corpus: skipped: by reason"
    assert _texts(table) == [["a_b.Java", "3"]]


def test_no_leaf_is_lost_and_ids_differ():
    card = {"a": 11, "b": {"c": {"d": 22, "e": {"f": 33}}, "g": [{"h": 44}, 55]}, "i": {"j": [[66, 77]]}}
    tables = card_tables("Corpus", card)
    text = " ".join(cell.text for table in tables for row in table.rows for cell in row)
    assert all(str(leaf) in text for leaf in (11, 22, 33, 44, 55, 66, 77))
    assert len({table.id for table in tables}) == len(tables) > 1


def test_an_empty_card_has_no_table():
    assert card_tables("Corpus", {}) == []


def test_counts_stay_in_the_order_of_the_filters():
    card = {"counts": {"found": 9, "removed_from_train": {"same_id": 2, "same_text": 1}, "kept": 6}}
    (table,) = card_tables("Corpus", card)
    names = ["found", "removed from train: same id", "removed from train: same text", "kept"]
    assert _texts(table) == [[name, count] for name, count in zip(names, "9216", strict=True)]


def test_a_wide_table_is_turned():
    kinds = {f"assert{number}": number for number in range(11)}
    (table,) = card_tables("Corpus", {"kinds": {"train": kinds, "test": {"assert7": 70}}})
    assert [heading.text for heading in table.head] == ["name", "train", "test"]
    assert _texts(table) == [[name, str(n), "70" if n == 7 else "–"] for name, n in kinds.items()]


def test_objects_with_code_have_a_table_each_and_keep_its_lines():
    tables = card_tables("Corpus", {"examples": [{"test": "a\n  b", "id": "x"}, {"test": "c"}]})
    assert [table.caption for table in tables] == ["Corpus: examples: 1", "Corpus: examples: 2"]
    assert [[cell.mark for cell in row] for row in tables[0].rows] == [["", "code"], ["", ""]]
    assert _texts(tables[0]) == [["test", "a\n  b"], ["id", "x"]]


def _places(tables):
    """Return the key of every number, as the page puts it together, and what it is the number of."""
    found = {}
    for table in tables:
        for row in table.rows:
            for heading, cell in list(zip(table.head, row, strict=True))[1:]:
                names = {"row": row[0].key or row[0].text, "col": heading.key or heading.text}
                found[table.key.format(**names)] = cell.text
    return found


def test_every_number_knows_its_key():
    card = {
        "too_long": 1,
        "by": {"same_id": 2},
        "skipped": [{"n": 3, "bytes": 4}],
        "splits": {"train": {"own_rows": 5, "b": 6}, "dev_set": {"own_rows": 7}},
        "kinds": {"train": {f"assert{n}": 10 + n for n in range(11)}, "test": {"assert7": 70}},
    }
    tables = card_tables("Corpus", card)
    assert {table.file for table in tables} == {"the card"}
    places = _places(tables)
    expected = {"too_long": "1", "by.same_id": "2", "skipped[0].bytes": "4", "splits.train.own_rows": "5"}
    expected |= {"splits.dev_set.own_rows": "7", "splits.train.b": "6", "kinds.test.assert7": "70"}
    assert {key: places.get(key) for key in expected} == expected
