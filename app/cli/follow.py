"""Shows the logs of all processes in one terminal, each line behind its process's name."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta")


class Follow:
    """What was added to the logs of a folder since the last look."""

    def __init__(self, folder: Path, console: Console) -> None:
        self.folder, self.console = folder, console
        self.read = {log: log.stat().st_size for log in folder.glob("*.log")}

    def __call__(self) -> None:
        """Print what is new; a line still being written waits for the next look."""
        for number, log in enumerate(sorted(self.folder.glob("*.log"))):
            start = self.read.get(log, 0)
            if log.stat().st_size < start:  # a new log under the same name
                start = 0
            with log.open("rb") as file:
                file.seek(start)
                new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            self.read[log] = start + len(whole)
            for line in whole.decode(errors="replace").splitlines():
                name = Text(f"{log.stem:>12} ", style=COLOURS[number % len(COLOURS)])
                self.console.print(name.append(line, style="default"), soft_wrap=True)
