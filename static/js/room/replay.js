import { api } from "../base/api.js";
import { toast } from "../base/toast.js";
import { Picture } from "../player/picture.js";
import { BuySheet } from "./buy.js";

const room = JSON.parse(document.getElementById("room-data").textContent);
const words = JSON.parse(document.getElementById("room-words").textContent);
const one = (name) => document.querySelector(`[data-${name}]`);
const video = one("video");
const sheet = new BuySheet({ dialog: document.getElementById("buy"), room, words });
const REFRESH_MS = 30_000;
const PREPARING_MS = 3000;

function readGoods() {
  const data = document.getElementById("chapters-data");
  return data ? [JSON.parse(data.textContent)].flat() : [];
}

let goods = readGoods();
let current = null;

/** Fetches the list again, at the prices and stock of this moment; without a network it stays as it is. */
async function refresh() {
  const list = one("chapters");
  if (!list) return;
  try {
    const response = await fetch(`${window.location.pathname}?part=chapters`, { credentials: "same-origin" });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = fresh.querySelector("[data-chapters]");
    if (!next) return;
    // A tap in progress is not lost: the list is replaced when nothing in it has the focus.
    if (!list.contains(document.activeElement)) list.replaceWith(next);
    goods = [JSON.parse(next.querySelector("#chapters-data")?.textContent ?? "[]")].flat();
    current = null;
    follow();
  } catch (error) {
    if (error.name !== "TypeError") throw error;
  }
}

async function buy(chapter) {
  await refresh();
  const item = goods.find((found) => found.chapter === chapter);
  if (item?.offer !== "buy") {
    toast(words.gone, "error");
    return;
  }
  if (!room.signed_in) {
    window.location.assign(room.sign_in_url);
    return;
  }
  sheet.open(item);
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-buy-chapter]");
  if (!form) return;
  event.preventDefault();
  document.activeElement?.blur();
  buy(Number(form.dataset.buyChapter));
});

/** Marks the chapter that is being watched; before the first one, the first. */
function follow() {
  if (!video || !goods.length) return;
  const ms = video.currentTime * 1000 + 50;
  const shown = goods.findLast((chapter) => chapter.starts_ms <= ms) ?? goods[0];
  if (shown === current) return;
  current = shown;
  for (const card of document.querySelectorAll("[data-chapter]")) {
    card.toggleAttribute("data-current", Number(card.dataset.chapter) === shown.chapter);
  }
  one("now").hidden = false;
  one("now-clock").textContent = shown.clock;
  one("pin-title").textContent = shown.title;
  const button = one("now-buy");
  button.textContent = shown.offer === "buy" ? words.buy : words.sold_out;
  button.hidden = shown.offer === "gone";
  button.disabled = shown.offer !== "buy";
}

function watch() {
  const picture = new Picture(video);
  picture.show(room.playback_url, { isLive: false, startAt: room.start_at });
  video.addEventListener("timeupdate", follow);
  video.addEventListener("seeked", follow);
  one("now-buy")?.addEventListener("click", () => current && buy(current.chapter));
  document.addEventListener("click", (event) => {
    const place = event.target.closest?.("[data-jump]");
    if (!place) return;
    event.preventDefault();
    video.currentTime = Number(place.dataset.jump) / 1000;
    picture.play();
    video.scrollIntoView({ block: "nearest" });
  });
  follow();
}

/** The replay is being prepared: look until it is there, then show it. */
async function wait() {
  try {
    const replay = await api(`/api/v1/live-sessions/${room.session}/replay/`);
    if (replay.status !== "processing") {
      window.location.reload();
      return;
    }
  } catch {
    // The network is away, or the replay was hidden: look again.
  }
  setTimeout(wait, PREPARING_MS);
}

if (video && room.playback_url) watch();
if (room.status === "processing") setTimeout(wait, PREPARING_MS);
setInterval(() => document.hidden || refresh(), REFRESH_MS);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
