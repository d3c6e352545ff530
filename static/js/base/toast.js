const SECONDS = { error: 9, success: 5, info: 5 };

function leave(element) {
  element.classList.add("toast--leaving");
  setTimeout(() => element.remove(), 300);
}

function arm(element, kind) {
  element.querySelector("[data-toast-close]")?.addEventListener("click", () => leave(element));
  setTimeout(() => leave(element), (SECONDS[kind] ?? 6) * 1000);
}

/** Shows one short message; kind is "info", "success" or "error". */
export function toast(text, kind = "info") {
  const box = document.getElementById("toasts");
  if (!box || !text) return;
  const element = document.createElement("div");
  element.className = `toast toast--${kind}`;
  const words = document.createElement("span");
  words.className = "toast__text";
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "icon-btn";
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", document.body.dataset.textClose ?? "");
  close.textContent = "×";
  element.append(words, close);
  box.append(element);
  arm(element, kind);
}

document.querySelectorAll("[data-toast]").forEach((element) => {
  arm(element, element.classList.contains("toast--error") ? "error" : "info");
});

document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.kind));
