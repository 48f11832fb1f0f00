/** How several gates are asked for as one, wherever they live. */
import { ConfigError, SpecConflictError } from '../errors.ts';
import { expected } from '../internal/options.ts';
import { checkCost } from './ask.ts';
import type { AllOf } from './gate.ts';
import type { Gates, Joining } from './joining.ts';
import { JointCore, type Share } from './joint.ts';
import type { GateCore } from './port.ts';
import { refuseBarrier } from './several.ts';
import { titleOf } from './spec.ts';

export const together: Joining = {
  check(options, caller) {
    for (const option of ['cost', 'key'] as const) {
      if (options[option] === undefined) continue;
      const must = `left out for an allOf, whose members have a '${option}' each`;
      expected(`${caller}.${option}`, must, options[option]);
    }
  },
  home({ members }, homeOf, caller) {
    const homes = new Set(members.map(({ gate }) => homeOf(gate)).filter((home) => home !== null));
    if (homes.size > 1) throw new ConfigError(`${caller} cannot take live gates of different coordinators together.`);
    return homes.values().next().value ?? null;
  },
  core(all, gates) {
    let costs = costsOf(all, gates);
    // To open one of them may sweep others away that nobody has entered yet; not twice.
    if (retiredIn(costs) !== undefined) costs = costsOf(all, gates);
    const twice = retiredIn(costs);
    if (twice !== undefined) {
      throw new SpecConflictError(`'${twice.spec.name}' is in this allOf() with two different settings.`, {
        hint: 'Share one description.',
        details: { name: twice.spec.name },
      });
    }
    // One fixed order for everybody.
    const shares = [...costs]
      .map(([core, cost]) => ({ core, cost }))
      .sort((a, b) => (titleOf(a.core) < titleOf(b.core) ? -1 : 1));
    const { backend, env } = gates;
    const core = backend.openAll?.(shares, env) ?? null;
    if (core !== null) return core;
    const names = shares.map((share) => share.core.spec.name).join(', ');
    throw new ConfigError(`The ${backend.kind} backend cannot take these gates together: ${names}.`);
  },
  inMemory(shares, env) {
    for (const { core } of shares) refuseBarrier(core.spec);
    return new JointCore(shares as readonly Share[], env);
  },
};

function costsOf({ members }: AllOf, gates: Gates): Map<GateCore, number> {
  const costs = new Map<GateCore, number>();
  // A gate named twice is one entry of both costs.
  for (const { gate, cost, key } of members) {
    const core = gates.core(gate, key);
    checkCost(core, cost);
    costs.set(core, (costs.get(core) ?? 0) + cost);
  }
  return costs;
}

const retiredIn = (costs: Map<GateCore, number>): GateCore | undefined =>
  [...costs.keys()].find(({ retired }) => retired);
