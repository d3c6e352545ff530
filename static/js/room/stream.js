/** Parses "epoch-seq"; null for anything else. */
function parse(id) {
  const cut = id.lastIndexOf("-");
  return cut > 0 ? { epoch: id.slice(0, cut), seq: Number(id.slice(cut + 1)) } : null;
}

const NAMES = ["chat", "pin", "deal", "stock", "viewers", "likes", "status", "rundown", "coupon"];
/** What only this person is told; it has no number, for it is not part of the room. */
const OWN = ["inbox"];
const LONGEST_PAUSE_MS = 30000;

/**
 * Follows a room's events, each once and in order. The stream is closed while the page is hidden and goes
 * on where it was; `onReset` is called when something was missed and the room must be fetched anew,
 * `onRefused` when the server does not let this person (or anybody just now) in.
 */
export class Stream {
  constructor({ url, after, onEvent, onReset, onRefused = () => {} }) {
    this.url = url;
    this.last = after;
    this.onEvent = onEvent;
    this.onReset = onReset;
    this.onRefused = onRefused;
    this.source = null;
    this.pause = 1000;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", () => this.open());
    this.open();
  }

  open() {
    if (this.source || document.hidden) return;
    clearTimeout(this.timer);
    const source = (this.source = new EventSource(`${this.url}?after=${encodeURIComponent(this.last)}`));
    for (const name of NAMES) source.addEventListener(name, (event) => this.#take(name, event));
    for (const name of OWN) {
      source.addEventListener(name, (event) => this.onEvent(name, JSON.parse(event.data)));
    }
    source.addEventListener("open", () => (this.pause = 1000));
    source.addEventListener("since", (event) => this.#check(event.data));
    source.addEventListener("reset", (event) => this.#restart(event.lastEventId));
    source.addEventListener("error", () => {
      // The browser reconnects by itself unless it was told never to.
      if (this.source !== source || source.readyState !== EventSource.CLOSED) return;
      this.#openLater();
      this.onRefused();
    });
  }

  /** Comes back later, and later still while it fails: a crowd that lost its server does not return as one. */
  #openLater() {
    this.close();
    this.timer = setTimeout(() => this.open(), this.pause * (0.5 + Math.random()));
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }

  /** The server says after which event the next ones come: not ours, and some are missing. */
  #check(since) {
    const known = parse(this.last);
    const before = parse(since);
    if (!before || (!this.last && before.seq === 0)) return;
    if (!known || known.epoch !== before.epoch || known.seq < before.seq) this.#restart(since);
  }

  #restart(id) {
    this.last = id;
    this.onReset();
  }

  #take(name, event) {
    const known = parse(this.last);
    const fresh = parse(event.lastEventId);
    if (known && fresh && known.epoch === fresh.epoch && fresh.seq <= known.seq) return;
    const isNewEpoch = known && fresh && known.epoch !== fresh.epoch;
    this.last = event.lastEventId;
    this.onEvent(name, JSON.parse(event.data));
    if (isNewEpoch) this.onReset();
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
