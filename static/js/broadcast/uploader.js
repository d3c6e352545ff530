import { api, newKey } from "../base/api.js";

const RENEW_MS = 4 * 60 * 1000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4000;
// A weak network gets as long as this many bytes a second need; a dead one is found out soon.
const PATIENCE_MS = 8000;
const SLOWEST_BYTES = 12_500;
const HANGING_MS = 1500;
// The server forgets a take that never got a chunk after so long (the answer may have been lost).
const LOST_ANSWER_MS = 12_000;
const IN_MEMORY = 40;

/** Milliseconds that go on evenly within a page and can be compared with those of an earlier page. */
export function clock() {
  return performance.timeOrigin + performance.now();
}

/**
 * Sends the chunks of takes in their order and keeps each until it is acknowledged. A take is recorded
 * first and opened at the server when those before it are sent: nothing is lost in a tunnel.
 *
 * `onState({waiting, waitingMs, bytes, isOffline, code})` after every change, `onSent({level, recordedMs,
 * ms})` after every chunk, `onRefused(reason)` when the server takes no more: then nothing is sent until `restart`.
 */
export class Uploader {
  constructor({ sessionUrl, buffer, memory, onState, onSent, onRefused }) {
    Object.assign(this, { sessionUrl, buffer, memory, onState, onSent, onRefused });
    this.takes = [];
    this.isOffline = false;
    this.isStopped = false;
    this.code = "";
    this.waits = new Set();
    window.addEventListener("online", () => this.hurry());
    setInterval(() => this.#renewFirst(), RENEW_MS);
  }

  /** Takes over what an earlier page left, before anything else is begun; returns how many chunks. */
  async recover() {
    const left = await this.buffer.left();
    for (const { take, chunks } of left) {
      if (!chunks.length) {
        await this.buffer.dropTake(take.key);
        continue;
      }
      const queue = chunks.map((chunk) => ({ ...chunk, bytes: null }));
      this.takes.push({ ...take, queue, nextSeq: queue.at(-1).seq + 1, isEnded: true, isLeft: true, grant: null });
    }
    this.#work();
    return this.takes.reduce((sum, take) => sum + take.queue.length, 0);
  }

  /** Adds a take that is being recorded; `opened` of it resolves once the server has it. */
  begin({ mime, level, isNewer }) {
    const take = { key: newKey(), mime, level, isNewer, began: clock(), server: null, grant: null };
    Object.assign(take, { queue: [], nextSeq: 0, isEnded: false });
    take.opened = new Promise((resolve, reject) => Object.assign(take, { resolve, reject }));
    take.opened.catch(() => {});
    this.takes.push(take);
    this.buffer.keepTake(take);
    this.#work();
    return take;
  }

  /** Adds a recorded chunk of a take. */
  async add(take, blob, ms) {
    const chunk = { seq: take.nextSeq, size: blob.size, ms, bytes: null };
    take.nextSeq += 1;
    take.queue.push(chunk);
    chunk.reading = blob.arrayBuffer();
    chunk.bytes = await chunk.reading;
    this.#tell();
    this.#work();
    if (this.isStopped || !this.takes.includes(take) || !(await this.buffer.keepChunk(take.key, chunk))) return;
    // Acknowledged meanwhile: it must not come back after a reload.
    if (!take.queue.includes(chunk)) this.buffer.dropChunk(take.key, chunk.seq);
    else if (this.waiting > IN_MEMORY) Object.assign(chunk, { bytes: null, reading: null });
  }

  /** No more chunks of this take will come. */
  end(take) {
    take.isEnded = true;
    this.#work();
  }

  /** How many chunks wait. */
  get waiting() {
    return this.takes.reduce((sum, take) => sum + take.queue.length, 0);
  }

  get waitingMs() {
    return this.takes.reduce((sum, take) => take.queue.reduce((part, chunk) => part + chunk.ms, sum), 0);
  }

  get bytes() {
    return this.takes.reduce((sum, take) => take.queue.reduce((part, chunk) => part + chunk.size, sum), 0);
  }

  get isFull() {
    return this.bytes > this.buffer.most;
  }

  /** Gives up everything that waits. */
  async forget() {
    const takes = this.takes.splice(0);
    takes.forEach((take) => take.reject?.(new Error("forgotten")));
    await Promise.all(takes.map((take) => this.buffer.dropTake(take.key)));
    this.#tell();
  }

  /** Sends again after a refusal. */
  restart() {
    this.isStopped = false;
    this.#work();
  }

  /** Tries at once: the network is back, or the page is seen again. */
  hurry() {
    if (this.sendingSince && performance.now() - this.sendingSince > HANGING_MS) this.sending?.abort();
    this.waits.forEach((done) => done());
  }

  /** Waits until everything is acknowledged and closed, at most so long. */
  async finish(longestMs) {
    const until = performance.now() + longestMs;
    while (this.takes.length && !this.isStopped && performance.now() < until) await this.#pause(100);
  }

  #tell() {
    const { waiting, waitingMs, bytes, isOffline, code } = this;
    this.onState({ waiting, waitingMs, bytes, isOffline, code });
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waits.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.waits.add(done);
    });
  }

  async #work() {
    if (this.isWorking) return;
    this.isWorking = true;
    let wait = FIRST_WAIT_MS;
    while (this.takes.length && !this.isStopped) {
      const take = this.takes[0];
      const isDone = take.isEnded && !take.queue.length;
      if (!isDone && take.grant && !take.queue.length) break;
      const isForward = await (isDone ? this.#close(take) : take.grant ? this.#send(take) : this.#open(take));
      this.#tell();
      if (isForward) wait = FIRST_WAIT_MS;
      else if (!this.isStopped) {
        await this.#pause(wait);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      }
    }
    this.isWorking = false;
  }

  // Opening the next take closes this one: only the last is closed by a call of its own.
  async #close(take) {
    if (take.grant && this.takes.length === 1) {
      try {
        await api(`${this.sessionUrl}takes/${take.server}/close/`, { method: "POST" });
      } catch (error) {
        if (error.status === 0 && !take.isGivenUp) {
          take.isGivenUp = true;
          return false;
        }
      }
    }
    if (this.takes[0] === take) this.takes.shift();
    this.buffer.dropTake(take.key);
    return true;
  }

  async #open(take) {
    const asked = clock();
    try {
      const grant = take.server
        ? await api(`${this.sessionUrl}takes/${take.server}/token/`, { method: "POST" })
        : await api(`${this.sessionUrl}takes/`, { method: "POST", body: this.#wish(take) });
      this.isOffline = false;
      this.code = "";
      if (!take.server) {
        Object.assign(take, { server: grant.take, openedAt: (asked + clock()) / 2 });
        this.memory.last = grant.take;
        this.buffer.keepTake(take);
      }
      this.#acknowledge(take, grant.resume_from);
      take.grant = grant;
      take.resolve?.();
      return true;
    } catch (error) {
      return this.#notOpened(take, error);
    }
  }

  #wish(take) {
    // Only a person's tap wins the picture from another phone; what goes on by itself says after which take.
    const after = take.isNewer ? null : this.memory.last;
    return { mime: take.mime, ...(after ? { after } : {}) };
  }

  #notOpened(take, error) {
    this.code = error.code;
    this.isOffline = error.status === 0;
    if (error.status === 0) {
      take.lostAt = performance.now();
      return false;
    }
    const mayBeOurs = take.lostAt !== undefined && performance.now() - take.lostAt < LOST_ANSWER_MS;
    const isPassing = error.status >= 500 || error.status === 429 || (error.code === "taken_over" && mayBeOurs);
    if (isPassing && !take.isNewer) return false;
    take.reject?.(error);
    return this.#refuse(take, error.code === "take_closed" ? error.reason : error.code);
  }

  async #renewFirst() {
    const take = this.takes[0];
    if (!take?.grant) return;
    await api(`${this.sessionUrl}takes/${take.server}/token/`, { method: "POST" })
      .then((grant) => (take.grant = grant))
      .catch(() => {});
  }

  async #send(take) {
    const chunk = take.queue[0];
    const body = chunk.bytes ?? (await (chunk.reading ?? this.buffer.bytesOf(take.key, chunk.seq)));
    // The disk has lost it: what comes after it cannot be sent either.
    if (!body) return this.#refuse(take, "gap");
    const stopwatch = chunk.seq === 0 && take.openedAt ? `?began_ms=${Math.round(take.began - take.openedAt)}` : "";
    const sent = await this.#put(`${take.grant.upload_url}/${chunk.seq}${stopwatch}`, take, body);
    this.isOffline = sent === null;
    if (!sent) return false;
    const { response, answer, ms } = sent;
    this.code = response.ok ? "" : answer.code;
    if (response.ok) {
      this.onSent({ level: take.level, recordedMs: chunk.ms, ms });
      this.#acknowledge(take, answer.next);
      return true;
    }
    if (answer.code === "chunk_gap") {
      this.#acknowledge(take, answer.next);
      return take.queue[0]?.seq === answer.next || this.#refuse(take, "gap");
    }
    if (response.status === 401) {
      take.grant = null;
      return false;
    }
    if (answer.code === "take_closed") return this.#refuse(take, answer.reason);
    if (["not_found", "too_large", "unsupported_media_type"].includes(answer.code)) return this.#refuse(take, answer.code);
    return false;
  }

  async #put(address, take, body) {
    this.sending = new AbortController();
    this.sendingSince = performance.now();
    const timer = setTimeout(() => this.sending?.abort(), PATIENCE_MS + (body.byteLength / SLOWEST_BYTES) * 1000);
    try {
      const response = await fetch(address, {
        method: "PUT",
        body,
        headers: { Authorization: `Bearer ${take.grant.upload_token}`, "Content-Type": take.mime },
        signal: this.sending.signal,
        credentials: "omit",
      });
      const answer = await response.json();
      return { response, answer, ms: performance.now() - this.sendingSince };
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
      this.sending = null;
      this.sendingSince = 0;
    }
  }

  /** What the server has is not sent again. */
  #acknowledge(take, next) {
    while (take.queue.length && take.queue[0].seq < next) this.buffer.dropChunk(take.key, take.queue.shift().seq);
  }

  #refuse(take, reason) {
    // What an earlier page left has no place any more; whether this phone may go on is told to its next take.
    if (take.isLeft) {
      this.takes.shift();
      this.buffer.dropTake(take.key);
      return true;
    }
    this.isStopped = true;
    this.onRefused(reason);
    return false;
  }
}
