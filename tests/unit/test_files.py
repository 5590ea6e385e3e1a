import errno

import pytest

from slipway.errors import SlipwayError, StorageFull
from slipway.files import canonical_json, staged_file, staged_folder, write_whole


class Interrupted(BaseException):
    """As Ctrl-C is: no ordinary exception."""


@pytest.mark.parametrize("error", [Interrupted(), ValueError("wrong")])
def test_whatever_ends_the_work_early_leaves_nothing(tmp_path, error):
    def spoil(context):
        with pytest.raises(type(error)), context as staged:  # noqa: PT012 - the block is the case
            target = staged / "file" if staged.is_dir() else staged
            target.write_text("half")
            raise error

    spoil(staged_folder(tmp_path / "folder"))
    spoil(staged_file(tmp_path / "file"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_appears_whole(tmp_path):
    with staged_folder(tmp_path / "new") as staged:
        (staged / "a").write_text("1")
        assert not (tmp_path / "new").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["new"]
    assert (tmp_path / "new" / "a").read_text() == "1"


def test_who_comes_second_leaves_the_first_ones_folder(tmp_path):
    with staged_folder(tmp_path / "new") as staged:
        (staged / "mine").touch()
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "theirs").touch()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["theirs"]
    assert [p.name for p in tmp_path.iterdir()] == ["new"]


def test_a_file_is_replaced_at_once(tmp_path):
    write_whole(tmp_path / "a", b"old")
    with staged_file(tmp_path / "a") as staged:
        staged.write_bytes(b"new")
        assert (tmp_path / "a").read_bytes() == b"old"
    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_in_one_line_with_a_way_out(tmp_path, number):
    with pytest.raises(StorageFull, match="Free space") as caught, staged_file(tmp_path / "a"):
        raise OSError(number, "full", "/device")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_another_error_of_the_system_is_not_taken_for_a_full_disk(tmp_path):
    with pytest.raises(PermissionError), staged_file(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "no", "/device")


def test_hashing_sees_values_not_their_order():
    assert canonical_json({"b": 1, "a": 2}) == canonical_json({"a": 2, "b": 1})
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_a_message_is_one_line_of_what_why_and_what_to_do():
    assert str(SlipwayError("It broke", why="two\nlines", mend="Mend it.")) == (
        "It broke: two lines. Mend it."
    )
    assert str(SlipwayError("It broke.", mend="Mend it.")) == "It broke. Mend it."
