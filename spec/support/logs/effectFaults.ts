/** Logs whose leases and indexes are not to be trusted. */
import { misappending, plain, type Saboteur } from './spoil.ts';

export const effectFaults: readonly Saboteur[] = [
  [
    'gives held leases away',
    /^effects: a lease that is held is not to be had/,
    true,
    plain((log) => ({
      append: async (stream, events, { effects = [], ...rest } = {}) => {
        const keys = effects.flatMap((effect) => (effect.op === 'lease' && effect.token === null ? [effect.key] : []));
        if (keys.length > 0)
          await log.append('elsewhere', [], { effects: keys.map((key) => ({ op: 'unlease', key })) });
        return log.append(stream, events, { ...rest, effects });
      },
    })),
  ],
  [
    'gives tokens that fall',
    /^effects: a lease lapses behind its ttl/,
    true,
    plain((log) => {
      const turn = <T>(token: T): T => (typeof token === 'number' ? ((1e6 - token) as T) : token);
      return {
        append: async (stream, events, { guards, effects, ...rest } = {}) => {
          const receipt = await log.append(stream, events, {
            ...rest,
            ...(guards && { guards: guards.map((guard) => ({ ...guard, token: turn(guard.token) })) }),
            ...(effects && {
              effects: effects.map((effect) =>
                effect.op === 'lease' ? { ...effect, token: turn(effect.token) } : effect,
              ),
            }),
          });
          return {
            ...receipt,
            tokens: Object.fromEntries(Object.entries(receipt.tokens).map(([key, token]) => [key, turn(token)])),
          };
        },
        renew: (leases) => log.renew(leases.map((each) => ({ ...each, token: turn(each.token) }))),
      };
    }),
  ],
  [
    'keeps leases too long',
    /^effects: a lease is held to the end/,
    false,
    misappending(({ effects = [], ...rest }) => ({
      ...rest,
      effects: effects.map((effect) => (effect.op === 'lease' ? { ...effect, ttl: effect.ttl + 1 } : effect)),
    })),
  ],
  [
    'does not give leases up',
    /^effects: a lease that was given up/,
    true,
    misappending(({ effects = [], ...rest }) => ({ ...rest, effects: effects.filter(({ op }) => op !== 'unlease') })),
  ],
  [
    'renews nothing and says it did',
    /^effects: renew moves the end/,
    true,
    plain(() => ({ renew: async (leases) => leases.map(() => 'ok' as const) })),
  ],
  [
    'answers renewals in its own order',
    /^effects: renew moves the end/,
    true,
    plain((log) => ({ renew: async (leases) => [...(await log.renew(leases))].reverse() })),
  ],
  [
    'consumes what is due',
    /^effects: due gives what is due now/,
    true,
    plain((log) => ({
      due: async (index, options) => {
        const due = await log.due(index, options);
        if (due.length > 0)
          await log.append('elsewhere', [], {
            effects: due.map(({ member }) => ({ op: 'unschedule', index, member })),
          });
        return due;
      },
    })),
  ],
  [
    'gives what is due in any order',
    /^effects: due gives what is due now/,
    true,
    plain((log) => ({ due: async (...asked) => [...(await log.due(...asked))].reverse() })),
  ],
  [
    'gives more than was asked for',
    /^effects: due gives what is due now/,
    true,
    plain((log) => ({ due: (index) => log.due(index, { limit: 1_000 }) })),
  ],
  [
    'mixes indexes up',
    /^effects: a member stands in an index once/,
    true,
    misappending(({ effects = [], ...rest }) => ({
      ...rest,
      effects: effects.map((effect) => ('index' in effect ? { ...effect, index: 'i' } : effect)),
    })),
  ],
  [
    'has effects of what it refuses',
    /^effects: a refused append has no effects/,
    true,
    plain((log) => ({
      append: async (stream, events, options) => {
        try {
          return await log.append(stream, events, options);
        } catch (error) {
          const effects = options?.effects?.filter(({ op }) => op === 'schedule') ?? [];
          if (effects.length > 0) await log.append('elsewhere', [], { effects }).catch(() => undefined);
          throw error;
        }
      },
    })),
  ],
];
