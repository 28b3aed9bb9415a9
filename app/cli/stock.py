"""`yinling import devices`, `yinling accounts …`: files into the stock, and what a broker needs of the register."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.imports.rules import Mode

if TYPE_CHECKING:
    from devices.broker import Account

imports = typer.Typer(help="Read a file that people filled in.", no_args_is_help=True)
accounts = typer.Typer(help="What a broker needs of the register of devices.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)


@imports.command("devices")
def devices(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="XLSX or CSV; the desk has the template")],
    district: Annotated[int, typer.Option(help="six digits; needed where there are several")] = 0,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="import the good rows of a file with bad ones")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would happen, and do nothing")] = False,
    by: Annotated[str, typer.Option(help="how history names you")] = "command line",
) -> None:
    """Register devices out of a file. Every bad cell is named; exits with 1 if there is one and nothing was done."""
    from app.db import transaction
    from app.imports import actions
    from app.imports.tables import Import
    from app.stock import importing
    from app.tables import metadata

    assert metadata.tables
    now = datetime.now(UTC)
    with transaction() as session:
        code = _district(session, district)
        row, _ = actions.take_in(
            session, importing.KIND, file.name, file.read_bytes(), district_id=code, by=by, now=now
        )
        number = row.id
    importing.check(number, now=now)
    with transaction() as session:
        row = session.get_one(Import, number)
        for problem in row.problems:
            console.print(f"  row {problem['row']}, {problem['column']}: {problem['value'] or '—'}  {problem['says']}")
        console.print(row.trouble or "  ".join(f"{count} {outcome}" for outcome, count in row.counts.items()))
        refused = row.trouble is not None or (bool(row.counts.get("bad")) and not skip_bad)
        if not row.trouble and (dry_run or refused):
            actions.discard(session, number, district_id=code, by=by, now=now)
    if dry_run or refused:
        raise typer.Exit(1 if refused else 0)
    mode = Mode.SKIP_BAD if skip_bad else Mode.WHOLE
    with transaction() as session:
        job = actions.confirm(session, number, mode, district_id=code, by=by, now=now)
        job_id = job.id
    importing.carry_out(job_id)
    with transaction() as session:
        trouble = session.get_one(Import, number).trouble
    console.print(trouble or "Done; it can be undone on the desk.")
    raise typer.Exit(1 if trouble else 0)


def _district(session: object, given: int) -> int:
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from app.access.tables import District

    assert isinstance(session, Session)
    known = session.scalars(select(District.id).order_by(District.id)).all()
    if given in known:
        return given
    if given or len(known) != 1:
        console.print(f"Say which district: --district {' or '.join(str(code) for code in known)}")
        raise typer.Exit(2)
    return known[0]


@accounts.command("check")
def check(
    mend: Annotated[bool, typer.Option("--mend", help="have accounts removed that no device should have")] = False,
) -> None:
    """Compare the broker's accounts with the register. Exits with 1 where they differ."""
    from app.config import settings
    from app.db import transaction
    from app.stock import applying
    from app.tables import metadata
    from devices.accounts import keeper

    assert metadata.tables
    url = settings().accounts_url.get_secret_value()
    if not url:
        console.print("No keeper of accounts is set: YINLING_ACCOUNTS_URL.")
        raise typer.Exit(2)
    with keeper(url) as broker:
        names = broker.names()
    with transaction() as session:
        found = applying.compare(session, names)
        mended = applying.mend(session, found, now=datetime.now(UTC)) if mend else 0
    console.print(f"{len(names)} accounts, {len(found.strangers)} of them of no device: {' '.join(found.strangers)}")
    console.print(f"lost (give them a new password): {' '.join(found.lost) or 'none'}")
    console.print(f"left over (--mend removes them): {' '.join(found.left_over) or 'none'}; {mended} being removed")
    raise typer.Exit(1 if found.lost or found.left_over else 0)


@accounts.command("passwords")
def passwords() -> None:
    """Write the lines of Mosquitto's password file for all devices, from their hashes."""
    from app.db import transaction
    from app.stock import queries
    from app.tables import metadata

    assert metadata.tables
    with transaction() as session:
        for login in queries.logins(session):
            typer.echo(f"{login.name}:{login.hashed}")


@accounts.command("dynsec")
def dynsec_file(
    people: Annotated[Path, typer.Argument(exists=True, help="JSON: passwords of `platform`, `gateway` and `admin`")],
) -> None:
    """Write the whole file of Mosquitto's dynamic security: for a new broker, or after the file was lost."""
    import json

    from app.db import transaction
    from app.stock import queries
    from app.tables import metadata
    from devices.accounts import dynsec

    assert metadata.tables
    words = json.loads(people.read_text())
    with transaction() as session:
        known = [(login.name, login.hashed or "") for login in queries.logins(session)]
    platform, gateway, admin = _people(words)
    typer.echo(dynsec.document([platform, gateway], known, admin))


def _people(words: dict[str, str]) -> "tuple[Account, Account, Account]":
    from devices.broker import Account, Role

    return (
        Account("platform", words["platform"], Role.PLATFORM),
        Account("gateway", words["gateway"], Role.GATEWAY),
        Account("admin", words["admin"]),
    )


@accounts.command("authority")
def authority() -> None:
    """Write the certificate of the authority that signs for devices: the broker's `cafile`."""
    from app.db import transaction
    from app.stock import keys
    from app.tables import metadata

    assert metadata.tables
    with transaction() as session:
        typer.echo(keys.authority(session, by="command line", now=datetime.now(UTC)).certificate)


@accounts.command("revoked")
def revoked() -> None:
    """Write the list of certificates that count no more: the broker's `crlfile`. Renew it within a month."""
    from app import certificates
    from app.certificates import Authority
    from app.db import transaction
    from app.stock import keys, queries
    from app.tables import metadata

    assert metadata.tables
    now = datetime.now(UTC)
    with transaction() as session:
        signer = keys.authority(session, by="command line", now=now)
        serials = queries.revoked_certificates(session, signer.id, now=now)
        typer.echo(certificates.revocations(Authority(signer.certificate, signer.key), serials, now=now))
