// Agents as streams: topics are paced, asked about one after the other, and each answer stored under the database's lock.
import { defer, from, lastValueFrom, map, mergeMap, toArray } from 'rxjs';
import { exclusive, rateLimit, withLock } from 'rxbaton/operators';
import { fakeModel } from './support/fakeModel.ts';

const llm = fakeModel('gpt', 2);
const stored: string[] = [];

const answers = from(['tides', 'moons', 'comets']).pipe(
  rateLimit({ limit: 2, per: 100 }),
  exclusive('openai_api', (topic) => llm(topic)),
  mergeMap((answer) =>
    defer(async () => stored.push(answer)).pipe(
      withLock('database'),
      map((row) => `row ${row}: ${answer}`),
    ),
  ),
  toArray(),
);
const began = performance.now();
console.log((await lastValueFrom(answers)).join('\n'));
console.log('the third had to wait:', performance.now() - began >= 100);
