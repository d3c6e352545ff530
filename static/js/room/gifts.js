import { yuanText } from "../base/money.js";

const form = document.querySelector("[data-gift-form]");
const total = document.querySelector("[data-gift-total]");

function count() {
  const kind = form.querySelector("[name=kind]:checked");
  const quantity = Number(form.elements.quantity.value);
  total.textContent = kind && quantity > 0 ? `¥${yuanText(Number(kind.dataset.price) * quantity)}` : "";
}

if (form) {
  form.addEventListener("input", count);
  form.addEventListener("change", count);
  count();
  // A page that comes back from the browser's memory asks for a new gift, not for the old one again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) form.elements.key.value = crypto.randomUUID();
  });
}
