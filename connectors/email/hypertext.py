"""HTML bodies: their text, and a rendering that is safe to show.

nh3 (the ammonia sanitiser over a browser's parser) reads whatever HTML it is given and writes it back well-formed, so
that the text can be taken from a known vocabulary of tags. Its time grows with the square of the nesting depth and of
the number of ampersands, hence both are measured first.
"""

import html
import re

MAX_HTML = 1024 * 1024
"""Characters of HTML that are read."""
_MAX_NESTING = 400
_MAX_ENTITIES = 50_000

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_ANY_TAG = re.compile(r"<[^<>]*>?")
_DROPPED = re.compile(r"<(script|style|head|title)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_UNCOUNTED = frozenset(
    {"br", "img", "hr", "meta", "link", "input", "p", "li", "td", "tr", "th", "col", "area", "wbr", "o"}
)
_BREAKING = {"p", "div", "blockquote", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr"}
_SPACED = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table", "ul", "ol", "pre"}
_TEXT_TAGS = _BREAKING | {"br", "td", "th"}
_CONTENT_DROPPED = {"script", "style", "title", "head"}
_TOKEN = re.compile(r"<(/?)([a-z0-9]+)[^>]*>|([^<]+)")
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_SHOWN_TAGS = {
    *("a", "abbr", "address", "article", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite"),
    *("code", "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre"),
    *("q", "s", "samp", "section", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot"),
    *("th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr"),
}
_SHOWN_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href", "target"},
    "img": {"alt", "width", "height"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
    "td": {"colspan", "rowspan", "align", "valign", "width"},
    "th": {"colspan", "rowspan", "align", "valign", "width", "scope"},
    "ol": {"start", "type"},
    "font": {"color"},
}


def _is_hostile(markup: str) -> bool:
    """Whether reading it properly would take unreasonably long."""
    if markup.count("&") > _MAX_ENTITIES:
        return True
    depth = 0
    for closing, name in _TAG.findall(markup):
        if name.lower() in _UNCOUNTED:
            continue
        depth += -1 if closing else 1
        if depth > _MAX_NESTING:
            return True
        depth = max(depth, 0)
    return False


def _strip_tags(markup: str) -> str:
    return html.unescape(_ANY_TAG.sub(" ", _DROPPED.sub(" ", markup)))


def text_of_html(markup: str, problems: list[str]) -> str:
    """The readable text. Quotations (blockquote) carry `> ` as in plain mail. Never raises."""
    if len(markup) > MAX_HTML:
        markup = markup[:MAX_HTML]
        problems.append("The HTML text is longer than 1 MB; the rest is left out.")
    if _is_hostile(markup):
        problems.append("The HTML text is built to take unreasonably long; only its words are shown.")
        return _strip_tags(markup)
    import nh3

    plain = nh3.clean(
        markup, tags=_TEXT_TAGS, attributes={}, clean_content_tags=_CONTENT_DROPPED, link_rel=None, strip_comments=True
    )
    return _Layout().lay_out(plain)


class _Layout:
    """Turns the well-formed remainder into lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.preformatted = 0
        self.gap = False
        self.last_quotes = 0

    def lay_out(self, markup: str) -> str:
        for closing, name, text in _TOKEN.findall(markup):
            if text:
                self._add(html.unescape(text))
            elif name == "br":
                self._break(keep_empty=True)
            elif name in {"td", "th"}:
                if closing:
                    self._add(" ")
            else:
                self._block(name, bool(closing))
        self._break()
        return "\n".join(self.lines).strip("\n")

    def _block(self, name: str, closing: bool) -> None:
        self._break()
        self.gap = self.gap or name in _SPACED
        if name == "blockquote":
            self.quotes = max(0, self.quotes + (-1 if closing else 1))
        elif name == "pre":
            self.preformatted = max(0, self.preformatted + (-1 if closing else 1))
        elif name == "li" and not closing:
            self.line.append("- ")

    def _add(self, text: str) -> None:
        if not self.preformatted:
            self.line.append(_BLANKS.sub(" ", text))
            return
        first, *rest = text.replace("\r\n", "\n").split("\n")
        self.line.append(first)
        for more in rest:
            self._break(keep_empty=True)
            self.line.append(more)

    def _break(self, keep_empty: bool = False) -> None:
        joined = "".join(self.line).replace("\xa0", " ")
        line = joined.rstrip() if self.preformatted else _BLANKS.sub(" ", joined).strip()
        self.line.clear()
        if not line and not keep_empty:
            return
        # More than a few levels of quotation help nobody, and cost a prefix a line.
        quotes = min(self.quotes, 10)
        if self.gap and self.lines:
            self.lines.append(("> " * min(quotes, self.last_quotes)).rstrip())
        self.gap, self.last_quotes = False, quotes
        self.lines.append("> " * quotes + line)


def _shown_attribute(tag: str, attribute: str, value: str) -> str | None:
    return value[:2000]


def sanitise_html(markup: str) -> str:
    """HTML that is safe to show inside the console: no scripts, styles, forms or ids; pictures keep their alternative
    text but load nothing (`cid:` and remote alike: a remote picture tells the sender that we looked); links open
    apart and carry `rel="noopener noreferrer nofollow"`. At most 1 MB is read."""
    markup = markup[:MAX_HTML]
    if _is_hostile(markup):
        return f"<pre>{html.escape(_strip_tags(markup))}</pre>"
    import nh3

    return nh3.clean(
        markup,
        tags=_SHOWN_TAGS,
        attributes=_SHOWN_ATTRIBUTES,
        attribute_filter=_shown_attribute,
        clean_content_tags=_CONTENT_DROPPED,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
