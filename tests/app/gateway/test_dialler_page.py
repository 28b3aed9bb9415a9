"""The program on the diallers' page does what the page says, and the key it speaks of opens a real conversation."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from tests.app.gateway.house import alarms, house, now
from tests.devices.gateway import samples

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("database")]
PAGE = Path(__file__).resolve().parents[3] / "docs" / "connect" / "sia-dc09.md"


def test_the_program_on_the_page_rings_and_is_answered(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "dialler.py").write_text(program)

    async def story() -> bytes:
        async with house() as at:
            dialler = await asyncio.create_subprocess_exec(
                sys.executable, str(tmp_path / "dialler.py"), str(at.gateway.ports["dc09"]),
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            said, _ = await asyncio.wait_for(dialler.communicate(), 60)
            return said

    assert b'"ACK"0007L0#4711[]' in asyncio.run(story())
    assert [alarm.subject for alarm in alarms()] == ["wire:4711"]


def test_the_key_that_is_printed_is_the_one_that_is_used() -> None:
    printed = CliRunner().invoke(cli, ["gateway-key", samples.ACCOUNT])
    assert printed.exit_code == 0 and re.fullmatch(r"[0-9A-F]{32}\n", printed.stdout)

    async def story() -> bytes:
        async with house() as at:
            line = await at.dial("dc09")
            answer = await line.say(samples.dc09_sealed(printed.stdout.strip(), now()), b"\r")
            await line.hang_up()
            return answer

    assert b'"*ACK"' in asyncio.run(story())
