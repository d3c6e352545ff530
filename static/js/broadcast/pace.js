const WINDOW_MS = 10_000;
const TOO_LATE_MS = 4000;
const CALM_MS = 1500;
const SETTLE_MS = 4000;
const UP_AFTER_MS = 20_000;
const LONGEST_UP_AFTER_MS = 160_000;
const FELL_BACK_MS = 30_000;
const ROOM = 0.7;

/**
 * Chooses the picture that the network carries, from how the sending goes; times in milliseconds.
 * Down as soon as the queue shows that the network is too slow, at once to what it carries; up one by one
 * after a calm while with room to spare, and more rarely each time that this proved too much.
 */
export class Pace {
  /** `rates`: bits a second of each level, the best first. */
  constructor(rates, at) {
    this.rates = rates;
    this.samples = [];
    this.changedAt = at;
    this.calmSince = at;
    this.upAt = null;
    this.upAfter = UP_AFTER_MS;
  }

  /** A chunk that had been recorded at that level in `recordedMs` was sent in `ms`. */
  sent({ level, recordedMs, ms, at }) {
    // In terms of what the levels are meant to need: a picture that hardly moves needs less than that.
    this.samples.push({ capacity: (this.rates[level] * recordedMs) / Math.max(ms, 1), ms, at });
  }

  #recent(at) {
    this.samples = this.samples.filter((sample) => sample.at > at - WINDOW_MS);
    const busy = this.samples.reduce((sum, sample) => sum + sample.ms, 0);
    // What the network carried a moment ago says nothing once it has become slow: the last chunk does.
    return { capacity: this.samples.at(-1)?.capacity ?? null, load: busy / WINDOW_MS };
  }

  /** Returns the level that the next recording should have; ask a few times a second. */
  choose({ at, level, waitingMs, isOffline }) {
    const { capacity, load } = this.#recent(at);
    // A tunnel says nothing about the network behind it.
    if (isOffline || waitingMs > CALM_MS) this.calmSince = at;
    if (isOffline || at - this.changedAt < SETTLE_MS) return level;
    if (waitingMs >= TOO_LATE_MS) return this.#lower(at, level, capacity);
    const isCalm = at - Math.max(this.calmSince, this.changedAt) >= this.upAfter;
    if (level > 0 && isCalm && load * (this.rates[level - 1] / this.rates[level]) <= ROOM) {
      this.upAt = at;
      return this.#change(at, level - 1);
    }
    return level;
  }

  #lower(at, level, capacity) {
    const last = this.rates.length - 1;
    // Nothing was sent yet, or the queue is of a tunnel and is being worked off.
    if (level === last || capacity === null || capacity >= this.rates[level] * 1.3) return level;
    if (this.upAt !== null && at - this.upAt < FELL_BACK_MS) this.upAfter = Math.min(this.upAfter * 2, LONGEST_UP_AFTER_MS);
    else this.upAfter = UP_AFTER_MS;
    const carried = this.rates.findIndex((rate) => rate <= capacity * 0.8);
    return this.#change(at, carried < 0 ? last : Math.max(carried, level + 1));
  }

  #change(at, level) {
    this.changedAt = at;
    this.samples = [];
    return level;
  }
}
