"""Style as a test: where effects, imports and files may be; each finding says what to do instead.

One walk over the syntax trees. A finding is printed as `path:line: what it is, do this instead`.
"""

import ast
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gatectl"
TESTS = ROOT / "tests"

DOORS = {
    "paramiko": ("gatectl.transport.", "gatectl.simulator."),
    "sqlite3": ("gatectl.journal.sqlitefile",),
    "tenacity": ("gatectl.runner",),
    "click": ("gatectl.cli.",),
    "tomllib": ("gatectl.config.document",),
    "rich": ("gatectl.cli.",),
    "subprocess": (
        "gatectl.hook",
        "gatectl.secret",
        "gatectl.signature",
        "gatectl.signatures",
    ),
    "jinja2": ("gatectl.report.page",),
    "cryptography": ("gatectl.simulator.",),
    "psycopg": ("gatectl.journal.postgres.",),
    "pydantic": ("gatectl.core.", "gatectl.config.", "gatectl.journal.record"),
}
"""The one door of each effect: a module, or a folder of them (with the dot at its end)."""

PARAMIKO_OF_THE_SIMULATOR = frozenset(
    {
        f"gatectl.simulator.{name}"
        for name in ("ssh", "login", "sftp", "terminal", "hostkeys", "scp")
    }
)
MEETING_PLACES = frozenset({"gatectl.simulator.rehearsal", "gatectl.simulator.fleet"})
"""Where cli, and nobody else, may reach into the simulator."""

IMPURE_MODULES = frozenset(
    [
        "asyncio",
        "concurrent",
        "fcntl",
        "ftplib",
        "glob",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "platform",
        "queue",
        "random",
        "requests",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "structlog",
        "subprocess",
        "sys",
        "tempfile",
        "tenacity",
        "threading",
        "time",
        "tomllib",
        "urllib.request",
        "uuid",
        "click",
        "paramiko",
        "rich",
    ]
)
"""What has no place in core: files, network, processes, clocks, chance, threads and logs."""

IMPURE_CALLS = frozenset({"open", "print", "input", "exec", "eval", "breakpoint", "__import__"})
IMPURE_METHODS = frozenset(
    {
        ("datetime", "now"),
        ("datetime", "utcnow"),
        ("datetime", "today"),
        ("date", "today"),
        ("time", "time"),
        ("time", "monotonic"),
    }
)
CORE_MAY_IMPORT = ("gatectl.core", "gatectl.errors")
LEAVES = frozenset({"gatectl.errors"})
"""Modules that import nothing of ours."""

LINES_MAX = 450
LONG_MODULES: dict[str, str] = {}
"""Modules that are longer, each with its reason."""

NO_TEST_OF_ITS_OWN = {
    "gatectl.journal.engine": "only protocols and a value; the journal's tests run on its engines",
    "gatectl.ports": "only protocols; its fakes in the tests are checked by mypy",
    "gatectl.transport.contract": "only protocols and values; the fakes are checked by mypy",
    "gatectl.desk": "only values that are handed over; mypy checks who makes and takes them",
    "gatectl.simulator.shell_process": "a value of the shell; every program's test runs on it",
}
TESTED_ELSEWHERE = {
    "gatectl.core.shows": "tests/core/test_looks.py, through the one door to all parsers",
    "gatectl.core.accessshows": "tests/core/test_looks.py",
    "gatectl.core.shellshows": "tests/core/test_looks.py",
    "gatectl.core.usershows": "tests/core/test_looks.py",
    "gatectl.transport": "tests/test_transport_*.py",
    "gatectl.config": "tests/test_config.py and tests/test_playbook_files.py",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One file of the package, and what it says."""

    name: str
    path: Path
    tree: ast.Module
    lines: int

    @property
    def shown(self) -> str:
        """Give the path as a finding names it."""
        return str(self.path.relative_to(ROOT))

    def at(self, line: int, what: str, instead: str) -> str:
        """Make a finding."""
        return f"{self.shown}:{line}: {what}, {instead} instead"

    def imports(self, *, at_run_time: bool = False) -> Iterator[tuple[int, str]]:
        """List every import, with its line; those for types alone only if they are wanted."""
        left_out = set(_for_types_alone(self.tree)) if at_run_time else set()
        for node in ast.walk(self.tree):
            if node in left_out:
                continue
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield from ((node.lineno, target) for target in _targets(node))
            elif isinstance(node, ast.ImportFrom):
                yield node.lineno, "." * node.level


def _for_types_alone(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for statement in node.body:
                yield from ast.walk(statement)


def _targets(node: ast.ImportFrom) -> Iterator[str]:
    base = node.module or ""
    if not base.startswith("gatectl"):
        yield base
        return
    for alias in node.names:
        whole = f"{base}.{alias.name}"
        yield whole if whole in _names() else base


@cache
def _paths() -> tuple[Path, ...]:
    return tuple(sorted(PACKAGE.rglob("*.py")))


@cache
def _names() -> frozenset[str]:
    return frozenset(_name(path) for path in _paths())


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@cache
def modules() -> tuple[Module, ...]:
    """Read the package."""
    found = []
    for path in _paths():
        text = path.read_text(encoding="utf-8")
        found.append(
            Module(name=_name(path), path=path, tree=ast.parse(text), lines=len(text.splitlines()))
        )
    return tuple(found)


def is_in(name: str, places: tuple[str, ...] | frozenset[str]) -> bool:
    """Say whether a module is one of these, or in one of these folders."""
    return any(
        name == place or name == place.rstrip(".") or name.startswith(f"{place.rstrip('.')}.")
        for place in places
    )


def fail_with(findings: list[str]) -> None:
    """Print all findings, one a line."""
    if findings:
        pytest.fail(f"{len(findings)} findings\n" + "\n".join(sorted(findings)), pytrace=False)


def findings_of(judge: Callable[[Module], Iterator[str]]) -> list[str]:
    """Judge every module."""
    return [finding for module in modules() for finding in judge(module)]


def doors(module: Module) -> Iterator[str]:
    """Find effects that come in by another door than their own."""
    for line, target in module.imports():
        package = target.partition(".")[0]
        places = DOORS.get(package)
        if places is None:
            continue
        if package == "paramiko" and is_in(module.name, ("gatectl.simulator",)):
            places = tuple(PARAMIKO_OF_THE_SIMULATOR)
        if not is_in(module.name, places):
            yield module.at(line, f"imports {package}", f"go through {' or '.join(places)}")


def configures_log(module: Module) -> Iterator[str]:
    """Find structlog being configured anywhere but in `log`."""
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"configure", "configure_once"}
            and isinstance(node.value, ast.Name)
            and node.value.id == "structlog"
            and module.name != "gatectl.log"
        ):
            yield module.at(node.lineno, "configures structlog", "leave it to gatectl.log")


def impure_core(module: Module) -> Iterator[str]:
    """Find I/O, clock and randomness in core."""
    if not is_in(module.name, ("gatectl.core",)):
        return
    for line, target in module.imports():
        if is_in(target, IMPURE_MODULES):
            yield module.at(line, f"core imports {target}", "let the caller hand the value in")
    for node in ast.walk(module.tree):
        name = _impure_call(node)
        if name:
            yield module.at(
                getattr(node, "lineno", 0), f"core calls {name}", "let time and data come in"
            )


def _impure_call(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    match node.func:
        case ast.Name(id=name) if name in IMPURE_CALLS:
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=attr) if (owner, attr) in IMPURE_METHODS:
            return f"{owner}.{attr}"
        case _:
            return ""


def core_imports(module: Module) -> Iterator[str]:
    """Find imports of the shell in core."""
    if not is_in(module.name, ("gatectl.core",)):
        return
    for line, target in module.imports():
        if target.startswith("gatectl") and not is_in(target, CORE_MAY_IMPORT):
            yield module.at(line, f"core imports {target}", "move the decision or pass it in")


def simulator_meets_the_rest(module: Module) -> Iterator[str]:
    """Find places where a parser and the fake that feeds it could share a belief."""
    inside = is_in(module.name, ("gatectl.simulator",))
    for line, target in module.imports():
        if not target.startswith("gatectl"):
            continue
        there = is_in(target, ("gatectl.simulator",))
        if inside and not there:
            yield module.at(line, f"the simulator imports {target}", "answer to transcripts")
        elif there and not inside:
            allowed = is_in(module.name, ("gatectl.cli",)) and target in MEETING_PLACES
            if not allowed:
                yield module.at(line, f"imports {target}", "go through cli and the rehearsal")


def arrows(module: Module) -> Iterator[str]:
    """Find imports against the arrows of the design."""
    for line, target in module.imports():
        if target.startswith("."):
            yield module.at(line, "a relative import", "write the whole name")
        elif is_in(target, ("gatectl.cli",)) and not is_in(module.name, ("gatectl.cli",)):
            yield module.at(line, f"imports {target}", "return a value that cli prints")
        elif module.name in LEAVES and target.startswith("gatectl"):
            yield module.at(line, f"a leaf imports {target}", "take what is needed as a value")
        elif is_in(module.name, ("gatectl.probe.",)) and is_in(target, ("gatectl.transport",)):
            yield module.at(line, "probe imports transport", "take a dialler")


@pytest.mark.parametrize(
    "judge",
    [doors, configures_log, impure_core, core_imports, simulator_meets_the_rest, arrows],
    ids=lambda judge: judge.__name__,
)
def test_the_house_is_as_drawn(judge: Callable[[Module], Iterator[str]]) -> None:
    """The three nevers and the arrows of the design."""
    fail_with(findings_of(judge))


def imported(module: Module) -> set[str]:
    """Name the modules of ours that a module needs; a folder's own `__init__` is not one."""
    # The parts of the simulated appliance know each other as the parts of a device do: there,
    # types may go round in a circle, and what is needed at run time may not.
    simulated = is_in(module.name, ("gatectl.simulator",))
    targets = {target for _, target in module.imports(at_run_time=simulated)}
    return {t for t in targets & _names() if not module.name.startswith(f"{t}.")} - {module.name}


def circles_in(graph: dict[str, set[str]]) -> list[str]:
    """Walk the imports and name each circle once."""
    state: dict[str, str] = defaultdict(lambda: "new")
    found: list[str] = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        state[name] = "open"
        for target in sorted(graph[name]):
            if state[target] == "open":
                circle = " -> ".join((*way[way.index(target) :], target))
                found.append(f"{circle}: a circle, move what both need below them instead")
            elif state[target] == "new":
                visit(target, (*way, target))
        state[name] = "done"

    for name in sorted(graph):
        if state[name] == "new":
            visit(name, (name,))
    return found


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not even for types alone, but inside the simulated appliance."""
    fail_with(circles_in({module.name: imported(module) for module in modules()}))


def test_a_circle_is_found_and_a_diamond_is_none() -> None:
    """The walk tells two ways to one module from a way back."""
    assert circles_in({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}) == []
    (circle,) = circles_in({"a": {"b"}, "b": {"c"}, "c": {"b"}})
    assert circle.startswith("b -> c -> b: ")


def test_no_module_is_long_without_a_reason() -> None:
    """A module that scrolls and scrolls has two nouns in it."""
    long = {module.name: module for module in modules() if module.lines > LINES_MAX}
    fail_with(
        [
            module.at(module.lines, f"{module.lines} lines", "split it by its nouns")
            for name, module in long.items()
            if name not in LONG_MODULES
        ]
    )
    assert not set(LONG_MODULES) - set(long), "a reason for a module that is short"


def _holds_code(module: Module) -> bool:
    """Say whether there is anything to test: an `__init__` is prose."""
    return module.path.name != "__init__.py" and module.name not in NO_TEST_OF_ITS_OWN


def _has_test(module: Module) -> bool:
    if is_in(module.name, tuple(TESTED_ELSEWHERE)):
        return True
    folder = TESTS / module.path.parent.relative_to(PACKAGE)
    return (folder / f"test_{module.path.name}").exists()


def test_every_module_has_its_test_file() -> None:
    """tests/ mirrors gatectl/: a newcomer finds the test of a file by its name."""
    fail_with(
        [
            module.at(
                1,
                "has no test of its name",
                f"write {(TESTS / module.path.parent.relative_to(PACKAGE)).relative_to(ROOT)}"
                f"/test_{module.path.name}",
            )
            for module in modules()
            if _holds_code(module) and not _has_test(module)
        ]
    )


def _test_files() -> list[Path]:
    """List the test files."""
    return sorted(TESTS.rglob("test_*.py"))


def _tests(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def test_every_test_says_in_a_sentence_what_it_is_for() -> None:
    """A name that reads on its own, and a docstring that ends as sentences do."""
    findings = []
    for path in _test_files():
        for test in _tests(ast.parse(path.read_text(encoding="utf-8"))):
            sentence = ast.get_docstring(test) or ""
            if not sentence.strip().endswith((".", "?", "!")):
                where = f"{path.relative_to(ROOT)}:{test.lineno}"
                findings.append(f"{where}: {test.name} has no sentence, write its docstring")
    fail_with(findings)


WORKPLACE = ("/" + "work/", "help" + "er session", "/tmp/" + "brief")
TEXTS = (".py", ".toml", ".md", ".txt")


def test_no_file_names_the_place_where_it_was_written() -> None:
    """A path of somebody's machine says nothing to a reader."""
    findings = []
    for folder in (PACKAGE, TESTS, ROOT / "playbooks"):
        for where, _, names in os.walk(folder):
            for name in names:
                path = Path(where) / name
                if path.suffix not in TEXTS:
                    continue
                for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
                    findings += [
                        f"{path.relative_to(ROOT)}:{number}: names {word}, leave it out"
                        for word in WORKPLACE
                        if word in line
                    ]
    fail_with(findings)


BAD = """
import paramiko, sqlite3, tenacity, click, tomllib, time, random
import structlog
from datetime import datetime
from gatectl.cli import entry
from gatectl.simulator import appliance
from . import x
structlog.configure()
datetime.now()
open("x")
"""


def bad(name: str) -> Module:
    """Make a module that breaks every rule it can."""
    path = ROOT / Path(*name.split(".")).with_suffix(".py")
    return Module(name=name, path=path, tree=ast.parse(BAD), lines=9)


@pytest.mark.parametrize(
    ("judge", "name", "count"),
    [
        (doors, "gatectl.core.x", 5),
        (doors, "gatectl.runner", 4),
        (doors, "gatectl.cli.x", 4),
        (doors, "gatectl.journal.sqlitefile", 4),
        (doors, "gatectl.simulator.web", 5),
        (doors, "gatectl.simulator.ssh", 4),
        (configures_log, "gatectl.runner", 1),
        (configures_log, "gatectl.log", 0),
        (impure_core, "gatectl.core.x", 10),
        (impure_core, "gatectl.runner", 0),
        (core_imports, "gatectl.core.x", 2),
        (simulator_meets_the_rest, "gatectl.simulator.web", 1),
        (simulator_meets_the_rest, "gatectl.cli.x", 1),
        (simulator_meets_the_rest, "gatectl.runner", 1),
        (arrows, "gatectl.runner", 2),
        (arrows, "gatectl.cli.x", 1),
        (arrows, "gatectl.errors", 3),
    ],
)
def test_each_rule_finds_what_breaks_it(
    judge: Callable[[Module], Iterator[str]], name: str, count: int
) -> None:
    """A rule that cannot find anything would keep nothing tidy."""
    findings = list(judge(bad(name)))
    assert len(findings) == count, findings
    assert all(finding.endswith(" instead") for finding in findings)
