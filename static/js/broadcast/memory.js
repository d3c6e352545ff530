/**
 * What this phone remembers of a show across reloads: the take that it sent last, while it is the sender.
 * A phone that remembers nothing does not begin to send by itself, so that two never fight for the picture.
 */
export class Memory {
  constructor(session) {
    this.name = `broadcast.${session}`;
    this.value = this.#read();
  }

  #read() {
    try {
      return Number(localStorage.getItem(this.name)) || null;
    } catch {
      return null;
    }
  }

  get last() {
    return this.value;
  }

  set last(take) {
    this.value = take;
    try {
      if (take === null) localStorage.removeItem(this.name);
      else localStorage.setItem(this.name, String(take));
    } catch {
      // A private window: the page remembers for as long as it is open.
    }
  }
}

const PATIENCE_MS = 3000;

/**
 * Makes sure that one page of this browser sends a show. `claim({isNewer: true})` takes it from another page,
 * whose `onTaken` is called; without it the promise resolves to false when another page has it.
 */
export class OnePage {
  constructor(session, onTaken) {
    Object.assign(this, { name: `broadcast.${session}`, onTaken, isHeld: false });
  }

  claim({ isNewer }) {
    if (this.isHeld || !navigator.locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      const held = () => {
        this.isHeld = true;
        resolve(true);
        return new Promise((release) => (this.release = release));
      };
      // A page that is being reloaded lets go a moment after the new one begins.
      const options = isNewer ? { steal: true } : { signal: AbortSignal.timeout(PATIENCE_MS) };
      navigator.locks
        .request(this.name, options, held)
        .catch(() => {
          if (this.isHeld) this.onTaken();
          this.isHeld = false;
          resolve(false);
        });
    });
  }

  let() {
    this.isHeld = false;
    this.release?.();
  }
}
