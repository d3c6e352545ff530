import { priceElement, yuanText } from "../base/money.js";
import { countdownText } from "./deals.js";

const OVER_MS = 4000;

function find(root, name) {
  return root.querySelector(`[data-deal-${name}]`);
}

/** The card of a flash deal: the countdown by the server's clock, what is left, the button that buys. */
export class DealCard {
  constructor({ root, pinRoot, deals, words, itemOf, onBuy, onState }) {
    Object.assign(this, { root, pinRoot, deals, words, itemOf, onBuy, onState });
    this.shown = null;
    this.said = "";
    find(root, "buy").addEventListener("click", (event) => {
      event.preventDefault();
      if (this.shown && deals.state(this.shown) === "active") onBuy(deals.withDeal(itemOf(this.shown.rundown_item)));
    });
    setInterval(() => this.draw(), 250);
  }

  /** Draws the deal that ends first, with the numbers of this moment. */
  draw() {
    const [deal] = this.deals.open();
    if (deal) this.#show(deal);
    else if (this.shown) this.#leave();
    else this.root.hidden = true;
    const isPinned = this.shown && this.shown.rundown_item === this.pinned;
    this.pinRoot.classList.toggle("pin--behind", Boolean(isPinned));
  }

  /** Is told which item is shown now: its own card steps back behind the deal's. */
  pin(item) {
    this.pinned = item?.rundown_item ?? null;
    this.draw();
  }

  #show(deal) {
    clearTimeout(this.leaving);
    this.leaving = null;
    const now = this.deals.clock.now();
    const state = this.deals.state(deal);
    const item = this.itemOf(deal.rundown_item);
    this.shown = deal;
    this.root.hidden = false;
    this.root.dataset.state = state;
    const photo = find(this.root, "photo");
    if (item?.photo && photo.getAttribute("src") !== item.photo) photo.src = item.photo;
    this.#text("title", deal.title);
    this.#text("unit", deal.unit);
    if (this.price !== deal.price_fen) {
      this.price = deal.price_fen;
      find(this.root, "price").replaceChildren(priceElement(deal.price_fen));
    }
    this.#text("was", deal.was_fen ? `¥${yuanText(deal.was_fen)}` : "");
    const until = Date.parse(state === "countdown" ? deal.starts_at : deal.ends_at) - now;
    this.#text("word", state === "countdown" ? this.words.deal_begins : this.words.deal_ends);
    this.#text("clock", countdownText(until));
    const meter = find(this.root, "meter");
    meter.max = deal.quantity;
    meter.value = deal.remaining;
    meter.classList.toggle("meter--hot", deal.remaining * 5 <= deal.quantity);
    const left = this.words.deal_left.replace("{count}", deal.remaining).replace("{total}", deal.quantity);
    this.#text("left", state === "sold_out" ? this.words.sold_out : left);
    const buy = find(this.root, "buy");
    buy.disabled = state !== "active";
    buy.setAttribute("aria-disabled", String(state !== "active"));
    this.#text("buy", { countdown: this.words.deal_soon, sold_out: this.words.sold_out }[state] ?? this.words.buy);
    this.#say(deal, state);
  }

  // The countdown is for eyes; ears hear only what changes: it begins, is sold out, comes back, is over.
  #say(deal, state) {
    const said = `${deal.id} ${state}`;
    if (said === this.said) return;
    this.said = said;
    const what = { countdown: "deal_begins", active: "deal_on", sold_out: "sold_out", ended: "deal_over" }[state];
    this.#text("said", `${deal.title}: ${this.words[what]}`);
    this.onState();
  }

  #leave() {
    if (this.leaving) return;
    this.root.dataset.state = "ended";
    this.#text("word", this.words.deal_over);
    this.#text("clock", "");
    this.#text("left", "");
    const buy = find(this.root, "buy");
    buy.disabled = true;
    buy.setAttribute("aria-disabled", "true");
    this.#say(this.shown, "ended");
    this.leaving = setTimeout(() => {
      this.shown = null;
      this.leaving = null;
      this.draw();
    }, OVER_MS);
  }

  #text(name, text) {
    const part = find(this.root, name);
    if (part.textContent !== text) part.textContent = text;
  }
}
