import type { Contents } from './Contents.ts';

/** May write records; its answer is given when everything before it, and they, are where they belong. */
export type Question<T> = (contents: Contents, now: number) => T;

/** Somebody who has asked, and waits. */
export class Pending<T> {
  readonly resolve: (answer: T | PromiseLike<T>) => void;
  readonly reject: (error: Error) => void;
  readonly question: Question<T>;
  answer: unknown = undefined;
  refused = false;
  wrote = false;

  constructor(resolve: Pending<T>['resolve'], reject: Pending<T>['reject'], question: Question<T>) {
    this.resolve = resolve;
    this.reject = reject;
    this.question = question;
  }

  settle(): void {
    if (this.refused) this.reject(this.answer as Error);
    else this.resolve(this.answer as T);
  }
}
