"""A raw arrival with its files: what was packed comes out again, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.errors import Invalid, NotFound, Unreadable
from hub.ports.bundle import MAX_FILES, BundledFile, open_bundle, pack_bundle

FILES = st.lists(
    st.builds(BundledFile, name=st.text(max_size=40), type=st.just("image/png"), data=st.binary(max_size=50)),
    max_size=5,
)


@given(
    native=st.binary(min_size=1, max_size=200).filter(lambda raw: not raw.startswith(b"fernamt-bundle/")), files=FILES
)
def test_what_was_packed_comes_out(native: bytes, files: list[BundledFile]) -> None:
    bundle = open_bundle(pack_bundle(native, files))
    assert bundle.native == native
    assert [file.data for file in bundle.files] == [file.data for file in files]
    assert [file.name for file in bundle.files] == [file.name for file in files]


def test_a_message_without_files_is_the_channels_own_bytes() -> None:
    assert pack_bundle(b"<message/>") == b"<message/>"
    assert open_bundle(b"<message/>").files == ()


@pytest.mark.parametrize("cut", [1, 5, 20, 60])
def test_a_damaged_bundle_is_unreadable(cut: int) -> None:
    raw = pack_bundle(b"{}", [BundledFile(name="a.txt", type="text/plain", data=b"hello")])
    with pytest.raises(Unreadable):
        open_bundle(raw[:-cut])


def test_bounds() -> None:
    file = BundledFile(name="a", type="b", data=b"c")
    with pytest.raises(Invalid):
        pack_bundle(b"{}", [file] * (MAX_FILES + 1))
    with pytest.raises(NotFound):
        open_bundle(pack_bundle(b"{}", [file])).file(1)
