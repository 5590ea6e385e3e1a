import pytest

from infra.cron import aws_crons


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0 20 * * *", ("cron(0 20 * * ? *)",)),
        ("0 7 1 * *", ("cron(0 7 1 * ? *)",)),
        ("0 7 * * 1-5", ("cron(0 7 ? * MON,TUE,WED,THU,FRI *)",)),
        ("0 7 * * mon-fri", ("cron(0 7 ? * MON,TUE,WED,THU,FRI *)",)),
        ("0 7 * * 0,6", ("cron(0 7 ? * SUN,SAT *)",)),
        ("0 7 * * 5-7", ("cron(0 7 ? * FRI,SAT,SUN *)",)),
        ("0 7 * * 1-5/2", ("cron(0 7 ? * MON,WED,FRI *)",)),
        ("0 7 * * */3", ("cron(0 7 ? * SUN,WED,SAT *)",)),
        ("30 6 1 4-9 1", ("cron(30 6 1 4-9 ? *)", "cron(30 6 ? 4-9 MON *)")),
    ],
)
def test_days_are_the_same_as_in_cron(written, expected):
    assert aws_crons(written) == expected
