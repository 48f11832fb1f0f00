import type { Contents } from './Contents.ts';

/** May write records; its answer is given when everything before it, and they, are where they belong. */
export type Question<T> = (contents: Contents, now: number) => T;

/** Somebody who has asked, and waits. */
export class Pending<T> {
  readonly promise: Promise<T>;
  resolve!: (answer: T | PromiseLike<T>) => void;
  reject!: (error: Error) => void;
  /** What is to be asked again when the answer is lost. `null`: it wrote something, and whoever asked has to know. */
  question: Question<T> | null;
  answer: unknown = undefined;
  refused = false;

  constructor(question: Question<T>) {
    this.question = question;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  settle(): void {
    if (this.refused) this.reject(this.answer as Error);
    else this.resolve(this.answer as T);
  }
}
