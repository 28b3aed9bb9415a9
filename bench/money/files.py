"""Files of many rows taken in: so many new elders, a result for each of them, and both undone again."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from app import sheets
from app.access.rules import Role
from app.assessments.result_imports import RESULTS
from app.db import transaction
from app.imports import actions as imports
from app.imports import engine
from app.imports.kinds import Kind
from app.imports.rules import Mode
from app.people.elder_imports import ELDERS
from app.people.rules import id_check_digit
from tests.cast import DISTRICT, a_user

HEAD = [
    "姓名",
    "身份证号",
    "社区代码",
    "小区",
    "详细地址",
    "能力等级",
    "名册",
    "电话",
    "联系人",
    "联系人关系",
    "联系人电话",
]


class Timed(Protocol):
    """Times what is done within under a name."""

    def __call__(self, name: str, rows: int = 0) -> AbstractContextManager[None]:
        """A context."""


def numbers(count: int) -> Iterator[str]:
    """Valid ID numbers, each once."""
    for n in range(count):
        first17 = f"370503{date(1926, 1, 1) + timedelta(days=n % 10_000):%Y%m%d}{n // 10_000 * 2 + 1:03d}"
        yield first17 + id_check_digit(first17)


def elders(count: int) -> bytes:
    """As a clerk fills it in; every community of the city."""
    lines = [
        ["周兰英", number, f"{DISTRICT}{1 + n % 100 // 20:03d}{1 + n % 20:03d}", "河运小区", f"{n}号", "中度失能",
         "政府购买服务", f"138{n:08d}", "周慧", "女儿", f"139{n:08d}"]
        for n, number in enumerate(numbers(count))
    ]  # fmt: skip
    return sheets.comma_separated(HEAD, lines)


def results(count: int) -> bytes:
    """One national result each, that counts."""
    head = ["身份证号", "评估标准", "评估日期", "评估结果", "评估机构"]
    lines = [
        [number, "国标42195", f"{date(2025, 1, 1) + timedelta(days=n % 300)}", str(n % 5), "康宁评估中心"]
        for n, number in enumerate(numbers(count))
    ]
    return sheets.comma_separated(head, lines)


def take_in(timed: Timed, count: int) -> None:
    """Both files checked, applied, and undone from the last to the first."""
    with transaction() as session:
        user = a_user(session, Role.SUPERVISOR)
        by = f"{user.name} ({user.login})"
    done = [
        _one(timed, kind, content, count, by) for kind, content in ((ELDERS, elders(count)), (RESULTS, results(count)))
    ]
    now = datetime.now(UTC)
    for kind, number in reversed(done[1:]):
        with timed(f"undo {kind.name}", count), transaction() as session:
            kind.undo(session, number, district_id=DISTRICT, by=by, now=now)


def _one(timed: Timed, kind: Kind, content: bytes, count: int, by: str) -> tuple[Kind, int]:
    now = datetime.now(UTC)
    with transaction() as session:
        row, _ = imports.take_in(session, kind.name, "bench.csv", content, district_id=DISTRICT, by=by, now=now)
    with timed(f"check {kind.name}", count):
        engine.check(row.id, kind.plan, now=now)
    with transaction() as session:
        imports.confirm(session, row.id, Mode.WHOLE, district_id=DISTRICT, by=by, now=now)
    with timed(f"apply {kind.name}", count):
        counts = engine.apply(row.id, kind.plan, kind.write, by=by, now=now)
    assert counts == {"new": count}, counts
    return kind, row.id
