"""Rows that join and leave: with a decoder that checks what it is told about its cache."""

import random
import threading
from itertools import pairwise

import numpy as np
import pytest

from slipway.triton.backends.generator import scheduler
from slipway.triton.backends.generator.scheduler import Job, Refused, Scheduler
from tests.unit.triton.generator.replies import Reply, finished
from tests.waiting import wait_until

VOCABULARY = 97


def following(history):
    """The token that this decoder puts behind others: it depends on every one of them."""
    return (sum((k + 1) * token for k, token in enumerate(history)) + len(history)) % VOCABULARY


class Decoder:
    """Rows are lists of tokens. It can be held up, and fails on the token 99."""

    def __init__(self, rows=3):
        self.rows = rows
        self.cache = [[] for _ in range(rows)]
        self.steps = []
        self.go = threading.Event()
        self.go.set()

    def extend(self, ids, before, first):
        assert self.go.wait(10)
        self.steps.append([len(new) for new in ids])
        logits = np.zeros((len(ids), VOCABULARY), np.float32)
        for k, (new, had) in enumerate(zip(ids, before, strict=True)):
            row = self.cache[first + k]
            if 99 in new:
                raise RuntimeError("bad token\nframe 1")
            assert had <= len(row) or had == 0
            row[had:] = new
            logits[k, following(row)] = 1
        return logits

    def move(self, source, target, tokens):
        self.cache[target] = self.cache[source][:tokens]


@pytest.fixture
def make():
    """A scheduler on a decoder; it is closed after the test."""
    made = []

    def make(decoder, **options):
        one = Scheduler(decoder, **{"queue": 100, "patience": 30, **options})
        made.append(one)
        return one

    yield make
    for each in made:
        each.close(5)
        assert not each._thread.is_alive()


def job(prompt, limit=5, ends=frozenset(), pick=np.argmax):
    return Job(prompt, limit, ends, lambda logits: int(pick(logits)), Reply())


def alone(prompt, limit):
    history, made = list(prompt), []
    while len(made) < limit:
        made.append(following(history))
        history.append(made[-1])
    return made


def test_a_job_alone_gets_what_follows_its_prompt(make):
    one = job([3, 4], limit=6)
    make(Decoder()).submit(one)
    finished([one])
    assert one.reply.tokens == alone([3, 4], 6)
    assert one.reply.ended == "length"


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_company_each_gets_the_same(make, seed):
    rng = random.Random(seed)
    decoder = Decoder(rows=rng.randint(1, 5))
    one = make(decoder)
    jobs = []
    for _ in range(40):
        length = rng.choice([1, 2, 5, 127, 128, 129, 300])
        prompt = [rng.randrange(VOCABULARY) for _ in range(length)]
        each = job(prompt, limit=rng.randint(1, 20))
        if rng.random() < 0.2:
            each.reply.gone = True
        jobs.append(each)
        one.submit(each)
        if rng.random() < 0.2:
            finished([rng.choice(jobs)])
    for each in finished(jobs):
        right = alone(each.prompt, each.limit)
        if each.reply.failure:
            assert each.reply.gone
            assert each.reply.failure == ("CANCELLED", "the request was cancelled")
            assert each.reply.tokens == right[: len(each.reply.tokens)]
        else:
            assert each.reply.tokens == right


def test_rows_share_steps(make):
    decoder = Decoder(rows=3)
    decoder.go.clear()
    one = make(decoder)
    jobs = [job([k], limit=4) for k in range(3)]
    for each in jobs:
        one.submit(each)
    decoder.go.set()
    finished(jobs)
    assert [1, 1, 1] in decoder.steps
    assert len(decoder.steps) < 3 * 4


def test_a_long_prompt_is_read_in_chunks_between_the_steps_of_others(make):
    decoder = Decoder(rows=2)
    one = make(decoder)
    first, long = job([1], limit=10**6), job(list(range(90)) * 12, limit=2)
    one.submit(first)
    assert wait_until(lambda: len(first.reply.tokens) > 3)
    one.submit(long)
    finished([long])
    first.reply.gone = True
    finished([first])
    chunks = [k for k, step in enumerate(decoder.steps) if step[0] > 1]
    assert [decoder.steps[k] for k in chunks] == [[128]] * 8 + [[56]]
    assert all(later - earlier == 2 for earlier, later in pairwise(chunks))
    assert long.reply.tokens == alone(long.prompt, 2)


def test_an_end_token_ends_the_answer(make):
    right = alone([5], 10)
    one = job([5], limit=10, ends=frozenset({right[3]}))
    make(Decoder()).submit(one)
    finished([one])
    assert one.reply.tokens == right[: right.index(right[3]) + 1]
    assert one.reply.ended == "stop"


def test_a_client_that_has_enough_ends_the_answer(make):
    one = job([5], limit=100)
    one.reply.wants = 3
    make(Decoder()).submit(one)
    finished([one])
    assert len(one.reply.tokens) == 3


def test_a_client_that_goes_frees_its_row_within_a_few_tokens(make):
    one = make(Decoder(rows=1))
    first, second = job([1], limit=10**6), job([2], limit=1)
    one.submit(first)
    one.submit(second)
    assert wait_until(lambda: len(first.reply.tokens) > 10)
    first.reply.gone = True
    finished([first, second])
    assert first.reply.failure == ("CANCELLED", "the request was cancelled")
    assert second.reply.tokens == alone([2], 1)


def test_beyond_rows_and_queue_jobs_are_refused_until_one_ends(make):
    decoder = Decoder(rows=1)
    decoder.go.clear()
    one = make(decoder, queue=1)
    jobs = [job([1]), job([2])]
    for each in jobs:
        one.submit(each)
    with pytest.raises(Refused, match="the queue is full: 2 requests are under way"):
        one.submit(job([3]))
    decoder.go.set()
    finished(jobs)
    last = job([3])
    one.submit(last)
    finished([last])


def test_who_waits_too_long_is_told(make):
    decoder = Decoder(rows=1)
    one = make(decoder, patience=1)
    first, second = job([1], limit=10**6), job([2])
    one.submit(first)
    assert wait_until(lambda: first.reply.tokens)
    one.submit(second)
    finished([second])
    assert second.reply.failure == ("UNAVAILABLE", "no row came free within 1 seconds")
    first.reply.gone = True
    finished([first])


def test_a_prompt_that_fails_is_told_to_its_own_client_alone(make):
    one = make(Decoder(rows=2))
    good, bad, after = job([1], limit=300), job([99]), job([4])
    for each in (good, bad, after):
        one.submit(each)
    finished([good, bad, after])
    assert bad.reply.failure == ("INTERNAL", "decoding failed: bad token")
    assert good.reply.tokens == alone([1], 300)
    assert after.reply.tokens == alone([4], 5)


def test_a_step_that_fails_ends_its_rows_and_nothing_else(make):
    said = []
    one = make(Decoder(rows=2), log=said.append)
    # The second token of this job is one that the decoder cannot take.
    picks = iter([7, 99])
    bad = job([1], limit=9, pick=lambda logits: next(picks))
    one.submit(bad)
    finished([bad])
    assert bad.reply.failure == ("INTERNAL", "decoding failed: bad token")
    assert "a step failed" in said[0]
    after = job([4])
    one.submit(after)
    finished([after])
    assert after.reply.tokens == alone([4], 5)


def test_a_client_that_cannot_be_sent_to_is_no_trouble_for_others(make):
    one = make(Decoder(rows=2))
    bad, good = job([1], limit=50), job([2], limit=50)

    def broken(token, ended):
        raise OSError("no such client")

    bad.reply.take = broken
    one.submit(bad)
    one.submit(good)
    finished([bad, good])
    assert bad.reply.failure == ("INTERNAL", "decoding failed: no such client")
    assert good.reply.tokens == alone([2], 50)


def test_closing_ends_all_jobs_with_an_error_and_takes_no_more(make):
    one = make(Decoder(rows=1))
    running, waiting = job([1], limit=10**6), job([2])
    one.submit(running)
    one.submit(waiting)
    assert wait_until(lambda: len(running.reply.tokens) > 3)
    one.close(5)
    for each in (running, waiting):
        assert each.reply.failure == ("UNAVAILABLE", "the model was unloaded")
    with pytest.raises(Refused, match="being unloaded"):
        one.submit(job([3]))


def test_what_is_observed_adds_up(make):
    seen = []
    one = make(Decoder(rows=2), observe=lambda tokens, rows: seen.append((tokens, rows)))
    jobs = [job([k], limit=7) for k in range(4)]
    for each in jobs:
        one.submit(each)
    finished(jobs)
    assert wait_until(lambda: sum(tokens for tokens, _ in seen) == 28)
    assert wait_until(lambda: seen[-1][1] == 0)
    assert max(rows for _, rows in seen) == 2


def test_an_error_without_words_still_says_something():
    assert scheduler.first_line(ValueError()) == "ValueError"


def test_a_count_that_cannot_be_made_keeps_nobody_from_being_answered(make):
    said = []

    def observe(_tokens, _rows):
        raise OSError("no metrics")

    one = make(Decoder(), observe=observe, log=said.append)
    for _ in range(3):
        asked = job([1, 2], limit=3)
        one.submit(asked)
        finished([asked])
        assert asked.reply.tokens == alone([1, 2], 3)
    assert "no metrics" in said[0]
