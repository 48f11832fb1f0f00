import { hostname } from 'node:os';
import { pid } from 'node:process';
import { BackendUnavailableError } from '../../lib/errors.ts';
import { tell } from '../../lib/gates/activity.ts';
import { deadlockError, lapses, leasesAbove, waitingInside, waitsInside } from '../../lib/gates/deadlock.ts';
import { HELD, QUEUED, type Ticket } from '../../lib/gates/port.ts';
import type { WaitEdge } from '../../lib/gates/state.ts';
import { runIn } from '../../lib/internal/context.ts';
import {
  type Address,
  type Answer,
  channelOf,
  comesBack,
  common,
  type Facts,
  gateAt,
  learn,
  lookAt,
  type Looked,
  looked,
  noFacts,
  processOf,
} from './facts.ts';
import type { Home } from './Home.ts';
import type { Link, Reply } from './Link.ts';
import { victimsIn } from './picture.ts';
import { keysOf, stemOf } from './protocol.ts';
import type { RedisCore } from './RedisCore.ts';
import type { RedisGate } from './RedisGate.ts';
import type { RedisTicket } from './RedisTicket.ts';

const coreOf = (ticket: Ticket): RedisCore => ticket.core as RedisCore;

/**
 * Deadlocks over all processes. Who holds what and waits where, the servers know; what waits inside which lease, only the process
 * does that has both, and nothing of it is ever written down: nothing of a process that has died has to be told from what is
 * still true. A request that holds something while it waits has its process look at the gate, ask the processes of its holders
 * what waits inside, look at those gates, and so on. If that comes back to a lease of its own, all of it is looked at twice more.
 *
 * Only what was so both times counts (`facts.ts`), and memory's own search decides (`picture.ts`). A process that does not
 * answer has nobody who waits; when it does, or is connected again, those who hold something are looked at anew. The last
 * one to come looks after everybody else has come, so no cycle is missed; if it is not itself the victim, it pokes the one that is.
 */
export class Deadlocks {
  private readonly home: Home;
  private readonly process: string;
  /** Those who are to be looked for together, when all that has arrived with them is read. */
  private gathered = new Set<RedisTicket>();
  /** Whether they wait for the end of a search, or for the next beat: a crowd is looked at together, not once for each of it. */
  private searching = false;
  /** Whether one of them has not been poked: whoever looks because it was poked pokes nobody, or that would never end. */
  private telling = false;
  /** Those who are looked for at the next beat again: somebody has not answered. */
  private unsure = new Set<RedisTicket>();
  /** Questions since the last beat, and from before. */
  private asked = new Map<string, (answer: Answer | null) => void>();
  private overdue: typeof this.asked = new Map();
  private made = 0;

  constructor(home: Home, process: string) {
    this.home = home;
    this.process = process;
  }

  /** Who holds nothing closes no cycle. */
  search(ticket: RedisTicket, poked = false): void {
    const { core, waiter, state } = ticket;
    if (waiter.frame === null || core.env.deadlock === 'off' || state !== QUEUED || core.spec.kind === 'barrier')
      return;
    if (!ticket.nested) {
      const leases = leasesAbove(waiter.frame).filter((lease) => this.ours(lease));
      if (leases.length === 0) return;
      ticket.nested = true;
      waitsInside(leases, ticket);
    }
    this.gathered.add(ticket);
    this.telling ||= !poked;
    if (this.gathered.size === 1 && !this.searching) this.begin();
  }

  /** Looks for all that have been gathered by the end of the turn. */
  private begin(): void {
    // Whoever happens to be first must not lend its causal context to the search for the others.
    runIn(null, () => {
      queueMicrotask(() => {
        const roots = [...this.gathered].filter(({ state }) => state === QUEUED);
        const { telling } = this;
        this.gathered = new Set();
        this.telling = false;
        if (roots.length === 0) return;
        this.searching = true;
        void this.searchFor(roots, telling).finally(() => {
          this.searching = false;
          if (this.gathered.size > 0) this.begin();
        });
      });
    });
  }

  /** Whether it is a request at a gate of this place. */
  private ours(ticket: Ticket): ticket is RedisTicket {
    const { id } = ticket as Partial<RedisTicket>;
    return id !== undefined && this.home.tickets.get(id) === ticket;
  }

  private async searchFor(roots: readonly RedisTicket[], telling: boolean): Promise<void> {
    try {
      const facts = await this.collect(roots, false);
      const closing = roots.filter((root) => comesBack(this.gatesOf(root), this.leasesOf(root), facts));
      if (closing.length === 0) return;
      const first = await this.collect(closing, true);
      const second = await this.collect(closing, true);
      for (const { id, cycle, address, channel } of victimsIn(common(first, second))) {
        const ticket = this.home.tickets.get(id);
        if (ticket !== undefined) this.judge(ticket, cycle);
        // It may have looked before the cycle was closed: it comes to the same, now that it is.
        else if (telling && processOf(id) !== this.process) await this.say(address, channel, 'p', id);
      }
    } catch (error) {
      // A server is away, or what is sent arrives too late.
      if (error instanceof BackendUnavailableError) this.doubt(roots);
      else roots[0]?.core.env.report(error);
    }
  }

  private doubt(roots: readonly RedisTicket[]): void {
    for (const root of roots) if (root.state === QUEUED) this.unsure.add(root);
  }

  private judge(ticket: RedisTicket, cycle: readonly WaitEdge[]): void {
    const core = coreOf(ticket);
    const { env } = core;
    if (ticket.state !== QUEUED || ticket.reported) return;
    ticket.reported = true;
    if (env.activity !== null) tell(core.gates[0]!, 'deadlock', ticket, { cycle });
    const error = deadlockError(ticket, cycle);
    if (env.deadlock === 'report') {
      env.report(error);
    } else if (ticket.waiting) {
      core.part(ticket);
      core.refuse(ticket, error);
    }
  }

  private gatesOf = (ticket: RedisTicket): Address[] => coreOf(ticket).gates.map((gate) => (gate as RedisGate).address);
  private leasesOf = ({ waiter }: RedisTicket): Set<string> =>
    new Set(leasesAbove(waiter.frame).flatMap((lease) => (this.ours(lease) && !lapses(lease) ? [lease.id] : [])));

  /** Follows those who wait over those who are in their way, as far as that goes. `whole`: with all who only wait, too. */
  private async collect(roots: readonly RedisTicket[], whole: boolean): Promise<Facts> {
    const facts = noFacts();
    const known = new Set<string>();
    const own = roots.map(({ id }) => id);
    learn(facts, this.describe(own, whole));
    for (;;) {
      const gates = [...new Set([...facts.wishes.values()].flatMap((wish) => wish.gates))];
      const next = gates.filter((address) => !facts.gates.has(address));
      if (next.length === 0 || !roots.some(({ state }) => state === QUEUED)) return facts;
      const some = await Promise.all(next.map((address) => this.look(address, whole)));
      const questions = new Map<string, { readonly address: Address; readonly ids: string[] }>();
      const local: string[] = [];
      for (const [i, gate] of some.entries()) {
        const address = next[i]!;
        facts.gates.set(address, gate);
        for (const { id, who } of [...gate.holders, ...gate.waiting]) {
          if (known.has(id)) continue;
          known.add(id);
          const channel = channelOf(who);
          const others = questions.get(channel);
          if (processOf(id) === this.process) local.push(id);
          else if (others === undefined) questions.set(channel, { address, ids: [id] });
          else others.ids.push(id);
        }
      }
      learn(facts, this.describe(local, whole));
      const answers = [...questions].map(async ([channel, { address, ids }]) => {
        const answer = await this.ask(address, channel, ids, whole);
        if (answer === 'nobody') return;
        if (answer === null) {
          this.doubt(roots);
          return;
        }
        facts.processes.set(processOf(ids[0]!), answer.process);
        learn(facts, answer);
      });
      await Promise.all(answers);
    }
  }

  private async look(address: Address, whole: boolean): Promise<Looked> {
    const { home } = this;
    const at = gateAt(address);
    const { name } = at.spec;
    const args = [...lookAt(at), whole ? 'all' : ''];
    const keys = keysOf(stemOf(home.prefix, name), false, at.key);
    return looked(at, await home.command(home.linkTo(name), home.scripts.look, keys, args, 'a deadlock'));
  }

  /** What a process says of ids of its own; 'nobody': nobody is there; `null`: it has not answered within a beat. */
  private async ask(
    address: Address,
    channel: string,
    ids: readonly string[],
    whole: boolean,
  ): Promise<Answer | 'nobody' | null> {
    const token = `${++this.made}`;
    const answer = new Promise<Answer | null>((resolve) => this.asked.set(token, resolve));
    const { channel: back } = this.home.linkTo(gateAt(address).spec.name);
    const [, , heard] = await this.say(address, channel, 'q', token, back, whole ? 'all' : '', ...ids);
    if (heard !== 0) return answer;
    this.asked.delete(token);
    return 'nobody';
  }

  private say(address: Address, channel: string, ...message: readonly string[]): Promise<Reply> {
    return this.sayOver(this.home.linkTo(gateAt(address).spec.name), channel, ...message);
  }

  private sayOver(link: Link, channel: string, ...message: readonly string[]): Promise<Reply> {
    const { command, scripts } = this.home;
    return command(link, scripts.say, [channel], [channel, message.join('\n')], 'a deadlock');
  }

  /** What this process has of these: of leases that are kept, what waits inside; of requests that wait, for which gates. */
  private describe(ids: readonly string[], whole: boolean): Answer {
    const gates = new Map<Address, number>();
    const leases: Record<string, Answer['leases'][string]> = {};
    const wishes: Record<string, Answer['wishes'][string]> = {};
    const place = (address: Address): number => {
      const at = gates.get(address) ?? gates.size;
      gates.set(address, at);
      return at;
    };
    const wish = (ticket: RedisTicket): readonly number[] => {
      const at = this.gatesOf(ticket).map(place);
      wishes[ticket.id] = { gates: at, stays: ticket.core.env.deadlock === 'report' };
      return at;
    };
    for (const id of ids) {
      const ticket = this.home.tickets.get(id);
      if (ticket?.state === QUEUED) wish(ticket);
      if (ticket?.state !== HELD || lapses(ticket)) continue;
      const waits = new Map<string, string>();
      for (const inner of waitingInside(ticket)) {
        if (!this.ours(inner)) continue;
        // To know where a lease leads to, one of those who wait for the same is enough.
        const way = whole ? inner.id : this.gatesOf(inner).join();
        if (waits.has(way)) continue;
        waits.set(way, inner.id);
        wish(inner);
      }
      leases[id] = { fence: ticket.order, waits: [...waits.values()] };
    }
    return { process: `process ${pid} on ${hostname()}`, leases, wishes, gates: [...gates.keys()] };
  }

  /** A message of another search; `false`: it is about something else. */
  heard(kind: string, id: string, rest: readonly string[], link: Link): boolean {
    if (kind === 'q') {
      const [back = '', whole, ...ids] = rest;
      const answer = JSON.stringify(this.describe(ids, whole === 'all'));
      // Who is not answered asks again.
      this.sayOver(link, back, 'a', id, answer).catch(() => undefined);
    } else if (kind === 'a') {
      for (const questions of [this.asked, this.overdue]) {
        questions.get(id)?.(JSON.parse(rest[0] ?? '') as Answer);
        questions.delete(id);
      }
    } else if (kind === 'p') {
      const ticket = this.home.tickets.get(id);
      if (ticket !== undefined) this.search(ticket, true);
    } else return false;
    return true;
  }

  /** Nobody waits for an answer much longer than a beat; those who missed it are looked for again. */
  beat(): void {
    for (const resolve of this.overdue.values()) resolve(null);
    this.overdue = this.asked;
    this.asked = new Map();
    const again = this.unsure;
    this.unsure = new Set();
    for (const ticket of again) this.search(ticket);
    // A search may wait for a server that is away.
    if (this.gathered.size > 0) this.begin();
  }

  /** There is a connection again: messages may have been lost meanwhile, to us or from us. */
  resume(): void {
    for (const ticket of this.home.tickets.values()) if (ticket.nested) this.search(ticket);
  }
}
