/** Questions that are not answered yet. */
export class Outstanding {
  readonly #open = new Set<Promise<unknown>>();

  add<T>(answer: Promise<T>): Promise<T> {
    const done = (): void => void this.#open.delete(watched);
    const watched = answer.then(done, done);
    this.#open.add(watched);
    return answer;
  }

  /** Resolves when there is none, and whoever has asked has heard. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }
}
