// The form to be called back: pressed once, and the status asked for again while it is going on.
"use strict";
(() => {
  const form = document.querySelector("form");
  if (form) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
    window.addEventListener("pageshow", () => delete form.dataset.sent);
  }

  const EVERY = 3000, LONGEST = 15 * 60 * 1000, began = Date.now();
  const again = async () => {
    const shown = document.getElementById("status");
    if (!shown || !shown.dataset.again || Date.now() - began > LONGEST) return;
    try {
      const answer = await fetch(shown.dataset.again, { credentials: "omit" });
      if (answer.ok) {
        const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("status");
        // What reads the page aloud is not told the same again.
        if (found && found.textContent.trim() !== shown.textContent.trim()) {
          shown.replaceChildren(...found.childNodes);
        }
        if (found && !found.dataset.again) delete shown.dataset.again;
      }
    } catch { /* No network just now: asked again soon. */ }
    setTimeout(again, EVERY);
  };
  setTimeout(again, EVERY);
})();
