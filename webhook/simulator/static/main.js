// The page: three phones on one line.

import { Elsewhere } from "./elsewhere.js";
import { ChatIdentity, NumberIdentity } from "./identity.js";
import { KeypadPhone } from "./keypad.js";
import { Line } from "./line.js";
import { SmsPhone } from "./sms.js";
import { Sound } from "./sound.js";
import { TelegramPhone } from "./telegram.js";

const setup = JSON.parse(document.getElementById("phones").dataset.setup);
const who = {
  telegram: new ChatIdentity("telegram", setup),
  sms: new NumberIdentity("sms", setup),
  voice: new NumberIdentity("voice", setup),
};
const line = new Line(() => ({
  telegram: who.telegram.address,
  sms: who.sms.address,
  voice: who.voice.address,
}));
const phones = {
  telegram: new TelegramPhone(line, who.telegram),
  sms: new SmsPhone(line, who.sms),
  voice: new KeypadPhone(line, who.voice, new Sound(document.getElementById("sound")), setup.publicUrl),
};
const elsewhere = new Elsewhere((door, address) => {
  const taken = who[door].accept(address);
  if (taken) document.getElementById(door).scrollIntoView({ block: "nearest" });
  return taken;
});

for (const [name, identity] of Object.entries(who)) {
  identity.addEventListener("changed", () => {
    phones[name].clear();
    elsewhere.clear();
    line.restart();
  });
}
line.addEventListener("news", ({ detail }) => {
  phones.telegram.update(detail.telegram);
  phones.sms.update(detail.sms);
  phones.voice.ring(detail.ringing);
  elsewhere.update(detail.elsewhere);
});
line.addEventListener("forgotten", () => {
  phones.telegram.clear();
  phones.sms.clear();
  elsewhere.clear();
});
const lost = document.getElementById("lost");
line.addEventListener("lost", () => (lost.hidden = false));
line.addEventListener("found", () => (lost.hidden = true));
line.restart();
