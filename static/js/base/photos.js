import { csrfToken } from "./csrf.js";
import { toast } from "./toast.js";
import { releaseForm } from "./forms.js";

const WIDEST = 2560;
const SMALL_BYTES = 900_000;

/** Draws a large photo smaller on the phone: it is sent sooner, and says nothing of the place. */
async function smaller(file) {
  if (file.size <= SMALL_BYTES) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, WIDEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.86));
    return blob && blob.size < file.size ? blob : file;
  } catch {
    return file; // this browser cannot decode it (HEIC): the server can
  }
}

/** Sends one file; `onProgress` gets 0…1. Resolves to the photo of the API, rejects with a message. */
function send(url, file, isPrivate, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const failed = () => reject(new Error(document.body.dataset.textNetwork ?? ""));
    request.open("POST", url);
    request.responseType = "json";
    request.timeout = 120_000;
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status === 201) resolve(request.response);
      else {
        const refusal = new Error(request.response?.message ?? document.body.dataset.textFailed ?? "");
        // What the server will never take is not offered for sending again.
        refusal.isFinal = [400, 409, 413, 415].includes(request.status);
        reject(refusal);
      }
    });
    request.addEventListener("error", failed);
    request.addEventListener("timeout", failed);
    const body = new FormData();
    body.append("file", file, "photo.jpg");
    if (isPrivate) body.append("private", "true");
    request.send(body);
  });
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

class Strip {
  constructor(root) {
    this.root = root;
    this.row = root.querySelector(".photo-strip__row");
    this.input = root.querySelector("input[type=file]");
    this.form = root.closest("form");
    this.sending = new Set();
    this.wanted = null;
    this.input.addEventListener("change", () => this.take());
    root.addEventListener("click", (event) => {
      if (event.target.closest("[data-photo-remove]")) this.remove(event.target.closest("[data-photo-tile]"));
    });
    this.form.addEventListener("submit", (event) => this.hold(event));
  }

  get tiles() {
    return this.row.querySelectorAll("[data-photo-tile]");
  }

  take() {
    const most = Number(this.root.dataset.most);
    const files = [...this.input.files];
    this.input.value = "";
    if (most === 1) this.tiles.forEach((tile) => this.remove(tile));
    this.root.querySelector("#photos_error")?.remove();
    for (const file of files.slice(0, most - this.tiles.length)) this.start(this.addTile(URL.createObjectURL(file)), file);
  }

  addTile(src) {
    const tile = element("div", "photo-tile");
    tile.dataset.photoTile = "";
    const box = element("span", "photo photo--round");
    const picture = element("img", "photo__img");
    picture.alt = "";
    picture.src = src;
    picture.addEventListener("error", () => picture.remove(), { once: true });
    box.append(picture);
    const remove = element("button", "photo-tile__remove", "×");
    remove.type = "button";
    remove.dataset.photoRemove = "";
    remove.setAttribute("aria-label", this.root.dataset.textRemove);
    tile.append(box, remove);
    this.row.insertBefore(tile, this.input.closest("label"));
    return tile;
  }

  async start(tile, file) {
    const note = element("div", "photo-tile__note", this.root.dataset.textSending);
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    note.append(bar);
    tile.querySelector(".photo-tile__note")?.remove();
    tile.append(note);
    this.sending.add(tile);
    try {
      const photo = await send(
        this.root.dataset.uploadUrl,
        await smaller(file),
        "private" in this.root.dataset,
        (part) => (bar.value = part),
      );
      note.remove();
      this.keep(tile, photo.id);
    } catch (error) {
      this.say(error.message);
      if (error.isFinal) tile.remove();
      else this.offerAgain(tile, note, file);
      this.wanted = null;
      releaseForm(this.form);
    } finally {
      this.sending.delete(tile);
      this.release();
    }
  }

  say(text) {
    const line = element("p", "field__error", text);
    line.id = "photos_error";
    line.setAttribute("role", "alert");
    this.root.querySelector("#photos_error")?.remove();
    this.root.append(line);
  }

  offerAgain(tile, note, file) {
    const again = element("button", "photo-tile__again", this.root.dataset.textAgain);
    again.type = "button";
    again.addEventListener("click", () => {
      this.root.querySelector("#photos_error")?.remove();
      this.start(tile, file);
    });
    note.replaceChildren(again);
  }

  keep(tile, id) {
    if (!tile.isConnected) return;
    const hidden = document.createElement("input");
    hidden.type = "hidden";
    hidden.name = "photos";
    hidden.value = id;
    tile.append(hidden);
    this.changed();
  }

  remove(tile) {
    this.sending.delete(tile);
    tile.remove();
    this.changed();
  }

  changed() {
    this.form.dispatchEvent(new CustomEvent("photos"));
  }

  /** A form that is sent while photos are on their way waits for them. */
  hold(event) {
    if (!this.sending.size) return;
    event.preventDefault();
    event.stopPropagation();
    this.wanted = event.submitter;
    toast(this.root.dataset.textWait, "info");
  }

  release() {
    if (!this.wanted || this.sending.size) return;
    const submitter = this.wanted;
    this.wanted = null;
    this.form.requestSubmit(submitter);
  }
}

const strips = new Map();
for (const root of document.querySelectorAll("[data-photo-strip]")) strips.set(root, new Strip(root));

/** Shows photos that were sent earlier again: [{id, url}]. */
export function restorePhotos(form, photos) {
  const strip = strips.get(form.querySelector("[data-photo-strip]"));
  if (!strip) return;
  for (const photo of photos) strip.keep(strip.addTile(photo.url), photo.id);
}

/** Takes all photos out of a form's strip: what they were for has been sent. */
export function clearPhotos(form) {
  const strip = strips.get(form.querySelector("[data-photo-strip]"));
  for (const tile of [...(strip?.tiles ?? [])]) strip.remove(tile);
}
