"""Testing a shop step by step, for `fernamt channel test` and the console."""

import asyncio

from connectors.shop.api import ShopClient
from connectors.shop.reconcile import PAGES, find_disabled
from connectors.shop.settings import ShopSettings
from hub.domain.errors import AuthRejected, LinkError, Misconfigured
from hub.ports.connector import ConnectorContext, ProbeStep

SECONDS = 25.0


async def probe_shop(settings: ShopSettings, context: ConnectorContext) -> list[ProbeStep]:
    """Secrets, then the API, then WooCommerce's webhooks. Never raises."""
    steps: list[ProbeStep] = []
    try:
        for secret in settings.secrets:
            secret.reveal()
    except ValueError as error:
        return [ProbeStep(title="Secrets", ok=False, detail=str(error)[:200], fix="Correct the channel's settings.")]
    steps.append(ProbeStep(title="Secrets", ok=True, detail=f"webhooks come to /in/{context.name}/"))
    if settings.api is None:
        steps.append(ProbeStep(title="Ask for what was missed", ok=True, detail="not configured"))
        return steps
    try:
        async with asyncio.timeout(SECONDS), ShopClient(settings, context.clock) as client:
            steps.append(await _ask(settings, client, context))
            if settings.system == "woocommerce" and steps[-1].ok:
                steps.append(await _check_webhooks(client, context.name))
    except TimeoutError:
        steps.append(
            ProbeStep(
                title="Ask the shop",
                ok=False,
                detail="The shop does not answer in time.",
                fix="Check the url and the firewall, then test again.",
            )
        )
    return steps


async def _ask(settings: ShopSettings, client: ShopClient, context: ConnectorContext) -> ProbeStep:
    """The first page of the newest orders."""
    title = "Ask the shop"
    try:
        async for batch in PAGES[settings.system](client, settings, context.clock.now()):
            return ProbeStep(title=title, ok=True, detail=f"{client.base} answers ({len(batch.things)} orders now)")
    except AuthRejected as error:
        return ProbeStep(
            title=title,
            ok=False,
            detail=error.sentence,
            fix="Give the key the right to read orders, or make a new one.",
        )
    except Misconfigured as error:
        return ProbeStep(title=title, ok=False, detail=error.sentence, fix="Correct the channel's settings.")
    except LinkError as error:
        return ProbeStep(
            title=title, ok=False, detail=error.sentence, fix="Check the url and the firewall, then test again."
        )
    return ProbeStep(title=title, ok=True)


async def _check_webhooks(client: ShopClient, name: str) -> ProbeStep:
    """AC-33: WooCommerce disables a webhook after more than five failures, and never tries again."""
    title = "Webhooks"
    try:
        disabled = await find_disabled(client, name)
    except LinkError:
        # The key may be allowed to read orders only.
        return ProbeStep(title=title, ok=True, detail="the key may not read webhooks: look into the shop yourself")
    if disabled:
        return ProbeStep(
            title=title,
            ok=False,
            detail=f"disabled by the shop: {', '.join(disabled)[:150]}",
            fix="WooCommerce, Settings, Advanced, Webhooks: set the status to Active again.",
        )
    return ProbeStep(title=title, ok=True)
