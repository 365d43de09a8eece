// The products: as the shop says, or as it said last, marked as such.
import { Away, catalogue } from "./api.js";
import { byID, clock, element, money, picture, say } from "./page.js";
import { recall, remember } from "./store.js";

let known = recall("catalogue", null); // the last answer
let again; // the timer of the next try
const listeners = [];

export const product = (id) => known?.products.find((one) => one.id === id);

// sells tells whether the shop takes orders: a backend without a database names no stock.
export const sells = () => known?.products.some((one) => typeof one.stock === "number") ?? false;

// onChange calls listener after each answer, and with no answer when there was none.
export const onChange = (listener) => listeners.push(listener);

export async function refresh() {
  clearTimeout(again);
  let answer, failure;
  try {
    answer = await catalogue();
    if (!Array.isArray(answer.products)) throw new Error("the answer holds no products");
    known = { products: answer.products, time: answer.time, stale: answer.stale === true };
    remember("catalogue", known);
  } catch (error) {
    failure = error;
  }
  show(failure);
  listeners.forEach((listener) => listener(answer, failure));
  if (failure instanceof Away) again = setTimeout(refresh, failure.seconds * 1000);
}

function show(failure) {
  const old = Boolean(known) && (Boolean(failure) || known.stale);
  if (known) {
    const list = byID("list");
    const cards = new Map([...list.children].map((card) => [card.dataset.id, card]));
    list.replaceChildren(...known.products.map((one) => update(cards.get(one.id) ?? element("li", { className: "card" }), one)));
    list.classList.toggle("stale", old);
  }
  say("notice", notice(failure, old));
}

function notice(failure, old) {
  if (old) {
    const since = known.time ? ` from ${clock(known.time)}` : "";
    return `The shop cannot be asked at the moment: prices and stock are${since} and may have changed. Your cart is safe.`;
  }
  if (failure instanceof Away) return "The shop does not answer at the moment: these are list prices. The page asks again by itself.";
  if (failure) return `The backend has no products to tell of (${failure.message}): these are list prices, and nothing can be ordered.`;
  if (!sells()) return "This backend shows products only: it has no database, knows no stock and takes no orders.";
  return "";
}

// update makes the card show the product. A card that is there stays, and with it the focus.
function update(card, one) {
  if (!card.querySelector(".add")) {
    card.dataset.id = one.id;
    const add = element("button", { type: "button", className: "add" });
    card.replaceChildren(
      picture(one.picture ?? one.id),
      element("h3"), element("p", { className: "about" }),
      element("div", { className: "offer" }, element("p", { className: "price" }), element("p", { className: "stock" })), add,
    );
    add.addEventListener("click", () => card.dispatchEvent(new CustomEvent("add", { bubbles: true, detail: one.id })));
  }
  const set = (selector, text) => {
    const place = card.querySelector(selector);
    if (place.textContent !== text) place.textContent = text;
  };
  set("h3", one.name);
  set(".about", one.description);
  set(".price", money(one.priceCents, one.currency));
  set(".stock", stock(one));
  const add = card.querySelector(".add");
  set(".add", one.stock === 0 ? "Sold out" : "Add to cart");
  add.setAttribute("aria-label", one.stock === 0 ? `${one.name} is sold out` : `Add ${one.name} to cart`);
  add.disabled = one.stock === 0;
  add.hidden = typeof one.stock !== "number";
  return card;
}

function stock({ stock }) {
  if (typeof stock !== "number") return "";
  if (stock === 0) return "None left";
  return stock < 10 ? `Only ${stock} left` : "In stock";
}
