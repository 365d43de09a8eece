// The shop's page: products, cart, orders, and who served them.
import * as cart from "./cart.js";
import * as catalogue from "./catalogue.js";
import { byID } from "./page.js";
import * as order from "./order.js";
import * as service from "./service.js";

catalogue.onChange(service.show);
catalogue.onChange(cart.reprice);
order.start();

byID("list").addEventListener("add", (event) => cart.add(event.detail));
byID("ask").addEventListener("click", catalogue.refresh);
document.addEventListener("visibilitychange", () => document.hidden || catalogue.refresh());

catalogue.refresh();
