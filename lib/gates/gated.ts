import type { Subscription } from 'rxjs';
import { type Destination, Stream } from '../internal/stream.ts';
import type { GateRequest } from './gateRequest.ts';
import { Holder, type Job } from './holder.ts';

/** A job under a gate: each subscription is a request of its own, and a hold. */
export class Gated<T, S> extends Stream<T> {
  readonly request: GateRequest;
  private readonly job: Job<T, S>;
  private readonly subject: S;

  constructor(request: GateRequest, job: Job<T, S>, subject: S) {
    super();
    this.request = request;
    this.job = job;
    this.subject = subject;
  }

  protected override start(destination: Destination<T>): Subscription {
    const { request } = this;
    const parent = request.parent();
    const core = request.core(parent);
    const holder = Holder.of(destination, parent, request.ask, this.job, this.subject);
    holder.request(core, request.signal);
    return holder;
  }
}
