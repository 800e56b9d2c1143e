"""Settings of a shop channel: which system, how it proves itself, and how to ask it for what was missed."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from config.fields import Secret
from connectors.shop.systems.generic import FIELDS

HeaderName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9-]+$")]
LOOPBACK = ("127.0.0.1", "::1", "localhost")
STRIPE_API = "https://api.stripe.com"


class _Table(BaseModel):
    # A faulty value is never echoed: it may be a secret that stands in the wrong place.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class GenericSignature(_Table):
    """`[channels.NAME.signature]`: how any other shop signs its webhooks."""

    header: HeaderName = Field(default="X-Signature", description="Header that carries the signature.")
    algorithm: Literal["sha256", "sha512"] = Field(default="sha256", description="Hash of the HMAC.")
    encoding: Literal["hex", "base64"] = Field(default="hex", description="How the signature is written.")
    prefix: str = Field(default="", max_length=50, description='What stands before it, such as "sha256=".')
    timestamp_header: Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9-]*$")] = Field(
        default="",
        description="Header with the time of sending (seconds since 1970, or ISO 8601). With it, TIME.BODY is what is "
        "signed, and what is too old is refused. Empty: the body alone is signed.",
    )


class ShopApi(_Table):
    """`[channels.NAME.api]`: asking the shop for what no webhook brought."""

    url: str = Field(
        default="",
        max_length=300,
        description="Address of the shop, such as https://northwind.myshopify.com. Stripe: empty.",
        examples=["https://shop.example.org"],
    )
    key: str = Field(
        default="",
        max_length=300,
        description="WooCommerce: the consumer key; Shopware: the access key ID of an integration; else empty.",
    )
    secret: Secret = Field(
        description="Shopify: the Admin API access token; WooCommerce: the consumer secret; Shopware: the secret "
        "access key; Stripe: a restricted key that may read events.",
        examples=[{"file": "/etc/fernamt/shop-token"}],
    )
    version: str = Field(
        default="2025-10", pattern=r"^[0-9]{4}-[0-9]{2}$", description="Version of Shopify's API. Others: ignored."
    )
    minutes: int = Field(default=10, ge=1, le=1440, description="How often the shop is asked.")
    backfill_days: int = Field(
        default=7, ge=0, le=60, description="How many days of old orders the first connection takes in, as history."
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        local = parts.scheme == "http" and parts.hostname in LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or local) or parts.username or parts.query:
            raise ValueError("must be an address such as https://shop.example.org, without user and query")
        return value.rstrip("/")


class ShopSettings(_Table):
    """`[channels.NAME]` with `kind = "shop"`."""

    system: Literal["shopify", "woocommerce", "shopware", "stripe", "generic"] = Field(
        description="Which shop system it is; what is not named here is generic."
    )
    secrets: tuple[Secret, ...] = Field(
        min_length=1,
        max_length=5,
        description="Secrets that webhooks may be signed with. To change one: add the new one, change it in the shop, "
        "then remove the old one.",
        examples=[[{"file": "/etc/fernamt/shop-secret"}]],
    )
    book: Literal["orders", "invoices"] = Field(
        default="orders",
        description='"orders": orders are kept with their state, and move no money, because another program writes the '
        'invoices. "invoices": each order is an invoice on the customer\'s account, settled by its payments.',
    )
    tolerance_seconds: int = Field(
        default=0,
        ge=0,
        le=86_400,
        description="How old a signed time may be. 0: as usual (Stripe and generic 300 seconds, Shopware 21600).",
    )
    app_secret: Secret | None = Field(
        default=None,
        description="Shopware: the secret of the app, for its registration at /in/NAME/register.",
        examples=[{"file": "/etc/fernamt/shopware-app"}],
    )
    app_name: str = Field(default="Fernamt", max_length=100, description="Shopware: the name in the app's manifest.")
    mapping: dict[str, str] = Field(
        default_factory=dict,
        description="Generic: where in the JSON to find what, as dotted paths; names: see docs/channels/shop.md.",
        examples=[{"order": "order.id", "total": "order.total", "email": "buyer.email"}],
    )
    states: dict[str, Literal["open", "paid", "shipped", "done", "cancelled", "refunded"]] = Field(
        default_factory=dict, description="Generic: the shop's words for an order's state, and ours."
    )
    minor_units: bool = Field(default=False, description="Generic: amounts are in cents.")
    signature: GenericSignature = Field(
        default_factory=GenericSignature, description="Generic: how webhooks are signed."
    )
    api: ShopApi | None = Field(default=None, description="Asking the shop for what was missed.")

    @field_validator("secrets", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        """Most shops have one secret; it may stand by itself."""
        return value if isinstance(value, list | tuple) else (value,)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if unknown := sorted(set(self.mapping) - set(FIELDS)):
            raise ValueError(f"mapping knows no {unknown[0][:40]!r}; permitted: {', '.join(FIELDS)}")
        if any(len(path) > 200 for path in self.mapping.values()):
            raise ValueError("a path of the mapping has at most 200 characters")
        if self.system == "generic" and not self.mapping:
            raise ValueError('a generic shop needs a mapping, such as { order = "id", total = "total" }')
        if self.api is not None:
            self._check_api(self.api)
        return self

    def _check_api(self, api: ShopApi) -> None:
        if self.system == "generic":
            raise ValueError("a generic shop has no api: leave it out")
        if self.system != "stripe" and not api.url:
            raise ValueError("api needs the url of the shop")
        if self.system in ("woocommerce", "shopware") and not api.key:
            raise ValueError("api needs key and secret")
