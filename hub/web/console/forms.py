"""Reading forms: bounded, trimmed, with files."""

from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.web_request import FileField

from hub.domain.errors import Invalid
from hub.domain.people import Actor
from hub.domain.views import FileData

MAX_FILES = 10
MAX_FIELD = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What was sent: texts by name, and the files that have content."""

    values: dict[str, str]
    many: dict[str, list[str]] = field(default_factory=dict)
    files: tuple[FileData, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def all(self, name: str) -> list[str]:
        """Every value of a field that may be ticked several times."""
        return self.many.get(name, [])


def form_key(actor: Actor, form: Form) -> str:
    """The key under which this form is carried out once, also when it is sent again after a restart."""
    return f"console:{actor.id}:{form['nonce'][:64]}" if form["nonce"] else ""


async def read_form(request: web.Request) -> Form:
    """The form that was sent. Raises Invalid where it is out of bounds (the whole is bounded by the site)."""
    values: dict[str, str] = {}
    many: dict[str, list[str]] = {}
    files: list[FileData] = []
    for name, value in (await request.post()).items():
        if isinstance(value, FileField):
            data = value.file.read()
            if data or value.filename:
                files.append(FileData(name=value.filename[:200], type=value.content_type[:100], data=data))
        elif isinstance(value, str):
            if len(value) > MAX_FIELD:
                raise Invalid("This text is too long.", field=name[:40])
            text = value.replace("\r\n", "\n").strip() if "password" not in name else value
            values[name] = text
            many.setdefault(name, []).append(text)
    if len(files) > MAX_FILES:
        raise Invalid("At most 10 files go with one message.", field="files")
    return Form(values=values, many=many, files=tuple(files))
