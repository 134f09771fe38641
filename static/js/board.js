// The live board: keeps itself up to date by the portal's stream, or by asking now and then where there is none.
(() => {
  "use strict";
  const board = document.getElementById("board");
  if (!board) return;
  const { stream, poll, live, late, polling, lost } = board.dataset;
  const numbers = (text) => new Set((text || "").split(" ").filter(Boolean));
  const own = numbers(board.dataset.own), favourites = numbers(board.dataset.favourites);
  const state = document.getElementById("board-state"), said = document.getElementById("board-said");
  const lists = Object.fromEntries([...board.querySelectorAll("[data-section]")].map((list) => [list.dataset.section, list]));

  // --- Time: counted by the portal's clock, whatever the reader's own says ------------------------------------------

  let ahead = Date.parse(board.dataset.now) - Date.now();
  const now = () => Date.now() + ahead;
  const two = (number) => String(number).padStart(2, "0");
  const length = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds)), hours = Math.floor(whole / 3600);
    const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
    return hours ? `${hours}:${rest}` : rest;
  };
  const runTimers = (within) => {
    for (const time of within.querySelectorAll("time[data-running]")) {
      const text = length((now() - Date.parse(time.dateTime)) / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
  };

  // --- Pieces: only what changed is put anew, and the focus stays where it was --------------------------------------

  const shown = new Map();
  let order = {};
  const made = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  };
  const prepare = (piece) => {
    const mine = (piece.dataset.extensions || "").split(" ").some((pk) => own.has(pk));
    const acts = piece.querySelector("[data-acts]");
    if (acts && board.dataset.reach === "own") acts.hidden = !mine;
    runTimers(piece);
  };
  const focused = () => {
    const at = document.activeElement;
    return at && board.contains(at) && at.id ? { id: at.id, item: at.closest("[data-pk]")?.id } : null;
  };
  const refocus = (was) => {
    if (!was || document.activeElement?.id === was.id) return;
    const again = document.getElementById(was.id);
    const to = again && !again.disabled && again.checkVisibility() ? again : document.getElementById(was.item);
    if (to) to.focus({ preventScroll: true });
  };
  const put = (key, html) => {
    if (shown.get(key) === html) return;
    shown.set(key, html);
    const fresh = made(html), stale = document.getElementById(key);
    prepare(fresh);
    if (stale) stale.replaceWith(fresh);
    else lists[section(key)]?.append(fresh);
  };
  const section = (key) => ({ note: "notes", call: "calls", tile: "tiles" })[key.split("-")[0]];
  const arranged = (name, keys) => {
    if (name !== "tiles") return keys;
    const first = (key) => favourites.has(key.slice(5));
    return [...keys.filter(first), ...keys.filter((key) => !first(key))];
  };
  const arrange = (name) => {
    const list = lists[name], keys = arranged(name, order[name] || []), wanted = new Set(keys);
    for (const piece of [...list.children]) if (!wanted.has(piece.id)) { shown.delete(piece.id); piece.remove(); }
    keys.forEach((key, place) => {
      const piece = document.getElementById(key);
      if (piece && list.children[place] !== piece) list.insertBefore(piece, list.children[place] || null);
    });
  };
  const apply = (told) => {
    const was = focused(), place = was && position(was.item);
    for (const [key, html] of Object.entries(told.pieces || {})) put(key, html);
    if (told.order) { order = { ...order, ...told.order }; for (const name of Object.keys(told.order)) arrange(name); }
    filter();
    refocus(was);
    // What had the focus is gone: the next one has it.
    if (was && !board.contains(document.activeElement)) items()[Math.min(place, items().length - 1)]?.focus({ preventScroll: true });
  };
  const items = () => [...board.querySelectorAll("[data-section] > [data-pk]:not([hidden])")];
  const position = (id) => Math.max(0, items().findIndex((item) => item.id === id));

  // --- Filter -------------------------------------------------------------------------------------------------------

  const find = document.getElementById("board-find"), only = document.getElementById("board-only");
  const filter = () => {
    const words = find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of board.querySelectorAll("[data-find]")) {
      const fits = words.every((word) => item.dataset.find.includes(word));
      item.hidden = !fits || Boolean(only.value && item.dataset.state && item.dataset.state !== only.value);
    }
  };
  find.addEventListener("input", filter);
  only.addEventListener("change", filter);

  // --- How fresh it is ----------------------------------------------------------------------------------------------

  let heard = Date.now(), behind = 0, byPolling = false;
  const BEAT = 5000;
  const tellState = () => {
    const silence = Math.floor((Date.now() - heard) / 1000);
    // Behind since the last beat, and a second more with every second that no beat comes.
    const seconds = Math.round(behind) + (behind ? silence : 0);
    const [text, look] =
      silence * 1000 > 2 * BEAT + 1000 ? [lost.replace("%s", silence), "lost"]
      : seconds >= 2 ? [late.replace("%s", seconds), "late"]
      : byPolling ? [polling, "polling"] : [live, "live"];
    if (state.textContent !== text) state.textContent = text;
    if (state.dataset.look !== look) { state.dataset.look = look; said.textContent = text; }
  };
  const beat = (told) => { heard = Date.now(); ahead = Date.parse(told.now) - heard; behind = told.late; tellState(); };
  setInterval(() => { runTimers(board); tellState(); }, 1000);

  // --- The stream, and asking now and then where there is none ------------------------------------------------------

  const POLL = 3000, LONGEST_WAIT = 60000, HIDDEN = 60000;
  let source = null, wait = 1000, timer = 0, pollTimer = 0;
  const open = () => {
    clearTimeout(timer);
    source?.close();
    if (!stream || !window.EventSource) { startPolling(); return; }
    source = new EventSource(stream);
    source.addEventListener("board", (event) => { stopPolling(); heard = Date.now(); apply(JSON.parse(event.data)); });
    source.addEventListener("beat", (event) => { stopPolling(); wait = 1000; beat(JSON.parse(event.data)); });
    source.addEventListener("error", () => {
      // Not by the browser itself, which gives up for good after a refusal.
      source.close();
      startPolling();
      clearTimeout(timer);
      timer = setTimeout(open, wait * (0.5 + Math.random() / 2));
      wait = Math.min(wait * 2, LONGEST_WAIT);
    });
  };
  const ask = async () => {
    try {
      const answer = await fetch(poll, { headers: { Accept: "application/json" }, redirect: "error" });
      if (answer.status === 404 || answer.status === 403) { location.reload(); return; }
      if (!answer.ok) return;
      const told = await answer.json();
      apply(told);
      beat(told);
    } catch { tellState(); }
  };
  const startPolling = () => {
    if (byPolling) return;
    byPolling = true;
    ask();
    pollTimer = setInterval(ask, POLL);
  };
  const stopPolling = () => { byPolling = false; clearInterval(pollTimer); };
  // A board that nobody sees asks for nothing after a while.
  let sleeping = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(sleeping);
    if (document.hidden) sleeping = setTimeout(() => { clearTimeout(timer); source?.close(); source = null; stopPolling(); }, HIDDEN);
    else if (!source || source.readyState === EventSource.CLOSED) { wait = 1000; open(); }
  });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  document.addEventListener("board-asked", () => { closeDialog(); if (byPolling) ask(); });

  // --- Actions: one form for all buttons, whose key the answer renews ------------------------------------------------

  const act = document.getElementById("act");
  act.addEventListener("submit", (event) => {
    event.preventDefault();
    if (act.dataset.underWay) return;
    const button = event.submitter;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    htmx.ajax("POST", button.formAction, { source: act, swap: "none" }).finally(() => {
      // The board's next picture says whether it is still to be pressed.
      if (!button.isConnected) return;
      setTimeout(() => { button.disabled = false; button.removeAttribute("aria-busy"); }, 1000);
    });
  });

  const dialog = document.getElementById("board-dialog");
  let opener = null;
  const closeDialog = () => { if (dialog.open) dialog.close(); };
  dialog.addEventListener("close", () => { document.getElementById(opener)?.focus({ preventScroll: true }); });
  board.closest("main").addEventListener("click", async (event) => {
    const link = event.target.closest("[data-board-dialog]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      opener = link.id;
      await htmx.ajax("GET", link.getAttribute("href"), { source: dialog, target: "#board-dialog-body", swap: "innerHTML" });
      if (!dialog.open && dialog.querySelector("form")) dialog.showModal();
      dialog.querySelector("input[name=to]")?.focus();
    } else if (event.target.closest("[data-board-close]")) {
      event.preventDefault();
      closeDialog();
    }
  });

  // --- Keys -----------------------------------------------------------------------------------------------------------

  const keysOn = () => {
    try { return localStorage.getItem("keys") !== "off"; } catch { return true; }
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog, .pb-menu")) return;
    const item = document.activeElement?.closest?.("#board [data-pk]");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const all = items(), step = event.key === "ArrowDown" ? 1 : -1;
      const to = all[item ? all.indexOf(item) + step : step > 0 ? 0 : all.length - 1];
      if (to) { event.preventDefault(); to.focus(); }
      return;
    }
    if (!keysOn() || !/^[a-z]$/.test(event.key)) return;
    const press = item?.querySelector(`[data-key="${event.key}"], [data-key="${event.key === "c" ? "call" : ""}"]`);
    const target = press || document.querySelector(`[data-key-anywhere="${event.key}"]`);
    if (target && !target.disabled && target.checkVisibility()) { event.preventDefault(); target.click(); }
  });

  for (const list of Object.values(lists)) {
    order[list.dataset.section] = [...list.children].map((piece) => piece.id);
    for (const piece of list.children) prepare(piece);
  }
  open();
})();
