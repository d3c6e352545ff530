import { csrfToken } from "./csrf.js";
import { toast } from "./toast.js";

/** A refusal by the API: `{code, message, fields, reason}` of the answer, its status, seconds of Retry-After. */
export class ApiError extends Error {
  constructor({ status, code, message, fields = {}, reason = "", retryAfter = null }) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

/** Returns a fresh key for Idempotency-Key; keep it for every retry of the same wish. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function text(name) {
  return document.body.dataset[name] ?? "";
}

async function refusal(response) {
  const answer = await response.json().catch(() => ({}));
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new ApiError({
    status: response.status,
    code: answer.code ?? "failed",
    message: answer.message || text("textFailed"),
    fields: answer.fields ?? {},
    reason: answer.reason ?? "",
    retryAfter: Number.isNaN(wait) ? null : wait,
  });
}

/**
 * Calls the API and returns its JSON (null when there is none); throws ApiError.
 * `body` is sent as JSON, or as it is when it is FormData or a Blob; `key` becomes Idempotency-Key.
 */
export async function api(path, { method = "GET", body, key, headers = {}, signal } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (method !== "GET" && method !== "HEAD") sent["X-CSRFToken"] = csrfToken();
  if (key) sent["Idempotency-Key"] = key;
  const isRaw = body instanceof FormData || body instanceof Blob;
  if (body !== undefined && !isRaw) sent["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: sent,
      body: body === undefined || isRaw ? body : JSON.stringify(body),
      credentials: "same-origin",
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ status: 0, code: "network", message: text("textNetwork") });
  }
  if (!response.ok) throw await refusal(response);
  const type = response.headers.get("Content-Type") ?? "";
  return type.includes("json") ? response.json() : null;
}

/** Puts the messages of `error.fields` under the form's inputs and the main message in a toast. */
export function showErrors(form, error) {
  form.querySelectorAll(".field__error").forEach((old) => old.remove());
  let first = null;
  for (const [name, messages] of Object.entries(error.fields ?? {})) {
    const input = form.elements.namedItem(name);
    if (!(input instanceof HTMLElement)) continue;
    const note = document.createElement("div");
    note.className = "field__error";
    note.id = `${input.id || name}_error`;
    note.textContent = [messages].flat().join(" ");
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", note.id);
    (input.closest(".field") ?? input.parentElement).append(note);
    first ??= input;
  }
  first?.focus();
  toast(error.message, "error");
}
