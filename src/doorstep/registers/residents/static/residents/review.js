// Keys for reviewers: 1, 2, 3 answer, J and K leaf through. Every page works without this file.
"use strict";

// The keys can be switched off, and stay so: some people speak to their computer, or type with one switch.
customElements.define("ds-keys", class extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    const box = this.querySelector("input");
    box.checked = localStorage.getItem("review-keys") !== "off";
    box.addEventListener("change", () => localStorage.setItem("review-keys", box.checked ? "on" : "off"));
  }
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || localStorage.getItem("review-keys") === "off") return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!wanted) return;
  event.preventDefault();
  wanted.click();
});
