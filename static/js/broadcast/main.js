import { api } from "../base/api.js";
import { toast } from "../base/toast.js";
import { Chat } from "../room/chat.js";
import { lineText } from "../room/lines.js";
import { Stream } from "../room/stream.js";
import { Camera } from "./camera.js";
import { Cards } from "./cards.js";
import { Moderation } from "./moderation.js";
import { Numbers } from "./numbers.js";
import { Show } from "./show.js";

const data = JSON.parse(document.getElementById("console-data").textContent);
const words = JSON.parse(document.getElementById("console-words").textContent);
const one = (name) => document.querySelector(`[data-${name}]`);
const session = data.session;
const url = `/api/v1/live-sessions/${session.id}/`;
const stage = one("console");
const isOnAir = () => ["live", "interrupted"].includes(session.status);

const camera = new Camera(one("preview"));
const show = new Show({ sessionUrl: url, camera, onLink });
const cards = new Cards({ box: one("cards"), words, sessionUrl: url });
const moderation = new Moderation({ dialog: document.getElementById("moderate"), words, sessionUrl: url });
const chat = new Chat({ list: one("chat"), words, sessionId: session.id, onPick: (line) => moderation.open(line, chat) });
const numbers = new Numbers({ box: one("numbers"), sessionUrl: url, isOnAir });
let began = session.started_at ? new Date(session.started_at) : null;
let isLeaving = false;

function note(text) {
  one("note").textContent = text;
}

function onLink({ quality, waiting, code, level }) {
  stage.dataset.link = quality;
  one("meter").value = Math.min(waiting, 10);
  one("meter").classList.toggle("meter--hot", quality !== "good");
  const text = { good: words.good, weak: words.weak, offline: words.offline }[quality].replace("{count}", waiting);
  one("link-text").textContent =
    code === "disk_full" ? words.disk_full : quality === "good" && level > 0 ? words.saving_data : text;
}

function draw() {
  const go = one("go");
  const isSending = show.isOn;
  go.hidden = isSending || data.is_elsewhere;
  go.textContent = isOnAir() ? words.go_on : words.go_live;
  go.disabled = !camera.stream || !show.type;
  one("end-open").hidden = !isOnAir();
  const isShown = isSending || (data.is_elsewhere && isOnAir());
  one("air").textContent = isShown ? words.on_air : words.resting;
  one("air").className = `badge ${isShown ? "badge--live" : "badge--dark"}`;
  one("clock").hidden = !isSending;
  one("viewers").textContent = String(session.viewers);
}

async function openCamera() {
  note(words.asking);
  try {
    await camera.open();
    note(show.type ? "" : words.no_recorder);
  } catch (error) {
    note(error.name === "Insecure" ? words.insecure : words.no_camera);
  }
  draw();
}

async function goLive() {
  const go = one("go");
  go.setAttribute("aria-busy", "true");
  try {
    if (session.status === "draft") await api(`${url}schedule/`, { method: "POST" });
    const answer = await api(`${url}start/`, { method: "POST" });
    session.status = answer.status;
    began = new Date(answer.started_at);
    await show.begin();
    navigator.wakeLock?.request("screen").catch(() => {});
  } catch (error) {
    show.isOn = false;
    toast(error.message, "error");
  } finally {
    go.removeAttribute("aria-busy");
    draw();
  }
}

async function end() {
  const button = one("end");
  button.setAttribute("aria-busy", "true");
  one("link-text").textContent = words.ending;
  await show.end();
  try {
    await api(`${url}end/`, { method: "POST" });
    isLeaving = true;
    window.location.assign(data.show_url);
  } catch (error) {
    toast(error.message, "error");
    button.removeAttribute("aria-busy");
    draw();
  }
}

async function refresh() {
  const [fresh, rundown, lines] = await Promise.all([api(url), api(`${url}rundown/`), api(`${url}messages/`)]);
  Object.assign(session, fresh);
  cards.fill(rundown, fresh.pinned);
  chat.fill(lines.results);
  draw();
}

function saleLine(line) {
  if (line.kind !== "sale") return;
  one("sale").hidden = false;
  numbers.soon();
  one("sale").textContent = lineText(line, words);
}

const on = {
  chat: (line) => {
    chat.add(line);
    saleLine(line);
  },
  pin: (event) => cards.pin(event.pinned),
  stock: (event) => cards.stock(event.variant, event.available),
  likes: (event) => numbers.likes(event.count),
  viewers: (event) => {
    session.viewers = event.count;
    draw();
  },
  rundown: () => refresh().catch(() => {}),
  status: (event) => {
    session.status = event.status;
    if (event.status === "ended" && !isLeaving) {
      isLeaving = true;
      show.end().finally(() => window.location.assign(data.show_url));
    }
    draw();
  },
};

one("go").addEventListener("click", goLive);
one("end").addEventListener("click", end);
one("flip").addEventListener("click", async () => {
  try {
    if (show.isOn) await show.change(() => camera.flip());
    else await camera.flip();
  } catch {
    note(words.no_camera);
  }
});
one("mute").addEventListener("click", (event) => {
  camera.mute(!camera.isMuted);
  event.currentTarget.setAttribute("aria-pressed", String(camera.isMuted));
});
window.addEventListener("beforeunload", (event) => {
  if (show.isOn && !isLeaving) event.preventDefault();
});
setInterval(() => {
  if (!show.isOn || !began) return;
  const seconds = Math.max(Math.floor((Date.now() - began) / 1000), 0);
  one("clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}, 1000);

chat.wire(one("say"));
chat.fill(data.messages);
cards.fill(data.rundown, session.pinned);
data.messages.forEach(saleLine);
draw();
new Stream({ url: `${url}events/`, after: session.event_id, onEvent: (name, event) => on[name]?.(event), onReset: () => refresh().catch(() => {}) });
if (data.is_elsewhere) {
  note(words.elsewhere);
  for (const name of ["flip", "mute", "meter", "link-text"]) one(name).hidden = true;
} else {
  await openCamera();
}
// After a reload in the middle of the show the picture goes on by itself, as a new take.
if (isOnAir() && camera.stream && show.type) await goLive();
