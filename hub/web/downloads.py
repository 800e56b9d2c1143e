"""Files that strangers sent, given out so that no browser runs them."""

import re
from urllib.parse import quote

from aiohttp import web

from hub.domain.errors import NotFound
from hub.domain.views import FileData

SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
MAIL_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}", re.ASCII)


def as_download(data: FileData, *, inline: bool = False) -> web.Response:
    """The file to be saved; shown only where asked for and its type is a picture that cannot hold script."""
    return web.Response(body=data.data, headers=file_headers(data.name, data.type, inline=inline))


def file_headers(name: str, type: str, *, inline: bool = False) -> dict[str, str]:
    """Headers under which no browser runs the file. The name goes as ASCII and as UTF-8 (RFC 6266 §4.3)."""
    kind = type.lower()
    kind = kind if TYPE.fullmatch(kind) else "application/octet-stream"
    shown = inline and kind in SHOWN_INLINE
    name = "".join(c for c in name if c.isprintable() and c not in '/\\"')[:150] or "file"
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    how = "inline" if shown else "attachment"
    return {
        "Content-Disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": FILE_POLICY,
        "Content-Type": kind if shown or not kind.startswith(("text/", "image/svg")) else "application/octet-stream",
    }


def raw_as_text(data: FileData) -> web.Response:
    """Raw bytes to be looked at: as plain text, whatever they are."""
    headers = {"Content-Security-Policy": FILE_POLICY, "Content-Type": "text/plain; charset=utf-8"}
    return web.Response(body=data.data.decode("utf-8", "backslashreplace").encode(), headers=headers)


def html_document(html: str | None) -> web.Response:
    """A mail's sanitised HTML as a document for a sandboxed frame: no script, nothing loaded from elsewhere, links in
    a new window."""
    if html is None:
        raise NotFound("This entry has no formatted text.")
    style = (
        "body{font:14px/1.5 system-ui,sans-serif;margin:12px;color:#1b1f24;background:#fff;overflow-wrap:anywhere}"
        "img{max-width:100%;height:auto}table{max-width:100%}"
    )
    document = (
        '<!doctype html><html lang=""><head><meta charset="utf-8"><title>Mail</title>'
        f'<base target="_blank"><meta name="referrer" content="no-referrer"><style>{style}</style></head>'
        f"<body>{html}</body></html>"
    )
    headers = {
        "Content-Security-Policy": MAIL_POLICY,
        "Content-Type": "text/html; charset=utf-8",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(text=document, headers=headers)
