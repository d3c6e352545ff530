/** Parses "epoch-seq"; null for anything else. */
function parse(id) {
  const cut = id.lastIndexOf("-");
  return cut > 0 ? { epoch: id.slice(0, cut), seq: Number(id.slice(cut + 1)) } : null;
}

const NAMES = ["chat", "pin", "deal", "stock", "viewers", "likes", "status", "rundown"];

/**
 * Follows a room's events. The stream is closed while the page is hidden and goes on where it was;
 * `onReset` is called when the room must be fetched anew.
 */
export class Stream {
  constructor({ url, after, onEvent, onReset }) {
    this.url = url;
    this.last = after;
    this.onEvent = onEvent;
    this.onReset = onReset;
    this.source = null;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", () => this.open());
    this.open();
  }

  open() {
    if (this.source || document.hidden) return;
    this.source = new EventSource(`${this.url}?after=${encodeURIComponent(this.last)}`);
    for (const name of NAMES) this.source.addEventListener(name, (event) => this.#take(name, event));
    this.source.addEventListener("reset", (event) => {
      this.last = event.lastEventId;
      this.onReset();
    });
    this.source.addEventListener("error", () => {
      // The browser reconnects by itself unless it was told never to.
      if (this.source?.readyState === EventSource.CLOSED) {
        this.close();
        setTimeout(() => this.open(), 3000);
      }
    });
  }

  #take(name, event) {
    const known = parse(this.last);
    const fresh = parse(event.lastEventId);
    if (known && fresh && known.epoch === fresh.epoch && fresh.seq <= known.seq) return;
    this.last = event.lastEventId;
    this.onEvent(name, JSON.parse(event.data));
  }

  close() {
    this.source?.close();
    this.source = null;
  }
}
