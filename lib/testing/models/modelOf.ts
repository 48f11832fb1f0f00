import type { GateSpec } from '../../gates/spec.ts';
import { leaseModel } from './leaseModel.ts';
import { limiterModels } from './limiterModels.ts';
import type { Model } from './model.ts';
import { quotaModel } from './quotaModel.ts';

/** The model of a kind of gate. A barrier has none: it lets in all or nobody. */
export function modelOf(spec: Exclude<GateSpec, { kind: 'barrier' }>): Model<GateSpec> {
  if (spec.kind === 'quota') return quotaModel;
  return spec.kind === 'limiter' ? limiterModels[spec.strategy] : leaseModel;
}
