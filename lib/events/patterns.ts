/**
 * Which names a selector stands for. A name is any text without `*`. In a pattern each `*` stands for any text, also none
 * and also dots: `'*_failed'` must find the failures of `team.researcher` too, and dots mean nothing to the library. (So
 * `**` is the same as `*`; where one segment is meant, a RegExp says it.)
 *
 * Names under `rxbaton.` belong to the library. They are found by a pattern that begins with that prefix and by a RegExp
 * that spells it, by no other and by no predicate: an alert on `'*_failed'` must not hear about its own failure.
 */
import { ConfigError } from '../errors.ts';
import { show } from '../internal/options.ts';
import type { CoordinatorEvent, EventHandle } from './event.ts';

/**
 * A name, a pattern with `*`, a handle such as `research.complete`, a RegExp on the name, or a predicate on the event. A
 * predicate answers at once: an answer that is a promise counts as its failure, and nothing is delivered for it.
 */
export type Selector = string | EventHandle | RegExp | ((event: CoordinatorEvent) => boolean);

/** A selector that was understood. */
export interface Compiled {
  /** How messages call it. */
  readonly label: string;
  /** The one name that it stands for, or `null` if it is a pattern. */
  readonly name: string | null;
  /** Whether it stands for events of this name, asked once for each name. */
  matches(name: string): boolean;
  /** Asked for each event whose name matches, where a name cannot tell. */
  readonly accepts: ((event: CoordinatorEvent) => boolean) | null;
}

const own = 'rxbaton.';

/** Whether a name is one of the library's own. */
export function isOwn(name: string): boolean {
  return name.startsWith(own);
}

/** @throws ConfigError when no event can have this name. */
export function checkName(name: string): void {
  if (typeof name === 'string' && name !== '' && !name.includes('*')) return;
  throw new ConfigError(`An event needs a name: some text without '*', not ${show(name)}.`, {
    details: { name },
  });
}

/** The refusal of a name that only the library may use. */
export function ownName(name: string): ConfigError {
  return new ConfigError(`'${name}' is a name of the library's own events.`, {
    hint: "Choose one without 'rxbaton.' in front.",
  });
}

/** @throws ConfigError when it is no selector. */
export function compile(selector: Selector): Compiled {
  if (typeof selector === 'string') return selector.includes('*') ? glob(selector) : new ExactName(selector);
  if (typeof selector === 'function') {
    refuseAgent(selector);
    const label = `a predicate${selector.name === '' ? '' : ` (${selector.name})`}`;
    return { label, name: null, matches: (name) => !isOwn(name), accepts: atOnce(selector, label) };
  }
  if (selector instanceof RegExp) return expression(selector);
  if (typeof selector === 'object' && typeof (selector as EventHandle | null)?.event === 'string')
    return new ExactName(selector.event);
  throw new ConfigError(`when() needs a name, a pattern, a handle, a RegExp or a predicate, not ${show(selector)}.`, {
    hint: "Give 'researcher_complete', '*_failed', research.complete, /^order_/ or (event) => boolean.",
    details: { selector },
  });
}

/** Taken for a predicate a coordinated function would be called by every event, those of these very calls too. */
function refuseAgent(selector: object): void {
  const handle = (selector as { complete?: Partial<EventHandle> }).complete?.event;
  if (typeof handle !== 'string') return;
  throw new ConfigError('when() got a coordinated function, which has several events.', {
    hint: `Give one of its handles: .complete stands for '${handle}'.`,
    details: { selector },
  });
}

/** A promise is true whatever it resolves to: taken for an answer it would let everything through. */
function atOnce(predicate: (event: CoordinatorEvent) => unknown, label: string): (event: CoordinatorEvent) => boolean {
  return (event) => {
    const answer = predicate(event);
    if (typeof (answer as Partial<PromiseLike<unknown>> | null | undefined)?.then !== 'function')
      return Boolean(answer);
    // Nobody asks any more, so how it ends is not news.
    (answer as PromiseLike<unknown>).then(undefined, () => {});
    throw new ConfigError(`when(${label}) got a promise from its predicate, which must answer at once.`, {
      hint: 'Await inside the handler and return there.',
    });
  };
}

/** There may be very many of these, so they have no closures. */
class ExactName implements Compiled {
  readonly name: string;
  readonly accepts = null;

  constructor(name: string) {
    checkName(name);
    this.name = name;
  }

  get label(): string {
    return `'${this.name}'`;
  }

  matches(name: string): boolean {
    return name === this.name;
  }
}

function glob(pattern: string): Compiled {
  const parts = pattern.split(/\*+/);
  return {
    label: `'${pattern}'`,
    name: null,
    matches: (name) => isOwn(pattern) === isOwn(name) && covers(parts, name),
    accepts: null,
  };
}

/** Whether the parts follow each other in the name, the first at its beginning and the last at its end. */
function covers(parts: readonly string[], name: string): boolean {
  const first = parts[0] as string;
  const last = parts[parts.length - 1] as string;
  const end = name.length - last.length;
  if (!name.startsWith(first) || end < first.length || !name.endsWith(last)) return false;
  let at = first.length;
  // The earliest place for each part leaves most room for the rest, so that nothing has to be tried twice.
  for (let i = 1; i < parts.length - 1; i++) {
    const part = parts[i] as string;
    at = name.indexOf(part, at);
    if (at < 0 || at + part.length > end) return false;
    at += part.length;
  }
  return true;
}

function expression(regexp: RegExp): Compiled {
  // `g` and `y` make a RegExp remember where it stopped: the same name would match every other time.
  const stateless = new RegExp(regexp.source, regexp.flags.replace(/[gy]/g, ''));
  const spellsOwn = regexp.source.includes('rxbaton');
  return {
    label: String(regexp),
    name: null,
    matches: (name) => (spellsOwn || !isOwn(name)) && stateless.test(name),
    accepts: null,
  };
}
