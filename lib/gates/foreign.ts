import { type Observable, type ObservableInput, Subscriber } from 'rxjs';
import { frameHere } from '../internal/scope.ts';
import { begin, end, handOver } from '../internal/handover.ts';
import type { Destination } from '../internal/stream.ts';
import { plainAsk } from './ask.ts';
import type { Grant } from './gate.ts';
import { hostOf } from './host.ts';
import { type Ask, type BackendEnv, type GateCore, HELD, OVER, QUEUED, Ticket } from './port.ts';
import type { GateState } from './state.ts';
import { mutex } from './mutex.ts';
import { Work } from './work.ts';

/** Work under a grant that came through operators of RxJS or from an Observable of the user's own. */
export class ForeignWork<T> extends Work<T> {
  readonly ask: Ask = plainAsk;
  grant: Grant | null = null;
  private readonly run: (grant: Grant) => ObservableInput<T>;

  constructor(destination: Destination<T>, acquisition: Observable<Grant>, run: (grant: Grant) => ObservableInput<T>) {
    const parent = frameHere();
    const { tracks, env } = hostOf(parent);
    super(destination, parent, tracks);
    this.run = run;
    this.request(new ForeignCore(acquisition, env, this as ForeignWork<unknown>), undefined);
  }

  protected override project(): ObservableInput<T> {
    return this.run(this.grant!);
  }
}

/** Lets an Observable of grants stand where a gate does: unsubscribing is its release. */
class ForeignCore implements GateCore {
  readonly spec = mutex('an acquisition');
  readonly key = undefined;
  readonly retired = false;
  readonly lease = true;
  readonly env: BackendEnv;
  private readonly acquisition: Observable<Grant>;
  private readonly work: ForeignWork<unknown>;
  private lifetime: Subscriber<Grant> | null = null;

  constructor(acquisition: Observable<Grant>, env: BackendEnv, work: ForeignWork<unknown>) {
    this.acquisition = acquisition;
    this.env = env;
    this.work = work;
  }

  enter(): void {
    const { work } = this;
    const ticket = new Ticket(this, work);
    work.ticket = ticket;
    let subscribing = true;
    const admit = (): void => {
      if (ticket.state !== QUEUED || work.grant === null) return;
      ticket.state = HELD;
      if (work.grant instanceof Ticket) ticket.more().outer = work.grant;
      work.granted(ticket);
    };
    this.lifetime = new Subscriber<Grant>({
      next: (grant) => {
        if (work.grant !== null) return;
        work.grant = grant;
        if (subscribing) return;
        // Not from inside its own notification: work that ends at once would give back what is still being handed over.
        begin();
        handOver({ deliver: admit });
        end();
      },
      error: (error: unknown) => {
        work.fail(error);
      },
      complete: () => {
        if (work.grant === null) work.complete();
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
    return this.work.grant?.valid() ?? false;
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
    return { name: spec.name, kind: spec.kind, spec, holders: [], waiting: [], available: 0, opensIn: Infinity, pausedFor: 0 };
  }
}
