"""Files are read as what they are, row by row with the place of each."""

from __future__ import annotations

import gzip
import json
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from rollforward.errors import MapError, UnreadableFileError
from rollforward.sources.raw import ReadOptions
from rollforward.sources.reading import files_of, read


def one(path, **options):
    (raw,) = read(path, ReadOptions(**options))
    return raw


def rows(raw):
    return [dict(zip(raw.columns, row, strict=True)) for row in zip(*raw.values, strict=True)]


def test_csv_gives_each_row_with_the_line_on_which_it_starts(write):
    raw = one(write("a.csv", 'a,b\r\n1,"x\r\ny"\r\n\r\n2,"say ""hi"""\r\n'))
    assert raw.columns == ("a", "b")
    assert rows(raw) == [{"a": "1", "b": "x\r\ny"}, {"a": "2", "b": 'say "hi"'}]
    assert list(raw.numbers) == [2, 5]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_shows_the_delimiter(write, delimiter):
    raw = one(write("a.csv", f'"a,;x"{delimiter}b\n1{delimiter}2\n'))
    assert rows(raw) == [{"a,;x": "1", "b": "2"}]


def test_a_tsv_of_one_column_is_split_by_tabs_alone(write):
    assert rows(one(write("a.tsv", "a\n1,5\n"))) == [{"a": "1,5"}]


def test_a_row_of_another_width_is_a_fault_and_the_others_go_on(write):
    raw = one(write("a.csv", "a,b\n1,2\n3\n4,5,6\n7,8,,\n9,10\n"))
    assert [row["a"] for row in rows(raw)] == ["1", "7", "9"]
    assert [(fault.row, fault.raw) for fault in raw.faults] == [(3, '["3"]'), (4, '["4", "5", "6"]')]
    assert "1 cells where the header has 2" in raw.faults[0].reason


def test_a_quote_that_is_never_closed_names_the_lines_it_swallowed(write):
    (raw,) = read(write("a.csv", 'a,b\n1,2\n3,"4\n5,6\n'))
    assert rows(raw) == [{"a": "1", "b": "2"}]
    assert [(fault.row, fault.severity) for fault in raw.faults] == [(3, "quarantined")]
    assert "lines 3 to 4" in raw.faults[0].reason


def test_quotes_that_do_not_match_are_a_fault_of_their_row(write):
    raws = list(read(write("a.csv", 'a,b\n1,2\n3,"4"x\n5,6\n')))
    assert [row["a"] for raw in raws for row in rows(raw)] == ["1", "5"]
    assert [number for raw in raws for number in raw.numbers] == [2, 4]
    assert [fault.row for raw in raws for fault in raw.faults] == [3]


def test_a_byte_order_mark_is_no_part_of_the_first_name(write):
    assert one(write("a.csv", "\ufeffa,b\n1,2\n")).columns == ("a", "b")
    assert one(write("b.csv", "a,b\n1,\u00e9\n".encode("utf-16"))).values == (["1"], ["\u00e9"])


def test_a_line_that_is_not_utf8_is_read_as_cp1252_with_a_note(write):
    raw = one(write("a.csv", b"a,b\n1,caf\xc3\xa9\n2,caf\xe9\n"))
    assert raw.column("b") == ["caf\u00e9", "caf\u00e9"]
    assert [(fault.row, fault.severity) for fault in raw.faults] == [(3, "note")]
    assert "not utf-8" in raw.faults[0].reason


def test_the_map_may_say_the_encoding(write):
    raw = one(write("a.csv", b"a\ncaf\x8e\n"), encoding="mac-roman")
    assert raw.column("a") == ["caf\u00e9"]
    assert not raw.faults
    with pytest.raises(MapError, match="is no encoding"):
        one(write("b.csv", "a\n1\n"), encoding="klingon")


def test_nul_characters_are_taken_out_with_a_note(write):
    raw = one(write("a.csv", b"a,b\n1,x\0y\n"))
    assert raw.column("b") == ["xy"]
    assert "NUL" in raw.faults[0].reason


def test_lines_may_end_as_on_an_old_mac(write):
    raw = one(write("a.csv", b"a,b\r1,2\r3,4\r"))
    assert (raw.column("a"), list(raw.numbers)) == (["1", "3"], [2, 3])


def test_columns_of_one_name_are_none_of_them_the_column(write):
    assert one(write("a.csv", "a,a,,b\n1,2,3,4\n")).columns == ("a (1)", "a (2)", "column 3", "b")


def test_a_title_above_the_header_is_passed_over_if_the_map_says_so(write):
    raw = one(write("a.csv", "Our subscriptions\n\na,b\n1,2\n"), header_row=2)
    assert (rows(raw), list(raw.numbers)) == ([{"a": "1", "b": "2"}], [4])


def test_json_numbers_keep_their_digits_and_objects_within_have_dotted_names(write):
    text = '[{"a": 19.90, "b": {"c": 1, "d": [1.50]}, "e": null, "f": true}, {"a": "x"}]'
    raw = one(write("a.json", text))
    assert rows(raw)[0] == {"a": "19.90", "b.c": "1", "b.d": '["1.50"]', "e": None, "f": "true"}
    assert rows(raw)[1] == {"a": "x", "b.c": None, "b.d": None, "e": None, "f": None}
    assert list(raw.numbers) == [1, 2]


def test_json_may_hold_its_rows_in_one_member(write):
    assert rows(one(write("a.json", '{"has_more": false, "data": [{"a": 1}]}'))) == [{"a": "1"}]


def test_an_element_that_is_no_object_is_a_fault(write):
    raw = one(write("a.json", '[{"a": 1}, 5, {"a": 2}]'))
    assert list(raw.numbers) == [1, 3]
    assert [(fault.row, fault.value) for fault in raw.faults] == [(2, '"5"')]


def test_a_large_json_array_is_read_piece_by_piece(write):
    elements = [{"a": index, "b": "x" * 100} for index in range(45_000)]
    raws = list(read(write("a.json", json.dumps(elements))))
    assert [len(raw.numbers) for raw in raws] == [20_000, 20_000, 5_000]
    assert raws[2].numbers[-1] == 45_000


def test_json_that_breaks_off_says_where(write):
    with pytest.raises(UnreadableFileError, match="not JSON after element 1"):
        list(read(write("a.json", '[{"a": 1}, {"a": ')))


def test_a_broken_line_of_json_lines_is_a_fault_of_its_own(write):
    raw = one(write("a.jsonl", '{"a": 1}\n\n{"a": \n{"a": 3}\n'))
    assert (raw.column("a"), raw.numbers) == (["1", "3"], [1, 4])
    assert [(fault.row, fault.reason) for fault in raw.faults] == [(3, "the line is not JSON")]


def test_parquet_cells_are_read_as_a_person_would_write_them(tmp_path):
    table = pa.table(
        {
            "price": pa.array([19.9, None]),
            "exact": pa.array([Decimal("19.90"), Decimal("0.00")]),
            "day": pa.array([date(2024, 1, 31), None]),
            "at": pa.array([1_704_067_200_000_000_000, None], pa.timestamp("ns", "UTC")),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    raw = one(tmp_path / "a.parquet")
    assert rows(raw)[0] == {"price": "19.9", "exact": "19.90", "day": "2024-01-31", "at": "2024-01-01 00:00:00+00:00"}
    assert list(raw.numbers) == [1, 2]


def workbook(path, sheets):
    book = xlsxwriter.Workbook(path)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, cells in sheets.items():
        sheet = book.add_worksheet(name)
        for (row, column), value in cells.items():
            sheet.write(row, column, value, *([day] if isinstance(value, date) else []))
    book.close()
    return path


def test_a_sheet_keeps_its_own_row_numbers_and_what_people_typed(tmp_path):
    cells = {(2, 0): "a", (2, 1): "b", (2, 2): "c", (3, 0): 19.9, (3, 1): date(2024, 1, 31), (3, 2): True, (5, 0): 100}
    raw = one(workbook(tmp_path / "a.xlsx", {"S": cells}))
    assert rows(raw) == [{"a": "19.9", "b": "2024-01-31", "c": "true"}, {"a": "100", "b": "", "c": ""}]
    assert list(raw.numbers) == [4, 6]


def test_a_cell_beyond_the_header_is_a_fault(tmp_path):
    raw = one(workbook(tmp_path / "a.xlsx", {"S": {(0, 0): "a", (1, 0): 1, (1, 3): "stray"}}))
    assert [(fault.row, fault.value) for fault in raw.faults] == [(2, "stray")]


def test_of_several_sheets_the_map_names_one(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx", {"One": {(0, 0): "a", (1, 0): 1}, "Two": {(0, 0): "b", (1, 0): 2}, "Empty": {}}
    )
    assert one(path, sheet="Two").columns == ("b",)
    with pytest.raises(MapError, match="One, Two"):
        one(path)
    with pytest.raises(MapError, match="no sheet 'Three'"):
        one(path, sheet="Three")


def test_compressed_files_are_unpacked(write, tmp_path):
    assert one(write("a.csv.gz", gzip.compress(b"a\n1\n", mtime=0))).column("a") == ["1"]
    workbook(tmp_path / "b.xlsx", {"S": {(0, 0): "a", (1, 0): 1}})
    assert one(write("b.xlsx.gz", gzip.compress((tmp_path / "b.xlsx").read_bytes()))).column("a") == ("1",)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\xef\xbb\xbf \n\n", "is empty"),
        ("a.xlsx", b"", "is empty"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("a.csv", b"PK\x03\x04rest", "looks like a zip archive or a workbook"),
        ("a.csv", b"PAR1rest", "looks like Parquet"),
        ("a.csv", gzip.compress(b"a\n1\n", mtime=0), "looks like gzip-compressed"),
        ("a.csv", b"\xd0\xcf\x11\xe0rest", "old Excel workbook"),
        ("a.csv", bytes(range(256)) * 4, "looks like binary data"),
        ("a.csv", b'[{"a": 1}]', "looks like JSON"),
        ("a.csv", b"<!DOCTYPE html><html></html>", "looks like a web page"),
        ("a.json", b"a,b\n1,2\n", "looks like delimited text"),
        ("a.xlsx", b"a,b\n1,2\n", "looks like text"),
        ("a.parquet", b"a,b\n1,2\n", "looks like text"),
        ("a.xlsx", b"PK\x03\x04rest", "is not a workbook that can be read"),
        ("a.parquet", b"PAR1rest", "is a damaged Parquet file"),
        ("a.csv.gz", b"a\n1\n", "is not compressed"),
        ("a.csv.gz", gzip.compress(b"a\n1\n" * 999, mtime=0)[:-20], "the compressed data is damaged"),
        ("a.docx", b"anything", "is of no known kind"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_an_error_with_a_way_out(write, name, content, says):
    with pytest.raises(UnreadableFileError, match=says) as error:
        list(read(write(name, content)))
    assert name in str(error.value)


def test_a_folder_is_read_in_the_order_of_its_names_without_hidden_files(write, tmp_path):
    for name in ("b.csv", "a.csv", "sub/c.csv", ".hidden.csv", ".git/d.csv"):
        write(name, "a\n1\n")
    assert [path.name for path in files_of([tmp_path])] == ["a.csv", "b.csv", "c.csv"]


def test_a_folder_with_an_unknown_kind_of_file_names_it(write, tmp_path):
    write("a.csv", "a\n1\n")
    write("notes.docx", "hello")
    with pytest.raises(UnreadableFileError, match=r"notes\.docx"):
        files_of([tmp_path])


def test_what_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(UnreadableFileError, match="does not exist"):
        files_of([tmp_path / "nothing.csv"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableFileError, match="holds no file"):
        files_of([tmp_path / "empty"])


def test_many_broken_rows_stay_in_one_batch(write):
    (raw,) = read(write("a.csv", "a,b\n" + '1,"x"y\n2,z\n' * 500))
    assert (len(raw.numbers), len(raw.faults)) == (500, 500)
    assert [raw.numbers[0], raw.faults[0].row, raw.numbers[-1], raw.faults[-1].row] == [3, 2, 1001, 1000]
