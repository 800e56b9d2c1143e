"""Our forecasts beside those of statsforecast's AutoETS and the same-as-a-season-ago, on the series of the tests.

    pip install statsforecast        # in an environment of its own: it is large
    PYTHONPATH=. python -m benchmarks.forecast --write    # keep AutoETS's answers for the test

Without statsforecast the kept answers are compared.
"""

import argparse
import json
import time
from pathlib import Path

from hub.domain.forecasting.forecast import Forecast, forecast
from hub.domain.forecasting.models import seasonal_naive
from tests.forecast_series import Series, make_series

KEPT = Path(__file__).resolve().parents[1] / "tests" / "cases" / "forecast" / "autoets.json"


def ask_autoets(series: Series) -> list[float]:
    """Its points, none below 0."""
    import numpy
    from statsforecast.models import AutoETS

    told = AutoETS(season_length=series.season).forecast(numpy.array(series.known), series.horizon)["mean"]
    return [round(max(0.0, float(point)), 6) for point in told]


def main() -> None:
    """Print each series, and the means."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--write", action="store_true")
    write = arguments.parse_args().write
    kept = {} if write else json.loads(KEPT.read_text("utf-8"))
    sums = {"ours": 0.0, "AutoETS": 0.0, "naive": 0.0}
    everything = make_series()
    for series in everything:
        theirs = kept.get(series.name) or ask_autoets(series)
        kept[series.name] = theirs
        started = time.perf_counter()
        ours = forecast(series.known, season=series.season, horizon=series.horizon)
        took = time.perf_counter() - started
        assert isinstance(ours, Forecast)
        off = {
            "ours": series.off(ours.points),
            "AutoETS": series.off(theirs),
            "naive": series.off(seasonal_naive(series.known, series.season, series.horizon)),
        }
        for side, value in off.items():
            sums[side] += value / len(everything)
        told = "  ".join(f"{side} {value:6.3f}" for side, value in off.items())
        print(f"{series.name:20} {told}  {ours.model:20} {took * 1000:6.0f} ms")
    print("mean scaled error: " + "  ".join(f"{side} {value:.3f}" for side, value in sums.items()))
    print(f"ours / AutoETS = {sums['ours'] / sums['AutoETS']:.3f}")
    if write:
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
