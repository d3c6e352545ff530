const NAME = "broadcast";
const OLD_MS = 24 * 60 * 60 * 1000;
// More than a quarter of an hour of the best picture: by then the show was ended for want of a picture.
const MOST_ON_DISK = 200 * 1024 * 1024;
const MOST_IN_MEMORY = 48 * 1024 * 1024;

function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

async function opened() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("takes", { keyPath: "key" });
    request.result.createObjectStore("chunks", { keyPath: ["take", "seq"] });
  };
  return asked(request);
}

/**
 * What was recorded and is not acknowledged yet, on the phone's own disk: it survives a reload. Where the
 * browser has no disk for us (a private window), `isDurable` is false and the page's memory has to do.
 */
export class Buffer {
  constructor(session) {
    this.session = session;
    this.database = null;
  }

  async open() {
    try {
      this.database = await opened();
      this.database.onversionchange = () => this.database?.close();
      await this.#forgetOthers();
    } catch {
      this.database = null;
    }
  }

  get isDurable() {
    return this.database !== null;
  }

  /** How many bytes may wait. */
  get most() {
    return this.isDurable ? MOST_ON_DISK : MOST_IN_MEMORY;
  }

  /** Returns what an earlier page of this show left, oldest first: `[{take, chunks: [{seq, size, ms}]}]`. */
  async left() {
    const takes = (await this.#do("takes", "readonly", (store) => store.getAll())) ?? [];
    const mine = takes.filter((take) => take.session === this.session).sort((a, b) => a.began - b.began);
    return Promise.all(mine.map(async (take) => ({ take, chunks: await this.#chunksOf(take.key) })));
  }

  async #chunksOf(key) {
    const chunks = (await this.#do("chunks", "readonly", (store) => store.getAll(this.#range(key)))) ?? [];
    return chunks.map(({ seq, bytes, ms }) => ({ seq, ms, size: bytes.byteLength }));
  }

  #range(key) {
    return IDBKeyRange.bound([key, 0], [key, Infinity]);
  }

  /** Keeps or changes what is known of a take: `{key, mime, began, server, openedAt}`. */
  keepTake({ key, mime, began, server, openedAt }) {
    const kept = { key, mime, began, server, openedAt, session: this.session };
    return this.#do("takes", "readwrite", (store) => store.put(kept));
  }

  /** Keeps a chunk; resolves to true once it is kept. */
  async keepChunk(key, { seq, bytes, ms }) {
    return (await this.#do("chunks", "readwrite", (store) => store.put({ take: key, seq, bytes, ms }))) !== undefined;
  }

  async bytesOf(key, seq) {
    return (await this.#do("chunks", "readonly", (store) => store.get([key, seq])))?.bytes ?? null;
  }

  dropChunk(key, seq) {
    return this.#do("chunks", "readwrite", (store) => store.delete([key, seq]));
  }

  async dropTake(key) {
    await this.#do("chunks", "readwrite", (store) => store.delete(this.#range(key)));
    await this.#do("takes", "readwrite", (store) => store.delete(key));
  }

  // A phone's disk is small: a show of yesterday is over.
  async #forgetOthers() {
    const takes = (await this.#do("takes", "readonly", (store) => store.getAll())) ?? [];
    const old = takes.filter((take) => take.began < Date.now() - OLD_MS);
    await Promise.all(old.map((take) => this.dropTake(take.key)));
  }

  /** Asks the database; undefined when it cannot answer (full, or gone): what was given stays in memory. */
  async #do(name, mode, what) {
    if (!this.database) return undefined;
    try {
      return await asked(what(this.database.transaction(name, mode).objectStore(name)));
    } catch {
      return undefined;
    }
  }
}
