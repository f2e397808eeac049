"""The mutants of `legato/session`: what is in `mutants.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOUSE: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """A lie: in `file`, `mutated` stands where `original` did."""

    file: str
    original: str
    mutated: str
    tests: tuple[str, ...]
    equivalent: str = ""

    @property
    def path(self) -> str:
        """The file, from the house's door."""
        return f"legato/session/{self.file}"

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.file}: {self.original.strip()!r} → {self.mutated.strip()!r}"

    def times(self) -> int:
        """How often the original stands in the file."""
        return (HOUSE / self.path).read_text(encoding="utf-8").count(self.original)

    def told(self) -> str:
        """The file with the lie."""
        return (HOUSE / self.path).read_text(encoding="utf-8").replace(self.original, self.mutated)


def mutants() -> list[Mutant]:
    """All of them."""
    listed = tomllib.loads((Path(__file__).parent / "mutants.toml").read_text(encoding="utf-8"))
    return [Mutant(**{**each, "tests": tuple(each["tests"])}) for each in listed["mutant"]]
