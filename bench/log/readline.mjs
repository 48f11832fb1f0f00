import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What everybody writes: calls `each` with every event of a file of lines. */
export async function readline(path, each) {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity }))
    each(JSON.parse(line));
}
