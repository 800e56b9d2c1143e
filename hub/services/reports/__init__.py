"""Reports: figures counted anew from the facts, day by day; trends and forecasts made of them."""
