"""The documentation of the settings, made from the fields: the annotated example file and the reference page."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.model import TABLES


def write_example(kinds: Mapping[str, type[BaseModel]]) -> str:
    """The example file: every setting with its documentation and default, commented out."""
    lines = [
        "# Configuration of Fernamt. Every line that is commented out shows the default.",
        '# Secrets: { file = "/path" }, { credential = "name" } (systemd LoadCredential), or plain text.',
        "",
    ]
    for name, part in TABLES.items():
        lines += [f"[{name}]", *_describe(part, "#"), ""]
    for kind, table in kinds.items():
        lines += [f"# A channel of kind {kind}; the name is yours to choose.", f"#[channels.my-{kind}]"]
        lines += [f'#kind = "{kind}"', *_describe(table, "#"), *_nested(table, f"channels.my-{kind}"), ""]
    return "\n".join(lines).rstrip() + "\n"


def _describe(table: type[BaseModel], mark: str) -> Iterator[str]:
    for name, field in table.model_fields.items():
        if table_of(field) is not None:
            continue
        yield from (f"# {line}" for line in _wrap(document(field)))
        yield f"{mark}{name} = {spell(_shown(field))}"


def _nested(table: type[BaseModel], path: str) -> Iterator[str]:
    for name, field in table.model_fields.items():
        inner = table_of(field)
        if inner is not None:
            yield from (f"# {line}" for line in _wrap(document(field)))
            yield f"#[{path}.{name}]"
            yield from _describe(inner, "#")


def table_of(field: FieldInfo) -> type[BaseModel] | None:
    """The class of a nested table, where the field is one."""
    choices = [field.annotation, *get_args(field.annotation)]
    return next((c for c in choices if isinstance(c, type) and issubclass(c, BaseModel)), None)


def document(field: FieldInfo) -> str:
    """What the field means, with its permitted values."""
    text = field.description or ""
    values = permitted(field)
    if values and not all(value in text for value in values):
        text += f" One of: {', '.join(values)}."
    return text if not field.is_required() else f"{text} Needed."


def permitted(field: FieldInfo) -> list[str]:
    """The permitted values of a field that has a closed set of them."""
    annotation = field.annotation
    if get_origin(annotation) is Literal:
        return [f'"{value}"' for value in get_args(annotation)]
    if isinstance(annotation, type) and hasattr(annotation, "__members__"):
        return [f'"{member.value}"' for member in annotation.__members__.values()]
    return []


def _shown(field: FieldInfo) -> Any:
    if field.default is not PydanticUndefined and field.default not in (None, ""):
        return field.default
    if field.default_factory is not None:
        return field.get_default(call_default_factory=True, validated_data={})
    return field.examples[0] if field.examples else ""


def spell(value: Any) -> str:
    """The value as TOML writes it."""
    if value is None:
        return '""'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(spell(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {spell(item)}" for key, item in value.items()) + " }"
    text = str(getattr(value, "value", value))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _wrap(text: str, width: int = 110) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + len(word) + 1 > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line


def write_reference(kinds: Mapping[str, type[BaseModel]]) -> str:
    """docs/configuration.md: one table for each part of the file."""
    lines = ["# Configuration reference", "", "Made from the fields by `script/document`; do not edit by hand.", ""]
    for name, part in TABLES.items():
        lines += [f"## `[{name}]`", "", (part.__doc__ or "").strip(), "", *_table_rows(part), ""]
    for kind, table in kinds.items():
        lines += [f'## `[channels.NAME]` with `kind = "{kind}"`', "", *_table_rows(table), ""]
        for name, field in table.model_fields.items():
            inner = table_of(field)
            if inner is not None:
                lines += [f"### `[channels.NAME.{name}]`", "", *_table_rows(inner), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table_rows(table: type[BaseModel]) -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for name, field in table.model_fields.items():
        default = (
            "needed"
            if field.is_required()
            else f"`{spell(field.get_default(call_default_factory=True, validated_data={}))}`"
        )
        if table_of(field) is not None:
            default = "a table"
        meaning = document(field).replace("|", "\\|")
        yield f"| `{name}` | {default} | {meaning} |"
