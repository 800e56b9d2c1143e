"""A typed sentence as folded words that still know where they stood."""

import re
from dataclasses import dataclass

from hub.domain.folding import fold

MAX_TOKENS = 80
"""Commands are short; what follows is the text of a message and need not be looked at."""
MAX_HEAD = 2_000
SEPARATOR = ":"
QUOTES = "„“”«»\"'"
_PIECE = re.compile(
    r"(?P<word>\w+)"
    r"|(?P<hard>(?<!\d):(?!//)|(?<=\d):(?!\d)|\n)"
    r"|(?P<soft>(?<!\d),|,(?!\d)|[;„“”«»\"]|(?<=\s)[-–—=](?=\s))"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`words[i]` is the folded word at raw[starts[i]:ends[i]]; a separator (colon, line end; where `soft`, also comma,
    quotation mark and dash) stands among them as ":". `question`: the text ends with a question mark."""

    raw: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    question: bool

    def span(self, first: int, after: int) -> str:
        """The raw text of the words first..after-1, with what is glued to their left (`+49`, `@anna`)."""
        start = self.starts[first]
        floor = self.ends[first - 1] if first else 0
        while start > floor and self.raw[start - 1] in "+@#/":
            start -= 1
        return self.raw[start : self.ends[after - 1]]

    def in_figure(self, at: int) -> bool:
        """Whether the word stands within a figure that began before it ("1,200.50")."""
        if not 0 < at < len(self.words) or not self.words[at][0].isdigit():
            return False
        start = self.starts[at]
        return self.raw[start - 1 : start] in (".", ",", ":", "/", "'") and self.raw[max(0, start - 2)].isdigit()

    def rest(self, first: int) -> str:
        """The raw text from this word to the end, without quotation marks around the whole of it."""
        floor = self.ends[first - 1] if first else 0
        text = self.raw[floor:].strip()
        if first and self.words[first - 1] != SEPARATOR:
            text = text.lstrip(":,;–—").lstrip()
        if len(text) > 1 and text[0] in QUOTES and text[-1] in QUOTES:
            return text[1:-1].strip()
        if first and self.raw[self.starts[first - 1]] in QUOTES and text.endswith(tuple(QUOTES)):
            return text[:-1].strip()
        return text


def read_sentence(text: str, *, soft: bool) -> Sentence:
    """Cut a text into folded words; `soft` keeps the weak separators too."""
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _PIECE.finditer(text, 0, MAX_HEAD):
        if match.lastgroup == "word":
            piece = match.group()
            word = piece.lower() if piece.isascii() else fold(piece).replace(" ", "")
            if not word.strip("_"):
                continue
        elif match.lastgroup == "hard" or soft:
            word = SEPARATOR
            if not words or words[-1] == SEPARATOR:
                continue
        else:
            continue
        words.append(word)
        starts.append(match.start())
        ends.append(match.end())
        if len(words) == MAX_TOKENS:
            break
    while words and words[-1] == SEPARATOR:
        words.pop()
        starts.pop()
        ends.pop()
    return Sentence(text, tuple(words), tuple(starts), tuple(ends), text.rstrip().endswith("?"))
