"""What the bots need of their languages, made ready before the first question: in steps of at most half a second, for a
thread beside the hub. Whatever is needed earlier is made when it is needed."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from bots.customer.likeness import FILE
from bots.language.examples import load_examples
from bots.language.pack import HERE, load_packs
from bots.language.template import Template

AT_ONCE = 50
"""Templates in a step."""


def warming_steps() -> Iterator[Callable[[], object]]:
    """To be called one after the other; calling one again costs nothing."""
    for pack in load_packs().values():
        for start in range(0, len(pack.templates), AT_ONCE):
            yield partial(_compile, pack.templates[start : start + AT_ONCE])
        yield partial(load_examples, pack)
        yield partial(load_examples, pack, HERE, FILE)


def _compile(templates: Sequence[Template]) -> None:
    for template in templates:
        assert template.pattern
