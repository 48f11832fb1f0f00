/** 53 bits of what was given, as text: the same for the same parts, and almost surely another one for any others. */
export function digest(parts: readonly string[]): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  const feed = (sign: number): void => {
    a = Math.imul(a ^ sign, 0x9e3779b1);
    b = Math.imul(b ^ sign, 0x5f356495);
  };
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) feed(part.charCodeAt(i));
    // No text has this sign: `['ab', 'c']` and `['a', 'bc']` differ.
    feed(0x10000);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return ((b & 0x1fffff) * 0x100000000 + (a >>> 0)).toString(36);
}
