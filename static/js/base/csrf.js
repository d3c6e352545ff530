const meta = document.querySelector('meta[name="csrf-token"]');

/** Returns the token Django expects in the X-CSRFToken header. */
export function csrfToken() {
  return meta?.content || document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrfToken();
});
