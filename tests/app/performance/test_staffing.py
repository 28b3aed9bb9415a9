"""With the recommended operators the promises hold; the formula and the simulation tell the same."""

import pytest

from app.performance.staffing import HANDLING, PROMISED, needed, simulated, waiting_longer


@pytest.mark.parametrize("rate", [0.5, 6, 27, 120])
def test_the_recommended_number_keeps_the_promises_and_one_fewer_does_not(rate: float) -> None:
    found = needed(rate)
    assert found.waits.keep(), found
    for (_, wanted), share in zip(PROMISED, found.waits.within, strict=True):
        assert share >= wanted
    if found.operators > 1 and rate / 3600 * HANDLING[0] < found.operators - 1:
        assert not simulated(rate, *HANDLING, found.operators - 1).keep()


def test_another_run_of_chance_keeps_them_too() -> None:
    found = needed(27.0)
    again = simulated(27.0, *HANDLING, found.operators, seed=11)
    assert all(share > wanted - 0.004 for share, (_, wanted) in zip(again.within, PROMISED, strict=True))


@pytest.mark.parametrize(("rate", "operators"), [(60.0, 6), (30.0, 3), (200.0, 17)])
def test_simulation_and_formula_agree_where_both_hold(rate: float, operators: int) -> None:
    """Erlang wants exponential handling: spread 1."""
    seen = simulated(rate, 240.0, 1.0, operators)
    for (seconds, _), share in zip(PROMISED, seen.within, strict=True):
        assert 1 - share == pytest.approx(waiting_longer(rate / 3600, 1 / 240, operators, seconds), abs=0.02)


def test_the_formula_is_erlang_c_without_impatience_and_less_with_it() -> None:
    """Erlang C for 5 servers and a load of 4: 0.5541 wait; by hand with the textbook's sum."""
    assert waiting_longer(4.0, 1.0, 5, 0.0) == pytest.approx(0.55411, abs=1e-4)
    assert waiting_longer(4.0, 1.0, 5, 2.0) == pytest.approx(0.55411 * 2.718281828**-2.0, abs=1e-4)
    assert waiting_longer(4.0, 1.0, 5, 0.0, leave=1.0) == pytest.approx(
        1 - sum(4**n * 2.718281828**-4 / f for n, f in enumerate((1, 1, 2, 6, 24))), abs=1e-4
    )
    assert waiting_longer(6.0, 1.0, 5, 1.0) == 1.0


def test_on_average_an_operator_of_the_recommended_staff_has_at_most_one_alarm_in_ten_minutes() -> None:
    for rate in (0.5, 3, 6, 12, 20):
        assert rate / 6 / needed(rate).operators <= 1
