"""What the hub does for customers by itself: receiving, proving, telling, and the budgets of everything automatic."""
