"use strict";
// The page works without this: the buttons are a form's, and without scripts it loads itself again during a job.
const EVERY = 1000;
async function refresh() {
  try {
    const answer = await fetch(location.href, {cache: "no-store"});
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { /* the simulator has ended; it may come back */ }
  setTimeout(refresh, EVERY);
}
function show(fresh) {
  for (const part of document.querySelectorAll("[data-live]")) replace(part, fresh.getElementById(part.id));
  const button = document.getElementById("export"), now = fresh.getElementById("export");
  button.disabled = now.disabled;
  button.textContent = now.textContent;
}
// What the reader has opened or closed stays so, and the focus stays where it is.
const seen = new Map([...document.querySelectorAll("[data-live]")].map(part => [part.id, part.innerHTML]));
function replace(part, now) {
  if (!now || seen.get(part.id) === now.innerHTML) return;
  seen.set(part.id, now.innerHTML);
  const open = new Map([...part.querySelectorAll("details")].map(each => [each.id, each.open]));
  const focused = part.contains(document.activeElement) ? document.activeElement.closest("details")?.id : null;
  part.innerHTML = now.innerHTML;
  for (const each of part.querySelectorAll("details")) if (open.has(each.id)) each.open = open.get(each.id);
  if (focused) document.getElementById(focused)?.querySelector("summary").focus();
}
setTimeout(refresh, EVERY);
