"""The registry line of shops."""

from connectors.shop.address import SHOP_FORM
from connectors.shop.connector import ShopConnector
from connectors.shop.parse import SHOP_PARSER
from connectors.shop.settings import ShopSettings
from hub.ports.connector import ChannelKind, OnRepeat

SHOP = ChannelKind(
    name="shop",
    settings=ShopSettings,
    connect=ShopConnector,
    parser=SHOP_PARSER,
    address_form=SHOP_FORM,
    on_repeat=OnRepeat.NOT_RECOGNISED,
    own_addresses=lambda settings: (),
    can_send=lambda settings: False,
    message_domain=lambda settings: "",
    sender_address=lambda settings: "",
    summary="Orders of Shopify, WooCommerce, Shopware, Stripe, or any shop that signs its webhooks.",
    raw_form=("text/plain; charset=utf-8", "txt"),
)
