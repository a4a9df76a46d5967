// How a network cuts an SMS (3GPP TS 23.038): the same rule as webhook/simulator/segments.py, for counting while typing.

const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENDED = new Set("\f^{}\\[~]|€");

// {encoding, used, room, parts}: `used` and `room` in characters of the whole message as it would be sent now.
export function cut(text) {
  const characters = [...text];
  const gsm = characters.every((c) => BASIC.has(c) || EXTENDED.has(c));
  const sizes = characters.map((c) => (gsm ? (EXTENDED.has(c) ? 2 : 1) : c.length));
  const [whole, part] = gsm ? [160, 153] : [70, 67];
  const used = sizes.reduce((sum, size) => sum + size, 0);
  let parts = 1;
  if (used > whole) {
    let filled = 0;
    for (const size of sizes) {
      // An escaped letter or a surrogate pair is never cut in two.
      if (filled + size > part) {
        parts += 1;
        filled = 0;
      }
      filled += size;
    }
  }
  return { encoding: gsm ? "GSM-7" : "UCS-2", used, room: parts === 1 ? whole : parts * part, parts };
}
