/** A process of its own for the fault specs: asks for gates as it is told, and says what becomes of it. */
import { Cluster } from 'ioredis';
import { Observable, type Subscription } from 'rxjs';
import { redisBackend, type RedisBackendOptions } from '../../adapters/redis/index.ts';
import type { CoordinationError } from '../../lib/errors.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import type { AcquireOptions, Grant } from '../../lib/gates/gate.ts';
import { hold } from '../../lib/gates/hold.ts';
import type { GateSpec } from '../../lib/gates/spec.ts';

export type WorkerCommand =
  /** `under`: for the work of another request that it has made. */
  | {
      readonly do: 'ask';
      readonly id: string;
      readonly spec: GateSpec;
      readonly options?: AcquireOptions;
      readonly under?: string;
    }
  /** Gives back, or leaves the queue. */
  | { readonly do: 'end'; readonly id: string }
  /** Gives back whatever it gets, as soon as it has it. */
  | { readonly do: 'pass' }
  | { readonly do: 'valid'; readonly id: string }
  | { readonly do: 'close' };

export interface WorkerEvent {
  readonly what: 'ready' | 'queued' | 'granted' | 'ended' | 'refused' | 'lost' | 'valid' | 'closed';
  readonly id: string;
  readonly fence?: number | null;
  readonly code?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly valid?: boolean;
  /** Nanoseconds of the clock that all processes of a host share. */
  readonly at: string;
}

/** `cluster`: the port of one of its nodes. */
export type WorkerOptions = RedisBackendOptions & { readonly cluster?: number };

const { cluster, ...options } = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions;
const client =
  cluster === undefined ? null : { client: new Cluster([{ host: '127.0.0.1', port: cluster }], { lazyConnect: true }) };
const coordinator = createCoordinator({ backend: redisBackend({ ...options, ...client }) });
const parties = new Map<string, { subscription: Subscription | null; grant: Grant | null }>();
let passing = false;

const say = (event: Omit<WorkerEvent, 'at'>): void => {
  process.send?.({ ...event, at: `${process.hrtime.bigint()}` });
};

coordinator.when('rxbaton.gate.queued', ({ who }) => say({ what: 'queued', id: who ?? '' }));

function ask(id: string, spec: GateSpec, wishes: AcquireOptions = {}): void {
  const party: { subscription: Subscription | null; grant: Grant | null } = { subscription: null, grant: null };
  parties.set(id, party);
  party.subscription = hold(coordinator.open(spec).acquire({ ...wishes, label: id }), (grant) => {
    party.grant = grant;
    say({ what: 'granted', id, fence: grant.fence });
    return new Observable<never>((work) => {
      if (spec.kind === 'limiter' || passing) work.complete();
    });
  }).subscribe({
    error: (error: unknown) => {
      const { code = 'none', message = '', details } = error as Partial<CoordinationError>;
      const { reason = '' } = (details ?? {}) as { reason?: string };
      say({ what: code === 'RXB_LEASE_LOST' ? 'lost' : 'refused', id, code, reason, message });
    },
    complete: () => say({ what: 'ended', id }),
  });
}

process.on('message', (command: WorkerCommand) => {
  if (command.do === 'ask') {
    const owner = parties.get(command.under ?? '')?.grant ?? null;
    ask(command.id, command.spec, { ...command.options, ...(owner === null ? null : { owner }) });
  } else if (command.do === 'end') {
    parties.get(command.id)?.subscription?.unsubscribe();
    say({ what: 'ended', id: command.id });
  } else if (command.do === 'pass') passing = true;
  else if (command.do === 'valid')
    say({ what: 'valid', id: command.id, valid: parties.get(command.id)?.grant?.valid() ?? false });
  else void coordinator.close({ deadline: 0 }).then(() => say({ what: 'closed', id: '' }));
});
process.on('disconnect', () => process.exit());

say({ what: 'ready', id: '' });
