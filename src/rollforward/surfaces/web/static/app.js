// What a page gains with JavaScript: parts are swapped, keys go to pages, and it stays up to date.
"use strict";

const typing = (target) => target.closest("input, select, textarea, [contenteditable]");
let waits = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return clear(event);
  if (typing(event.target)) return;
  if (waits) {
    waits = false;
    const link = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  const act = { g: () => { waits = true; setTimeout(() => { waits = false; }, 1500); }, "/": search, x: compare, e: save, "?": help }[event.key];
  if (act) { event.preventDefault(); act(); }
});

function search() { document.getElementById("search")?.focus(); }
function compare() { document.getElementById("compare")?.focus(); }
function save() { document.querySelector("[data-export]")?.focus(); }
function help() { document.getElementById("keys")?.showModal(); }
function clear(event) {
  const open = document.querySelector("dialog[open]");
  if (open) return open.close();
  if (typing(event.target)) return event.target.blur();
  document.querySelector("[data-clear]")?.click();
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form.controls");
  if (form) form.requestSubmit();
});

document.addEventListener("htmx:configRequest", (event) => {
  // Empty fields say nothing: they stay out of the address.
  if (event.detail.verb !== "get") return;
  const given = event.detail.formData;
  for (const name of new Set(given.keys())) if (given.getAll(name).every((text) => text === "")) given.delete(name);
});

document.addEventListener("submit", (event) => {
  // The same where the browser sends a form by itself.
  if (event.target.method !== "get") return;
  for (const field of event.target.elements) if (field.value === "" && field.name) field.disabled = true;
});

// A page that is swapped takes its links along, and with them the answers that they wait for. So whoever clicked goes
// first: a refresh waits for them, and one that is under way gives way.
const clicked = () => document.querySelector("#page .htmx-request");

function refresh() {
  if (clicked()) return void setTimeout(refresh, 100);
  if (document.querySelector("main[data-live]") && !typing(document.activeElement ?? document.body)) {
    htmx.ajax("GET", location.pathname + location.search, { target: "#page", select: "#page", swap: "outerHTML" });
  }
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target !== document.body) htmx.trigger(document.body, "htmx:abort");
});

// A page is asked for while the pointer rests on its link, so that it is there when it is clicked: what the server has
// answered once it gives again at once. Only pages that it keeps, one at a time, and not over and over; not the marks of
// charts, over which a pointer wanders while somebody reads.
const KEPT = /^\/($|movements|accounts|explain|retention|churn|segments)/;
const RESTS = 80, LASTS = 20_000; // milliseconds
const askedAhead = new Map();
let resting = 0, underWay = false;

document.addEventListener("pointerover", (event) => {
  clearTimeout(resting);
  const address = pageOf(event.target.closest("a"));
  if (address) resting = setTimeout(askAhead, RESTS, address);
});

function pageOf(link) {
  if (!(link instanceof HTMLAnchorElement) || link.closest('[hx-boost="false"]') || navigator.connection?.saveData) return null;
  const href = link.getAttribute("href") ?? "#";
  if (href.startsWith("#")) return null;
  const { origin, pathname, search: query } = new URL(href, location);
  return origin === location.origin && KEPT.test(pathname) ? pathname + query : null;
}

function askAhead(address) {
  if (underWay || address === location.pathname + location.search) return;
  if (Date.now() - (askedAhead.get(address) ?? 0) < LASTS) return;
  askedAhead.set(address, Date.now());
  underWay = true;
  fetch(address, { priority: "low" }).catch(() => askedAhead.delete(address)).finally(() => { underWay = false; });
}

// Where the names of the pages do not fit beside each other, the one that is open is brought into sight.
const showOpen = () => document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
document.addEventListener("htmx:afterSwap", (event) => { if (event.target.id === "page") showOpen(); });
showOpen();

function listen() {
  const source = new EventSource("/live");
  source.addEventListener("changed", refresh);
  window.addEventListener("beforeunload", () => source.close());
}
if (document.querySelector("main[data-live]")) listen();
