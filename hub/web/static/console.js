// Fernamt's console: live updates, loading while scrolling, the quick box. Everything else works without script.
"use strict";
(() => {
  const body = document.body;
  const announce = (text) => {
    const line = document.getElementById("announce");
    if (line) { line.textContent = ""; requestAnimationFrame(() => { line.textContent = text; }); }
  };
  const failed = () => announce(body.dataset.saidFailed || "");

  // The reader's own zone, for the next page that the server writes.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  if (/^[A-Za-z0-9_+\-/]{1,60}$/.test(zone) && !document.cookie.includes(`zone=${zone}`)) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  async function fetchFragment(url, options = {}) {
    const answer = await fetch(url, { credentials: "same-origin", ...options });
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") {
      location.assign("/sign-in?next=" + encodeURIComponent(location.pathname + location.search));
      throw new Error("signed out");
    }
    if (!answer.ok) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  // Somebody who is typing or has opened something inside keeps what they see; the rest is brought up to date.
  const busy = (element) => {
    const active = document.activeElement;
    const writing = active && element.contains(active) && active.matches("input, textarea, select");
    return writing || element.querySelector("details[open], :popover-open") !== null;
  };

  // Merge by id: known rows are replaced where they changed, unknown ones are put where the order wants them.
  function merge(target, source) {
    const bottom = target.closest("[data-scroll]");
    const atEnd = !bottom || Math.abs(bottom.scrollTop) < 80;
    let last = null, fresh = 0;
    for (const row of [...source.children]) {
      if (!row.id || row.id === "older") continue;
      const known = target.querySelector(`:scope > [id="${CSS.escape(row.id)}"]`);
      if (known) {
        if (known.innerHTML !== row.innerHTML && !busy(known)) { known.replaceWith(row); last = row; } else last = known;
        continue;
      }
      if (row.matches(".entry")) { row.classList.add("fresh"); fresh += 1; }
      const follower = last ? last.nextSibling : nextKnown(target, row);
      target.insertBefore(row, follower);
      last = row;
    }
    if (fresh) announce(body.dataset.saidNew || "");
    if (fresh && atEnd && bottom && getComputedStyle(bottom).overflowY === "visible") last?.scrollIntoView({ block: "nearest" });
  }
  function nextKnown(target, row) {
    for (let next = row.nextElementSibling; next; next = next.nextElementSibling) {
      const known = next.id && next.id !== "older" && target.querySelector(`:scope > [id="${CSS.escape(next.id)}"]`);
      if (known) return known;
    }
    return null;
  }

  // A list that was scrolled on keeps its length: known lines are brought up to date, new ones come on top.
  function mergeList(part, source) {
    const list = part.querySelector(".list");
    for (const line of [...source.querySelectorAll(".list > li")].reverse()) {
      const known = line.id && document.getElementById(line.id);
      if (known && known.innerHTML !== line.innerHTML) known.replaceWith(line);
      else if (!known) list?.prepend(line);
    }
  }

  // Live parts: <div data-live="topics" data-src="url" [data-merge] [data-pick="#part"]>.
  const timers = new Map();
  async function refresh(part) {
    try {
      const page = await fetchFragment(part.dataset.src);
      const source = part.dataset.pick ? page.querySelector(part.dataset.pick) : page.body;
      if (!source) return;
      if ("merge" in part.dataset) merge(part, source);
      else if (part.dataset.grown) mergeList(part, source);
      else if (!busy(part) && part.innerHTML !== source.innerHTML) {
        const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        part.replaceChildren(...source.childNodes);
        if (focused) part.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
        watch(part);
      }
    } catch { /* the event stream says that the line is down; the next event tries again */ }
  }
  function schedule(part) {
    if (timers.has(part)) return;
    timers.set(part, setTimeout(() => { timers.delete(part); refresh(part); }, 120));
  }
  const parts = (topic) => [...document.querySelectorAll("[data-live]")]
    .filter((part) => topic === "lagged" || part.dataset.live.split(" ").includes(topic));

  if (body.dataset.events && "EventSource" in window) {
    const live = document.getElementById("live");
    const say = (on) => {
      live.classList.toggle("off", !on);
      const text = on ? live.dataset.on : live.dataset.off;
      if (live.textContent !== text) live.textContent = text;
    };
    const source = new EventSource(body.dataset.events);
    let lost = false;
    source.onopen = () => { say(true); if (lost) parts("lagged").forEach(schedule); lost = false; body.dataset.listening = "yes"; };
    source.onerror = () => { lost = true; say(false); };
    for (const topic of ["timeline", "conversation", "outbox", "channel", "quarantine", "contact", "lagged"]) {
      source.addEventListener(topic, () => parts(topic).forEach(schedule));
    }
    window.addEventListener("pagehide", () => source.close());
  }

  // Older entries and further rows: plain links, followed by themselves when they come into view.
  async function follow(link) {
    if (link.dataset.busy) return;
    link.dataset.busy = "yes";
    try {
      const paragraph = link.closest(".older");
      if ("older" in link.dataset) {
        const page = await fetchFragment(link.href + "&part=stream");
        const scroller = paragraph.closest("[data-scroll]");
        const before = document.documentElement.scrollHeight;
        const stream = paragraph.parentElement;
        const onTop = paragraph === stream.firstElementChild;
        for (const row of [...page.body.children]) {
          const known = row.id !== "older" && row.id && document.getElementById(row.id);
          if (!known) { paragraph.before(row); continue; }
          if (onTop && known.matches(".day")) { known.remove(); paragraph.before(row); }
        }
        paragraph.remove();
        if (onTop && scroller && getComputedStyle(scroller).overflowY === "visible") {
          window.scrollBy(0, document.documentElement.scrollHeight - before);
        }
        watch(stream);
      } else {
        const page = await fetchFragment(link.href);
        const list = paragraph.previousElementSibling;
        const scope = paragraph.closest("[aria-labelledby]") || paragraph.parentElement;
        const fetched = list.id ? page.getElementById(list.id) : page.querySelector(`.${[...scope.classList].join(".") || "page"} .list`);
        const next = page.querySelector("[data-more]")?.closest(".older");
        list.append(...(fetched ? fetched.children : []));
        const part = list.closest("[data-live]");
        if (part) part.dataset.grown = "yes";
        if (next) { paragraph.replaceWith(next); watch(next.parentElement); } else paragraph.remove();
      }
    } catch { delete link.dataset.busy; failed(); }
  }
  const sight = "IntersectionObserver" in window
    ? new IntersectionObserver((seen) => seen.filter((s) => s.isIntersecting).forEach((s) => { sight.unobserve(s.target); follow(s.target); }), { rootMargin: "200px" })
    : null;
  function watch(root) {
    root.querySelectorAll("[data-older], [data-more]").forEach((link) => {
      // In a conversation the link stands on top: it is in view at once on a small page and must wait for a scroll.
      if (sight && !(link.closest("[data-scroll]"))) sight.observe(link);
    });
  }
  watch(document);
  document.querySelectorAll("[data-scroll]").forEach((area) => {
    area.addEventListener("scroll", () => {
      const link = area.querySelector("[data-older]");
      if (link && link.getBoundingClientRect().bottom > area.getBoundingClientRect().top - 200) follow(link);
    }, { passive: true });
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-older], [data-more]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); follow(link); }
  });

  // Writing: fields that grow, Ctrl Enter sends, files by drop, one sending at a time.
  const grow = (field) => { field.style.height = "auto"; field.style.height = `${field.scrollHeight + 2}px`; };
  document.querySelectorAll("textarea[data-grow]").forEach((field) => {
    if (field.value) grow(field);
    field.addEventListener("input", () => grow(field));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });
  document.querySelectorAll("[data-composer]").forEach((form) => {
    const files = form.querySelector("input[type=file]");
    const label = files?.closest("label").querySelector("span");
    const empty = label?.textContent;
    files?.addEventListener("change", () => {
      label.textContent = files.files.length ? [...files.files].map((file) => file.name).join(", ") : empty;
    });
    form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("dropping"); });
    form.addEventListener("dragleave", () => form.classList.remove("dropping"));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("dropping");
      if (files && event.dataTransfer.files.length) { files.files = event.dataTransfer.files; files.dispatchEvent(new Event("change")); }
    });
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent && !form.matches("[data-ask], [data-quick-ask], [method=get]")) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 4000);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; }));
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
  });

  // The assistant: the new line alone instead of the whole page.
  async function ask(form, text, into) {
    const nonce = form.querySelector("[name=nonce]");
    const data = new URLSearchParams({ text, part: "line", nonce: nonce.value });
    nonce.value = crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2);
    const page = await fetchFragment("/assistant", { method: "POST", body: data });
    const line = page.querySelector(".turn");
    if (into.matches("ol")) { document.querySelector(".chat .nothing")?.remove(); into.append(line); } else into.replaceChildren(line);
    line.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const inBox = form.closest("#quickbox") !== null;
    if (!form.matches("[data-ask], [data-quick-ask]")) return;
    const into = inBox ? document.getElementById("quickbox-found") : document.getElementById("turns");
    const field = form.querySelector("input[name=text]");
    const text = event.submitter?.name === "text" ? event.submitter.value : field?.value.trim();
    if (!into || !text) return;
    event.preventDefault();
    try {
      await ask(form, text, into);
      if (field) field.value = "";
      (inBox ? document.getElementById("quickbox-text") : document.getElementById("text"))?.focus();
    } catch { failed(); form.submit(); }
  });

  // Ctrl or Cmd K: one box for search and for the bot.
  const box = document.getElementById("quickbox");
  const boxText = document.getElementById("quickbox-text");
  const found = document.getElementById("quickbox-found");
  if (box) {
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); box.showModal(); boxText.select(); }
    });
    box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
    let waiting = 0;
    boxText.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(async () => {
        const text = boxText.value.trim();
        if (text.length < 2) { found.replaceChildren(); return; }
        try {
          const page = await fetchFragment("/find?q=" + encodeURIComponent(text));
          if (boxText.value.trim() === text) found.replaceChildren(...page.body.childNodes);
        } catch { /* asking and searching still work */ }
      }, 150);
    });
    box.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      const stops = [boxText, ...found.querySelectorAll("a, button")];
      const at = stops.indexOf(document.activeElement);
      event.preventDefault();
      stops[(at + step + stops.length) % stops.length]?.focus();
    });
  }

  // A conversation is read from its end.
  if (document.querySelector("[data-scroll]") && !location.hash && matchMedia("(max-width: 67.99rem)").matches) {
    window.scrollTo(0, document.documentElement.scrollHeight);
  }
})();
