import { api } from "../base/api.js";
import { priceElement } from "../base/money.js";
import { toast } from "../base/toast.js";

/** The rundown as cards: one tap shows an item in the room. */
export class Cards {
  constructor({ box, words, sessionUrl, onPinned }) {
    Object.assign(this, { box, words, sessionUrl, onPinned });
    this.items = [];
    this.pinned = null;
  }

  fill(items, pinned) {
    this.items = items;
    this.pinned = pinned?.rundown_item ?? null;
    this.draw();
  }

  pin(pinned) {
    this.pinned = pinned?.rundown_item ?? null;
    this.draw();
  }

  stock(variant, available) {
    this.items.filter((item) => item.variant === variant).forEach((item) => (item.available = available));
    this.draw();
  }

  draw() {
    if (!this.items.length) {
      const none = document.createElement("p");
      none.className = "muted";
      none.textContent = this.words.empty;
      this.box.replaceChildren(none);
      return;
    }
    this.box.replaceChildren(...this.items.map((item) => this.#card(item)));
  }

  #card(item) {
    const isPinned = item.rundown_item === this.pinned;
    const card = document.createElement("article");
    card.className = `console__card${isPinned ? " console__card--pinned" : ""}`;
    const picture = document.createElement("img");
    picture.alt = "";
    if (item.photo) picture.src = item.photo;
    const title = document.createElement("p");
    title.className = "strong clamp-2 small";
    title.textContent = item.title;
    const left = document.createElement("p");
    left.className = "tiny muted";
    left.textContent = item.available > 0 ? this.words.left.replace("{count}", item.available) : this.words.sold_out;
    const button = document.createElement("button");
    button.type = "button";
    button.className = `btn btn--wide ${isPinned ? "btn--danger" : "btn--soft"}`;
    button.textContent = isPinned ? this.words.unpin : this.words.pin;
    button.setAttribute("aria-pressed", String(isPinned));
    button.dataset.item = item.rundown_item;
    button.addEventListener("click", () => this.#tap(item, isPinned, button));
    card.append(picture, title, priceElement(item.price_fen, { size: "s" }), left, button);
    return card;
  }

  async #tap(item, isPinned, button) {
    button.setAttribute("aria-busy", "true");
    try {
      const body = { rundown_item: isPinned ? null : item.rundown_item };
      const answer = await api(`${this.sessionUrl}pin/`, { method: "POST", body });
      this.pin(answer.pinned);
    } catch (error) {
      toast(error.message, "error");
      button.removeAttribute("aria-busy");
    }
  }
}
