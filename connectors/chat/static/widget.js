/*! Fernamt web chat. MIT License. Copyright (c) 2026 the Fernamt authors.
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
 * documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
 * rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
 * persons to whom the Software is furnished to do so, subject to the following conditions: the above copyright notice
 * and this permission notice shall be included in all copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
 * WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
 * COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
 * OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
 *
 * <script src="https://hub.example.org/in/NAME/widget.js" async></script>
 *
 * One file, no third party, no cookie, no inline style or script: the page's policy needs script-src and connect-src
 * with the hub's origin. Nothing is sent before somebody opens the chat.
 */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || !("attachShadow" in Element.prototype) || !("adoptedStyleSheets" in Document.prototype)) return;
  const base = new URL(".", script.src).href;
  const store = `fernamt-chat:${base}`;

  const WORDS = {
    de: {
      open: "Chat öffnen", unread: "Chat öffnen, neue Nachrichten: ", close: "Chat schließen", title: "Chat",
      log: "Unterhaltung", label: "Ihre Nachricht", send: "Senden", attach: "Datei anhängen", remove: "Datei entfernen",
      you: "Sie", us: "Wir", sending: "wird gesendet …", failed: "Nicht gesendet.", retry: "Noch einmal versuchen",
      offline: "Keine Verbindung. Wir versuchen es weiter.", slow: "Das waren viele Nachrichten. Bitte einen Moment warten.",
      large: "Die Dateien sind zu groß. Zusammen sind erlaubt: ", refused: "Das wurde nicht angenommen: ",
      gone: "Die Datei ist nicht mehr da.", forget: "Verlauf auf diesem Gerät vergessen", privacy: "Datenschutz",
      forgotten: "Der Verlauf ist auf diesem Gerät vergessen.", choices: "Vorschläge",
    },
    en: {
      open: "Open chat", unread: "Open chat, new messages: ", close: "Close chat", title: "Chat",
      log: "Conversation", label: "Your message", send: "Send", attach: "Attach a file", remove: "Remove file",
      you: "You", us: "We", sending: "sending …", failed: "Not sent.", retry: "Try again",
      offline: "No connection. We keep trying.", slow: "Those were many messages. Please wait a moment.",
      large: "The files are too large. Together they may have: ", refused: "That was not accepted: ",
      gone: "The file is not there any more.", forget: "Forget this chat on this device", privacy: "Privacy",
      forgotten: "The chat is forgotten on this device.", choices: "Suggestions",
    },
  };
  const language = (document.documentElement.lang || navigator.language || "en").slice(0, 2) === "de" ? "de" : "en";
  const t = WORDS[language];

  const STYLE = `
    :host { all: initial; }
    * { box-sizing: border-box; font: inherit; color: inherit; }
    .root { --accent: #1d4f91; --ground: #fff; --text: #1c2127; --quiet: #565e68; --line: #c3c9d1; --theirs: #eef1f5;
      --wrong: #a3201c; font: 16px/1.5 system-ui, sans-serif; color: var(--text); text-align: left; }
    button { cursor: pointer; border: 0; background: none; padding: 0; margin: 0; }
    :focus-visible { outline: 3px solid var(--focus, var(--accent)); outline-offset: 2px; }
    .opener { position: fixed; right: 16px; bottom: 16px; z-index: 2147483000; width: 56px; height: 56px; border-radius: 28px;
      background: var(--accent); color: #fff; box-shadow: 0 2px 10px rgb(0 0 0 / .3); --focus: var(--text);
      border: 2px solid #fff; display: grid; place-items: center; }
    .opener svg, .icon svg { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 1.8;
      stroke-linejoin: round; stroke-linecap: round; }
    .count { position: absolute; top: -6px; right: -6px; min-width: 24px; height: 24px; border-radius: 12px; padding: 0 6px;
      background: var(--wrong); color: #fff; font-size: 14px; line-height: 24px; text-align: center; }
    .panel { position: fixed; right: 16px; bottom: 84px; z-index: 2147483000; width: 380px; max-width: calc(100vw - 32px);
      height: 580px; max-height: calc(100vh - 100px); max-height: calc(100dvh - 100px); display: flex;
      flex-direction: column; background: var(--ground); border: 1px solid var(--line); border-radius: 10px;
      overflow: hidden; box-shadow: 0 6px 28px rgb(0 0 0 / .28); animation: rise .16s ease-out; }
    @keyframes rise { from { transform: translateY(12px); opacity: 0; } }
    [hidden] { display: none !important; }
    header { display: flex; align-items: center; gap: 8px; padding: 6px 6px 6px 16px; background: var(--accent); color: #fff;
      --focus: #fff; }
    header :focus-visible { outline-offset: -3px; }
    h2 { flex: 1; margin: 0; font-size: 17px; font-weight: 600; overflow-wrap: anywhere; }
    .icon { width: 40px; height: 40px; display: grid; place-items: center; border-radius: 6px; }
    .note { margin: 0; padding: 8px 16px; font-size: 14px; color: var(--quiet); border-bottom: 1px solid var(--line); }
    .note a, .said a { color: inherit; text-decoration: underline; overflow-wrap: anywhere; }
    .log { flex: 1; overflow-y: auto; padding: 12px 16px; overscroll-behavior: contain; }
    .log:focus-visible { outline-offset: -3px; }
    .row { margin: 0 0 10px; display: flex; flex-direction: column; align-items: flex-start; }
    .row.you { align-items: flex-end; }
    .said { max-width: 88%; margin: 0; padding: 8px 12px; border-radius: 10px; background: var(--theirs);
      white-space: pre-wrap; overflow-wrap: anywhere; }
    .you .said { background: var(--accent); color: #fff; }
    .meta { font-size: 13px; color: var(--quiet); }
    .meta.wrong, .status.wrong { color: var(--wrong); }
    .link { text-decoration: underline; min-height: 24px; }
    .file { display: block; text-align: left; text-decoration: underline; min-height: 28px; overflow-wrap: anywhere; }
    .choices { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 6px; padding: 0; list-style: none; }
    .choices button { min-height: 36px; padding: 4px 14px; border: 1px solid var(--accent); border-radius: 18px;
      color: var(--strong, var(--accent)); background: var(--ground); overflow-wrap: anywhere; }
    .status { margin: 0; padding: 0 16px; font-size: 14px; color: var(--quiet); min-height: 0; }
    .picked { display: flex; flex-wrap: wrap; gap: 6px; margin: 0; padding: 6px 12px 0; list-style: none; font-size: 14px; }
    .picked li { display: flex; align-items: center; border: 1px solid var(--line); border-radius: 6px; padding-left: 8px; }
    .picked span { overflow-wrap: anywhere; }
    .picked button { width: 32px; height: 32px; }
    form { display: flex; align-items: flex-end; gap: 6px; padding: 10px 12px 4px; }
    textarea { flex: 1; min-width: 0; min-height: 44px; max-height: 120px; resize: none; padding: 9px 10px;
      border: 1px solid var(--edge, #767f8a); border-radius: 6px; background: var(--ground); }
    .send { min-height: 44px; padding: 0 14px; border-radius: 6px; background: var(--accent); color: #fff; }
    .attach { width: 44px; height: 44px; border-radius: 6px; display: grid; place-items: center; cursor: pointer; }
    .attach svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.6; }
    .attach input { position: absolute; opacity: 0; width: 44px; height: 44px; cursor: pointer; }
    .attach:focus-within { outline: 3px solid var(--accent); outline-offset: 2px; }
    .foot { margin: 0; padding: 0 12px 8px; font-size: 13px; color: var(--quiet); }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    @media (max-width: 480px) {
      .panel { inset: 0; width: auto; max-width: none; height: auto; max-height: none; border: 0; border-radius: 0; }
      .opener.over { display: none; }
    }
    @media (prefers-color-scheme: dark) {
      .root { --ground: #191d22; --text: #e8ebef; --quiet: #aab3bd; --line: #3c444d; --theirs: #2a3038; --wrong: #ff9d97;
        --edge: #8a949f; --strong: #b7d0f5; }
      .choices button { border-color: var(--strong); }
      .attach:focus-within, .panel { --focus: #b7d0f5; }
      .count { color: #191d22; }
    }
    @media (prefers-reduced-motion: reduce) { .panel { animation: none; } }
    @media (forced-colors: active) { .opener, .send, .said, .choices button { border: 1px solid; } }
  `;

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "class") element.className = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };
  const draw = (path) => {
    const space = "http://www.w3.org/2000/svg";
    const picture = document.createElementNS(space, "svg");
    picture.setAttribute("viewBox", "0 0 20 20");
    picture.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(space, "path");
    line.setAttribute("d", path);
    picture.append(line);
    return picture;
  };
  const wait = (seconds) => new Promise((go) => setTimeout(go, seconds * 1000));
  const keep = {
    token: "",
    read() { try { return localStorage.getItem(store) || this.token; } catch { return this.token; } },
    write(token) {
      this.token = token;
      try { if (token) localStorage.setItem(store, token); else localStorage.removeItem(store); } catch { /* this visit only */ }
    },
  };
  const identifier = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

  let token = keep.read();
  let facts = null;
  let last = 0;
  let seen = 0;
  let unread = 0;
  let listening = null;
  let life = 0; // counts how often the chat was begun anew on this page
  let open = null;
  let picked = [];
  const rows = new Map();

  // A text/plain body is a "simple request": no preflight.
  const post = (path, body, options = {}) =>
    fetch(base + path, { method: "POST", body: JSON.stringify({ token, language, ...body }), credentials: "omit", ...options });

  // The page

  const host = make("div");
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];
  const count = make("span", { class: "count", "aria-hidden": "true", hidden: true });
  const opener = make("button", { class: "opener", type: "button", "aria-expanded": "false", "aria-haspopup": "dialog", "aria-label": t.open, onclick: () => toggle() },
    draw("M4 4h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-5l-4 3.500V13H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z"), count);
  const title = make("h2", { id: "title" }, t.title);
  const note = make("p", { class: "note", hidden: true });
  const log = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t.log, tabindex: "0" });
  const status = make("p", { class: "status", role: "status" });
  const shelf = make("ul", { class: "picked", hidden: true });
  const area = make("textarea", { id: "text", rows: "1", maxlength: "4000", autocomplete: "off" });
  const chooser = make("input", { type: "file", multiple: true, "aria-label": t.attach });
  const attach = make("label", { class: "attach", title: t.attach, hidden: true },
    draw("M13 7.500 8 12.500a1.500 1.500 0 0 0 2 2l5.500-5.500a3 3 0 0 0-4.300-4.300L5.500 10.500a4.500 4.500 0 0 0 6.400 6.400"), chooser);
  const form = make("form", {}, make("label", { class: "unseen", for: "text" }, t.label), area, attach, make("button", { class: "send", type: "submit" }, t.send));
  const forget = make("button", { class: "link", type: "button", onclick: () => forgetAll() }, t.forget);
  const foot = make("p", { class: "foot" }, forget);
  const panel = make("div", { class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true },
    make("header", {}, title, make("button", { class: "icon", type: "button", "aria-label": t.close, title: t.close, onclick: () => toggle(false) }, draw("M5 5l10 10M15 5 5 15"))),
    note, log, status, shelf, form, foot);
  const root = make("div", { class: "root", lang: language }, opener, panel);
  shadow.append(root);

  const say = (text, wrong = false) => {
    status.textContent = text;
    status.classList.toggle("wrong", wrong);
  };
  const countUnread = (number) => {
    unread = number;
    count.hidden = number === 0;
    count.textContent = String(number);
    opener.setAttribute("aria-label", panel.hidden && number ? t.unread + number : panel.hidden ? t.open : t.close);
  };

  function toggle(open = panel.hidden) {
    panel.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    opener.classList.toggle("over", open);
    countUnread(open ? 0 : unread);
    if (!open) return opener.focus();
    area.focus();
    begin().then(tellSeen);
    log.scrollTop = log.scrollHeight;
  }
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") toggle(false);
  });

  // Lines

  const speak = (text) => {
    const said = make("p", { class: "said" });
    for (const part of text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/)) {
      said.append(/^https?:\/\//.test(part) ? make("a", { href: part, rel: "noopener noreferrer nofollow", target: "_blank" }, part) : part);
    }
    return said;
  };
  const locale = [navigator.language, ...navigator.languages].find((one) => one.startsWith(language)) || language;
  const clock = (at) => new Date(at).toLocaleTimeString(locale, { hour: "numeric", minute: "2-digit" });
  const megabytes = (bytes) => {
    const [size, unit] = bytes < 1048576 ? [Math.ceil(bytes / 1024), "KB"] : [bytes / 1048576, "MB"];
    return `${size.toLocaleString(locale, { maximumFractionDigits: 1 })} ${unit}`;
  };

  function show(line) {
    const near = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    const row = make("div", { class: `row ${line.who}` });
    row.append(make("span", { class: "unseen" }, `${line.who === "you" ? t.you : facts?.title || t.us}: `));
    if (line.text) row.append(speak(line.text));
    line.files.forEach((file, index) => {
      const name = `${file.name} (${megabytes(file.size)})`;
      row.append(line.who === "us" ? make("button", { class: "file", type: "button", onclick: () => fetchFile(line, index, file.name) }, name) : make("span", { class: "meta" }, name));
    });
    if (line.at) row.append(make("time", { class: "meta", datetime: line.at }, clock(line.at)));
    const before = rows.get(line.id);
    if (!before) log.querySelectorAll(".choices").forEach((old) => old.remove());
    if (line.choices.length) {
      row.append(make("ul", { class: "choices", "aria-label": t.choices }, ...line.choices.map((word) => make("li", {}, make("button", { type: "button", onclick: () => { area.focus(); send(word, []); } }, word)))));
    }
    if (before) before.replaceWith(row);
    else log.append(row);
    rows.set(line.id, row);
    if (near || line.who === "you") log.scrollTop = log.scrollHeight;
    return row;
  }

  function take(line) {
    if (line.number <= last) return;
    last = line.number;
    show(line);
    if (line.who !== "us") return;
    if (!panel.hidden) tellSeen();
    else if (line.number > seen) countUnread(unread + 1);
  }

  function tellSeen() {
    if (panel.hidden || !token || last <= seen) return;
    const number = last;
    post("seen", { number }).then((answer) => { if (answer.ok) seen = Math.max(seen, number); }).catch(() => { /* told with the next line */ });
  }

  async function fetchFile(line, index, name) {
    const answer = await post("file", { number: line.number, index }).catch(() => null);
    if (!answer || !answer.ok) return say(t.gone, true);
    const link = make("a", { href: URL.createObjectURL(await answer.blob()), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // Talking to the hub

  let beginning = null;
  function begin() {
    beginning ||= start().finally(() => { beginning = null; });
    return beginning;
  }

  async function start() {
    if (facts) return true;
    const answer = await post("start", {}).catch(() => null);
    if (!answer || !answer.ok) {
      say(t.offline, true);
      return false;
    }
    facts = await answer.json();
    if (token && facts.token.split(".")[0] !== token.split(".")[0]) last = seen = 0;
    token = facts.token;
    keep.write(token);
    title.textContent = facts.title || t.title;
    root.style.setProperty("--accent", facts.accent);
    note.replaceChildren(facts.note[language], facts.note[language] && facts.privacy ? " " : "");
    if (facts.privacy) note.append(make("a", { href: facts.privacy, target: "_blank", rel: "noopener" }, t.privacy));
    note.hidden = !note.textContent;
    attach.hidden = !facts.max_file_bytes;
    if (facts.greeting[language] && !rows.has("greeting")) {
      show({ id: "greeting", who: "us", text: facts.greeting[language], at: "", files: [], choices: [] });
    }
    seen = Math.max(seen, facts.seen);
    facts.lines.forEach(take);
    if (status.textContent === t.offline) say("");
    if (!listening) listening = listen();
    return true;
  }

  async function listen() {
    const mine = life;
    let pause = 1;
    let streams = true;
    while (mine === life) {
      const began = Date.now();
      try {
        if (streams) streams = await stream();
        else await poll();
        if (status.textContent === t.offline) say("");
        pause = 1;
      } catch {
        if (mine !== life) return;
        say(t.offline, true);
        pause = Math.min(pause * 2, 60);
        await wait(pause * (0.5 + Math.random()));
        if (mine !== life) return;
        // A token that is not accepted any more shows as a lost connection: foreign pages cannot read a refusal.
        facts = null;
        await begin();
      }
      if (Date.now() - began < 1000) await wait(1);
    }
  }

  async function ask(path, options) {
    const answer = await post(path, { after: last }, options);
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  }

  async function stream() {
    const given = new AbortController();
    open = given;
    let timer = setTimeout(() => given.abort(), 8000);
    let heard = false;
    try {
      const reader = (await ask("stream", { signal: given.signal })).body.getReader();
      const decoder = new TextDecoder();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return true;
        heard = true;
        clearTimeout(timer);
        timer = setTimeout(() => given.abort(), 45_000);
        rest += decoder.decode(value, { stream: true });
        const events = rest.split("\n\n");
        rest = events.pop();
        for (const event of events) if (event.startsWith("data: ")) take(JSON.parse(event.slice(6)));
      }
    } catch (error) {
      // Something between us holds streams back: ask again and again instead.
      if (error.name === "AbortError" && !heard) return false;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async function poll() {
    (await (await ask("poll")).json()).lines.forEach(take);
  }

  const encode = (file) => new Promise((go, fail) => {
    const reader = new FileReader();
    reader.onload = () => go({ name: file.name, type: file.type, data: reader.result.slice(reader.result.indexOf(",") + 1) });
    reader.onerror = fail;
    reader.readAsDataURL(file);
  });

  async function send(text, files, id = identifier()) {
    const waiting = { id, who: "you", text, at: "", files: files.map(({ name, size }) => ({ name, size })), choices: [] };
    const row = show(waiting);
    const meta = make("span", { class: "meta" }, t.sending);
    row.append(meta);
    let answer = null;
    if (await begin()) {
      const body = { id, text, page: location.origin + location.pathname, files: await Promise.all(files.map(encode)) };
      answer = await post("send", body).catch(() => null);
      if (!answer) facts = null;
    }
    if (answer && answer.ok) {
      const line = await answer.json();
      show(line);
      return say("");
    }
    const reason = answer ? await answer.json().catch(() => ({})) : {};
    say(!answer ? t.offline : answer.status === 429 ? t.slow : reason.error ? t.refused + reason.error : t.failed, true);
    // The same id: what did arrive after all is not written twice.
    const again = make("button", { class: "link", type: "button", onclick: () => send(text, files, id) }, t.retry);
    meta.replaceChildren(`${t.failed} `, again);
    meta.classList.add("wrong");
  }

  function forgetAll() {
    keep.write("");
    life += 1;
    open?.abort();
    token = "";
    facts = listening = null;
    last = seen = 0;
    rows.clear();
    log.replaceChildren();
    note.replaceChildren();
    pick([]);
    say(t.forgotten);
    area.focus();
  }

  // Writing

  function pick(files) {
    picked = files;
    shelf.hidden = !files.length;
    shelf.replaceChildren(...files.map((file) => make("li", {}, make("span", {}, file.name),
      make("button", { type: "button", "aria-label": `${t.remove}: ${file.name}`, onclick: () => { pick(picked.filter((one) => one !== file)); area.focus(); } }, "×"))));
  }
  chooser.addEventListener("change", () => {
    const files = [...picked, ...chooser.files].slice(0, 5);
    chooser.value = "";
    if (files.reduce((sum, file) => sum + file.size, 0) > facts.max_file_bytes) return say(t.large + megabytes(facts.max_file_bytes), true);
    say("");
    pick(files);
    area.focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = area.value.trim();
    if (!text && !picked.length) return;
    const files = picked;
    area.value = "";
    area.style.height = "";
    pick([]);
    hush();
    send(text, files);
  });
  let typing = 0;
  const hush = () => {
    if (typing) post("typing", { on: false }).catch(() => { /* of the moment */ });
    typing = 0;
  };
  area.addEventListener("input", () => {
    area.style.height = "";
    area.style.height = `${Math.min(area.scrollHeight + 2, 120)}px`;
    if (!token || Date.now() - typing < 10_000) return;
    typing = Date.now();
    post("typing", { on: true }).catch(() => { /* of the moment */ });
  });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });

  const place = () => {
    document.body.append(host);
    if (token) begin(); // whoever has written before sees that there is an answer
  };
  if (document.body) place();
  else document.addEventListener("DOMContentLoaded", place);
})();
