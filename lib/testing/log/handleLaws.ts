/** Several handles onto one log at a time. */
import { expectEqual } from '../contract/lab.ts';
import { codeOf, collect, fill, note, numbers, read, refusedAppend, type LogLaws } from './lab.ts';

export const handleLaws: LogLaws = {
  'what one handle has appended the others see': async (lab) => {
    const [one, two] = [await lab.open(), await lab.open()];
    const follower = collect(lab, two.read('s', { follow: true }));
    await fill(one, 's', 1, 3);
    await follower.until(3);
    expectEqual(
      [numbers(follower.events), await read(lab, two, 's')],
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      'the events',
    );
    await refusedAppend(lab, two, 's', { expectedSeq: 0 }, 'RXB_LOG_CONFLICT', { seq: 3 });
    follower.leave();
  },

  'closing a handle closes no other': async (lab) => {
    const [one, two] = [await lab.open(), await lab.open()];
    const [mine, theirs] = [
      collect(lab, one.read('s', { follow: true })),
      collect(lab, two.read('s', { follow: true })),
    ];
    await fill(one, 's', 1, 2);
    await one.close();
    expectEqual([mine.end, numbers(mine.events)], ['complete', [1, 2]], 'a reader of the closed one');
    await fill(two, 's', 3, 3);
    await theirs.until(3);
    expectEqual([theirs.end, numbers(theirs.events)], ['open', [1, 2, 3]], 'a reader of the other');
    theirs.leave();
  },

  'a reader of another handle is overtaken by a trim with an error, never with a gap': async (lab) => {
    const [one, two] = [await lab.open(), await lab.open()];
    await fill(one, 's', 1, 30);
    let trimmed: Promise<unknown> | undefined;
    const reader = collect(lab, two.read('s', { maxBuffer: 1 }), ({ seq }) => {
      if (seq === 3) trimmed = one.trim('s', { before: 20 });
    });
    const error = await reader.ended();
    await trimmed;
    if (error !== null) expectEqual(codeOf(error), 'RXB_LOG_TRIMMED', 'the error');
    expectEqual(
      numbers(reader.events),
      Array.from(reader.events, (_, i) => i + 1),
      'the events',
    );
    expectEqual(error === null, reader.events.length === 30, 'that only who has all of them completes');
    await one.append('s', [note(31)]);
  },
};
