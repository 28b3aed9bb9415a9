"""The doctor on the broker's accounts of devices: are they those of the register?"""

from collections.abc import Iterator

from app.cli.finding import Finding, ill, mind, well
from app.config import settings


def accounts() -> Iterator[Finding]:
    """Ask the keeper whom it knows, and compare."""
    from app.db import transaction
    from app.stock import applying
    from app.tables import metadata
    from devices.accounts import Unreachable, keeper

    assert metadata.tables
    url = settings().accounts_url.get_secret_value()
    if not url:
        yield mind("accounts", "no keeper of the broker's accounts is set", "set YINLING_ACCOUNTS_URL to give out keys")
        return
    try:
        with keeper(url) as broker:
            names = broker.names()
    except (Unreachable, ValueError) as error:
        yield ill("accounts", f"the keeper of the broker's accounts: {error}", "correct YINLING_ACCOUNTS_URL")
        return
    with transaction() as session:
        found = applying.compare(session, names)
    if found.lost:
        remedy = "give them new passwords, or make the file again: yinling accounts dynsec"
        yield ill("accounts", f"the broker has lost {len(found.lost)}: {' '.join(found.lost[:5])}", remedy)
    if found.left_over:
        yield mind("accounts", f"{len(found.left_over)} should be gone", "yinling accounts check --mend")
    if not found.lost and not found.left_over:
        yield well("accounts", f"the broker knows the {len(names)} devices that it should")
