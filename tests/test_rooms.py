"""The rooms: imports point left and down, and some calls have one place. DESIGN in code, so that it cannot rot."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "rollforward"

ROOMS = {
    "foundation": {"errors.py", "calendar.py", "money.py", "results.py", "listing.py"},
    "records": {"records"},
    "sources": {"sources"},
    "policy": {"policy"},
    "store": {"store"},
    "ledger": {"ledger"},
    "metrics": {"metrics"},
    "book": {"__init__.py", "book", "formats.py"},
    "charts": {"charts", "notebook.py"},
    "people": {"people"},
    "surfaces": {"surfaces", "__main__.py"},
}
"""What stands in which room: files and folders of the package."""

BEFORE_BOOK = {"foundation", "records", "sources", "policy", "store", "ledger", "metrics"}

MAY_IMPORT = {
    "foundation": set(),
    "records": {"foundation"},
    "sources": {"foundation", "records"},
    "policy": {"foundation", "records"},
    "store": {"foundation", "records"},
    "ledger": {"foundation", "records", "policy"},
    "metrics": {"foundation", "records", "policy", "ledger"},
    "book": BEFORE_BOOK,
    "charts": {"foundation", "book"},
    "people": {"foundation"},
    "surfaces": {"foundation", "metrics", "book", "charts", "people"},
}
"""The arrows of the design. What stands left of a neighbour stands left too; surfaces see the book alone."""

ALSO = {
    # The engine runs the ledger's stages in order. The ledger knows no store, so the arrows still form no circle.
    "store/plans.py": {"ledger"},
    "store/ledgers.py": {"ledger", "policy"},
    "store/scratch.py": {"ledger", "policy"},
    "store/incremental.py": {"ledger"},
    "store/packing.py": {"ledger"},
    "store/lake_build.py": {"ledger", "policy"},
    # A book keeps its policies as files beside its database.
    "store/policies.py": {"policy"},
    # A result shows itself in a notebook; the import stands within `_repr_html_`.
    "results.py": {"charts"},
}
"""Files that may see more than their room, each for a reason."""

TO_MEND: set[tuple[str, str]] = set()
"""Places that pass by the book today. A line leaves this list with its import; none is added."""

CLOCKS = {"book/view.py"}
CLOCKS_TO_MEND: set[str] = set()

FILES = sorted(SOURCE.rglob("*.py"))
ROOM_OF = {name: room for room, names in ROOMS.items() for name in names}


def place(file):
    return file.relative_to(SOURCE).as_posix()


def room_of(file):
    return ROOM_OF[file.relative_to(SOURCE).parts[0]]


def tree(file):
    return ast.parse(file.read_text("utf-8"))


def is_for_types(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imported(node, *, with_types):
    """The modules of the package that a file imports, wherever in it."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module == "rollforward":
        names = [f"rollforward.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or ""]
    else:
        inner = [] if is_for_types(node) and not with_types else list(ast.iter_child_nodes(node))
        return {name for child in inner for name in imported(child, with_types=with_types)}
    return {name for name in names if name.split(".")[0] == "rollforward"}


def target_room(module):
    """The room of a module; what the package itself names stands with the book."""
    name = module.split(".")[1] if "." in module else "__init__"
    return ROOM_OF.get(name, ROOM_OF.get(f"{name}.py", "book"))


def rooms_seen(file):
    """The other rooms that a file imports from. Surfaces may name the types of what the book hands them."""
    modules = imported(tree(file), with_types=room_of(file) != "surfaces")
    return {target_room(module) for module in modules} - {room_of(file)}


def breaches():
    return {
        (place(file), room)
        for file in FILES
        for room in rooms_seen(file) - MAY_IMPORT[room_of(file)] - ALSO.get(place(file), set())
    }


def calls(file, owners, names):
    """The lines on which `owner.name(...)` is called; an owner of None is a call of a bare name."""
    return [
        f"{place(file)}:{node.lineno}"
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call) and called(node.func, owners, names)
    ]


def called(function, owners, names):
    if isinstance(function, ast.Name):
        return None in owners and function.id in names
    if not isinstance(function, ast.Attribute) or function.attr not in names:
        return False
    owner = function.value
    return (owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")) in owners


def test_everything_stands_in_a_room():
    found = {path.name for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert found == set(ROOM_OF)


def test_imports_point_left_and_down():
    assert breaches() - TO_MEND == set()


def test_what_was_mended_is_off_the_list():
    assert TO_MEND - breaches() == set()


def test_the_arrows_form_no_circle():
    left = {room: set(rooms) for room, rooms in MAY_IMPORT.items()}
    while left:
        first = {room for room, rooms in left.items() if not rooms}
        assert first, f"a circle among {sorted(left)}"
        left = {room: rooms - first for room, rooms in left.items() if room not in first}


def test_the_ledger_knows_no_float():
    files = [file for file in FILES if room_of(file) == "ledger"]
    assert [line for file in files for line in calls(file, {None}, {"float"})] == []
    divided = [
        f"{place(file)}:{node.lineno}"
        for file in files
        for node in ast.walk(tree(file))
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
    ]
    assert divided == [], "use `quotient` of ledger/arithmetic.py"


def test_only_surfaces_speak():
    spoken = [line for file in FILES if room_of(file) != "surfaces" for line in calls(file, {None}, {"print"})]
    assert spoken == [], "hand the text to a surface"


def test_the_clock_has_one_place():
    read = {
        place(file)
        for file in FILES
        if calls(file, {"datetime", "date", "time"}, {"now", "utcnow", "today", "time"}) and place(file) not in CLOCKS
    }
    assert read == CLOCKS_TO_MEND, "take the time as an argument; the clock is `now` of book/view.py"


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "core"])
def test_no_room_is_called(name):
    found = [place(path) for path in SOURCE.rglob("*") if path.stem == name]
    assert found == [], "say what is in it"
