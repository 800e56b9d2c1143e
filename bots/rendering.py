"""Blocks as plain text, for chats. The console gets the blocks themselves."""

from collections.abc import Sequence

from hub.domain.turn import Choice
from hub.ports.bot import Block, Confirm, Table

INLINE = 200
"""Choices that fit into so many characters stand in one line."""


def render(blocks: Sequence[Block], choices: Sequence[Choice] = (), buttons: Sequence[str] = ()) -> str:
    """Paragraphs as lines, tables as one line a row, choices numbered after the text that asks for them, and after a
    question the words that answer it. A table's first column holds the numbers of its choices already."""
    lines: list[str] = []
    numbered = any(isinstance(block, Table) for block in blocks)
    for position, block in enumerate(blocks):
        if isinstance(block, Table):
            lines += [_row(row) for row in block.rows]
        elif isinstance(block, Confirm):
            lines.append(f"{block.text} {' / '.join(buttons)}".rstrip())
        else:
            lines.append(block.text)
        if position == 0 and choices and not numbered:
            lines += _list(lines.pop(), choices)
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    shown = [cell for cell in cells if cell]
    if len(shown) > 1 and shown[0].isdigit():
        return f"{shown[0]} {' · '.join(shown[1:])}"
    return " · ".join(shown)


def _list(question: str, choices: Sequence[Choice]) -> list[str]:
    numbered = [f"{number} {choice.label}" for number, choice in enumerate(choices, 1)]
    inline = " · ".join(numbered)
    return [f"{question} {inline}"] if len(inline) <= INLINE else [question, *numbered]
