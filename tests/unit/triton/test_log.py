from slipway.triton.log import last_lines


def test_time_stamps_tables_and_blank_lines_are_left_out(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        '\nI1123 20:04:40.593832 7142 server.cc:345] "Timeout"\n+---+\n| a |\nplain words\n'
    )
    assert last_lines(log) == 'server.cc:345] "Timeout" | plain words'


def test_only_the_last_lines_of_this_run_are_shown(tmp_path):
    log = tmp_path / "log"
    log.write_text("earlier run\n")
    since = log.stat().st_size
    with log.open("a") as file:
        file.writelines(f"line {k}\n" for k in range(20))
    assert last_lines(log, since=since, count=3) == "line 17 | line 18 | line 19"
    assert "earlier run" not in last_lines(log, since=since, count=99)


def test_a_long_line_is_cut(tmp_path):
    log = tmp_path / "log"
    log.write_text("x" * 5000)
    assert last_lines(log, width=10) == "x" * 10 + "…"


def test_no_log_says_nothing(tmp_path):
    assert last_lines(tmp_path / "none") == ""
