"""scripts/report.py as people run it."""

import json

from slipway.artefact import Artefact, FileEntry, MetricResult
from slipway.report.content import ModelReport, write_model_report
from tests.running import python


def run(*arguments):
    return python("scripts/report.py", *arguments)


def model(value):
    return ModelReport(
        Artefact(
            model="m",
            title="M",
            files=tuple(FileEntry(p, 1, "0" * 64) for p in ("golden.json", "model/config.pbtxt")),
            serving={},
            metric=MetricResult("accuracy", value, 0.97, 100),
            parity=(),
            built_with={},
            git_revision="",
        )
    )


def test_it_prints_the_path_of_the_page(tmp_path):
    write_model_report(tmp_path, model(0.98))
    done = run(tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, str(tmp_path / "index.html"))
    assert (tmp_path / "index.html").exists()


def test_it_ends_with_1_where_something_in_it_failed_but_writes_the_page(tmp_path):
    write_model_report(tmp_path, model(0.5))
    done = run(tmp_path, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["models"]["m"]["outcome"] == "failed"
    assert "is under" in done.stderr
    assert (tmp_path / "index.html").exists()


def test_it_ends_with_2_and_one_line_where_there_is_nothing(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "make demo" in done.stderr
