/* What makes a screen work when the connection drops, and follow the evening. Without it, plain
   forms do: nothing here is needed to answer. */
"use strict";

const STORE = "answers";

function queue(mode, work) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("duiding", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { autoIncrement: true });
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const change = opening.result.transaction(STORE, mode);
      const asked = work(change.objectStore(STORE));
      change.oncomplete = () => { opening.result.close(); resolve(asked.result); };
      change.onerror = () => reject(change.error);
    };
  });
}

function say(text) {
  document.getElementById("status").textContent = text;
}

async function send(entry) {
  return fetch(entry.action, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: entry.body,
    credentials: "same-origin",
  });
}

let emptying = false;

// answers that wait on a device are of whoever gave them: they go with that card only
function mine(entry) {
  return entry.who === document.body.dataset.who;
}

// a token is of a session; who signs in again has another one
function fresh(entry) {
  const fields = new URLSearchParams(entry.body);
  const token = document.querySelector("input[name=csrf]");
  if (token) fields.set("csrf", token.value);
  return { ...entry, body: fields.toString() };
}

// heard and understood, or to be shown to the person; not: signed out, refused, not kept
function isSettled(answer) {
  return (answer.ok && new URL(answer.url).pathname !== "/") || [404, 409, 422].includes(answer.status);
}

function show(entry) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = entry.action;
  for (const [name, value] of new URLSearchParams(entry.body)) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}

async function empty() {
  if (emptying || !document.body.dataset.who) return;
  emptying = true;
  try {
    const keys = await queue("readonly", (store) => store.getAllKeys());
    let sent = 0;
    for (const key of keys) {
      const kept = await queue("readonly", (store) => store.get(key));
      if (!mine(kept)) continue;
      const entry = fresh(kept);
      const answer = await send(entry);
      if (!isSettled(answer)) { say(document.body.dataset.unsaved); return; }
      await queue("readwrite", (store) => store.delete(key));
      if (!answer.ok) { show(entry); return; }
      sent += 1;
    }
    if (sent) {
      say(document.body.dataset.back);
      location.assign("/vraag");
    }
  } catch {
    say(document.body.dataset.lost);
  } finally {
    emptying = false;
  }
}

function keep(form, event) {
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter)).toString();
  const entry = { action: form.action, body: fields, who: document.body.dataset.who };
  const later = (text) => queue("readwrite", (store) => store.add(entry)).then(() => say(text));
  send(entry).then((answer) => {
    if (answer.redirected) location.assign(answer.url);
    else if (answer.status === 503) later(document.body.dataset.unsaved);
    else submit(form, event.submitter); // sent again as a page: the same answer changes nothing
  }, () => later(document.body.dataset.lost));
}

function submit(form, button) {
  form.removeAttribute("data-queue");
  form.requestSubmit(button);
}

document.addEventListener("submit", (event) => {
  if (event.target.hasAttribute("data-queue")) keep(event.target, event);
});

function follow() {
  const waiting = document.querySelector("[data-phase]");
  if (!waiting) return;
  const moved = (phase) => { if (phase.trim() && phase.trim() !== waiting.dataset.phase) location.reload(); };
  const look = () => fetch("/stand").then((answer) => answer.text()).then(moved, () => {});
  if (!window.EventSource) { setInterval(look, 3000); return; }
  const stream = new EventSource("/stroom");
  stream.onmessage = (message) => moved(JSON.parse(message.data));
  stream.onerror = look;
  // the moderator and the projector see how far people are
  if (document.querySelector("[data-live]")) setInterval(refresh, 3000);
}

async function refresh() {
  const page = await fetch(location.href).then((answer) => answer.text()).catch(() => "");
  const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("[data-live]");
  const shown = document.querySelector("[data-live]");
  if (fresh && shown && fresh.innerHTML !== shown.innerHTML) shown.replaceChildren(...fresh.childNodes);
}

function aloud() {
  const button = document.getElementById("read");
  if (!button || !window.speechSynthesis) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const said = new SpeechSynthesisUtterance(document.querySelector("main form").innerText);
    said.lang = document.documentElement.lang;
    speechSynthesis.cancel();
    speechSynthesis.speak(said);
  });
}

addEventListener("online", empty);
document.addEventListener("visibilitychange", () => { if (!document.hidden) empty(); });
addEventListener("load", () => { empty(); follow(); aloud(); const wrong = document.getElementById("errors"); if (wrong) wrong.focus(); });
