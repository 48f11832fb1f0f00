/** A moment that many wait for. When nobody does, it is no news that it will not come. */
export class Milestone {
  readonly reached: Promise<void>;
  reach!: () => void;
  fail!: (reason: Error) => void;

  constructor() {
    this.reached = new Promise((resolve, reject) => {
      this.reach = resolve;
      this.fail = reject;
    });
    this.reached.catch(() => undefined);
  }
}
