import { api } from "../base/api.js";

// With fewer seconds left a grant is asked for anew: phones' clocks are not exact.
const LEAST_SECONDS = 30;
const RETRY_MS = 400;
// Not there, or not now: nobody waits behind it (502, 504), it is full (503), or does not know the grant (401).
const ELSEWHERE = [401, 404, 502, 503, 504];
const grants = new Map();

async function grantOf(deal) {
  const kept = grants.get(deal);
  if (kept && Date.parse(kept.expires_at) - Date.now() > LEAST_SECONDS * 1000) return kept;
  const grant = await api(`/api/v1/deals/${deal}/order-token/`, { method: "POST" });
  grants.set(deal, grant);
  return grant;
}

/** Fetches the grant while the buyer still looks at the sheet, so that pressing "buy" is one request. */
export function prepareDeal(deal) {
  // What is refused here is refused again, and shown, when the buyer presses.
  grantOf(deal).catch(() => {});
}

async function atTheDoor(deal, { key, body }) {
  const grant = await grantOf(deal);
  const headers = { Authorization: `Bearer ${grant.order_token}` };
  return api(grant.order_url, { method: "POST", key, body, headers });
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Orders one line of a deal at its fast door and returns the order; throws ApiError.
 * An answer that was lost is asked for once more under the same key. Where the door is not there, is full or
 * does not know the grant, the ordinary door takes the same body under the same key: there is one order.
 */
export async function orderDeal(deal, { key, body }) {
  for (const isLast of [false, true]) {
    try {
      return await atTheDoor(deal, { key, body });
    } catch (error) {
      if (error.code === "network" && !isLast) {
        await pause(RETRY_MS);
        continue;
      }
      if (error.status === 401) grants.delete(deal);
      if (!ELSEWHERE.includes(error.status)) throw error;
      break;
    }
  }
  return api("/api/v1/orders/", { method: "POST", key, body });
}
