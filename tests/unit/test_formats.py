import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from slipway.errors import DataError
from slipway.formats import read_arrays, read_images, read_table


def refused(read, said):
    with pytest.raises(DataError, match=said) as caught:
        read()
    assert "\n" not in str(caught.value)


def test_columns_come_by_their_names_from_a_file_or_from_all_of_a_folder(tmp_path):
    (tmp_path / "a.csv").write_text('text,more,label\n"a, b",1,x\n')
    (tmp_path / "b.csv").write_text("\ufefflabel,text\ny, c \n", encoding="utf-8")
    assert read_table(tmp_path / "a.csv", ["label", "text"]) == {"label": ["x"], "text": ["a, b"]}
    both = {"label": ["x", "y"], "text": ["a, b", "c"]}
    assert read_table(tmp_path, ["label", "text"]) == both


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"text\nonly one\n", "lacks the column label"),
        (b"", "lacks the column text"),
        (b"text,label\n", "holds no rows"),
        (b"text,label\na,\n", "Line 2 .* its label is empty"),
        (b"text,label\na\n", "Line 2 .* its label is empty"),
        (b"\x89PNG\r\n\x1a\n\xff", "cannot be (read|used)"),
        (b'text,label\n"a', "cannot be read: unexpected end of data"),
    ],
)
def test_a_table_of_another_form_is_refused(tmp_path, content, said):
    (tmp_path / "a.csv").write_bytes(content)
    refused(lambda: read_table(tmp_path / "a.csv", ["text", "label"]), said)


def test_cells_of_optional_columns_may_be_empty(tmp_path):
    (tmp_path / "a.csv").write_text("time,heat\n1,\n2,3\n")
    table = read_table(tmp_path / "a.csv", ["time", "heat"], optional=["heat"])
    assert table == {"time": ["1", "2"], "heat": ["", "3"]}
    refused(lambda: read_table(tmp_path / "a.csv", ["time", "heat"], ["time"]), "heat is empty")


def test_a_folder_without_tables_and_a_file_that_is_not_there_are_refused(tmp_path):
    refused(lambda: read_table(tmp_path, ["text"]), "holds no .csv file")
    refused(lambda: read_table(tmp_path / "x.csv", ["text"]), "No such file")


def test_arrays_come_by_their_names(tmp_path):
    np.savez(tmp_path / "a.npz", scan=np.zeros((3, 4, 4)), more=np.zeros(1))
    assert read_arrays(tmp_path / "a.npz", {"scan": (None, 4, 4)})["scan"].shape == (3, 4, 4)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"mask": np.zeros((3, 4))}, "lacks the array scan"),
        ({"scan": np.zeros((3, 5)), "mask": np.zeros((3, 4))}, r"scan has the shape \(3, 5\)"),
        ({"scan": np.zeros((3, 4)), "mask": np.zeros((2, 4))}, "the rows .*'mask': 2"),
        ({"scan": np.zeros((0, 4)), "mask": np.zeros((0, 4))}, "the rows"),
        ({"scan": np.array([{}]), "mask": np.zeros((1, 4))}, "no .npz file of plain arrays"),
    ],
)
def test_arrays_of_another_form_are_refused(tmp_path, arrays, said):
    np.savez(tmp_path / "a.npz", **arrays)
    refused(lambda: read_arrays(tmp_path / "a.npz", {"scan": (None, 4), "mask": (None, 4)}), said)


@given(content=st.binary(max_size=64))
def test_no_file_of_arrays_ends_in_anything_but_a_refusal(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("arrays") / "a.npz"
    path.write_bytes(content)
    refused(lambda: read_arrays(path, {"scan": (None,)}), "cannot be (read|used)")


def test_images_come_with_the_names_of_their_folders(tmp_path):
    for label, grey in (("dark", 10), ("light", 250)):
        (tmp_path / label).mkdir()
        Image.new("L", (20, 10), grey).save(tmp_path / label / "a.png")
    (tmp_path / "light" / "notes.txt").write_text("not an image")
    images, labels = read_images(tmp_path, (4, 6))
    assert (images.shape, images.dtype) == ((2, 4, 6), np.float32)
    assert (images[:, 0, 0].tolist(), labels) == ([10.0, 250.0], ["dark", "light"])


def test_a_folder_without_images_or_with_a_broken_one_is_refused(tmp_path):
    refused(lambda: read_images(tmp_path, (4, 4)), "There are no images")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "a.png").write_bytes(b"no image")
    refused(lambda: read_images(tmp_path, (4, 4)), "a.png cannot be read")


def test_a_single_array_or_half_an_archive_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 4)))
    refused(lambda: read_arrays(tmp_path / "a.npy", {"scan": (None, 4)}), "no .npz file")
    np.savez(tmp_path / "whole.npz", scan=np.random.default_rng(0).random((50, 4)))
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2] + whole[-40:])
    refused(lambda: read_arrays(tmp_path / "half.npz", {"scan": (None, 4)}), "no .npz file")
