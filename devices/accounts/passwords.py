"""Mosquitto's password file: the accounts of devices among others; `%u` in the rights file gives each its topics.

Lines of others (platform, bridges, people) are left as they are. Mosquitto reads the file anew on SIGHUP and hangs up
on whoever is no longer in it.
"""

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from devices.accounts import Login, Unreachable
from devices.broker import NAME, secret_file


class PasswordFile:
    """One file, and the broker that reads it."""

    def __init__(self, path: str, pid_file: str | None) -> None:
        self._path, self._pid_file = Path(path), pid_file

    def put(self, logins: Sequence[Login]) -> Mapping[str, str]:
        """As `Keeper.put`. A login without a password needs no line: its certificate names it."""
        troubles = {login.name: "no name for an account" for login in logins if not NAME.fullmatch(login.name)}
        lines = {login.name: login.hashed for login in logins if login.name not in troubles}
        self._write(lines)
        return troubles

    def remove(self, names: Sequence[str]) -> Mapping[str, str]:
        """As `Keeper.remove`."""
        self._write(dict.fromkeys(names))
        return {}

    def names(self) -> set[str]:
        """As `Keeper.names`: everybody in the file, for it does not tell devices from others."""
        return set(self._read())

    def _read(self) -> dict[str, str]:
        try:
            lines = self._path.read_text().splitlines()
        except OSError as error:
            raise Unreachable(f"{self._path}: {error.strerror}") from None
        return {name: its for name, _, its in (line.partition(":") for line in lines) if its}

    def _write(self, changes: Mapping[str, str | None]) -> None:
        known: dict[str, str | None] = {**self._read(), **changes}
        try:
            secret_file(self._path, "".join(f"{name}:{its}\n" for name, its in known.items() if its))
            if self._pid_file:
                os.kill(int(Path(self._pid_file).read_text()), signal.SIGHUP)
        except (OSError, ValueError) as error:
            raise Unreachable(f"the broker could not be told: {error}") from None
