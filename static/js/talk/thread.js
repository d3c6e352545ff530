import { csrfToken } from "../base/csrf.js";
import { releaseForm } from "../base/forms.js";
import { clearPhotos } from "../base/photos.js";

const EVERY = 5000;
const thread = document.querySelector("[data-thread]");
const list = thread.querySelector("[data-said]");
const form = document.querySelector("[data-composer]");
const box = form.elements.namedItem("text");
const refusal = form.querySelector("[data-refusal]");
const headers = { "X-Requested-With": "thread" };

/** The message up to which nothing is to be asked again: a photo that was not ready is. */
function known() {
  const waiting = list.querySelector("[data-waiting]");
  if (waiting) return Number(waiting.dataset.message) - 1;
  return Number(list.lastElementChild?.dataset.message ?? 0);
}

function isAtEnd() {
  return window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 80;
}

function toEnd() {
  window.scrollTo({ top: document.documentElement.scrollHeight });
}

/** Puts messages of an answer into the list, each once, those that are there in their own place. */
function take(html) {
  const part = document.createElement("template");
  part.innerHTML = html;
  const messages = part.content.querySelectorAll("[data-message]");
  if (!messages.length) return;
  list.querySelector("#newest")?.removeAttribute("id");
  for (const message of messages) {
    const old = list.querySelector(`[data-message="${message.dataset.message}"]`);
    if (old) old.replaceWith(message);
    else list.append(message);
  }
  thread.querySelector("[data-thread-empty]")?.remove();
}

async function poll() {
  if (document.hidden) return;
  try {
    const response = await fetch(`${thread.dataset.thread}?after=${known()}`, { headers });
    if (!response.ok || response.redirected) return;
    const follow = isAtEnd();
    take(await response.text());
    if (follow) toEnd();
  } catch {
    // No network just now; the next look comes by itself.
  }
}

function say(words) {
  refusal.querySelector("span").textContent = words;
  refusal.hidden = !words;
}

form.addEventListener("submit", async (event) => {
  if (event.defaultPrevented) return; // photos are still being sent
  event.preventDefault();
  if (form.dataset.sent) return;
  const body = new FormData(form);
  body.delete("files");
  say("");
  try {
    const response = await fetch(`${form.action}?after=${known()}`, {
      method: "POST",
      body,
      headers: { ...headers, "X-CSRFToken": csrfToken() },
    });
    if (response.ok) {
      take(await response.text());
      box.value = "";
      form.querySelector(".composer__about")?.remove();
      clearPhotos(form);
      toEnd();
    } else {
      const answer = await response.json().catch(() => ({}));
      say(answer.message || document.body.dataset.textFailed);
    }
  } catch {
    say(document.body.dataset.textNetwork);
  } finally {
    releaseForm(form);
    box.focus();
  }
});

// On a keyboard Enter sends; on a phone it begins a new line.
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !matchMedia("(hover: hover)").matches) return;
  event.preventDefault();
  form.requestSubmit();
});

if (!new URLSearchParams(location.search).has("before")) {
  toEnd();
  setInterval(poll, EVERY);
  document.addEventListener("visibilitychange", poll);
}
