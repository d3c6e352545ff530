import { api } from "../base/api.js";

const RENEW_MS = 4 * 60 * 1000;
const LONGEST_WAIT_MS = 4000;
const PUT_TIMEOUT_MS = 20_000;

function pause(ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    }
    window.addEventListener("online", done);
  });
}

/**
 * Sends one take's chunks in order and keeps each until it is acknowledged.
 * `onState({waiting, isOffline, code})` after every change; `onClosed()` when the server takes no more.
 */
export class Uploader {
  constructor({ sessionUrl, mime, onState, onClosed }) {
    Object.assign(this, { sessionUrl, mime, onState, onClosed });
    this.queue = [];
    this.nextSeq = 0;
    this.isOver = false;
    this.isOffline = false;
    this.code = "";
  }

  /** Asks for a take; throws ApiError. */
  async open() {
    this.#take(await api(`${this.sessionUrl}takes/`, { method: "POST", body: { mime: this.mime } }));
    this.nextSeq = this.grant.resume_from;
    this.renewal = setInterval(() => this.#renew().catch(() => {}), RENEW_MS);
  }

  #take(grant) {
    this.grant = grant;
  }

  async #renew() {
    this.#take(await api(`${this.sessionUrl}takes/${this.grant.take}/token/`, { method: "POST" }));
  }

  add(blob) {
    this.queue.push({ seq: this.nextSeq, blob });
    this.nextSeq += 1;
    this.#tell();
    this.#work();
  }

  get waiting() {
    return this.queue.length;
  }

  #tell() {
    this.onState({ waiting: this.queue.length, isOffline: this.isOffline, code: this.code });
  }

  async #work() {
    if (this.isWorking) return;
    this.isWorking = true;
    let wait = 250;
    while (this.queue.length && !this.isOver) {
      const isSent = await this.#send(this.queue[0]);
      if (isSent) {
        wait = 250;
      } else if (!this.isOver) {
        await pause(wait);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      }
      this.#tell();
    }
    this.isWorking = false;
    this.drained?.();
  }

  async #send({ seq, blob }) {
    let response;
    let answer;
    try {
      response = await fetch(`${this.grant.upload_url}/${seq}`, {
        method: "PUT",
        body: blob,
        headers: { Authorization: `Bearer ${this.grant.upload_token}`, "Content-Type": this.mime },
        signal: AbortSignal.timeout(PUT_TIMEOUT_MS),
        credentials: "omit",
      });
      answer = await response.json();
    } catch {
      this.isOffline = true;
      return false;
    }
    this.isOffline = false;
    this.code = response.ok ? "" : answer.code;
    if (response.ok || answer.code === "chunk_gap") {
      // What the server has is not sent again; what it lacks is still in the queue.
      this.queue = this.queue.filter((chunk) => chunk.seq >= answer.next);
      return response.ok || this.queue[0]?.seq === answer.next;
    }
    if (response.status === 401) {
      await this.#renew().catch((error) => this.#refused(error.code));
      return false;
    }
    this.#refused(answer.code);
    return false;
  }

  #refused(code) {
    if (!["take_closed", "not_found", "too_large", "unsupported_media_type"].includes(code)) return;
    this.isOver = true;
    clearInterval(this.renewal);
    this.onClosed(code);
  }

  /** Waits until everything is acknowledged, at most so long; then closes the take. */
  async finish(longestMs) {
    if (this.queue.length && !this.isOver) {
      await Promise.race([new Promise((resolve) => (this.drained = resolve)), pause(longestMs)]);
    }
    clearInterval(this.renewal);
    if (this.isOver || !this.grant) return;
    this.isOver = true;
    await api(`${this.sessionUrl}takes/${this.grant.take}/close/`, { method: "POST" }).catch(() => {});
  }
}
