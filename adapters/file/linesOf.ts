import type { Codec } from '../../lib/log/Codec.ts';
import { Encoded } from '../../lib/log/Encoded.ts';
import { LineBytes } from '../../lib/log/LineBytes.ts';
import { losslessCodec } from '../../lib/log/losslessCodec.ts';
import { writePlain } from '../../lib/log/writePlain.ts';

const newline = 10;

/** `null` while somebody writes into it: to read an event may lead to another append. */
let spare: LineBytes | null = new LineBytes();

/**
 * The lines of events, as a segment has them. They are gone with the next call.
 *
 * @throws CodecError
 */
export function linesOf(events: readonly unknown[], codec: Codec): LineBytes {
  const lines = spare ?? new LineBytes();
  spare = null;
  lines.clear();
  try {
    for (let i = 0; i < events.length; i++) {
      const event = events[i];
      if (event instanceof Encoded) lines.write(event.textFor(codec));
      else if (codec !== losslessCodec || !writePlain(event, null, lines)) lines.write(codec.encode(event));
      lines.reserve(lines.end, 1)[lines.end++] = newline;
    }
  } finally {
    spare = lines;
  }
  return lines;
}
