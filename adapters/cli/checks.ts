import { filter, lastValueFrom, type Observable } from 'rxjs';
import type { GateActivity } from '../../lib/gates/state.ts';
import { fifo, neverTwoHolders, rateNeverExceeded } from '../../lib/testing/invariants.ts';
import type { ActivityEvent } from '../../lib/testing/judge.ts';

/** What the events do not say themselves: how much gates had to give. */
export interface Rules {
  readonly permits?: readonly { readonly gate: string; readonly permits: number }[];
  readonly rate?: readonly { readonly gate: string; readonly limit: number; readonly per: number }[];
}

export interface Verdict {
  readonly rule: string;
  readonly ok: boolean;
  /** What is wrong, and the events that prove it. */
  readonly proof?: string;
}

const ofMutex = ({ data }: ActivityEvent): boolean => (data as Partial<GateActivity> | null)?.kind === 'mutex';

/** Judges what happened at gates, as it comes: all rules in one pass. */
export function checks(events: Observable<ActivityEvent>, { permits = [], rate = [] }: Rules): Promise<Verdict>[] {
  const judged: readonly (readonly [rule: string, verdict: Observable<never>])[] = [
    ['never two holders of one mutex', neverTwoHolders(events.pipe(filter(ofMutex)))],
    ['first come, first served', fifo(events)],
    ...permits.map(
      (rule) => [`never more than ${rule.permits} in ${rule.gate}`, neverTwoHolders(events, rule)] as const,
    ),
    ...rate.map(
      (rule) =>
        [`never more than ${rule.limit} in ${rule.per} ms at ${rule.gate}`, rateNeverExceeded(events, rule)] as const,
    ),
  ];
  return judged.map(async ([rule, verdict]) => {
    try {
      await lastValueFrom(verdict, { defaultValue: null });
      return { rule, ok: true };
    } catch (error) {
      return { rule, ok: false, proof: (error as Error).message };
    }
  });
}
