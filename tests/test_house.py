"""The house rules that a machine can check, checked on every file that is committed or about to be.

What is listed here is what `CONTRIBUTING.md` promises: short files, classes and functions; a pure core; names
that say something; imports that run one way; nothing in the tree that only makes sense on somebody's machine.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HOUSE: Final = Path(__file__).resolve().parent.parent

LEAST_BOUND_S: Final = 30
LONGEST_FILE: Final = 400
LONGEST_CLASS: Final = 250
LONGEST_FUNCTION: Final = 40

CODE: Final = {".py", ".ts", ".tsx", ".lua", ".sh", ".css"}
EMPTY_NAMES: Final = {"utils", "util", "helpers", "helper", "common", "types", "manager", "base", "misc"}
PURE: Final = ("legato/session/", "legato/wire/", "legato/wire.py")
PURE_THIRD_PARTIES: Final = {"msgspec", "legato"}
WORLD: Final = frozenset(
    {
        "asyncio",
        "concurrent",
        "datetime",
        "getpass",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
    }
    | {
        "platform",
        "random",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "ssl",
        "subprocess",
    }
    | {"tempfile", "threading", "time", "urllib", "uuid"}
)

CHANCE: Final = re.compile(
    r"random\.(?!Random$)\w+|time\.(?:time|monotonic|perf_counter)(?:_ns)?|uuid\.uuid\d|os\.urandom|secrets\.\w+"
)
GIVEN: Final = ("legato/", "hub/", "media/", "signaling/")
SHELLS: Final = (
    "legato/agent/agent.py",
    "legato/client/client.py",
    "hub/store/embedded.py",
    "media/bench/",
    "media/engines/worker.py",
    "signaling/app.py",
    "signaling/bench/",
    "signaling/cli/",
    "signaling/demo/",
    "signaling/options.py",
    "signaling/serve.py",
    "signaling/voice/root.py",
)
"""Who hands out the process's own clock and chance, and those who wait for other processes."""

# Written so that this file does not match itself.
HOME_DIRECTORIES: Final = re.compile(r"(?<![\w./~$}-])/(?:work|root|home/\w+|Users/\w+)/\w")
REGISTRIES: Final = re.compile(
    r"\b(?:py"
    + r"pi\.org|python"
    + r"hosted\.org|registry\.(?:npm"
    + r"js|yarn"
    + r"pkg)\.\w+|deb\.deb"
    + r"ian\.org)",
    re.IGNORECASE,
)
FRAGMENT: Final = re.compile(
    r"[a-z0-9]+(?:-[a-z0-9]+)*\.(?:added|changed|deprecated|removed|fixed|security)\.md"
)

type_of_definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def house_files() -> list[Path]:
    """Every file that git tracks, or would if it were added now; in a tree without git, every file."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=HOUSE, capture_output=True, check=False, timeout=50,
    )  # fmt: skip
    if listing.returncode:
        made_here = {"node_modules", "dist", "build", "artefacts", "__pycache__"}
        return [
            path
            for path in HOUSE.rglob("*")
            if path.is_file()
            and not any(
                folder in made_here or (folder.startswith(".") and folder != ".ci")
                for folder in path.relative_to(HOUSE).parts[:-1]
            )
            and path.name != ".venv.lock"
        ]
    paths = (HOUSE / name.decode() for name in listing.stdout.split(b"\0") if name)
    return sorted({path for path in paths if path.is_file()})


def named(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def python_files() -> Iterator[tuple[Path, str, ast.Module]]:
    for path in house_files():
        if path.suffix == ".py":
            source = path.read_text(encoding="utf-8")
            yield path, source, ast.parse(source, filename=named(path))


def written_text() -> Iterator[tuple[Path, str]]:
    """The files that are text, with what they say."""
    for path in house_files():
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            yield path, content.decode("utf-8", errors="replace")


def lines_of(node: type_of_definition) -> int:
    """Lines from `def` to the end, the docstring not counted: nobody should save on theory."""
    first = node.body[0]
    docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    spent_on_theory = (first.end_lineno or first.lineno) - first.lineno + 1 if docstring else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - spent_on_theory


def is_excused(node: type_of_definition, source: list[str]) -> bool:
    """Whether the comment above the definition says why it is long: `# long: …`."""
    top = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    above = [line.strip() for line in source[max(0, top - 4) : top - 1]]
    return any(re.match(r"# long: \S", line) for line in above)


def imported_by(tree: ast.Module) -> Iterator[str]:
    """The top names of all modules imported anywhere in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0]


def test_no_file_of_code_is_longer_than_the_house_allows() -> None:
    """What a program writes from a source of its own says so at its head, and may be as long as its source asks."""
    long = {}
    for path, text in written_text():
        written_by_hand = path.suffix in CODE and "do not edit" not in text[:300].lower()
        if written_by_hand and (lines := text.count("\n")) > LONGEST_FILE:
            long[named(path)] = lines
    assert not long


def test_no_class_or_function_is_longer_than_the_house_allows_without_saying_why() -> None:
    long = {}
    for path, source, tree in python_files():
        lines = source.splitlines()
        for node in ast.walk(tree):
            if not isinstance(node, type_of_definition):
                continue
            limit = LONGEST_CLASS if isinstance(node, ast.ClassDef) else LONGEST_FUNCTION
            if lines_of(node) > limit and not is_excused(node, lines):
                long[f"{named(path)}: {node.name}"] = lines_of(node)
    assert not long


def test_what_a_session_is_needs_nothing_of_the_world() -> None:
    impure = {}
    for path, _, tree in python_files():
        if named(path).startswith(PURE):
            foreign = set(imported_by(tree)) - PURE_THIRD_PARTIES
            if wrong := (foreign & WORLD) | (foreign - set(sys.stdlib_module_names)):
                impure[named(path)] = sorted(wrong)
    assert not impure


def chance_in(tree: ast.Module) -> Iterator[str]:
    """Where a module reads a clock or draws by itself: not as the default of a parameter or a field, which whoever
    calls may replace."""
    sources = {  # as it is called here: what it is
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    given: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            given |= {
                each
                for default in (*node.defaults, *node.kw_defaults)
                if default
                for each in ast.walk(default)
            }
        elif isinstance(node, ast.ClassDef):
            fields = [each.value for each in node.body if isinstance(each, ast.AnnAssign) and each.value]
            given |= {each for field in fields for each in ast.walk(field)}
    for node in ast.walk(tree):
        if node not in given and isinstance(node, ast.Attribute | ast.Name):
            name = ast.unparse(node)
            if CHANCE.fullmatch(sources.get(name, name)):
                yield f"{name} in line {node.lineno}"


def test_clocks_and_chance_are_given_to_whoever_uses_them() -> None:
    found = {
        named(path): taken
        for path, _, tree in python_files()
        if named(path).startswith(GIVEN) and not named(path).startswith(SHELLS)
        if (taken := list(chance_in(tree)))
    }
    assert not found


def test_a_clock_that_is_not_given_is_found() -> None:
    own = "import time\nfrom os import urandom as r\ndef f(now=time.time):\n    return time.monotonic(), r(8), now()\n"
    assert sorted(chance_in(ast.parse(own))) == ["r in line 4", "time.monotonic in line 4"]


def bounds_in(tree: ast.Module) -> Iterator[str]:
    """Waits whose end is a number that a machine which stands still for seconds may come to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("asyncio.timeout", "asyncio.wait_for"):
            bound = [*node.args, *(each.value for each in node.keywords)][-1]
            value = bound.value if isinstance(bound, ast.Constant) else None
            if isinstance(value, int | float) and value < LEAST_BOUND_S:
                yield f"{ast.unparse(node)} in line {node.lineno}"


def test_the_end_of_a_wait_in_a_quick_test_is_far_from_what_a_busy_machine_needs() -> None:
    """In real processes it is tried again (decision 0018). What is looked at again and again has a name, `AGAIN_S`."""
    found = {
        named(path): short
        for path, _, tree in python_files()
        if named(path).startswith("tests/") and not named(path).startswith("tests/e2e/")
        if (short := list(bounds_in(tree)))
    }
    assert not found


def test_no_module_has_a_name_that_says_nothing() -> None:
    rooms = ("legato/", "hub/", "media/", "signaling/", "web/", "tests/", "benchmarks/", "examples/")
    named_for_nothing = []
    for path in house_files():
        if path.suffix in CODE and named(path).startswith(rooms):
            words = {part.lower().partition(".")[0].removeprefix("test_") for part in Path(named(path)).parts}
            if words & EMPTY_NAMES:
                named_for_nothing.append(named(path))
    assert not named_for_nothing


def test_nothing_in_the_tree_makes_sense_on_one_machine_only() -> None:
    found = [
        f"{named(path)}: {match.group()}"
        for path, text in written_text()
        for pattern in (HOME_DIRECTORIES, REGISTRIES)
        for match in pattern.finditer(text)
    ]
    assert not found


@pytest.mark.timeout(180)
def test_imports_keep_their_contracts() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [linter, "--no-logo"], cwd=HOUSE, capture_output=True, text=True, check=False, timeout=150
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_changelog_fragment_is_named_for_what_it_changes_and_how() -> None:
    fragments = [
        path for path in house_files() if path.parent == HOUSE / "changelog" and path.name != "README.md"
    ]
    assert not [path.name for path in fragments if not FRAGMENT.fullmatch(path.name)]
    assert not [path.name for path in fragments if not path.read_text(encoding="utf-8").strip()]


def test_every_folder_of_tests_is_a_package() -> None:
    """Two test files of one name in two folders would otherwise be taken for one module."""
    folders = {
        path.parent
        for path in house_files()
        if path.parts[len(HOUSE.parts)] == "tests" and path.suffix == ".py"
    }
    assert not [named(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()]


def asked_for(
    section: list[str | dict[str, str]], groups: dict[str, list[str | dict[str, str]]]
) -> Iterator[Requirement]:
    for entry in section:
        if isinstance(entry, str):
            yield Requirement(entry)
        else:
            yield from asked_for(groups[entry["include-group"]], groups)


def locked(file: str) -> dict[str, str]:
    pins = re.findall(
        r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", (HOUSE / file).read_text(encoding="utf-8"), re.MULTILINE
    )
    return {canonicalize_name(name): version for name, version in pins}


def test_the_lock_files_hold_what_pyproject_asks_for() -> None:
    """Who changes a dependency runs `make lock`."""
    settings = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    project, groups = settings["project"], settings["dependency-groups"]
    extras = project["optional-dependencies"]
    for_the_demo = [*project["dependencies"], *extras["embedded"], *extras["demo"], *groups["build"]]
    wanted = {
        "requirements.lock": for_the_demo,
        "requirements-dev.lock": [*for_the_demo, *groups["dev"]],
        "requirements-node.lock": groups["node"],
    }
    unheld = [
        f"{file}: {requirement}"
        for file, section in wanted.items()
        for requirement in asked_for(section, groups)
        if not requirement.specifier.contains(
            locked(file).get(canonicalize_name(requirement.name), "0"), True
        )
    ]
    assert not unheld


def test_the_index_of_decisions_names_every_decision() -> None:
    folder = HOUSE / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    decisions = {path.name for path in house_files() if path.parent == folder} - {"README.md", "template.md"}
    assert decisions == set(re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", index))
