/** A model that answers at once or nearly so, and keeps count of how many callers it serves at a time. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface FakeModel {
  (prompt: string, signal?: AbortSignal): Promise<string>;
  /** The most calls that were ever under way together. */
  busiest: number;
}

/** @param ms How long an answer takes. */
export function fakeModel(name: string, ms = 5): FakeModel {
  let busy = 0;
  const model: FakeModel = Object.assign(
    async (prompt: string, signal?: AbortSignal) => {
      model.busiest = Math.max(model.busiest, ++busy);
      try {
        await sleep(ms, undefined, { signal });
        return `${name} on "${prompt}"`;
      } finally {
        busy--;
      }
    },
    { busiest: 0 },
  );
  return model;
}
