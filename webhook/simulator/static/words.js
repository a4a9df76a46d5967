// Small pieces of page, always built from text and never from markup.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// French first, English beside it, each marked with its language.
export function both(french, english) {
  const parts = document.createDocumentFragment();
  parts.append(element("span", { lang: "fr" }, french));
  if (english !== french) parts.append(element("span", { lang: "en", class: "second" }, english));
  return parts;
}

export function say(target, french, english) {
  target.replaceChildren(both(french, english));
}

// Half screens are scrolled by hand: only follow new messages when the end is in sight.
export function followEnd(scroller, change) {
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  change();
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}
