// A list of sentences, each about a barrier. What the names of things are, Chromium's accessibility tree tells better.
(() => {
  const barriers = [];
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const name = (element) => `<${element.tagName.toLowerCase()}${element.id ? ` id=${element.id}` : ""}> “${element.textContent.trim().slice(0, 30)}”`;

  // WCAG 2.2, 3.1.1, 2.4.2 and 1.3.1: language, title, one main part, headings without a gap.
  if (!document.documentElement.lang) barriers.push("the page names no language");
  if (!document.title) barriers.push("the page has no title");
  if (document.querySelectorAll("main").length !== 1) barriers.push("the page has no one main part");
  const levels = [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].filter(visible).map((heading) => Number(heading.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) barriers.push("the page has no one h1");
  levels.forEach((level, i) => i > 0 && level > levels[i - 1] + 1 && barriers.push(`an h${level} follows an h${levels[i - 1]}`));

  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  ids.forEach((id, i) => ids.indexOf(id) < i && barriers.push(`the id ${id} is there twice`));
  for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls"]) {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(/\s+/)) if (!document.getElementById(id)) barriers.push(`${name(element)}: ${attribute} names no element`);
    }
  }
  for (const image of document.querySelectorAll("img:not([alt])")) barriers.push(`${image.src} has no alt`);
  for (const element of document.querySelectorAll("[tabindex]")) if (element.tabIndex > 0) barriers.push(`${name(element)} jumps the queue`);

  // 2.5.8: a target is at least 24 by 24.
  for (const element of document.querySelectorAll("button,.bar a")) {
    const box = element.getBoundingClientRect();
    if (visible(element) && (box.width < 24 || box.height < 24)) barriers.push(`${name(element)} is ${Math.round(box.width)} by ${Math.round(box.height)}`);
  }

  // 1.4.10: nothing is beside the window.
  if (document.documentElement.scrollWidth > innerWidth) barriers.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);

  // 1.4.3: text stands out from what is behind it by 4.5, large text by 3. Text over a picture is for people to judge.
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!says || !visible(element) || element.closest(":disabled,noscript,script,style,template")) continue;
    const style = getComputedStyle(element);
    const [lighter, darker] = [luminance(channels(style.color)), luminance(behind(element))].sort((a, b) => b - a);
    const contrast = (lighter + 0.05) / (darker + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) barriers.push(`${name(element)} has a contrast of ${contrast.toFixed(2)}`);
  }
  return barriers;
})()
