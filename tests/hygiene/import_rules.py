"""The layers of the program, as imports: who may know whom.

    cli -> app -> runtime, adapters, config, testing -> ports -> core        (files: what adapters share of the disk)

An adapter knows no other adapter and not the runtime; the runtime knows ports and core only; the core does no I/O,
asks no clock and keeps nothing global. The integration for Home Assistant and this package never import each other.
"""

import ast
import sys
from collections.abc import Iterator

PACKAGE = "edge_detector"
INTEGRATION = "custom_components"

ADAPTERS = {"capture", "detectors", "recorder", "archive", "outbox", "mqtt", "supervisor", "web"}

#: For each part of the package, the other parts that it may import.
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "ports": {"core"},
    "files": {"core"},
    "config": {"core"},
    "testing": {"core", "ports"},
    "runtime": {"core", "ports"},
    **{adapter: {"core", "ports", "config", "files"} for adapter in ADAPTERS},
    "app": {"core", "ports", "config", "files", "testing", "runtime", *ADAPTERS},
    "cli": {"core", "ports", "config", "app"},
    "__main__": {"cli"},
}

#: Modules of an adapter that are as pure as the core: they say what a message is, and send none.
_SAY_ONLY = ("commands", "discovery", "discovery_outline", "events", "messages", "topics")
PURE = {f"{PACKAGE}.mqtt.{name}" for name in _SAY_ONLY}

#: Parts of the configuration that are the whole of it: an adapter is handed its own section alone.
WHOLE_CONFIG = {"", "load", "redact", "root"}

#: Third-party packages and the parts that may import them; one not named here is free where THIRD_PARTY allows it.
ONLY_IN: dict[str, set[str]] = {
    "amqtt": {"app"},
    "av": {"capture", "recorder"},
    "boto3": {"archive"},
    "botocore": {"archive"},
    "duckdb": {"archive"},
    "fastapi": {"web"},
    "onnxruntime": {"detectors"},
    "openvino": {"detectors"},
    "paho": {"mqtt"},
    "pydantic": {"config", "web"},
    "questionary": {"cli"},
    "rich": {"app", "cli"},
    "starlette": {"web"},
    "torch": {"detectors"},
    "typer": {"cli"},
    "uvicorn": {"web"},
    "yaml": {"config"},
    "yolov5": {"detectors"},
}

#: Parts that may import no third-party package but these.
THIRD_PARTY = {
    "core": {"numpy", "cv2"},
    "ports": {"numpy"},
    "runtime": {"numpy"},
    "config": {"annotated_types", "pydantic", "pydantic_core", "yaml"},
}

#: What `--help` and `check-config` must not load.
HEAVY = {
    "amqtt",
    "av",
    "boto3",
    "botocore",
    "duckdb",
    "fastapi",
    "onnxruntime",
    "openvino",
    "torch",
    "uvicorn",
    "yolov5",
}

#: What takes too long for a list of options.
SLOW = HEAVY | {"cv2", "numpy", "pydantic"}

#: Modules of the standard library that reach outside, wait, or know what nobody told them.
IMPURE_MODULES = set(
    """
    asyncio atexit concurrent contextvars ctypes fcntl fileinput getpass glob http importlib io locale logging mmap
    multiprocessing os platform queue sched secrets select selectors shelve shutil signal smtplib socket socketserver
    sqlite3 ssl subprocess sys sysconfig tempfile termios threading time tkinter urllib uuid warnings webbrowser
    zoneinfo
    """.split()  # noqa: SIM905 - words read better than sixty quotes
)
#: The same as calls, by the last name of what is called.
IMPURE_CALLS = set(
    """
    breakpoint eval exec input print __import__
    now utcnow today
    read_text write_text read_bytes write_bytes exists is_file is_dir mkdir unlink iterdir glob rglob
    imread imwrite imshow waitKey VideoCapture VideoWriter
    """.split()  # noqa: SIM905 - words read better than sixty quotes
)
#: Sources of chance, which must be given their seed.
SEEDED = {"Random", "default_rng", "Generator", "PCG64"}


def faults(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """Every break of the rules in one module of the package."""
    part = part_of(module)
    if part and part not in MAY_IMPORT:
        return [f"{module}: `{part}` is no known part of the program; give it its place in MAY_IMPORT"]
    tree = ast.parse(source)
    pure = part == "core" or module in PURE
    found = [
        f"{module}:{line}: {fault}"
        for name, line in imports(tree, module, is_package=is_package)
        if (fault := fault_of_import(module, part, name, pure=pure))
    ]
    if pure:
        found += [f"{module}:{line}: {fault}" for fault, line in impurities(tree)]
    return found


def part_of(module: str) -> str:
    """The part of the package that a module belongs to; empty for the package itself."""
    return module.removeprefix(PACKAGE).lstrip(".").partition(".")[0]


def imports(tree: ast.AST, module: str, *, is_package: bool = False) -> Iterator[tuple[str, int]]:
    """Every import with its line, as `module` or `module.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                base = ".".join([*parts[: len(parts) - node.level + is_package], *([base] if base else [])])
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def fault_of_import(module: str, part: str, name: str, *, pure: bool) -> str | None:
    """What is wrong with one import, if anything is."""
    top = name.partition(".")[0]
    if top == PACKAGE:
        return fault_inside(module, part, name)
    if top == INTEGRATION:
        return f"imports {name}: the integration ships alone"
    if top in sys.stdlib_module_names:
        return f"imports {top}: here is no I/O, no clock and no environment" if pure and top in IMPURE_MODULES else None
    if top in ONLY_IN and part not in ONLY_IN[top]:
        return f"imports {top}: only {_list(ONLY_IN[top])} may"
    allowed = THIRD_PARTY.get("core" if pure else part)
    if allowed is not None and top not in allowed:
        return f"imports {top}: of other packages only {_list(allowed)} may be known here"
    return None


def fault_inside(module: str, part: str, name: str) -> str | None:
    """What is wrong with one import of the package's own, if anything is."""
    target = part_of(name)
    if not part:
        return f"imports {name}: the package itself imports nothing"
    if name in {PACKAGE, f"{PACKAGE}.__version__"}:
        return None
    if module in PURE:
        beside = any(name == other or name.startswith(f"{other}.") for other in PURE)
        return None if target == "core" or beside else f"imports {name}: this module is pure and knows core alone"
    if target != part and target not in MAY_IMPORT[part]:
        return f"imports {name}: {part} may know {_list(MAY_IMPORT[part]) or 'itself'} alone"
    if part in ADAPTERS and target == "config" and _section(name) in WHOLE_CONFIG:
        return f"imports {name}: an adapter knows its own section of the configuration alone"
    return None


def impurities(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Code that makes a module impure although its imports are clean, each with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"keeps {', '.join(node.names)} global", node.lineno
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        last = called.rpartition(".")[2]
        if last in IMPURE_CALLS or called == "open":
            yield f"calls {called}", node.lineno
        elif last in SEEDED and not node.args and not node.keywords:
            yield f"calls {called} without a seed", node.lineno
        elif called.startswith(("random.", "np.random.", "numpy.random.")) and last not in SEEDED:
            yield f"calls {called}, whose seed is global", node.lineno


def _section(name: str) -> str:
    """The module of the configuration that an import names; empty for the configuration as a whole."""
    rest = name.split(".")[2:]
    return rest[0] if rest and rest[0].islower() else ""


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
