import { api } from "../base/api.js";
import { toast } from "../base/toast.js";

const LOOK_MS = 3000;
const words = JSON.parse(document.getElementById("obs-words").textContent);
const state = document.querySelector("[data-obs-state]");
const url = document.querySelector("[data-obs]").dataset.obs;

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      toast(button.dataset.copied, "success");
    } catch {
      // Without https there is no clipboard: what is selected can be copied by hand.
      field.focus();
    }
  });
}

async function look() {
  if (document.hidden) return;
  try {
    const key = await api(url);
    state.dataset.obsState = key.state;
    state.querySelector("[data-obs-text]").textContent = words[key.refused] || words[key.state];
  } catch {
    // The next look comes in three seconds.
  }
}

if (state) setInterval(look, LOOK_MS);
