"""Column maps as TOML."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollforward.errors import MapError
from rollforward.sources.map_file import dump_map, load_map, parse_map

FULL = """
shape = "terms"
date_format = "dmy"
decimal = ","
thousands = "."
encoding = "cp1252"
delimiter = ";"
sheet = "Sheet 1"
timezone = "Europe/Berlin"
header_row = 3
empty = ["-"]

[columns]
customer = ["region", "id"]
amount = {column = "p", words = {"*" = "1", "a b" = "2"}, times = "0.01", round = 2, default = "0"}
currency = {constant = "USD"}
interval = {constant = "month"}
starts = {columns = ["d", "t"], separator = "T", date_format = ["%d.%m.%y"]}
ends = {column = "e", last_day = true, optional = true}

[[skip_where]]
column = "kind"
values = ["test", "internal"]

[[lookup]]
file = "sub/plans.csv"
on = "plan"
key = "id"
"""


def test_a_map_that_is_written_reads_back_as_the_same_map():
    assert parse_map(dump_map(parse_map(FULL))) == parse_map(FULL)


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "maps").glob("*.toml")), ids=lambda path: path.stem)
def test_every_map_here_reads_back_as_the_same_map(path):
    assert parse_map(dump_map(load_map(path))) == load_map(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('shape = "terms"', 'shape = "heap"', "Shapes: terms, change_log"),
        ('shape = "terms"', "", "says no shape"),
        ('shape = "terms"', 'shape = "terms"\ntable = "payments"', "gives rows of subscription_items"),
        ('sheet = "Sheet 1"', "colour = 1", "no setting 'colour'"),
        ('decimal = ","', 'decimal = "x"', "decimal = 'x'"),
        ('thousands = "."', 'thousands = ","', "thousands = ','"),
        ('date_format = "dmy"', 'date_format = "DD/MM/YYYY"', "date_format has 'DD/MM/YYYY'"),
        ("last_day = true", 'last_day = "yes"', "true or false"),
        ("round = 2", "round = 11", "at most 10"),
        ('times = "0.01"', "times = 0.01", "text in"),
        ('times = "0.01"', 'times = "x"', "number in quotes"),
        ("header_row = 3", "header_row = 0", "whole number of at least 1"),
        ('{constant = "USD"}', '{constant = "USD", column = "c"}', "not both"),
        ('{constant = "USD"}', "{}", "needs a column or a constant"),
        ('{constant = "USD"}', '{cnstant = "USD"}', "no setting 'cnstant'"),
        ('currency = {constant = "USD"}', "", "nothing is said about currency"),
        ('currency = {constant = "USD"}', 'curency = "c"', "no column 'curency'"),
        ("[columns]", "[columns", "not TOML"),
        ('file = "sub/plans.csv"', "", "lookup.file is None"),
    ],
)
def test_a_wrong_map_is_an_error_with_the_way_out(old, new, says):
    assert old in FULL
    with pytest.raises(MapError, match=f"(?s){says}"):
        parse_map(FULL.replace(old, new), where="m.toml")


def test_a_map_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(MapError, match="cannot be read"):
        load_map(tmp_path / "m.toml")
