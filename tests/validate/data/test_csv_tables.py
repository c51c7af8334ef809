"""Tables as pandas, R and spreadsheets write them: what is read, what is left out and said, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regimes.theory.errors import InputError
from regimes.validate.data.csv_tables import read_labels, read_numbers

ROWS = [[0.5, 1.0], [2.5, -3.0], [4.0, 8.25]]
INDEX = "column 1, which has no name and counts the rows"

PLAIN = {
    "numbers": "0.5,1\n2.5,-3\n4,8.25\n",
    "a name each": "x,y\n0.5,1\n2.5,-3\n4,8.25\n",
    "quoted numbers": '"0.5","1"\n"2.5","-3"\n"4","8.25"\n',
    "all quoted": '"x","y, in mm"\n"0.5","1"\n"2.5","-3"\n"4","8.25"\n',
    "Excel": "\ufeffx;y\r\n0.5;1\r\n2.5;-3\r\n4;8.25\r\n",
    "tabs": "x\ty\n0.5\t1\n2.5\t-3\n4\t8.25\n",
    "blanks": "x y\n 0.5   1\n2.5 -3\n4 8.25\n",
    "comments": "# made today\n0.5, 1\n\n2.5, -3\n4, 8.25\n",
    "savetxt": "# x y\n5.0e-01 1.0e+00\n2.5e+00 -3.0e+00\n4.0e+00 8.25e+00\n",
}
INDEXED = {
    "pandas": (",x,y\n0,0.5,1.0\n1,2.5,-3.0\n2,4.0,8.25\n", "0 to 2"),
    "pandas, numbers for names": (",0,1\n0,0.5,1.0\n1,2.5,-3.0\n2,4.0,8.25\n", "0 to 2"),
    "pandas, quoted": ('"","x","y"\n"0","0.5","1.0"\n"1","2.5","-3.0"\n"2","4.0","8.25"\n', "0 to 2"),
    "pandas, read and written again": ("Unnamed: 0,x,y\n0,0.5,1.0\n1,2.5,-3.0\n2,4.0,8.25\n", "0 to 2"),
    "R, write.csv": ('"","V1","V2"\n"1",0.5,1\n"2",2.5,-3\n"3",4,8.25\n', "1 to 3"),
    "R, write.table": ('"x" "y"\n"1" 0.5 1\n"2" 2.5 -3\n"3" 4 8.25\n', "1 to 3"),
    "R, write.table, commas": ('"x","y"\n"1",0.5,1\n"2",2.5,-3\n"3",4,8.25\n', "1 to 3"),
    "tabs": ("\tx\ty\n0\t0.5\t1.0\n1\t2.5\t-3.0\n2\t4.0\t8.25\n", "0 to 2"),
}


def put(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_bytes(text.encode("utf-8"))
    return path


@pytest.mark.parametrize("kind", PLAIN)
def test_a_table_is_its_numbers(kind: str, tmp_path: Path) -> None:
    table, notices = read_numbers(put(tmp_path, PLAIN[kind]))
    assert table.tolist() == ROWS
    assert notices == ()


@pytest.mark.parametrize("kind", INDEXED)
def test_an_index_is_left_out_and_said(kind: str, tmp_path: Path) -> None:
    text, rows = INDEXED[kind]
    table, notices = read_numbers(put(tmp_path, text))
    assert table.tolist() == ROWS
    assert notices == (f"{INDEX} {rows}, is left out as an index",)


def test_two_indices_are_left_out(tmp_path: Path) -> None:
    table, notices = read_numbers(put(tmp_path, ",Unnamed: 0,x,y\n0,0,0.5,1.0\n1,1,2.5,-3.0\n2,2,4.0,8.25\n"))
    assert table.tolist() == ROWS
    assert len(notices) == 2


def test_one_column_with_an_index(tmp_path: Path) -> None:
    assert read_numbers(put(tmp_path, ",0\n0,0.5\n1,2.5\n"))[0].tolist() == [[0.5], [2.5]]
    assert read_numbers(put(tmp_path, '"x"\n"1",0.5\n"2",2.5\n'))[0].tolist() == [[0.5], [2.5]]


def test_numbers_of_columns_are_names_where_no_datum_is_written_like_them(tmp_path: Path) -> None:
    table, (notice,) = read_numbers(put(tmp_path, "0,1,2\n0.5,1.0,3.5\n2.5,-3.0,0.0\n"))
    assert table.tolist() == [[0.5, 1.0, 3.5], [2.5, -3.0, 0.0]]
    assert notice == "line 1, which counts the columns 0 to 2, is taken as their names"
    assert read_numbers(put(tmp_path, "0,1\n1,1\n0,0\n"))[0].tolist() == [[0, 1], [1, 1], [0, 0]]


def test_a_named_column_that_counts_the_rows_stays_and_is_told(tmp_path: Path) -> None:
    table, (notice,) = read_numbers(put(tmp_path, "id,x\n1,0.5\n2,2.5\n3,4.0\n"))
    assert table.shape == (3, 2)
    assert notice == "column 1, 'id', counts the rows 1 to 3 and is taken as a coordinate"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (",x\n3,0.5\n7,2.5\n", "line 1: column 1 has no name and does not count the rows: leave it out if it is an index"),
        ("0,0.5\n1,2.5\n2,4.0\n", "line 1: column 1 counts the rows 0 to 2: leave it out if it is an index, or write a line of names"),
        ("0,1,2\n5,3,2\n", "line 1: 0,1,2 may be numbers of columns or a datum: delete the line if"),
        ("0,1\n0.5,2.5\n", "line 1: 0,1 may be numbers of columns or a datum"),
        ("x,y\n1,2\n\n3,\n", "line 4: column 2 is empty: every entry has to be a number"),
        ("1,2\n3,4\n5,NA\n", "line 3: column 2 holds 'NA', which is no number"),
        ("5.1,?,3.5\n4.9,3.0,1.4\n", "line 1: column 2 holds '\\?', which is no number"),
        ("x,y,species\n5.1,3.5,setosa\n", "line 2: column 3 holds 'setosa', .* classes go into a file of labels"),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", "line 1: column 3 holds 'setosa'"),
        ("x;y\n1,5;2,5\n", "line 2: column 1 holds 1,5: write decimals with a point"),
        ("1,5;2,5\n3,5;4,5\n", "line 2: column 1 holds 3,5: write decimals with a point"),
        ("x,y,z,w\n1,2\n", "line 2: 2 cells below 4 names"),
        ("1,2\n3,4,5\n", "line 2: 3 cells where line 1 has 2"),
        ("x,y\n1,1_000\n", "line 2: column 2 holds '1_000'"),
        ('"x","y\n1,2\n', "line 1: unexpected end of data: close every quote"),
        (",a\n0,\n", "line 2: column 2 is empty"),
        ('"Mazda RX4",21,6\n"Datsun 710",22.8,4\n', "line 1: column 1 holds 'Mazda RX4'"),
        (",mpg\nMazda,21\n", "line 2: column 1 holds 'Mazda'"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_the_line_and_a_remedy(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_numbers(put(tmp_path, text))
    assert "\n" not in str(caught.value)


LABELS = {
    "words": "setosa\nvirginica\nsetosa\n",
    "a name above words": "species\nsetosa\nvirginica\nsetosa\n",
    "quoted": '"species"\n"setosa"\n"virginica"\n"setosa"\n',
    "pandas": ",species\n0,setosa\n1,virginica\n2,setosa\n",
    "pandas, a number for a name": ",0\n0,setosa\n1,virginica\n2,setosa\n",
    "R, write.csv": '"","species"\n"1","setosa"\n"2","virginica"\n"3","setosa"\n',
    "R, write.table": '"species"\n"1","setosa"\n"2","virginica"\n"3","setosa"\n',
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_their_words(kind: str, tmp_path: Path) -> None:
    words, notices = read_labels(put(tmp_path, LABELS[kind]), 3)
    assert words.tolist() == ["setosa", "virginica", "setosa"]
    assert len(notices) == (kind.startswith(("pandas", "R")))


def test_labels_of_several_words_are_one_label(tmp_path: Path) -> None:
    assert read_labels(put(tmp_path, "I. setosa\nI. virginica\n"), 2)[0].tolist() == ["I. setosa", "I. virginica"]


def test_a_label_more_than_rows_is_no_name_if_it_is_a_class(tmp_path: Path) -> None:
    assert len(read_labels(put(tmp_path, "a\nb\na\n"), 2)[0]) == 3
    assert len(read_labels(put(tmp_path, "1\n2\n1\n"), 2)[0]) == 3
    assert len(read_labels(put(tmp_path, "digit\n1\n2\n"), 3)[0]) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\nc,d\n", "line 1: 2 cells: labels are one column"),
        ('a\n""\nb\n', "line 2: the label is empty"),
        (",species\n5,a\n9,b\n", "line 1: the first of two columns has no name and does not count the rows"),
    ],
)
def test_labels_that_are_not_one_word_per_row_are_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_labels(put(tmp_path, text), 3)
    assert "\n" not in str(caught.value)


def test_a_large_table_is_read_by_numpy(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(400, 50))
    text = "\n".join(",".join(map(repr, row)) for row in rows.tolist())
    assert (read_numbers(put(tmp_path, text + "\n"))[0] == rows).all()
