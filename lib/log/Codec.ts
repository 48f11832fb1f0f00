/** How values become text and values again. The text is one line of JSON, so that people and their tools can read a log. */
export interface Codec {
  /** @throws CodecError when something in it cannot be written, with the path to it. */
  encode(value: unknown): string;
  /** @throws CodecError when this is no text of the codec. */
  decode(text: string): unknown;
}
