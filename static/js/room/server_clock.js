/**
 * The server's clock, as this phone can know it.
 *
 * Measured against a clock that nobody can set: a phone whose time is wrong by ten minutes counts down
 * right all the same. What the server said arrives late, never early, so the largest difference is the truest.
 */
export class ServerClock {
  constructor() {
    this.offset = Number.NEGATIVE_INFINITY;
  }

  /** Learns from a time the server told, and the moment (performance.now) at which it came. */
  learn(iso, cameAt = performance.now()) {
    const told = Date.parse(iso);
    if (!Number.isNaN(told)) this.offset = Math.max(this.offset, told - cameAt);
  }

  /** Learns from a time that stood in the page itself. */
  learnFromPage(iso) {
    const [page] = performance.getEntriesByType("navigation");
    this.learn(iso, page?.responseStart || performance.now());
  }

  now() {
    return performance.now() + this.offset;
  }
}
