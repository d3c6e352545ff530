import { api } from "../base/api.js";
import { yuanText } from "../base/money.js";

const SHOWN_MINUTES = 15;
const PACE_MINUTES = 5;
const EVERY_MS = 10000;
const SOON_MS = 1500;

/** Orders and yuan while the show runs: read again every ten seconds, and soon after a sale. */
export class Numbers {
  constructor({ box, sessionUrl, isOnAir }) {
    Object.assign(this, { box, isOnAir });
    this.url = `${sessionUrl}report/`;
    this.timer = 0;
    box.hidden = !isOnAir();
    this.#again(0);
  }

  /** A sale was told: look in a moment, once for many sales at once. */
  soon() {
    this.#again(SOON_MS);
  }

  likes(count) {
    this.#set("likes", String(count));
  }

  #again(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#read(), wait);
  }

  async #read() {
    try {
      if (this.isOnAir() && !document.hidden) this.#draw(await api(this.url));
    } catch {
      // The next round asks again; what is shown stays true for its moment.
    }
    this.#again(EVERY_MS);
  }

  #draw(report) {
    this.box.hidden = false;
    const last = report.minutes.slice(-PACE_MINUTES);
    const pace = last.reduce((sum, minute) => sum + minute.goods_fen, 0) / Math.max(last.length, 1);
    this.#set("yuan", yuanText(report.goods_fen));
    this.#set("orders", String(report.orders));
    this.#set("pace", yuanText(Math.round(pace)));
    this.#set("likes", String(report.likes));
    this.#columns(report.minutes.slice(-SHOWN_MINUTES));
    this.#rows("products", report.products, (row) => row.title);
    this.#rows("farmers", report.farmers, (row) => row.name);
  }

  #set(name, text) {
    this.box.querySelector(`[data-number="${name}"]`).textContent = text;
  }

  #columns(minutes) {
    const top = Math.max(...minutes.map((minute) => minute.goods_fen), 1);
    const bars = minutes.map((minute, index) => {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const height = (minute.goods_fen * 40) / top;
      const place = { x: index * 10 + 1, y: 40 - height, width: 8, height };
      for (const [name, value] of Object.entries(place)) bar.setAttribute(name, String(value));
      return bar;
    });
    this.box.querySelector("[data-pace]").replaceChildren(...bars);
  }

  #rows(name, rows, title) {
    const lines = rows
      .filter((row) => row.units > 0)
      .map((row) => {
        const line = document.createElement("li");
        const sum = document.createElement("span");
        sum.className = "num";
        sum.textContent = `${row.units} · ¥${yuanText(row.goods_fen)}`;
        line.append(title(row), sum);
        return line;
      });
    this.box.querySelector(`[data-by="${name}"]`).replaceChildren(...lines);
  }
}
