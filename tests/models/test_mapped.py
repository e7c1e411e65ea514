import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdlib.files import DataError, read_parquet, write_parquet
from kdlib.models import mapped as module
from kdlib.models.batch import by_length
from kdlib.models.mapped import Mapped, iter_rows, map_rows, parts_of, write_mapped


@pytest.fixture(params=[3, 1024])
def mapped(dataset, tmp_path, monkeypatch, request):
    """The training rows, in parts of three rows and of more than there are."""
    monkeypatch.setattr(module, "PART", request.param)
    return map_rows(dataset.train, tmp_path / "cache" / "rows.arrow")


def test_rows_are_those_of_the_dataset_in_any_order(mapped, rows):
    assert len(mapped) == len(rows) == 32
    assert list(mapped) == rows
    assert [mapped[number] for number in (7, 0, 31, -1, -32)] == [rows[n] for n in (7, 0, 31, -1, -32)]
    assert mapped[4:9] == rows[4:9]
    assert mapped[:] == rows
    with pytest.raises(IndexError):
        mapped[32]


def test_ids_are_integers_of_python(mapped):
    assert {type(token) for token in (*mapped[5].source_ids, *mapped[5].target_ids)} == {int}


def test_mapped_rows_have_the_order_of_length(mapped, rows):
    expected = sorted(range(32), key=lambda number: (-len(rows[number].source_ids), rows[number].id))
    assert by_length(mapped).tolist() == expected


def test_a_file_that_is_there_is_not_written_again(dataset, tmp_path, rows):
    file = tmp_path / "rows.arrow"
    map_rows(dataset.train, file)
    before = file.stat().st_mtime_ns
    assert map_rows(tmp_path / "gone.parquet", file)[0] == rows[0]
    assert file.stat().st_mtime_ns == before


def test_rows_stay_in_the_file(dataset, tmp_path):
    """Neither the file's content nor a list of rows is allocated."""
    table = read_parquet(dataset.train)
    write_parquet(tmp_path / "many.parquet", pa.concat_tables([table] * 200))
    file = tmp_path / "many.arrow"
    before = pa.total_allocated_bytes()
    rows = map_rows(tmp_path / "many.parquet", file)
    assert len(rows) == 6400
    assert rows[6399] == rows[31]
    assert pa.total_allocated_bytes() - before < file.stat().st_size / 50


def test_any_column_of_numbers_is_mapped(tmp_path):
    values = [[0.5, 2.5], [], [1.0]]
    parts = (pa.record_batch({"weights": pa.array([v], pa.list_(pa.float32()))}) for v in values)
    write_mapped(tmp_path / "weights.arrow", parts)
    assert list(Mapped(tmp_path / "weights.arrow", lambda weights: weights)) == values


def test_a_damaged_dataset_is_named(tmp_path):
    path = tmp_path / "train.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"train\.parquet: cannot be read as Parquet"):
        map_rows(path, tmp_path / "rows.arrow")
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_dataset_has_no_rows(dataset, tmp_path):
    empty = tmp_path / "train.parquet"
    pq.write_table(read_parquet(dataset.train).slice(0, 0), empty)
    assert list(iter_rows(empty)) == []
    assert list(map_rows(empty, tmp_path / "rows.arrow")) == []


def test_rows_are_read_in_parts(dataset, rows, monkeypatch):
    monkeypatch.setattr(module, "PART", 5)
    assert list(iter_rows(dataset.train)) == rows
    assert [part.num_rows for part in parts_of(dataset.train, ["id"])] == [5] * 6 + [2]


def test_weights_of_rows_are_read_where_there_are_any(dataset, rows, tmp_path):
    weights = [number / 8 for number in range(32)]
    table = read_parquet(dataset.train).append_column("weight", pa.array(weights))
    write_parquet(tmp_path / "train.parquet", table.select(sorted(table.column_names)))
    found = map_rows(tmp_path / "train.parquet", tmp_path / "rows.arrow")
    assert [row.weight for row in found] == weights
    assert [row.target_ids for row in found] == [row.target_ids for row in rows]
