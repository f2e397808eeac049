"""Tell each mutant of `mutants.toml` in a copy of the tree, and report those that no test finds: `make mutants`.

A mutant is *killed* when its tests fail. One marked `equivalent` says why nothing could kill it; it must survive.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.session.mutants import HOUSE, Mutant, mutants

AT_ONCE: Final = 2
PATIENCE_S: Final = 240

# A mutant need not be explained, only found: no shrinking.
QUICK: Final = """
from hypothesis import Phase
settings.register_profile("mutants", parent=settings.get_profile("explore"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("mutants")
"""


@contextmanager
def copy_of_the_house() -> Iterator[Path]:
    """What the tests of `legato/session` need, somewhere else. The vectors are read by what clients do, too."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        copy = Path(name)
        shutil.copy(HOUSE / "pyproject.toml", copy)
        (copy / "tests").mkdir()
        for part in ("tests/__init__.py", "tests/conftest.py"):
            shutil.copy(HOUSE / part, copy / part)
        for part in ("legato", "tests/session", "tests/vectors"):
            shutil.copytree(HOUSE / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for room in ("hub", "media", "signaling"):
            (copy / room).mkdir()
        with (copy / "tests/conftest.py").open("a", encoding="utf-8") as conftest:
            conftest.write(QUICK)
        yield copy


def found(mutant: Mutant) -> bool:
    """Whether the mutant's tests fail."""
    with copy_of_the_house() as copy:
        (copy / mutant.path).write_text(mutant.told(), encoding="utf-8")
        tests = [f"tests/session/{name}" for name in mutant.tests]
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-p",
            "no:cacheprovider",
            "--randomly-seed=7",
            *tests,
        ]
        run = subprocess.run(
            command, cwd=copy, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
            env={"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    if run.returncode not in (0, 1):
        raise RuntimeError(f"{mutant.name}: the tests did not run\n{run.stdout}\n{run.stderr}")
    return run.returncode == 1


def main() -> int:
    """Tell them all (or those whose file is named); how many were not as expected is printed, and the exit code."""
    told = mutants()
    files = sorted({mutant.file for mutant in told})
    parser = argparse.ArgumentParser(description=__doc__, epilog=f"files: {' '.join(files)}")
    parser.add_argument("file", nargs="*", help="tell only the mutants of these files")
    wanted = parser.parse_args().file
    if unknown := set(wanted) - set(files):
        parser.error(f"no mutants of {', '.join(sorted(unknown))}; see --help")
    told = [mutant for mutant in told if not wanted or mutant.file in wanted]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(zip(told, pool.map(found, told), strict=True))
    wrong = [mutant for mutant, killed in results if killed == bool(mutant.equivalent)]
    for mutant in wrong:
        print(f"{'is not equivalent' if mutant.equivalent else 'SURVIVED'}: {mutant.name}")
    print(f"{len(told)} mutants, {len(wrong)} not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
