// Choosing among many goods: typing and the farmer filter hide rows at once, the button counts the ticks.
const form = document.querySelector("[data-pick]");
const search = document.querySelector("[data-pick-search]");
const farmer = document.querySelector("[data-pick-farmer]");
const count = form?.querySelector("[data-pick-count]");
const all = form?.querySelector("[data-pick-all]");
const none = form?.querySelector("[data-pick-none]");
const most = Number(form?.dataset.most ?? 100);

function rows() {
  return [...form.querySelectorAll("[data-pick-row]")];
}

function tick(row) {
  return row.querySelector("input[type=checkbox]");
}

function show() {
  const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows()) {
    const isThis = !farmer?.value || row.dataset.farmer === farmer.value;
    row.hidden = !(isThis && words.every((word) => row.dataset.text.includes(word)));
    if (!row.hidden) shown += 1;
  }
  if (none) none.hidden = shown > 0;
}

function tally() {
  const ticked = rows().filter((row) => tick(row).checked).length;
  count.textContent = ticked || "";
}

if (form && search) {
  search.form.addEventListener("submit", (event) => {
    // What is in the page is filtered already; only a longer list is asked for again.
    if (!form.dataset.isLong) event.preventDefault();
  });
  search.addEventListener("input", show);
  farmer?.addEventListener("change", show);
  form.addEventListener("change", tally);
  // A price typed is a wish to sell.
  form.addEventListener("input", (event) => {
    if (!event.target.matches("input[name^=price_]")) return;
    tick(event.target.closest("[data-pick-row]")).checked = event.target.value.trim() !== "";
    tally();
  });
  if (all) {
    all.hidden = false;
    all.addEventListener("click", () => {
      const seen = rows().filter((row) => !row.hidden);
      const isEvery = seen.every((row) => tick(row).checked);
      seen.slice(0, most).forEach((row) => {
        tick(row).checked = !isEvery;
      });
      tally();
    });
  }
  tally();
}
