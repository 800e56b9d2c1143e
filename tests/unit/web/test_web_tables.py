"""Cells of tables carry the heading of their column, for screens without room for columns."""

from hub.web.tables import label_cells

TABLE = (
    '<table class="money"><thead><tr><th scope="col">Name</th><th scope="col" class="number">Due &amp; late</th>'
    '<th scope="col"><span class="unseen">What can be done</span></th></tr></thead>\n'
    '<tbody><tr><th scope="row">Ida</th><td class="number">3 &#34;days&#34;</td><td class="acts"></td></tr>'
    "<tr><td>Max</td><td></td><td></td></tr></tbody></table>"
)


def test_each_cell_has_the_heading_of_its_column():
    labelled = label_cells(f"<main>{TABLE}</main>")
    assert '<th scope="row">Ida</th><td class="number" data-label="Due &amp; late">3 &#34;days&#34;</td>' in labelled
    assert '<td data-label="Name">Max</td><td data-label="Due &amp; late"></td><td></td>' in labelled
    assert '<table class="money" data-stacks><thead>' in labelled


def test_an_unseen_heading_is_no_label_and_the_head_stays_as_it_is():
    labelled = label_cells(TABLE)
    assert '<td class="acts"></td>' in labelled
    assert labelled.partition("</thead>")[0].replace(" data-stacks", "") == TABLE.partition("</thead>")[0]


def test_a_wide_cell_covers_its_columns():
    page = (
        '<table><thead><tr><th colspan="2">A</th><th>B "b"</th></tr></thead>'
        '<tbody><tr><td colspan="2">1</td><td>2</td><td>3</td></tr></tbody></table>'
    )
    labelled = label_cells(page)
    assert '<td colspan="2" data-label="A">1</td><td data-label="B &#34;b&#34;">2</td><td>3</td>' in labelled


def test_bars_tables_without_a_head_and_other_text_stay_as_they_are():
    for page in (
        '<table class="bars"><thead><tr><th>Age</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>',
        "<table><tbody><tr><td>1</td></tr></tbody></table>",
        "<p>&lt;table&gt;&lt;td&gt;</p>",
    ):
        assert label_cells(page) == page


def test_every_table_of_a_page_has_its_own_headings():
    other = "<table><thead><tr><th>Other</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    labelled = label_cells(TABLE + other)
    assert labelled.count("data-stacks") == 2
    assert labelled.endswith('<tr><td data-label="Other">1</td></tr></tbody></table>')
