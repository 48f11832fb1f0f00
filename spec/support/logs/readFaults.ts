/** Logs whose readers get something else than what was appended. */
import {
  concat,
  concatMap,
  defer,
  EMPTY,
  filter,
  from,
  ignoreElements,
  map,
  merge,
  NEVER,
  repeat,
  toArray,
} from 'rxjs';
import type { Stored } from '../../../lib/log/EventLog.ts';
import { later, misreading, type Saboteur } from './spoil.ts';

export const readFaults: readonly Saboteur[] = [
  [
    'loses events',
    /^append: events are numbered/,
    true,
    misreading((log, ...asked) => log.read(...asked).pipe(filter(({ seq }) => seq !== 3))),
  ],
  [
    'swaps events',
    /^append: events are numbered/,
    true,
    misreading((log, stream, options) =>
      options?.follow === true
        ? log.read(stream, options)
        : log.read(stream, options).pipe(
            toArray(),
            concatMap((all) => (all.length > 3 ? [all[1], all[0], ...all.slice(2)] : all) as Stored[]),
          ),
    ),
  ],
  [
    'gives an event twice',
    /^follow: a follower gets history/,
    true,
    misreading((log, ...asked) =>
      log.read(...asked).pipe(concatMap((stored) => (stored.seq === 4 ? [stored, stored] : [stored]))),
    ),
  ],
  [
    'leaves a gap at the live edge',
    /^follow: there is no gap/,
    false,
    misreading((log, stream, options) =>
      options?.follow === true
        ? concat(log.read(stream, { ...options, follow: false }), log.read(stream, { ...options, from: 'end' }))
        : log.read(stream, options),
    ),
  ],
  [
    'overlaps at the live edge',
    /^follow: there is no gap/,
    false,
    misreading((log, stream, options) =>
      options?.follow === true && (options.from === undefined || typeof options.from === 'number')
        ? defer(() => {
            const live: Stored[] = [];
            const listening = log.read(stream, { follow: true, from: 'end' }).subscribe((stored) => live.push(stored));
            const history = log.read(stream, { ...options, follow: false });
            const edge = defer(() => {
              listening.unsubscribe();
              const next = (live.at(-1)?.seq ?? 0) + 1;
              return next > 1 ? concat(from(live), log.read(stream, { ...options, from: next })) : EMPTY;
            });
            const rest = defer(() => (live.length > 0 ? EMPTY : log.read(stream, { ...options, from: 'end' })));
            return concat(history, defer(later).pipe(ignoreElements()), edge, rest);
          })
        : log.read(stream, options),
    ),
  ],
  [
    'shows a commit before it is whole',
    /^read: a commit is never seen in part/,
    false,
    misreading((log, stream, options) =>
      options?.follow === true
        ? log.read(stream, options)
        : log.read(stream, options).pipe(
            toArray(),
            concatMap((all) => (all.length % 10 === 0 ? all.slice(0, -1) : all)),
          ),
    ),
  ],
  [
    'takes a position for inclusive',
    /^read: a number is inclusive/,
    true,
    misreading((log, stream, { from = 'start', ...rest } = {}) =>
      log.read(stream, {
        ...rest,
        from: from.toString().startsWith('@') ? Math.max(1, Number(from.toString().slice(1))) : from,
      }),
    ),
  ],
  [
    'takes the end for exclusive',
    /^read: the end is inclusive/,
    true,
    misreading((log, stream, { to, ...rest } = {}) =>
      log.read(stream, typeof to === 'number' && to > 0 ? { ...rest, to: to - 1 } : rest),
    ),
  ],
  [
    'ignores names',
    /^read: only the names/,
    true,
    misreading((log, stream, { names: _, ...rest } = {}) => log.read(stream, rest)),
  ],
  [
    'ignores follow',
    /^follow: a follower gets history/,
    true,
    misreading((log, stream, { follow: _, ...rest } = {}) => log.read(stream, rest)),
  ],
  [
    'follows whoever asks',
    /^read: a reader that does not follow/,
    false,
    misreading((log, stream, options) => log.read(stream, { ...options, follow: true })),
  ],
  [
    'never completes followers',
    /^follow: a follower completes behind/,
    true,
    misreading((log, ...asked) => (asked[1]?.follow === true ? concat(log.read(...asked), NEVER) : log.read(...asked))),
  ],
  [
    'begins where it was asked, not where it is subscribed',
    /^read: each subscription reads for itself/,
    false,
    misreading((log, ...asked) => {
      const first = log.read(...asked).pipe(toArray());
      let kept: Stored[] | null = null;
      return asked[1]?.follow === true
        ? log.read(...asked)
        : defer(() => (kept ? from(kept) : first.pipe(concatMap((all) => (kept = all)))));
    }),
  ],
  [
    'skips what was trimmed away',
    /^read: what was trimmed away/,
    true,
    misreading((log, stream, options = {}) =>
      defer(async () => log.head(stream)).pipe(
        concatMap((head) => {
          const { from: asked } = options;
          const first = head?.firstSeq ?? 1;
          const seq =
            typeof asked === 'number' ? asked : asked?.startsWith('@') === true ? Number(asked.slice(1)) + 1 : first;
          return log.read(stream, seq < first ? { ...options, from: first } : options);
        }),
      ),
    ),
  ],
  [
    'lets followers hear other streams',
    /^follow: followers of one stream/,
    false,
    misreading((log, stream, options) =>
      options?.follow === true && stream === 's'
        ? merge(log.read(stream, options), log.read('t', { ...options, from: 'end' }))
        : log.read(stream, options),
    ),
  ],
  [
    'follows the next stream of a name',
    /^follow: a follower of a stream that is removed/,
    true,
    misreading((log, ...asked) =>
      asked[1]?.follow === true ? log.read(...asked).pipe(repeat(2)) : log.read(...asked),
    ),
  ],
  [
    'forgets which event is the last of its commit',
    /^append: events are numbered/,
    false,
    misreading((log, ...asked) => log.read(...asked).pipe(map((stored) => ({ ...stored, last: true })))),
  ],
  [
    'gives readers one and the same event',
    /^append: readers cannot change/,
    false,
    () => {
      const events = new Map<string, unknown>();
      return (log) => ({
        ...log,
        read: (...asked) =>
          log.read(...asked).pipe(
            map((stored) => {
              const place = `${stored.stream} ${stored.seq}`;
              if (!events.has(place)) events.set(place, stored.event);
              return { ...stored, event: events.get(place) };
            }),
          ),
      });
    },
  ],
];
