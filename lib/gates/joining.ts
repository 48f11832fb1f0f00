import { ConfigError } from '../errors.ts';
import type { BackendEnv, GateCore } from './port.ts';

type Shares = readonly { readonly core: GateCore; readonly cost: number }[];
type Join = (shares: Shares, env: BackendEnv) => GateCore;

let join: Join | null = null;

/** Whoever describes several gates as one says how memory takes them, so that a program without `allOf` does not carry it. */
export function teachJoining(how: Join): void {
  join = how;
}

/** Several gates of one memory as one. */
export function joined(shares: Shares, env: BackendEnv): GateCore {
  if (join === null) throw new ConfigError('Several gates are taken together with allOf(...).');
  return join(shares, env);
}
