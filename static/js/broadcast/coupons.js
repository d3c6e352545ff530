import { api, showErrors } from "../base/api.js";
import { toast } from "../base/toast.js";
import { conditionOf, promiseOf } from "../room/coupons.js";
import { fenOf } from "./shares.js";

const GOOD_FOR_MS = 24 * 3600 * 1000;

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** The coupons of the show on the host's phone: make one, hold it up, see how many are taken. */
export class CouponDesk {
  constructor({ box, opener, dialog, words, session, sessionUrl }) {
    Object.assign(this, { box, dialog, words, session, sessionUrl });
    this.byId = new Map();
    this.form = dialog.querySelector("form");
    opener?.addEventListener("click", () => dialog.showModal());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#create(event.submitter);
    });
  }

  async refresh() {
    const found = await api(`${this.sessionUrl}coupons/`);
    this.byId = new Map(found.map((coupon) => [coupon.id, coupon]));
    this.draw();
  }

  take(coupon) {
    this.byId.set(coupon.id, coupon);
    this.draw();
  }

  draw() {
    const newest = [...this.byId.values()].sort((a, b) => b.id - a.id);
    this.box.replaceChildren(...newest.map((coupon) => this.#card(coupon)));
  }

  #card(coupon) {
    const card = element("article", "desk-deal");
    card.dataset.campaign = coupon.id;
    const head = element("p", "desk-deal__head");
    head.append(element("strong", "", promiseOf(coupon, this.words)), element("span", "small", conditionOf(coupon, this.words)));
    const taken = this.words.coupon_taken
      .replace("{taken}", coupon.total - coupon.left)
      .replace("{total}", coupon.total);
    const button = element("button", "btn btn--soft btn--wide");
    button.type = "button";
    button.textContent = coupon.is_offered ? this.words.coupon_again : this.words.coupon_offer;
    button.disabled = coupon.left < 1;
    button.addEventListener("click", () => this.#offer(coupon.id, button));
    card.append(head, element("p", "desk-deal__line small num", taken), button);
    return card;
  }

  async #offer(id, button) {
    button?.setAttribute("aria-busy", "true");
    try {
      this.take(await api(`/api/v1/coupon-campaigns/${id}/offer/`, { method: "POST" }));
      toast(this.words.coupon_shown, "success");
    } catch (error) {
      toast(error.message, "error");
    } finally {
      button?.removeAttribute("aria-busy");
    }
  }

  async #create(button) {
    const fields = this.form.elements;
    const off = fenOf(fields.amount_off_fen.value) ?? 0;
    const minimum = fenOf(fields.minimum_fen.value) ?? 0;
    const body = {
      live_session: this.session.id,
      shop: this.session.shop,
      title: this.session.title.slice(0, 40),
      cost_bearer: fields.cost_bearer.value,
      amount_off_fen: off,
      minimum_fen: minimum,
      total: Number.parseInt(fields.total.value, 10) || 0,
      ends_at: new Date(Date.now() + GOOD_FOR_MS).toISOString(),
    };
    button?.setAttribute("aria-busy", "true");
    try {
      const made = await api("/api/v1/coupon-campaigns/", { method: "POST", body });
      this.dialog.close();
      await this.#offer(made.id);
    } catch (error) {
      showErrors(this.form, error);
    } finally {
      button?.removeAttribute("aria-busy");
    }
  }
}
