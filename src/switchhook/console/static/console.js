// What pages do besides htmx: focus after a swap, the message of a lost connection, copying, keys. No page needs it to be read.
"use strict";

// Focus goes to the first mistake, or to the heading, when the content of a page was put in by a swap.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "main" && event.detail.elt.id !== "main") return;
  const active = document.activeElement;
  if (active && active !== document.body && active.closest("#main")) return;
  const wrong = document.querySelector("#main [aria-invalid='true']");
  (wrong || document.querySelector("#main h1"))?.focus();
});

// A swap of #main alone keeps the old title: take that of the page that came.
document.addEventListener("htmx:beforeSwap", (event) => {
  const found = /<title>([^<]*)<\/title>/.exec(event.detail.serverResponse || "");
  if (found && event.detail.target.id === "main") {
    document.title = new DOMParser().parseFromString(found[1], "text/html").body.textContent;
  }
});

// The server does not answer: say so, and since when; say nothing more once it does.
const connection = (text) => {
  const line = document.getElementById("connection");
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
};
let news = new Date();
const fresh = () => {
  news = new Date();
  connection("");
};
const lost = (next) => connection(
  `The server does not answer; this page shows how it was at ${news.toLocaleTimeString()}. ${next}`,
);
document.addEventListener("htmx:sendError", () => lost("Try again in a moment."));
document.addEventListener("htmx:timeout", () => lost("Try again in a moment."));
document.addEventListener("htmx:sseError", () => lost("Trying again."));
document.addEventListener("htmx:sseMessage", fresh);
document.addEventListener("htmx:sseOpen", fresh);
document.addEventListener("htmx:afterOnLoad", fresh);

// Copying needs a secure context; where there is none, the buttons stay away.
const offer = (root) => {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("button.copy[hidden]")) button.hidden = false;
};
document.addEventListener("DOMContentLoaded", () => offer(document));
document.addEventListener("htmx:load", (event) => offer(event.detail.elt));
document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) navigator.clipboard.writeText(button.dataset.copy).then(() => {
    button.classList.add("good");
    setTimeout(() => button.classList.remove("good"), 1200);
  });
});

// Keys, none of them inside fields: / to search, j and k between rows, g and a letter to a page, ? for the list of them.
let went = "";
const rows = () => [...document.querySelectorAll("#main table.rows tbody tr th a, #main table.rows tbody tr td a")]
  .filter((link, place, all) => all.findIndex((one) => one.closest("tr") === link.closest("tr")) === place);
const go = (letter) => {
  const links = [...document.querySelectorAll("#side a")];
  links.find((one) => one.textContent.trim().toLowerCase().startsWith(letter))?.click();
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable], dialog")) return;
  const was = went;
  went = "";
  if (was === "g") return go(event.key);
  if (event.key === "g") went = "g";
  else if (event.key === "?") document.getElementById("keys")?.showModal();
  else if (event.key === "/") {
    document.getElementById("search")?.focus();
    event.preventDefault();
  } else if (event.key === "j" || event.key === "k") {
    const all = rows();
    const here = all.indexOf(document.activeElement);
    all[Math.max(0, Math.min(all.length - 1, here + (event.key === "j" ? 1 : -1)))]?.focus();
  }
});
