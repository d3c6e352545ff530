/** Returns where a deal stands at a moment of the server's clock (ms), as the server would say. */
export function stateOf(deal, now) {
  if (deal.status === "scheduled" || deal.status === "ended") return deal.status;
  if (now >= Date.parse(deal.ends_at)) return "ended";
  if (now < Date.parse(deal.starts_at)) return "countdown";
  return deal.remaining > 0 ? "active" : "sold_out";
}

/** Returns what is left of a countdown: "0:07", "1:02:30". It shows 0:00 only when it is over. */
export function countdownText(ms) {
  const seconds = Math.max(Math.ceil(ms / 1000), 0);
  const pad = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

/** The deals of a room as last told; an older word never replaces a newer one. */
export class Deals {
  constructor(clock) {
    this.clock = clock;
    this.byId = new Map();
  }

  /** Takes the deals of a fetched room: what is not among them is over. */
  fill(deals) {
    const told = new Set(deals.map((deal) => deal.id));
    for (const id of [...this.byId.keys()]) if (!told.has(id)) this.byId.delete(id);
    deals.forEach((deal) => this.take(deal));
  }

  /** Takes one deal; returns whether it was news. */
  take(deal) {
    this.clock.learn(deal.server_now);
    const known = this.byId.get(deal.id);
    if (known && known.server_now > deal.server_now) return false;
    this.byId.set(deal.id, { ...known, ...deal });
    return true;
  }

  state(deal) {
    return stateOf(deal, this.clock.now());
  }

  /** Returns what is counting down, on sale or sold out now, what ends first first; sold-out ones come last. */
  open() {
    const now = this.clock.now();
    const isOpen = (deal) => ["countdown", "active", "sold_out"].includes(stateOf(deal, now));
    const isSoldOut = (deal) => Number(stateOf(deal, now) === "sold_out");
    const inOrder = (a, b) => isSoldOut(a) - isSoldOut(b) || a.ends_at.localeCompare(b.ends_at);
    return [...this.byId.values()].filter(isOpen).sort(inOrder);
  }

  /** Returns an item of the list with the price and the number of its deal, when one is on sale. */
  withDeal(item) {
    const deal = this.open().find((one) => one.rundown_item === item.rundown_item);
    if (!deal || this.state(deal) !== "active") return item;
    const most = Math.min(deal.remaining, deal.per_buyer ?? deal.remaining);
    return { ...item, price_fen: deal.price_fen, was_fen: deal.was_fen, available: most, deal: deal.id };
  }
}
