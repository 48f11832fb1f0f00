/** Logs that know too much, too little or the wrong thing of their streams, or do not come to an end. */
import { concatMap, filter, onErrorResumeNextWith, toArray } from 'rxjs';
import { LogDuplicateError } from '../../../lib/errors.ts';
import type { MemoryLog } from '../../../lib/log/memoryLog.ts';
import { later, misreading, plain, type Saboteur } from './spoil.ts';

export const lifeFaults: readonly Saboteur[] = [
  [
    'tells streams in any order',
    /^life: streams are told/,
    true,
    plain((log) => ({
      streams: (options) =>
        log.streams(options).pipe(
          toArray(),
          concatMap((names) => names.reverse()),
        ),
    })),
  ],
  [
    'tells closed streams as open',
    /^life: streams are told/,
    true,
    plain((log) => ({ streams: ({ open: _, ...rest } = {}) => log.streams(rest) })),
  ],
  [
    'says the wrong thing of a trim',
    /^life: a trim forgets/,
    true,
    plain((log) => ({ trim: async (...asked) => ({ ...(await log.trim(...asked)), removed: 1 }) })),
  ],
  [
    'trims nothing',
    /^life: a trim forgets/,
    true,
    plain((log) => ({ trim: (stream) => log.trim(stream, { before: 1 }) })),
  ],
  [
    'takes away what readers still want',
    /^follow: a trim that nobody forces/,
    false,
    plain((log) => ({ trim: (stream, options) => log.trim(stream, { ...options, force: true }) })),
  ],
  [
    'removes whatever is there',
    /^life: a stream that was removed/,
    true,
    plain((log) => ({
      remove: async (stream) => log.remove(stream, { expectedSeq: (await log.head(stream))?.lastSeq ?? 0 }),
    })),
  ],
  ['removes nothing', /^life: a stream that was removed/, true, plain(() => ({ remove: later }))],
  [
    'remembers keys of removed streams',
    /^life: a stream that was removed/,
    false,
    () => {
      const used = new Set<string>();
      return (log) => ({
        ...log,
        append: async (stream, events, options) => {
          const receipt = await log.append(stream, events, options);
          if (!receipt.replayed)
            for (const key of options?.once ?? []) {
              if (used.has(`${stream} ${key}`)) throw new LogDuplicateError('');
              used.add(`${stream} ${key}`);
            }
          return receipt;
        },
      });
    },
  ],
  [
    'is settled too early',
    /^life: settled resolves/,
    false,
    plain((log) => ({
      append: async (...asked) => {
        const receipt = await log.append(...asked);
        for (let i = 0; i < 20; i++) await later();
        return receipt;
      },
    })),
  ],
  ['stays open', /^life: a log that closes/, true, plain(() => ({ close: later }))],
  [
    'leaves its readers behind when it closes',
    /^life: readers have what was there/,
    false,
    plain((log) => {
      let closed = false;
      return {
        read: (...asked) => log.read(...asked).pipe(filter(() => !closed)),
        close: (options) => {
          closed = true;
          return log.close(options);
        },
      };
    }),
  ],
  [
    'completes readers that have not everything',
    /^life: behind the deadline/,
    false,
    misreading((log, ...asked) => log.read(...asked).pipe(onErrorResumeNextWith())),
  ],
  [
    'is blind to other handles',
    /^handles: what one handle has appended/,
    true,
    () => {
      let handles = 0;
      return (log) => {
        const mine = (stream: string): string => `${handle} ${stream}`;
        const handle = ++handles;
        return {
          ...log,
          append: (stream, ...rest) => log.append(mine(stream), ...rest),
          read: (stream, ...rest) => log.read(mine(stream), ...rest),
          head: (stream) => log.head(mine(stream)),
        };
      };
    },
  ],
  [
    'closes all handles with one',
    /^handles: closing a handle/,
    false,
    () => {
      const all: MemoryLog[] = [];
      return (log) => {
        all.push(log);
        return {
          ...log,
          close: async (options) => {
            await Promise.all(all.splice(0).map((each) => each.close(options)));
          },
        };
      };
    },
  ],
  [
    'forgets keys and commitIds when it is closed',
    /^restart: epochs, keys/,
    true,
    () => {
      let life = 0;
      return (log) => ({
        ...log,
        append: (stream, events, { commitId, once, ...rest } = {}) =>
          log.append(stream, events, {
            ...rest,
            ...(commitId && { commitId: `${life} ${commitId}` }),
            ...(once && { once: once.map((key) => `${life} ${key}`) }),
          }),
        close: (options) => {
          life++;
          return log.close(options);
        },
      });
    },
  ],
];
