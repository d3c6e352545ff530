import { api } from "../base/api.js";
import { setCount } from "../base/counts.js";
import { Picture } from "../player/picture.js";
import { BuySheet } from "./buy.js";
import { Chat } from "./chat.js";
import { CouponCard } from "./coupons.js";
import { DealCard } from "./deal.js";
import { Deals } from "./deals.js";
import { Goods } from "./goods.js";
import { Hearts } from "./hearts.js";
import { PinCard } from "./pin.js";
import { Quality } from "./quality.js";
import { ServerClock } from "./server_clock.js";
import { Stage } from "./stage.js";
import { Stream } from "./stream.js";

const room = JSON.parse(document.getElementById("room-data").textContent);
const words = JSON.parse(document.getElementById("room-words").textContent);
const one = (name) => document.querySelector(`[data-${name}]`);
const path = `/api/v1/live-sessions/${room.session.id}/`;
let session = room.session;

const sheet = new BuySheet({ dialog: document.getElementById("buy"), room, words });
const pin = new PinCard({ root: one("pin"), words, onBuy: buy });
const chat = new Chat({ list: one("chat"), words, sessionId: session.id, slowSeconds: session.slow_mode_seconds });
const hearts = new Hearts({ box: one("hearts"), button: one("heart"), counter: one("likes"), sessionId: session.id });
const picture = new Picture(one("video"));
const stage = new Stage({ root: one("room"), words, picture });
new Quality({ root: one("room"), opener: one("quality-open"), list: one("quality"), words, picture });
const goods = new Goods({
  list: one("goods"),
  none: one("goods-none"),
  count: one("goods-count"),
  words,
  onBuy: buy,
});

const clock = new ServerClock();
clock.learnFromPage(session.server_now);
const deals = new Deals(clock);
deals.fill(session.deals);
const dealCard = new DealCard({
  root: one("deal"),
  pinRoot: one("pin"),
  deals,
  words,
  itemOf: (id) => room.rundown.find((item) => item.rundown_item === id),
  onBuy: buy,
  onState: fillGoods,
});

const couponCard = new CouponCard({
  root: one("coupon"),
  words,
  mine: room.coupons.mine,
  signedIn: room.signed_in,
  signInUrl: room.sign_in_url,
});
couponCard.fill(room.coupons.offered);

function fillGoods() {
  goods.fill(room.rundown.map((item) => deals.withDeal(item)));
}

function buy(item) {
  if (!room.signed_in) {
    window.location.assign(room.sign_in_url);
    return;
  }
  const isPinned = session.pinned?.variant === item.variant;
  sheet.open(isPinned ? { ...item, source: session.pinned.source } : item);
}

function showViewers(count) {
  one("viewers").textContent = String(count);
  one("viewers-box").hidden = !["live", "interrupted"].includes(session.status);
}

function show() {
  if (session.status === "ended" && session.playback_url) {
    // What stays of the show has a page of its own at this address.
    window.location.reload();
    return;
  }
  stage.show(session, { startAt: room.start_at });
  showViewers(session.viewers);
  hearts.show(session.likes);
  pin.show(session.pinned);
  dealCard.pin(session.pinned);
  fillGoods();
}

async function fetchSnapshot() {
  session = await api(path);
  chat.slowSeconds = session.slow_mode_seconds;
  deals.fill(session.deals);
  const [lines, rundown, coupons] = await Promise.all([
    api(`${path}messages/`),
    api(`${path}rundown/`),
    api(`${path}coupons/`),
  ]);
  couponCard.fill(coupons);
  room.rundown = rundown;
  chat.fill(lines.results);
  show();
}

/** Fetches the room again, later when the network is away. */
async function refresh() {
  try {
    await fetchSnapshot();
  } catch (error) {
    if (!leave(error)) setTimeout(refresh, 3000);
  }
}

/** Whoever was asked to leave sees the page that says so. */
function leave(error) {
  if (error.code !== "banned") return false;
  window.location.reload();
  return true;
}

const on = {
  chat: (data) => chat.add(data),
  pin: (data) => {
    session.pinned = data.pinned;
    pin.show(data.pinned);
    dealCard.pin(data.pinned);
  },
  stock: (data) => {
    pin.stock(data.variant, data.available);
    for (const item of room.rundown) if (item.variant === data.variant) item.available = data.available;
    fillGoods();
  },
  coupon: (data) => couponCard.show(data.coupon),
  deal: (data) => {
    if (deals.take(data.deal)) dealCard.draw();
  },
  viewers: (data) => showViewers(data.count),
  likes: (data) => hearts.show(data.count),
  inbox: (data) => setCount("inbox", data.unread),
  rundown: () => refresh(),
  status: (data) => {
    const isReady = data.replay === "ready" && session.replay !== "ready";
    Object.assign(session, data);
    // The picture first: the rest of the room is fetched while it loads.
    if (data.status !== "ended") stage.show(session, { startAt: room.start_at });
    if (isReady || data.status === "live") refresh();
    else show();
  },
};

const say = one("say");
if (say) chat.wire(say);
chat.fill(room.messages);
show();
new Stream({
  url: `${path}events/`,
  after: session.event_id,
  onEvent: (name, data) => on[name]?.(data),
  onReset: refresh,
  onRefused: () => api(path).catch(leave),
});
