import { api, newKey, showErrors } from "../base/api.js";
import { priceElement } from "../base/money.js";
import { refreshSteppers } from "../base/stepper.js";
import { toast } from "../base/toast.js";
import { bestCoupon } from "./coupons.js";
import { orderDeal, prepareDeal } from "./deal_order.js";

function part(root, name) {
  return root.querySelector(`[data-buy-${name}]`);
}

/** The sheet in which an item is bought while the show goes on. */
export class BuySheet {
  constructor({ dialog, room, words }) {
    this.dialog = dialog;
    this.room = room;
    this.words = words;
    this.item = null;
    this.key = null;
    this.form = dialog.querySelector("[data-buy]");
    this.form.elements.quantity.addEventListener("change", () => this.#wishChanged());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#buy();
    });
  }

  open(item) {
    this.item = item;
    if (item.photo) part(this.dialog, "photo").src = item.photo;
    part(this.dialog, "title").textContent = item.title;
    part(this.dialog, "unit").textContent = [item.unit, item.farmer].filter(Boolean).join(" · ");
    part(this.dialog, "price").replaceChildren(priceElement(item.price_fen));
    const quantity = this.form.elements.quantity;
    quantity.value = "1";
    quantity.max = String(Math.max(Math.min(item.available, 99), 1));
    refreshSteppers(this.dialog);
    this.#wishChanged();
    if (item.deal && this.room.address) prepareDeal(item.deal);
    this.dialog.showModal();
  }

  get quantity() {
    return Math.max(Number.parseInt(this.form.elements.quantity.value, 10) || 1, 1);
  }

  // The same wish keeps its key, so that a second try after a lost answer buys nothing twice.
  #wishChanged() {
    this.key = newKey();
    this.payKey = newKey();
    this.quote = null;
    this.#draw();
    if (this.room.address) this.#ask(this.key);
  }

  get #wish() {
    const body = {
      lines: [{ variant: this.item.variant, quantity: this.quantity, deal: this.item.deal ?? null }],
      address: this.room.address,
    };
    // A deal is its own source.
    if (this.item.source && !this.item.deal) body.source = this.item.source;
    return body;
  }

  // What sending costs depends on the shop, the weight and the place: only the server knows.
  async #ask(key) {
    try {
      const quote = await api("/api/v1/order-quotes/", { method: "POST", body: this.#wish });
      if (key !== this.key) return;
      this.quote = quote;
      this.#draw();
    } catch (error) {
      if (key === this.key) showErrors(this.form, error);
    }
  }

  #draw() {
    // A replay offers no coupons: those of the live room are over.
    const { session, coupons } = this.room;
    const goods = this.quote?.goods_fen ?? this.item.price_fen * this.quantity;
    const total = this.quote?.total_fen ?? goods;
    this.offer = coupons && bestCoupon(coupons.mine, {
      totalFen: goods,
      shop: session.shop,
      session: session.id,
      isLive: Boolean(this.item.source || this.item.deal),
    });
    const off = this.offer?.saving ?? 0;
    part(this.dialog, "coupon-name").hidden = part(this.dialog, "coupon").hidden = !off;
    part(this.dialog, "coupon").replaceChildren(priceElement(-off, { size: "s", tone: "plain" }));
    part(this.dialog, "freight-name").hidden = part(this.dialog, "freight").hidden = !this.room.address;
    const freight = this.quote ? priceElement(this.quote.freight_fen, { size: "s", tone: "plain" }) : "…";
    part(this.dialog, "freight").replaceChildren(freight);
    part(this.dialog, "total").replaceChildren(priceElement(total - off, { size: "l" }));
    // Nobody pays a sum that was not shown.
    const go = part(this.dialog, "go");
    if (go) go.disabled = !this.quote;
  }

  #forget(coupon) {
    const { mine } = this.room.coupons;
    mine.splice(mine.indexOf(coupon), 1);
  }

  async #buy() {
    const button = part(this.dialog, "go");
    if (!this.room.address || button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      const body = this.#wish;
      if (this.offer) body.coupon = this.offer.coupon.id;
      const order = this.item.deal && !this.offer
        ? await orderDeal(this.item.deal, { key: this.key, body })
        : await api("/api/v1/orders/", { method: "POST", key: this.key, body });
      if (!this.room.gateway) {
        window.location.assign(`/checkout/${order.group}/`);
        return;
      }
      const answer = await api(`/api/v1/order-groups/${order.group}/pay/`, {
        method: "POST",
        key: this.payKey,
        body: { gateway: this.room.gateway },
      });
      toast(this.words.paying, "success");
      window.location.assign(answer.next.url);
    } catch (error) {
      showErrors(this.form, error);
      // Used elsewhere, or run out: without it the sum is another one, which must be seen first.
      if (this.offer && error.code.startsWith("coupon_")) this.#forget(this.offer.coupon);
      // At another price nobody buys without having seen it.
      if (error.code === "deal_closed") this.dialog.close();
      if (!["network", "in_progress", "busy"].includes(error.code)) this.#wishChanged();
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}
