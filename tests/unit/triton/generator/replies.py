"""What jobs of the scheduler are answered to in tests."""

import threading


class Reply:
    def __init__(self):
        self.tokens, self.failure, self.ended = [], None, None
        self.gone, self.done = False, threading.Event()
        self.wants = 10**9

    def take(self, token, ended):
        self.tokens.append(token)
        self.ended = ended
        finished = ended is not None or len(self.tokens) >= self.wants
        if finished:
            self.done.set()
        return finished

    def fail(self, kind, message):
        assert not self.done.is_set(), "a client hears of its end twice"
        self.failure = (kind, message)
        self.done.set()

    def cancelled(self):
        return self.gone


def finished(jobs):
    for each in jobs:
        assert each.reply.done.wait(10)
    return jobs
