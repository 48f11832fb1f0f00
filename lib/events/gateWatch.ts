import type { GateHost } from '../gates/host.ts';
import type { ActivitySink, GateActivity } from '../gates/state.ts';
import { gateEvents } from './ownEvents.ts';
import type { Compiled } from './patterns.ts';

/**
 * Turns gate activity into events while somebody listens to such events, and into nothing, not even an object, while
 * nobody does. Returns what to call with `+1` and `-1` as selectors come and go.
 */
export function gateWatch(
  gates: GateHost,
  publish: (name: string, activity: GateActivity) => void,
): (selector: Compiled, change: 1 | -1) => void {
  const env = gates.env as { activity: ActivitySink | null };
  const sink: ActivitySink = (activity) => {
    publish(`rxbaton.gate.${activity.action}`, activity);
  };
  let listeners = 0;
  return (selector, change) => {
    if (!gateEvents.some((name) => selector.matches(name))) return;
    listeners += change;
    env.activity = listeners > 0 ? sink : null;
  };
}
