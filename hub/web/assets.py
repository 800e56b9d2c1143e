"""Static files under names that carry their hash, so that browsers may keep them for ever."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, ready to serve."""

    type: str
    body: bytes
    packed: bytes


class Assets:
    """All static files, read once at start (some 50 KB)."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._files: dict[str, Asset] = {}
        self._names: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in TYPES:
                body = path.read_bytes()
                hashed = f"{path.stem}.{hashlib.sha256(body).hexdigest()[:12]}{path.suffix}"
                self._files[hashed] = Asset(TYPES[path.suffix], body, gzip.compress(body, 9, mtime=0))
                self._names[path.name] = hashed

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError where there is none."""
        return f"/static/{self._names[name]}"

    def serve(self, request: web.Request) -> web.Response:
        """The file that the request names."""
        asset = self._files.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Content-Type": f"{asset.type}; charset=utf-8",
            "Vary": "Accept-Encoding",
        }
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=asset.packed, headers=headers | {"Content-Encoding": "gzip"})
        return web.Response(body=asset.body, headers=headers)
