/** Logs that append what they ought to refuse, or refuse it in the wrong way. */
import { LogConflictError, LogDuplicateError } from '../../../lib/errors.ts';
import type { Receipt } from '../../../lib/log/EventLog.ts';
import { ignoring, misappending, plain, type Saboteur } from './spoil.ts';

export const conditionFaults: readonly Saboteur[] = [
  ['ignores expectedSeq', /^conditions: expectedSeq lets in/, true, ignoring('expectedSeq')],
  [
    'lets in whoever is not first',
    /^race: of several who expect the same/,
    true,
    misappending(({ expectedSeq, ...rest }) => (expectedSeq === 0 ? { ...rest, expectedSeq } : rest)),
  ],
  ['ignores epochs', /^conditions: a higher epoch shuts out/, true, ignoring('epoch')],
  [
    'lets old epochs in',
    /^race: a writer that was shut out/,
    true,
    () => {
      const epochs = new Map<string, number>();
      return (log) => ({
        ...log,
        append: (stream, events, { epoch, ...rest } = {}) => {
          const highest = Math.max(epoch ?? 0, epochs.get(stream) ?? 0);
          epochs.set(stream, highest);
          return log.append(stream, events, epoch === undefined ? rest : { ...rest, epoch: highest });
        },
      });
    },
  ],
  [
    'raises the epoch with what it refuses',
    /^conditions: an append that is refused does not raise/,
    true,
    plain((log) => ({
      append: async (stream, events, options) => {
        try {
          return await log.append(stream, events, options);
        } catch (error) {
          if (options?.epoch !== undefined)
            await log.append(stream, [], { epoch: options.epoch }).catch(() => undefined);
          throw error;
        }
      },
    })),
  ],
  ['forgets commitIds', /^conditions: a commitId that comes again/, true, ignoring('commitId')],
  [
    'says that nothing was replayed',
    /^conditions: a commitId that comes again/,
    true,
    plain((log) => ({ append: async (...asked) => ({ ...(await log.append(...asked)), replayed: false }) })),
  ],
  [
    'takes any content for a commitId',
    /^conditions: a commitId with other content/,
    true,
    () => {
      const receipts = new Map<string, Receipt>();
      return (log) => ({
        ...log,
        append: async (stream, events, options) => {
          const id = `${stream} ${options?.commitId}`;
          const before = receipts.get(id);
          if (before !== undefined) return { ...before, replayed: true };
          const receipt = await log.append(stream, events, options);
          if (options?.commitId !== undefined) receipts.set(id, receipt);
          return receipt;
        },
      });
    },
  ],
  [
    'forgets commitIds when a stream closes',
    /^conditions: a commitId is found again whatever/,
    true,
    plain((log) => ({
      append: async (stream, events, { commitId, ...rest } = {}) => {
        const closed = (await log.head(stream))?.closed === true;
        return log.append(stream, events, closed || commitId === undefined ? rest : { ...rest, commitId });
      },
    })),
  ],
  [
    'repeats the effects of a commit',
    /^conditions: the effects of a commit are not repeated/,
    false,
    plain((log) => ({
      append: async (stream, events, options) => {
        const receipt = await log.append(stream, events, options);
        const effects = options?.effects?.filter(({ op }) => op === 'schedule') ?? [];
        if (receipt.replayed && effects.length > 0) await log.append('elsewhere', [], { effects });
        return receipt;
      },
    })),
  ],
  ['forgets once keys', /^conditions: a key may be used once/, true, ignoring('once')],
  [
    'forgets once keys behind a trim',
    /^life: a seq is never used again/,
    true,
    () => {
      const used = new Map<string, number>();
      return (log) => ({
        ...log,
        append: async (stream, events, { once = [], ...rest } = {}) => {
          const seq = once.map((key) => used.get(`${stream} ${key}`)).find((each) => each !== undefined);
          const replays = rest.commitId !== undefined;
          if (seq !== undefined && !replays)
            throw new LogDuplicateError('', { details: { stream, key: once.at(-1), seq } });
          const receipt = await log.append(
            stream,
            events,
            replays ? { ...rest, once } : once.length > 0 && events.length === 0 ? { ...rest, once } : rest,
          );
          for (const key of once) used.set(`${stream} ${key}`, receipt.firstSeq);
          return receipt;
        },
        trim: async (stream, options) => {
          for (const key of used.keys()) if (key.startsWith(`${stream} `)) used.delete(key);
          return log.trim(stream, options);
        },
      });
    },
  ],
  [
    'forgets a guard',
    /^conditions: guards hold/,
    true,
    misappending(({ guards = [], ...rest }) => ({ ...rest, guards: guards.slice(1) })),
  ],
  [
    'looks at the last event first',
    /^conditions: conditions are looked at/,
    true,
    plain((log) => ({
      append: async (stream, events, options) => {
        const last = (await log.head(stream))?.lastSeq ?? 0;
        if (options?.expectedSeq !== undefined && options.expectedSeq !== last)
          throw new LogConflictError('', { details: { stream, seq: last } });
        return log.append(stream, events, options);
      },
    })),
  ],
  ['does not close streams', /^conditions: a stream that was closed/, true, ignoring('close')],
];
