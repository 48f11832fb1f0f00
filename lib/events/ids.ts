/** Crockford's base 32, the alphabet of ULIDs: its order is the order of the codes. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** `length` digits of a whole number. */
function digits(value: number, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = alphabet.charAt(rest % 32) + text;
  return text;
}

/** The 1,024 pairs of digits, made when the first coordinator is: ids are built from them by concatenation. */
let pairs: readonly string[] | null = null;

/** Eight random digits that tell coordinators apart. */
export function ulidSeed(random: () => number): string {
  return digits(Math.floor(random() * 2 ** 20), 4) + digits(Math.floor(random() * 2 ** 20), 4);
}

/**
 * ULIDs of one coordinator: ten digits of time, its eight digits of `seed`, eight digits of `seq`. The id is a function of
 * these three alone, so it needs no randomness of its own, and ids of one coordinator sort by time, then by `seq`.
 *
 * Only the last two digits are new for each id of one millisecond; the rest is remembered.
 */
export function ulids(seed: string): (timestamp: number, seq: number) => string {
  const table = (pairs ??= Array.from({ length: 1024 }, (_, i) => digits(i, 2)));
  let time = NaN;
  let block = NaN;
  let head = '';
  return (timestamp, seq) => {
    const upper = Math.floor(seq / 1024);
    if (timestamp !== time || upper !== block) {
      time = timestamp;
      block = upper;
      head = digits(Math.floor(timestamp), 10) + seed + digits(upper, 6);
    }
    return head + (table[seq & 1023] as string);
  };
}
