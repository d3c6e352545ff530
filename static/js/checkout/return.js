import { api } from "../base/api.js";

const box = document.querySelector("[data-poll]");
const OPEN = new Set(["created", "pending"]);
let pause = 1000;

async function look() {
  try {
    const payment = await api(box.dataset.poll);
    if (!OPEN.has(payment.status)) {
      location.reload();
      return;
    }
  } catch {
    // A weak network is no result: ask again.
  }
  pause = Math.min(pause * 1.3, 5000);
  asked += 1;
  // Now and then the page itself asks the provider, should its callback be lost.
  if (asked % 6 === 0) location.reload();
  else setTimeout(look, pause);
}

let asked = 0;
if (box) setTimeout(look, pause);
