"""Two commits of a repository made here: the files of each, and what is said without any."""

import subprocess

import pytest

from slipway.errors import StackError
from slipway.stack.revisions import checked_out, resolve

WHO = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")


def git(folder, *arguments):
    command = ["git", "-C", str(folder), *WHO, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """Two commits on `main`; the first is tagged `before`."""
    folder = tmp_path / "repository"
    (folder / "sub").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for number, tag in ((1, "before"), (2, "after")):
        (folder / "file.txt").write_text(f"{number}\n")
        (folder / "sub/deep.txt").write_text(f"deep {number}\n")
        if number == 2:
            (folder / "sub/new.txt").write_text("new\n")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", str(number))
        git(folder, "tag", tag)
    return folder


def test_the_files_of_each_revision_are_its_own_and_are_gone_afterwards(repository):
    with checked_out(repository, "before") as before, checked_out(repository, "main") as after:
        assert (before / "file.txt").read_text() == "1\n"
        assert (after / "file.txt").read_text() == "2\n"
        assert not (before / "sub/new.txt").exists()
        assert (after / "sub/new.txt").exists()
    assert not before.exists()
    assert not after.exists()


def test_a_branch_a_tag_a_commit_and_a_relative_name_are_revisions(repository):
    first, second = git(repository, "rev-parse", "before"), git(repository, "rev-parse", "main")
    assert resolve(repository, "main") == second
    assert resolve(repository, "HEAD") == second
    assert resolve(repository, "HEAD~1") == first
    assert resolve(repository, first[:10]) == first
    git(repository, "tag", "-a", "annotated", "-m", "x", "before")
    assert resolve(repository, "annotated") == first, "the commit, and not the tag's own object"


def test_the_repository_and_what_is_changed_in_it_stay_as_they_are(repository):
    (repository / "file.txt").write_text("changed\n")
    with checked_out(repository, "HEAD") as files:
        assert (files / "file.txt").read_text() == "2\n"
    assert (repository / "file.txt").read_text() == "changed\n"
    assert git(repository, "status", "--short") == "M file.txt"
    assert git(repository, "worktree", "list").count("\n") == 0


def test_the_files_are_gone_where_the_work_on_them_fails(repository):
    with pytest.raises(ValueError, match="failed"), checked_out(repository, "HEAD") as files:
        raise ValueError("failed")
    assert not files.exists()


def test_of_a_folder_within_a_repository_only_its_own_files_are_there(repository):
    with checked_out(repository / "sub", "before") as files:
        assert [path.name for path in files.iterdir()] == ["deep.txt"]
        assert (files / "deep.txt").read_text() == "deep 1\n"


@pytest.mark.parametrize("name", ["none", "", "HEAD~9", "0" * 40, "--all", "main file.txt"])
def test_a_revision_that_does_not_exist_is_named_with_how_to_fetch_it(repository, name):
    with pytest.raises(StackError) as raised, checked_out(repository, name):
        pass
    assert raised.value.what == f"There is no revision '{name}'"
    assert "git fetch origin" in raised.value.mend


def test_what_is_no_commit_is_no_revision(repository):
    tree = git(repository, "rev-parse", "HEAD^{tree}")
    with pytest.raises(StackError, match="There is no revision"):
        resolve(repository, tree)


def test_a_folder_in_no_repository_is_said_to_be_in_none(tmp_path):
    with pytest.raises(StackError) as raised:
        resolve(tmp_path, "main")
    assert "is in no git repository" in raised.value.why
    assert not raised.value.mend


def test_without_git_it_is_said_that_there_is_none(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StackError, match="There is no git"):
        resolve(repository, "main")


def test_a_folder_that_is_not_in_the_revision_is_an_error_of_git(repository):
    (repository / "later").mkdir()
    (repository / "later/file.txt").write_text("x")
    with (
        pytest.raises(StackError, match="git archive failed"),
        checked_out(repository / "later", "before"),
    ):
        pass
