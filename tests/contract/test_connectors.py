"""One suite for every kind of channel in the registry: what hub/ports/connector.py promises, kept by each.

A kind brings `tests/cases/KIND/NAME.EXT` with `NAME.expected.json` (its own test compares them), a page
`docs/channels/KIND.md`, and settings that `EXAMPLES` shows.
"""

import asyncio
import importlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.outline import outline
from connectors.registry import KINDS
from hub.domain.errors import Invalid, LinkError, NotFound, SendError, Unreadable
from hub.domain.message import Envelope, Message
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose, lane_of
from hub.ports.clock import SystemClock
from hub.ports.connector import ChannelKind, Connector, ConnectorContext, LinkState, Parcel, Probes, Receipt
from hub.ports.parser import ParseContext
from hub.services.supervise import ChannelPlan, describe_account
from tests.contract.channel_examples import ADDRESSES, EXAMPLES
from tests.fake_inlet import FakeInlet

CASES = Path(__file__).parents[1] / "cases"
PAGES = Path(__file__).parents[2] / "docs" / "channels"
SUFFIX = ".expected.json"
KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
SHIPPED = [(kind, number) for kind, examples in EXAMPLES.items() for number in range(len(examples))]
EXAMPLE = pytest.mark.parametrize(("kind", "number"), SHIPPED)


def _settings(kind: str, number: int) -> Any:
    return KINDS[kind].settings.model_validate(EXAMPLES[kind][number])


def _connector(kind: str, number: int, tmp_path: Path) -> Connector:
    context = ConnectorContext(name="test", hostname="hub.example", clock=SystemClock(), data_dir=tmp_path)
    return KINDS[kind].connect(_settings(kind, number), context)


def _raw_cases(kind: str) -> list[Path]:
    if not (CASES / kind).is_dir():
        return []
    files = [path for path in sorted((CASES / kind).iterdir()) if path.is_file() and not path.name.startswith(".")]
    return [path for path in files if not path.name.endswith(SUFFIX)]


def test_every_kind_has_examples() -> None:
    assert set(EXAMPLES) == set(KINDS)
    assert set(ADDRESSES) == set(KINDS)


@KIND
def test_it_has_at_least_fifteen_golden_cases(kind: ChannelKind) -> None:
    raw = _raw_cases(kind.name)
    expected = {path.name.removesuffix(SUFFIX) for path in (CASES / kind.name).glob(f"*{SUFFIX}")}
    assert {path.stem for path in raw} == expected
    assert len(raw) >= 15


@KIND
def test_it_has_a_page_of_its_own(kind: ChannelKind) -> None:
    text = (PAGES / f"{kind.name}.md").read_text("utf-8")
    missing = [field.name for field in outline(kind.settings) if f"`{field.name.rpartition('.')[2]}`" not in text]
    assert len(text) > 1_000
    assert missing == [] or "configuration.md" in text


@KIND
def test_every_setting_is_described(kind: ChannelKind) -> None:
    assert kind.summary
    assert [field.name for field in outline(kind.settings) if len(field.description) < 8] == []


@EXAMPLE
def test_the_constructor_does_no_input_or_output(kind: str, number: int, tmp_path: Path) -> None:
    connector = _connector(kind, number, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert callable(connector.run)
    assert callable(connector.send)


@EXAMPLE
def test_its_account_can_be_described(kind: str, number: int) -> None:
    plan = ChannelPlan(name="test", kind=KINDS[kind], settings=_settings(kind, number))
    account = describe_account(plan)
    assert account.channel == KINDS[kind].address_form.name
    assert account.max_file_bytes >= 0
    assert all(isinstance(address, str) for address in account.own_addresses)


@KIND
def test_addresses_have_one_normal_form(kind: ChannelKind) -> None:
    for text in ADDRESSES[kind.name]:
        once = kind.address_form.normalise(text)
        assert kind.address_form.normalise(once.normal) == once
        assert once.channel == kind.address_form.name
    for nonsense in ("", " ", "\x00", "x" * 999):
        with pytest.raises(Invalid):
            kind.address_form.normalise(nonsense)


@KIND
def test_the_parse_worker_finds_its_parser(kind: ChannelKind) -> None:
    module = importlib.import_module(f"connectors.{kind.name}.parse")
    assert getattr(module, f"{kind.name.upper()}_PARSER") is kind.parser


def _parse(kind: ChannelKind, raw: bytes) -> Message | None:
    try:
        return kind.parser.parse(raw, Envelope(), ParseContext(account="test"))
    except Unreadable:
        return None


@KIND
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_parser_raises_nothing_but_unreadable(kind: ChannelKind, data: st.DataObject) -> None:
    """Whatever the bytes: noise, and real messages that were cut or damaged."""
    raw = data.draw(st.sampled_from(_raw_cases(kind.name))).read_bytes()
    cut = data.draw(st.integers(0, len(raw)))
    noise = data.draw(st.binary(max_size=30))
    how = data.draw(st.sampled_from(["noise", "cut", "damaged"]))
    _parse(kind, {"noise": noise, "cut": raw[:cut], "damaged": raw[:cut] + noise + raw[cut + len(noise) :]}[how])


@KIND
def test_parsing_twice_is_the_same(kind: ChannelKind) -> None:
    for path in _raw_cases(kind.name):
        raw = path.read_bytes()
        assert _parse(kind, raw) == _parse(kind, raw)


@KIND
def test_a_file_that_is_not_there_is_not_found(kind: ChannelKind) -> None:
    for path in _raw_cases(kind.name)[:5]:
        with pytest.raises((NotFound, Unreadable)):
            kind.parser.extract(path.read_bytes(), 9_999)


@EXAMPLE
async def test_a_run_ends_by_cancellation_or_with_a_link_error(kind: str, number: int, tmp_path: Path) -> None:
    """The examples name peers on this machine that are not there: refused at once, or nothing to connect to."""
    inlet = FakeInlet()
    run = asyncio.create_task(_connector(kind, number, tmp_path).run(inlet))
    reported = asyncio.create_task(inlet.until(lambda: bool(inlet.reports), timeout=40))
    await asyncio.wait({run, reported}, return_when=asyncio.FIRST_COMPLETED)
    reported.cancel()
    run.cancel()
    results = await asyncio.gather(run, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError | LinkError)
    assert inlet.arrivals == []


@EXAMPLE
async def test_sending_without_a_link_raises_a_send_error(kind: str, number: int, tmp_path: Path) -> None:
    """Never silence, never anything that the outbox does not know."""
    if not KINDS[kind].can_send(_settings(kind, number)):
        return
    connector = _connector(kind, number, tmp_path)
    address = KINDS[kind].address_form.normalise(ADDRESSES[kind][0])
    now = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    item = OutboxItem(
        id="o_aaaaaaaaaaaaaaaaaaaaaaaaaa",  # type: ignore[arg-type]
        account="test",
        channel=kind,
        recipient=address,
        lane=lane_of("test", address),
        purpose=Purpose.REPLY,
        content=OutgoingContent(text="Hello", message_id="m@hub.example"),
        due_at=now,
        created_at=now,
        give_up_at=now,
    )
    async with asyncio.timeout(60):
        results = await asyncio.gather(connector.send(Parcel(item=item, attempt=1)), return_exceptions=True)
    outcome = results[0]
    if isinstance(outcome, Receipt):
        # A channel that keeps what it sends itself (files, a page of its own) may take it without a peer.
        assert outcome.native_ref or outcome.detail
    else:
        assert isinstance(outcome, SendError)
        assert outcome.sentence


@EXAMPLE
async def test_a_probe_tells_how_to_mend_what_fails(kind: str, number: int, tmp_path: Path) -> None:
    connector: object = _connector(kind, number, tmp_path)
    assert isinstance(connector, Probes)
    async with asyncio.timeout(45):
        steps = await connector.probe()
    assert steps
    assert all(step.title for step in steps)
    assert all(step.fix for step in steps if not step.ok)
    assert "secret-of-the-test" not in json.dumps([(step.title, step.detail, step.fix) for step in steps])


def test_states_are_known() -> None:
    assert {state.value for state in LinkState} == {"down", "connecting", "up", "parked"}
