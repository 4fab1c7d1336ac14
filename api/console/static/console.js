// What the script adds to pages that work without it: times in the viewer's zone, buttons that copy, and parts of a
// page that follow what happens.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const spelled = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "numeric", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
// As the server writes them: a browser says Sept, and a column that grows moves the others.
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

function length(seconds) {
  const parts = [];
  for (const [name, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count) parts.push(`${count} ${name}`);
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

// The server's clock may be another one than this machine's, and in a demo it is: the page says what it was.
const served = Date.parse(document.documentElement.dataset.now || "") || Date.now();
const opened = Date.now();

function tell(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-clock])")) {
    const parts = Object.fromEntries(spelled.formatToParts(new Date(time.dateTime)).map((each) => [each.type, each.value]));
    time.textContent = `${Number(parts.day)} ${MONTHS[parts.month - 1]} ${parts.year}, ${parts.hour}:${parts.minute}`;
  }
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
}

function tick() {
  const now = served + Date.now() - opened;
  for (const time of document.querySelectorAll("time[data-clock]")) {
    const left = Math.floor((Date.parse(time.dateTime) - now) / 1000);
    const said = left >= 0 ? `in ${length(left)}` : `${length(-left)} late`;
    if (time.textContent !== said) time.textContent = said;
    time.classList.toggle("late", left < 0);
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});

// Parts with `data-live` and an id follow: when something happened, the page is asked for again, and what differs of
// these parts is put in place. Nobody loses what they write or where they are: a part with the focus waits.
let asking = false;
let again = false;

async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // What happens from here on is still to be told.
    if (page.body.dataset.stream) document.body.dataset.stream = page.body.dataset.stream;
    for (const part of document.querySelectorAll("[data-live][id]")) {
      const fresh = page.getElementById(part.id);
      if (!fresh || fresh.innerHTML === part.dataset.seen) continue;
      part.dataset.seen = fresh.innerHTML;
      if (part.contains(document.activeElement)) continue;
      tell(fresh);
      part.replaceChildren(...fresh.childNodes);
      part.classList.remove("fresh");
      void part.offsetWidth;
      part.classList.add("fresh");
    }
    tick();
  } finally {
    asking = false;
    if (again) { again = false; soon(); }
  }
}

// The first change is shown at once, and those that follow it together.
let resting = 0;
let more = false;
function soon() {
  if (resting) { more = true; return; }
  refresh();
  resting = setTimeout(() => { resting = 0; if (more) { more = false; soon(); } }, 250);
}

function follow() {
  const parts = document.querySelectorAll("[data-live][id]");
  const state = document.querySelector("[data-live-state]");
  if (!document.body.dataset.stream || !parts.length || new URLSearchParams(location.search).has("cursor")) return;
  const say = (text) => { if (state) { state.hidden = false; state.textContent = text; } };
  let stream = null;
  let late = 0;

  function listen() {
    // It begins where the page was made: what has happened since is told at once.
    stream = new EventSource(document.body.dataset.stream);
    stream.addEventListener("open", () => say("Live: new things appear by themselves."));
    stream.addEventListener("changed", soon);
    stream.addEventListener("error", () => {
      if (stream.readyState !== EventSource.CLOSED) { say("Not live: the connection is being sought again."); return; }
      // Refused, where many pages follow already: this one looks by itself, and asks again.
      say("Not live: new things appear twice a minute.");
      late = setTimeout(() => { refresh(); listen(); }, 30000);
    });
  }

  // A page that nobody looks at holds no connection: a browser has six of them to a server.
  function heed() {
    clearTimeout(late);
    if (stream) stream.close();
    if (!document.hidden) listen();
  }
  document.addEventListener("visibilitychange", heed);
  heed();
}

// A note that hovers goes away with Escape, and comes back when one moves on.
document.addEventListener("keydown", (event) => { if (event.key === "Escape") document.body.classList.add("hushed"); });
for (const moved of ["focusin", "pointermove"]) {
  document.addEventListener(moved, () => document.body.classList.remove("hushed"), { passive: true });
}

const place = document.querySelector("[data-zone]");
if (place) { place.textContent = zone; }
tell(document);
tick();
setInterval(tick, 1000);
follow();
