"""Credentials: wished for, applied, replaced and withdrawn; nothing is lost while the broker is down."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app import history
from app.db import transaction
from app.equipment import actions as equipment
from app.equipment.rules import DeviceEvent
from app.equipment.tables import Device
from app.errors import IllegalMove, NotFound
from app.stock import applying, keys, queries
from app.stock.applying import Wish
from app.stock.rules import MOVES, CredentialEvent, CredentialKind, CredentialState, NoAccount, after, next_try
from app.stock.tables import Credential
from devices.accounts import Login
from tests.cast import DISTRICT, a_device
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")
LATER = MORNING + timedelta(hours=1)


class Broker:
    """What a broker would be told, kept in memory."""

    def __init__(self) -> None:
        self.accounts: dict[str, str | None] = {}
        self.down = False

    def turn(self, *, meanwhile: object = None) -> int:
        """One turn of the clock, against this broker."""
        with transaction() as session:
            wishes = applying.due(session, now=LATER)
        troubles = self._tell(wishes)
        if callable(meanwhile):
            meanwhile()
        with transaction() as session:
            return sum(applying.settle(session, wish, troubles.get(wish.login.name, ""), now=LATER) for wish in wishes)

    def _tell(self, wishes: Sequence[Wish]) -> Mapping[str, str]:
        if self.down:
            return {wish.login.name: "the broker does not answer" for wish in wishes}
        for wish in wishes:
            if wish.state is CredentialState.WITHDRAWN:
                self.accounts.pop(wish.login.name, None)
            else:
                self.accounts[wish.login.name] = wish.login.password
        return {}


@pytest.fixture
def device_id(database: None) -> int:
    with transaction() as session:
        return a_device(session, wire_id="pendant-3f21").id


@pytest.fixture
def broker() -> Broker:
    return Broker()


def give(device_id: int) -> str:
    with transaction() as session:
        return keys.give_password(session, device_id, by="王工", now=MORNING).password or ""


def take_away(device_id: int) -> None:
    with transaction() as session:
        keys.withdraw(session, device_id, by="王工", now=MORNING, reason="丢失")


def states(device_id: int) -> list[CredentialState]:
    with transaction() as session:
        rows = session.scalars(select(Credential).where(Credential.device_id == device_id).order_by(Credential.id))
        return [row.state for row in rows]


def test_a_password_is_shown_once_sealed_until_the_broker_has_it_and_then_only_hashed(
    device_id: int, broker: Broker
) -> None:
    password = give(device_id)
    with transaction() as session:
        raw = session.execute(text("select secret, hash from credentials")).one()
        assert raw.secret and password not in raw.secret and password not in raw.hash
    assert broker.turn() == 1 and broker.accounts == {"pendant-3f21": password}
    with transaction() as session:
        row = session.scalars(select(Credential)).one()
        assert (row.state, row.secret, row.applied_at) == (CredentialState.APPLIED, None, LATER)
        assert queries.logins(session) == [Login("pendant-3f21", hashed=row.hash)]
        lines = history.of(session, DISTRICT, "credentials", row.id)
        assert [(line.event, line.by) for line in lines] == [("issue", "王工"), ("apply", "clock")]
        assert password not in str(lines)


def test_a_broker_that_is_down_is_told_later_and_the_old_password_goes_on_until_then(
    device_id: int, broker: Broker
) -> None:
    first = give(device_id)
    broker.turn()
    second = give(device_id)
    broker.down = True
    assert broker.turn() == 0
    assert states(device_id) == [CredentialState.APPLIED, CredentialState.WANTED]
    with transaction() as session:
        (row,) = queries.stock(session, troubled=True)
        assert row.key and row.key.trouble == "the broker does not answer"
        assert applying.due(session, now=LATER) == []
        session.execute(text("update credentials set due_at = :now"), {"now": LATER})
    broker.down = False
    assert broker.accounts == {"pendant-3f21": first}
    assert broker.turn() == 1 and broker.accounts == {"pendant-3f21": second}
    assert states(device_id) == [CredentialState.REVOKED, CredentialState.APPLIED]


def test_two_new_passwords_before_the_broker_hears_of_one_are_the_second(device_id: int, broker: Broker) -> None:
    give(device_id)
    second = give(device_id)
    assert broker.turn() == 1 and broker.accounts == {"pendant-3f21": second}
    assert states(device_id) == [CredentialState.REVOKED, CredentialState.APPLIED]


def test_what_is_withdrawn_while_the_broker_is_being_told_is_taken_away_after_all(
    device_id: int, broker: Broker
) -> None:
    give(device_id)
    assert broker.turn(meanwhile=lambda: take_away(device_id)) == 0
    assert broker.accounts and states(device_id) == [CredentialState.WITHDRAWN]
    assert broker.turn() == 1
    assert broker.accounts == {} and states(device_id) == [CredentialState.REVOKED]


def test_withdrawn_and_given_anew_ends_with_the_new_one(device_id: int, broker: Broker) -> None:
    give(device_id)
    broker.turn()
    take_away(device_id)
    password = give(device_id)
    broker.turn()
    assert broker.accounts == {}
    broker.turn()
    assert broker.accounts == {"pendant-3f21": password}
    assert states(device_id) == [CredentialState.REVOKED, CredentialState.APPLIED]


def test_a_retired_device_loses_its_key(device_id: int, broker: Broker) -> None:
    give(device_id)
    broker.turn()
    with transaction() as session:
        equipment.move(session, session.get_one(Device, device_id), DeviceEvent.RETIRE, by="王工", now=LATER)
        assert applying.retired_with_keys(session, now=LATER) == [device_id]
        keys.withdraw_retired(session, device_id, now=LATER)
        with pytest.raises(NoAccount):
            keys.give_password(session, device_id, by="王工", now=LATER)
    broker.turn()
    assert broker.accounts == {}


@database
def test_what_comes_through_a_bridge_has_no_account_and_what_is_not_there_has_none() -> None:
    with transaction() as session:
        device = a_device(session, model="milesight-ws303", wire_id="24e124535b000001")
        with pytest.raises(NoAccount):
            keys.give_password(session, device.id, by="王工", now=MORNING)
        with pytest.raises(NotFound):
            keys.give_password(session, 999_999, by="王工", now=MORNING)


def test_a_certificate_is_wished_for_like_a_password_and_is_on_the_list_once_withdrawn(
    device_id: int, broker: Broker
) -> None:
    with transaction() as session:
        shown = keys.give_certificate(session, device_id, by="王工", now=MORNING)
        assert shown.key and shown.certificate and shown.authority
        authority = shown.credential.authority_id or 0
    broker.turn()
    assert broker.accounts == {"pendant-3f21": None}
    with transaction() as session:
        (row,) = queries.stock(session, renew_before=MORNING + timedelta(days=731))
        assert row.key and row.key.kind is CredentialKind.CERTIFICATE
        assert queries.stock(session, renew_before=MORNING + timedelta(days=729)) == []
        assert queries.revoked_certificates(session, authority, now=LATER) == []
        with pytest.raises(keys.BadSigningRequest):
            keys.give_certificate(session, device_id, by="王工", now=MORNING, request="x")
    take_away(device_id)
    with transaction() as session:
        (revoked,) = queries.revoked_certificates(session, authority, now=LATER)
        assert revoked[0] == shown.credential.serial


def test_register_and_broker_are_compared(device_id: int, broker: Broker) -> None:
    give(device_id)
    broker.turn()
    with transaction() as session:
        other = a_device(session, wire_id="pendant-4a02")
        found = applying.compare(session, {"platform", "pendant-4a02"})
        assert (found.lost, found.left_over, found.strangers) == (["pendant-3f21"], ["pendant-4a02"], ["platform"])
        assert applying.mend(session, found, now=MORNING) == 1
    broker.accounts["pendant-4a02"] = "old"
    broker.turn()
    assert set(broker.accounts) == {"pendant-3f21"} and states(other.id) == [CredentialState.REVOKED]


def test_the_database_keeps_no_secret_of_what_is_applied(device_id: int) -> None:
    give(device_id)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("update credentials set state = 'applied'"))


@given(st.lists(st.sampled_from(list(CredentialEvent)), max_size=12))
def test_a_revoked_credential_stays_revoked(events: list[CredentialEvent]) -> None:
    state = CredentialState.WANTED
    for event in events:
        if (state, event) in MOVES:
            assert state is not CredentialState.REVOKED
            state = after(state, event)
        else:
            with pytest.raises(IllegalMove):
                after(state, event)


def test_tries_grow_apart_to_five_minutes() -> None:
    waits = [(next_try(n, MORNING) - MORNING).total_seconds() for n in (1, 2, 5, 20, 2000)]
    assert waits == [2, 4, 32, 300, 300]
