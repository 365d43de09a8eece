// The page's own small vocabulary.

// assets is where this version's pictures are, beside this file.
const assets = new URL(".", import.meta.url);

export const byID = (id) => document.getElementById(id);

// element makes <tag>, with properties and children.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

// picture is a product's, or a parcel where this version of the page has none of it.
export function picture(name) {
  const image = element("img", { alt: "", width: 320, height: 240 });
  image.addEventListener("error", () => (image.src = new URL("parcel.svg", assets)), { once: true });
  image.src = /^[a-z0-9-]+$/.test(name) ? new URL(`${name}.svg`, assets) : new URL("parcel.svg", assets);
  return image;
}

export function money(cents, currency) {
  return new Intl.NumberFormat("en-IE", { style: "currency", currency }).format(cents / 100);
}

export const clock = (time) => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

// say puts a sentence where a screen reader hears it. The place stays, or what it says first would not be heard.
export function say(id, sentence) {
  const place = byID(id);
  if (place.textContent !== sentence) place.textContent = sentence;
}
