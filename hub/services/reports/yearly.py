"""What a running year's revenue will come to: what was booked, and what its remaining months are expected to bring."""

from decimal import Decimal

from hub.domain.report import Report, Row
from hub.services.reports.wording import say, tell_money, tell_share


def tell_year(revenue: Report, forecast: Report, language: str) -> list[str]:
    """A sentence for each currency. The running month counts as expected, but as no less than is booked already."""
    lines = []
    for row in revenue.rows:
        ahead = next((one for one in forecast.rows if one.currency == row.currency), None)
        outlook = next((one for one in forecast.outlooks if one.key == row.key), None)
        if outlook is None or ahead is None or outlook.need:
            if outlook is not None:
                label = say(language, "forecast-of-year")
                lines.append(say(language, "too-little", label=label, have=outlook.have, need=outlook.need))
            continue
        point, low, high = (_year(revenue, row, forecast, values) for values in (ahead.values, ahead.low, ahead.high))
        told = [tell_money(value, row.currency, language, 0) for value in (point, low, high)]
        error = "–" if outlook.error is None else tell_share(outlook.error, language)
        lines.append(say(language, "year", value=told[0], low=told[1], high=told[2], error=error))
    return lines


def _year(revenue: Report, row: Row, forecast: Report, values: tuple[Decimal | None, ...]) -> Decimal:
    year = revenue.periods[-1].first.year
    booked = {one.first: value or Decimal() for one, value in zip(revenue.periods, row.values, strict=True)}
    total = sum((booked[one.first] for one in revenue.periods if not one.running), Decimal())
    for one, value in zip(forecast.periods, values, strict=True):
        if one.first.year == year and value is not None:
            total += max(value, booked.get(one.first, Decimal()))
    return total
