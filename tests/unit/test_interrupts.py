"""Work that is interrupted, in a process of its own: what must be done at the end is done."""

import textwrap

from tests.running import python

PROGRAM = """
import os, signal, sys, threading, time
from slipway import interrupts
from slipway.interrupts import Interrupted

def interrupt():
    os.kill(os.getpid(), signal.SIGTERM)

interrupts.install()
interrupts.AGAIN = 0.05
started = time.monotonic()
{body}
print("at the end", time.monotonic() - started < 20)
"""


def said(body):
    done = python("-c", PROGRAM.format(body=textwrap.dedent(body)))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


END = ["at the end True"]


def test_an_interrupt_ends_the_work_and_what_follows_is_done():
    assert said("interrupts.until_interrupted(lambda: (interrupt(), time.sleep(60)))") == END


def test_work_that_ends_by_itself_needs_none():
    assert said("interrupts.until_interrupted(lambda: None)") == END


def test_afterwards_neither_does_anything():
    body = """
    interrupts.until_interrupted(lambda: (interrupt(), time.sleep(60)))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.raise_signal(number)
    time.sleep(0.2)
    """
    assert said(body) == END


SWALLOWED = """
def work():
    try:
        interrupt()
        time.sleep(60)
    except Interrupted:  # as a callback's caller does
        print("lost")
    time.sleep(60)

interrupts.until_interrupted(work)
"""


def test_one_that_was_lost_comes_again():
    assert said(SWALLOWED) == ["lost", *END]


WAITING = """
from concurrent.futures import ThreadPoolExecutor

never = threading.Event()
def work():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(never.wait)
        interrupt()
        time.sleep(60)

interrupts.until_interrupted(work)
never.set()
"""


def test_work_that_waits_for_its_threads_when_it_ends_is_interrupted_in_that():
    assert said(WAITING) == END


EVERY_MOMENT = """
interrupts.AGAIN = 60
moment = passed = 0

def trace(frame, event, argument):
    global passed
    frame.f_trace_opcodes = True
    if event == "opcode" and ending and frame.f_code is not trace.__code__:
        passed += 1
        if passed == moment:
            interrupt()
    return trace

def work():
    global ending
    ending = True
    interrupt()
    time.sleep(60)

done = 0
while passed >= moment:
    moment, passed, ending = moment + 1, 0, False
    interrupts.install()
    sys.settrace(trace)
    try:
        interrupts.until_interrupted(work)
    finally:
        ending = False
        done += 1
        sys.settrace(None)
print(done == moment, moment > 50)
"""


def test_a_second_one_breaks_nothing_at_whatever_moment_it_comes():
    assert said(EVERY_MOMENT) == ["True True", *END]
