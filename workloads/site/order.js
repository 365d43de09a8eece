// An order: sent under a key that stays the same until its outcome is known, so that it counts once however often it is sent.
import { Away, order, Refused } from "./api.js";
import * as cart from "./cart.js";
import { product, refresh } from "./catalogue.js";
import { byID, element, money, say } from "./page.js";
import { recall, remember } from "./store.js";

let sent = recall("order", null); // {key, items} of an order whose outcome is not known
let sending = false;

export function start() {
  byID("order").addEventListener("click", place);
  byID("change").addEventListener("click", () => {
    settle();
    say("order-status", "If the first order did arrive after all, it stands.");
  });
  if (sent) unknown("Your last order was not answered.");
}

async function place() {
  if (sending) return;
  sending = true;
  byID("receipt").hidden = true;
  cart.lock(true);
  sent ??= { key: newKey(), items: cart.items() };
  remember("order", sent); // before it is sent: the page may be closed meanwhile
  say("order-status", "Ordering …");
  try {
    thank(await order(sent.key, sent.items));
  } catch (error) {
    if (error instanceof Refused) refuse(error);
    else unknown(error instanceof Away ? "The shop does not answer at the moment." : `Something is wrong (${error.message}).`);
  } finally {
    sending = false;
  }
}

function thank({ order: made, pod }) {
  settle();
  const names = new Map(made.items.map(({ productId }) => [productId, product(productId)?.name ?? productId]));
  const currency = product(made.items[0]?.productId)?.currency ?? "EUR";
  byID("order-number").textContent = made.number;
  byID("order-lines").replaceChildren(...made.items.map(({ productId, quantity }) => element("li", {}, `${quantity} × ${names.get(productId)}`)));
  byID("order-total").textContent = money(made.totalCents, currency);
  byID("order-pod").textContent = pod ?? "the shop";
  byID("receipt").hidden = false;
  say("order-status", "");
  cart.clear();
  byID("receipt").focus();
  refresh();
}

function refuse({ status, answer, message }) {
  settle();
  const name = product(answer?.productId)?.name ?? "One of these";
  if (status === 409 && answer?.productId) say("order-status", `There is not enough left of ${name}. Nothing was ordered; take less, or leave it out.`);
  else if (status === 404 || status === 405) say("order-status", "This backend takes no orders. Nothing was ordered.");
  else say("order-status", `Nothing was ordered: ${message}.`);
  refresh();
}

// unknown: the order may have arrived or not. The cart waits for it as it is.
function unknown(reason) {
  say("order-status", `${reason} Your cart is safe: order again in a moment, it counts once.`);
  byID("order").textContent = "Order again";
  byID("change").hidden = false;
  cart.lock(true);
}

// settle: the outcome is known, or no longer asked for.
function settle() {
  sent = null;
  remember("order", sent);
  byID("order").textContent = "Place the order";
  byID("change").hidden = true;
  cart.lock(false);
}

// newKey: crypto.randomUUID is for pages over HTTPS only.
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
