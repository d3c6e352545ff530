import { priceElement, yuanText } from "../base/money.js";

function find(root, name) {
  return root.querySelector(`[data-pin-${name}]`);
}

/** The card of what is shown now. */
export class PinCard {
  constructor({ root, words, onBuy }) {
    this.root = root;
    this.words = words;
    this.item = null;
    this.most = 0;
    find(root, "buy").addEventListener("click", () => this.item && onBuy(this.item));
  }

  /** Shows an item, or nothing for null. */
  show(item) {
    const isOther = item?.variant !== this.item?.variant;
    this.item = item;
    this.root.hidden = !item;
    if (!item) return;
    const photo = find(this.root, "photo");
    if (item.photo && photo.getAttribute("src") !== item.photo) photo.src = item.photo;
    find(this.root, "link").href = item.url;
    find(this.root, "link").setAttribute("aria-label", item.title);
    find(this.root, "title").textContent = item.title;
    find(this.root, "grower").textContent = [item.unit, item.farmer, item.village].filter(Boolean).join(" · ");
    find(this.root, "price").replaceChildren(priceElement(item.price_fen));
    find(this.root, "was").textContent = item.was_fen ? `¥${yuanText(item.was_fen)}` : "";
    if (isOther) this.most = 0;
    this.stock(item.variant, item.available);
    if (isOther) {
      this.root.classList.remove("pin--fresh");
      requestAnimationFrame(() => this.root.classList.add("pin--fresh"));
    }
  }

  /** Moves the remaining number when the event is about this variant. */
  stock(variant, available) {
    if (!this.item || this.item.variant !== variant) return;
    this.item.available = available;
    this.most = Math.max(this.most, available, 1);
    const meter = find(this.root, "meter");
    meter.max = this.most;
    meter.value = available;
    meter.classList.toggle("meter--hot", available > 0 && available <= 10);
    find(this.root, "left").textContent =
      available > 0 ? this.words.left.replace("{count}", available) : this.words.sold_out;
    const buy = find(this.root, "buy");
    buy.disabled = available <= 0;
    buy.textContent = available > 0 ? this.words.buy : this.words.sold_out;
  }
}
