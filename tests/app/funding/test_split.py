"""How a line is split over sources."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.rules import half_up
from app.funding.rules import Source, portion, spend, split

MONTH = date(2026, 11, 1)


def a_source(number: int, free: int, share: int = 100, aids: tuple[str, ...] = ()) -> Source:
    return Source(number, f"program{number}", MONTH, free, share, aids)


def test_sources_pay_in_their_order_and_the_elder_the_remainder() -> None:
    paid = split(10_000, "bathing", [a_source(1, 6_000), a_source(2, 3_000)])
    assert [(part.entitlement_id, part.cents) for part in paid.parts] == [(1, 6_000), (2, 3_000)]
    assert paid.self_pay_cents == 1_000


def test_a_share_is_rounded_half_up_and_other_aids_are_not_paid() -> None:
    paid = split(4_001, "meal", [a_source(1, 9_000, aids=("bathing",)), a_source(2, 9_000, share=50)])
    assert [(part.entitlement_id, part.cents) for part in paid.parts] == [(2, 2_001)]
    assert paid.self_pay_cents == 2_000


sources = st.lists(st.builds(a_source, st.integers(1, 9), st.integers(0, 50_000), st.integers(1, 100)), max_size=5)


@given(st.integers(0, 100_000), sources)
def test_a_split_is_exact_and_no_source_pays_more_than_it_has(cents: int, of: list[Source]) -> None:
    of = list({source.entitlement_id: source for source in of}.values())
    paid = split(cents, "meal", of)
    assert paid.allowance_cents + paid.self_pay_cents == cents
    assert paid.self_pay_cents >= 0
    assert all(source.free_cents >= 0 for source in spend(of, paid.parts))


@given(st.lists(st.integers(0, 50_000), max_size=5), st.integers(0, 300), st.integers(1, 300))
def test_a_part_is_exact_to_the_cent_and_nobody_pays_more_than_was_agreed(cents: list[int], some: int, of: int) -> None:
    some = min(some, of)
    parts = portion(cents, some, of)
    assert sum(parts) == half_up(sum(cents) * some, of)
    assert all(0 <= part <= agreed for part, agreed in zip(parts, cents, strict=True))
    assert portion(cents, of, of) == cents
