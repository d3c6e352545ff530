/** Shows a number on every mark of this name ("cart", "inbox", "desk-orders"); hides it at 0. */
export function setCount(name, number) {
  for (const mark of document.querySelectorAll(`[data-count="${name}"]`)) {
    mark.textContent = number > 99 ? "99+" : String(number);
    mark.hidden = number <= 0;
  }
}

document.addEventListener("count", (event) => setCount(event.detail.name, event.detail.number));
