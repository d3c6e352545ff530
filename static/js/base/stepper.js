function bounds(input) {
  return {
    low: input.min === "" ? 1 : Number(input.min),
    high: input.max === "" ? Number.MAX_SAFE_INTEGER : Number(input.max),
  };
}

function refresh(stepper) {
  const input = stepper.querySelector("input");
  const { low, high } = bounds(input);
  for (const button of stepper.querySelectorAll("[data-step]")) {
    const next = Number(input.value) + Number(button.dataset.step);
    button.disabled = input.disabled || next < low || next > high;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-stepper] [data-step]");
  if (!button) return;
  const stepper = button.closest("[data-stepper]");
  const input = stepper.querySelector("input");
  const { low, high } = bounds(input);
  const next = (Number(input.value) || low) + Number(button.dataset.step);
  input.value = String(Math.min(Math.max(next, low), high));
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("change", (event) => {
  const stepper = event.target.closest?.("[data-stepper]");
  if (stepper) refresh(stepper);
});

/** Greys out the ends of every stepper inside `root` (after new ones were put into the page). */
export function refreshSteppers(root = document) {
  root.querySelectorAll("[data-stepper]").forEach(refresh);
}

refreshSteppers();
document.addEventListener("htmx:load", (event) => refreshSteppers(event.detail.elt));
