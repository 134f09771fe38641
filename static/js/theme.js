// Runs before the first paint, so that a page never flashes in the wrong colours.
(() => {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try { return localStorage.getItem("theme") || "auto"; } catch { return "auto"; }
  };
  const apply = (choice) => {
    root.dataset.bsTheme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
  };

  window.portalTheme = {
    choice: stored,
    choose(choice) {
      try { localStorage.setItem("theme", choice); } catch { /* private windows forget it with the page */ }
      apply(choice);
    },
  };
  root.classList.add("has-js");
  system.addEventListener("change", () => apply(stored()));
  apply(stored());
})();
