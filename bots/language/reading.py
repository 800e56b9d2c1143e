"""What a sentence was understood to mean."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a sentence means. `weight`: how many letters of it were the phrase's own. `exact`: no word was guessed."""

    intent: str
    slots: dict[str, str] = field(default_factory=dict)
    language: str
    exact: bool = True
    weight: int = 0
