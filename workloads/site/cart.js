// The cart, kept in this browser: what was chosen, with the name and price as last seen.
import { product, sells } from "./catalogue.js";
import { byID, element, money, say } from "./page.js";
import { recall, remember } from "./store.js";

const most = 99; // of one product
let lines = recall("cart", {}); // product id -> {quantity, name, priceCents, currency}
let locked = false;

export const items = () => Object.entries(lines).map(([productId, { quantity }]) => ({ productId, quantity }));

export function add(id, step = 1) {
  const one = product(id) ?? lines[id];
  if (locked) say("order-status", "The cart waits for its order as it is: order again, or change the cart first.");
  if (locked || !one) return;
  const quantity = Math.min((lines[id]?.quantity ?? 0) + step, most);
  if (quantity > 0) lines[id] = { quantity, name: one.name, priceCents: one.priceCents, currency: one.currency };
  else delete lines[id];
  say("order-status", quantity > 0 ? `${one.name} is in the cart: ${quantity}.` : `${one.name} is no longer in the cart.`);
  keep();
}

export function clear() {
  lines = {};
  keep();
}

// lock keeps the cart as it is while nobody knows whether its order arrived.
export function lock(on) {
  locked = on;
  show();
}

// reprice takes over what the shop says now.
export function reprice() {
  for (const [id, line] of Object.entries(lines)) {
    const one = product(id);
    if (one) Object.assign(line, { name: one.name, priceCents: one.priceCents, currency: one.currency });
  }
  keep();
}

function keep() {
  remember("cart", lines);
  show();
}

// show makes the cart's lines anew; a button that had the focus has it again, or what stands in its place.
function show() {
  const focused = document.activeElement?.dataset?.for;
  const all = Object.entries(lines);
  const count = all.reduce((sum, [, { quantity }]) => sum + quantity, 0);
  byID("cart-lines").replaceChildren(...all.map(([id, line]) => row(id, line)));
  byID("cart").hidden = count === 0 && !sells() && byID("receipt").hidden;
  byID("cart-empty").hidden = count > 0 || !byID("receipt").hidden;
  byID("cart-sum").hidden = count === 0;
  byID("cart-total").textContent = count === 0 ? "" : total(all.map(([, line]) => line));
  byID("cart-count").textContent = count === 0 ? "" : String(count);
  byID("order").hidden = count === 0;
  if (focused) (document.querySelector(`[data-for="${CSS.escape(focused)}"]`) ?? byID("cart")).focus();
}

function row(id, line) {
  const step = (text, label, by) => {
    const button = element("button", { type: "button", className: "step", textContent: text, disabled: locked, "aria-label": label });
    button.dataset.for = `${id} ${by}`;
    button.addEventListener("click", () => add(id, by));
    return button;
  };
  return element("li", {},
    element("span", { className: "what" }, line.name),
    element("span", { className: "stepper" },
      step("−", `One ${line.name} less`, -1),
      element("span", { className: "quantity" }, String(line.quantity)),
      step("+", `One ${line.name} more`, 1)),
    element("span", { className: "price" }, money(line.priceCents * line.quantity, line.currency)));
}

function total(all) {
  const sums = new Map();
  for (const { quantity, priceCents, currency } of all) sums.set(currency, (sums.get(currency) ?? 0) + quantity * priceCents);
  return [...sums].map(([currency, cents]) => money(cents, currency)).join(" + ");
}
