"""Which module imports which, read from the syntax trees; and the rules that imports keep."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from portal.local.environment import CHECKOUT

VENDOR_APPS = ("provisioning", "telephony", "messaging", "realtime")
PRODUCT = ("portal", *VENDOR_APPS)
# The two places that name the apps the portal consists of.
COMPOSITION = {"portal.settings", "portal.urls"}
KNOWS_NO_DJANGO = {"portal.vendors.http", "portal.vendors.errors", *(f"{app}.client" for app in VENDOR_APPS)}
LAYERS = {"models": 0, "client": 0, "sync": 1, "usage": 1, "operations": 2, "tasks": 3}
FACES = {"views", "forms", "urls", "admin", "lists"}
# An app's wiring may touch all of it; the project's urls.py includes the apps'.
WIRING = {"apps", "urls"}

Sources = dict[str, str]
Rule = Callable[[str, set[str]], Iterator[str]]


def project_sources() -> Sources:
    """Module names and their text: the product and the sandbox, without tests and migrations."""
    found = {}
    for top in (*PRODUCT, "sandbox"):
        for path in sorted((CHECKOUT / top).rglob("*.py")):
            if "migrations" not in path.parts:
                found[_module_name(path.relative_to(CHECKOUT))] = path.read_text()
    return found


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports_of(module: str, source: str) -> set[str]:
    """Every module that `source` names in an import, wherever in the file it stands.

    `from a import b` counts as a and as a.b, since b may be a module. Imports by a name in a string count too.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            found |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and _name_of(node.func) in {"import_module", "import_string", "__import__"}:
            found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    return found


def _origin(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.split(".")[: -node.level]
    return ".".join([*package, node.module] if node.module else package)


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def top(module: str) -> str:
    return module.partition(".")[0]


def room(module: str) -> str:
    """ "views" of provisioning.views and of provisioning.views.orders; "" of provisioning itself."""
    return module.split(".")[1] if "." in module else ""


# --- The rules: each gives a sentence for every import that breaks it -------------------------------------------------


def shared_code_knows_no_vendor_app(module: str, imported: set[str]) -> Iterator[str]:
    if top(module) == "portal" and module not in COMPOSITION:
        yield from _complaints(module, {name for name in imported if top(name) in VENDOR_APPS})


def vendor_apps_do_not_know_each_other(module: str, imported: set[str]) -> Iterator[str]:
    if top(module) in VENDOR_APPS:
        others = set(VENDOR_APPS) - {top(module)}
        yield from _complaints(module, {name for name in imported if top(name) in others})


def sandbox_and_product_do_not_know_each_other(module: str, imported: set[str]) -> Iterator[str]:
    foreign = PRODUCT if top(module) == "sandbox" else ("sandbox",)
    yield from _complaints(module, {name for name in imported if top(name) in foreign})


def clients_know_no_django(module: str, imported: set[str]) -> Iterator[str]:
    if module in KNOWS_NO_DJANGO:
        yield from _complaints(module, {name for name in imported if top(name) in {"django", "celery", "allauth"}})
        yield from _complaints(module, {name for name in imported if name.rpartition(".")[2] == "models"})


def layers_point_one_way(module: str, imported: set[str]) -> Iterator[str]:
    """views → operations → client and sync → models; a face is known to faces and to the app's wiring only."""
    if top(module) not in VENDOR_APPS:
        return
    own = {name for name in imported if top(name) == top(module) and room(name) != room(module)}
    layer = LAYERS.get(room(module))
    if layer is not None:
        yield from _complaints(module, {name for name in own if LAYERS.get(room(name), -1) > layer})
    if layer == 0:
        yield from _complaints(module, {name for name in own if LAYERS.get(room(name)) == 0})
    if room(module) not in FACES | WIRING:
        yield from _complaints(module, {name for name in own if room(name) in FACES})


RULES: list[Rule] = [
    shared_code_knows_no_vendor_app,
    vendor_apps_do_not_know_each_other,
    sandbox_and_product_do_not_know_each_other,
    clients_know_no_django,
    layers_point_one_way,
]


def _complaints(module: str, forbidden: set[str]) -> Iterator[str]:
    for name in sorted(forbidden):
        yield f"{module} imports {name}"


def reached_from(module: str, sources: Sources) -> set[str]:
    """Everything that importing `module` imports, over the project's own modules."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += imports_of(name, sources[name]) if name in sources else []
    return seen


SCOPES = ("tenant_scope", "user_scope", "staff_scope", "atomic")


def yielding_in_scope(source: str) -> Iterator[str]:
    """The functions that yield inside a scope or a transaction; context managers are made for that."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef) and not any(
            "contextmanager" in ast.unparse(each) for each in function.decorator_list
        ):
            scopes = [block for block in ast.walk(function) if isinstance(block, ast.With) and _opens_scope(block)]
            if any(isinstance(part, ast.Yield | ast.YieldFrom) for block in scopes for part in ast.walk(block)):
                yield function.name


def _opens_scope(block: ast.With) -> bool:
    return any(name in ast.unparse(item.context_expr) for item in block.items for name in SCOPES)
