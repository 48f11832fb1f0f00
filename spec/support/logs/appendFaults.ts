/** Logs that take other events than they were given, or in another way. */
import { ignoring, later, misappending, plain, type Saboteur } from './spoil.ts';

export const appendFaults: readonly Saboteur[] = [
  [
    'tears a commit apart',
    /^append: events are numbered/,
    true,
    plain((log) => ({
      append: async (stream, events, options) => {
        if (events.length < 2 || Object.keys(options ?? {}).length > 0) return log.append(stream, events, options);
        const { firstSeq } = await log.append(stream, events.slice(0, 1));
        return { ...(await log.append(stream, events.slice(1))), firstSeq };
      },
    })),
  ],
  [
    'encodes later',
    /^append: values are taken/,
    false,
    plain((log) => ({ append: (...asked) => later().then(() => log.append(...asked)) })),
  ],
  [
    'lets some appends overtake others',
    /^append: appends go in in the order/,
    true,
    () => {
      let count = 0;
      return (log) => ({
        ...log,
        append: (...asked) => (count++ % 3 === 1 ? later().then(() => log.append(...asked)) : log.append(...asked)),
      });
    },
  ],
  ['promises a durability that it has not', /^append: a durability that the log has/, false, ignoring('durability')],
  [
    'takes commits of any size',
    /^append: a commit larger than/,
    false,
    plain(({ capabilities }) => ({ capabilities: { ...capabilities, maxCommitBytes: 2_048 } })),
  ],
  ['ignores a signal', /^append: a signal calls off/, false, ignoring('signal')],
  [
    'ignores options that it does not know',
    /^append: what means nothing/,
    false,
    misappending(({ ...options }) => {
      delete (options as { expectedSeg?: 0 }).expectedSeg;
      return options;
    }),
  ],
];
