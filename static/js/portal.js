// What the pages do beyond HTML and htmx. Everything here is an improvement: without it each page still works.
(() => {
  "use strict";
  const body = document.body;
  const on = (event, selector, handler) =>
    document.addEventListener(event, (happened) => {
      const element = happened.target instanceof Element && happened.target.closest(selector);
      if (element) handler(element, happened);
    });

  // --- Toasts ---------------------------------------------------------------------------------------------------

  const toast = (text, tone = "danger") => {
    const place = document.getElementById("toasts");
    for (const shown of place.children) if (shown.dataset.text === text) return;
    const box = document.createElement("div");
    box.className = `pb-toast pb-${tone}`;
    box.dataset.text = text;
    if (tone === "danger") box.setAttribute("role", "alert");
    const words = document.createElement("div");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "pb-close";
    close.dataset.dismissParent = "";
    close.setAttribute("aria-label", body.dataset.dismiss);
    close.textContent = "×";
    box.append(words, close);
    place.append(box);
  };
  // Good news leaves by itself, unless it is being read; whatever needs an answer stays.
  const leave = (box) => setTimeout(() => (box.matches(":hover, :focus-within") ? leave(box) : box.remove()), 8000);
  for (const box of document.querySelectorAll(".pb-toast.pb-success")) leave(box);
  document.addEventListener("htmx:oobAfterSwap", () => {
    for (const box of document.querySelectorAll(".pb-toast.pb-success:not([data-leaving])")) {
      box.dataset.leaving = "";
      leave(box);
    }
  });
  on("click", "[data-dismiss-parent]", (button) => button.parentElement.remove());

  // --- Theme ----------------------------------------------------------------------------------------------------

  const markTheme = () => {
    const choice = window.portalTheme.choice();
    for (const button of document.querySelectorAll("[data-theme-choice]"))
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
  };
  on("click", "[data-theme-choice]", (button) => {
    window.portalTheme.choose(button.dataset.themeChoice);
    markTheme();
    closeMenus();
  });
  markTheme();

  // --- Menus: <details> that close when the reader turns elsewhere ------------------------------------------------

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]"))
      if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details[data-menu]")));
  document.addEventListener("focusin", (event) => closeMenus(event.target.closest("details[data-menu]")));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // On narrow screens the current tab may stand beyond the edge.
  document.querySelector(".pb-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // --- Keys: "?" shows them, "g" and a letter lead to a page; never while something is typed ----------------------

  const keysOn = () => {
    try { return localStorage.getItem("keys") !== "off"; } catch { return true; }
  };
  const keySwitch = document.querySelector("[data-keys-on]");
  if (keySwitch) keySwitch.checked = keysOn();
  on("change", "[data-keys-on]", (box) => {
    try { localStorage.setItem("keys", box.checked ? "on" : "off"); } catch { /* as with the theme */ }
  });
  // The letter is awaited for as long as "g" is remembered; any other key forgets it.
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (!keysOn() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    const follows = Date.now() - going < 1500;
    going = event.key === "g" && !follows ? Date.now() : 0;
    if (event.key === "?") showDialog(document.getElementById("keyboard"));
    else if (event.key === "u") document.querySelector("[data-utc]")?.click();
    else if (follows && /^[a-z]$/.test(event.key)) document.querySelector(`[data-go="${event.key}"]`)?.click();
  });

  // --- Times: the mouse finds UTC under each; this shows it in all of them, to fingers and keyboards too --------------

  const utcSwitch = document.querySelector("[data-utc]");
  const showTimes = () => {
    const utc = utcSwitch?.getAttribute("aria-pressed") === "true";
    for (const time of document.querySelectorAll("time[title]")) {
      time.dataset.local ??= time.textContent;
      time.textContent = utc ? time.title.split(" · ").pop() : time.dataset.local;
    }
  };
  on("click", "[data-utc]", () => {
    utcSwitch.setAttribute("aria-pressed", String(utcSwitch.getAttribute("aria-pressed") !== "true"));
    showTimes();
  });
  document.addEventListener("htmx:afterSettle", () => { if (utcSwitch?.getAttribute("aria-pressed") === "true") showTimes(); });

  // --- Search: "/" goes to the field that finds everything, and from there, while it is empty, to the list's own ----

  const shown = (selector) => [...document.querySelectorAll(selector)].find((field) => field.checkVisibility());
  const everything = document.getElementById("search-field");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || !keysOn() || event.ctrlKey || event.metaKey || event.altKey) return;
    const further = event.target === everything && !everything.value;
    if (!further && event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    const field = (!further && shown("#search-field")) || shown("main input[type=search]");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  });
  if (everything) {
    const panel = document.getElementById("search-panel");
    const options = () => [...panel.querySelectorAll("a[role=option]")];
    const chosen = () => panel.querySelector("[role=option][aria-selected=true]");
    const choose = (option) => {
      chosen()?.setAttribute("aria-selected", "false");
      option?.setAttribute("aria-selected", "true");
      option?.scrollIntoView({ block: "nearest" });
      if (option) everything.setAttribute("aria-activedescendant", option.id);
      else everything.removeAttribute("aria-activedescendant");
    };
    const open = (wanted) => {
      panel.hidden = !wanted || !panel.childElementCount;
      everything.setAttribute("aria-expanded", String(!panel.hidden));
      if (panel.hidden) choose(null);
    };
    const step = (by) => {
      const all = options(), at = all.indexOf(chosen());
      if (panel.hidden) open(true);
      // Before the first and after the last stands the field itself.
      choose(all[at < 0 && by < 0 ? all.length - 1 : at + by]);
    };
    const keys = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Enter: () => chosen()?.click(),
      Escape: () => open(false),
    };
    everything.addEventListener("keydown", (event) => {
      const handled = event.key === "Enter" ? chosen() : event.key === "Escape" ? !panel.hidden : panel.childElementCount;
      if (!keys[event.key] || !handled) return;
      event.preventDefault();
      keys[event.key]();
    });
    everything.addEventListener("focus", () => open(true));
    everything.form.addEventListener("focusout", (event) => { if (!panel.contains(event.relatedTarget)) open(false); });
    // The field keeps the focus while the mouse chooses.
    panel.addEventListener("mousedown", (event) => event.preventDefault());
    panel.addEventListener("htmx:afterSwap", () => {
      document.getElementById("search-said").textContent = panel.firstElementChild?.dataset.said || "";
      open(document.activeElement === everything);
    });
  }

  // --- Dialogs: a popover without this script, a modal with it ----------------------------------------------------

  const showDialog = (dialog) => {
    if (!dialog?.showModal) return false;
    dialog.removeAttribute("popover");
    if (!dialog.open) dialog.showModal();
    return true;
  };
  on("click", "[data-dialog]", (button, event) => {
    if (showDialog(document.getElementById(button.dataset.dialog))) event.preventDefault();
  });
  on("click", "[data-dialog-close]", (button, event) => {
    const dialog = button.closest("dialog");
    if (!dialog.open) return;
    event.preventDefault();
    dialog.close();
  });
  on("click", "dialog.pb-dialog", (dialog, event) => { if (event.target === dialog && dialog.open) dialog.close(); });
  // Answered, well or badly: what is said about it stands on the page, behind the dialog; unless the dialog says so itself.
  document.addEventListener("htmx:afterRequest", (event) => {
    event.detail.requestConfig.elt.closest?.("dialog[open]:not([data-stays])")?.close();
  });

  // --- Copying --------------------------------------------------------------------------------------------------

  on("click", "[data-copy], [data-copy-from]", async (button) => {
    const from = button.dataset.copyFrom;
    const text = from ? document.getElementById(from).textContent : button.dataset.copy;
    const label = button.querySelector("span");
    const before = button.dataset.label || label.textContent;
    button.dataset.label = before;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      selectText(from ? document.getElementById(from) : label);
      return;
    }
    label.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = before; }, 2000);
  });
  // Clipboards are closed to plain-http pages: the reader copies the selection by hand.
  const selectText = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };

  // --- Lists: chosen rows, on this page and on those seen before it -------------------------------------------------

  // What is chosen, by list and filters: another page of them keeps it, another filter begins anew.
  const chosen = new Map();
  const MOST_CHOSEN = 900;
  const selection = () => document.getElementById("selection");
  const everythingBox = () => selection().elements.everything;
  const chosenHere = () => {
    const key = selection().dataset.list;
    if (!chosen.has(key)) { chosen.clear(); chosen.set(key, { ids: new Set(), everything: false }); }
    return chosen.get(key);
  };
  const boxes = () => [...document.querySelectorAll("input[name=pk][form=selection]")];
  const showSelection = () => {
    const bar = selection();
    if (!bar) return;
    const { ids, everything } = chosenHere();
    for (const box of boxes()) box.checked = everything || ids.has(box.value);
    if (everythingBox()) everythingBox().checked = everything;
    const page = document.querySelector("[data-select-page]");
    const ticked = boxes().filter((box) => box.checked).length;
    if (page) {
      page.checked = ticked > 0 && ticked === boxes().length;
      page.indeterminate = ticked > 0 && !page.checked;
    }
    bar.toggleAttribute("data-any", everything || ids.size > 0);
    bar.querySelector("[data-selected-count]").hidden = everything;
    bar.querySelector("[data-selected]").textContent = ids.size.toLocaleString(document.documentElement.lang);
  };
  const choose = (box, ticked) => {
    const { ids } = chosenHere();
    if (!ticked) ids.delete(box.value);
    else if (ids.size < MOST_CHOSEN) ids.add(box.value);
    else if (!ids.has(box.value)) toast(body.dataset.tooManyChosen, "warning");
  };
  let lastTicked = null;
  on("click", "input[name=pk][form=selection]", (box, event) => {
    const all = boxes(), ticked = box.checked, here = chosenHere();
    // Everything but this row: what stays chosen is the rest of this page.
    if (here.everything) for (const other of all) choose(other, true);
    here.everything = false;
    const [from, to] = [all.indexOf(lastTicked), all.indexOf(box)].sort((a, b) => a - b);
    for (const other of event.shiftKey && from >= 0 ? all.slice(from, to + 1) : [box]) choose(other, ticked);
    lastTicked = box;
    showSelection();
  });
  on("change", "[data-select-page]", (page) => {
    chosenHere().everything = false;
    for (const box of boxes()) choose(box, page.checked);
    showSelection();
  });
  on("change", "#selection [name=everything]", (box) => {
    chosenHere().everything = box.checked;
    showSelection();
  });
  on("click", "[data-select-none]", () => {
    Object.assign(chosenHere(), { ids: new Set(), everything: false });
    showSelection();
    document.querySelector("[data-select-page]")?.focus();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "selection" || event.defaultPrevented) return;
    const shown = new Set(boxes().map((box) => box.value));
    const { ids, everything } = chosenHere();
    for (const old of event.target.querySelectorAll("[data-elsewhere]")) old.remove();
    for (const id of everything ? [] : ids) {
      if (shown.has(id)) continue;
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "pk", value: id });
      field.dataset.elsewhere = "";
      event.target.append(field);
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    showSelection();
    // After another page was asked for, the reader goes on at the table's beginning.
    if (event.detail.requestConfig?.elt.closest?.(".pb-pagination")) document.querySelector("#list .pb-table")?.focus({ preventScroll: true });
  });
  // A reload keeps ticks in the boxes that the browser remembers: those count.
  window.addEventListener("pageshow", () => {
    if (!selection()) return;
    for (const box of boxes()) if (box.checked) chosenHere().ids.add(box.value);
    showSelection();
  });
  const busy = (state) => (event) => {
    const list = document.getElementById("list");
    if (list && event.detail.target === list) list.setAttribute("aria-busy", state);
  };
  document.addEventListener("htmx:beforeRequest", busy("true"));
  document.addEventListener("htmx:afterRequest", busy("false"));

  // --- Editors: numbers beside the lines, and a way from what is said of a line to the line ---------------------------

  const numberLines = (text) => {
    const numbers = text.previousElementSibling;
    const wrong = new Map([...document.querySelectorAll("[data-go-line]")].map((each) => [Number(each.dataset.goLine), each.dataset.error]));
    const count = text.value.split("\n").length;
    numbers.replaceChildren(...Array.from({ length: count }, (_, index) => {
      const number = document.createElement("span");
      number.textContent = index + 1;
      if (wrong.has(index + 1)) number.className = wrong.get(index + 1) === "1" ? "pb-wrong" : "pb-doubtful";
      return number;
    }));
    numbers.scrollTop = text.scrollTop;
  };
  for (const text of document.querySelectorAll("textarea[data-lined]")) {
    const frame = document.createElement("div"), numbers = document.createElement("div");
    frame.className = "pb-lined";
    numbers.className = "pb-line-numbers";
    numbers.setAttribute("aria-hidden", "true");
    text.wrap = "off";
    text.replaceWith(frame);
    frame.append(numbers, text);
    text.addEventListener("input", () => numberLines(text));
    text.addEventListener("scroll", () => { numbers.scrollTop = text.scrollTop; });
    document.addEventListener("htmx:afterSettle", () => numberLines(text));
    numberLines(text);
    // What was typed before the page was ready is checked, too.
    window.addEventListener("load", () => {
      if (text.value !== text.defaultValue) text.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  on("click", "[data-go-line]", (button) => {
    const text = document.querySelector("textarea[data-lined]");
    if (!text) return;
    const lines = text.value.split("\n"), line = Math.min(Number(button.dataset.goLine), lines.length);
    const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + lines[line - 1].length);
    text.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(text).lineHeight));
  });

  on("click", "[data-print]", () => window.print());

  // --- Forms: one press, one submission ---------------------------------------------------------------------------

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.underWay) { event.preventDefault(); return; }
    form.dataset.underWay = "1";
    form.setAttribute("aria-busy", "true");
  });
  // Coming back by the browser's back button shows the page as it was left: let its forms work again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-under-way]")) {
      delete form.dataset.underWay;
      form.removeAttribute("aria-busy");
    }
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target.closest("form");
    if (!form || event.detail.requestConfig.verb === "get") return;
    if (form.dataset.underWay) { event.preventDefault(); return; }
    form.dataset.underWay = "1";
    form.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form");
    if (!form) return;
    delete form.dataset.underWay;
    form.removeAttribute("aria-busy");
  });

  // --- htmx: answers that are forms with errors are shown, failures are told ----------------------------------------

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 422) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  const words = { 400: "refused", 401: "signedOut", 403: "forbidden", 404: "gone", 409: "refused", 410: "gone", 429: "refused", 500: "failed" };
  const quiet = (event) => event.detail.requestConfig?.verb === "get" && event.detail.elt.matches("[hx-trigger*=every], [data-quiet]");
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    // What asks by itself is quiet, except where nothing on the page will move any more.
    if (status === 401 || !quiet(event)) toast(body.dataset[words[status] || "broken"]);
  });
  // With a network the request may have arrived and only its answer got lost.
  document.addEventListener("htmx:sendError", (event) => {
    if (!quiet(event)) toast(navigator.onLine ? body.dataset.timeout : body.dataset.offline);
  });
  document.addEventListener("htmx:timeout", (event) => { if (!quiet(event)) toast(body.dataset.timeout); });
})();
