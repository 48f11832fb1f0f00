// <stdin>
import { of } from "rxjs";

// ../wt/core/lib/errors.ts
var CoordinationError = class extends Error {
  constructor(message, { hint, details = {}, cause } = {}) {
    super(hint === void 0 ? message : `${message} ${hint}`, cause === void 0 ? void 0 : { cause });
    /** A brand, for hosts with two copies of the library, where `instanceof` fails. */
    this.isCoordinationError = true;
    this.name = new.target.name;
    this.hint = hint;
    this.details = details;
  }
};
var ConfigError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_CONFIG";
  }
};
var SpecConflictError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_SPEC_CONFLICT";
  }
};
var BusyError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_BUSY";
  }
};
var AcquireTimeoutError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_ACQUIRE_TIMEOUT";
  }
};
var AbortedError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_ABORTED";
  }
};
var LeaseLostError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_LEASE_LOST";
  }
};
var DeadlockError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_DEADLOCK";
  }
};
var LimitImpossibleError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_LIMIT_IMPOSSIBLE";
  }
};
var BarrierBrokenError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_BARRIER_BROKEN";
  }
};
var GrantDiscardedError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_GRANT_DISCARDED";
  }
};
var OverflowError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_OVERFLOW";
  }
};
var CallTimeoutError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_CALL_TIMEOUT";
  }
};
var ClosedError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_CLOSED";
  }
};
var SettledInsideError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_SETTLED_INSIDE";
  }
};
var CodecError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_CODEC";
  }
};
var SchemaError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_SCHEMA";
  }
};
var LogClosedError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_LOG_CLOSED";
  }
};
var LogFencedError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_LOG_FENCED";
  }
};
var LogGuardLostError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_LOG_GUARD_LOST";
  }
};
var LogDuplicateError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_LOG_DUPLICATE";
  }
};
var LogConflictError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_LOG_CONFLICT";
  }
};
var LogTooLargeError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_LOG_TOO_LARGE";
  }
};
var LogUnavailableError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_LOG_UNAVAILABLE";
  }
};
var LogTrimmedError = class extends CoordinationError {
  constructor() {
    super(...arguments);
    this.code = "RXB_LOG_TRIMMED";
  }
};

// ../wt/core/lib/internal/options.ts
function show(value) {
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol") return value.toString();
  if (typeof value === "number" || value === void 0) return `${value}`;
  try {
    return JSON.stringify(value);
  } catch {
    return "an object";
  }
}
function knownOptions(owner, options, known4) {
  if (typeof options !== "object" || options === null) {
    throw new ConfigError(`${owner} takes an object of options, not ${show(options)}.`);
  }
  for (const key of Object.keys(options)) {
    if (known4.includes(key)) continue;
    throw new ConfigError(`${owner} has no option '${key}'.`, {
      hint: known4.length > 0 ? `It has: ${known4.join(", ")}.` : "It has none.",
      details: { owner, option: key, known: known4 }
    });
  }
}
function optionsFirst(owner) {
  throw new ConfigError(`${owner} takes its options before its function, and nothing behind it.`);
}
function expected(owner, what, value) {
  throw new ConfigError(`${owner} must be ${what}, not ${show(value)}.`, { details: { option: owner, value } });
}
function positiveInteger(value, option) {
  return Number.isSafeInteger(value) && value > 0 ? value : expected(option, "a positive integer", value);
}
function positiveNumber(value, option) {
  return typeof value === "number" && value > 0 && value < Infinity ? value : expected(option, "a positive number", value);
}
function oneOf(value, choices, option) {
  return choices.includes(value) ? value : expected(option, `one of ${choices.map((c) => `'${c}'`).join(", ")}`, value);
}
function flag(value, option) {
  return typeof value === "boolean" ? value : expected(option, "true or false", value);
}

// ../wt/core/lib/internal/after.ts
import { Subscription } from "rxjs";
var longest = 2 ** 31 - 1;
function after(clock, ms, work) {
  if (ms === Infinity) return Subscription.EMPTY;
  const waiting = new Subscription();
  const arm2 = (left) => {
    waiting.add(
      clock.schedule(
        () => {
          if (left > longest) arm2(left - longest);
          else work();
        },
        Math.min(left, longest)
      )
    );
  };
  arm2(ms);
  return waiting;
}

// ../wt/core/lib/internal/context.ts
function synchronousStorage() {
  let current = null;
  return {
    getStore: () => current,
    enterWith: (frame) => {
      current = frame;
    }
  };
}
function hostStorage() {
  const host = globalThis.process;
  const hooks = host?.getBuiltinModule?.("node:async_hooks");
  return hooks ? new hooks.AsyncLocalStorage() : synchronousStorage();
}
var storage = null;
function currentFrame() {
  return storage === null ? null : storage.getStore() ?? null;
}
function runIn(frame, fn, a, b) {
  storage ??= hostStorage();
  const before2 = storage.getStore() ?? null;
  storage.enterWith(frame);
  try {
    return fn(a, b);
  } finally {
    storage.enterWith(before2);
  }
}
function living(frame) {
  const nearest2 = skipEnded(frame);
  for (let at = nearest2; at !== null; at = at.parent) at.parent = skipEnded(at.parent);
  return nearest2;
}
function skipEnded(frame) {
  let at = frame;
  while (at !== null && at.over && !at.root) at = at.parent;
  return at;
}
function nearest(frame, key) {
  for (let at = frame; at !== null; at = at.parent) if (at[key] !== null) return at[key];
  return null;
}

// ../wt/core/lib/internal/env.ts
import { asyncScheduler, config } from "rxjs";
var hostClock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  schedule: asyncScheduler.schedule.bind(asyncScheduler)
};
var hostRandom = () => Math.random();
var hostVariables = () => globalThis.process?.env ?? {};
var hostSay = (line) => {
  console.error(line);
};
function reportUnhandled(error) {
  asyncScheduler.schedule(() => {
    const { onUnhandledError } = config;
    if (onUnhandledError) onUnhandledError(error);
    else throw error;
  });
}
function toBase64({ buffer, byteOffset, byteLength }) {
  if (typeof Buffer !== "undefined")
    return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
  let text2 = "";
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) text2 += String.fromCharCode(byte);
  return btoa(text2);
}
function fromBase64(text2) {
  if (typeof Buffer !== "undefined") return new Uint8Array(Buffer.from(text2, "base64"));
  return Uint8Array.from(atob(text2), (each) => each.charCodeAt(0));
}

// ../wt/core/lib/internal/handover.ts
var reserved = [];
var next = 0;
var last = 0;
var depth = 0;
function begin() {
  depth++;
}
function handOver(item) {
  reserved[last++] = item;
}
function end() {
  if (--depth === 0 && last > 0) deliver();
}
function deliver() {
  depth = 1;
  try {
    while (next < last) {
      const item = reserved[next];
      reserved[next++] = null;
      if (next === last) next = last = 0;
      try {
        item.deliver();
      } catch (error) {
        reportUnhandled(error);
      }
    }
  } finally {
    depth = 0;
  }
}

// ../wt/core/lib/time/duration.ts
var unit = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
function milliseconds(value, option, { zero = false, infinite = false } = {}) {
  const parsed = typeof value === "string" ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) : null;
  const ms = parsed ? Number(parsed[1]) * unit[parsed[2]] : value;
  if (typeof ms === "number" && (ms > 0 || zero && ms === 0) && (infinite || ms !== Infinity)) return ms;
  throw new ConfigError(`${option} must be a ${zero ? "" : "positive "}duration, not ${show(value)}.`, {
    hint: "Give milliseconds or a string such as '250ms', '30s', '5m', '1h'.",
    details: { option, value }
  });
}

// ../wt/core/lib/gates/ask.ts
var known = ["cost", "timeout", "signal", "priority", "owner", "label", "key"];
var plainAsk = { cost: 1, priority: 0, timeout: Infinity, label: void 0 };
function costOf(cost, owner) {
  return typeof cost === "number" && cost > 0 && cost < Infinity ? cost : expected(`${owner}.cost`, "a positive number", cost);
}
function checkCost({ spec }, cost) {
  if ((spec.kind === "mutex" || spec.kind === "semaphore") && !Number.isInteger(cost)) {
    expected(`cost of '${spec.name}'`, "a whole number of permits", cost);
  }
}
function askOf(options, owner, more = []) {
  knownOptions(owner, options, more.length === 0 ? known : [...known, ...more]);
  const { cost = 1, priority = 0, timeout = Infinity, label, signal, key } = options;
  if (!Number.isInteger(priority) || priority < -4096 || priority > 4095) {
    expected(`${owner}.priority`, "an integer from -4096 to 4095", priority);
  }
  if (label !== void 0 && typeof label !== "string") expected(`${owner}.label`, "a string", label);
  if (key !== void 0 && typeof key !== "string") expected(`${owner}.key`, "a string", key);
  if (signal !== void 0 && !(signal instanceof AbortSignal)) {
    throw new ConfigError(`${owner}.signal must be an AbortSignal, not ${show(signal)}.`);
  }
  if (cost === 1 && priority === 0 && timeout === Infinity && label === void 0) return plainAsk;
  return {
    cost: costOf(cost, owner),
    priority,
    timeout: milliseconds(timeout, `${owner}.timeout`, { zero: true, infinite: true }),
    label
  };
}

// ../wt/core/lib/gates/leases.ts
function lend(lender, ticket) {
  const { held } = lender;
  ticket.next = held;
  if (held !== null) held.prev = ticket;
  lender.held = ticket;
}
function takeBack(lender, ticket) {
  const { prev, next: next3 } = ticket;
  if (prev === null) lender.held = next3;
  else prev.next = next3;
  if (next3 !== null) next3.prev = prev;
  ticket.prev = ticket.next = null;
}
function leasesOf(lender) {
  const leases = [];
  for (let ticket = lender.held; ticket !== null; ticket = ticket.next) leases.push(ticket);
  return leases.reverse();
}

// ../wt/core/lib/gates/spec.ts
function sameSpec(a, b) {
  if (a === b) return true;
  for (const key of Object.keys(a)) if (a[key] !== b[key]) return false;
  return true;
}
var titleOf = ({ spec, key }) => key === void 0 ? spec.name : `${spec.name}[${key}]`;

// ../wt/core/lib/gates/describe.ts
var nobody = "anonymous";
function whoIs({ ask, frame }) {
  if (ask.label !== void 0) return ask.label;
  const call = nearest(frame, "call");
  if (call?.name === void 0) return nobody;
  return call.runId === void 0 ? call.name : `${call.name}#${call.runId}`;
}
function inTheWay({ holders, waiting, opensIn }) {
  const held = holders.map(({ who, held: held2 }) => `${who} (for ${span(held2)})`);
  const parts = [
    held.length > 0 ? `held by ${held.slice(0, 5).join(", ")}${held.length > 5 ? ` and ${held.length - 5} more` : ""}` : "",
    opensIn > 0 && opensIn < Infinity ? `opens in ${span(opensIn)}` : "",
    waiting.length > 0 ? `${waiting.length} waiting` : ""
  ];
  return parts.filter(Boolean).join("; ") || "nobody holds it";
}
function span(ms) {
  if (ms < 1e3) return `${Math.round(ms)} ms`;
  if (ms < 6e4) return `${Math.round(ms / 100) / 10} s`;
  return `${Math.floor(ms / 6e4)} min ${Math.round(ms % 6e4 / 1e3)} s`;
}
function holderState(ticket, now) {
  const until = ticket.extras?.until ?? Infinity;
  return {
    who: whoIs(ticket.waiter),
    fence: ticket.fence,
    cost: ticket.waiter.ask.cost,
    held: ticket.since < 0 ? 0 : Math.max(0, now - ticket.since),
    left: until === Infinity ? Infinity : Math.max(0, until - now)
  };
}
function waiterState(ticket, now) {
  const { cost, priority } = ticket.waiter.ask;
  return { who: whoIs(ticket.waiter), cost, priority, waited: Math.max(0, now - ticket.queuedAt) };
}
function waitEdge(ticket, holders, now) {
  return {
    waiter: toldApart(ticket),
    gate: titleOf(ticket.core),
    holders: holders.map(toldApart),
    since: ticket.queuedAt < 0 ? 0 : Math.max(0, now - ticket.queuedAt)
  };
}
function toldApart({ waiter, order }) {
  const who = whoIs(waiter);
  if (who !== nobody) return who;
  let fence = order;
  for (let at = waiter.frame; at !== null && fence === 0; at = at.root ? null : at.parent) {
    fence = at.ticket?.order ?? 0;
  }
  return fence === 0 ? nobody : `${nobody} #${fence}`;
}
function lostError(waiter, ticket, reason, note) {
  const gate = titleOf(ticket.core);
  return new LeaseLostError(`${whoIs(waiter)} lost ${gate}: ${note ?? reason}.`, {
    ...reason === "expired" ? { hint: "Give it a longer ttl, extend() the grant, or let it renew." } : null,
    details: { gate, reason, note, fence: ticket.fence }
  });
}
function busyError(gate) {
  return new BusyError(`${titleOf(gate)} is not free: ${inTheWay(stateOf(gate))}.`, {
    details: { gate: titleOf(gate) }
  });
}
function impossibleError(gate, cost) {
  const { capacity } = gate.policy;
  return new LimitImpossibleError(`${cost} of ${titleOf(gate)} can never be had at once: it has ${capacity}.`, {
    hint: `Ask for at most ${capacity}, or raise its limit.`,
    details: { gate: titleOf(gate), cost, capacity }
  });
}
function stateOf(gate) {
  const { spec, key, settings: settings2, env, policy, line } = gate;
  const now = env.clock.now();
  const pausedFor = Math.max(0, (gate.pausedUntil ?? now) - now);
  const waiting = [];
  for (let t = line.head; t !== null; t = t.next) waiting.push(waiterState(t, now));
  const opensAt = policy.opensAt(line.head?.waiter.ask.cost ?? 1, now, Math.max(1, line.size));
  return {
    name: spec.name,
    ...key === void 0 ? null : { key },
    kind: spec.kind,
    spec: settings2,
    holders: leasesOf(gate).map((ticket) => holderState(ticket, now)),
    waiting,
    available: policy.available(now),
    opensIn: Math.max(pausedFor, (policy.timed ? opensAt : opensAt <= 0 ? now : Infinity) - now),
    pausedFor,
    ..."generation" in policy ? { generation: policy.generation } : null
  };
}

// ../wt/core/lib/internal/aborts.ts
var concerned = /* @__PURE__ */ new WeakMap();
function onAborted() {
  begin();
  try {
    for (const leave2 of concerned.get(this) ?? []) leave2();
  } finally {
    end();
  }
}
function watch(signal, leave2) {
  let waiting = concerned.get(signal);
  if (waiting === void 0) concerned.set(signal, waiting = /* @__PURE__ */ new Set());
  if (waiting.size === 0) signal.addEventListener("abort", onAborted);
  waiting.add(leave2);
}
function unwatch(signal, leave2) {
  const waiting = concerned.get(signal);
  if (waiting?.delete(leave2) && waiting.size === 0) signal.removeEventListener("abort", onAborted);
}

// ../wt/core/lib/gates/patience.ts
var aborted = (core, signal, what = "Waiting for") => new AbortedError(`${what} ${titleOf(core)} was aborted.`, {
  details: { gate: titleOf(core) },
  cause: signal.reason
});
function patience(waiter, core, signal) {
  const { timeout } = waiter.ask;
  let timer = null;
  const leave2 = () => {
    stop();
    if (waiter.ticket !== null) core.cancel(waiter.ticket);
  };
  const onAbort = () => {
    leave2();
    waiter.refused(aborted(core, signal));
  };
  const onTime = () => {
    const state = core.inspect();
    const places2 = waiter.ticket?.extras?.parts.length || 1;
    leave2();
    if (state instanceof Promise) state.catch(() => void 0);
    const known4 = state instanceof Promise ? "" : `: ${inTheWay({ ...state, waiting: state.waiting.slice(places2) })}`;
    waiter.refused(
      new AcquireTimeoutError(`${titleOf(core)} did not open within ${span(timeout)}${known4}.`, {
        hint: "Raise the timeout, or look at waits() to see who is in the way.",
        details: { gate: titleOf(core), timeout }
      })
    );
  };
  const stop = () => {
    timer?.unsubscribe();
    if (signal !== void 0) unwatch(signal, onAbort);
  };
  if (signal !== void 0) watch(signal, onAbort);
  if (timeout > 0 && timeout < Infinity) timer = after(core.env.clock, timeout, onTime);
  return { end: stop };
}

// ../wt/core/lib/gates/port.ts
var QUEUED = 0;
var RESERVED = 1;
var HELD = 2;
var OVER = 3;
var released = "released";
var Ticket = class _Ticket {
  constructor(core, waiter) {
    this.state = QUEUED;
    /** The fence; 0 until granted, and for tokens. */
    this.order = 0;
    this.prev = null;
    this.next = null;
    /** When it joined the queue, whole milliseconds; -1: it never had to. */
    this.queuedAt = -1;
    /** When it was granted, whole milliseconds; -1: not yet looked at. */
    this.since = -1;
    /** By which the policy finds its entry. */
    this.mark = 0;
    this.extras = null;
    this.core = core;
    this.waiter = waiter;
  }
  /** Whose request a grant was, as a frame: for requests that act for the same owner. */
  static frameOf(grant) {
    if (grant instanceof _Ticket) return grant.waiter.frame;
    throw new ConfigError(`owner must be a grant of this library, not ${show(grant)}.`);
  }
  get gate() {
    return titleOf(this.core);
  }
  get fence() {
    return this.order || null;
  }
  get signal() {
    const extras = this.more();
    extras.controller ??= new AbortController();
    const over = this.state === OVER && this.core.lease;
    if (over || extras.reason !== void 0) extras.controller.abort(extras.reason ?? released);
    return extras.controller.signal;
  }
  get waited() {
    if (this.queuedAt < 0) return 0;
    if (this.since < 0) this.since = Math.round(this.core.env.clock.now());
    return Math.max(0, this.since - this.queuedAt);
  }
  get index() {
    return this.core.spec.kind === "barrier" ? this.mark : 0;
  }
  get degraded() {
    return false;
  }
  valid() {
    if (this.state !== HELD && this.core.lease) return false;
    return this.extras === null || this.extras.parts.every((part) => part.valid());
  }
  extend(duration) {
    const ms = duration === void 0 ? void 0 : milliseconds(duration, `${this.gate}: extend()`, { infinite: true });
    return this.core.extend(this, ms);
  }
  charge(actual) {
    if (typeof actual !== "number" || !(actual >= 0 && actual < Infinity)) {
      throw new ConfigError(`${this.gate}: charge() takes a number from 0 up, not ${show(actual)}.`);
    }
    return this.core.charge(this, actual);
  }
  release() {
    this.core.release(this);
  }
  [Symbol.asyncDispose]() {
    this.core.release(this);
    return Promise.resolve();
  }
  /** What a log of it shows. */
  toJSON() {
    return { gate: this.gate, fence: this.fence };
  }
  /** Its waiter has not been told yet. */
  get waiting() {
    return this.state === QUEUED || this.state === RESERVED;
  }
  /** For the rare parts. */
  more() {
    return this.extras ??= {
      controller: null,
      reason: void 0,
      until: Infinity,
      outer: null,
      nested: [],
      charged: false,
      joint: null,
      parts: [],
      blocked: []
    };
  }
  /** Aborts `signal`, whether or not somebody has looked at it yet. */
  abort(reason) {
    const extras = this.more();
    if (extras.reason !== void 0) return;
    extras.reason = reason;
    extras.controller?.abort(reason);
  }
  deliver() {
    this.core.deliver(this);
  }
};

// ../wt/core/lib/events/outcome.ts
import {
  defer,
  EMPTY,
  finalize,
  from,
  isObservable,
  Subject,
  Subscription as Subscription2,
  takeUntil,
  throwIfEmpty
} from "rxjs";

// ../wt/core/lib/internal/iterate.ts
import { Observable } from "rxjs";
var isObject = (value) => typeof value === "object" && value !== null;
function iterate(stream, unread, closing) {
  return new Observable((subscriber) => {
    const iterator = stream[Symbol.asyncIterator]();
    let ended = false;
    let pending = Promise.resolve();
    const broken = (error) => {
      ended = true;
      subscriber.error(error);
    };
    const pull = () => {
      const step2 = promised(() => iterator.next());
      pending = step2;
      step2.then((answer2) => {
        if (!isObject(answer2)) {
          broken(new TypeError(`An iterator answered ${show(answer2)} instead of { done, value }.`));
          return;
        }
        ended = answer2.done === true;
        if (ended) subscriber.complete();
        else subscriber.next(answer2.value);
        if (!subscriber.closed) pull();
      }, broken);
    };
    if (unread) subscriber.complete();
    else pull();
    return () => {
      if (!ended) closing(iterator.return === void 0 ? pending : promised(() => iterator.return?.()));
    };
  });
}
var promised = (fn) => new Promise((resolve) => {
  resolve(fn());
});

// ../wt/core/lib/events/outcome.ts
function follow(work, course, collect) {
  if (isPromise(work)) {
    work.then(
      (value) => {
        if (isStream(value)) followStream(value, course, collect);
        else course.done(value);
      },
      (error) => {
        course.broke(error);
      }
    );
  } else if (isStream(work)) followStream(work, course, collect);
  else course.done(work);
}
var isPromise = (work) => work instanceof Promise || isObject(work) && typeof work.then === "function";
var isStream = (value) => isObject(value) && (isObservable(value) || typeof value[Symbol.asyncIterator] === "function");
function followStream(stream, course, collect) {
  const halt = new Subject();
  const values = new Subject();
  const fold = new Subscription2();
  let reading = true;
  let folding = collect !== null;
  let result;
  let failure2 = null;
  let closing = null;
  const finish = () => {
    if (reading) halt.next();
    else if (folding) values.complete();
    else if (failure2 === null) course.done(result);
    else course.broke(failure2.error);
  };
  const endFold = (reason) => {
    folding = false;
    failure2 ??= reason;
    fold.unsubscribe();
    finish();
  };
  const over = () => {
    reading = false;
    if (failure2 === null) finish();
    else endFold(null);
  };
  course.streams = true;
  course.stopStream = () => {
    endFold(null);
  };
  if (collect !== null && !course.stopped) {
    const collected = defer(() => values.pipe(collect, throwIfEmpty()));
    fold.add(
      collected.subscribe({
        next: (value) => result = value,
        error: (error) => {
          endFold({ error });
        },
        complete: () => {
          endFold(null);
        }
      })
    );
  }
  const unread = course.stopped || collect !== null && !folding;
  const iterating = (end2) => {
    closing = end2;
  };
  const source2 = isObservable(stream) ? unread ? EMPTY : from(stream) : iterate(stream, unread, iterating);
  source2.pipe(
    takeUntil(halt),
    // Behind the stream, so that its teardown comes first, also where it ends while it is being subscribed to.
    finalize(() => {
      if (closing === null) over();
      else closing.then(over, over);
    })
  ).subscribe({
    next: (value) => {
      course.value(value);
      if (collect === null) result = value;
      else values.next(value);
    },
    error: (error) => {
      failure2 ??= { error };
    }
  });
}

// ../wt/core/lib/events/attempt.ts
var WAITING = 0;
var RUNNING = 1;
var STOPPING = 2;
var OVER2 = 3;
var Attempt = class {
  constructor(owner, attempt2) {
    /** Whether it has leases that others may be waiting for. */
    this.holds = false;
    /** Why it was told to stop. */
    this.reason = void 0;
    this.ask = plainAsk;
    this.frame = this;
    this.ticket = null;
    this.cause = null;
    this.call = this;
    this.root = false;
    this.streams = false;
    this.stopStream = null;
    this.state = WAITING;
    /** The function was called. */
    this.called = false;
    this.core = null;
    this.queuedAt = -1;
    this.patience = null;
    /** The end of patience with the work, and with work that does not stop. */
    this.timer = null;
    this.controller = null;
    this.owner = owner;
    this.attempt = attempt2;
    this.parent = living(owner.parent) ?? owner.kernel.home;
    this.coordinator = owner.kernel;
  }
  get name() {
    return this.owner.plan.name;
  }
  get runId() {
    return this.owner.runId;
  }
  get over() {
    return this.state === OVER2;
  }
  get stopped() {
    return this.state >= STOPPING;
  }
  get signal() {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.reason !== void 0) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }
  get fences() {
    const { ticket } = this;
    if (ticket === null) return {};
    const parts = ticket.extras?.parts ?? [];
    const leases = (parts.length > 0 ? parts : [ticket]).filter(({ order }) => order > 0);
    return Object.fromEntries(leases.map(({ core, order }) => [core.spec.name, order]));
  }
  /** Asks for the gates, and begins at once where there are none or all are free. */
  enter() {
    const { plan, kernel, self, args } = this.owner;
    try {
      const request = plan.pickRequest === null ? plan.request : plan.pickRequest.apply(self, args);
      if (request !== null) {
        this.ask = request.ask;
        this.core = request.core(this);
      }
    } catch (error) {
      this.state = OVER2;
      this.owner.refused(error);
      return;
    }
    const { core } = this;
    if (core === null) {
      this.begin();
      return;
    }
    core.enter(this);
    if (this.state !== WAITING) return;
    this.queuedAt = kernel.clock.now();
    this.patience = patience(this, core, void 0);
  }
  granted() {
    this.left();
    this.holds = this.core.lease;
    this.begin();
  }
  refused(error) {
    this.left();
    this.state = OVER2;
    this.owner.refused(error);
  }
  /** Out of the queue. */
  left() {
    if (this.patience === null) return;
    this.patience.end();
    this.owner.waited(this.owner.kernel.clock.now() - this.queuedAt);
  }
  begin() {
    const { owner } = this;
    const { plan, kernel } = owner;
    this.state = RUNNING;
    owner.begun();
    if (this.stopped) return;
    this.called = true;
    if (plan.timeout !== Infinity)
      this.timer = after(kernel.clock, plan.timeout, () => {
        this.expire();
      });
    try {
      kernel.run(this, perform, this);
    } catch (error) {
      this.broke(error);
    }
  }
  value(value) {
    if (this.state === RUNNING) this.owner.value(value);
  }
  done(result) {
    this.finish(true, result);
  }
  broke(error) {
    this.finish(false, error);
  }
  finish(succeeded, outcome) {
    const { state, owner } = this;
    if (state === OVER2) return;
    begin();
    try {
      this.giveBack();
      if (state === STOPPING) owner.freed(this);
      else if (succeeded) owner.succeeded(outcome, this.streams);
      else owner.failed(outcome);
    } finally {
      end();
    }
  }
  giveBack() {
    this.state = OVER2;
    this.holds = false;
    this.disarm();
    if (this.ticket !== null) this.core.release(this.ticket);
  }
  lost(ticket, reason, note) {
    this.holds = ticket.state === HELD;
    if (this.stopped) this.owner.freed(this);
    else this.fail(lostError(this, ticket, reason, note));
  }
  expire() {
    const { timeout } = this.owner.plan;
    this.fail(
      new CallTimeoutError(`${this.name} took longer than its timeout of ${timeout} ms.`, {
        hint: "The work was told to stop by the signal of currentCall().",
        details: { call: this.name, runId: this.runId, timeout, attempt: this.attempt }
      })
    );
  }
  /** Fails with an error that the work did not throw. */
  fail(error) {
    begin();
    try {
      this.stop(error);
      this.owner.failed(error);
    } finally {
      end();
    }
  }
  /** Leaves the queue, or tells the work to stop. Where that is a promise, the gates stay held until it has settled. */
  stop(reason) {
    const { owner } = this;
    if (this.state === WAITING) {
      this.state = OVER2;
      this.left();
      if (this.ticket !== null) this.core.cancel(this.ticket);
    } else if (this.state === RUNNING) {
      this.state = STOPPING;
      this.reason = reason;
      this.disarm();
      owner.lingers(this);
      this.controller?.abort(reason);
      if (this.called) this.stopStream?.();
      else this.done(void 0);
      if (!this.over)
        this.timer = after(owner.kernel.clock, owner.plan.abandonAfter, () => {
          this.abandon();
        });
    }
  }
  /** Gives the gates back although the work, which was told to stop, still runs. */
  abandon() {
    begin();
    try {
      this.giveBack();
      this.owner.abandoned(this);
    } finally {
      end();
    }
  }
  disarm() {
    this.timer?.unsubscribe();
    this.timer = null;
  }
};
function perform(attempt2) {
  const { plan, self, args } = attempt2.owner;
  follow(plan.fn.apply(self, args), attempt2, plan.collect);
}

// ../wt/core/lib/events/errorData.ts
var deepest = 8;
function errorData(error, depth2 = 0) {
  try {
    const { name: name2, message, stack, cause, code } = Object(error);
    if (typeof message !== "string") return { name: "NonError", message: String(error), stack: "" };
    return {
      name: typeof name2 === "string" ? name2 : "NonError",
      message,
      stack: typeof stack === "string" ? stack : "",
      ...cause === void 0 || depth2 === deepest ? {} : { cause: errorData(cause, depth2 + 1) },
      ...typeof code === "string" || typeof code === "number" ? { code } : {}
    };
  } catch {
    return { name: "NonError", message: "a value that cannot be read", stack: "" };
  }
}

// ../wt/core/lib/events/call.ts
var PENDING = 0;
var COMPLETE = 1;
var FAILED = 2;
var CANCELLED = 3;
var Call = class {
  constructor(plan, kernel, self, args, caller2) {
    this.before = null;
    this.after = null;
    this.current = null;
    this.attempts = 0;
    /** Attempts that were told to stop and still run. */
    this.lingering = null;
    this.backoff = null;
    this.signal = null;
    this.id = null;
    this.outcome = PENDING;
    this.result = void 0;
    this.told = false;
    this.beganAt = -1;
    this.waitedFor = 0;
    this.plan = plan;
    this.kernel = kernel;
    this.parent = kernel.here();
    this.self = self;
    this.args = args;
    this.caller = caller2;
  }
  get name() {
    return this.plan.name;
  }
  /** Made when somebody looks at it. */
  get runId() {
    return this.id ??= this.kernel.id();
  }
  start() {
    const { plan, kernel } = this;
    try {
      kernel.admit(`coordinate('${plan.name}')`);
    } catch (error) {
      this.caller?.reject(error);
      return;
    }
    kernel.begin(this);
    try {
      const { signal } = plan;
      this.signal = typeof signal === "function" ? signal.apply(this.self, this.args) : signal;
    } catch (error) {
      this.refused(error);
      return;
    }
    if (this.signal?.aborted === true) {
      this.handleEvent();
      return;
    }
    this.signal?.addEventListener("abort", this);
    this.next();
  }
  /** The signal of the caller aborts. */
  handleEvent() {
    this.cancel(
      new AbortedError(`The call of ${this.name} was aborted.`, {
        cause: this.signal?.reason,
        details: { call: this.name }
      })
    );
  }
  abort(reason) {
    this.cancel(reason);
    for (const attempt2 of this.lingering ?? []) attempt2.abandon();
  }
  cancel(reason) {
    if (this.outcome !== PENDING) return;
    begin();
    try {
      this.decide(CANCELLED, reason);
    } finally {
      end();
    }
  }
  /** The caller has left: it hears nothing more. */
  leave() {
    this.caller = null;
    this.cancel(new AbortedError(`${this.name} was unsubscribed.`, { details: { call: this.name } }));
  }
  next() {
    this.attempts++;
    this.current = new Attempt(this, this.attempts);
    this.current.enter();
  }
  waited(ms) {
    this.waitedFor += ms;
  }
  refused(error) {
    this.decide(FAILED, error);
  }
  begun() {
    if (this.beganAt >= 0) return;
    const { plan, kernel, args } = this;
    this.beganAt = kernel.clock.now();
    if (kernel.wanted(plan.started)) this.publish(plan.started, { args, timestamp: kernel.clock.wall() }, args);
  }
  value(value) {
    this.caller?.value?.(value);
  }
  succeeded(result, streamed) {
    this.decide(COMPLETE, result, streamed);
  }
  failed(error) {
    if (this.outcome !== PENDING) return;
    const { plan, kernel } = this;
    let delay = null;
    try {
      delay = plan.retry === null ? null : plan.retry(error, this.attempts, () => kernel.random());
    } catch (mistake) {
      kernel.report(mistake, `retry of coordinate('${plan.name}')`);
    }
    if (delay === null) {
      this.decide(FAILED, error);
      return;
    }
    if (kernel.wanted(plan.retrying)) {
      this.publish(plan.retrying, {
        error: errorData(error),
        attempt: this.attempts,
        delay,
        timestamp: kernel.clock.wall()
      });
      if (this.decided()) return;
    }
    this.backoff = after(kernel.clock, delay, () => {
      this.backoff = null;
      this.next();
    });
  }
  lingers(attempt2) {
    (this.lingering ??= /* @__PURE__ */ new Set()).add(attempt2);
  }
  freed(attempt2) {
    if (attempt2.over) this.lingering?.delete(attempt2);
    this.conclude();
  }
  abandoned(attempt2) {
    const { plan, kernel } = this;
    if (kernel.wanted(plan.abandoned)) {
      this.publish(plan.abandoned, {
        attempt: attempt2.attempt,
        error: errorData(attempt2.reason),
        timestamp: kernel.clock.wall()
      });
    }
    this.freed(attempt2);
  }
  decided() {
    return this.outcome !== PENDING;
  }
  decide(outcome, result, streamed = false) {
    if (this.outcome !== PENDING) return;
    this.outcome = outcome;
    this.result = result;
    this.signal?.removeEventListener("abort", this);
    this.backoff?.unsubscribe();
    if (outcome === CANCELLED) this.current?.stop(result);
    this.conclude();
    const { caller: caller2 } = this;
    this.caller = null;
    if (outcome === COMPLETE) caller2?.resolve(result, streamed);
    else caller2?.reject(result);
  }
  /** Tells the bus, once the call is decided and holds nothing; and the coordinator, once nothing of it runs any more. */
  conclude() {
    if (this.outcome === PENDING) return;
    if (!this.told) {
      for (const attempt2 of this.lingering ?? []) if (attempt2.holds) return;
      this.told = true;
      this.tell();
    }
    if (this.lingering !== null && this.lingering.size > 0) return;
    this.kernel.end(this);
    this.parent = null;
  }
  tell() {
    const { plan, kernel, result } = this;
    const name2 = this.outcome === COMPLETE ? plan.complete : this.outcome === FAILED ? plan.failed : plan.cancelled;
    if (!kernel.wanted(name2)) return;
    const ended = {
      timestamp: kernel.clock.wall(),
      duration: this.beganAt < 0 ? 0 : kernel.clock.now() - this.beganAt,
      waited: this.waitedFor
    };
    if (this.outcome === COMPLETE) this.publish(name2, { result, ...ended }, [result]);
    else if (this.outcome === FAILED) {
      kernel.heard(result);
      this.publish(name2, { error: errorData(result), ...ended });
    } else this.publish(name2, { reason: errorData(result), ...ended });
  }
  /** What goes wrong with an event never changes the outcome of the call, nor does who listens: its own values are spared. */
  publish(name2, data, spared) {
    const { kernel, plan, runId, parent } = this;
    try {
      const cause = nearest(parent, "cause");
      kernel.publish(name2, data, { sender: plan.name, runId, cause }, spared);
    } catch (error) {
      kernel.report(error, name2);
    }
  }
};

// ../wt/core/lib/gates/joining.ts
var join = null;
function teachJoining(how) {
  join = how;
}
function joined(shares, env) {
  if (join === null) throw new ConfigError("Several gates are taken together with allOf(...).");
  return join(shares, env);
}

// ../wt/core/lib/gates/activity.ts
function tell(gate, action, ticket, more = {}) {
  const { clock, activity } = gate.env;
  const { ask } = ticket.waiter;
  const now = clock.now();
  activity?.({
    action,
    ...identity(gate),
    at: clock.wall(),
    who: whoIs(ticket.waiter),
    cost: ask.cost,
    priority: ask.priority,
    fence: ticket.fence,
    ...action === "granted" ? { waited: ticket.queuedAt < 0 ? 0 : Math.max(0, Math.round(now) - ticket.queuedAt) } : null,
    ...action === "released" || action === "lost" ? { held: ticket.since < 0 ? 0 : Math.max(0, now - ticket.since) } : null,
    ...more
  });
}
function tellChanged(gate) {
  const { clock, activity } = gate.env;
  activity?.({ action: "changed", ...identity(gate), at: clock.wall() });
}
function identity({ spec, key }) {
  return { gate: spec.name, kind: spec.kind, ...key === void 0 ? null : { key } };
}

// ../wt/core/lib/gates/breakBarrier.ts
function breakBarrier(gate, reason) {
  const { line } = gate;
  const broken = [];
  for (let t = line.head; t !== null; t = line.head) {
    line.remove(t);
    t.state = OVER;
    broken.push(t);
  }
  const who = broken.map(({ waiter }) => whoIs(waiter));
  for (const ticket of broken) {
    gate.refuse(
      ticket,
      new BarrierBrokenError(`The barrier ${titleOf(gate)} is broken: ${reason}.`, {
        details: { gate: titleOf(gate), reason, waiting: who }
      })
    );
  }
}

// ../wt/core/lib/gates/losing.ts
function lose(gate, ticket, reason, note) {
  ticket.state = OVER;
  begin();
  try {
    gate.free(ticket);
    if (gate.env.activity !== null) tell(gate, "lost", ticket, { reason: note ?? reason });
    gate.turn();
    for (const inner2 of ticket.extras?.nested.toReversed() ?? []) {
      if (inner2.state === HELD) drop(inner2, reason, note);
    }
    drop(ticket, reason, note);
    if (gate.line.head === null) gate.rest();
  } finally {
    end();
  }
}
function drop(ticket, reason, note) {
  ticket.state = OVER;
  ticket.abort(lostError(ticket.waiter, ticket, reason, note));
  ticket.waiter.lost(ticket, reason, note);
}
function forceOut(gate, fence, reason) {
  const victims = [gate, ...gate.home.keysOf(gate)].flatMap((each) => leasesOf(each)).filter((held) => held.state === HELD && (fence === "all" || held.fence === fence));
  for (const victim of victims) if (victim.state === HELD) lose(victim.core, victim, "forced", reason);
  return victims.length;
}

// ../wt/core/lib/gates/alarm.ts
var longestDelay = 2 ** 31 - 1;
function arm(gate) {
  const { clock } = gate.env;
  const at = wakesAt(gate);
  const idle = at === Infinity && gate.line.head === null;
  if (gate.alarm !== null && at >= gate.alarm.at && !idle) return;
  gate.alarm?.timer.unsubscribe();
  gate.alarm = null;
  if (at === Infinity) return;
  const delay = Math.min(Math.max(0, Math.ceil(at - clock.now())), longestDelay);
  const timer = clock.schedule(() => {
    ring(gate);
  }, delay);
  gate.alarm = { at, timer };
}
function endIn(gate, lease, ms) {
  lease.more().until = gate.env.clock.now() + ms;
  arm(gate);
}
function wakesAt(gate) {
  const { policy, line } = gate;
  const { head } = line;
  let at = line.breaksAt;
  if (head !== null) {
    const now = head.extras?.joint ? gate.seen = gate.env.clock.now() : -Infinity;
    const opens = policy.timed ? policy.opensAt(head.waiter.ask.cost, gate.seen, line.size) : Infinity;
    if (gate.pausedUntil !== null && gate.pausedUntil > now) at = Math.min(at, gate.pausedUntil);
    else if (opens > now) at = Math.min(at, opens);
  }
  if (!gate.lapses) return at;
  for (let { held } = gate; held !== null; held = held.next) at = Math.min(at, held.extras.until);
  return at;
}
function ring(gate) {
  gate.alarm = null;
  const now = gate.env.clock.now();
  begin();
  try {
    if (gate.line.breaksAt <= now) {
      const { parties, timeout } = gate.settings;
      breakBarrier(gate, `only ${gate.line.size} of ${parties} arrived in ${span(timeout)}`);
    }
    const lapsed = [];
    for (let { held } = gate; held !== null; held = held.next) {
      if (held.extras !== null && held.extras.until <= now) lapsed.push(held);
    }
    for (const ticket of lapsed) if (ticket.state === HELD) lose(gate, ticket, "expired");
    gate.turn();
  } finally {
    end();
  }
}

// ../wt/core/lib/gates/deadlock.ts
var unit2 = (ticket) => ticket.extras?.joint?.ticket ?? ticket;
var partsOf = (ticket) => {
  const parts = ticket.extras?.parts ?? [];
  return parts.length > 0 ? parts : [ticket];
};
function leasesAbove(frame) {
  const leases = [];
  for (let at = frame; at !== null; at = at.root ? null : at.parent) {
    const ticket = at.ticket;
    const lease = ticket?.extras?.outer ?? ticket;
    if (lease !== null && lease.state === HELD && !leases.includes(lease)) leases.push(lease);
  }
  return leases;
}
function enclosingLease(frame, core) {
  for (const lease of leasesAbove(frame)) for (const part of partsOf(lease)) if (part.core === core) return part;
  return null;
}
function deadlockOf(gate, ticket) {
  const { env } = gate;
  if (env.deadlock === "off" || ticket.waiter.frame === null) return null;
  register(ticket);
  const cycle = findDeadlock(ticket, env.clock.now());
  if (cycle === null) return null;
  if (env.activity !== null) tell(gate, "deadlock", ticket, { cycle });
  const error = new DeadlockError(
    `${cycle[0].waiter} would wait for ${titleOf(ticket.core)} for ever: ${cycle.map((e) => `${e.waiter} waits for ${e.gate}, held by ${e.holders.join(", ")}`).join("; ")}.`,
    {
      hint: "Take all of them in one allOf(...), or always in the same order; work that its caller does not await belongs in detached(fn).",
      details: { gate: titleOf(ticket.core), cycle }
    }
  );
  if (env.deadlock === "error") return ticket.state === QUEUED ? error : null;
  env.report(error);
  return null;
}
function register(ticket) {
  for (const lease of leasesAbove(ticket.waiter.frame)) {
    const extras = lease.more();
    const { length } = extras.blocked;
    if (length >= 16 && (length & length - 1) === 0) extras.blocked = waitingInside(lease);
    extras.blocked.push(ticket);
  }
}
var waitingInside = (lease) => unit2(lease).extras?.blocked.filter(({ state }) => state === QUEUED) ?? [];
function holdersOf(part) {
  const gate = part.core;
  return gate.spec.kind === "quota" ? [] : leasesOf(gate);
}
function jointsBefore(part) {
  const joints = [];
  if (part.core.line.joints === 0) return joints;
  for (let before2 = part.prev; before2 !== null; before2 = before2.prev) {
    if (before2.extras?.joint) joints.push(unit2(before2));
  }
  return joints;
}
function findDeadlock(ticket, now) {
  const mine = new Set(leasesAbove(ticket.waiter.frame));
  if (mine.size === 0) return null;
  const waiting = /* @__PURE__ */ new Set([ticket]);
  let closes = false;
  for (const waiter of waiting) {
    for (const part of partsOf(waiter)) {
      for (const holder of holdersOf(part)) {
        if (mine.has(unit2(holder))) closes = true;
        for (const inner2 of waitingInside(holder)) waiting.add(inner2);
      }
      for (const before2 of jointsBefore(part)) waiting.add(before2);
    }
  }
  if (!closes) return null;
  const stuck = reduce(waiting);
  return stuck.has(ticket) ? cycleThrough(ticket, mine, stuck, now) : null;
}
function reduce(waiting) {
  const stuck = new Set(waiting);
  for (let before2 = -1; before2 !== stuck.size; ) {
    before2 = stuck.size;
    for (const waiter of stuck) if (!partsOf(waiter).some((part) => blockedFor(part, stuck))) stuck.delete(waiter);
  }
  return stuck;
}
function blockedFor(part, stuck) {
  const { policy, line } = part.core;
  let free = policy.capacity;
  for (const holder of holdersOf(part)) if (isStuck(holder, stuck)) free -= holder.waiter.ask.cost;
  for (let before2 = line.head; before2 !== null; before2 = before2.next) {
    if (before2.waiter.ask.cost > free || before2 !== part && stuck.has(unit2(before2))) return true;
    if (before2 === part) return false;
  }
  return false;
}
var isStuck = (lease, stuck) => (lease.extras?.until ?? Infinity) === Infinity && waitingInside(lease).some((inner2) => stuck.has(unit2(inner2)));
function cycleThrough(from5, mine, stuck, now) {
  const seen = /* @__PURE__ */ new Set();
  const walk = (waiter) => {
    seen.add(waiter);
    for (const part of partsOf(waiter)) {
      const holders = holdersOf(part);
      const edge = waitEdge(part, holders, now);
      for (const holder of holders) {
        if (mine.has(unit2(holder))) return [edge];
        for (const inner2 of waitingInside(holder)) {
          if (!stuck.has(unit2(inner2)) || seen.has(inner2)) continue;
          const rest = walk(inner2);
          if (rest !== null) return [edge, ...rest];
        }
      }
      for (const before2 of jointsBefore(part)) {
        if (!stuck.has(before2) || seen.has(before2)) continue;
        const rest = walk(before2);
        if (rest !== null) return [waitEdge(part, [before2], now), ...rest];
      }
    }
    return null;
  };
  return walk(from5) ?? partsOf(from5).map((part) => waitEdge(part, holdersOf(part), now));
}

// ../wt/core/lib/gates/joint.ts
var JointCore = class {
  constructor(shares, env) {
    this.shares = shares;
    this.env = env;
    this.lease = shares.some(({ core }) => core.lease);
    this.spec = {
      kind: "mutex",
      name: shares.map(({ core }) => titleOf(core)).join(" + "),
      ttl: Infinity,
      renew: true,
      reentrant: false
    };
  }
  get retired() {
    return this.shares.some(({ core }) => core.retired);
  }
  enter(waiter) {
    const ticket = new Ticket(this, waiter);
    waiter.ticket = ticket;
    const { shares } = this;
    const joint = { ticket, tryEnter: () => this.tryEnter(ticket) };
    const parts = shares.map(({ core, cost }) => {
      const part = new Ticket(core, new PartWaiter(waiter, cost, ticket));
      part.waiter.ticket = part;
      part.more().joint = joint;
      return part;
    });
    ticket.more().parts = parts;
    for (const { core, cost } of shares) {
      if (cost <= core.policy.capacity) continue;
      ticket.state = OVER;
      waiter.refused(impossibleError(core, cost));
      return;
    }
    ticket.queuedAt = Math.round(this.env.clock.now());
    for (const { core } of shares) core.resting = false;
    begin();
    try {
      for (const part of parts) part.core.join(part);
      if (this.env.activity !== null) {
        for (const part of parts) if (part.state === QUEUED) tell(part.core, "queued", part);
      }
      this.tryEnter(ticket);
      if (ticket.state !== QUEUED) ticket.queuedAt = -1;
    } finally {
      end();
    }
    if (ticket.state !== QUEUED) return;
    if (waiter.ask.timeout === 0) {
      const closed = parts.find((part) => !wouldAdmit(part)) ?? parts[0];
      this.withdraw(ticket, "RXB_BUSY");
      waiter.refused(busyError(closed.core));
    } else {
      const error = deadlockOf(parts[0].core, ticket);
      if (error === null) {
        for (const { core } of shares) arm(core);
        return;
      }
      this.withdraw(ticket, error.code);
      waiter.refused(error);
    }
  }
  /** Takes back a request that was not to wait. */
  withdraw(ticket, reason) {
    ticket.state = OVER;
    this.inOneTurn(ticket, (part) => {
      withdraw(part, reason);
    });
  }
  tryEnter(ticket) {
    const parts = ticket.more().parts;
    if (ticket.state !== QUEUED || !parts.every((part) => wouldAdmit(part))) return false;
    ticket.state = RESERVED;
    ticket.order = this.lease ? ++this.env.fence : 0;
    for (const part of parts) {
      part.core.reserve(part);
      if (part.core.lease) part.order = ticket.order;
    }
    handOver(ticket);
    this.turnAll(parts);
    return true;
  }
  /** Those behind this request look again, after it has been served. */
  turnAll(parts) {
    for (const { core } of parts) {
      handOver({
        deliver: () => {
          core.turn();
        }
      });
    }
  }
  deliver(ticket) {
    const { parts } = ticket.more();
    for (const { core } of parts) core.due--;
    if (ticket.state !== RESERVED || this.env.activity !== null && !this.announced(ticket)) return;
    ticket.state = this.lease ? HELD : OVER;
    for (const part of parts) part.state = part.core.lease ? HELD : OVER;
    ticket.waiter.granted(ticket);
    if (ticket.state === HELD) ticket.since = Math.round(this.env.clock.now());
    for (const part of parts) if (part.state === HELD || !part.core.lease) part.core.dispatched(part);
  }
  /** Whether its waiter is still to be told, now that others have heard of it, who may have ended it or taken a part away. */
  announced(ticket) {
    const { parts } = ticket.more();
    if (this.lease) ticket.state = HELD;
    for (const part of parts) if (part.core.lease) part.state = HELD;
    for (const part of parts) if (part.state !== OVER) tell(part.core, "granted", part);
    if (ticket.state !== OVER && parts.every(({ state }) => state !== OVER)) return true;
    this.cancel(ticket);
    return false;
  }
  cancel(ticket) {
    if (ticket.state === HELD) this.release(ticket);
    else if (ticket.state !== OVER) this.leave(ticket);
  }
  leave(ticket) {
    ticket.state = OVER;
    this.inOneTurn(ticket, (part) => {
      part.core.cancel(part);
    });
  }
  release(ticket) {
    if (ticket.state !== HELD) return;
    ticket.state = OVER;
    this.inOneTurn(ticket, (part) => {
      part.core.cancel(part);
    });
    if (ticket.extras !== null) ticket.abort(released);
  }
  inOneTurn(ticket, leave2) {
    begin();
    try {
      ticket.more().parts.forEach(leave2);
    } finally {
      end();
    }
  }
  extend(ticket, ms) {
    return ticket.more().parts.every((part) => !part.core.lease || part.core.extend(part, ms));
  }
  /** The real cost is that of the quotas among the gates. */
  charge(ticket, actual) {
    for (const part of ticket.more().parts) void part.core.charge(part, actual);
  }
  change() {
    throw new TypeError("Change the gates of an allOf one by one.");
  }
  force() {
    throw new TypeError("Force the gates of an allOf one by one.");
  }
  /** All of them as one: everybody who is in the way anywhere. */
  inspect() {
    const { spec } = this;
    const states = this.shares.map(({ core }) => core.inspect());
    return {
      name: spec.name,
      kind: spec.kind,
      spec,
      holders: states.flatMap(({ holders }) => holders),
      waiting: states.flatMap(({ waiting }) => waiting),
      available: Math.min(...states.map(({ available }) => available)),
      opensIn: Math.max(...states.map(({ opensIn }) => opensIn)),
      pausedFor: Math.max(...states.map(({ pausedFor }) => pausedFor))
    };
  }
};
function wouldAdmit(part) {
  const gate = part.core;
  return gate.line.head === part && gate.admits(part);
}
function withdraw(part, reason) {
  const gate = part.core;
  gate.line.remove(part);
  part.state = OVER;
  if (gate.env.activity !== null) tell(gate, "refused", part, { reason });
  gate.turn();
  gate.rest();
}
var PartWaiter = class {
  constructor(whole, cost, joint) {
    this.ticket = null;
    this.ask = { ...whole.ask, cost };
    this.whole = whole;
    this.joint = joint;
  }
  get frame() {
    return this.whole.frame;
  }
  granted() {
  }
  refused(error) {
    if (this.joint.state !== QUEUED) return;
    this.joint.core.cancel(this.joint);
    this.whole.refused(error);
  }
  lost(_part, ...why) {
    if (this.joint.state !== HELD) return;
    this.joint.abort(lostError(this.whole, this.joint, why[0], why[1]));
    this.whole.lost(this.joint, ...why);
  }
};

// ../wt/core/lib/gates/allOf.ts
function allOf(...members) {
  teachJoining((shares, env) => {
    for (const { core } of shares) refuseBarrier(core.spec);
    return new JointCore(shares, env);
  });
  if (members.length === 0) throw new ConfigError("allOf() needs at least one gate.");
  return {
    kind: "all",
    members: members.flatMap((member) => {
      if (typeof member !== "object" || member === null || "name" in member) return [memberOf(member)];
      if ("members" in member) return member.members;
      if (Array.isArray(member)) expected("Each member of allOf(a, b)", "a gate of its own, not in a list", member);
      knownOptions("A member of allOf", member, ["gate", "cost", "key"]);
      return [memberOf(member.gate, member.cost, member.key)];
    })
  };
}
function memberOf(gate, cost = 1, key) {
  const named2 = typeof gate === "object" && gate !== null ? gate.name : gate;
  if (typeof named2 !== "string" || named2 === "")
    expected("A member of allOf()", "a gate: a description, a live gate or a name", gate);
  if (key !== void 0 && typeof key !== "string") expected("The key of a member of allOf()", "a string", key);
  if (typeof gate === "object") refuseBarrier("spec" in gate ? gate.spec : gate);
  return { gate, cost: costOf(cost, "A member of allOf()"), key };
}
function refuseBarrier({ kind, name: name2 }) {
  if (kind !== "barrier") return;
  throw new ConfigError(`allOf() cannot take the barrier '${name2}'.`, {
    hint: "Its parties enter together, and some of them could still have to wait for another gate. Meet at the barrier first, then take the other gates."
  });
}

// ../wt/core/lib/internal/scope.ts
var inner = null;
var around = null;
function frameHere() {
  return inner === null ? currentFrame() : innermost();
}
function innermost() {
  const tracked = currentFrame();
  return around === tracked ? inner : tracked;
}
function runHere(frame, fn, argument) {
  const innerBefore = inner;
  const aroundBefore = around;
  inner = frame;
  around = currentFrame();
  try {
    return fn(argument);
  } finally {
    inner = innerBefore;
    around = aroundBefore;
  }
}

// ../wt/core/lib/gates/policies/permits.ts
var permitsOf = (spec) => spec.kind === "semaphore" ? spec.permits : 1;
var Permits = class {
  constructor(spec) {
    this.timed = false;
    this.lease = true;
    this.used = 0;
    this.capacity = permitsOf(spec);
  }
  opensAt(cost) {
    return this.used + cost <= this.capacity ? 0 : Infinity;
  }
  take(cost) {
    this.used += cost;
    return 0;
  }
  give(cost) {
    this.used -= cost;
  }
  undo(cost) {
    this.used -= cost;
  }
  available() {
    return Math.max(0, this.capacity - this.used);
  }
  fresh() {
    return this.used === 0;
  }
  change(settings2) {
    this.capacity = permitsOf(settings2);
  }
};

// ../wt/core/lib/gates/policies/policyOf.ts
var permits = (spec) => new Permits(spec);
var known2 = /* @__PURE__ */ new Map([
  ["mutex", permits],
  ["semaphore", permits]
]);
function policyOf(spec, clock) {
  const make2 = known2.get(spec.kind);
  if (make2 !== void 0) return make2(spec, clock);
  throw new ConfigError(`'${spec.name}' is a ${spec.kind}, and nobody here has described one yet.`, {
    hint: "Make descriptions with mutex(), semaphore(), quota(), cyclicBarrier() and rateLimiter()."
  });
}

// ../wt/core/lib/gates/patched.ts
var patches = {
  mutex: ["pauseUntil"],
  semaphore: ["permits", "pauseUntil"],
  quota: ["limit", "per", "pauseUntil"],
  barrier: ["parties", "pauseUntil"],
  limiter: ["limit", "per", "burst", "pauseUntil"]
};
function patched(spec, patch) {
  const owner = `change('${spec.name}')`;
  knownOptions(owner, patch, patches[spec.kind]);
  const settings2 = { ...spec };
  if (patch.permits !== void 0) settings2["permits"] = positiveInteger(patch.permits, `${owner}.permits`);
  if (patch.parties !== void 0) settings2["parties"] = positiveInteger(patch.parties, `${owner}.parties`);
  if (patch.limit !== void 0) settings2["limit"] = positiveNumber(patch.limit, `${owner}.limit`);
  if (patch.per !== void 0) settings2["per"] = milliseconds(patch.per, `${owner}.per`);
  if (spec.kind === "limiter") {
    if (patch.burst !== void 0 && spec.strategy !== "token-bucket") {
      throw new ConfigError(`${owner}.burst is for a 'token-bucket', and '${spec.name}' is a '${spec.strategy}'.`);
    }
    const burst = patch.burst ?? (spec.burst === spec.limit ? settings2["limit"] : spec.burst);
    settings2["burst"] = positiveNumber(burst, `${owner}.burst`);
  }
  const time = patch.pauseUntil;
  const pauseUntil = time instanceof Date ? time.getTime() : time;
  if (pauseUntil !== void 0 && (typeof pauseUntil !== "number" || Number.isNaN(pauseUntil))) {
    expected(`${owner}.pauseUntil`, "a Date or milliseconds since 1970", patch.pauseUntil);
  }
  return { settings: settings2, pauseUntil };
}

// ../wt/core/lib/gates/changing.ts
function changeGate(gate, patch) {
  const { clock, activity } = gate.env;
  const { settings: settings2, pauseUntil } = patched(gate.settings, patch);
  const pausedUntil = pauseUntil === void 0 ? gate.pausedUntil : clock.now() + (pauseUntil - clock.wall());
  const changed = Object.keys(patch).some((key) => key !== "pauseUntil") ? settings2 : gate.settings;
  const all = [gate, ...gate.home.keysOf(gate)];
  if (changed !== gate.settings) gate.home.changing(gate, changed);
  for (const each of all) adopt(each, changed, pausedUntil);
  if (activity !== null) tellChanged(gate);
  for (const each of all) refuseTooMuch(each);
}
function adopt(gate, settings2, pausedUntil) {
  gate.settings = settings2;
  gate.pausedUntil = pausedUntil;
  gate.timed = gate.policy.timed || pausedUntil !== null;
  gate.policy.change(settings2, gate.env.clock.now());
}
function refuseTooMuch(gate) {
  const tooMuch = [];
  for (let t = gate.line.head; t !== null; t = t.next) if (t.waiter.ask.cost > gate.policy.capacity) tooMuch.push(t);
  for (const ticket of tooMuch) {
    if (ticket.state !== QUEUED) continue;
    gate.line.remove(ticket);
    gate.refuse(ticket, impossibleError(gate, ticket.waiter.ask.cost));
  }
  gate.turn();
}

// ../wt/core/lib/gates/line.ts
var Line = class {
  constructor() {
    this.head = null;
    this.tail = null;
    this.size = 0;
    /** How many of them are parts of requests for several gates. */
    this.joints = 0;
    /** Barriers: when those who wait give up. */
    this.breaksAt = Infinity;
  }
  /** Joins behind everybody of the same or a higher priority. */
  join(ticket) {
    const { priority } = ticket.waiter.ask;
    let before2 = this.tail;
    while (before2 !== null && before2.waiter.ask.priority < priority) before2 = before2.prev;
    this.insert(ticket, before2);
  }
  insert(ticket, before2) {
    const after2 = before2 === null ? this.head : before2.next;
    ticket.prev = before2;
    ticket.next = after2;
    if (before2 === null) this.head = ticket;
    else before2.next = ticket;
    if (after2 === null) this.tail = ticket;
    else after2.prev = ticket;
    this.size++;
    if (ticket.extras?.joint) this.joints++;
  }
  remove(ticket) {
    const { prev, next: next3 } = ticket;
    if (prev === null) this.head = next3;
    else prev.next = next3;
    if (next3 === null) this.tail = prev;
    else next3.prev = prev;
    ticket.prev = ticket.next = null;
    this.size--;
    if (this.head === null) this.breaksAt = Infinity;
    if (ticket.extras?.joint) this.joints--;
  }
};
var nobody2 = new Line();

// ../wt/core/lib/gates/nesting.ts
function nest(ticket, outer) {
  ticket.more().outer = outer;
  outer.more().nested.push(ticket);
  ticket.order = outer.order;
  ticket.state = HELD;
  ticket.waiter.granted(ticket);
}
function unnest(ticket, outer) {
  const others = outer.more().nested;
  others.splice(others.lastIndexOf(ticket), 1);
  ticket.abort(released);
}

// ../wt/core/lib/gates/turnstile.ts
var Turnstile = class {
  constructor(spec, key, policy, env, home, base) {
    this.line = nobody2;
    this.held = null;
    this.retired = false;
    this.resting = true;
    this.listed = false;
    this.keys = null;
    /** Reserved for those who have still to hear of it: newcomers queue behind them. */
    this.due = 0;
    this.seen = 0;
    this.alarm = null;
    this.spec = spec;
    this.key = key;
    this.policy = policy;
    this.lease = policy.lease;
    this.base = base;
    this.settings = base === null ? spec : base.settings;
    this.pausedUntil = base === null ? null : base.pausedUntil;
    this.timed = policy.timed || this.pausedUntil !== null;
    this.lapses = lapseOf(spec) < Infinity;
    this.env = env;
    this.home = home;
  }
  /** The way of most requests through a free gate is kept short, so that a compiler can see through all of it. */
  enter(waiter) {
    const ticket = new Ticket(this, waiter);
    waiter.ticket = ticket;
    this.resting = false;
    const { cost } = waiter.ask;
    const alone = this.line.head === null && this.due === 0;
    if (alone && (this.timed ? this.opensByNow(cost) : this.policy.opensAt(cost, 0, 1) <= 0)) {
      this.book(ticket);
      this.told(ticket);
    } else {
      this.wait(ticket);
    }
  }
  opensByNow(cost) {
    const { policy } = this;
    if (this.paused() || cost > policy.capacity) return false;
    if (!policy.timed) return policy.opensAt(cost, 0, 1) <= 0;
    if (policy.dispatched !== void 0 && policy.opensAt(cost, this.seen, 1) <= this.seen) return true;
    return policy.opensAt(cost, this.seen = this.env.clock.now(), 1) <= this.seen;
  }
  paused() {
    if (this.pausedUntil === null) return false;
    if (this.env.clock.now() < this.pausedUntil) return true;
    this.pausedUntil = null;
    this.timed = this.policy.timed;
    return false;
  }
  /** Books an entry and links a lease among the holders. */
  book(ticket) {
    ticket.mark = this.policy.take(ticket.waiter.ask.cost, this.seen);
    ticket.state = RESERVED;
    if (!this.lease) return;
    ticket.order = ++this.env.fence;
    lend(this, ticket);
    if (this.lapses) endIn(this, ticket, lapseOf(this.spec));
  }
  /** Tells a waiter that it has entered. */
  told(ticket) {
    if (this.env.activity !== null && !this.announced(ticket)) return;
    ticket.state = this.lease ? HELD : OVER;
    ticket.waiter.granted(ticket);
    if (ticket.state === HELD || !this.lease) this.dispatched(ticket);
  }
  /** Whether its waiter is still to be told, now that others have heard of it, who may have ended it. */
  announced(ticket) {
    if (this.lease) ticket.state = HELD;
    tell(this, "granted", ticket);
    return ticket.state !== OVER;
  }
  /** What can only be known once the waiter has been told. Parts of a joint request come here by themselves. */
  dispatched(ticket) {
    const { policy } = this;
    if (this.lease) {
      ticket.since = Math.round(this.env.clock.now());
      return;
    }
    if (policy.dispatched !== void 0) {
      policy.dispatched(ticket.mark, this.seen = this.env.clock.now());
      if (this.line.head !== null) arm(this);
    }
    this.rest();
  }
  deliver(ticket) {
    this.due--;
    if (ticket.state === RESERVED) this.told(ticket);
  }
  wait(ticket) {
    const { waiter } = ticket;
    if (waiter.ask.cost > this.policy.capacity) {
      this.refuse(ticket, impossibleError(this, waiter.ask.cost));
      return;
    }
    const outer = this.spec.kind === "mutex" && this.spec.reentrant ? enclosingLease(waiter.frame, this) : null;
    if (outer !== null) {
      nest(ticket, outer.extras?.outer ?? outer);
      return;
    }
    this.join(ticket);
    if (this.env.activity !== null) tell(this, "queued", ticket);
    this.turn();
    if (ticket.state !== QUEUED) return;
    const error = waiter.ask.timeout === 0 ? null : deadlockOf(this, ticket);
    if (error === null && waiter.ask.timeout > 0) return;
    this.line.remove(ticket);
    this.refuse(ticket, error ?? busyError(this));
    this.turn();
  }
  /** Takes a place in the queue. Parts of a joint request come here by themselves. */
  join(ticket) {
    this.resting = false;
    const now = this.env.clock.now();
    ticket.queuedAt = Math.round(now);
    if (this.line === nobody2) this.line = new Line();
    if (this.settings.kind === "barrier" && this.line.head === null) this.line.breaksAt = now + this.settings.timeout;
    this.line.join(ticket);
  }
  refuse(ticket, error) {
    ticket.state = OVER;
    if (this.env.activity !== null) tell(this, "refused", ticket, { reason: error.code });
    if (this.line.head === null) this.rest();
    ticket.waiter.refused(error);
  }
  /** Lets in from the head of the queue as long as the policy allows it. Nobody overtakes. */
  turn() {
    begin();
    try {
      for (let head = this.line.head; head !== null; head = this.line.head) {
        const joint = head.extras?.joint ?? null;
        if (joint !== null) {
          if (!joint.tryEnter()) break;
        } else {
          if (!this.admits(head)) break;
          this.reserve(head);
          handOver(head);
        }
      }
      arm(this);
    } finally {
      end();
    }
  }
  /** Whether the head of the queue may enter now. */
  admits(head) {
    if (this.paused()) return false;
    const { policy } = this;
    if (policy.timed) this.seen = this.env.clock.now();
    return policy.opensAt(head.waiter.ask.cost, this.seen, this.line.size) <= this.seen;
  }
  /** Takes a ticket out of the queue and books it. Whoever reserves hands it over too. */
  reserve(ticket) {
    this.line.remove(ticket);
    this.book(ticket);
    this.due++;
    if (this.line.head !== null && this.settings.kind === "barrier")
      this.line.breaksAt = this.env.clock.now() + this.settings.timeout;
  }
  cancel(ticket) {
    if (ticket.state === HELD) {
      this.release(ticket);
    } else if (ticket.state === QUEUED) {
      const wasHead = this.line.head === ticket;
      this.line.remove(ticket);
      ticket.state = OVER;
      if (this.env.activity !== null) tell(this, "left", ticket);
      if (this.settings.kind === "barrier" && this.settings.onLeave === "break") {
        breakBarrier(this, `${whoIs(ticket.waiter)} left`);
      } else if (wasHead) this.turn();
      if (this.line.head === null) this.rest();
    } else if (ticket.state === RESERVED) {
      ticket.state = OVER;
      if (this.lease) takeBack(this, ticket);
      this.policy.undo(ticket.waiter.ask.cost, ticket.mark);
      if (this.env.activity !== null) tell(this, "left", ticket);
      this.turn();
      this.rest();
    }
  }
  release(ticket) {
    if (ticket.state !== HELD) return;
    ticket.state = OVER;
    if (ticket.extras !== null || this.env.activity !== null) {
      this.releaseAloud(ticket);
      return;
    }
    this.free(ticket);
    this.next();
  }
  /** Somebody hears of it. Whoever comes back from there finds the queue before it, if there is one. */
  releaseAloud(ticket) {
    const { outer, nested } = ticket.more();
    if (outer !== null) {
      unnest(ticket, outer);
      return;
    }
    this.free(ticket);
    if (this.env.activity !== null) tell(this, "released", ticket);
    for (const inner2 of nested) {
      inner2.state = OVER;
      inner2.abort(released);
    }
    ticket.abort(released);
    this.next();
  }
  next() {
    if (this.line.head === null) this.rest();
    else this.turn();
  }
  /** Unlinks a lease and settles the account. */
  free(ticket) {
    const { policy } = this;
    takeBack(this, ticket);
    if (policy.timed) this.seen = this.env.clock.now();
    policy.give(ticket.waiter.ask.cost, ticket.mark, this.seen);
  }
  extend(ticket, ms = lapseOf(this.spec)) {
    if (ticket.state !== HELD) return false;
    if (this.lapses) endIn(this, ticket.extras?.outer ?? ticket, ms);
    return true;
  }
  charge(ticket, actual) {
    const extras = ticket.more();
    if (this.policy.charge === void 0 || extras.charged || ticket.state !== HELD) return;
    extras.charged = true;
    this.policy.charge(ticket.waiter.ask.cost, ticket.mark, actual);
    this.turn();
  }
  change(patch) {
    changeGate(this, patch);
  }
  force(fence, reason) {
    return forceOut(this, fence, reason);
  }
  inspect() {
    return stateOf(this);
  }
  rest() {
    if (this.line.head !== null || this.held !== null) return;
    if (this.alarm !== null) arm(this);
    this.resting = true;
    if (!this.listed) this.home.resting(this);
  }
};
var lapseOf = (spec) => "ttl" in spec && !spec.renew ? spec.ttl : Infinity;

// ../wt/core/lib/gates/memoryBackend.ts
var idleAllowance = 32;
var quiet = ({ base, settings: settings2, spec, pausedUntil }, now) => base === null ? (pausedUntil ?? now) <= now && settings2 === spec : settings2 === base.settings;
var blank = (gate, now) => gate.resting && gate.policy.fresh(now) && quiet(gate, now);
var forgettable = (gate, now) => gate.keys === null && blank(gate, now);
function memoryBackend() {
  let gates = /* @__PURE__ */ new Map();
  const packed = /* @__PURE__ */ new Set();
  let idle = [];
  let opened = [];
  let allowance = idleAllowance;
  let round = null;
  const home = {
    resting(gate) {
      if (idle.length >= allowance) sweep(gate.env.clock.now());
      if (gate.retired || gate.listed) return;
      gate.listed = true;
      idle.push(gate);
    },
    changing(gate, changed) {
      const { settings: settings2, env, keys } = gate;
      const now = env.clock.now();
      for (const [key, number] of keys ?? []) {
        if (typeof number !== "number") continue;
        const account = policyOf(settings2, env.clock);
        account.load(number);
        account.change(changed, now);
        if (account.fresh(now)) dropKey(gate, key);
        else keys.set(key, account.packed);
      }
    },
    keysOf: ({ keys }) => keys === null ? [] : [...keys.values()].filter((gate) => typeof gate !== "number")
  };
  const sweep = (now) => {
    for (const gate of opened) if (gate.resting && !gate.listed) idle.push(gate);
    opened = [];
    const kept = [];
    if (allGone(now)) {
      for (const gate of idle) {
        gate.retired = true;
        gate.keys = null;
      }
      gates = /* @__PURE__ */ new Map();
    } else {
      for (const gate of idle) {
        gate.listed = false;
        if (gate.retired || !gate.resting || tidied(gate, now)) continue;
        gate.listed = true;
        kept.push(gate);
      }
      levelSome();
    }
    idle = kept;
    allowance = Math.max(idleAllowance, kept.length * 2);
  };
  const allGone = (now) => {
    let names2 = 0;
    let keys = 0;
    for (const gate of idle) {
      if (gate.retired || !blank(gate, now)) return false;
      if (gate.base !== null) {
        keys++;
        continue;
      }
      names2++;
      if (gate.keys !== null) keys -= gate.keys.size;
    }
    return names2 === gates.size && keys === 0;
  };
  const tidied = (gate, now) => {
    const { base, key, spec, policy } = gate;
    if (forgettable(gate, now)) {
      if (base === null) gates.delete(spec.name);
      else dropKey(base, key);
    } else if (base !== null && policy.packed !== void 0 && quiet(gate, now)) {
      base.keys.set(key, policy.packed);
      packed.add(base);
    } else {
      return false;
    }
    gate.retired = true;
    return true;
  };
  const dropKey = (gate, key) => {
    const { keys } = gate;
    keys.delete(key);
    if (keys.size > 0) return;
    gate.keys = null;
    packed.delete(gate);
  };
  const levelSome = () => {
    round ??= levelAll();
    for (let i = 0; i < idleAllowance * 8; i++) {
      if (!round.next().done) continue;
      round = null;
      return;
    }
  };
  function* levelAll() {
    for (const gate of [...packed]) yield* levelKeys(gate);
  }
  function* levelKeys(gate) {
    const { settings: settings2, env } = gate;
    const account = policyOf(settings2, env.clock);
    packed.delete(gate);
    for (const [key, number] of gate.keys ?? []) {
      if (typeof number === "number") {
        account.load(number);
        if (account.fresh(env.clock.now())) dropKey(gate, key);
        else packed.add(gate);
      }
      yield;
    }
  }
  const forget = (gate, now) => {
    const round2 = levelKeys(gate);
    while (!round2.next().done) ;
    for (const key of home.keysOf(gate)) if (forgettable(key, now)) tidied(key, now);
    return forgettable(gate, now) && tidied(gate, now);
  };
  const made = (gate) => {
    if (opened.length >= allowance * 64) sweep(gate.env.clock.now());
    opened.push(gate);
    return gate;
  };
  const openGate = (spec, env) => {
    let gate = gates.get(spec.name);
    if (gate === void 0) {
      gate = made(new Turnstile(spec, void 0, policyOf(spec, env.clock), env, home, null));
      gates.set(spec.name, gate);
    }
    return gate;
  };
  const openKey = (base, key) => {
    const found = base.keys?.get(key);
    if (found !== void 0 && typeof found !== "number") return found;
    const { spec, settings: settings2, env } = base;
    const gate = new Turnstile(spec, key, policyOf(settings2, env.clock), env, home, base);
    if (found !== void 0) gate.policy.load(found);
    (base.keys ??= /* @__PURE__ */ new Map()).set(key, gate);
    return made(gate);
  };
  function* all() {
    for (const gate of gates.values()) {
      yield gate;
      yield* home.keysOf(gate);
    }
  }
  return {
    kind: "memory",
    shared: false,
    supports: () => true,
    open(spec, key, env) {
      const gate = openGate(spec, env);
      return key === void 0 ? gate : openKey(gate, key);
    },
    openAll: joined,
    forget(core) {
      const gate = gates.get(core.spec.name);
      return gate !== void 0 && forget(gate, gate.env.clock.now());
    },
    find: (name2) => gates.get(name2) ?? null,
    waits: () => {
      const edges = [];
      for (const gate of all()) {
        const now = gate.env.clock.now();
        const holders = leasesOf(gate);
        for (let ticket = gate.line.head; ticket !== null; ticket = ticket.next)
          edges.push(waitEdge(ticket, holders, now));
      }
      return edges;
    },
    settled: () => void 0,
    close: () => Promise.resolve()
  };
}

// ../wt/core/lib/gates/lease.ts
function named(kind, name2) {
  return typeof name2 === "string" && name2 !== "" ? name2 : expected(`The name of a ${kind}`, "a non-empty string", name2);
}
function leased(owner, { ttl, renew }) {
  if (ttl === void 0 && renew !== void 0) {
    expected(`${owner}.ttl`, "given where renew is", ttl);
  }
  return {
    ttl: ttl === void 0 ? Infinity : milliseconds(ttl, `${owner}.ttl`),
    renew: renew === void 0 ? true : flag(renew, `${owner}.renew`)
  };
}

// ../wt/core/lib/gates/mutex.ts
function mutex(name2, options = {}) {
  const owner = `mutex('${named("mutex", name2)}')`;
  knownOptions(owner, options, ["ttl", "renew", "reentrant"]);
  const { reentrant = false } = options;
  return { kind: "mutex", name: name2, ...leased(owner, options), reentrant: flag(reentrant, `${owner}.reentrant`) };
}

// ../wt/core/lib/gates/host.ts
var hostKey = /* @__PURE__ */ Symbol("host");
function withWall(clock) {
  return clock.wall === void 0 ? { ...clock, now: () => clock.now(), schedule: clock.schedule.bind(clock), wall: () => clock.now() } : clock;
}
function createHost(options = {}) {
  const { backend = memoryBackend(), clock, tracks = true, deadlock = "error" } = options;
  const { random = () => hostRandom().toString(36).slice(2), report = reportUnhandled } = options;
  const env = {
    clock: clock === void 0 ? hostClock : withWall(clock),
    random,
    activity: null,
    deadlock,
    tracks,
    fence: 0,
    report
  };
  const defined = /* @__PURE__ */ new Map();
  const specOf = (name2) => backend.find(name2)?.spec ?? defined.get(name2) ?? mutex(name2);
  const agree = (spec, other, why) => {
    if (other === void 0 || sameSpec(spec, other)) return;
    throw new SpecConflictError(`'${spec.name}' is ${why} as ${show(other)}, and was now asked for as ${show(spec)}.`, {
      hint: "Share one description, or change the live gate with its change().",
      details: { name: spec.name, there: other, asked: spec }
    });
  };
  const open2 = (spec, key) => {
    if (defined.size > 0) agree(spec, defined.get(spec.name), "defined");
    let core = backend.open(spec, key, env);
    if (core.spec !== spec && !sameSpec(core.spec, spec)) {
      if (!backend.forget(core)) agree(spec, core.spec, "in use");
      core = backend.open(spec, key, env);
    }
    return core;
  };
  const costsOf = ({ members }) => {
    const costs = /* @__PURE__ */ new Map();
    for (const { gate, cost, key } of members) {
      const core = host.core(gate, key);
      checkCost(core, cost);
      costs.set(core, (costs.get(core) ?? 0) + cost);
    }
    return costs;
  };
  const retiredIn = (costs) => [...costs.keys()].find(({ retired }) => retired);
  const joint = (all) => {
    let costs = costsOf(all);
    if (retiredIn(costs) !== void 0) costs = costsOf(all);
    const twice = retiredIn(costs);
    if (twice !== void 0) {
      throw new SpecConflictError(`'${twice.spec.name}' is in this allOf() with two different settings.`, {
        hint: "Share one description.",
        details: { name: twice.spec.name }
      });
    }
    const shares = [...costs].map(([core2, cost]) => ({ core: core2, cost })).sort((a, b) => titleOf(a.core) < titleOf(b.core) ? -1 : 1);
    const core = backend.openAll?.(shares, env) ?? null;
    if (core !== null) return core;
    throw new ConfigError(
      `The ${backend.kind} backend cannot take these gates together: ${shares.map((s) => s.core.spec.name).join(", ")}.`
    );
  };
  const host = {
    env,
    backend,
    tracks,
    core(ref, key) {
      if (typeof ref === "string") return open2(specOf(ref), key);
      if (typeof ref !== "object" || ref === null || !("kind" in ref || "spec" in ref)) {
        throw new ConfigError(`A gate is a description, a live gate or a name, not ${show(ref)}.`, {
          hint: "For example mutex('db'), or just 'db'."
        });
      }
      if ("spec" in ref) return open2(ref.spec, key);
      if (ref.kind === "all") return joint(ref);
      return open2(ref, key);
    },
    define(spec) {
      if (typeof spec !== "object" || spec === null || !("kind" in spec) || typeof spec.name !== "string") {
        throw new ConfigError(`define() takes a description, not ${show(spec)}.`, { hint: "For example mutex('db')." });
      }
      agree(spec, defined.get(spec.name), "defined");
      const live = backend.find(spec.name);
      if (live !== null && !sameSpec(live.spec, spec) && !backend.forget(live)) agree(spec, live.spec, "in use");
      defined.set(spec.name, spec);
    }
  };
  return host;
}
var fallback = null;
function defaultHost() {
  return fallback ??= createHost();
}
var defaultHostInUse = () => fallback !== null;
function setDefaultHost(host) {
  fallback = host;
}
function hostOf(frame) {
  return frame === null ? defaultHost() : hostAbove(frame);
}
function hostAbove(frame) {
  const coordinator = nearest(frame, "coordinator");
  return coordinator === null ? defaultHost() : coordinator.gates;
}
var currentHost = () => hostOf(frameHere());

// ../wt/core/lib/gates/gateRequest.ts
var GateRequest = class {
  constructor(ref, options, caller2, more) {
    this.host = null;
    this.last = null;
    this.ref = ref;
    this.key = options?.key;
    this.owner = options?.owner;
    this.signal = options?.signal;
    this.home = homeOf(ref, caller2);
    this.ask = options === void 0 ? plainAsk : wishesOf(ref, options, caller2, more);
  }
  /** For whom it is made. */
  parent() {
    return this.owner === void 0 ? asker() : askerOf(this.owner);
  }
  /** The live core, for somebody in this frame. */
  core(parent) {
    const host = this.home ?? hostOf(parent);
    return host === this.host && !this.last.retired ? this.last : this.find(host);
  }
  find(host) {
    const core = host.core(this.ref, this.key);
    checkCost(core, this.ask.cost);
    this.last = core;
    this.host = host;
    return core;
  }
};
var askerOf = (owner) => owner === void 0 ? asker() : living(Ticket.frameOf(owner));
function asker() {
  const frame = frameHere();
  return frame === null ? null : living(frame);
}
var requestOf = (ref, options, caller2) => options === void 0 ? plainRequest(ref, caller2) : new GateRequest(ref, options, caller2);
var lastRef = /* @__PURE__ */ Symbol("none");
var lastRequest = null;
function plainRequest(ref, caller2) {
  if (ref !== lastRef) {
    lastRequest = new GateRequest(ref, void 0, caller2);
    lastRef = ref;
  }
  return lastRequest;
}
function checked(options, caller2, more) {
  const ask = askOf(options, caller2, more);
  if (options.owner !== void 0) Ticket.frameOf(options.owner);
  return ask;
}
function wishesOf(ref, options, caller2, more) {
  const ask = checked(options, caller2, more);
  if (typeof ref === "object" && "kind" in ref && ref.kind === "all") {
    for (const option of ["cost", "key"]) {
      if (options[option] !== void 0)
        expected(
          `${caller2}.${option}`,
          `left out for an allOf, whose members have a '${option}' each`,
          options[option]
        );
    }
  }
  return ask;
}
function homeOf(ref, caller2) {
  if (typeof ref === "object" && ref !== null) {
    if ("kind" in ref) return ref.kind === "all" ? homeOfAll(ref, caller2) : null;
    if (hostKey in ref) return ref[hostKey];
  }
  if (typeof ref === "string" && ref !== "") return null;
  return noGate(ref, caller2);
}
function homeOfAll({ members }, caller2) {
  const homes = new Set(members.map(({ gate }) => homeOf(gate, caller2)).filter((home) => home !== null));
  if (homes.size > 1) throw new ConfigError(`${caller2} cannot take live gates of different coordinators together.`);
  return homes.values().next().value ?? null;
}
function noGate(ref, caller2) {
  throw new ConfigError(`${caller2} needs a gate: a description, a live gate or a name, not ${show(ref)}.`, {
    hint: "For example mutex('db'), or just 'db'."
  });
}

// ../wt/core/lib/time/backoff.ts
function backoff(retry, owner) {
  const options = typeof retry === "number" ? { attempts: retry } : retry;
  knownOptions(owner, options, ["attempts", "delay", "factor", "maxDelay", "jitter", "when"]);
  const { factor = 2, jitter = "none", when } = options;
  const attempts = positiveInteger(options.attempts, `${owner}.attempts`);
  const first = milliseconds(options.delay ?? 1e3, `${owner}.delay`, { zero: true });
  const most2 = milliseconds(options.maxDelay ?? Math.max(3e4, first), `${owner}.maxDelay`, { zero: true });
  oneOf(jitter, ["none", "full", "equal"], `${owner}.jitter`);
  if (typeof factor !== "number" || !(factor >= 1) || factor === Infinity) {
    throw new ConfigError(`${owner}.factor must be a number from 1 up, not ${show(factor)}.`, { details: { factor } });
  }
  if (when !== void 0 && typeof when !== "function")
    throw new ConfigError(`${owner}.when must be a function, not ${show(when)}.`);
  return (error, attempt2, random) => {
    if (attempt2 >= attempts) return null;
    const answer2 = when === void 0 ? true : when(error, attempt2);
    if (answer2 === false) return null;
    if (answer2 !== true) return milliseconds(answer2, `the answer of ${owner}.when`, { zero: true });
    const wait = Math.min(most2, first * factor ** (attempt2 - 1));
    if (jitter === "none") return wait;
    return jitter === "full" ? wait * random() : wait / 2 + wait / 2 * random();
  };
}

// ../wt/core/lib/events/patterns.ts
var own = "rxbaton.";
function isOwn(name2) {
  return name2.startsWith(own);
}
function checkName(name2) {
  if (typeof name2 === "string" && name2 !== "" && !name2.includes("*")) return;
  throw new ConfigError(`An event needs a name: some text without '*', not ${show(name2)}.`, {
    details: { name: name2 }
  });
}
function ownName(name2) {
  return new ConfigError(`'${name2}' is a name of the library's own events.`, {
    hint: "Choose one without 'rxbaton.' in front."
  });
}
function compile(selector) {
  if (typeof selector === "string") return selector.includes("*") ? glob(selector) : new ExactName(selector);
  if (typeof selector === "function") {
    refuseAgent(selector);
    const label = `a predicate${selector.name === "" ? "" : ` (${selector.name})`}`;
    return { label, name: null, matches: (name2) => !isOwn(name2), accepts: atOnce(selector, label) };
  }
  if (selector instanceof RegExp) return expression(selector);
  if (typeof selector === "object" && typeof selector?.event === "string")
    return new ExactName(selector.event);
  throw new ConfigError(`when() needs a name, a pattern, a handle, a RegExp or a predicate, not ${show(selector)}.`, {
    hint: "Give 'researcher_complete', '*_failed', research.complete, /^order_/ or (event) => boolean.",
    details: { selector }
  });
}
function refuseAgent(selector) {
  const handle = selector.complete?.event;
  if (typeof handle !== "string") return;
  throw new ConfigError("when() got a coordinated function, which has several events.", {
    hint: `Give one of its handles: .complete stands for '${handle}'.`,
    details: { selector }
  });
}
function atOnce(predicate, label) {
  return (event) => {
    const answer2 = predicate(event);
    if (typeof answer2?.then !== "function")
      return Boolean(answer2);
    answer2.then(void 0, () => {
    });
    throw new ConfigError(`when(${label}) got a promise from its predicate, which must answer at once.`, {
      hint: "Await inside the handler and return there."
    });
  };
}
var ExactName = class {
  constructor(name2) {
    this.accepts = null;
    checkName(name2);
    this.name = name2;
  }
  get label() {
    return `'${this.name}'`;
  }
  matches(name2) {
    return name2 === this.name;
  }
};
function glob(pattern) {
  const parts = pattern.split(/\*+/);
  return {
    label: `'${pattern}'`,
    name: null,
    matches: (name2) => isOwn(pattern) === isOwn(name2) && covers(parts, name2),
    accepts: null
  };
}
function covers(parts, name2) {
  const first = parts[0];
  const last2 = parts[parts.length - 1];
  const end2 = name2.length - last2.length;
  if (!name2.startsWith(first) || end2 < first.length || !name2.endsWith(last2)) return false;
  let at = first.length;
  for (let i = 1; i < parts.length - 1; i++) {
    const part = parts[i];
    at = name2.indexOf(part, at);
    if (at < 0 || at + part.length > end2) return false;
    at += part.length;
  }
  return true;
}
function expression(regexp) {
  const stateless = new RegExp(regexp.source, regexp.flags.replace(/[gy]/g, ""));
  const spellsOwn = regexp.source.includes("rxbaton");
  return {
    label: String(regexp),
    name: null,
    matches: (name2) => (spellsOwn || !isOwn(name2)) && stateless.test(name2),
    accepts: null
  };
}

// ../wt/core/lib/events/callOptions.ts
var names = ["lock", "limits", "acquireTimeout", "timeout", "signal", "retry", "abandonAfter", "collect"];
function planOf(name2, options, fn) {
  checkAgentName(name2);
  const owner = `coordinate('${name2}')`;
  knownOptions(owner, options, names);
  if (typeof fn !== "function") expected(`The work of ${owner}`, "a function", fn);
  const { lock, limits, acquireTimeout, timeout, signal = null, retry, abandonAfter, collect = null } = options;
  if (collect !== null && typeof collect !== "function") expected(`${owner}.collect`, "an RxJS operator", collect);
  const parts = [gatesIn(lock, `${owner}.lock`), gatesIn(limits, `${owner}.limits`)];
  const varies = parts.some((part) => typeof part === "function");
  const wait = acquireTimeout === void 0 ? Infinity : milliseconds(acquireTimeout, `${owner}.acquireTimeout`, { zero: true });
  const requestFor = (gates) => gates.length === 0 ? null : new GateRequest(gates.length > 1 ? allOf(...gates) : gates[0], { timeout: wait }, owner);
  return {
    name: name2,
    fn,
    started: `${name2}_started`,
    complete: `${name2}_complete`,
    failed: `${name2}_failed`,
    cancelled: `${name2}_cancelled`,
    retrying: `${name2}_retrying`,
    abandoned: `${name2}_abandoned`,
    request: varies ? null : requestFor(parts.flat()),
    pickRequest: varies ? function(...args) {
      return requestFor(parts.flatMap((part) => typeof part === "function" ? part.apply(this, args) : part));
    } : null,
    timeout: timeout === void 0 ? Infinity : milliseconds(timeout, `${owner}.timeout`),
    signal: typeof signal === "function" ? signalPicker(signal, owner) : checkedSignal(signal, `${owner}.signal`),
    retry: retry === void 0 ? null : backoff(retry, `${owner}.retry`),
    abandonAfter: abandonAfter === void 0 ? Infinity : milliseconds(abandonAfter, `${owner}.abandonAfter`, { zero: true }),
    collect
  };
}
function checkAgentName(name2) {
  if (typeof name2 !== "string" || name2 === "" || name2.includes("*") || isOwn(name2)) {
    expected("The name of a coordinated function", "some text without '*' that does not begin with 'rxbaton.'", name2);
  }
}
function gatesIn(given, owner) {
  if (given === void 0) return [];
  if (typeof given !== "function") return listed(given, owner);
  return function(...args) {
    return listed(given.apply(this, args), `What ${owner} returns`);
  };
}
function listed(given, owner) {
  const list3 = Array.isArray(given) ? given : [given];
  for (const gate of list3) {
    const described = typeof gate === "object" && gate !== null && ("kind" in gate || "spec" in gate);
    if (!described && (typeof gate !== "string" || gate === ""))
      expected(owner, "a gate, the name of one, or a list of them", gate);
  }
  return list3;
}
function signalPicker(pick, owner) {
  return function(...args) {
    return checkedSignal(pick.apply(this, args), `What ${owner}.signal returns`);
  };
}
function checkedSignal(signal, owner) {
  if (signal === null || signal === void 0) return null;
  return signal instanceof AbortSignal ? signal : expected(owner, "an AbortSignal", signal);
}

// ../wt/core/lib/events/observeCall.ts
import { Observable as Observable2 } from "rxjs";
function observeCall(plan, kernelOf, self, args) {
  return new Observable2((subscriber) => {
    const kernel = kernelOf();
    const frame = kernel.here();
    const tell2 = (notify2) => {
      kernel.run(frame, notify2, void 0);
    };
    const call = new Call(plan, kernel, self, args, {
      value: (value) => {
        tell2(() => {
          subscriber.next(value);
        });
      },
      resolve: (result, streamed) => {
        tell2(() => {
          if (!streamed) subscriber.next(result);
          subscriber.complete();
        });
      },
      reject: (error) => {
        tell2(() => {
          subscriber.error(error);
        });
      }
    });
    subscriber.add(() => {
      call.leave();
    });
    call.start();
  });
}

// ../wt/core/lib/events/coordinateWith.ts
function coordinateWith(kernelOf) {
  function coordinate(name2, ...rest) {
    const [first, second] = rest;
    const options = first === void 0 ? {} : first;
    if (typeof first === "function") {
      if (second !== void 0) optionsFirst(`coordinate('${name2}')`);
      return coordinated(planOf(name2, {}, first), first, kernelOf);
    }
    if (rest.length > 1)
      return coordinated(planOf(name2, options, second), second, kernelOf);
    return (method, context2) => {
      if (context2?.kind !== "method")
        expected(`What @coordinate('${name2}') decorates`, "a method (of standard decorators)", context2?.kind);
      return coordinated(planOf(name2, options, method), method, kernelOf);
    };
  }
  return coordinate;
}
function coordinated(plan, fn, kernelOf) {
  function call(...args) {
    return new Promise((resolve, reject) => {
      new Call(plan, kernelOf(), this, args, { value: null, resolve, reject }).start();
    });
  }
  function observe(...args) {
    return observeCall(plan, kernelOf, this === call ? void 0 : this, args);
  }
  Object.defineProperties(call, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true }
  });
  return Object.assign(call, fn, {
    started: { event: plan.started },
    complete: { event: plan.complete },
    failed: { event: plan.failed },
    cancelled: { event: plan.cancelled },
    observe
  });
}

// ../wt/core/lib/log/digest.ts
function digest(parts) {
  let a = 3735928559;
  let b = 1103547991;
  const feed = (sign) => {
    a = Math.imul(a ^ sign, 2654435761);
    b = Math.imul(b ^ sign, 1597334677);
  };
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) feed(part.charCodeAt(i));
    feed(65536);
  }
  a = Math.imul(a ^ a >>> 16, 2246822507) ^ Math.imul(b ^ b >>> 13, 3266489909);
  b = Math.imul(b ^ b >>> 16, 2246822507) ^ Math.imul(a ^ a >>> 13, 3266489909);
  return ((b & 2097151) * 4294967296 + (a >>> 0)).toString(36);
}

// ../wt/core/lib/log/Encoded.ts
var Encoded = class {
  #codec;
  /** @param codec Who reads the text. `null`: the codec of the log. */
  constructor(text2, codec = null) {
    this.text = text2;
    this.#codec = codec;
  }
  /** In the words of another codec, where it has others. An own codec may hide what it writes: nothing must get past it. */
  textFor(codec) {
    const own2 = this.#codec;
    return own2 === null || own2 === codec ? this.text : codec.encode(own2.decode(this.text));
  }
};

// ../wt/core/lib/log/checks.ts
var name = (value, option) => typeof value === "string" && value !== "" ? value : expected(option, "a string that is not empty", value);
var count = (value, option) => Number.isSafeInteger(value) && value >= 0 ? value : expected(option, "an integer from 0 up", value);
var token = (value, option) => Number.isSafeInteger(value) && value > 0 ? value : expected(option, "a token that this log gave", value);
var finite = (value, option) => Number.isFinite(value) ? value : expected(option, "a finite number", value);
var lasting = (value, option) => Number.isFinite(value) && value > 0 ? value : expected(option, "a positive number of milliseconds", value);
var list = (items, option, check) => Array.isArray(items) ? items.map((item, i) => check(item, `${option}[${i}]`)) : expected(option, "an array", items);

// ../wt/core/lib/log/appendRequest.ts
var nothing = Object.freeze({});
var durabilities = ["memory", "batch", "sync", "replicated"];
function appendRequest(stream, events, options, codec, capabilities) {
  name(stream, "The stream of append");
  if (!Array.isArray(events)) expected("The events of append", "an array", events);
  const checked3 = options === void 0 ? nothing : appendOptions(options, capabilities);
  const { once, effects, epoch, close, commitId, signal } = checked3;
  if (events.length === 0 && !once?.length && !effects?.length && epoch === void 0 && close !== true) {
    throw new ConfigError(`This append to '${stream}' would do nothing: it has no events and no effects.`);
  }
  if (signal?.aborted === true) {
    throw new AbortedError(`The append to '${stream}' was called off before it began.`, {
      cause: signal.reason,
      details: { stream }
    });
  }
  const texts = [];
  for (const event of events) texts.push(event instanceof Encoded ? event.textFor(codec) : codec.encode(event));
  checkSize(stream, texts, capabilities.maxCommitBytes);
  if (commitId === void 0) return { stream, texts, options: checked3, digest: void 0 };
  const marks2 = JSON.stringify([once ?? [], effects ?? [], epoch ?? null, close === true]);
  return { stream, texts, options: checked3, digest: digest([...texts, marks2]) };
}
function appendOptions(options, { durability: has2, effects: can }) {
  knownOptions("append", options, [
    "expectedSeq",
    "epoch",
    "commitId",
    "once",
    "guards",
    "effects",
    "close",
    "durability",
    "signal"
  ]);
  const { expectedSeq, epoch, commitId, once, guards, effects, close, durability, signal } = options;
  if (expectedSeq !== void 0) count(expectedSeq, "append.expectedSeq");
  if (epoch !== void 0) count(epoch, "append.epoch");
  if (commitId !== void 0) name(commitId, "append.commitId");
  if (close !== void 0) flag(close, "append.close");
  if (durability !== void 0)
    checkDurability(oneOf(durability, durabilities, "append.durability"), has2, "append.durability");
  if (signal !== void 0 && typeof signal?.aborted !== "boolean") {
    expected("append.signal", "an AbortSignal", signal);
  }
  if (!can && (guards !== void 0 || effects !== void 0)) {
    throw new ConfigError("This log has no effects: neither leases nor indexes.", {
      hint: "Use another log, or keep them elsewhere."
    });
  }
  return {
    ...options,
    ...once !== void 0 && { once: different(list(once, "append.once", name), "append.once") },
    ...guards !== void 0 && { guards: list(guards, "append.guards", guard) },
    ...effects !== void 0 && { effects: effectsOf(effects) }
  };
}
function checkDurability(durability, has2, option) {
  if (has2.includes(durability)) return;
  throw new ConfigError(`This log cannot promise the durability '${durability}'.`, {
    hint: `It has: ${has2.join(", ")}.`,
    details: { option, value: durability, has: has2 }
  });
}
function effectsOf(given) {
  const effects = list(given, "append.effects", effectOf);
  const keys = effects.flatMap((effect) => "key" in effect ? [effect.key] : []);
  different(keys, "append.effects: the keys of leases");
  return effects;
}
function guard(value, owner) {
  knownOptions(owner, value, ["key", "token"]);
  return { key: name(value.key, `${owner}.key`), token: token(value.token, `${owner}.token`) };
}
function effectOf(effect, owner) {
  switch (effect?.op) {
    case "lease": {
      knownOptions(owner, effect, ["op", "key", "token", "ttl", "owner"]);
      const { op, key, token: asked, ttl, owner: holder } = effect;
      name(key, `${owner}.key`);
      if (asked !== null) token(asked, `${owner}.token`);
      return { op, key, token: asked, ttl: lasting(ttl, `${owner}.ttl`), owner: name(holder, `${owner}.owner`) };
    }
    case "unlease": {
      knownOptions(owner, effect, ["op", "key"]);
      const { op, key } = effect;
      return { op, key: name(key, `${owner}.key`) };
    }
    case "schedule": {
      knownOptions(owner, effect, ["op", "index", "member", "due"]);
      const { op, index, member, due } = effect;
      return {
        op,
        index: name(index, `${owner}.index`),
        member: name(member, `${owner}.member`),
        due: finite(due, `${owner}.due`)
      };
    }
    case "unschedule": {
      knownOptions(owner, effect, ["op", "index", "member"]);
      const { op, index, member } = effect;
      return { op, index: name(index, `${owner}.index`), member: name(member, `${owner}.member`) };
    }
    default:
      return expected(owner, "an effect: 'lease', 'unlease', 'schedule' or 'unschedule'", effect);
  }
}
function different(keys, owner) {
  if (new Set(keys).size === keys.length) return keys;
  throw new ConfigError(`${owner} must be different: ${keys.find((key, i) => keys.indexOf(key) < i)} is there twice.`);
}
function checkSize(stream, texts, most2) {
  let signs = 0;
  for (const text2 of texts) signs += text2.length;
  if (signs * 3 <= most2) return;
  let bytes2 = 0;
  for (const text2 of texts) bytes2 += bytesOf(text2);
  if (bytes2 <= most2) return;
  throw new LogTooLargeError(`A commit of ${bytes2} bytes to '${stream}' is more than this log takes, ${most2}.`, {
    hint: "Append it in several commits, or keep large values elsewhere.",
    details: { stream, bytes: bytes2, most: most2 }
  });
}
function bytesOf(text2) {
  let bytes2 = 0;
  for (let i = 0; i < text2.length; i++) {
    const sign = text2.charCodeAt(i);
    bytes2 += sign < 128 ? 1 : sign < 2048 || sign >= 55296 && sign < 57344 ? 2 : 3;
  }
  return bytes2;
}

// ../wt/core/lib/log/deliveryOptions.ts
var deliveryOptionNames = [
  "stream",
  "maxBuffer",
  "overflow",
  "durability",
  "retry"
];
var patient = { attempts: 10, delay: 100, maxDelay: "10s" };
function delivery(options, owner) {
  const { stream, maxBuffer, overflow = "error", durability, retry = patient } = options;
  if (durability !== void 0) oneOf(durability, durabilities, `${owner}.durability`);
  return {
    stream: name(stream, `${owner}.stream`),
    maxBuffer: positiveInteger(maxBuffer, `${owner}.maxBuffer`),
    overflow: oneOf(overflow, ["error", "drop-oldest", "drop-newest"], `${owner}.overflow`),
    durability,
    retry: backoff(retry, `${owner}.retry`)
  };
}
function checkLog(log, owner, durability) {
  const { append, then, capabilities } = log ?? {};
  if (typeof append !== "function" && typeof then !== "function")
    throw new ConfigError(`${owner} needs a log, or the promise of one, not ${show(log)}.`);
  if (durability !== void 0 && capabilities !== void 0)
    checkDurability(durability, capabilities.durability, `${owner}.durability`);
}

// ../wt/core/lib/log/fileAdapter.ts
var fileAdapter = () => import("rxbaton/adapters/file");

// ../wt/core/lib/log/memoryLog.ts
import { defer as defer2, from as from2, Observable as Observable3 } from "rxjs";

// ../wt/core/lib/log/isPlain.ts
var deepest2 = 48;
function isPlain(value, redaction2 = null, depth2 = 0) {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return value - value === 0 && (value !== 0 || 1 / value > 0);
    case "object":
      if (value === null) return true;
      if (depth2 === deepest2) return false;
      return Array.isArray(value) ? isPlainList(value, redaction2, depth2 + 1) : isPlainObject(value, redaction2, depth2 + 1);
    default:
      return false;
  }
}
function isPlainList(list3, redaction2, depth2) {
  if (redaction2?.inLists === true) return false;
  for (let i = 0; i < list3.length; i++) if (!isPlain(list3[i], redaction2, depth2)) return false;
  return !("toJSON" in list3);
}
function isPlainObject(value, redaction2, depth2) {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key in value) {
    if (key.charCodeAt(0) === 36 || redaction2?.mayEndWith(key) === true) return false;
    if (!isPlain(value[key], redaction2, depth2)) return false;
  }
  return !("toJSON" in value);
}

// ../wt/core/lib/log/views.ts
var views = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView
};

// ../wt/core/lib/log/revive.ts
function revive(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return list2(value);
  let only = "";
  let count2 = 0;
  for (const key in value) {
    only = key;
    if (++count2 > 1) break;
  }
  return count2 === 1 && only.charCodeAt(0) === 36 ? untag(only, value[only]) : fields(value);
}
function fields(value) {
  for (const key in value) {
    const part = value[key];
    if (typeof part === "object" && part !== null) value[key] = revive(part);
  }
  return value;
}
function list2(parts) {
  let holes = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (typeof part !== "object" || part === null) continue;
    const revived = parts[i] = revive(part);
    if (revived instanceof Holes) holes += revived.count;
  }
  return holes === 0 ? parts : withHoles(parts);
}
function withHoles(parts) {
  const sparse = [];
  for (const part of parts) {
    if (part instanceof Holes) sparse.length += part.count;
    else sparse.push(part);
  }
  return sparse;
}
var Holes = class {
  constructor(count2) {
    this.count = count2;
  }
};
var tags = {
  $: (content) => fields(content),
  $undefined: () => void 0,
  $number: Number,
  $bigint: (content) => BigInt(content),
  $date: (content) => new Date(content === null ? NaN : content),
  $map: (content) => new Map(list2(content)),
  $set: (content) => new Set(list2(content)),
  $regexp: (content) => {
    const [source2, flags, lastIndex = 0] = content;
    return Object.assign(new RegExp(source2, flags), { lastIndex });
  },
  $url: (content) => new URL(content),
  $error: (content) => failure(fields(content)),
  $holes: (content) => new Holes(content),
  $opaque: (content) => ({ $opaque: content }),
  $ArrayBuffer: (content) => bytes(content).buffer,
  ...Object.fromEntries(
    Object.entries(views).map(([name2, View]) => [`$${name2}`, (content) => new View(bytes(content).buffer)])
  )
};
function untag(tag, content) {
  const meaning = Object.hasOwn(tags, tag) ? tags[tag] : void 0;
  if (meaning === void 0) {
    throw new CodecError(`A text of the log has the tag ${show(tag)}, which this version does not know.`, {
      hint: "It was written by a later version, or by something else.",
      details: { tag }
    });
  }
  try {
    return meaning(content);
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
    throw new CodecError(`A text of the log has no meaning behind the tag ${show(tag)}.`, { cause, details: { tag } });
  }
}
function bytes(content) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(content)) throw new TypeError("This is no base64.");
  return fromBase64(content);
}
var classes = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
function failure({ name: name2, message, ...rest }) {
  const own2 = Object.hasOwn(classes, name2) ? classes[name2] : Error;
  const error = "errors" in rest ? new AggregateError(rest["errors"], message) : new own2(message);
  const hidden2 = (key, value) => {
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
  };
  if (error.name !== name2) hidden2("name", name2);
  hidden2("stack", rest["stack"]);
  if ("cause" in rest) hidden2("cause", rest["cause"]);
  if ("code" in rest) Object.assign(error, { code: rest["code"] });
  return error;
}

// ../wt/core/lib/log/redaction.ts
var redacted = "[redacted]";
function redaction(paths, owner) {
  if (!Array.isArray(paths)) expected(owner, "a list of paths such as 'data.apiKey'", paths);
  const places2 = paths.flatMap((path, i) => placesOf(path, `${owner}[${i}]`));
  if (places2.length === 0) return null;
  const ends = new Set(places2.map((keys) => keys.at(-1)));
  const anyEnd = ends.has("*") || ends.has("**");
  return {
    mayEndWith: (key) => anyEnd || ends.has(key),
    inLists: anyEnd || [...ends].some((key) => /^\d+$/.test(key)),
    covers: (path) => places2.some((keys) => fits(keys, 0, path, 0))
  };
}
function placesOf(path, owner) {
  const [root, ...keys] = typeof path === "string" ? path.split(".") : [];
  if (root === "**") return [[root, ...keys]];
  if (root !== "data" || keys.length === 0 || keys.includes(""))
    expected(owner, "a path that begins with 'data.' or '**.'", path);
  return [keys, ["event", "data", ...keys]];
}
function fits(keys, k, path, p) {
  if (k === keys.length) return p === path.length;
  const key = keys[k];
  if (key === "**") return fits(keys, k + 1, path, p) || p < path.length && fits(keys, k, path, p + 1);
  return p < path.length && (key === "*" || key === String(path[p])) && fits(keys, k + 1, path, p + 1);
}

// ../wt/core/lib/log/Writer.ts
var deepest3 = 1e3;
var Writer = class {
  #root;
  #opaque;
  #redaction;
  /** The keys that lead to what is being written. */
  #path = [];
  /** The objects on that way. */
  #above = /* @__PURE__ */ new Set();
  constructor({ root = "", opaque: opaque2 = false, redaction: redaction2 = null } = {}) {
    this.#root = root;
    this.#opaque = opaque2;
    this.#redaction = redaction2;
  }
  /** @throws CodecError */
  write(value) {
    try {
      return this.#value(value);
    } catch (error) {
      if (error instanceof CodecError) throw error;
      if (this.#opaque) return opaque("Unreadable");
      throw this.#error("cannot be read", error);
    }
  }
  #value(value) {
    switch (typeof value) {
      case "string":
      case "boolean":
        return JSON.stringify(value);
      case "number":
        if (Number.isFinite(value) && !Object.is(value, -0)) return `${value}`;
        return `{"$number":"${Object.is(value, -0) ? "-0" : value}"}`;
      case "undefined":
        return '{"$undefined":true}';
      case "bigint":
        return `{"$bigint":"${value}"}`;
      case "object":
        return value === null ? "null" : this.#object(value);
      default:
        return this.#cannot(typeof value === "function" ? "Function" : "Symbol", `is a ${typeof value}`);
    }
  }
  #object(value) {
    if (this.#above.has(value)) return this.#cannot("Circular", "contains itself");
    if (this.#above.size === deepest3) return this.#cannot("TooDeep", `is more than ${deepest3} levels deep`);
    this.#above.add(value);
    const depth2 = this.#path.length;
    try {
      return this.#known(value);
    } catch (error) {
      if (error instanceof CodecError) throw error;
      return this.#cannot("Unreadable", "cannot be read", error);
    } finally {
      this.#path.length = depth2;
      this.#above.delete(value);
    }
  }
  #known(value) {
    if (Array.isArray(value)) return this.#list(value);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return this.#plain(value);
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    switch (kind) {
      case "Date": {
        const time = value.getTime();
        return `{"$date":${Number.isNaN(time) ? "null" : `"${value.toISOString()}"`}}`;
      }
      case "Map":
        return this.#map(value);
      case "Set":
        return `{"$set":${this.#list([...value])}}`;
      case "RegExp": {
        const { source: source2, flags, lastIndex } = value;
        return `{"$regexp":${JSON.stringify(lastIndex === 0 ? [source2, flags] : [source2, flags, lastIndex])}}`;
      }
      case "URL":
        return `{"$url":${JSON.stringify(value.href)}}`;
      case "Error":
      case "DOMException":
        return this.#failure(value);
      case "ArrayBuffer":
        return `{"$ArrayBuffer":"${toBase64(new Uint8Array(value))}"}`;
    }
    if (ArrayBuffer.isView(value) && Object.hasOwn(views, kind)) return `{"$${kind}":"${toBase64(value)}"}`;
    if (value instanceof Error) return this.#failure(value);
    return this.#instance(value);
  }
  #plain(value) {
    const { toJSON } = value;
    if (typeof toJSON === "function") return this.#instance(value);
    const keys = Object.keys(value);
    const text2 = this.#fields(value, keys);
    return keys.length === 1 && keys[0].startsWith("$") ? `{"$":${text2}}` : text2;
  }
  #fields(value, keys) {
    let text2 = "{";
    for (const key of keys) {
      if (text2.length > 1) text2 += ",";
      text2 += `${JSON.stringify(key)}:${this.#part(value, key)}`;
    }
    return `${text2}}`;
  }
  #list(list3) {
    const parts = [];
    for (let i = 0; i < list3.length; i++) {
      if (i in list3) {
        parts.push(this.#part(list3, i));
        continue;
      }
      const from5 = i;
      while (i + 1 < list3.length && !(i + 1 in list3)) i++;
      parts.push(`{"$holes":${i + 1 - from5}}`);
    }
    return `[${parts.join(",")}]`;
  }
  /** Only what errors are known for: what clients hang on theirs, requests and sockets, is neither data nor for every eye. */
  #failure(error) {
    const { name: name2, message, stack, code, errors } = error;
    const fields2 = { name: name2, message };
    if (typeof stack === "string") fields2["stack"] = stack;
    if (typeof code === "string" || typeof code === "number") fields2["code"] = code;
    if (Object.hasOwn(error, "cause")) fields2["cause"] = error.cause;
    if (Array.isArray(errors) && (name2 === "AggregateError" || error instanceof AggregateError))
      fields2["errors"] = errors;
    return `{"$error":${this.#fields(fields2, Object.keys(fields2))}}`;
  }
  #instance(value) {
    const { toJSON } = value;
    if (typeof toJSON === "function") return this.#value(toJSON.call(value));
    const name2 = nameOf(value);
    return this.#cannot(name2, `is an instance of ${name2}, which has no toJSON()`);
  }
  #map(map) {
    const entries = [];
    for (const [key, value] of map) {
      this.#path.push(typeof key === "string" ? key : entries.length);
      entries.push(`[${this.#value(key)},${this.#shown(value)}]`);
      this.#path.pop();
    }
    return `{"$map":[${entries.join(",")}]}`;
  }
  #part(of2, key) {
    this.#path.push(key);
    const text2 = this.#shown(of2[key]);
    this.#path.pop();
    return text2;
  }
  #shown(value) {
    return this.#redaction?.covers(this.#path) === true ? JSON.stringify(redacted) : this.#value(value);
  }
  #cannot(type, why, cause) {
    if (this.#opaque) return opaque(type);
    throw this.#error(why, cause);
  }
  #error(why, cause) {
    const path = this.#path.reduce(step, this.#root);
    return new CodecError(`${path === "" ? "The value" : path} ${why}: it cannot be written to a log.`, {
      hint: "Leave it out, or put what matters of it into plain data.",
      details: { path },
      cause
    });
  }
};
var opaque = (type) => `{"$opaque":${JSON.stringify(type)}}`;
function nameOf(value) {
  const name2 = value.constructor?.name;
  return typeof name2 === "string" && name2 !== "" ? name2 : "Object";
}
var step = (path, key) => typeof key === "number" ? `${path}[${key}]` : !/^[A-Za-z_$][\w$]*$/.test(key) ? `${path}[${JSON.stringify(key)}]` : path === "" ? key : `${path}.${key}`;

// ../wt/core/lib/log/losslessCodec.ts
var separators = /[\u2028\u2029]/g;
function lossless(value, options) {
  const text2 = native(value, options?.redaction ?? null) ?? new Writer(options).write(value);
  return text2.includes("\u2028") || text2.includes("\u2029") ? text2.replace(separators, escaped) : text2;
}
function native(value, redaction2) {
  try {
    return isPlain(value, redaction2) ? JSON.stringify(value) : null;
  } catch {
    return null;
  }
}
var escaped = (sign) => sign === "\u2028" ? "\\u2028" : "\\u2029";
var losslessCodec = {
  encode: (value) => lossless(value),
  decode: (text2) => {
    let value;
    try {
      value = JSON.parse(text2);
    } catch (cause) {
      throw new CodecError("A text of the log is no JSON.", { cause, details: { length: text2.length } });
    }
    return text2.includes("$") && text2.includes('"$') ? revive(value) : value;
  }
};

// ../wt/core/lib/log/decoder.ts
var unwanted = /* @__PURE__ */ Symbol("unwanted");
var start = '{"name":"';
function decoder(codec, names2) {
  if (names2 === null) return (text2) => codec.decode(text2);
  return (text2) => {
    const name2 = nameIn(text2);
    if (name2 !== null && !names2.has(name2)) return unwanted;
    const event = codec.decode(text2);
    return names2.has(event?.name) ? event : unwanted;
  };
}
function nameIn(text2) {
  if (!text2.startsWith(start)) return null;
  const name2 = text2.slice(start.length, text2.indexOf('"', start.length));
  return name2.includes("\\") ? null : name2;
}

// ../wt/core/lib/log/position.ts
var positionOf = (seq) => `@${seq}`;
function firstWanted(from5, owner) {
  if (typeof from5 === "number") {
    return Number.isSafeInteger(from5) && from5 > 0 ? from5 : expected(owner, "a seq from 1 up, or a position", from5);
  }
  const seq = /^@(\d+)$/.exec(from5)?.[1];
  return seq === void 0 ? expected(owner, "a seq from 1 up, or a position that this log gave", from5) : Number(seq) + 1;
}

// ../wt/core/lib/log/readRequest.ts
function readRequest(stream, options = {}) {
  name(stream, "The stream of read");
  knownOptions("read", options, ["from", "to", "names", "follow", "maxBuffer"]);
  const { from: from5 = "start", to, names: names2, follow: follow2 = false, maxBuffer = 1e3 } = options;
  return {
    stream,
    // A position is a string too, but none of these two.
    from: from5 === "start" ? "start" : from5 === "end" ? "end" : firstWanted(from5, "read.from"),
    to: to === void 0 ? Infinity : lastWanted(to),
    names: names2 === void 0 ? null : new Set(list(names2, "read.names", name)),
    follow: flag(follow2, "read.follow"),
    maxBuffer: positiveInteger(maxBuffer, "read.maxBuffer")
  };
}
var lastWanted = (to) => to === 0 ? 0 : typeof to === "number" ? firstWanted(to, "read.to") : firstWanted(to, "read.to") - 1;
function rangeOf({ stream, from: from5, to, follow: follow2 }, head) {
  const { firstSeq, lastSeq } = head ?? { firstSeq: 1, lastSeq: 0 };
  const first = from5 === "start" ? firstSeq : from5 === "end" ? lastSeq + 1 : from5;
  checkTrimmed(stream, first, firstSeq);
  return { first, last: follow2 ? to : Math.min(to, lastSeq) };
}
function checkTrimmed(stream, next3, firstSeq) {
  if (next3 >= firstSeq) return;
  throw new LogTrimmedError(`Event ${next3} of '${stream}' was trimmed away: the first there is ${firstSeq}.`, {
    hint: "Read from 'start' if you can do without the others; otherwise trim later.",
    details: { stream, seq: next3, firstSeq }
  });
}

// ../wt/core/lib/log/MemoryReader.ts
var MemoryReader = class {
  #last;
  #store;
  #subscriber;
  #maxBuffer;
  #decode;
  /** The stream as it was when it was first there: another one of its name is not what was asked for. */
  #shelf;
  /** The last `seq` there will be, since the log closes. */
  #end = Infinity;
  #awake = false;
  /** It runs for whoever subscribed, not for whoever appended. */
  #frame = currentFrame();
  /** @throws LogTrimmedError */
  constructor(store, request, subscriber) {
    const { first, last: last2 } = rangeOf(request, store.ledger.head(request.stream));
    this.stream = request.stream;
    this.next = first;
    this.#last = last2;
    this.#store = store;
    this.#subscriber = subscriber;
    this.#maxBuffer = request.maxBuffer;
    this.#decode = decoder(store.codec, request.names);
    this.wake();
  }
  /** There may be something to do. */
  wake() {
    this.#shelf ??= this.#store.shelf(this.stream);
    if (this.#awake) return;
    this.#awake = true;
    void Promise.resolve().then(() => {
      this.#awake = false;
      const read = () => {
        this.#read();
      };
      if (currentFrame() === this.#frame) read();
      else runIn(this.#frame, read);
    });
  }
  /** Completes behind what is there now. */
  finish() {
    this.#end = this.#store.ledger.facts(this.stream)?.last ?? 0;
    if (this.next > this.#end) this.#subscriber.complete();
    else this.wake();
  }
  /** Comes to its end here. */
  abort(reason) {
    this.#subscriber.error(reason);
  }
  #read() {
    try {
      for (let left = this.#maxBuffer; left > 0; left--) {
        if (this.#subscriber.closed || !this.#one()) return;
      }
      this.wake();
    } catch (error) {
      this.#subscriber.error(error);
    } finally {
      this.#store.prune(this.stream);
    }
  }
  /** Delivers what comes next. `false`: there is nothing, for now or for ever. */
  #one() {
    const facts = this.#store.ledger.facts(this.stream);
    const last2 = facts?.last ?? 0;
    const removed = this.#shelf !== this.#store.shelf(this.stream);
    const ended = this.next > last2 && facts?.closed === true;
    if (removed || ended || this.next > Math.min(this.#last, this.#end)) {
      this.#subscriber.complete();
      return false;
    }
    if (this.next > last2) return false;
    checkTrimmed(this.stream, this.next, facts?.first ?? 1);
    const seq = this.next++;
    const { text: text2, commit, at, last: final } = this.#shelf.at(seq);
    const event = this.#decode(text2);
    if (event !== unwanted) {
      const { stream } = this;
      this.#subscriber.next({ stream, seq, position: positionOf(seq), commit, last: final, event, at });
    }
    return true;
  }
};

// ../wt/core/lib/internal/Fifo.ts
var Fifo = class {
  #items = [];
  #head = 0;
  get length() {
    return this.#items.length - this.#head;
  }
  /** The one that `shift` would give. */
  get first() {
    return this.#items[this.#head];
  }
  push(item) {
    this.#items.push(item);
  }
  shift() {
    if (this.#head === this.#items.length) return void 0;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = void 0;
    if (this.#head >= 32 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
  clear() {
    this.#items = [];
    this.#head = 0;
  }
};

// ../wt/core/lib/internal/Heap.ts
var Heap = class {
  /** @param placed Is told where each item stands, whenever that changes: who wants to move an item has to know its place. */
  constructor(before2, placed) {
    this.items = [];
    this.#before = before2;
    this.#placed = placed;
  }
  #before;
  #placed;
  push(item) {
    this.items.push(item);
    this.settle(this.items.length - 1);
  }
  shift() {
    return this.remove(0);
  }
  remove(place) {
    const item = this.items[place];
    const final = this.items.pop();
    if (final !== void 0 && place < this.items.length) {
      this.items[place] = final;
      this.settle(place);
    }
    return item;
  }
  /** Brings the item that stands here, and may have changed, to its right place. */
  settle(place) {
    const { items } = this;
    const item = items[place];
    for (let above = place - 1 >> 1; place > 0; above = place - 1 >> 1) {
      const parent = items[above];
      if (!this.#before(item, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    for (let below = 2 * place + 1; below < items.length; below = 2 * place + 1) {
      if (below + 1 < items.length && this.#before(items[below + 1], items[below])) below++;
      const child = items[below];
      if (!this.#before(child, item)) break;
      this.#put(child, place);
      place = below;
    }
    this.#put(item, place);
  }
  #put(item, place) {
    this.items[place] = item;
    this.#placed?.(item, place);
  }
};

// ../wt/core/lib/log/DueIndex.ts
var before = (a, b) => a.due < b.due || a.due === b.due && a.member < b.member;
var DueIndex = class {
  #slots = /* @__PURE__ */ new Map();
  #heap = new Heap(before, (slot, place) => {
    slot.place = place;
  });
  get size() {
    return this.#slots.size;
  }
  /** A member stands here once: again moves it. */
  schedule(member, due) {
    const slot = this.#slots.get(member);
    if (slot === void 0) {
      const added = { member, due, place: 0 };
      this.#slots.set(member, added);
      this.#heap.push(added);
    } else {
      slot.due = due;
      this.#heap.settle(slot.place);
    }
  }
  unschedule(member) {
    const slot = this.#slots.get(member);
    if (slot === void 0) return;
    this.#slots.delete(member);
    this.#heap.remove(slot.place);
  }
  /** The first of those that are due; costs what it gives, however many more there are. */
  upTo(moment, limit) {
    const { items } = this.#heap;
    const found = [];
    const next3 = new Heap(before);
    const consider = (place) => {
      const slot = items[place];
      if (slot !== void 0 && slot.due <= moment) next3.push(slot);
    };
    consider(0);
    while (found.length < limit) {
      const slot = next3.shift();
      if (slot === void 0) break;
      found.push({ member: slot.member, due: slot.due });
      consider(2 * slot.place + 1);
      consider(2 * slot.place + 2);
    }
    return found;
  }
  entries() {
    return Array.from(this.#slots.values(), ({ member, due }) => [member, due]);
  }
};

// ../wt/core/lib/log/Leases.ts
var Leases = class _Leases {
  #leases = /* @__PURE__ */ new Map();
  /** The highest token that was issued, for whichever key. */
  #token = 0;
  /** At this size those that have lapsed are looked for: each is looked at a few times in its life, wherever it stands. */
  #sweepAt = 64;
  /** With some that have lapsed. */
  get size() {
    return this.#leases.size;
  }
  get token() {
    return this.#token;
  }
  live(key, at) {
    const lease = this.#leases.get(key);
    return lease !== void 0 && lease.until > at ? lease : void 0;
  }
  /** @throws LogGuardLostError when the key is not held with this token. */
  check(key, token2, at, stream) {
    const lease = this.live(key, at);
    if (lease?.token === token2) return;
    const now = lease === void 0 ? "nobody holds it" : `${lease.owner} holds it with token ${lease.token}`;
    throw new LogGuardLostError(`The lease '${key}' with token ${token2} is gone: ${now}.`, {
      hint: "Stop the work that it guarded.",
      details: { stream, key, token: token2, holder: lease?.owner }
    });
  }
  /**
   * What effects will do, with tokens and moments. No key is in two of them.
   *
   * @throws LogGuardLostError when a lease is not to be had.
   */
  decide(effects, at, stream) {
    let token2 = this.#token;
    return effects.map((effect) => {
      if (effect.op !== "lease") return effect;
      const { key, ttl, owner } = effect;
      const until = at + ttl;
      if (effect.token !== null) {
        this.check(key, effect.token, at, stream);
        return { op: "lease", key, token: effect.token, until, owner };
      }
      const held = this.live(key, at);
      if (held === void 0) return { op: "lease", key, token: ++token2, until, owner, issued: true };
      throw new LogGuardLostError(`The lease '${key}' is held by ${held.owner} for another ${held.until - at} ms.`, {
        hint: "Wait until it is given up or lapses.",
        details: { stream, key, token: null, holder: held.owner, until: held.until }
      });
    });
  }
  /** Takes in what was decided. */
  set(key, lease, at) {
    this.#token = Math.max(this.#token, lease.token);
    this.#leases.set(key, lease);
    if (this.#leases.size < this.#sweepAt) return;
    for (const [each, { until }] of this.#leases) if (until <= at) this.#leases.delete(each);
    this.#sweepAt = Math.max(64, 2 * this.#leases.size);
  }
  renew(key, token2, until) {
    const lease = this.#leases.get(key);
    if (lease?.token === token2) this.#leases.set(key, { ...lease, until });
  }
  delete(key) {
    this.#leases.delete(key);
  }
  /** Those that are live. */
  entries(at) {
    return [...this.#leases].filter(([, { until }]) => until > at);
  }
  static from(token2, leases) {
    const made = new _Leases();
    made.#token = token2;
    for (const [key, lease] of leases) made.#leases.set(key, lease);
    return made;
  }
};

// ../wt/core/lib/log/Ledger.ts
var rememberedFor = 25 * 60 * 60 * 1e3;
var Ledger = class _Ledger {
  #streams = /* @__PURE__ */ new Map();
  #indexes = /* @__PURE__ */ new Map();
  /** Every commit that has an id, of all streams, the oldest first. */
  #remembered = new Fifo();
  #leases = new Leases();
  /** The latest moment of a record: the clock of the log never goes back. */
  #at = 0;
  /** The moment of the log, at a wall clock of `now`. */
  moment(now) {
    return Math.max(now, this.#at);
  }
  facts(stream) {
    return this.#streams.get(stream);
  }
  /** In the order of their names. */
  names() {
    return [...this.#streams.keys()].sort();
  }
  head(stream) {
    const facts = this.#streams.get(stream);
    if (facts === void 0) return null;
    const { first, last: last2, epoch, closed } = facts;
    return { firstSeq: first, lastSeq: last2, epoch, closed, position: positionOf(last2) };
  }
  /**
   * What an append does, decided and not yet done; or the commit that has done it before.
   *
   * @throws LogConflictError LogClosedError LogFencedError LogGuardLostError LogDuplicateError
   */
  decide(request, now) {
    const { stream, texts, digest: digest2 } = request;
    const { commitId, guards, once, effects, expectedSeq, close } = request.options;
    const facts = this.#streams.get(stream);
    const at = this.moment(now);
    const last2 = facts?.last ?? 0;
    const current = facts?.epoch ?? 0;
    const epoch = request.options.epoch ?? current;
    const before2 = commitId === void 0 ? void 0 : facts?.ids.get(commitId);
    if (before2 !== void 0 && before2.at >= at - rememberedFor) {
      if (before2.digest === digest2) return { record: before2, replayed: true };
      throw new LogConflictError(`The commitId '${commitId}' of '${stream}' was used for something else.`, {
        hint: "Repeat a delivery with what was first sent; give new content a new id.",
        details: { stream, seq: last2, commitId }
      });
    }
    if (facts?.closed === true) {
      throw new LogClosedError(`The stream '${stream}' was closed behind its event ${last2}.`, {
        details: { stream, seq: last2 }
      });
    }
    if (epoch < current) {
      throw new LogFencedError(`'${stream}' belongs to epoch ${current}; a writer of epoch ${epoch} is shut out.`, {
        hint: "Another owner has taken over: stop this one.",
        details: { stream, epoch: current, given: epoch }
      });
    }
    if (guards !== void 0) for (const { key, token: token2 } of guards) this.#leases.check(key, token2, at, stream);
    const used = once?.find((key) => facts?.once.has(key));
    if (used !== void 0) {
      const seq = facts?.once.get(used);
      throw new LogDuplicateError(`The key '${used}' was used by the commit of event ${seq} of '${stream}'.`, {
        hint: "It has happened already: take that event for the answer.",
        details: { stream, key: used, seq }
      });
    }
    if (expectedSeq !== void 0) checkLast(stream, last2, expectedSeq);
    const decided = effects === void 0 ? void 0 : this.#leases.decide(effects, at, stream);
    const record = {
      op: "commit",
      stream,
      commit: (facts?.commits ?? 0) + 1,
      seq: last2 + 1,
      events: texts.length,
      at,
      epoch,
      ...commitId !== void 0 && digest2 !== void 0 && { id: commitId, digest: digest2 },
      ...once?.length && { once },
      ...decided?.length && { effects: decided },
      ...close === true && { close }
    };
    return { record, replayed: false };
  }
  /** The renewals that are due to leases which are live with these tokens, none if there is none; and who is. */
  renewal(leases, now) {
    const at = this.moment(now);
    const answers = leases.map(({ key, token: token2 }) => this.#leases.live(key, at)?.token === token2 ? "ok" : "lost");
    const renewed = leases.filter((_, i) => answers[i] === "ok");
    const record = {
      op: "renew",
      leases: renewed.map(({ key, token: token2, ttl }) => ({ key, token: token2, until: at + ttl })),
      at
    };
    return { record: renewed.length === 0 ? null : record, answers };
  }
  /** What forgetting all events below `before` does; no record when none of them is there. */
  trimming(stream, before2, now) {
    const { first, last: last2 } = this.#streams.get(stream) ?? { first: 1, last: 0 };
    const firstSeq = Math.max(first, Math.min(before2, last2 + 1));
    const record = { op: "trim", stream, before: firstSeq, at: this.moment(now) };
    return { record: firstSeq === first ? null : record, removed: firstSeq - first, firstSeq };
  }
  /**
   * What forgetting a stream does; nothing when there is none.
   *
   * @throws LogConflictError when `expectedSeq` is not its last one.
   */
  removal(stream, expectedSeq, now) {
    const facts = this.#streams.get(stream);
    checkLast(stream, facts?.last ?? 0, expectedSeq);
    return facts === void 0 ? null : { op: "remove", stream, at: this.moment(now) };
  }
  due(index, limit, now) {
    return this.#indexes.get(index)?.upTo(this.moment(now), limit) ?? [];
  }
  /** Takes in what has happened. The only place where anything changes. */
  apply(record) {
    this.#at = Math.max(this.#at, record.at);
    switch (record.op) {
      case "commit":
        this.#commit(record);
        break;
      case "trim": {
        const facts = this.#streams.get(record.stream);
        if (facts !== void 0) facts.first = Math.max(facts.first, Math.min(record.before, facts.last + 1));
        break;
      }
      case "remove":
        this.#streams.delete(record.stream);
        break;
      case "renew":
        for (const { key, token: token2, until } of record.leases) this.#leases.renew(key, token2, until);
    }
  }
  snapshot() {
    return {
      at: this.#at,
      token: this.#leases.token,
      streams: [...this.#streams].map(([name2, { once, ids, ...facts }]) => [
        name2,
        { ...facts, once: [...once], ids: [...ids.values()] }
      ]),
      leases: this.#leases.entries(this.#at),
      indexes: [...this.#indexes].map(([index, members]) => [index, members.entries()])
    };
  }
  static from({ at, token: token2, streams, leases, indexes }) {
    const ledger = new _Ledger();
    ledger.#at = at;
    ledger.#leases = Leases.from(token2, leases);
    const remembered4 = [];
    for (const [name2, { once, ids, ...known4 }] of streams) {
      const facts = { ...known4, once: new Map(once), ids: /* @__PURE__ */ new Map() };
      ledger.#streams.set(name2, facts);
      for (const record of ids) remembered4.push({ facts, record });
    }
    for (const { facts, record } of remembered4.sort((a, b) => a.record.at - b.record.at)) {
      ledger.#remember(facts, record);
    }
    for (const [index, members] of indexes) for (const each of members) ledger.#schedule(index, ...each);
    return ledger;
  }
  #commit(record) {
    const { stream, seq, events, epoch, commit, once, effects, at } = record;
    let facts = this.#streams.get(stream);
    if (facts === void 0) {
      facts = { first: 1, last: 0, commits: 0, epoch: 0, closed: false, once: /* @__PURE__ */ new Map(), ids: /* @__PURE__ */ new Map() };
      this.#streams.set(stream, facts);
    }
    facts.last = seq + events - 1;
    facts.commits = commit;
    facts.epoch = epoch;
    facts.closed = record.close === true;
    if (once !== void 0) for (const key of once) facts.once.set(key, seq);
    if (record.id !== void 0) this.#remember(facts, record);
    if (effects !== void 0) for (const effect of effects) this.#effect(effect, at);
  }
  #remember(facts, record) {
    facts.ids.set(record.id, record);
    this.#remembered.push({ facts, record });
    const forgotten = this.#at - rememberedFor;
    for (let old = this.#remembered.first; old !== void 0 && old.record.at < forgotten; old = this.#remembered.first) {
      this.#remembered.shift();
      const id = old.record.id;
      if (old.facts.ids.get(id) === old.record) old.facts.ids.delete(id);
    }
  }
  #effect(effect, at) {
    switch (effect.op) {
      case "lease": {
        const { key, token: token2, until, owner } = effect;
        this.#leases.set(key, { token: token2, until, owner }, at);
        break;
      }
      case "unlease":
        this.#leases.delete(effect.key);
        break;
      case "schedule":
        this.#schedule(effect.index, effect.member, effect.due);
        break;
      case "unschedule": {
        const members = this.#indexes.get(effect.index);
        members?.unschedule(effect.member);
        if (members?.size === 0) this.#indexes.delete(effect.index);
      }
    }
  }
  #schedule(index, member, due) {
    let members = this.#indexes.get(index);
    if (members === void 0) this.#indexes.set(index, members = new DueIndex());
    members.schedule(member, due);
  }
};
function checkLast(stream, last2, expectedSeq) {
  if (last2 === expectedSeq) return;
  throw new LogConflictError(`'${stream}' ends with event ${last2}, not with ${expectedSeq} as expected.`, {
    hint: "Somebody else has appended: read on and decide again.",
    details: { stream, seq: last2, expectedSeq }
  });
}

// ../wt/core/lib/log/Readers.ts
var Readers = class {
  #readers = /* @__PURE__ */ new Map();
  #ended = [];
  add(reader) {
    const others = this.#readers.get(reader.stream);
    if (others === void 0) this.#readers.set(reader.stream, /* @__PURE__ */ new Set([reader]));
    else others.add(reader);
  }
  delete(reader) {
    const others = this.#readers.get(reader.stream);
    if (others?.delete(reader) && others.size === 0) this.#readers.delete(reader.stream);
    if (this.#readers.size > 0) return;
    const ended = this.#ended;
    this.#ended = [];
    for (const each of ended) each();
  }
  /** Of how many streams. */
  get size() {
    return this.#readers.size;
  }
  of(stream) {
    return this.#readers.get(stream) ?? [];
  }
  /** Those of all streams. */
  all() {
    return [...this.#readers.values()].flatMap((readers) => [...readers]);
  }
  /** The first `seq` that somebody may still want; `Infinity` where nobody reads. */
  slowest(stream) {
    let slowest = Infinity;
    for (const { next: next3 } of this.of(stream)) slowest = Math.min(slowest, next3);
    return slowest;
  }
  /** @throws LogConflictError when somebody has not come as far as `before`. */
  checkTrim(stream, before2) {
    const seq = this.slowest(stream);
    if (seq >= before2) return;
    throw new LogConflictError(`A reader of '${stream}' is still at event ${seq}: those below ${before2} are needed.`, {
      hint: "Let it come further, unsubscribe it, or trim with `force: true`.",
      details: { stream, seq, before: before2 }
    });
  }
  /** Resolves when all have what is there now; after the deadline, in milliseconds, those who have not end with ClosedError. */
  async close(clock, deadline) {
    const timer = after(clock, deadline === 0 ? Infinity : deadline, () => this.abort(deadline));
    const finished = this.finish();
    if (deadline === 0) this.abort(deadline);
    await finished;
    timer.unsubscribe();
  }
  /** Resolves when all have what is there now. */
  async finish() {
    for (const reader of this.all()) reader.finish();
    if (this.#readers.size > 0) await new Promise((resolve) => this.#ended.push(resolve));
  }
  /** Ends all, for a deadline of so many milliseconds is over. */
  abort(deadline) {
    const reason = new ClosedError(`The log was closed, and its deadline of ${deadline} ms was over.`, {
      details: { deadline }
    });
    for (const reader of this.all()) reader.abort(reason);
  }
};

// ../wt/core/lib/log/Shelf.ts
var Shelf = class {
  #kept = [];
  /** The `seq` of what stands first in the array, wanted or not. */
  #start = 1;
  put({ commit, at }, texts) {
    const last2 = texts.length - 1;
    for (let i = 0; i <= last2; i++) this.#kept.push({ text: texts[i], commit, last: i === last2, at });
  }
  at(seq) {
    return this.#kept[seq - this.#start];
  }
  /** Forgets what stands between two `seq`s, the second exclusive; the first is the first that is there. */
  trim(from5, before2) {
    for (let seq = from5; seq < before2; seq++) this.#kept[seq - this.#start] = void 0;
    const gone = before2 - this.#start;
    if (gone < 32 || gone * 2 < this.#kept.length) return;
    this.#kept = this.#kept.slice(gone);
    this.#start = before2;
  }
};

// ../wt/core/lib/log/MemoryStore.ts
var MemoryStore = class {
  constructor(codec, clock, keep) {
    this.ledger = new Ledger();
    /** Those of all handles. */
    this.readers = new Readers();
    this.#shelves = /* @__PURE__ */ new Map();
    this.codec = codec;
    this.clock = clock;
    this.#keep = keep;
  }
  #shelves;
  #keep;
  now() {
    return this.clock.wall?.() ?? this.clock.now();
  }
  /** Another one when the stream was removed in the meantime and is there again. */
  shelf(stream) {
    return this.#shelves.get(stream);
  }
  append(request) {
    const decision = this.ledger.decide(request, this.now());
    if (decision.replayed) return decision;
    const { stream, texts } = request;
    this.ledger.apply(decision.record);
    let shelf = this.#shelves.get(stream);
    if (shelf === void 0) this.#shelves.set(stream, shelf = new Shelf());
    shelf.put(decision.record, texts);
    this.#changed(stream);
    this.prune(stream);
    return decision;
  }
  /** @throws LogConflictError when one of these readers has not come that far. */
  trim(stream, before2, readers) {
    const { record, ...trimmed } = this.ledger.trimming(stream, before2, this.now());
    if (record === null) return trimmed;
    readers?.checkTrim(stream, trimmed.firstSeq);
    this.ledger.apply(record);
    this.#shelves.get(stream)?.trim(trimmed.firstSeq - trimmed.removed, trimmed.firstSeq);
    this.#changed(stream);
    return trimmed;
  }
  /** Forgets what is too old to be kept and behind all readers. */
  prune(stream) {
    const facts = this.ledger.facts(stream);
    if (facts === void 0 || facts.last - facts.first < this.#keep) return;
    this.trim(stream, Math.min(facts.last + 1 - this.#keep, this.readers.slowest(stream)), null);
  }
  remove(stream, expectedSeq) {
    const record = this.ledger.removal(stream, expectedSeq, this.now());
    if (record === null) return;
    this.ledger.apply(record);
    this.#shelves.delete(stream);
    this.#changed(stream);
  }
  renew(leases) {
    const { record, answers } = this.ledger.renewal(leases, this.now());
    if (record !== null) this.ledger.apply(record);
    return answers;
  }
  #changed(stream) {
    for (const reader of this.readers.of(stream)) reader.wake();
  }
};

// ../wt/core/lib/log/receiptOf.ts
var none = Object.freeze({});
var tokensOf = (effects) => Object.fromEntries(
  effects.flatMap((effect) => effect.op === "lease" && effect.issued === true ? [[effect.key, effect.token]] : [])
);
function receiptOf(record, replayed, durability) {
  const { seq, events, commit, epoch, at, effects } = record;
  const lastSeq = seq + events - 1;
  const tokens = effects === void 0 ? none : tokensOf(effects);
  return { firstSeq: seq, lastSeq, commit, position: positionOf(lastSeq), epoch, at, replayed, tokens, durability };
}

// ../wt/core/lib/log/requests.ts
function headRequest(stream) {
  return name(stream, "The stream of head");
}
function dueRequest(index, options) {
  name(index, "The index of due");
  knownOptions("due", options, ["limit"]);
  return positiveInteger(options.limit, "due.limit");
}
function renewRequest(leases) {
  return list(leases, "renew", (lease, owner) => {
    knownOptions(owner, lease, ["key", "token", "ttl"]);
    const { key, token: given, ttl } = lease;
    return { key: name(key, `${owner}.key`), token: token(given, `${owner}.token`), ttl: lasting(ttl, `${owner}.ttl`) };
  });
}
function streamsRequest(options = {}) {
  knownOptions("streams", options, ["prefix", "open"]);
  const { prefix = "", open: open2 } = options;
  if (typeof prefix !== "string") expected("streams.prefix", "a string", prefix);
  if (open2 !== void 0) flag(open2, "streams.open");
  return (stream, closed) => stream.startsWith(prefix) && closed !== open2;
}
function trimRequest(stream, options) {
  name(stream, "The stream of trim");
  knownOptions("trim", options, ["before", "force"]);
  const { before: before2, force = false } = options;
  return { before: firstWanted(before2, "trim.before"), force: flag(force, "trim.force") };
}
function removeRequest(stream, options) {
  name(stream, "The stream of remove");
  knownOptions("remove", options, ["expectedSeq"]);
  return count(options.expectedSeq, "remove.expectedSeq");
}
function closeRequest(options = {}) {
  knownOptions("close", options, ["deadline"]);
  return milliseconds(options.deadline ?? Infinity, "close.deadline", { zero: true, infinite: true });
}

// ../wt/core/lib/log/memoryLog.ts
function memoryLog(options = {}) {
  knownOptions("memoryLog", options, ["keep", "codec", "clock", "maxCommitBytes"]);
  const { keep, codec = losslessCodec, clock = hostClock, maxCommitBytes = 64 * 1024 * 1024 } = options;
  if (keep !== void 0) positiveInteger(keep, "memoryLog.keep");
  const capabilities = Object.freeze({
    durability: Object.freeze(["memory"]),
    multiProcess: false,
    multiWriter: false,
    effects: true,
    maxCommitBytes: positiveInteger(maxCommitBytes, "memoryLog.maxCommitBytes")
  });
  return handleOf(new MemoryStore(codec, clock, keep ?? Infinity), capabilities);
}
function handleOf(store, capabilities) {
  const readers = new Readers();
  let closed = false;
  function use(what) {
    if (!closed) return store;
    throw new ClosedError(`${what} came after close(): the log takes no questions any more.`, { details: { what } });
  }
  const ask = (what, question) => new Promise((resolve) => {
    use(what);
    resolve(question());
  });
  return {
    capabilities,
    append: (stream, events, given) => ask("append()", () => {
      const { record, replayed } = store.append(appendRequest(stream, events, given, store.codec, capabilities));
      return receiptOf(record, replayed, "memory");
    }),
    read(stream, given) {
      const request = readRequest(stream, given);
      return new Observable3((subscriber) => {
        const reader = new MemoryReader(use("read()"), request, subscriber);
        readers.add(reader);
        store.readers.add(reader);
        return () => {
          readers.delete(reader);
          store.readers.delete(reader);
          store.prune(stream);
        };
      });
    },
    head: (stream) => ask("head()", () => store.ledger.head(headRequest(stream))),
    due: (index, given) => ask("due()", () => store.ledger.due(index, dueRequest(index, given), store.now())),
    renew: (leases) => ask("renew()", () => store.renew(renewRequest(leases))),
    streams(given) {
      const wanted = streamsRequest(given);
      return defer2(() => {
        const { ledger } = use("streams()");
        return from2(ledger.names().filter((stream) => wanted(stream, ledger.facts(stream)?.closed === true)));
      });
    },
    trim: (stream, given) => ask("trim()", () => {
      const { before: before2, force } = trimRequest(stream, given);
      return store.trim(stream, before2, force ? null : readers);
    }),
    remove: (stream, given) => ask("remove()", () => {
      store.remove(stream, removeRequest(stream, given));
    }),
    // Everything is answered within its call.
    settled: () => Promise.resolve(),
    async close(given) {
      const deadline = closeRequest(given);
      closed = true;
      await readers.close(store.clock, deadline);
    },
    handle: () => handleOf(use("handle()"), capabilities)
  };
}

// ../wt/core/lib/events/handlerSubscription.ts
import { Subscription as Subscription3 } from "rxjs";
function dispose() {
  this.unsubscribe();
}
function disposable(teardown) {
  return Object.assign(new Subscription3(teardown), { [Symbol.dispose]: dispose });
}
function endWith(subscription, signal) {
  const end2 = () => {
    subscription.unsubscribe();
  };
  signal.addEventListener("abort", end2);
  subscription.add(() => {
    signal.removeEventListener("abort", end2);
  });
  if (signal.aborted) end2();
}

// ../wt/core/lib/log/deadLetterStore.ts
var together = 64;
var textOf = (value) => lossless(value, { opaque: true });
function deadLetterStore(log, options) {
  const { limit, stream = "dead-letters", encode = textOf } = options;
  let kept = /* @__PURE__ */ new Map();
  let gone = /* @__PURE__ */ new Set();
  let under = Promise.resolve();
  let next3 = null;
  function record({ event, ...letter }) {
    return new Encoded(
      `{"name":"dead_letter_kept","letter":{${textOf(letter).slice(1, -1)},"event":${encode(event)}}}`,
      losslessCodec
    );
  }
  function serially(task) {
    const done = under.then(task);
    under = done.then(ignore, ignore);
    return done;
  }
  async function flush() {
    const [texts, ids] = [kept, gone];
    kept = /* @__PURE__ */ new Map();
    gone = /* @__PURE__ */ new Set();
    next3 = null;
    try {
      await append([...ids.size === 0 ? [] : [{ name: "dead_letter_gone", ids: [...ids] }], ...texts.values()]);
    } catch (error) {
      for (const [id, text2] of kept) texts.set(id, text2);
      for (const id of gone) texts.delete(id);
      kept = texts;
      gone = /* @__PURE__ */ new Set([...ids, ...gone]);
      crop(kept, limit);
      throw error;
    }
  }
  async function append(records, options2) {
    const opened = await log;
    for (let at = 0; at < records.length; at += together)
      await opened.append(stream, records.slice(at, at + together), at === 0 ? options2 : void 0);
  }
  async function load() {
    const letters = /* @__PURE__ */ new Map();
    let records = 0;
    let end2 = 0;
    const opened = await log;
    await opened.read(stream).forEach(({ event, seq }) => {
      records++;
      end2 = seq;
      const told2 = event;
      if (told2.name === "dead_letter_kept") letters.set(told2.letter.id, told2.letter);
      else for (const id of told2.ids) letters.delete(id);
      crop(letters, limit);
    });
    if (records > 2 * letters.size) await renew(opened, [...letters.values()], end2);
    return [...letters.values()].filter(({ id }) => !gone.has(id));
  }
  async function renew(opened, letters, end2) {
    try {
      await append(letters.map(record), { expectedSeq: end2 });
      await opened.trim(stream, { before: end2 + 1, force: true });
    } catch (error) {
      if (!(error instanceof LogConflictError)) throw error;
    }
  }
  return {
    load: () => serially(load),
    settled: () => under,
    keep(letter) {
      kept.delete(letter.id);
      kept.set(letter.id, record(letter));
      crop(kept, limit);
      return next3 ??= serially(flush);
    },
    forget(ids) {
      for (const id of ids) {
        kept.delete(id);
        gone.add(id);
      }
      return next3 ??= serially(flush);
    }
  };
}
var ignore = () => {
};
function crop(letters, limit) {
  for (const id of letters.keys()) {
    if (letters.size <= limit) return;
    letters.delete(id);
  }
}

// ../wt/core/lib/log/eventText.ts
var ofCalls = /* @__PURE__ */ new Set(["_started", "_complete", "_failed", "_cancelled", "_retrying", "_abandoned"]);
var remembered = 1e3;
function eventText({ args, result, redaction: redaction2 }) {
  const strict = { root: "data", redaction: redaction2 };
  const opaque2 = { root: "data", redaction: redaction2, opaque: true };
  let quoted = /* @__PURE__ */ new Map();
  let latest = NaN;
  let moment = "";
  const head = (name2) => {
    let text2 = quoted.get(name2);
    if (text2 === void 0) {
      if (quoted.size === remembered) quoted = /* @__PURE__ */ new Map();
      quoted.set(name2, text2 = `{"name":${lossless(name2)},"id":"`);
    }
    return text2;
  };
  const dataText = (event) => {
    const own2 = isOwn(event.name);
    return lossless(args && result ? event.data : told2(event, own2), own2 || isOfCall(event) ? opaque2 : strict);
  };
  const told2 = (event, own2) => {
    if (isOfCall(event)) {
      const data = { ...event.data };
      if (!args) delete data.args;
      if (!result) delete data.result;
      return data;
    }
    const about = own2 ? event.data?.event : void 0;
    if (about === void 0) return event.data;
    return { ...event.data, event: { ...about, data: told2(about, false) } };
  };
  return (event) => {
    const { id, seq, timestamp, sender, runId, correlationId, causationId, traceparent } = event;
    if (timestamp !== latest) {
      latest = timestamp;
      moment = `","timestamp":${timestamp},"seq":`;
    }
    let text2 = head(event.name) + id + moment + `${seq}`;
    if (sender !== void 0) text2 += `,"sender":${lossless(sender)}`;
    if (runId !== void 0) text2 += `,"runId":${lossless(runId)}`;
    if (correlationId !== void 0) text2 += `,"correlationId":${lossless(correlationId)}`;
    if (causationId !== void 0) text2 += `,"causationId":${lossless(causationId)}`;
    if (traceparent !== void 0) text2 += `,"traceparent":${lossless(traceparent)}`;
    return event.data === void 0 ? `${text2}}` : `${text2},"data":${dataText(event)}}`;
  };
}
function isOfCall({ name: name2, sender, runId }) {
  return sender !== void 0 && runId !== void 0 && name2.startsWith(sender) && ofCalls.has(name2.slice(sender.length));
}

// ../wt/core/lib/log/Outbox.ts
import { filter, firstValueFrom, Subscription as Subscription4 } from "rxjs";
var Line2 = class extends Encoded {
  constructor(text2, value) {
    super(text2, losslessCodec);
    this.value = value;
  }
};
var most = 256 * 1024;
var Outbox = class {
  #log;
  #options;
  #owner;
  #waiting = new Fifo();
  #flying = [];
  #running = false;
  #hurried = false;
  /** Ends the wait before a repetition. */
  #wake = null;
  /** The first `seq` that the next commit may have: equal values that were there before are others. `null`: not known yet. */
  #next = null;
  constructor(log, options, owner) {
    this.#log = log;
    this.#options = options;
    this.#owner = owner;
  }
  /** How many lines are not in the log yet. */
  get size() {
    return this.#waiting.length + this.#flying.length;
  }
  push(line) {
    this.#waiting.push(line);
  }
  /** Takes back the oldest of those that are not under way. */
  shift() {
    return this.#waiting.shift();
  }
  /** Sends what was pushed. */
  flush() {
    if (!this.#running && this.#waiting.length > 0) void this.#run();
  }
  /** There is no time left for another wait: a commit that fails now is lost. */
  hurry() {
    this.#hurried = true;
    this.#wake?.();
  }
  async #run() {
    this.#running = true;
    while (this.#waiting.length > 0) {
      try {
        const log = await this.#log;
        this.#flying = this.#chunk(log.capabilities.maxCommitBytes);
        if (this.#flying.length > 0) await this.#commit(log, this.#flying);
        this.#answer((lines) => this.#owner.arrived(lines));
      } catch (error) {
        if (this.#flying.length === 0) this.#flying = this.#chunk(Infinity);
        this.#answer((lines) => this.#owner.failed(lines, error));
      }
    }
    this.#running = false;
  }
  #answer(tell2) {
    const lines = this.#flying;
    this.#flying = [];
    if (lines.length > 0) tell2(lines);
  }
  #chunk(maxCommitBytes) {
    const limit = Math.min(most, maxCommitBytes / 3);
    const lines = [];
    let signs = 0;
    for (let line = this.#waiting.first; line !== void 0; line = this.#waiting.first) {
      signs += line.text.length + 1;
      if (signs > limit && lines.length > 0) break;
      lines.push(line);
      this.#waiting.shift();
    }
    return lines;
  }
  async #commit(log, lines) {
    const { stream, durability, retry } = this.#options;
    const { multiWriter } = log.capabilities;
    const commitId = multiWriter ? { commitId: this.#owner.id() } : {};
    let unsure = false;
    for (let attempt2 = 1; ; attempt2++) {
      try {
        if (!multiWriter) this.#next ??= ((await log.head(stream))?.lastSeq ?? 0) + 1;
        if (unsure && await this.#isThere(log, lines)) return;
        const receipt = await log.append(stream, lines, {
          ...commitId,
          ...durability === void 0 ? {} : { durability }
        });
        this.#next = receipt.lastSeq + 1;
        return;
      } catch (error) {
        if (!(error instanceof LogUnavailableError) || this.#hurried) throw error;
        const wait = retry(error, attempt2, this.#owner.random);
        if (wait === null) throw error;
        if (error.details["outcome"] === "unknown") unsure = !multiWriter;
        await this.#pause(wait);
      }
    }
  }
  async #pause(wait) {
    let timer = Subscription4.EMPTY;
    await new Promise((resolve) => {
      this.#wake = resolve;
      timer = after(this.#owner.clock, wait, resolve);
    });
    timer.unsubscribe();
    this.#wake = null;
  }
  /** Whether a commit of unknown outcome is there after all. */
  async #isThere(log, lines) {
    const text2 = losslessCodec.encode(losslessCodec.decode(lines[0].text));
    const first = log.read(this.#options.stream, { from: this.#next }).pipe(filter(({ event }) => losslessCodec.encode(event) === text2));
    return firstValueFrom(first, { defaultValue: null }).then((found) => found !== null);
  }
};

// ../wt/core/lib/log/Keeper.ts
var persistFailed = "rxbaton.persist_failed";
var persistDropped = "rxbaton.persist_dropped";
var Keeper = class {
  constructor(host, log, options) {
    this.before = null;
    this.after = null;
    this.kept = 0;
    this.lost = 0;
    /** In this turn and in the outbox. */
    this.pending = 0;
    /** The events of this turn. */
    this.#turn = new Fifo();
    /** Those for which there was no place. */
    this.#refused = new Count();
    /** The ids of what this one has said of losses, and the lines of events that were emitted because of that. */
    this.#said = /* @__PURE__ */ new Set();
    this.#saying = false;
    this.#echoes = /* @__PURE__ */ new WeakSet();
    this.#scheduled = false;
    this.#aborted = false;
    this.#waiting = [];
    this.#flush = () => {
      this.#host.run(this.#host.home, () => this.#endOfTurn(), void 0);
    };
    this.#host = host;
    this.#options = options;
    this.name = `persist('${options.stream}')`;
    this.clock = host.clock;
    this.random = host.random;
    this.#outbox = new Outbox(log, options, this);
    Promise.resolve(log).catch((error) => {
      if (this.pending === 0) this.#lose(new Count(), error);
    });
  }
  #host;
  #options;
  #outbox;
  #turn;
  #refused;
  #said;
  #saying;
  #echoes;
  #scheduled;
  #aborted;
  #waiting;
  #flush;
  take(event) {
    if (this.pending < this.#options.maxBuffer) {
      this.pending++;
      this.#turn.push(event);
    } else this.#overflow(event);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.before === null && !this.#aborted) this.#host.begin(this);
    void Promise.resolve().then(this.#flush);
  }
  /** Resolves when nothing is pending. */
  async settled() {
    while (this.#scheduled || this.pending > 0) {
      await new Promise((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }
  /** Nobody waits any more, also not for what comes yet. What is on its way goes on. */
  abort() {
    this.#aborted = true;
    this.#outbox.hurry();
    this.#host.end(this);
  }
  id() {
    return this.#host.id();
  }
  arrived(lines) {
    this.kept += lines.length;
    this.pending -= lines.length;
    this.#settle();
  }
  failed(lines, error) {
    const lost = new Count();
    for (const line of lines) lost.add(line.value, this.#echoes.has(line));
    this.pending -= lines.length;
    this.#lose(lost, error);
    this.#settle();
  }
  #overflow(event) {
    const oldest = this.#options.overflow === "drop-oldest" ? this.#outbox.shift()?.value ?? this.#turn.shift()?.name : void 0;
    if (oldest !== void 0) this.#turn.push(event);
    this.#refused.add(oldest ?? event.name, this.#isEcho(event));
  }
  #endOfTurn() {
    this.#scheduled = false;
    for (let event = this.#turn.shift(); event !== void 0; event = this.#turn.shift()) {
      try {
        const line = new Line2(this.#options.text(event), event.name);
        if (this.#isEcho(event)) this.#echoes.add(line);
        this.#outbox.push(line);
      } catch (error) {
        const lost = new Count();
        lost.add(event.name, this.#isEcho(event));
        this.pending--;
        this.#lose(lost, error);
      }
    }
    this.#outbox.flush();
    if (this.#refused.events > 0) this.#overflowed();
    this.#settle();
  }
  #overflowed() {
    const { maxBuffer, overflow, stream } = this.#options;
    const refused = this.#refused;
    const { events } = refused;
    this.#refused = new Count();
    const error = new OverflowError(
      `${this.name} had ${maxBuffer} events that were not in the log yet, and ${events} more came.`,
      {
        hint: "Raise maxBuffer, persist fewer names, or choose overflow: 'drop-oldest' or 'drop-newest'.",
        details: { stream, maxBuffer, overflow, events }
      }
    );
    if (overflow === "error") {
      this.#lose(refused, error);
      return;
    }
    this.lost += events;
    this.#report(error, `${this.name} dropped ${counted(events)}.`, true);
    if (refused.echo || !this.#host.wanted(persistDropped)) return;
    const data = { stream, events, names: refused.names, policy: overflow, lost: this.lost };
    this.#say(persistDropped, data);
  }
  #lose({ events, names: names2, echo }, error) {
    this.lost += events;
    const received = this.#host.wanted(persistFailed);
    this.#report(error, `${this.name} could not keep ${counted(events)}.`, received);
    if (echo || !received) return;
    const { stream } = this.#options;
    const data = { stream, events, names: names2, error: errorData(error), lost: this.lost };
    this.#say(persistFailed, data);
  }
  #say(name2, data) {
    this.#saying = true;
    this.#said.add(this.#host.publish(name2, data));
    this.#saying = false;
    if (this.#said.size <= remembered2) return;
    const [oldest] = this.#said;
    this.#said.delete(oldest);
  }
  /** Whether somebody has emitted it on hearing of a loss. Losing it says nothing new, and an alert must not feed itself. */
  #isEcho({ correlationId }) {
    return this.#saying || correlationId !== void 0 && this.#said.has(correlationId);
  }
  #report(error, what, received) {
    const { onError } = this.#options;
    if (onError === null) {
      this.#host.report(error, what, received);
      return;
    }
    try {
      onError(error, what);
    } catch (mistake) {
      this.#host.report(mistake, `onError of ${this.name}`);
    }
  }
  #settle() {
    if (this.#scheduled || this.pending > 0) return;
    this.#host.end(this);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
};
var counted = (events) => events === 1 ? "an event" : `${events} events`;
var remembered2 = 1e3;
var told = 10;
var Count = class {
  constructor() {
    this.events = 0;
    this.names = [];
    /** Whether they were nothing but echoes. */
    this.echo = false;
  }
  add(name2, echo) {
    this.echo = echo && (this.echo || this.events === 0);
    this.events++;
    if (this.names.length < told && !this.names.includes(name2)) this.names.push(name2);
  }
};

// ../wt/core/lib/log/persist.ts
var persistOptionNames = [
  ...deliveryOptionNames,
  "names",
  "record",
  "redact",
  "onError"
];
function persist(coordinator, log, options = {}) {
  const kernel = coordinator;
  if (typeof coordinator?.tap !== "function")
    throw new ConfigError(`persist() needs a coordinator, as createCoordinator() makes it, not ${show(coordinator)}.`);
  const { selected, ...settings2 } = settingsOf(options, "persist()");
  checkLog(log, "persist()", settings2.durability);
  kernel.admit("persist()");
  const keeper = new Keeper(kernel, log, settings2);
  const tap = kernel.tap(selected, keeper);
  const { deadLetters } = kernel;
  const settled = [() => keeper.settled()];
  if (deadLetters.limit > 0) {
    const { stream, text: encode } = settings2;
    const letters = stream === "events" ? "dead-letters" : `${stream}.dead-letters`;
    const store = deadLetterStore(log, { limit: deadLetters.limit, stream: letters, encode });
    tap.add(deadLetters.keepIn(store));
    settled.push(() => store.settled());
  }
  return handleOf2(keeper, tap, async () => {
    await Promise.all(settled.map((each) => each()));
  });
}
function handleOf2(keeper, tap, settled) {
  const handle = disposable(() => {
    tap.unsubscribe();
  });
  tap.add(handle);
  const facts = {
    get kept() {
      return keeper.kept;
    },
    get lost() {
      return keeper.lost;
    },
    get pending() {
      return keeper.pending;
    },
    stop() {
      handle.unsubscribe();
      return settled();
    }
  };
  return Object.defineProperties(handle, Object.getOwnPropertyDescriptors(facts));
}
function checkPersistOptions(owner, options) {
  settingsOf(options, owner);
}
function settingsOf(options, owner) {
  knownOptions(owner, options, persistOptionNames);
  const { stream = "events", maxBuffer = 1e5, names: names2 = "*", record = {}, redact = [], onError = null } = options;
  knownOptions(`${owner}.record`, record, ["args", "result"]);
  const { args = true, result = true } = record;
  if (onError !== null && typeof onError !== "function") expected(`${owner}.onError`, "a function", onError);
  return {
    ...delivery({ ...options, stream, maxBuffer }, owner),
    selected: anyOf(Array.isArray(names2) ? names2 : [names2]),
    text: eventText({
      args: flag(args, `${owner}.record.args`),
      result: flag(result, `${owner}.record.result`),
      redaction: redaction(redact, `${owner}.redact`)
    }),
    onError
  };
}
function anyOf(selectors) {
  const parts = selectors.map(compile);
  const matches = (of2, name2) => of2.matches(name2) && !name2.startsWith("rxbaton.persist_");
  return {
    label: parts.map(({ label }) => label).join(", "),
    name: null,
    matches: (name2) => parts.some((part) => matches(part, name2)),
    accepts: parts.some(({ accepts }) => accepts !== null) ? (event) => parts.some((part) => matches(part, event.name) && (part.accepts?.(event) ?? true)) : null
  };
}

// ../wt/core/lib/internal/closest.ts
function closest(word2, choices) {
  const plain2 = word2.toLowerCase();
  let best;
  let least = Math.max(2, Math.floor(plain2.length / 3)) + 1;
  for (const choice2 of choices) {
    const other = choice2.toLowerCase();
    const part = other.startsWith(plain2) || plain2.startsWith(other) || plain2.endsWith(other);
    const far = part && plain2.length > 2 ? 1 : distance(plain2, other);
    if (far < least) [best, least] = [choice2, far];
  }
  return best;
}
function distance(a, b) {
  let before2 = [];
  let last2 = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let far = Math.min(last2[j] + 1, row[j - 1] + 1, last2[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) far = Math.min(far, before2[j - 2] + 1);
      row.push(far);
    }
    [before2, last2] = [last2, row];
  }
  return last2[b.length];
}

// ../wt/core/lib/log/redisUrl.ts
var secrets = /pass|pwd|secret|token|key|auth/i;
function maskUrl(text2) {
  const url = URL.canParse(text2) ? new URL(text2) : null;
  if (url === null || url.host === "") return "***";
  if (url.password !== "") url.password = "***";
  else if (url.username !== "") url.username = "***";
  for (const name2 of url.searchParams.keys()) if (secrets.test(name2)) url.searchParams.set(name2, "***");
  return url.href;
}
function checkRedisUrl(value, owner) {
  const text2 = typeof value === "string" ? value : "";
  const url = URL.canParse(text2) ? new URL(text2) : null;
  if (url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== "") return text2;
  throw new ConfigError(
    `${owner} must be a URL with a host, beginning with redis:// or rediss://, not ${maskUrl(text2)}.`,
    {
      hint: "For example 'redis://localhost:6379'.",
      details: { option: owner }
    }
  );
}

// ../wt/core/lib/log/settings.ts
var backends = ["memory", "file", "redis", "none"];
var levels = ["debug", "info", "warn", "error", "silent"];
function choice(value, choices, owner) {
  if (choices.includes(value)) return value;
  const near = typeof value === "string" ? closest(value, choices) : void 0;
  const given = typeof value === "string" && value.includes("://") ? maskUrl(value) : show(value);
  throw new ConfigError(`${owner} must be one of ${choices.map((each) => `'${each}'`).join(", ")}, not ${given}.`, {
    ...near === void 0 ? {} : { hint: `Did you mean '${near}'?` },
    details: { option: owner, choices }
  });
}
function text(value, owner) {
  return typeof value === "string" && value !== "" ? value : expected(owner, "a text that is not empty", value);
}
function secret(value, owner) {
  if (typeof value === "string") return value;
  throw new ConfigError(`${owner} must be a text.`, { details: { option: owner } });
}
var yes = ["true", "1", "yes", "on", "enabled"];
var no = ["false", "0", "no", "off", "disabled"];
function parseFlag(value) {
  const word2 = value.toLowerCase();
  return yes.includes(word2) ? true : no.includes(word2) ? false : value;
}
function checkFlag(value, owner) {
  return typeof value === "string" ? expected(owner, `one of ${[...yes, ...no].join(", ")}`, value) : flag(value, owner);
}
var asIs = (value) => value;
var lower = (value) => value.toLowerCase();
var hidden = "***";
var settings = {
  backend: {
    variable: "RXBATON_BACKEND",
    fallback: "none",
    parse: lower,
    check: (value, owner) => choice(value, backends, owner)
  },
  directory: { variable: "RXBATON_DIRECTORY", fallback: ".rxbaton", parse: asIs, check: text },
  redisUrl: {
    variable: "RXBATON_REDIS_URL",
    fallback: "redis://localhost:6379",
    parse: asIs,
    check: checkRedisUrl,
    mask: maskUrl
  },
  redisPassword: {
    variable: "RXBATON_REDIS_PASSWORD",
    fallback: void 0,
    parse: asIs,
    check: secret,
    mask: (value) => value && hidden
  },
  redisDatabase: {
    variable: "RXBATON_REDIS_DATABASE",
    fallback: 0,
    parse: (value) => /^\d+$/.test(value) ? Number(value) : value,
    check: (value, owner) => Number.isInteger(value) && value >= 0 && value <= 15 ? value : expected(owner, "an integer from 0 to 15", value)
  },
  prefix: {
    variable: "RXBATON_PREFIX",
    fallback: "rxbaton:",
    parse: asIs,
    check: (value, owner) => typeof value === "string" && value.length >= 1 && value.length <= 50 ? value : expected(owner, "a text of 1 to 50 characters", value)
  },
  disablePersistence: {
    variable: "RXBATON_DISABLE_PERSISTENCE",
    fallback: false,
    parse: parseFlag,
    check: checkFlag
  },
  logLevel: {
    variable: "RXBATON_LOG_LEVEL",
    fallback: "silent",
    parse: lower,
    check: (value, owner) => choice(value, levels, owner)
  },
  logFile: { variable: "RXBATON_LOG_FILE", fallback: void 0, parse: asIs, check: text },
  logJson: { variable: "RXBATON_LOG_JSON", fallback: false, parse: parseFlag, check: checkFlag }
};
var settingNames = /* @__PURE__ */ Object.keys(
  settings
);

// ../wt/core/lib/log/destination.ts
var keptInMemory = 1e4;
var fileOptions = {
  directory: true,
  fsync: true,
  segmentBytes: true,
  retention: true,
  codec: true,
  clock: true,
  maxCommitBytes: true
};
function destinationOf(kind, options, environment) {
  return places[kind](`configureBroker('${kind}')`, options, environment);
}
function ownLog(log, options) {
  const owner = "configureBroker(log)";
  const pending = typeof log.then === "function";
  checkPersistOptions(owner, options);
  checkLog(log, owner, options.durability);
  if (pending) log.then(void 0, () => void 0);
  return { given: { ...options }, store: log, owned: false, persist: options, open: () => able(log, options, owner) };
}
function able(log, { durability }, owner) {
  checkLog(log, owner, durability);
  return "then" in log ? log.then((opened) => (checkLog(opened, owner, durability), opened)) : log;
}
var places = {
  none(owner, options) {
    knownOptions(owner, options, []);
    return null;
  },
  memory(owner, options) {
    const { own: own2, persist: persist2 } = split(owner, options, ["keep"]);
    const keep = positiveInteger(own2["keep"] ?? keptInMemory, `${owner}.keep`);
    const log = memoryLog({ keep });
    checkLog(log, owner, persist2.durability);
    return { given: options, store: log, owned: false, persist: persist2, open: () => log };
  },
  file(owner, options, environment) {
    const { own: own2, persist: persist2 } = split(owner, options, Object.keys(fileOptions));
    const given = checked2(owner, { directory: own2["directory"] });
    const directory = given.directory ?? environment.directory ?? settings.directory.fallback;
    return {
      given: { ...options, ...given },
      store: directory,
      owned: true,
      persist: persist2,
      async open() {
        const log = await (await fileAdapter()).fileLog({ ...own2, directory });
        try {
          checkLog(log, owner, persist2.durability);
        } catch (error) {
          await log.close();
          throw error;
        }
        return log;
      }
    };
  },
  redis(owner, options) {
    const { url, password, database, prefix } = split(owner, options, ["url", "password", "database", "prefix"]).own;
    checked2(owner, { redisUrl: url, redisPassword: password, redisDatabase: database, prefix });
    throw new ConfigError("There is no log in Redis in this version: nothing would be kept.", {
      hint: "Keep events with configureBroker('file') or RXBATON_BACKEND=file, or pass an EventLog of your own.",
      details: { backend: "redis" }
    });
  }
};
function split(owner, options, names2) {
  knownOptions(owner, options, [...names2, ...persistOptionNames]);
  const part = (mine) => Object.fromEntries(Object.entries(options).filter(([name2]) => names2.includes(name2) === mine));
  const persist2 = part(false);
  checkPersistOptions(owner, persist2);
  return { own: part(true), persist: persist2 };
}
function checked2(owner, given) {
  const there = Object.entries(given).filter(([, value]) => value !== void 0);
  return Object.fromEntries(
    there.map(([name2, value]) => {
      const option = name2.replace(/^redis(.)/, (_, first) => first.toLowerCase());
      return [name2, settings[name2].check(value, `${owner}.${option}`)];
    })
  );
}

// ../wt/core/lib/log/environment.ts
var known3 = () => settingNames.map((name2) => settings[name2].variable);
function readEnvironment() {
  const variables = hostVariables();
  const valueOf = (name2) => variables[name2]?.trim() ?? "";
  for (const name2 of Object.keys(variables)) {
    if (!name2.startsWith("RXBATON_") || name2.startsWith("RXBATON_TEST_")) continue;
    if (known3().includes(name2) || valueOf(name2) === "") continue;
    const near = closest(name2, known3());
    throw new ConfigError(`The environment sets ${name2}, and there is no such variable.`, {
      hint: `${near === void 0 ? "" : `Did you mean ${near}? `}There are: ${known3().join(", ")}.`,
      details: { variable: name2, known: known3() }
    });
  }
  const found = {};
  for (const name2 of settingNames) {
    const { variable, parse, check } = settings[name2];
    const text2 = valueOf(variable);
    if (text2 !== "") found[name2] = check(parse(text2), variable);
  }
  return found;
}

// ../wt/core/lib/events/route.ts
var nowhere = () => memoryLog({ keep: 1 });
function startRoute(kernel, to, log, instead = nowhere) {
  const kept = isPending(log) ? log.then(null, instead) : log;
  const persistence = persist(kernel, kept, to.persist);
  const work = { name: "the log of the broker", before: null, after: null, abort: () => void 0 };
  let asked = false;
  let ended = null;
  async function finish() {
    if (!to.owned) return persistence.stop();
    kernel.begin(work);
    try {
      await persistence.stop();
      await (await kept).close();
    } finally {
      kernel.end(work);
    }
  }
  persistence.add(() => {
    ended = finish();
    ended.catch((error) => {
      if (!asked) kernel.report(error, "The log could not be closed.");
    });
  });
  return {
    to,
    async end() {
      asked = true;
      persistence.unsubscribe();
      await ended;
    }
  };
}
function isPending(log) {
  return log !== null && "then" in log;
}

// ../wt/core/lib/events/broker.ts
var brokers = /* @__PURE__ */ new WeakMap();
var brokerOf = (kernel) => brokers.get(kernel) ?? startBroker(kernel, { environment: {}, logger: kernel.logs ? "createCoordinator()" : null });
function startBroker(kernel, about) {
  let route = null;
  let given = null;
  let changing = null;
  async function change(next3, said) {
    if (next3 !== null) kernel.admit("configureBroker()");
    const [old, before2] = [route, given];
    const again = old !== null && old.to.store === next3?.store;
    let ended = again ? old.end() : null;
    let log = again ? ended.then(() => next3.open()) : next3?.open() ?? null;
    if (old !== null && !again && isPending(log)) {
      log = await log;
      if (kernel.closed) {
        if (next3.owned) await log.close();
        throw new ClosedError("The coordinator was closed before its new log was open.");
      }
    }
    const taken = log === null ? null : startRoute(kernel, next3, log, again ? () => old.to.open() : void 0);
    [route, given] = [taken, said];
    ended ??= old?.end() ?? null;
    ended?.catch(nothing2);
    try {
      return await log;
    } catch (error) {
      const back = taken.end();
      route = again ? startRoute(
        kernel,
        old.to,
        back.then(() => old.to.open())
      ) : null;
      given = before2;
      await back;
      throw error;
    } finally {
      await ended;
    }
  }
  const broker = {
    ...about,
    get given() {
      return given;
    },
    choose(next3, said) {
      const changed = changing === null ? change(next3, said) : changing.then(() => change(next3, said));
      const over = changed.then(nothing2, nothing2);
      changing = over;
      void over.then(() => {
        if (changing === over) changing = null;
      });
      return changed.then((log) => log);
    }
  };
  brokers.set(kernel, broker);
  return broker;
}
var nothing2 = () => void 0;

// ../wt/core/lib/events/CoordinatorKernel.ts
import { Observable as Observable4, Subscription as Subscription6 } from "rxjs";

// ../wt/core/lib/events/Closing.ts
var Closing = class {
  #of;
  /** When the deadline is over, by the clock. */
  #until = Infinity;
  #timer = null;
  #late = false;
  #ended = false;
  /** Why work is aborted, once the deadline is over. */
  #reason = null;
  #report = { aborted: [], dropped: 0 };
  constructor(of2) {
    this.#of = of2;
    this.done = this.#close();
  }
  /** The time for work is over: not even what is under way may start more. */
  get late() {
    return this.#late;
  }
  /** Leaves no more time than this. A later deadline than that of an earlier call changes nothing. */
  hurry(deadline) {
    const { clock, backend, reporter: reporter2 } = this.#of;
    const until = clock.now() + deadline;
    if (until >= this.#until) return;
    this.#until = until;
    this.#timer?.unsubscribe();
    if (this.#ended) {
      backend.close({ deadline }).catch((error) => {
        reporter2.report(error, "close() of the gate backend");
      });
    } else if (deadline === 0) this.#abort(0);
    else
      this.#timer = after(clock, deadline, () => {
        this.#abort(deadline);
      });
  }
  #abort(deadline) {
    this.#late = true;
    this.#reason ??= new ClosedError(`The deadline of close(), ${deadline} ms, was over.`, { details: { deadline } });
    const { aborted: aborted2, dropped } = this.#of.abort(this.#reason);
    this.#report = { aborted: [...this.#report.aborted, ...aborted2], dropped: this.#report.dropped + dropped };
  }
  async #close() {
    const { clock, backend, reporter: reporter2 } = this.#of;
    await this.#of.idle();
    this.#late = true;
    this.#of.end();
    if (this.#reason !== null) this.#abort(0);
    await this.#of.idle();
    this.#timer?.unsubscribe();
    this.#ended = true;
    await backend.close(this.#until === Infinity ? {} : { deadline: Math.max(0, this.#until - clock.now()) });
    this.#until = -Infinity;
    const { aborted: aborted2, dropped } = this.#report;
    const whole = aborted2.length + dropped === 0;
    reporter2.log(whole ? "info" : "warn", { aborted: aborted2, dropped }, "The coordinator is closed.");
    return this.#report;
  }
};

// ../wt/core/lib/internal/deepFreeze.ts
function deepFreeze(value, spared = []) {
  const others = new Set(spared);
  const todo = [value];
  for (let at = todo.pop(); at !== void 0 || todo.length > 0; at = todo.pop()) {
    if (typeof at !== "object" || at === null || others.has(at) || Object.isFrozen(at) || !isPlain2(at)) continue;
    Object.freeze(at);
    for (const child of Object.values(at)) todo.push(child);
  }
}
function isPlain2(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value) || value instanceof Error;
}

// ../wt/core/lib/events/ids.ts
var alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
function digits(value, length) {
  let text2 = "";
  for (let rest = value; text2.length < length; rest = Math.floor(rest / 32)) text2 = alphabet.charAt(rest % 32) + text2;
  return text2;
}
var pairs = null;
function ulidSeed(random) {
  return digits(Math.floor(random() * 2 ** 20), 4) + digits(Math.floor(random() * 2 ** 20), 4);
}
function ulids(seed) {
  const table = pairs ??= Array.from({ length: 1024 }, (_, i) => digits(i, 2));
  let time = NaN;
  let block2 = NaN;
  let head = "";
  return (timestamp, seq) => {
    const upper = Math.floor(seq / 1024);
    if (timestamp !== time || upper !== block2) {
      time = timestamp;
      block2 = upper;
      head = digits(Math.floor(timestamp), 10) + seed + digits(upper, 6);
    }
    return head + table[seq & 1023];
  };
}

// ../wt/core/lib/events/envelopes.ts
function checkEmitOptions(owner, options) {
  knownOptions(owner, options, ["sender", "cause", "runId", "correlationId", "traceparent"]);
  for (const option of ["sender", "runId", "correlationId", "traceparent"]) {
    const value = options[option];
    if (value !== void 0 && typeof value !== "string") expected(`${owner}.${option}`, "a text", value);
  }
  const { cause } = options;
  if (cause !== void 0 && cause !== null && typeof cause.id !== "string")
    expected(`${owner}.cause`, "an event, as handlers get it, or null", cause);
}
var Envelopes = class {
  #clock;
  #freeze;
  #idOfEvent;
  /** Ids of calls count apart, so that `seq` has no gaps; a seed of their own keeps them different. */
  #idOfCall;
  #events = 0;
  #calls = 0;
  #latest = 0;
  constructor(clock, random, freeze) {
    this.#clock = clock;
    this.#freeze = freeze;
    this.#idOfEvent = ulids(ulidSeed(random));
    this.#idOfCall = ulids(ulidSeed(random));
  }
  /** The moment, never before an earlier one: ids and timestamps of one coordinator sort alike. */
  #now() {
    const now = this.#clock.wall();
    if (now > this.#latest) this.#latest = now;
    return this.#latest;
  }
  callId() {
    return this.#idOfCall(this.#now(), ++this.#calls);
  }
  /** Takes the next number and returns the id that belongs to it. An event that nobody wants ends here. */
  next() {
    return this.#idOfEvent(this.#now(), ++this.#events);
  }
  /**
   * An event from elsewhere: what comes next has a later number and no earlier time.
   *
   * @throws ConfigError when it is none: one wrong number would spoil those of all events to come.
   */
  adopt(event) {
    const { name: name2, id, seq, timestamp } = event;
    if (typeof name2 !== "string" || typeof id !== "string" || !Number.isSafeInteger(seq) || !Number.isFinite(timestamp))
      expected("What replay() hands to a coordinator", "an event with its name, id, seq and timestamp", event);
    this.#events = Math.max(this.#events, event.seq);
    this.#latest = Math.max(this.#latest, event.timestamp);
    if (this.#freeze) deepFreeze(event);
  }
  /** The event to the `id` that `next` has just returned. What is `spared` in its data is never frozen. */
  wrap(id, name2, data, options, spared) {
    const event = { id, seq: this.#events, name: name2, data, timestamp: this.#latest };
    const frame = frameHere();
    if (frame !== null || options !== void 0) {
      const cause = options?.cause === void 0 ? nearest(frame, "cause") : options.cause;
      const runId = options?.runId ?? nearest(frame, "call")?.runId;
      const correlationId = options?.correlationId ?? cause?.correlationId ?? cause?.id;
      if (options?.sender !== void 0) event.sender = options.sender;
      if (runId !== void 0) event.runId = runId;
      if (correlationId !== void 0) event.correlationId = correlationId;
      if (cause !== null) event.causationId = cause.id;
      if (options?.traceparent !== void 0) event.traceparent = options.traceparent;
    }
    if (this.#freeze) deepFreeze(event, spared);
    return event;
  }
};

// ../wt/core/lib/events/DeadLetterBox.ts
var DeadLetterBox = class {
  #host;
  /** Oldest first. */
  #kept = /* @__PURE__ */ new Map();
  #replayed = /* @__PURE__ */ new Set();
  #stores = /* @__PURE__ */ new Set();
  /** Those of which nobody knows yet what they have of earlier runs. */
  #unread = /* @__PURE__ */ new Set();
  #reading = Promise.resolve();
  #dropped = 0;
  constructor(host, limit) {
    this.#host = host;
    this.limit = limit;
  }
  get dropped() {
    return this.#dropped;
  }
  /** A handler gave up on an event. */
  add(error, event, lane) {
    if (this.limit === 0) return;
    const failure2 = { error: errorData(error), failedAt: this.#host.clock.wall() };
    for (const kept of this.#replayed) {
      if (kept.letter.event !== event || kept.replay?.lane !== lane) continue;
      const { letter: letter2 } = kept;
      kept.letter = { ...letter2, ...failure2, failures: letter2.failures + 1 };
      if (this.#kept.has(letter2.id)) void this.#write((store) => store.keep(kept.letter));
      return;
    }
    const letter = { id: this.#host.id(), event, handler: lane.name, ...failure2, failures: 1 };
    this.#put({ letter, lane, replay: null });
    void this.#write((store) => store.keep(letter));
  }
  /** Keeps them in a store too, and takes in what it has of earlier runs when somebody asks. Returns what ends that. */
  keepIn(store) {
    this.#stores.add(store);
    this.#unread.add(store);
    if (this.#kept.size > 0) void this.#all();
    return () => {
      this.#stores.delete(store);
      this.#unread.delete(store);
    };
  }
  async list() {
    return [...(await this.#all()).values()].map(({ letter }) => letter);
  }
  async replay(which) {
    this.#host.admit("deadLetters.replay()");
    const report = { handled: 0, failed: 0, left: 0 };
    await this.#while(async () => {
      const chosen = await this.#choose(which);
      const again = async (kept) => {
        const lane = this.#laneOf(kept);
        if (lane instanceof ConfigError && which !== "all") throw lane;
        if (lane instanceof ConfigError) report.left++;
        else if (await (kept.replay?.done ?? this.#again(kept, lane))) report.handled++;
        else report.failed++;
      };
      await Promise.all(chosen.map(again));
    });
    return report;
  }
  async discard(which) {
    const chosen = await this.#choose(which);
    await this.#forget(chosen);
    return chosen.length;
  }
  async #choose(which) {
    if (typeof which !== "string") expected("What is chosen of dead letters", "the id of one, or 'all'", which);
    const all = await this.#all();
    if (which === "all") return [...all.values()];
    const kept = all.get(which);
    if (kept !== void 0) return [kept];
    throw new ConfigError(`There is no dead letter '${which}'.`, {
      hint: "list() has their ids. It may have been handled, discarded, or let go for newer ones.",
      details: { id: which }
    });
  }
  #laneOf({ letter: { handler, event }, lane }) {
    if (lane !== null && !lane.closed) return lane;
    const named2 = [...this.#host.lanes].filter((one) => one.name === handler && one.hears(event.name));
    const [only] = named2;
    if (only !== void 0 && named2.length === 1) return only;
    return new ConfigError(`${named2.length || "No"} handlers called ${handler} listen to '${event.name}' now.`, {
      hint: named2.length > 0 ? "Give them functions with names of their own." : "Subscribe it first, under that name.",
      details: { handler, event: event.name, handlers: named2.length }
    });
  }
  #again(kept, lane) {
    let tell2;
    const done = new Promise((resolve) => tell2 = resolve);
    kept.replay = { lane, done };
    this.#replayed.add(kept);
    lane.redeliver(kept.letter.event, (handled) => {
      kept.replay = null;
      this.#replayed.delete(kept);
      if (!handled) tell2(false);
      else
        void this.#forget([kept]).then(() => {
          tell2(true);
        });
    });
    return done;
  }
  #put(kept) {
    this.#kept.set(kept.letter.id, kept);
    if (this.#kept.size <= this.limit) return;
    const [oldest] = this.#kept.keys();
    this.#kept.delete(oldest);
    if (this.#dropped++ === 0) this.#host.overflowed(this.limit);
  }
  #forget(letters) {
    const ids = letters.map(({ letter }) => letter.id);
    for (const id of ids) this.#kept.delete(id);
    return this.#write((store) => store.forget(ids));
  }
  /** With those of earlier runs. */
  async #all() {
    for (const store of this.#unread) this.#reading = Promise.all([this.#reading, this.#task(() => this.#read(store))]);
    this.#unread.clear();
    await this.#reading;
    return this.#kept;
  }
  async #read(store) {
    let loaded;
    try {
      loaded = await store.load();
    } catch (error) {
      if (this.#stores.has(store)) this.#unread.add(store);
      throw error;
    }
    const here = this.#kept;
    this.#kept = /* @__PURE__ */ new Map();
    for (const letter of loaded) if (!here.has(letter.id)) this.#put({ letter, lane: null, replay: null });
    for (const kept of here.values()) this.#put(kept);
    const there = new Set(loaded.map(({ id }) => id));
    const missing = [...this.#kept.values()].filter(({ letter }) => !there.has(letter.id));
    await Promise.all(missing.map(({ letter }) => store.keep(letter)));
  }
  /** Resolves when it is written, or when it was reported that it was not. */
  async #write(write) {
    await Promise.all([...this.#stores].map((store) => this.#task(() => write(store))));
  }
  #task(write) {
    return this.#while(write).catch((error) => {
      this.#host.report(error, "Dead letters could not be kept in the log.");
    });
  }
  /** `settled()` waits for it. */
  async #while(task) {
    const work = { name: "dead letters", before: null, after: null, abort: () => {
    } };
    this.#host.begin(work);
    try {
      await task();
    } finally {
      this.#host.end(work);
    }
  }
};

// ../wt/core/lib/events/schema.ts
function pinned(name2, schema) {
  const standard2 = schema?.["~standard"];
  if (typeof standard2?.validate !== "function" || standard2.version !== 1) {
    throw new ConfigError(`define('${name2}') needs a schema of version 1 of Standard Schema, not ${show(schema)}.`, {
      hint: "A schema of zod, valibot or arktype is one. A gate is pinned by its description: define(mutex('db')).",
      details: { name: name2 }
    });
  }
  return {
    schema,
    check(data) {
      const result = answer(name2, schema, data);
      if (result.issues === void 0) return result.value;
      throw refusal(name2, result.issues);
    }
  };
}
function answer(name2, schema, data) {
  let result;
  try {
    result = schema["~standard"].validate(data);
  } catch (error) {
    throw new SchemaError(`The schema of '${name2}' failed instead of answering.`, {
      cause: error,
      details: { name: name2, issues: [] }
    });
  }
  if (typeof result.then !== "function") return result;
  result.then(void 0, () => {
  });
  throw new ConfigError(`The schema of '${name2}' answers with a promise, but emit needs to know at once.`, {
    hint: "Leave out what it awaits, and check that before you emit or in the handler.",
    details: { name: name2 }
  });
}
function refusal(name2, found) {
  const issues = found.map(({ message, path = [] }) => ({
    message,
    path: path.map((step2) => typeof step2 === "object" ? step2.key : step2)
  }));
  const listed2 = issues.slice(0, shown).map(({ message, path }) => path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`);
  if (issues.length > shown) listed2.push(`and ${issues.length - shown} more`);
  return new SchemaError(`'${name2}' does not fit its schema: ${listed2.join("; ")}.`, { details: { name: name2, issues } });
}
var shown = 5;

// ../wt/core/lib/events/EventBus.ts
var remembered3 = 4096;
var none2 = [];
var EventBus = class {
  #owner;
  #topics = /* @__PURE__ */ new Map();
  /** By name, since topics are forgotten. */
  #schemas = /* @__PURE__ */ new Map();
  #patterns = /* @__PURE__ */ new Map();
  /** Topics that nobody asked for by name. */
  #idle = 0;
  #taps = [];
  #inbox = [];
  #sinks = [];
  #delivering = false;
  /** Calls everybody in `#sinks`. */
  #fan = (event) => {
    const sinks = this.#sinks;
    const { length } = sinks;
    let i = 0;
    while (i < length) {
      try {
        for (; i < length; i++) {
          const sink2 = sinks[i];
          if (!sink2.closed && (sink2.accepts === null || sink2.accepts(event))) sink2.deliver(event);
        }
      } catch (error) {
        this.#owner.failed(error, event, sinks[i++]);
      }
    }
  };
  constructor(owner) {
    this.#owner = owner;
  }
  /** @throws ConfigError when no event can have this name. */
  topic(name2) {
    return this.#topics.get(name2) ?? this.#meet(name2);
  }
  /** @throws ConfigError SpecConflictError */
  pin(name2, schema) {
    const topic = this.topic(name2);
    if (topic.own) throw ownName(name2);
    const next3 = pinned(name2, schema);
    const before2 = topic.schema?.schema ?? schema;
    if (before2 !== schema) {
      throw new SpecConflictError(`The event '${name2}' has another schema already.`, {
        hint: "Define it once and share what define() returns.",
        details: { name: name2, there: before2, asked: schema }
      });
    }
    this.#schemas.set(name2, next3);
    topic.schema = next3;
  }
  /** Whether an event must be built: somebody listens, or may listen by the time it is its turn. */
  builds(topic) {
    return topic.live > 0 || topic.taps.length > 0 || this.#delivering;
  }
  /** Has it taken down, and delivers it. */
  post(topic, event) {
    if (topic.taps.length > 0) this.#takeDown(topic, event);
    this.pass(topic, event);
  }
  /** Delivers now, or, from inside a delivery, when the current event and those before this one have reached everybody. */
  pass(topic, event) {
    if (this.#delivering) {
      this.#inbox.push(event);
      return;
    }
    if (topic.live === 0) return;
    this.#delivering = true;
    try {
      this.#deliver(topic, event);
      while (this.#inbox.length > 0) {
        const batch = this.#inbox;
        this.#inbox = [];
        for (const next3 of batch) this.#deliver(this.topic(next3.name), next3);
      }
    } finally {
      this.#delivering = false;
    }
  }
  add(selector, sink2) {
    if (selector.name !== null) {
      const topic = this.topic(selector.name);
      if (topic.named++ === 0) this.#idle--;
      enter(topic, sink2);
      return;
    }
    this.#patterns.set(sink2, selector);
    for (const [name2, topic] of this.#topics) if (selector.matches(name2)) enter(topic, sink2);
  }
  remove(selector, sink2) {
    if (sink2.closed) return;
    sink2.closed = true;
    if (selector.name !== null) {
      const topic = this.topic(selector.name);
      leave(topic);
      if (--topic.named === 0) this.#idle++;
      return;
    }
    this.#patterns.delete(sink2);
    for (const [name2, topic] of this.#topics) if (selector.matches(name2)) leave(topic);
  }
  /** Returns what ends it; idempotent. */
  tap(selector, tap) {
    const tapping = { selector, tap };
    this.#setTaps([...this.#taps, tapping]);
    return () => {
      this.#setTaps(this.#taps.filter((other) => other !== tapping));
    };
  }
  #setTaps(taps) {
    this.#taps = taps;
    for (const [name2, topic] of this.#topics) topic.taps = this.#tapsOf(name2);
  }
  #tapsOf(name2) {
    return this.#taps.length === 0 ? none2 : this.#taps.filter(({ selector }) => selector.matches(name2));
  }
  #takeDown(topic, event) {
    for (const { selector, tap } of topic.taps) {
      try {
        if (selector.accepts !== null && !selector.accepts(event)) continue;
      } catch (error) {
        this.#owner.failed(error, event, tap);
        continue;
      }
      tap.take(event);
    }
  }
  /** The first sight of a name. */
  #meet(name2) {
    checkName(name2);
    if (this.#idle >= remembered3) this.#forget();
    const sinks = [];
    for (const [sink2, selector] of this.#patterns) if (selector.matches(name2)) sinks.push(sink2);
    const schema = this.#schemas.get(name2) ?? null;
    const taps = this.#tapsOf(name2);
    const topic = { own: isOwn(name2), schema, sinks, live: sinks.length, taps, named: 0 };
    this.#topics.set(name2, topic);
    this.#idle++;
    return topic;
  }
  /** Names may be made up without end (`order_4711_paid`); those with subscribers stay. */
  #forget() {
    for (const [name2, topic] of this.#topics) if (topic.named === 0) this.#topics.delete(name2);
    this.#idle = 0;
  }
  #deliver(topic, event) {
    if (topic.live === 0) return;
    this.#sinks = topic.sinks;
    this.#owner.resume(event, this.#fan, event);
  }
};
function enter(topic, sink2) {
  if (topic.sinks.length === 0) topic.sinks = [sink2];
  else topic.sinks.push(sink2);
  topic.live++;
}
function leave(topic) {
  topic.live--;
  if (topic.live * 2 <= topic.sinks.length) topic.sinks = topic.sinks.filter((sink2) => !sink2.closed);
}

// ../wt/core/lib/events/EventFrame.ts
var EventFrame = class {
  constructor(coordinator, cause) {
    this.parent = null;
    this.call = null;
    this.root = true;
    this.ticket = null;
    /** The delivery itself, and the handlers that go on. */
    this.#open = 1;
    this.coordinator = coordinator;
    this.cause = cause;
  }
  #open;
  get over() {
    return this.#open === 0;
  }
  enter() {
    this.#open++;
  }
  leave() {
    this.#open--;
  }
};

// ../wt/core/lib/events/ownEvents.ts
var gateActions = [
  "queued",
  "granted",
  "released",
  "refused",
  "left",
  "lost",
  "changed",
  "deadlock"
];
var gateEvents = /* @__PURE__ */ gateActions.map((action) => `rxbaton.gate.${action}`);

// ../wt/core/lib/events/gateWatch.ts
function gateWatch(gates, publish) {
  const env = gates.env;
  const sink2 = (activity) => {
    publish(`rxbaton.gate.${activity.action}`, activity);
  };
  let listeners = 0;
  return (selector, change) => {
    if (!gateEvents.some((name2) => selector.matches(name2))) return;
    listeners += change;
    env.activity = listeners > 0 ? sink2 : null;
  };
}

// ../wt/core/lib/events/handlerOptions.ts
var none3 = {
  concurrency: Infinity,
  maxQueue: Infinity,
  overflow: "error",
  retry: null,
  timeout: Infinity,
  once: false,
  signal: null,
  plain: true
};
function withHandler(handler, options) {
  if (handler === void 0 && options !== void 0)
    throw new ConfigError("when() has options for its handler, but no handler.", {
      hint: "Give a handler, or leave the options out and use operators on the Observable."
    });
  return handler !== void 0;
}
function terms(options, owner) {
  if (options === void 0) return none3;
  knownOptions(owner, options, ["concurrency", "maxQueue", "overflow", "retry", "timeout", "once", "signal"]);
  const { concurrency = Infinity, maxQueue = Infinity, overflow, retry, timeout, once = false, signal } = options;
  if (concurrency !== Infinity) positiveInteger(concurrency, `${owner}.concurrency`);
  if (maxQueue !== Infinity && !(Number.isSafeInteger(maxQueue) && maxQueue >= 0)) {
    expected(`${owner}.maxQueue`, "an integer from 0 up", maxQueue);
  }
  if (maxQueue !== Infinity && concurrency === Infinity) {
    throw new ConfigError(`${owner}.maxQueue does nothing without concurrency: nothing ever waits.`, {
      hint: "Give concurrency too."
    });
  }
  if (overflow !== void 0 && maxQueue === Infinity) {
    throw new ConfigError(`${owner}.overflow does nothing without maxQueue: nothing ever overflows.`, {
      hint: "Give maxQueue too."
    });
  }
  if (flag(once, `${owner}.once`) && (maxQueue !== Infinity || (options.concurrency ?? 1) > 1)) {
    throw new ConfigError(`${owner}.once takes one event: nothing else runs or waits, so these options do nothing.`, {
      hint: "Leave out concurrency and maxQueue."
    });
  }
  if (signal !== void 0 && typeof signal?.addEventListener !== "function") {
    throw new ConfigError(`${owner}.signal must be an AbortSignal, not ${show(signal)}.`);
  }
  return {
    concurrency,
    maxQueue,
    overflow: overflow === void 0 ? "error" : oneOf(overflow, ["drop-oldest", "drop-newest", "error"], `${owner}.overflow`),
    retry: retry === void 0 ? null : backoff(retry, `${owner}.retry`),
    timeout: timeout === void 0 ? Infinity : milliseconds(timeout, `${owner}.timeout`),
    once,
    signal: signal ?? null,
    plain: concurrency === Infinity && retry === void 0 && timeout === void 0 && !once
  };
}

// ../wt/core/lib/events/lane.ts
import { Subscription as Subscription5 } from "rxjs";

// ../wt/core/lib/events/HandlerRun.ts
import { from as from3, isObservable as isObservable2 } from "rxjs";
function isPending2(result) {
  if (typeof result !== "object" || result === null) return false;
  return isPromise2(result) || isObservable2(result) || Symbol.asyncIterator in result && "next" in result;
}
function isPromise2(value) {
  return typeof value.then === "function";
}
var HandlerRun = class {
  constructor(lane, event) {
    this.before = null;
    this.after = null;
    this.#attempt = 0;
    /** Changes when an attempt or wait is over: what an older one still says is not heard. */
    this.#turn = 0;
    /** The stream that the handler returned. */
    this.#stream = null;
    /** Where this attempt goes on after its delivery. */
    this.#frame = null;
    /** The limit of this attempt, or the wait for the next. */
    this.#timer = null;
    /** What the last attempt failed with, while the next one is waited for. */
    this.#failure = null;
    this.#begun = false;
    this.#ended = false;
    this.#lane = lane;
    this.event = event;
  }
  #lane;
  #attempt;
  #turn;
  #stream;
  #frame;
  #timer;
  #failure;
  #begun;
  #ended;
  get name() {
    return this.#lane.name;
  }
  /** Calls the handler, in the context of the event. */
  attempt() {
    this.#attempt++;
    this.#failure = null;
    const { handler } = this.#lane;
    let result;
    try {
      result = handler(this.event.data, this.event);
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (isPending2(result)) this.follow(result);
    else this.#end(true);
  }
  /** Waits for what the handler returned. */
  follow(result) {
    this.#begin();
    const turn = this.#turn;
    const succeeded = () => {
      if (turn === this.#turn) this.#end(true);
    };
    const failed = (error) => {
      if (turn === this.#turn) this.#failed(error);
    };
    const { host, terms: terms2 } = this.#lane;
    this.#frame = host.here();
    this.#frame.enter();
    if (isPromise2(result)) {
      result.then(succeeded, failed);
    } else {
      const stream = from3(result).subscribe({ error: failed, complete: succeeded });
      if (turn === this.#turn) this.#stream = stream;
    }
    if (terms2.timeout === Infinity || turn !== this.#turn) return;
    this.#timer = after(host.clock, terms2.timeout, () => {
      failed(this.#timedOut());
    });
  }
  /** The subscription ends. A promise is waited for all the same: it works on, and its failure must not get lost. */
  stop() {
    if (this.#failure !== null) this.#giveUp(this.#failure.error);
    else if (this.#stream !== null) this.#end();
  }
  abort() {
    if (this.#failure !== null) this.#giveUp(this.#failure.error);
    else this.#end();
  }
  #failed(error) {
    this.#release();
    const wait = this.#lane.stopped ? null : this.#wait(error);
    if (wait === null) {
      this.#giveUp(error);
      return;
    }
    this.#begin();
    this.#failure = { error };
    const { host } = this.#lane;
    this.#timer = after(host.clock, wait, () => {
      this.#timer = null;
      host.resume(
        this.event,
        (run) => {
          run.attempt();
        },
        this
      );
    });
  }
  #wait(error) {
    const { host, terms: terms2 } = this.#lane;
    if (terms2.retry === null) return null;
    try {
      return terms2.retry(error, this.#attempt, host.random);
    } catch (mistake) {
      host.report(mistake, `retry of the handler ${this.name}`);
      return null;
    }
  }
  #giveUp(error) {
    this.#lane.host.failed(error, this.event, this.#lane);
    this.#end();
  }
  #timedOut() {
    const { timeout } = this.#lane.terms;
    return new CallTimeoutError(`The handler ${this.name} took longer than ${timeout} ms for '${this.event.name}'.`, {
      ...this.#stream === null ? { hint: "A promise cannot be stopped and goes on; return an Observable to be unsubscribed." } : {},
      details: { handler: this.name, timeout, event: this.event.name, attempt: this.#attempt }
    });
  }
  #begin() {
    if (this.#begun) return;
    this.#begun = true;
    this.#lane.begin(this);
  }
  /** The next event starts before this one counts as ended, so that `settled()` finds no gap between them. */
  #end(handled = false) {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    this.#lane.done(this, handled);
    if (this.#begun) this.#lane.host.end(this);
  }
  /** Stops what the attempt or the wait has running. */
  #release() {
    this.#turn++;
    this.#frame?.leave();
    this.#frame = null;
    if (this.#timer === null && this.#stream === null) return;
    const running = [this.#timer, this.#stream];
    this.#timer = this.#stream = null;
    for (const each of running) {
      try {
        each?.unsubscribe();
      } catch (error) {
        this.#lane.host.report(error, `the teardown of the handler ${this.name}`);
      }
    }
  }
};

// ../wt/core/lib/events/lane.ts
var attempt = (run) => {
  run.attempt();
};
var Lane = class {
  constructor(host, selector, handler, terms2) {
    // First what every delivery looks at: with many names, reading it is what a delivery costs.
    this.closed = false;
    /** Its end is the end of the lane. Set by whoever makes both. */
    this.subscription = Subscription5.EMPTY;
    this.#queue = null;
    /** The events that it is not done with, as far as that takes time. */
    this.#runs = null;
    /** How many places are taken. */
    this.#active = 0;
    this.#starting = false;
    this.#stopped = false;
    this.#lost = 0;
    /** Events that are delivered once more, and who wants to hear whether the handler was done with them. */
    this.#again = null;
    this.accepts = selector.accepts;
    this.handler = handler;
    this.#plain = terms2.plain;
    this.terms = terms2;
    this.host = host;
    this.#selector = selector;
  }
  /** Nothing is counted: every event starts at once. */
  #plain;
  #selector;
  #queue;
  #runs;
  #active;
  #starting;
  #stopped;
  #lost;
  #again;
  get name() {
    return this.handler.name === "" ? `when(${this.#selector.label})` : this.handler.name;
  }
  /** How many events were lost because the queue was full. */
  get lost() {
    return this.#lost;
  }
  /** The subscription has ended: failures are final. */
  get stopped() {
    return this.#stopped;
  }
  deliver(event) {
    if (this.#plain) {
      const { handler } = this;
      const result = handler(event.data, event);
      if (result !== void 0 && isPending2(result)) new HandlerRun(this, event).follow(result);
    } else this.#take(event);
  }
  /** Whether events of this name may come. */
  hears(name2) {
    return this.#selector.matches(name2);
  }
  /** Takes an event that it has had before. `told` is called once: `false` if it failed again, or was lost or interrupted. */
  redeliver(event, told2) {
    (this.#again ??= /* @__PURE__ */ new Map()).set(event, told2);
    const deliver2 = () => {
      try {
        if (this.accepts !== null && !this.accepts(event)) this.#tell(event, true);
        else if (!this.#take(event)) this.#tell(event, false);
      } catch (error) {
        this.host.failed(error, event, this);
        this.#tell(event, false);
      }
    };
    this.host.resume(event, deliver2, void 0);
  }
  begin(run) {
    (this.#runs ??= /* @__PURE__ */ new Set()).add(run);
    this.host.begin(run);
  }
  /** A run is over: its place goes to the next event. */
  done(run, handled) {
    this.#runs?.delete(run);
    if (this.#again !== null) this.#tell(run.event, handled);
    if (this.#plain) return;
    this.#active--;
    if (this.terms.once) this.subscription.unsubscribe();
    else this.#next();
  }
  /** Forgets what waits. Returns how many events that were. */
  drop() {
    const queue = this.#queue;
    const waited = queue?.length ?? 0;
    this.#queue = null;
    if (this.#again !== null) for (let event = queue?.shift(); event; event = queue?.shift()) this.#tell(event, false);
    return waited;
  }
  /** Ends the lane: nothing more is started, streams are unsubscribed, promises go on. */
  stop() {
    this.#stopped = true;
    this.drop();
    for (const run of [...this.#runs ?? []]) run.stop();
  }
  /** Returns whether it wants the event at all. */
  #take(event) {
    if (this.#stopped || this.terms.once && this.#active > 0) return false;
    if (this.#active < this.terms.concurrency) {
      this.#active++;
      new HandlerRun(this, event).attempt();
    } else this.#wait(event);
    return true;
  }
  #tell(event, handled) {
    const told2 = this.#again?.get(event);
    this.#again?.delete(event);
    told2?.(handled);
  }
  #wait(event) {
    const { maxQueue, overflow } = this.terms;
    const queue = this.#queue ??= new Fifo();
    if (queue.length < maxQueue) {
      queue.push(event);
    } else if (overflow === "error") {
      throw new OverflowError(`The queue of the handler ${this.name} is full: ${maxQueue} events wait.`, {
        hint: "Raise concurrency or maxQueue, or choose overflow: 'drop-oldest' or 'drop-newest'.",
        details: { handler: this.name, maxQueue, event: event.name }
      });
    } else {
      const oldest = overflow === "drop-oldest" ? queue.shift() : void 0;
      if (oldest !== void 0) queue.push(event);
      this.#lost++;
      this.host.dropped(oldest ?? event, this);
      this.#tell(oldest ?? event, false);
    }
  }
  /** Fills free places. A loop, since a handler that ends at once frees its place before this returns. */
  #next() {
    if (this.#starting) return;
    this.#starting = true;
    while (this.#active < this.terms.concurrency) {
      const event = this.#queue?.shift();
      if (event === void 0) break;
      this.#active++;
      this.host.resume(event, attempt, new HandlerRun(this, event));
    }
    this.#starting = false;
  }
};

// ../wt/core/lib/events/reporter.ts
function reporter({ logger, onError }) {
  const log = (level, facts, message) => {
    try {
      logger?.[level](facts, message);
    } catch (error) {
      reportUnhandled(error);
    }
  };
  const report = (error, what, received = false) => {
    log("error", { err: error }, what);
    if (onError === void 0) {
      if (!received) reportUnhandled(error);
      return;
    }
    try {
      onError(error, what);
    } catch (mistake) {
      reportUnhandled(mistake);
    }
  };
  return { log, report };
}

// ../wt/core/lib/events/StreamSink.ts
var StreamSink = class {
  constructor(selector, subscriber) {
    this.closed = false;
    this.accepts = selector.accepts;
    this.#subscriber = subscriber;
    this.#selector = selector;
  }
  #subscriber;
  #selector;
  get name() {
    return `when(${this.#selector.label})`;
  }
  deliver(event) {
    this.#subscriber.next(event);
  }
  complete() {
    this.#subscriber.complete();
  }
};

// ../wt/core/lib/events/Works.ts
var Works = class {
  /** A ring of works through their links: every call comes and goes, and a Set would cost it more than its events. */
  #ring = { before: null, after: null };
  #size = 0;
  #waiting = [];
  constructor() {
    this.#ring.before = this.#ring.after = this.#ring;
  }
  get size() {
    return this.#size;
  }
  begin(work) {
    const last2 = this.#ring.before;
    work.before = last2;
    work.after = this.#ring;
    last2.after = this.#ring.before = work;
    this.#size++;
  }
  end(work) {
    const { before: before2, after: after2 } = work;
    if (before2 === null || after2 === null) return;
    before2.after = after2;
    after2.before = before2;
    work.before = work.after = null;
    if (--this.#size > 0 || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
  /** Resolves when nothing is under way. */
  async idle() {
    while (this.#size > 0) {
      await new Promise((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }
  /** Aborts everything. Returns the names of what had to be. */
  abort(reason) {
    const aborted2 = [];
    begin();
    try {
      while (this.#size > 0) {
        const work = this.#ring.after;
        aborted2.push(work.name);
        work.abort(reason);
        this.end(work);
      }
    } finally {
      end();
    }
    return aborted2;
  }
};

// ../wt/core/lib/events/CoordinatorKernel.ts
var handlerFailed = "rxbaton.handler_failed";
var handlerDropped = "rxbaton.handler_dropped";
var CoordinatorKernel = class {
  constructor(gates, options) {
    this.home = this.frame(null, { root: true });
    this.#heard = /* @__PURE__ */ new WeakSet();
    this.#works = new Works();
    /** Everybody who listens, to be ended by `close`. */
    this.lanes = /* @__PURE__ */ new Set();
    this.#streams = /* @__PURE__ */ new Set();
    this.#taps = /* @__PURE__ */ new Set();
    this.#closing = null;
    // What users see. Bound, so that `const { when, emit } = coordinator` works.
    this.emit = (event, data, options) => {
      const name2 = typeof event === "string" ? event : event?.event ?? event;
      if (this.#closing !== null) this.admit(`emit('${name2}')`);
      if (options !== void 0) checkEmitOptions(`emit('${name2}')`, options);
      const topic = this.#bus.topic(name2);
      if (topic.own) throw ownName(name2);
      return this.#send(topic, name2, data, options);
    };
    this.when = (selector, handler, options) => withHandler(handler, options) ? this.handle(selector, handler, options) : this.events(selector);
    this.settled = async (...given) => {
      if (given.some((each) => each !== void 0))
        throw new ConfigError("settled() takes no options.", { hint: "Behind then: .then(() => settled())." });
      this.#refuseInside("settled()");
      do {
        await this.#works.idle();
        await this.gates.backend.settled();
      } while (this.#works.size > 0);
    };
    this.close = async (options = {}) => {
      knownOptions("close()", options, ["deadline"]);
      const deadline = milliseconds(options.deadline ?? Infinity, "close().deadline", { zero: true, infinite: true });
      this.#refuseInside("close()");
      this.#closing ??= this.#close();
      this.#closing.hurry(deadline);
      return this.#closing.done;
    };
    this.gates = gates;
    this.clock = withWall(options.clock ?? hostClock);
    this.random = options.random ?? hostRandom;
    this.tracks = options.context !== "off";
    this.logs = options.logger !== void 0;
    this.#reporter = reporter(options);
    this.#envelopes = new Envelopes(this.clock, this.random, options.freeze ?? false);
    this.#bus = new EventBus(this);
    this.deadLetters = new DeadLetterBox(this, options.deadLetters ?? 1e3);
    this.#watchGates = gateWatch(gates, (name2, activity) => {
      if (this.wanted(name2)) this.publish(name2, activity);
    });
  }
  #reporter;
  #heard;
  #envelopes;
  #bus;
  #watchGates;
  #works;
  #streams;
  #taps;
  #closing;
  async [Symbol.asyncDispose]() {
    await this.close();
  }
  // What calls and handlers see.
  get closed() {
    return this.#closing !== null;
  }
  admit(what) {
    if (this.#closing === null || !this.#closing.late && this.#inside(true)) return;
    throw new ClosedError(`${what} came after close(): the coordinator takes no new work.`, { details: { what } });
  }
  publish(name2, data, options, spared) {
    return this.#send(this.#bus.topic(name2), name2, data, options, spared);
  }
  inject(event) {
    this.admit("replay()");
    this.#envelopes.adopt(event);
    this.#bus.pass(this.#bus.topic(event.name), event);
  }
  wanted(name2) {
    const { live, taps } = this.#bus.topic(name2);
    return live > 0 || taps.length > 0;
  }
  id() {
    return this.#envelopes.callId();
  }
  pin(name2, schema) {
    this.#bus.pin(name2, schema);
  }
  begin(work) {
    this.#works.begin(work);
  }
  end(work) {
    this.#works.end(work);
  }
  report(error, what, received = false) {
    this.#reporter.report(error, what, received);
  }
  here() {
    return frameHere();
  }
  frame(parent, { coordinator = this, cause = null, call = null, root = false, ticket = null }) {
    return { parent, coordinator, cause, call, root, ticket, over: false };
  }
  run(frame, fn, argument) {
    return this.tracks ? runIn(frame, fn, argument) : runHere(frame, fn, argument);
  }
  resume(event, fn, argument) {
    const frame = new EventFrame(this, event);
    try {
      this.run(frame, fn, argument);
    } finally {
      frame.leave();
    }
  }
  heard(error) {
    if (typeof error === "object" && error !== null) this.#heard.add(error);
  }
  failed(error, event, sink2) {
    const { name: handler } = sink2;
    if (sink2 instanceof Lane && !isOwn(event.name)) this.deadLetters.add(error, event, sink2);
    const what = `The handler ${handler} failed on '${event.name}'.`;
    const tells = !isOwn(event.name) && this.wanted(handlerFailed);
    const received = tells && this.#bus.topic(handlerFailed).live > 0;
    this.#reporter.report(error, what, received || this.#heard.has(error));
    if (tells) {
      const data = { name: event.name, handler, error: errorData(error), event };
      this.publish(handlerFailed, data, { cause: event });
    }
  }
  dropped(event, lane) {
    const {
      name: handler,
      lost: dropped,
      terms: { overflow: policy }
    } = lane;
    if (dropped === 1)
      this.#reporter.log("warn", { handler, policy, event }, `The handler ${handler} is too slow and loses events.`);
    if (isOwn(event.name) || !this.wanted(handlerDropped)) return;
    const data = { name: event.name, handler, policy, dropped, event };
    this.publish(handlerDropped, data, { cause: event });
  }
  overflowed(limit) {
    this.#reporter.log("warn", { limit }, `More than ${limit} dead letters: the oldest are let go.`);
  }
  /** The events of a selector. */
  events(selector) {
    const compiled = compile(selector);
    return new Observable4((subscriber) => {
      this.admit(`when(${compiled.label})`);
      const sink2 = new StreamSink(compiled, subscriber);
      this.#join(compiled, sink2);
      this.#streams.add(sink2);
      return () => {
        this.#streams.delete(sink2);
        this.#leave(compiled, sink2);
      };
    });
  }
  handle(selector, handler, options) {
    const compiled = compile(selector);
    const owner = `when(${compiled.label})`;
    if (typeof handler !== "function")
      throw new ConfigError(`The handler of ${owner} must be a function, not ${show(handler)}.`);
    const checked3 = terms(options, owner);
    this.admit(owner);
    const lane = new Lane(this, compiled, handler, checked3);
    const subscription = disposable(() => {
      this.lanes.delete(lane);
      this.#leave(compiled, lane);
      lane.stop();
    });
    lane.subscription = subscription;
    this.lanes.add(lane);
    this.#join(compiled, lane);
    if (checked3.signal !== null) endWith(subscription, checked3.signal);
    return subscription;
  }
  tap(selector, tap) {
    const end2 = this.#bus.tap(selector, tap);
    this.#watchGates(selector, 1);
    const tapping = new Subscription6(() => {
      end2();
      this.#taps.delete(tapping);
      this.#watchGates(selector, -1);
    });
    this.#taps.add(tapping);
    return tapping;
  }
  #send(topic, name2, data, options, spared) {
    const fit = topic.schema === null ? data : topic.schema.check(data);
    const id = this.#envelopes.next();
    if (this.#bus.builds(topic)) this.#bus.post(topic, this.#envelopes.wrap(id, name2, fit, options, spared));
    return id;
  }
  #join(selector, sink2) {
    this.#bus.add(selector, sink2);
    this.#watchGates(selector, 1);
  }
  /** Idempotent. */
  #leave(selector, sink2) {
    if (sink2.closed) return;
    this.#bus.remove(selector, sink2);
    this.#watchGates(selector, -1);
  }
  /** Whether the running code is a handler or a call of this coordinator, as far as that is known; or was `left` behind by one. */
  #inside(left) {
    for (let frame = frameHere(); frame !== null; frame = frame.parent) {
      if (frame.coordinator === this && (left || !frame.over) && (frame.call !== null || frame.cause !== null))
        return true;
      if (frame.root) return false;
    }
    return false;
  }
  #refuseInside(what) {
    if (!this.#inside(false)) return;
    throw new SettledInsideError(`${what} was called by a handler or a call, which it would wait for.`, {
      hint: "Call it outside, or start it in detached(...) and do not wait for it."
    });
  }
  #close() {
    return new Closing({
      clock: this.clock,
      backend: this.gates.backend,
      idle: () => this.#works.idle(),
      abort: (reason) => {
        let dropped = 0;
        for (const lane of this.lanes) dropped += lane.drop();
        return { aborted: this.#works.abort(reason), dropped };
      },
      end: () => {
        for (const lane of [...this.lanes]) lane.subscription.unsubscribe();
        for (const sink2 of [...this.#streams]) sink2.complete();
        for (const tapping of [...this.#taps]) tapping.unsubscribe();
      },
      reporter: this.#reporter
    });
  }
};

// ../wt/core/lib/internal/stream.ts
import { Observable as Observable5, Subscriber, Subscription as Subscription7 } from "rxjs";

// ../wt/core/lib/internal/sink.ts
var FunctionSink = class {
  constructor(next3, error, complete) {
    this.onNext = next3;
    this.onError = error;
    this.onComplete = complete;
  }
  next(value) {
    if (!this.onNext) return;
    try {
      this.onNext(value);
    } catch (error) {
      reportUnhandled(error);
    }
  }
  error(reason) {
    if (!this.onError) {
      reportUnhandled(reason);
      return;
    }
    try {
      this.onError(reason);
    } catch (error) {
      reportUnhandled(error);
    }
  }
  complete() {
    if (!this.onComplete) return;
    try {
      this.onComplete();
    } catch (error) {
      reportUnhandled(error);
    }
  }
};
var ObserverSink = class {
  constructor(observer) {
    this.observer = observer;
  }
  next(value) {
    const { observer } = this;
    if (!observer.next) return;
    try {
      observer.next(value);
    } catch (error) {
      reportUnhandled(error);
    }
  }
  error(reason) {
    const { observer } = this;
    if (!observer.error) {
      reportUnhandled(reason);
      return;
    }
    try {
      observer.error(reason);
    } catch (error) {
      reportUnhandled(error);
    }
  }
  complete() {
    const { observer } = this;
    if (!observer.complete) return;
    try {
      observer.complete();
    } catch (error) {
      reportUnhandled(error);
    }
  }
};
var deaf = /* @__PURE__ */ new FunctionSink(void 0, void 0, void 0);
function sinkOf(observer, error, complete) {
  return typeof observer === "function" ? new FunctionSink(observer, error, complete) : observerSink(observer, error, complete);
}
function observerSink(observer, error, complete) {
  if (observer) return new ObserverSink(observer);
  return !error && !complete ? deaf : new FunctionSink(void 0, error, complete);
}

// ../wt/core/lib/internal/stream.ts
var Stream = class extends Observable5 {
  subscribe(observer, error, complete) {
    if (observer instanceof Subscriber) {
      if (!observer.closed) this.begin(observer);
      return observer;
    }
    return this.begin(sinkOf(observer, error, complete));
  }
  /** What goes wrong at the start is an error of the stream: `subscribe` never throws. */
  begin(destination) {
    try {
      return this.start(destination);
    } catch (error) {
      destination.error(error);
      return Subscription7.EMPTY;
    }
  }
};

// ../wt/core/lib/gates/holder.ts
import { from as from4, Observable as Observable6, Subscriber as Subscriber2 } from "rxjs";
var ASKING = 0;
var WAITING2 = 1;
var STARTING = 2;
var WORKING = 3;
var ENDED = 4;
var completed = { error: void 0 };
var unsubscribed = { error: void 0 };
var Holder = class _Holder extends Subscriber2 {
  constructor(destination, parent, ask, job, subject) {
    super();
    this.ticket = null;
    this.phase = ASKING;
    /** While it waits, what ends its patience; while it starts, how the work has ended already. */
    this.pending = null;
    /** The work is a promise that has not settled: it goes on after its teardown. */
    this.running = false;
    this.destination = destination;
    this.parent = parent;
    this.ask = ask;
    this.job = job;
    this.subject = subject;
    if (destination instanceof Subscriber2) destination.add(this);
  }
  static of(destination, parent, ask, job, subject) {
    return new _Holder(destination, parent, ask, job, subject);
  }
  /** Whether frames follow promises here. */
  get tracked() {
    return this.ticket !== null && this.ticket.core.env.tracks;
  }
  get frame() {
    return this.tracked || this.parent !== null ? this : null;
  }
  get coordinator() {
    return null;
  }
  get cause() {
    return null;
  }
  get call() {
    return null;
  }
  get root() {
    return false;
  }
  get over() {
    return this.phase === ENDED && !this.running;
  }
  /** Asks for the grant. */
  request(core, signal) {
    if (signal === void 0 && this.ask.timeout === Infinity) core.enter(this);
    else this.requestWithin(core, signal);
    if (this.phase === ASKING) this.phase = WAITING2;
  }
  requestWithin(core, signal) {
    if (signal?.aborted) {
      this.refused(aborted(core, signal));
      return;
    }
    core.enter(this);
    if (this.phase === ASKING && this.ask.timeout > 0) this.pending = patience(this, core, signal);
  }
  granted(ticket) {
    if (this.pending !== null) this.stopWaiting();
    const atHome = this.phase === ASKING;
    this.phase = STARTING;
    if (this.tracked) runIn(this, start2, this, ticket);
    else this.startWork(ticket);
    if (this.pending === null) this.phase = WORKING;
    else this.finish(this.pending, atHome);
  }
  /** In its own frame, if there is one. */
  startWork(ticket) {
    try {
      this.job(this, ticket, this.subject);
    } catch (error) {
      if (this.isStopped) reportUnhandled(error);
      else this.error(error);
    }
  }
  /** Subscribes to the work. Streams first: to look for a `then` that is not there is dear. */
  follow(input, ticket) {
    if (!ticket.core.lease) this.add(() => ticket.abort(released));
    if (input instanceof Observable6) input.subscribe(this);
    else if (typeof input?.then === "function") this.await(input, ticket);
    else if (isObject(input) && Symbol.asyncIterator in input) this.read(input, ticket);
    else from4(input).subscribe(this);
  }
  /** An iterator that is left early goes on to its next answer: until then it still writes. */
  read(input, ticket) {
    const closing = (end2) => {
      this.running = true;
      const over = () => {
        this.running = false;
        ticket.core.release(ticket);
      };
      end2.then(over, over);
    };
    iterate(input, false, closing).subscribe(this);
  }
  /**
   * A promise cannot be stopped: when its hold ends before it the signal aborts at once, and the grant goes back only when
   * the promise has settled, because until then it still writes.
   */
  await(promise, ticket) {
    this.running = true;
    const onError = (error) => {
      this.running = false;
      if (this.closed) ticket.core.release(ticket);
      else this.error(error);
    };
    try {
      promise.then((value) => {
        this.running = false;
        if (this.closed) ticket.core.release(ticket);
        this.next(value);
        this.complete();
      }, onError);
    } catch (error) {
      onError(error);
    }
  }
  refused(error) {
    this.fail(error);
  }
  lost(ticket, reason, note) {
    this.fail(lostError(this, ticket, reason, note));
  }
  /** Ends with an error that does not come from the work. */
  fail(error) {
    if (this.phase === ENDED) return;
    const ending = { error };
    if (this.phase === STARTING) this.pending ??= ending;
    else this.finish(ending, false);
  }
  _next(value) {
    if (this.tracked) runIn(this.parent, next2, this.destination, value);
    else this.destination.next(value);
  }
  _error(error) {
    this.fail(error);
  }
  _complete() {
    if (this.phase === STARTING) this.pending ??= completed;
    else this.finish(completed, false);
  }
  unsubscribe() {
    if (this.closed) return;
    if (this.phase === WORKING) {
      this.finish(unsubscribed, false);
      return;
    }
    if (this.phase === STARTING) this.pending = unsubscribed;
    if (this.phase <= WAITING2) this.leave();
    this.tearDown();
  }
  /** Before the teardown, which may free the gate: whoever is going must not be let in. */
  leave() {
    this.phase = ENDED;
    if (this.pending !== null) this.stopWaiting();
    if (this.ticket !== null) this.ticket.core.cancel(this.ticket);
  }
  stopWaiting() {
    this.pending?.end();
    this.pending = null;
  }
  /** `atHome`: it runs in the frame of its consumer already. */
  finish(ending, atHome) {
    const { ticket } = this;
    const destination = this.destination;
    if (this.phase <= WAITING2 && this.pending !== null) this.stopWaiting();
    this.phase = ENDED;
    begin();
    try {
      this.tearDown();
      if (ticket !== null) this.giveBack(ticket);
      if (ending !== unsubscribed && destination !== null) this.tell(destination, ending, atHome);
    } finally {
      end();
    }
  }
  giveBack(ticket) {
    if (this.running) ticket.abort(released);
    else ticket.core.release(ticket);
  }
  tell(destination, ending, atHome) {
    if (atHome || !this.tracked) notify(destination, ending);
    else runIn(this.parent, notify, destination, ending);
  }
  /** A teardown that throws must not keep the gate closed. */
  tearDown() {
    try {
      super.unsubscribe();
    } catch (error) {
      reportUnhandled(error);
    }
  }
};
var start2 = (holder, ticket) => {
  holder.startWork(ticket);
};
var next2 = (destination, value) => {
  destination.next(value);
};
function notify(destination, ending) {
  try {
    if (ending === completed) destination.complete();
    else destination.error(ending.error);
  } catch (error) {
    reportUnhandled(error);
  }
}

// ../wt/core/lib/gates/gated.ts
var Gated = class extends Stream {
  constructor(request, job, subject) {
    super();
    this.request = request;
    this.job = job;
    this.subject = subject;
  }
  start(destination) {
    const { request } = this;
    const parent = request.parent();
    const core = request.core(parent);
    const holder = Holder.of(destination, parent, request.ask, this.job, this.subject);
    holder.request(core, request.signal);
    return holder;
  }
};

// ../wt/core/lib/gates/acquire.ts
function acquire(gate, options) {
  return new Acquisition(requestOf(gate, options, "acquire()"));
}
var Acquisition = class extends Gated {
  constructor(request) {
    super(request, handOut, void 0);
  }
};
function handOut(holder, ticket) {
  const { core } = ticket;
  holder.next(ticket);
  if (!core.lease) {
    holder.complete();
  } else if (holder.closed) {
    core.env.report(
      new GrantDiscardedError(`The grant of ${titleOf(core)} was given back before anything could run under it.`, {
        hint: "Use hold(acquire(gate), work), run(gate, work) or enter(gate) instead of firstValueFrom or take(1).",
        details: { gate: titleOf(core) }
      })
    );
  }
}

// ../wt/core/lib/gates/open.ts
function open(gate, host = currentHost()) {
  if (typeof gate === "object" && gate?.kind === "all") {
    expected("open()", "given one gate: open the members of an allOf one by one", gate);
  }
  return new LiveGate(host, host.core(gate).spec);
}
hostKey;
var LiveGate = class {
  constructor(host, spec) {
    this[hostKey] = host;
    this.spec = spec;
  }
  get name() {
    return this.spec.name;
  }
  /** Asked for each time, since a gate at rest may have been forgotten. */
  core(key) {
    return this[hostKey].core(this.spec, key);
  }
  acquire(options) {
    return acquire(this, options);
  }
  change(patch) {
    return this.core().change(patch);
  }
  pauseUntil(time) {
    return this.change({ pauseUntil: time });
  }
  force(fence, reason) {
    if (fence !== "all" && typeof fence !== "number")
      expected(`${this.name}: the fence of force()`, "a number or 'all'", fence);
    if (typeof reason !== "string" || reason === "")
      expected(`${this.name}: the reason of force()`, "a non-empty string", reason);
    return this.core().force(fence, reason);
  }
  inspect(key) {
    return this.core(key).inspect();
  }
};

// ../wt/core/lib/events/attach.ts
import { Subscription as Subscription8 } from "rxjs";

// ../wt/core/lib/events/whenMethod.ts
var marks = /* @__PURE__ */ new WeakMap();
function marksOf(instance) {
  return marks.get(instance) ?? [];
}

// ../wt/core/lib/events/attach.ts
function attach(kernel, instance) {
  const marks2 = marksOf(instance);
  if (marks2.length === 0) {
    throw new ConfigError(`Nothing to attach: no method of ${nameOf2(instance)} is marked with @when.method.`, {
      hint: "Give an instance, not its class, of a class with marked methods."
    });
  }
  const attached = new Subscription8();
  for (const { selector, handler, options } of marks2) attached.add(kernel.handle(selector, handler, options));
  return attached;
}
function nameOf2(instance) {
  if (typeof instance === "function") return `the class ${instance.name}`;
  if (typeof instance !== "object" || instance === null) return show(instance);
  return `this ${instance.constructor.name}`;
}

// ../wt/core/lib/events/Coordinator.ts
function checkCoordinatorOptions(options, owner) {
  knownOptions(owner, options, [
    "backend",
    "log",
    "clock",
    "random",
    "context",
    "freeze",
    "deadLetters",
    "deadlock",
    "logger",
    "onError"
  ]);
  const { backend, clock, random, context: context2 = "on", freeze = false, deadlock = "error", logger, onError } = options;
  const { deadLetters = 0 } = options;
  if (!(Number.isSafeInteger(deadLetters) && deadLetters >= 0))
    expected(`${owner}.deadLetters`, "an integer from 0 up", deadLetters);
  oneOf(context2, ["on", "off"], `${owner}.context`);
  oneOf(deadlock, ["error", "report", "off"], `${owner}.deadlock`);
  flag(freeze, `${owner}.freeze`);
  has(backend, ["open", "supports", "find", "close"], `${owner}.backend`, "a gate backend");
  if (options.log !== void 0) checkLog(options.log, `${owner}.log`);
  has(clock, ["now", "schedule"], `${owner}.clock`, "a scheduler");
  has(logger, ["debug", "info", "warn", "error"], `${owner}.logger`, "a logger with debug, info, warn and error");
  for (const [name2, fn] of Object.entries({ random, onError })) {
    if (fn !== void 0 && typeof fn !== "function")
      throw new ConfigError(`${owner}.${name2} must be a function, not ${show(fn)}.`);
  }
}
function has(value, methods, option, what) {
  if (value === void 0) return;
  const missing = methods.filter((method) => typeof value?.[method] !== "function");
  if (missing.length > 0) throw new ConfigError(`${option} must be ${what}; it has no ${missing.join(", ")}.`);
}

// ../wt/core/lib/events/defineWith.ts
function defineWith(gates, kernel) {
  return ((of2, schema) => {
    if (typeof of2 === "string") {
      kernel().pin(of2, schema);
      return { event: of2, schema };
    }
    gates().define(of2);
    return of2;
  });
}

// ../wt/core/lib/events/keepIn.ts
function keepIn(kernel, log, by) {
  brokerOf(kernel).choose(ownLog(log, {}), { by, values: { backend: "custom" } }).catch((error) => {
    kernel.report(error, "The log in which events were to be kept cannot be opened.");
  });
}

// ../wt/core/lib/events/createCoordinator.ts
function createKernel(options, owner) {
  checkCoordinatorOptions(options, owner);
  const { backend, clock, random, context: context2 = "on", deadlock = "error" } = options;
  const gates = createHost({
    ...backend === void 0 ? {} : { backend },
    ...clock === void 0 ? {} : { clock },
    ...random === void 0 ? {} : { random: () => random().toString(36).slice(2) },
    tracks: context2 === "on",
    deadlock,
    report: (error) => {
      kernel.report(error, "An error at a gate has no other receiver.");
    }
  });
  const kernel = new CoordinatorKernel(gates, options);
  return kernel;
}
function createCoordinator(options = {}) {
  const kernel = createKernel(options, "createCoordinator()");
  if (options.log !== void 0) keepIn(kernel, options.log, "createCoordinator()");
  return Object.assign(kernel, {
    coordinate: coordinateWith(() => kernel),
    attach: (instance) => attach(kernel, instance),
    open: (gate) => open(gate, kernel.gates),
    define: defineWith(
      () => kernel.gates,
      () => kernel
    )
  });
}

// ../wt/core/lib/internal/printable.ts
function printable(text2) {
  return text2.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (sign) => sign === "\n" ? "\\n" : `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`
  );
}

// ../wt/core/lib/events/textLogger.ts
var ranks = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };
var quiet2 = () => void 0;
function textLogger({ level, json, clock, write }) {
  const line = json ? jsonLine : textLine;
  const at = (own2) => ranks[own2] < ranks[level] ? quiet2 : (facts, message) => {
    write(line(own2, new Date(clock.wall()).toISOString(), facts, message));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
function jsonLine(level, time, facts, msg) {
  return JSON.stringify({ level, time, msg, ...plain(facts) });
}
function textLine(level, time, facts, message) {
  const { err, ...others } = facts;
  const rest = plain(others);
  const shown2 = Object.keys(rest).length === 0 ? "" : ` ${printable(JSON.stringify(rest))}`;
  const head = `${time} ${level.toUpperCase().padEnd(5)} ${printable(message)}${shown2}`;
  if (!("err" in facts)) return head;
  const { name: name2, message: what, stack } = errorData(err);
  const text2 = stack === "" ? `${name2}: ${what}` : stack;
  return [head, ...text2.split("\n").map((each) => `    ${printable(each).trimStart()}`)].join("\n");
}
function plain(facts) {
  const said = {};
  for (const [key, value] of Object.entries(facts)) {
    try {
      const text2 = JSON.stringify(value, word);
      if (text2 !== void 0) said[key] = JSON.parse(text2);
    } catch {
      said[key] = "an object";
    }
  }
  return said;
}
function word(_key, value) {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Error ? errorData(value) : value;
}

// ../wt/core/lib/events/environmentLogger.ts
var effectiveLevel = ({ logLevel, logFile, logJson }) => logLevel ?? (logFile !== void 0 || logJson === true ? "info" : settings.logLevel.fallback);
function environmentLogger(environment) {
  const level = effectiveLevel(environment);
  if (level === "silent") return void 0;
  const { logFile, logJson: json = false } = environment;
  const toStderr = textLogger({ level, json, clock: hostClock, write: hostSay });
  if (logFile === void 0) return toStderr;
  const toFile = fileAdapter().then(({ fileLogger }) => fileLogger(logFile, { level, json }));
  return later(
    toFile.catch((error) => {
      toStderr.error({ err: error }, `The log file '${logFile}' cannot be opened: its lines go here.`);
      return toStderr;
    })
  );
}
function later(made) {
  let logger = null;
  const early = [];
  void made.then((ready) => {
    logger = ready;
    for (const say of early.splice(0)) say(ready);
  });
  const at = (level) => (facts, message) => {
    if (logger === null) early.push((ready) => ready[level](facts, message));
    else logger[level](facts, message);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

// ../wt/core/lib/events/defaultCoordinator.ts
var standard = null;
function make({
  options,
  broker: keeps = true
} = {}) {
  const environment = readEnvironment();
  const backend = environment.disablePersistence === true ? "none" : environment.backend ?? "none";
  const destination = keeps && options?.log === void 0 ? destinationOf(backend, {}, environment) : null;
  const logger = options?.logger ?? environmentLogger(environment);
  const given = logger === void 0 ? {} : { logger };
  const kernel = options === void 0 ? new CoordinatorKernel(defaultHost(), given) : createKernel({ ...options, ...given }, "configure()");
  const broker = startBroker(kernel, {
    environment,
    logger: options?.logger === void 0 ? null : "configure()"
  });
  if (destination !== null) {
    broker.choose(destination, null).catch((error) => {
      kernel.report(error, "Events cannot be kept where the environment wants them.");
    });
  }
  if (options?.log !== void 0) keepIn(kernel, options.log, "configure()");
  return kernel;
}
function configure(options) {
  if (standard !== null || defaultHostInUse()) {
    throw new ConfigError("configure() came too late: the default coordinator is in use.", {
      hint: "Call it once, before the first when, emit, gate or call that runs; or use createCoordinator()."
    });
  }
  standard = make({ options });
  setDefaultHost(standard.gates);
}
function within(coordinator, fn) {
  if (!(coordinator instanceof CoordinatorKernel)) {
    throw new ConfigError(`within() needs a coordinator, as createCoordinator() makes it, not ${show(coordinator)}.`);
  }
  const kernel = coordinator;
  return kernel.run(kernel.frame(kernel.here(), {}), fn, void 0);
}

// ../wt/core/operators/withLock.ts
import { defer as defer3 } from "rxjs";
function withLock(gate, options) {
  return typeof gate === "function" ? withLockOf(gate, options) : withRequest(requestOf(gate, options, caller));
}
var caller = "withLock()";
function withRequest(request) {
  return (source2) => new Gated(request, subscribeTo, source2);
}
function withLockOf(gate, options) {
  if (options !== void 0) checked(options, caller);
  return (source2) => defer3(() => new Gated(requestOf(gate(), options, caller), subscribeTo, source2));
}
function subscribeTo(holder, _ticket, source2) {
  source2.subscribe(holder);
}

// <stdin>
var context = process.argv[2] ?? "off";
configure({ context });
within(createCoordinator({ context }), () => {
});
var source = of(1);
var sum = 0;
var sink = (v) => {
  sum += v;
};
var m = mutex("m");
var block = (n) => {
  for (let i = 0; i < n; i++) withLock(m)(source).subscribe(sink);
};
var N = +process.argv[3];
(async () => {
  if (N) {
    for (let i = 0; i < 40; i++) await block(2500);
    for (let i = 0; i < N / 2500; i++) await block(2500);
    return;
  }
  let n = 1;
  for (; ; ) {
    const b = performance.now();
    await block(n);
    if (performance.now() - b > 25) break;
    n *= 2;
  }
  const s = [];
  const R = 25;
  for (let r = 0; r < R; r++) {
    globalThis.gc?.({ type: "minor" });
    await null;
    const b = performance.now();
    await block(n);
    s.push((performance.now() - b) * 1e6 / n);
  }
  s.sort((a, b) => a - b);
  console.log("onefile", context, "min", s[0].toFixed(1), "q1", s[R >> 2].toFixed(1), "med", s[R >> 1].toFixed(1));
})();
