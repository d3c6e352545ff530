// A second tap on a slow network must not send the form again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  const button = event.submitter ?? form.querySelector("[type=submit], button:not([type])");
  button?.setAttribute("aria-busy", "true");
});

function release(form) {
  delete form.dataset.sent;
  form.querySelectorAll('[aria-busy="true"]').forEach((button) => button.removeAttribute("aria-busy"));
  document
    .querySelectorAll(`[form="${form.id}"][aria-busy="true"]`)
    .forEach((button) => button.removeAttribute("aria-busy"));
}

// The page comes back from the browser's cache with its buttons still spinning.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach(release);
});

/** Lets a `data-once` form be sent again after its request failed. */
export function releaseForm(form) {
  release(form);
}

document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches("input[type=file][data-preview]")) return;
  const label = input.closest(".photo-pick");
  label?.querySelector("img")?.remove();
  const file = input.files?.[0];
  if (!label || !file || !file.type.startsWith("image/")) return;
  const picture = document.createElement("img");
  picture.alt = "";
  picture.src = URL.createObjectURL(file);
  picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
  picture.addEventListener("error", () => picture.remove(), { once: true });
  label.insertBefore(picture, input);
});
