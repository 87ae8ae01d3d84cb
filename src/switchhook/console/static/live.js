// Renews the part of a page with `data-news` when the server tells of changes there. While a row of it has focus, or something in it is
// open, the change is held back behind a button. Without the server the page says so within five seconds, and goes on by itself.
"use strict";

(() => {
  const SILENCE = 5000, PAUSE = 1000;
  let source = null, heard = 0, isLost = false, renewed = 0, timer = 0, unseen = 0, isWaiting = false;
  const part = () => document.querySelector("[data-news]");
  const button = () => document.getElementById("held");

  const isHeld = () => {
    const here = part(), active = document.activeElement;
    if (!here) return true;
    const row = active && active !== document.body && here.contains(active) && active.closest("tbody");
    return Boolean(row) || here.querySelector("details[open]") !== null || document.hidden;
  };
  const say = () => {
    const told = button();
    if (!told) return;
    told.hidden = !isWaiting;
    if (isWaiting) told.textContent = unseen ? `${unseen} new call${unseen === 1 ? "" : "s"}: show` : part()?.dataset.said || "Show changes";
  };
  const renew = () => {
    clearTimeout(timer);
    timer = 0;
    const here = part();
    if (!here) return;
    isWaiting = false;
    unseen = 0;
    renewed = Date.now();
    say();
    htmx.ajax("GET", location.href, { target: `#${here.id}`, select: `#${here.id}`, swap: "outerHTML" });
  };
  const consider = () => {
    if (!isWaiting) return;
    if (isHeld()) return say();
    if (!timer) timer = setTimeout(() => { timer = 0; if (isHeld()) say(); else renew(); }, Math.max(0, renewed + PAUSE - Date.now()));
  };
  const changed = (count) => {
    unseen += count;
    isWaiting = true;
    consider();
  };

  const found = () => {
    heard = Date.now();
    fresh();
    if (!isLost) return;
    isLost = false;
    part()?.classList.remove("is-stale");
    changed(0);
  };
  const gone = () => {
    if (isLost) return;
    isLost = true;
    lost("Trying again.");
    part()?.classList.add("is-stale");
  };
  const open = () => {
    const here = part();
    source?.close();
    source = null;
    heard = Date.now();
    if (!here) return;
    source = new EventSource(here.dataset.news);
    source.addEventListener("alive", found);
    source.addEventListener("news", (event) => { found(); changed(Number(event.data)); });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) return;  // no room: ask now and then, below
      gone();
    });
  };

  // Whoever is signed out meanwhile gets another page: show that one.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const here = part();
    if (!here || event.detail.target !== here) return;
    if (event.detail.xhr.status === 200 && event.detail.serverResponse.includes("data-news=")) return;
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status === 200 || event.detail.xhr.status === 401) location.reload();
  });

  document.addEventListener("DOMContentLoaded", open);
  document.addEventListener("focusout", () => setTimeout(consider, 0));
  document.addEventListener("toggle", () => setTimeout(consider, 0), true);
  document.addEventListener("visibilitychange", consider);
  document.addEventListener("click", (event) => {
    if (event.target.closest("#held")) renew();
  });
  setInterval(() => {
    if (!part()) return;
    if (source?.readyState === EventSource.CLOSED) {
      if (Date.now() - heard > SILENCE) open(), changed(0);
    } else if (Date.now() - heard > SILENCE) {
      gone();
      open();
    }
  }, 1000);
  window.addEventListener("pagehide", () => source?.close());
})();
