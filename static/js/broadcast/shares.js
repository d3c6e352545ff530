const WHOLE = 10_000;

/** Returns typed yuan ("52", "52.5", "￥1,052.00") as fen; null for anything else. */
export function fenOf(text) {
  const cleaned = text.normalize("NFKC").replace(/[¥,\s]/g, "");
  if (!/^\d{1,7}(\.\d{1,2})?$/.test(cleaned)) return null;
  const [yuan, rest = ""] = cleaned.split(".");
  return Number(yuan) * 100 + Number(rest.padEnd(2, "0"));
}

/** Returns [farmer, host, market] of a price in fen, as shops/pricing.py splits it (largest remainder). */
export function sharesOf(priceFen, { host_commission_bp: host, platform_fee_bp: platform }) {
  const weights = [WHOLE - host - platform, host, platform];
  const parts = weights.map((weight) => Math.floor((priceFen * weight) / WHOLE));
  const rest = (index) => (priceFen * weights[index]) % WHOLE;
  const order = [0, 1, 2].sort((a, b) => rest(b) - rest(a) || a - b);
  const missing = priceFen - parts.reduce((sum, part) => sum + part, 0);
  order.slice(0, missing).forEach((index) => (parts[index] += 1));
  return parts;
}
