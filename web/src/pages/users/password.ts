// No letters or digits that look alike: it may be read from a screen and typed on a phone.
const letters = "abcdefghijkmnpqrstuvwxyz23456789";
const groups = 4;
const groupLength = 4;

/** A password of 80 random bits: "k7rm-x2qd-9hpw-fz3t". */
export function newPassword(): string {
  const random = crypto.getRandomValues(new Uint8Array(groups * groupLength));
  const text = Array.from(random, (byte) => letters[byte % letters.length]).join("");
  return text.replace(/.{4}(?!$)/g, "$&-");
}
