"""A telephone number has one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.telephone import normal


@pytest.mark.parametrize(
    ("written", "one_form"),
    [
        ("138 0000 5521", "13800005521"), ("+86 138-0000-5521", "13800005521"), ("008613800005521", "13800005521"),
        ("8613800005521", "13800005521"), ("013800005521", "13800005521"), ("１３８００００５５２１", "13800005521"),
        ("0546-8331234", "05468331234"), ("(0546) 833 1234", "05468331234"), ("+86 546 8331234", "05468331234"),
        ("8331234", "05468331234"), ("8331234转802", "05468331234"), ("0546-8331234-802", "05468331234"),
        ("010-62345678", "01062345678"), ("+86 10 6234 5678", "01062345678"), ("5468331234", "05468331234"),
        ("12349", "12349"), ("120", "120"), ("400-610-0120", "4006100120"), ("+852 2345 6789", "0085223456789"),
    ],
)  # fmt: skip
def test_a_telephone_has_one_number_however_it_is_written(written: str, one_form: str) -> None:
    assert normal(written, area_code="0546") == one_form


@given(st.text(max_size=24))
def test_the_one_form_of_a_number_is_its_own(written: str) -> None:
    once = normal(written, area_code="0546")
    assert normal(once, area_code="0546") == once
