import { api } from "../base/api.js";
import { yuanText } from "../base/money.js";
import { toast } from "../base/toast.js";

const OVER = ["coupon_gone", "coupon_closed", "coupon_limit", "not_found"];

function short(fen) {
  return yuanText(fen).replace(/\.00$/, "");
}

/** Returns what a coupon takes off and from which amount on, in words. */
export function promiseOf(coupon, words) {
  if (coupon.amount_off_fen) return words.coupon_off.replace("{off}", short(coupon.amount_off_fen));
  return words.coupon_percent.replace("{percent}", coupon.percent_off).replace("{cap}", short(coupon.cap_fen));
}

export function conditionOf(coupon, words) {
  return words.coupon_from.replace("{minimum}", short(coupon.minimum_fen));
}

/** Returns what a coupon would save on one kind of goods, as the server counts it; 0 when it does not hold. */
export function savingOf(coupon, { totalFen, shop, session, isLive }) {
  if (coupon.shop !== null && coupon.shop !== shop) return 0;
  if (coupon.is_live_only && !(isLive && [null, session].includes(coupon.live_session))) return 0;
  if (totalFen < coupon.minimum_fen) return 0;
  if (coupon.amount_off_fen) return coupon.amount_off_fen;
  return Math.min(Math.floor((totalFen * coupon.percent_off) / 100), coupon.cap_fen);
}

/** Returns {coupon, saving} of the one that saves most, or null. */
export function bestCoupon(coupons, goods) {
  const offers = coupons.map((coupon) => ({ coupon, saving: savingOf(coupon, goods) }));
  const best = offers.filter(({ saving }) => saving > 0).sort((a, b) => b.saving - a.saving);
  return best[0] ?? null;
}

/** The coupon that the host holds up, with the button that takes it. `mine` are the person's own. */
export class CouponCard {
  constructor({ root, words, mine, signedIn, signInUrl }) {
    Object.assign(this, { root, words, mine, signedIn, signInUrl });
    this.shown = null;
    this.form = root.querySelector("form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#take();
    });
    root.querySelector("[data-coupon-close]").addEventListener("click", () => this.hide());
  }

  /** Shows the newest offer; what the person has is not offered again. */
  fill(coupons) {
    const fresh = coupons.find((coupon) => coupon.is_offered && coupon.left > 0);
    if (fresh) this.show(fresh);
    else this.hide();
  }

  show(coupon) {
    if (this.mine.some((own) => own.campaign === coupon.id)) {
      this.hide();
      return;
    }
    this.shown = coupon;
    this.root.querySelector("[data-coupon-promise]").textContent = promiseOf(coupon, this.words);
    this.root.querySelector("[data-coupon-title]").textContent = coupon.title;
    const left = this.words.coupon_left.replace("{count}", coupon.left);
    this.root.querySelector("[data-coupon-terms]").textContent = `${conditionOf(coupon, this.words)} · ${left}`;
    this.root.hidden = false;
  }

  hide() {
    this.shown = null;
    this.root.hidden = true;
  }

  async #take() {
    if (!this.shown) return;
    if (!this.signedIn) {
      window.location.assign(this.signInUrl);
      return;
    }
    const button = this.form.querySelector("button");
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      this.mine.push(await api(`/api/v1/coupon-campaigns/${this.shown.id}/claim/`, { method: "POST" }));
      toast(this.words.coupon_yours, "success");
      this.hide();
    } catch (error) {
      toast(error.message, "error");
      if (OVER.includes(error.code)) this.hide();
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}
