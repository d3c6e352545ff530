import { api } from "../base/api.js";
import { Chat } from "../room/chat.js";
import { Deals } from "../room/deals.js";
import { lineText } from "../room/lines.js";
import { ServerClock } from "../room/server_clock.js";
import { Stream } from "../room/stream.js";
import { Cards } from "./cards.js";
import { CouponDesk } from "./coupons.js";
import { DealDesk } from "./deals.js";
import { Moderation } from "./moderation.js";
import { Numbers } from "./numbers.js";
import { ConsoleStage } from "./stage.js";
import { Waiting, fillQuickReplies } from "./waiting.js";

const data = JSON.parse(document.getElementById("console-data").textContent);
const words = JSON.parse(document.getElementById("console-words").textContent);
const one = (name) => document.querySelector(`[data-${name}]`);
const session = data.session;
const url = `/api/v1/live-sessions/${session.id}/`;
const stage = new ConsoleStage({ one, words, session, url, data });
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
const numbers = new Numbers({ box: one("numbers"), sessionUrl: url, isOnAir: () => stage.isOnAir });

const clock = new ServerClock();
clock.learnFromPage(session.server_now);
const desk = new DealDesk({
  box: one("deals"),
  opener: one("deal-open"),
  dialog: document.getElementById("deal"),
  deals: new Deals(clock),
  words,
  sessionUrl: url,
  isOnAir: () => stage.isOnAir,
});

const couponDesk = new CouponDesk({
  box: one("coupons"),
  opener: one("coupon-open"),
  dialog: document.getElementById("coupon"),
  words,
  session,
  sessionUrl: url,
});

async function refresh() {
  couponDesk.refresh().catch(() => {});
  desk.refresh().catch(() => {});
  const [fresh, rundown, lines] = await Promise.all([api(url), api(`${url}rundown/`), api(`${url}messages/`)]);
  Object.assign(session, fresh);
  cards.fill(rundown, fresh.pinned);
  chat.fill(lines.results);
  stage.status(fresh.status);
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
  coupon: (event) => couponDesk.take(event.coupon),
  deal: (event) => {
    if (desk.deals.take(event.deal)) desk.draw();
  },
  pin: (event) => cards.pin(event.pinned),
  stock: (event) => cards.stock(event.variant, event.available),
  likes: (event) => numbers.likes(event.count),
  viewers: (event) => {
    session.viewers = event.count;
    stage.draw();
  },
  rundown: () => refresh().catch(() => {}),
  status: (event) => stage.status(event.status),
};

chat.wire(one("say"));
chat.fill(data.messages);
fillQuickReplies(one("quick"), data.quick_replies, chat);
cards.fill(data.rundown, session.pinned);
desk.refresh().catch(() => {});
couponDesk.refresh().catch(() => {});
data.messages.forEach(saleLine);
new Stream({ url: `${url}events/`, after: session.event_id, onEvent: (name, event) => on[name]?.(event), onReset: () => refresh().catch(() => {}) });
await stage.open();
