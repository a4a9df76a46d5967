// Who a phone is: a fictional number or Telegram account, kept for this tab so that a reload changes nothing.

const random = (below) => Math.floor(Math.random() * below);
const digits = (count) => Array.from({ length: count }, () => random(10)).join("");

class Identity extends EventTarget {
  constructor(name) {
    super();
    this.key = `hankali-simulator-${name}`;
    this.input = document.getElementById(`${name}-number`);
    this.refusal = document.getElementById(`${name}-refusal`);
    this.input.addEventListener("change", () => this.edited());
    document.getElementById(`${name}-new`).addEventListener("click", () => this.renew());
  }

  begin() {
    let kept = null;
    try {
      kept = sessionStorage.getItem(this.key);
    } catch {
      // storage is switched off: a new number each time
    }
    if (kept && this.accept(kept)) this.write();
    else this.renew();
  }

  become(address) {
    const before = this.address;
    this.address = address;
    try {
      sessionStorage.setItem(this.key, address);
    } catch {
      // as above
    }
    this.refuse("", "");
    this.write();
    if (before !== address) this.dispatchEvent(new Event("changed"));
  }

  refuse(french, english) {
    this.refusal.hidden = !french;
    this.refusal.textContent = french ? `${french} · ${english}` : "";
    if (french) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }
}

export class NumberIdentity extends Identity {
  constructor(name, setup) {
    super(name);
    this.setup = setup;
    this.select = document.getElementById(`${name}-country`);
    this.select.addEventListener("change", () => this.renew());
    this.begin();
  }

  get country() {
    return this.setup.countries.find((country) => country.iso === this.select.value);
  }

  renew() {
    const { code, digits: length } = this.country;
    this.become(`+${code}${this.setup.prefix}${digits(length - this.setup.prefix.length)}`);
  }

  // Takes an international number over; false when it is none of the fictional ones.
  accept(number) {
    const country = this.setup.countries.find(({ code, digits: length }) => {
      const rest = number.startsWith(`+${code}${this.setup.prefix}`) && number.slice(code.length + 1);
      return rest && rest.length === length && /^[0-9]+$/.test(rest);
    });
    if (!country) return false;
    this.select.value = country.iso;
    this.become(number);
    return true;
  }

  edited() {
    const { code, digits: length } = this.country;
    const typed = this.input.value.replace(/[\s.-]/g, "");
    const number = typed.startsWith("+") ? typed : `+${code}${typed}`;
    if (this.accept(number)) return;
    const { prefix } = this.setup;
    this.refuse(
      `Numéros fictifs seulement\u00a0: ${length} chiffres, les premiers ${prefix}.`,
      `Fictional numbers only: ${length} digits, the first ${prefix}.`,
    );
  }

  write() {
    const rest = this.address.slice(this.country.code.length + 1);
    this.input.value = rest.length % 2 ? rest.replace(/(.{3})(?=.)/g, "$1 ") : rest.replace(/(..)(?=.)/g, "$1 ");
  }
}

export class ChatIdentity extends Identity {
  constructor(name, setup) {
    super(name);
    [this.first, this.last] = setup.chats;
    this.begin();
  }

  renew() {
    this.become(String(this.first + random(this.last - this.first)));
  }

  accept(text) {
    const chat = Number(text);
    if (!/^[0-9]{16}$/.test(text) || chat < this.first || chat > this.last) return false;
    this.become(text);
    return true;
  }

  edited() {
    if (this.accept(this.input.value.replace(/\s/g, ""))) return;
    this.refuse(
      `Comptes fictifs seulement\u00a0: de ${this.first} à ${this.last}.`,
      `Fictional accounts only: ${this.first} to ${this.last}.`,
    );
  }

  write() {
    this.input.value = this.address;
  }
}
