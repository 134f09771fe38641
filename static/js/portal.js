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

  // "/" goes to the list's search field, as long as nothing is being typed.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    const search = document.querySelector("main input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  });

  // --- Dialogs: a popover without this script, a modal with it ----------------------------------------------------

  on("click", "[data-dialog]", (button, event) => {
    const dialog = document.getElementById(button.dataset.dialog);
    if (!dialog || !dialog.showModal) return;
    event.preventDefault();
    dialog.removeAttribute("popover");
    if (!dialog.open) dialog.showModal();
  });
  on("click", "[data-dialog-close]", (button, event) => {
    const dialog = button.closest("dialog");
    if (!dialog.open) return;
    event.preventDefault();
    dialog.close();
  });
  on("click", "dialog.pb-dialog", (dialog, event) => { if (event.target === dialog && dialog.open) dialog.close(); });
  // Answered, well or badly: what is said about it stands on the page, behind the dialog.
  document.addEventListener("htmx:afterRequest", (event) => {
    event.detail.requestConfig.elt.closest?.("dialog[open]")?.close();
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
  const words = { 400: "refused", 403: "forbidden", 404: "gone", 409: "refused", 410: "gone", 429: "refused", 500: "failed" };
  const quiet = (event) => event.detail.requestConfig?.verb === "get" && event.detail.elt.matches("[hx-trigger*=every]");
  document.addEventListener("htmx:responseError", (event) => {
    if (!quiet(event)) toast(body.dataset[words[event.detail.xhr.status] || "broken"]);
  });
  // With a network the request may have arrived and only its answer got lost.
  document.addEventListener("htmx:sendError", (event) => {
    if (!quiet(event)) toast(navigator.onLine ? body.dataset.timeout : body.dataset.offline);
  });
  document.addEventListener("htmx:timeout", (event) => { if (!quiet(event)) toast(body.dataset.timeout); });
})();
