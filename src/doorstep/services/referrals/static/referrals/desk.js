// Keys of the referral desk, and drafts on a broken line. Every page works without this file.
"use strict";

const rows = () => [...document.querySelectorAll(".desk-row")];

// Up and down go through the list, Enter opens (it is a link), "/" searches; Alt+Enter is the next right act.
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.altKey) {
    event.preventDefault();
    document.querySelector("[data-next]")?.click();
    return;
  }
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  if (event.key === "/") {
    const field = document.getElementById("desk-q");
    if (!field) return;
    event.preventDefault();
    field.focus();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const listed = rows();
  if (!step || !listed.length || event.target.closest("#detail")) return;
  event.preventDefault();
  const at = listed.findIndex((row) => row === document.activeElement);
  listed[Math.max(0, Math.min(listed.length - 1, at + step))].focus();
});

// The opened row is marked, a telephone shows the referral instead of the list, and the focus goes to what was opened.
addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "detail") return;
  for (const row of rows()) row.toggleAttribute("aria-current", row === event.detail.requestConfig.elt);
  const opened = document.querySelector(".desk-row[aria-current]");
  opened?.setAttribute("aria-current", "true");
  document.querySelector(".desk")?.classList.add("chosen");
  event.target.focus({ preventScroll: true });
});

// When the line comes back, what was typed meanwhile is saved.
addEventListener("online", () => dispatchEvent(new Event("ds-online")));
addEventListener("htmx:sendError", (event) => {
  if (event.target.id !== "draft") return;
  setTimeout(() => dispatchEvent(new Event("ds-online")), 5000);
});

// What is typed and not kept is said, and a page that is left with it asks first. Whoever sends while a draft is being
// kept waits for that: else the letter would meet its own draft as another's change.
const draft = document.getElementById("draft");
if (draft) {
  const saved = document.getElementById("saved");
  let [typed, asked, kept, busy, going, waits] = [0, 0, 0, 0, false, null];
  const say = () => { if (typed !== kept) saved.textContent = saved.dataset.typed; };
  for (const kind of ["input", "change"]) draft.addEventListener(kind, () => { typed += 1; say(); });
  draft.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== draft) return;
    if (going) { event.preventDefault(); return; }
    asked = typed;
    busy += 1;
  });
  draft.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== draft || !busy) return;
    busy -= 1;
    if (!busy && waits) draft.requestSubmit(waits);
  });
  saved.addEventListener("htmx:afterSwap", () => { if (!saved.querySelector(".late-words")) kept = asked; say(); });
  draft.addEventListener("submit", (event) => {
    waits = event.submitter;
    if (busy) { event.preventDefault(); return; }
    kept = typed;
    going = true;
  });
  addEventListener("beforeunload", (event) => { if (typed !== kept) event.preventDefault(); });
}
