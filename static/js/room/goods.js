import { priceElement } from "../base/money.js";

/** The list of the show's goods. */
export class Goods {
  constructor({ list, none, count, words, onBuy }) {
    Object.assign(this, { list, none, count, words, onBuy });
  }

  fill(items) {
    this.list.replaceChildren(...items.map((item) => this.#row(item)));
    this.none.hidden = items.length > 0;
    this.count.hidden = items.length === 0;
    this.count.textContent = String(items.length);
  }

  #row(item) {
    const row = document.createElement("div");
    row.className = "list-row goods-row";
    const picture = document.createElement("img");
    picture.className = "goods-row__pic";
    picture.alt = "";
    picture.loading = "lazy";
    if (item.photo) picture.src = item.photo;
    const body = document.createElement("div");
    body.className = "list-row__body";
    const title = document.createElement("a");
    title.className = "list-row__title goods-row__title";
    title.href = item.url;
    title.textContent = item.title;
    const unit = document.createElement("p");
    unit.className = "list-row__sub";
    unit.textContent = [item.unit, item.farmer].filter(Boolean).join(" · ");
    body.append(title, unit, priceElement(item.price_fen));
    const buttons = document.createElement("div");
    buttons.className = "goods-row__do";
    const isGone = item.available <= 0;
    const buy = this.#button("btn btn--buy btn--auto", isGone ? this.words.sold_out : this.words.buy, () => this.onBuy(item));
    buy.disabled = isGone;
    buttons.append(buy);
    row.append(picture, body, buttons);
    return row;
  }

  #button(className, text, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = className;
    button.textContent = text;
    button.addEventListener("click", () => {
      this.list.closest("dialog")?.close();
      act();
    });
    return button;
  }
}
