/** A value whose text was made already, by whoever knows how to make it fast: a log keeps that text as it is. */
export class Encoded {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
