"""The installed version."""

from importlib.metadata import PackageNotFoundError, version


def _read() -> str:
    try:
        return version("fernamt")
    except PackageNotFoundError:
        return "0+unknown"


VERSION = _read()
