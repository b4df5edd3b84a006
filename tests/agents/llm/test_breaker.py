"""The circuit breaker, on a clock of its own."""

import pytest

from agents.llm.server.breaker import Breaker, BreakerOpen


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(failures=3, pause=10, longest_pause=60, clock=clock)


def fail(breaker, times=1):
    for _ in range(times):
        breaker.failed(breaker.enter())


def waits(breaker):
    with pytest.raises(BreakerOpen) as caught:
        breaker.enter()
    return caught.value.seconds


def test_it_opens_after_failures_in_a_row_and_says_for_how_long(breaker, clock):
    fail(breaker, 3)
    assert waits(breaker) == 10
    clock.now += 4
    assert waits(breaker) == 6


def test_a_success_between_failures_begins_the_count_anew(breaker):
    fail(breaker, 2)
    breaker.succeeded(breaker.enter())
    fail(breaker, 2)
    assert not breaker.enter().trial


def test_after_the_pause_one_request_is_on_trial_and_the_others_wait(breaker, clock):
    fail(breaker, 3)
    clock.now += 10
    trial = breaker.enter()
    assert trial.trial and waits(breaker) == 0
    breaker.succeeded(trial)
    assert not breaker.enter().trial
    fail(breaker, 2)
    assert not breaker.enter().trial


def test_every_lost_trial_doubles_the_pause_up_to_the_longest(breaker, clock):
    fail(breaker, 3)
    pauses = []
    for _ in range(5):
        pauses.append(waits(breaker))
        clock.now += pauses[-1]
        fail(breaker)
    assert pauses == [10, 20, 40, 60, 60]


def test_a_trial_that_is_won_brings_the_first_pause_back(breaker, clock):
    fail(breaker, 3)
    clock.now += 10
    fail(breaker)
    clock.now += 20
    breaker.succeeded(breaker.enter())
    fail(breaker, 3)
    assert waits(breaker) == 10


def test_an_abandoned_trial_lets_another_request_try(breaker, clock):
    fail(breaker, 3)
    clock.now += 10
    breaker.abandoned(breaker.enter())
    assert breaker.enter().trial


def test_requests_that_fail_together_open_it_once(breaker, clock):
    together = [breaker.enter() for _ in range(30)]
    for ticket in together:
        breaker.failed(ticket)
    assert waits(breaker) == 10


def test_what_began_before_it_opened_changes_nothing(breaker, clock):
    early = breaker.enter()
    fail(breaker, 3)
    breaker.succeeded(early)
    assert waits(breaker) == 10
    clock.now += 10
    trial = breaker.enter()
    breaker.abandoned(early)
    breaker.failed(early)
    assert waits(breaker) == 0
    breaker.succeeded(trial)
    assert not breaker.enter().trial


def test_closing_by_hand_lets_everyone_through(breaker):
    fail(breaker, 3)
    breaker.close()
    assert not breaker.enter().trial


def test_a_health_check_passes_an_open_breaker_and_only_its_success_changes_it(breaker, clock):
    fail(breaker, 3)
    clock.now += 4
    for _ in range(5):
        breaker.failed(breaker.enter(anyway=True))
    assert waits(breaker) == 6
    breaker.succeeded(breaker.enter(anyway=True))
    assert not breaker.enter().trial
