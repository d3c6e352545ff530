import { api } from "../base/api.js";
import { toast } from "../base/toast.js";
import { Chat } from "../room/chat.js";
import { Stream } from "../room/stream.js";
import { Cards } from "./cards.js";
import { Moderation } from "./moderation.js";
import { Waiting, fillQuickReplies } from "./waiting.js";

const data = JSON.parse(document.getElementById("console-data").textContent);
const words = JSON.parse(document.getElementById("console-words").textContent);
const one = (name) => document.querySelector(`[data-${name}]`);
const session = data.session;
const url = `/api/v1/live-sessions/${session.id}/`;

const cards = new Cards({ box: one("cards"), words, sessionUrl: url });
const waiting = new Waiting({ root: document, words, sessionUrl: url, held: data.held, silenced: data.silenced });
const moderation = new Moderation({
  dialog: document.getElementById("moderate"),
  words,
  sessionUrl: url,
  isPresenter: data.is_presenter,
  onDone: () => waiting.refresh(),
});
const chat = new Chat({ list: one("chat"), words, sessionId: session.id, onPick: (line) => moderation.open(line, chat) });
const pace = one("pace");

function draw() {
  const isOnAir = ["live", "interrupted"].includes(session.status);
  one("air").textContent = isOnAir ? words.on_air : session.status === "ended" ? words.over : words.resting;
  one("air").className = `badge ${isOnAir ? "badge--live" : "badge--dark"}`;
  one("viewers").textContent = String(session.viewers);
}

function showPace(seconds) {
  if (![...pace.options].some((option) => Number(option.value) === seconds)) pace.add(new Option(`${seconds} s`, seconds));
  pace.value = String(seconds);
}

async function refresh() {
  const [fresh, rundown, lines] = await Promise.all([api(url), api(`${url}rundown/`), api(`${url}messages/`)]);
  Object.assign(session, fresh);
  cards.fill(rundown, fresh.pinned);
  chat.fill(lines.results);
  showPace(fresh.slow_mode_seconds);
  draw();
}

async function again() {
  try {
    await refresh();
  } catch {
    setTimeout(again, 3000);
  }
}

const on = {
  chat: (line) => {
    chat.add(line);
    if (line.kind === "notice" && line.params.seconds !== undefined) showPace(line.params.seconds);
  },
  pin: (event) => cards.pin(event.pinned),
  stock: (event) => cards.stock(event.variant, event.available),
  viewers: (event) => {
    session.viewers = event.count;
    draw();
  },
  rundown: again,
  status: (event) => {
    session.status = event.status;
    draw();
  },
};

pace.addEventListener("change", async () => {
  try {
    await api(`${url}slow-mode/`, { method: "PUT", body: { seconds: Number(pace.value) } });
    toast(words.paced, "success");
  } catch (error) {
    toast(error.message, "error");
  }
});
chat.wire(one("say"));
chat.fill(data.messages);
fillQuickReplies(one("quick"), data.quick_replies, chat);
cards.fill(data.rundown, session.pinned);
showPace(session.slow_mode_seconds);
draw();
new Stream({ url: `${url}events/`, after: session.event_id, onEvent: (name, event) => on[name]?.(event), onReset: again });
