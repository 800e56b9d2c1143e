"""How long the staff bot's rules take to read a sentence, beside a plain dictionary look-up of every word in it.

.venv/bin/python -m benchmarks.language
"""

import statistics
import time
import tomllib
from pathlib import Path

from bots.language.pack import load_packs
from bots.language.recognition import Recogniser

CASES = Path(__file__).resolve().parents[1] / "tests" / "cases" / "bot"
FILES = ("german.toml", "english.toml", "business_german.toml", "business_english.toml", "sentences.toml")


def main() -> None:
    """Print both sides and their ratio."""
    packs = load_packs()
    recogniser = Recogniser(packs)
    words = {word for pack in packs.values() for word in str(pack.wording).split()}
    texts = [case[0] for file in FILES for case in tomllib.loads((CASES / file).read_text("utf-8"))["cases"]]
    for text in texts:
        recogniser.read(text)
    spent: dict[str, list[float]] = {"rules": [], "look-up": []}
    for text in texts:
        started = time.perf_counter()
        recogniser.read(text)
        between = time.perf_counter()
        _ = [word in words for word in text.lower().split()]
        spent["rules"].append(between - started)
        spent["look-up"].append(time.perf_counter() - between)
    for side, times in spent.items():
        ordered = sorted(times)
        p95 = ordered[int(len(ordered) * 0.95)]
        print(f"{side:8} p50 {statistics.median(times) * 1000:8.3f} ms   p95 {p95 * 1000:8.3f} ms   n {len(times)}")
    print(f"ratio of medians {statistics.median(spent['rules']) / statistics.median(spent['look-up']):.0f}")


if __name__ == "__main__":
    main()
