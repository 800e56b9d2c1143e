"""Small pieces: what does not fit on a screen is not understood."""

import ast

from tests.architecture.source_tree import ROOT, sources, tree

LONGEST_FUNCTION = 60
LONGEST_FILE = 400
BANNED = {"util", "utils", "helper", "helpers", "manager", "managers", "base", "common", "misc", "core", "stuff"}


def test_files_are_at_most_400_lines() -> None:
    lengths = {str(path): len((ROOT / path).read_text("utf-8").splitlines()) for path in sources()}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_are_at_most_60_lines() -> None:
    long = {
        f"{path}:{node.name}": length
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_modules_are_nouns_of_the_field() -> None:
    vague = [str(path) for path in sources() if BANNED & {*path.parts[:-1], path.stem}]
    assert vague == []
