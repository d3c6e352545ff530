/** Returns fen as yuan text: 6800 → "68.00". */
export function yuanText(fen) {
  const sign = fen < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(fen) / 100);
  const rest = String(Math.abs(fen) % 100).padStart(2, "0");
  return `${sign}${whole.toLocaleString("en-US")}.${rest}`;
}

function part(name, text) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = text;
  return span;
}

/** Returns a price as the `price` template tag draws it; size "s" or "l", tone "plain" or "money". */
export function priceElement(fen, { size = "", tone = "" } = {}) {
  const [whole, rest] = yuanText(Math.abs(fen)).split(".");
  const price = document.createElement("span");
  price.className = ["price", size && `price--${size}`, tone && `price--${tone}`].filter(Boolean).join(" ");
  if (fen < 0) price.append("−");
  price.append(part("price__sign", "¥"), whole, part("price__fen", `.${rest}`));
  return price;
}
