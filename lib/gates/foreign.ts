import { type Observable, type ObservableInput, Subscriber, type Subscription } from 'rxjs';
import { begin, end, handOver } from '../internal/handover.ts';
import type { Destination } from '../internal/stream.ts';
import { plainAsk } from './ask.ts';
import { follow } from './follow.ts';
import type { Grant } from './gate.ts';
import { askerOf } from './gateRequest.ts';
import { Holder } from './holder.ts';
import { hostOf } from './host.ts';
import { type BackendEnv, type GateCore, HELD, OVER, QUEUED, Ticket } from './port.ts';
import type { GateState } from './state.ts';
import { mutex } from './mutex.ts';

/** Runs work under a grant that came through operators of RxJS or from an Observable of the user's own. */
export function holdForeign<T>(
  destination: Destination<T>,
  acquisition: Observable<Grant>,
  run: (grant: Grant) => ObservableInput<T>,
): Subscription {
  const parent = askerOf(undefined);
  const { env } = hostOf(parent);
  const core = new ForeignCore(acquisition, env, run);
  const holder = Holder.of(destination, parent, plainAsk, performForeign<T>, core);
  core.holder = holder;
  if (!holder.closed) holder.request(core, undefined);
  return holder;
}

/** Lets an Observable of grants stand where a gate does: unsubscribing is its release. */
class ForeignCore<T> implements GateCore {
  readonly spec = mutex('an acquisition');
  readonly key = undefined;
  readonly retired = false;
  readonly lease = true;
  readonly env: BackendEnv;
  holder: Holder<T> | null = null;
  private readonly acquisition: Observable<Grant>;
  private readonly run: (grant: Grant) => ObservableInput<T>;
  private grant: Grant | null = null;
  private lifetime: Subscriber<Grant> | null = null;

  constructor(acquisition: Observable<Grant>, env: BackendEnv, run: (grant: Grant) => ObservableInput<T>) {
    this.acquisition = acquisition;
    this.env = env;
    this.run = run;
  }

  perform(holder: Holder<T>, ticket: Ticket): void {
    follow(holder, this.run(this.grant!), ticket);
  }

  enter(): void {
    const holder = this.holder!;
    const ticket = new Ticket(this, holder);
    holder.ticket = ticket;
    let subscribing = true;
    const admit = (): void => {
      if (ticket.state !== QUEUED || this.grant === null) return;
      ticket.state = HELD;
      if (this.grant instanceof Ticket) ticket.more().outer = this.grant;
      holder.granted(ticket);
    };
    this.lifetime = new Subscriber<Grant>({
      next: (grant: Grant) => {
        if (this.grant !== null) return;
        this.grant = grant;
        if (subscribing) return;
        // Not from inside its own notification: work that ends at once would give back what is still being handed over.
        begin();
        handOver({ deliver: admit });
        end();
      },
      error: (error: unknown) => {
        holder.fail(error);
      },
      complete: () => {
        if (this.grant === null) holder.complete();
      },
    });
    this.acquisition.subscribe(this.lifetime);
    subscribing = false;
    admit();
  }

  deliver(): void {
    // Delivered by the acquisition itself.
  }

  cancel(ticket: Ticket): void {
    this.release(ticket);
  }

  release(ticket: Ticket): void {
    ticket.state = OVER;
    this.lifetime?.unsubscribe();
  }

  extend(): boolean {
    return this.grant?.valid() ?? false;
  }

  charge(): void {
    // Users have the real grant in their hands.
  }

  change(): void {
    // There is no gate here to change.
  }

  force(): number {
    return 0;
  }

  inspect(): GateState {
    const { spec } = this;
    return {
      name: spec.name,
      kind: spec.kind,
      spec,
      holders: [],
      waiting: [],
      available: 0,
      opensIn: Infinity,
      pausedFor: 0,
    };
  }
}

function performForeign<T>(holder: Holder<T>, ticket: Ticket, core: ForeignCore<T>): void {
  core.perform(holder, ticket);
}
