import { api } from "../base/api.js";
import { toast } from "../base/toast.js";
import { restorePhotos } from "../base/photos.js";

// What is typed stays on this phone until the server has it: a lost connection or an empty battery costs nothing.
const PREFIX = "draft:";
const LEFT_OUT = new Set(["csrfmiddlewaretoken", "files", "then"]);

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}

function save(form) {
  const fields = [...new FormData(form)].filter(([name, value]) => !LEFT_OUT.has(name) && typeof value === "string");
  try {
    localStorage.setItem(PREFIX + form.dataset.draft, JSON.stringify(fields));
  } catch {
    // private mode or a full phone: the form still works
  }
}

async function restore(form, fields) {
  const photos = [];
  for (const [name, value] of fields) {
    if (name === "photos") {
      photos.push(value);
      continue;
    }
    const field = form.elements.namedItem(name);
    if (field) field.value = value; // a RadioNodeList takes a value too
  }
  const found = await Promise.allSettled(photos.map((id) => api(`/api/v1/photos/${encodeURIComponent(id)}/`)));
  restorePhotos(form, found.filter((one) => one.status === "fulfilled").map((one) => one.value));
  toast(form.dataset.textRestored, "info");
}

function watch(form) {
  const kept = read(form.dataset.draft);
  const isFresh = !("draftKeep" in form.dataset);
  const titled = kept?.some(([name, value]) => ["title", "photos", "price"].includes(name) && value);
  if (isFresh && titled) restore(form, kept);
  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => save(form), 300);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("photos", later);
  form.addEventListener("submit", (event) => {
    save(form);
    if (navigator.onLine) return;
    event.preventDefault();
    event.stopPropagation();
    toast(document.body.dataset.textNetwork, "error");
  });
}

document.querySelectorAll("form[data-draft]").forEach(watch);
for (const done of document.querySelectorAll("[data-draft-done]")) {
  try {
    localStorage.removeItem(PREFIX + done.dataset.draftDone);
  } catch {
    // nothing is kept where nothing can be stored
  }
}

// Each shop has its own farmers: another shop means another list.
document.addEventListener("change", (event) => {
  if (!event.target.matches("select[data-reload]")) return;
  save(event.target.form);
  location.search = new URLSearchParams({ [event.target.name]: event.target.value });
});
