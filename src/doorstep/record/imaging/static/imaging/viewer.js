// Steps through the pictures of a series without loading the page: arrow keys, swipes, and the two buttons.
"use strict";
(() => {
  const box = document.querySelector(".viewer");
  if (!box) return;
  const pictures = JSON.parse(document.getElementById("pictures").textContent);
  const image = box.querySelector(".picture"), now = box.querySelector(".now"), failed = box.querySelector(".failed");
  const [before, after] = [box.querySelector("[rel=prev]"), box.querySelector("[rel=next]")];
  const query = box.dataset.window ? `?window=${encodeURIComponent(box.dataset.window)}` : "";
  const said = image.alt;
  let at = Number(box.dataset.at);

  const address = (place) => {
    const wanted = new URL(location.href);
    wanted.searchParams.set("at", place);
    return wanted;
  };
  const point = (link, place) => {
    if (place < 1 || place > pictures.length) {
      link.removeAttribute("href");
      link.setAttribute("aria-disabled", "true");
    } else {
      link.href = address(place);
      link.removeAttribute("aria-disabled");
    }
  };
  const show = (place) => {
    if (place < 1 || place > pictures.length || place === at) return;
    at = place;
    failed.hidden = true;
    image.src = pictures[at - 1] + query;
    image.alt = said.replace(/\d+/, at);
    now.textContent = at;
    point(before, at - 1);
    point(after, at + 1);
    for (const link of box.querySelectorAll(".windows a")) {
      const there = new URL(link.href);
      there.searchParams.set("at", at);
      link.href = there;
    }
    history.replaceState(history.state, "", address(at));
  };

  image.addEventListener("error", () => { failed.hidden = false; });
  for (const [link, step] of [[before, -1], [after, 1]]) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(at + step);
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    const places = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 1, End: pictures.length };
    if (event.key in places) {
      event.preventDefault();
      show(places[event.key]);
    }
  });
  let from = null;
  image.addEventListener("pointerdown", (event) => { from = event.clientX; });
  image.addEventListener("pointerup", (event) => {
    const way = from === null ? 0 : event.clientX - from;
    from = null;
    if (Math.abs(way) > 40) show(at + (way < 0 ? 1 : -1));
  });
  image.addEventListener("pointercancel", () => { from = null; });
  image.draggable = false;
})();
