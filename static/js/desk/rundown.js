// The order of a show's goods: dragged by the grip, moved by arrow keys on it or by the buttons. One request
// tells the server the whole new order; moves that follow quickly go together.
import { api } from "../base/api.js";
import { toast } from "../base/toast.js";

const PAUSE = 350;
const EDGE = 90;

const form = document.querySelector("[data-rundown]");
const list = form?.querySelector("[data-rundown-list]");
const heard = form?.querySelector("[data-rundown-heard]");

let saved = [];
let timer = 0;
let isSending = false;
let isDirty = false;

function rows() {
  return [...list.children];
}

function order() {
  return rows().map((row) => Number(row.dataset.item));
}

function renumber() {
  const all = rows();
  all.forEach((row, place) => {
    row.querySelector("[data-place]").textContent = place + 1;
    row.querySelector("[value=up]").disabled = place === 0;
    row.querySelector("[value=down]").disabled = place === all.length - 1;
  });
}

function say(row) {
  const place = rows().indexOf(row) + 1;
  heard.textContent = form.dataset.textMoved.replace("{title}", row.dataset.title).replace("{place}", place);
}

async function send() {
  if (isSending) {
    isDirty = true;
    return;
  }
  const wanted = order();
  if (wanted.join() === saved.join()) return;
  isSending = true;
  form.setAttribute("aria-busy", "true");
  try {
    await api(form.dataset.orderUrl, { method: "PATCH", body: { order: wanted } });
    saved = wanted;
  } catch (error) {
    // The list goes back to what the server knows; a list that changed elsewhere is fetched again.
    const known = new Map(rows().map((row) => [Number(row.dataset.item), row]));
    list.append(...saved.map((id) => known.get(id)));
    renumber();
    toast(error.message, "error");
    if (error.code === "rundown_changed") setTimeout(() => location.reload(), 1800);
  } finally {
    isSending = false;
    form.removeAttribute("aria-busy");
    if (isDirty) {
      isDirty = false;
      send();
    }
  }
}

function save() {
  renumber();
  clearTimeout(timer);
  timer = setTimeout(send, PAUSE);
}

function step(row, by) {
  const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (by < 0) row.after(other);
  else row.before(other);
  row.scrollIntoView({ block: "nearest" });
  say(row);
  save();
}

function drag(start, row, grip) {
  let y = start.clientY;
  let frame = 0;
  grip.setPointerCapture(start.pointerId);
  row.classList.add("rundown__item--dragged");

  // Rows are looked up by their place on the screen: scrolling under a still finger moves them, too.
  function settle() {
    const above = row.previousElementSibling;
    const below = row.nextElementSibling;
    const middle = (one) => {
      const box = one.getBoundingClientRect();
      return box.top + box.height / 2;
    };
    // The neighbour moves, not the row: a node that is taken out of the page loses the finger and the focus.
    if (above && y < middle(above)) row.after(above);
    else if (below && y > middle(below)) row.before(below);
  }

  function tick() {
    if (y < EDGE) window.scrollBy(0, -10);
    else if (y > window.innerHeight - EDGE) window.scrollBy(0, 10);
    settle();
    frame = requestAnimationFrame(tick);
  }

  function move(event) {
    y = event.clientY;
  }

  function end() {
    cancelAnimationFrame(frame);
    row.classList.remove("rundown__item--dragged");
    grip.removeEventListener("pointermove", move);
    grip.removeEventListener("pointerup", end);
    grip.removeEventListener("pointercancel", end);
    say(row);
    save();
  }

  grip.addEventListener("pointermove", move);
  grip.addEventListener("pointerup", end);
  grip.addEventListener("pointercancel", end);
  frame = requestAnimationFrame(tick);
}

if (list) {
  saved = order();
  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    grip.focus();
    drag(event, grip.closest("[data-item]"), grip);
  });
  list.addEventListener("keydown", (event) => {
    const grip = event.target.closest("[data-grip]");
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!grip || !by) return;
    event.preventDefault();
    step(grip.closest("[data-item]"), by);
    grip.focus();
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=step]");
    if (!button) return;
    event.preventDefault();
    step(button.closest("[data-item]"), button.value === "up" ? -1 : 1);
    button.focus();
  });
  // The next page must not show an order that was not sent yet.
  window.addEventListener("pagehide", () => {
    if (timer && order().join() !== saved.join()) send();
  });
}
