// Small helps. Every page works without this file.
"use strict";

// Any open pop-up menu closes when one clicks elsewhere or presses Escape.
addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.pop[open]")) if (!open.contains(event.target)) open.open = false;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.pop[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
  const menu = document.getElementById("menu-open");
  if (menu?.checked) {
    menu.checked = false;
    menu.focus();
  }
});

// Impatience on a slow line must not send a form twice.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => release(form), 15000);
});
function release(form) {
  delete form.dataset.sent;
  for (const busy of form.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
}
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));

// What HTMX could not do is said in words.
function say(id) {
  const box = document.getElementById("messages"), words = document.getElementById(id);
  if (!box || !words) return;
  box.replaceChildren(words.content.cloneNode(true));
  box.scrollIntoView({ block: "nearest" });
}
addEventListener("htmx:sendError", () => say("line-lost"));
addEventListener("htmx:timeout", () => say("line-lost"));
addEventListener("htmx:responseError", () => say("line-refused"));
addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) release(form);
});

// A way back through the browser's history: shown only where it works.
customElements.define("ds-back", class extends HTMLElement {
  connectedCallback() {
    this.hidden = history.length < 2;
    this.addEventListener("click", () => history.back());
  }
});

// <ds-print> holds a button that prints; without scripts it stays hidden.
customElements.define("ds-print", class extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.addEventListener("click", () => print());
  }
});

// <ds-auto> around a form: a changed choice sends it, without the button.
customElements.define("ds-auto", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", (event) => {
      if (event.target.matches("select, input[type=radio], input[type=checkbox]")) this.querySelector("form")?.requestSubmit();
    });
  }
});

// <ds-card> around the form of a paper card: the camera that read its code opened this page with the card behind the #,
// which no server is told; it goes into the field and out of the address.
customElements.define("ds-card", class extends HTMLElement {
  connectedCallback() {
    const told = location.hash.slice(1), field = this.querySelector("input[name=card]");
    if (!told || !field) return;
    field.value = told;
    history.replaceState(null, "", location.pathname);
    this.querySelector("input[name=pin]").focus();
  }
});
