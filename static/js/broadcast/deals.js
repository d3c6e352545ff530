import { api, showErrors } from "../base/api.js";
import { priceElement, yuanText } from "../base/money.js";
import { refreshSteppers } from "../base/stepper.js";
import { toast } from "../base/toast.js";
import { countdownText } from "../room/deals.js";
import { fenOf, sharesOf } from "./shares.js";

const SURE_MS = 4000;
const MORE_SECONDS = 60;

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** The deals of the show on the host's phone: plan, start, extend, stop, and how they stand. */
export class DealDesk {
  constructor({ box, opener, dialog, deals, words, sessionUrl, isOnAir }) {
    Object.assign(this, { box, opener, dialog, deals, words, sessionUrl, isOnAir });
    this.form = dialog.querySelector("form");
    this.terms = [];
    this.drawn = "";
    opener.addEventListener("click", () => this.#open());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#create(event.submitter?.value !== "plan", event.submitter);
    });
    this.form.addEventListener("input", () => this.#shares());
    this.form.addEventListener("change", () => this.#shares());
    setInterval(() => this.draw(), 500);
  }

  /** Fetches every deal of the show, also those that are planned or over. */
  async refresh() {
    const found = await api(`${this.sessionUrl}deals/`);
    this.deals.fill(found);
    this.draw();
  }

  draw() {
    const shown = [...this.deals.byId.values()]
      .map((deal) => ({ deal, state: this.deals.state(deal) }))
      .filter(({ deal, state }) => state !== "ended" || deal.id === this.last)
      .sort((a, b) => b.deal.id - a.deal.id);
    // The buttons stay the same elements while a finger is on them; only numbers change twice a second.
    const drawn = shown.map(({ deal, state }) => `${deal.id} ${state}`).join();
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.box.replaceChildren(...shown.map(({ deal, state }) => this.#card(deal, state)));
    }
    shown.forEach(({ deal, state }) => this.#numbers(deal, state));
  }

  #card(deal, state) {
    const card = element("article", "desk-deal");
    card.dataset.deal = deal.id;
    card.dataset.state = state;
    const head = element("p", "desk-deal__head");
    head.append(element("strong", "clamp-2", deal.title), priceElement(deal.price_fen, { size: "s" }));
    const line = element("p", "desk-deal__line small num");
    const meter = element("progress", "meter");
    meter.max = deal.quantity;
    const buttons = element("div", "desk-deal__do");
    if (state === "scheduled") {
      buttons.append(
        this.#button("btn btn--main", this.words.deal_start, "start", deal),
        this.#sureButton(this.words.deal_drop, deal),
      );
    } else if (state !== "ended") {
      buttons.append(
        this.#button("btn btn--soft", this.words.deal_more, "extend", deal, { seconds: MORE_SECONDS }),
        this.#sureButton(this.words.deal_stop, deal),
      );
    }
    card.append(head, line, meter, buttons);
    return card;
  }

  #numbers(deal, state) {
    const card = this.box.querySelector(`[data-deal="${deal.id}"]`);
    const until = Date.parse(state === "countdown" ? deal.starts_at : deal.ends_at) - this.deals.clock.now();
    const left = this.words.deal_left.replace("{count}", deal.remaining).replace("{total}", deal.quantity);
    const text = {
      scheduled: `${this.words.deal_planned} · ${deal.quantity} × · ${countdownText(deal.seconds * 1000)}`,
      countdown: `${this.words.deal_begins} ${countdownText(until)}`,
      active: `${left} · ${this.words.deal_ends} ${countdownText(until)}`,
      sold_out: `${this.words.sold_out} · ${this.words.deal_ends} ${countdownText(until)}`,
      ended: this.words.deal_over,
    }[state];
    const line = card.querySelector(".desk-deal__line");
    if (line.textContent !== text) line.textContent = text;
    card.querySelector("progress").value = deal.remaining;
  }

  #button(className, text, step, deal, body) {
    const button = element("button", className, text);
    button.type = "button";
    button.dataset.step = step;
    button.addEventListener("click", () => this.#step(button, deal, step, body));
    return button;
  }

  // What cannot be taken back asks for a second tap.
  #sureButton(text, deal) {
    const button = element("button", "btn btn--danger", text);
    button.type = "button";
    button.dataset.step = "stop";
    button.addEventListener("click", () => {
      if (button.dataset.sure) {
        this.#step(button, deal, "stop");
        return;
      }
      button.dataset.sure = "yes";
      button.textContent = this.words.deal_sure;
      setTimeout(() => {
        delete button.dataset.sure;
        button.textContent = text;
      }, SURE_MS);
    });
    return button;
  }

  async #step(button, deal, step, body = {}) {
    button.setAttribute("aria-busy", "true");
    try {
      this.deals.take(await api(`/api/v1/deals/${deal.id}/${step}/`, { method: "POST", body }));
      this.last = deal.id;
      this.draw();
    } catch (error) {
      toast(error.message, "error");
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  async #open() {
    this.opener.setAttribute("aria-busy", "true");
    try {
      this.terms = await api(`${this.sessionUrl}deal-terms/`);
    } catch (error) {
      toast(error.message, "error");
      return;
    } finally {
      this.opener.removeAttribute("aria-busy");
    }
    const choice = this.form.elements.rundown_item;
    const before = choice.value;
    choice.replaceChildren(
      ...this.terms.map((item) => new Option(`${item.title} · ${item.unit}`, String(item.rundown_item))),
    );
    if (this.terms.some((item) => String(item.rundown_item) === before)) choice.value = before;
    this.dialog.querySelector("[data-deal-none]").hidden = this.terms.length > 0;
    this.dialog.querySelectorAll("button[name=step]").forEach((button) => (button.disabled = !this.terms.length));
    this.dialog.querySelector("button[value=start]").hidden = !this.isOnAir();
    refreshSteppers(this.form);
    this.#shares();
    this.dialog.showModal();
  }

  get item() {
    return this.terms.find((item) => String(item.rundown_item) === this.form.elements.rundown_item.value);
  }

  // What each gets of one, while the price is typed: the farmer's part is what the host answers for.
  #shares() {
    const note = this.dialog.querySelector("[data-deal-shares]");
    const price = fenOf(this.form.elements.price_fen.value);
    const { item } = this;
    if (!item) {
      note.textContent = "";
      return;
    }
    const facts = [
      this.words.deal_usual.replace("{price}", `¥${yuanText(item.price_fen)}`).replace("{count}", item.available),
    ];
    if (item.floor_fen > 1) facts.push(this.words.deal_floor.replace("{price}", `¥${yuanText(item.floor_fen)}`));
    if (price) {
      const [farmer, host, platform] = sharesOf(price, item);
      const words = this.words.deal_shares
        .replace("{farmer}", `¥${yuanText(farmer)}`)
        .replace("{host}", `¥${yuanText(host)}`)
        .replace("{market}", `¥${yuanText(platform)}`);
      facts.push(words);
    }
    note.textContent = facts.join(" ");
    note.classList.toggle("desk-deal__bad", Boolean(price) && (price < item.floor_fen || price > item.price_fen));
  }

  async #create(isStart, button) {
    const fields = this.form.elements;
    const perBuyer = Number.parseInt(fields.per_buyer.value, 10) || null;
    const body = {
      rundown_item: Number(fields.rundown_item.value),
      price_fen: fenOf(fields.price_fen.value) ?? 0,
      quantity: Number.parseInt(fields.quantity.value, 10) || 0,
      per_buyer: perBuyer,
      seconds: Number(fields.seconds.value),
      countdown: Number(fields.countdown.value),
      start: isStart,
    };
    button?.setAttribute("aria-busy", "true");
    try {
      const deal = await api(`${this.sessionUrl}deals/`, { method: "POST", body });
      this.deals.take(deal);
      this.last = deal.id;
      this.draw();
      this.dialog.close();
    } catch (error) {
      showErrors(this.form, error);
    } finally {
      button?.removeAttribute("aria-busy");
    }
  }
}
