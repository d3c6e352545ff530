import { yuanText } from "../base/money.js";

function sentenceName({ kind, params }) {
  if (kind === "sale") return (params.people ?? 1) > 1 ? "sale_many" : "sale";
  return `${kind}_${params.event ?? ""}`;
}

/** Returns what a line says: as it was written, or, for a line of the market, in the reader's language. */
export function lineText(line, words) {
  const sentence = line.kind && line.kind !== "said" ? words[sentenceName(line)] : undefined;
  if (!sentence) return line.text;
  const values = { ...line.params };
  if (values.price_fen !== undefined) values.price = yuanText(values.price_fen);
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}
