"""Where the language data of Tesseract lie. The wheels of tesserocr bring none and look in the working directory; the
systems' packages put them where their own tesseract looks."""

import os
from collections.abc import Sequence
from pathlib import Path

PLACES = (
    "/usr/share/tesseract-ocr/*/tessdata",
    "/usr/share/tesseract-ocr/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
"""Debian and Ubuntu, older ones, Fedora and Arch, what was built here, Homebrew."""
LANGUAGES = ("deu", "eng")


def find_tessdata(wanted: Sequence[str] = LANGUAGES, places: Sequence[str] = PLACES) -> tuple[str, str]:
    """(folder with a slash at its end, languages as Tesseract wants them: `deu+eng`): the first folder that has one of
    the wanted languages, where TESSDATA_PREFIX says first. ('', '') where none has."""
    own = os.environ.get("TESSDATA_PREFIX", "")
    folders = [Path(own), Path(own) / "tessdata"] if own else []
    for place in places:
        # Of several versions the newest.
        folders += sorted(Path("/").glob(place.lstrip("/")), reverse=True)
    for folder in folders:
        there = [language for language in wanted if (folder / f"{language}.traineddata").is_file()]
        if there:
            return f"{folder}/", "+".join(there)
    return "", ""
