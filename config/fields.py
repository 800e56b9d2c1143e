"""Small field types that settings share: a host and port, a secret, how TLS is used.

A secret is given literally (`"hunter2"`), by file (`{ file = "/etc/fernamt/mail" }`) or by the name of a systemd
credential (`{ credential = "mail" }`). Its value never appears in a repr, a dump or a log.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

ESSENTIAL: dict[str, Any] = {"essential": True}
"""`json_schema_extra` of a setting that whoever sets up a channel is asked at once, though it has a default."""
_SECRET_BYTES = 65_536
_HIDDEN = "********"


class TlsMode(StrEnum):
    """IMPLICIT: TLS from the first byte. STARTTLS: upgraded before anything secret is said. NONE: loopback only."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


class HostPort:
    """Where to listen or connect: `127.0.0.1:8025`, `[::1]:8025`, or `unix:/run/fernamt/lmtp.sock`."""

    __slots__ = ("host", "path", "port")

    def __init__(self, *, host: str = "", port: int = 0, path: str = "") -> None:
        self.host = host
        self.port = port
        self.path = path
        """Set for a Unix socket; then `host` and `port` are empty."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError with a sentence that shows the permitted forms."""
        if text.startswith("unix:"):
            path = text.removeprefix("unix:")
            if not path.startswith("/"):
                raise ValueError('a Unix socket is written with its absolute path, as in "unix:/run/fernamt/lmtp.sock"')
            return cls(path=path)
        host, colon, port = text.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
            raise ValueError('must be HOST:PORT, as in "127.0.0.1:8025" (or "unix:/path" for a socket)')
        bracketed = host.startswith("[") and host.endswith("]")
        if not host or (":" in host and not bracketed):
            raise ValueError('must name a host; an IPv6 address needs brackets, as in "[::1]:8025"')
        return cls(host=host[1:-1] if bracketed else host, port=int(port))

    @property
    def is_unix(self) -> bool:
        """Whether it is a Unix socket."""
        return bool(self.path)

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"HostPort({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HostPort) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        parsed = core_schema.no_info_plain_validator_function(
            lambda given: given if isinstance(given, cls) else cls._from_text(given),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )
        return core_schema.json_or_python_schema(json_schema=parsed, python_schema=parsed)

    @classmethod
    def _from_text(cls, given: object) -> Self:
        if not isinstance(given, str):
            raise ValueError('must be a text such as "127.0.0.1:8025"')
        return cls.parse(given)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "format": "host-port"}


class Secret:
    """A password or token. `reveal` reads it when it is needed, so that a rotated file counts at the next connect."""

    __slots__ = ("_value", "credential", "file")

    def __init__(self, value: str = "", *, file: str = "", credential: str = "") -> None:
        self._value = value
        self.file = file
        self.credential = credential

    @classmethod
    def parse(cls, given: object) -> Self:
        """From what the configuration file holds. Raises ValueError naming the permitted forms, never the value."""
        if isinstance(given, str):
            if not given:
                raise ValueError("must not be empty")
            return cls(given)
        if isinstance(given, dict) and len(given) == 1:
            (form, name), *_ = given.items()
            if form in ("file", "credential") and isinstance(name, str) and name:
                return cls._checked(form, name)
        raise ValueError('must be { file = "/path" }, { credential = "name" } or a text in quotes')

    @classmethod
    def _checked(cls, form: str, name: str) -> Self:
        if form == "file":
            if not os.path.isabs(name):
                raise ValueError("the file of a secret is named by its absolute path")
            return cls(file=name)
        if "/" in name or name.startswith("."):
            raise ValueError("a credential is a plain name, as in LoadCredential=NAME:/path of the systemd unit")
        return cls(credential=name)

    @property
    def path(self) -> Path | None:
        """The file it is read from, or None for a literal one. Raises ValueError without systemd's directory."""
        if self.file:
            return Path(self.file)
        if not self.credential:
            return None
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise ValueError(
                f'the credential "{self.credential}" needs systemd: add LoadCredential={self.credential}:/path to the '
                'unit, or write { file = "/path" } instead'
            )
        return Path(directory) / self.credential

    def reveal(self) -> str:
        """The secret; a file's trailing line break is not part of it. Raises ValueError with a sentence that names
        the file and the remedy."""
        path = self.path
        if path is None:
            return self._value
        try:
            with path.open("rb") as stream:
                data = stream.read(_SECRET_BYTES + 1)
        except OSError as error:
            raise ValueError(
                f"cannot read the secret file {path}: {error.strerror}; check its path and rights"
            ) from error
        if len(data) > _SECRET_BYTES:
            raise ValueError(f"the secret file {path} is larger than {_SECRET_BYTES} bytes; is it the right one?")
        try:
            text = data.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise ValueError(f"the secret file {path} is not UTF-8 text; is it the right one?") from error
        if not text:
            raise ValueError(f"the secret file {path} is empty; write the secret into it")
        return text

    def __repr__(self) -> str:
        if self.file:
            return f"Secret(file={self.file!r})"
        if self.credential:
            return f"Secret(credential={self.credential!r})"
        return f"Secret({_HIDDEN!r})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        """Equal as configured: what decides whether a connector must restart on reload."""
        return (
            isinstance(other, Secret)
            and other._value == self._value
            and other.file == self.file
            and other.credential == self.credential
        )

    def __hash__(self) -> int:
        return hash((self._value, self.file, self.credential))

    def _dump(self) -> object:
        if self.file:
            return {"file": self.file}
        if self.credential:
            return {"credential": self.credential}
        return _HIDDEN

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        parsed = core_schema.no_info_plain_validator_function(
            lambda given: given if isinstance(given, cls) else cls.parse(given),
            serialization=core_schema.plain_serializer_function_ser_schema(cls._dump),
        )
        return core_schema.json_or_python_schema(json_schema=parsed, python_schema=parsed)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "anyOf": [
                {"type": "string"},
                {"type": "object", "properties": {"file": {"type": "string"}}},
                {"type": "object", "properties": {"credential": {"type": "string"}}},
            ]
        }
