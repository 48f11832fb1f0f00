import type { Codec } from './Codec.ts';

/** A value whose text was made already, by whoever knows how to make it fast: a log keeps that text, if it is in its words. */
export class Encoded {
  readonly text: string;
  readonly #codec: Codec | null;

  /** @param codec Who reads the text. `null`: the codec of the log. */
  constructor(text: string, codec: Codec | null = null) {
    this.text = text;
    this.#codec = codec;
  }

  /** In the words of another codec, where it has others. An own codec may hide what it writes: nothing must get past it. */
  textFor(codec: Codec): string {
    const own = this.#codec;
    return own === null || own === codec ? this.text : codec.encode(own.decode(this.text));
  }
}
