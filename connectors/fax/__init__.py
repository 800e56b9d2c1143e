"""Fax by HylaFAX, by a provider's mail gateway, or by Telnyx."""
