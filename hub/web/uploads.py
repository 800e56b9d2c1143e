"""Files that come in over HTTP as forms, read in pieces and stopped at the limit; and the small page on which people
outside put files in: `/u/SECRET`. The secret is the right; guesses count as failed sign-ins do."""

import re
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from hub.domain.errors import FernamtError, Invalid, NotFound, UploadTooLarge
from hub.domain.views import FileData
from hub.services.documents.requests import PATH, UploadRequests
from hub.services.sharing import GONE
from hub.web.guard import status_of
from hub.web.pages import page, reader_of, redirect
from hub.web.site import client_of, site_of

UPLOADS: web.AppKey[UploadRequests] = web.AppKey("uploads", UploadRequests)
_SECRET = re.compile(r"[a-z2-7]{40}")
MAX_FILES, MAX_FIELDS, MAX_FIELD = 10, 40, 20_000
OVERHEAD = 262_144
"""What a form adds around its files."""
CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a form with files brought."""

    values: dict[str, str] = field(default_factory=dict)
    files: tuple[FileData, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


def too_large(most: int) -> UploadTooLarge:
    """The refusal with the limit in it."""
    return UploadTooLarge(f"The file is too large: at most {most // 1_048_576} MB can be sent.", field="file")


def check_length(request: web.Request, most: int) -> None:
    """Raises UploadTooLarge by Content-Length alone: nothing of the body is read."""
    if (request.content_length or 0) > most + OVERHEAD:
        raise too_large(most)


async def read_upload(request: web.Request, most: int) -> Upload:
    """The form, in pieces: all its files together have at most `most` bytes. Raises UploadTooLarge, Invalid."""
    check_length(request, most)
    if not request.content_type.startswith("multipart/form-data"):
        raise Invalid("Send the file as a form (multipart/form-data).", field="file")
    values: dict[str, str] = {}
    files: list[FileData] = []
    left = most
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or len(values) + len(files) >= MAX_FIELDS:
                raise Invalid("This form cannot be understood.")
            name = (part.name or "")[:40]
            if part.filename is None:
                data = await _read_part(part, MAX_FIELD)
                values[name] = data.decode("utf-8", "replace").replace("\r\n", "\n").strip()
                continue
            data = await _read_part(part, left, most)
            left -= len(data)
            if data or part.filename:
                kind = part.headers.get("Content-Type", "application/octet-stream")
                files.append(FileData(name=part.filename[:255], type=kind.partition(";")[0].strip()[:100], data=data))
    except (ValueError, AssertionError) as error:
        raise Invalid("This form cannot be understood.") from error
    if len(files) > MAX_FILES:
        raise Invalid(f"At most {MAX_FILES} files at once.", field="file")
    return Upload(values=values, files=tuple(files))


async def _read_part(part: BodyPartReader, most: int, said: int = 0) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        data += chunk
        if len(data) > most:
            raise too_large(said or most)
    return bytes(data)


# People outside


def open_upload_pages(app: web.Application, requests: UploadRequests) -> None:
    """Add the routes."""
    app[UPLOADS] = requests
    app.router.add_get(PATH + "{secret}", show_request, allow_head=False)
    app.router.add_post(PATH + "{secret}", take_files)


def _secret_of(request: web.Request) -> str:
    """Raises TooMany for a client that guesses, NotFound."""
    site, secret = site_of(request), request.match_info["secret"]
    site.failures.check(client_of(request))
    if not _SECRET.fullmatch(secret):
        site.failures.take(client_of(request))
        raise NotFound(GONE)
    return secret


async def show_request(request: web.Request) -> web.Response:
    """GET /u/SECRET: what is asked for, and a form."""
    secret = _secret_of(request)
    return await _request_page(request, secret)


async def _request_page(request: web.Request, secret: str, error: FernamtError | None = None) -> web.Response:
    requests = request.config_dict[UPLOADS]
    try:
        wanted = await requests.open(secret)
    except NotFound:
        if request.query.get("done") == "received":
            return await page(request, "upload_done.html", {})
        site_of(request).failures.take(client_of(request))
        raise
    values = {
        "wanted": wanted,
        "secret": secret,
        "most": requests.max_bytes // 1_048_576,
        "until": reader_of(request).date(wanted.expires_at),
    }
    status = 200 if error is None else status_of(error)
    response = await page(request, "upload.html", values, status=status, errors=error)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


async def take_files(request: web.Request) -> web.Response:
    """POST /u/SECRET: each file becomes a document."""
    secret = _secret_of(request)
    requests, client = request.config_dict[UPLOADS], client_of(request)
    try:
        await requests.open(secret)
    except NotFound:
        site_of(request).failures.take(client)
        raise
    try:
        upload = await read_upload(request, requests.max_bytes)
        if not any(file.data for file in upload.files):
            raise Invalid("Choose a file first.", field="file")
        for file in upload.files:
            if file.data:
                await requests.take(secret, file, client)
    except Invalid as error:
        return await _request_page(request, secret, error)
    return redirect(f"{PATH}{secret}?done=received")
