// A model streams tokens. The slot is held until the stream ends, not until it begins, and the output is paced.
import { lastValueFrom, reduce, tap, toArray } from 'rxjs';
import { coordinate, semaphore } from 'rxbaton';
import { tokenBucket } from 'rxbaton/operators';
import { setTimeout as sleep } from 'node:timers/promises';

let open = 0;
let most = 0;
async function* stream(text: string): AsyncGenerator<string> {
  most = Math.max(most, ++open);
  try {
    for (const word of text.split(' ')) {
      await sleep(1);
      yield word;
    }
  } finally {
    open--;
  }
}

const speak = coordinate(
  'speaker',
  { lock: semaphore('streams', { permits: 1 }), collect: reduce((text, token) => `${text} ${token}`) },
  stream,
);

// As a promise: the collected words. As an Observable: each token when it comes, at most 100 a second after the first 3.
const [first, tokens] = await Promise.all([
  speak('one slot for the whole answer'),
  lastValueFrom(
    speak.observe('paced for a slow reader').pipe(
      tokenBucket({ limit: 100, per: '1s', burst: 3 }),
      tap((token) => console.log('token', token)),
      toArray(),
    ),
  ),
]);
console.log(first);
console.log(tokens.length, 'tokens, open at a time:', most);
