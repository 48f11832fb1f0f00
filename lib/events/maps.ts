/**
 * Which names exist and what their events carry, for the compiler. Three empty interfaces are yours to fill:
 *
 * ```ts
 * declare module 'rxbaton' {
 *   interface EventMap { data_ready: { dataset: string } }
 *   interface AgentMap { researcher: typeof research }      // researcher_started, researcher_complete ...
 *   interface Strict { names: true }                        // and no other name compiles
 * }
 * ```
 */
import type {
  Abandoned,
  Cancelled,
  Completed,
  CoordinatorEvent,
  EventHandle,
  Failed,
  Retrying,
  Started,
} from './event.ts';
import type { OwnEvents } from './ownEvents.ts';

/* eslint-disable @typescript-eslint/no-empty-object-type -- filled by users, through declaration merging */
/** Your events: name to data. */
export interface EventMap {}
/** Your coordinated functions: name to function. */
export interface AgentMap {}
/** `{ names: true }` refuses names that are in none of the maps. */
export interface Strict {}
/* eslint-enable */

type AnyFunction = (...args: never) => unknown;
type ResultOf<A> = A extends { readonly complete: EventHandle<Completed<infer R>> }
  ? R
  : A extends AnyFunction
    ? Awaited<ReturnType<A>>
    : unknown;
type ArgsOf<A> = A extends (...args: infer P) => unknown ? P : readonly unknown[];

/** The events of coordinated functions: `AgentEvents<{ researcher: typeof research }>` has `researcher_complete` and its like. */
export type AgentEvents<Agents> = {
  readonly [N in keyof Agents & string as `${N}_started`]: Started<ArgsOf<Agents[N]>>;
} & {
  readonly [N in keyof Agents & string as `${N}_complete`]: Completed<ResultOf<Agents[N]>>;
} & {
  readonly [N in keyof Agents & string as `${N}_failed`]: Failed;
} & {
  readonly [N in keyof Agents & string as `${N}_cancelled`]: Cancelled;
} & {
  readonly [N in keyof Agents & string as `${N}_retrying`]: Retrying;
} & {
  readonly [N in keyof Agents & string as `${N}_abandoned`]: Abandoned;
};

/** What a coordinator knows: which names, and whether it takes others too. */
export interface Names {
  readonly events: object;
  readonly strict: boolean;
}

/** The names that bare functions know. */
export interface Registered extends Names {
  events: EventMap & AgentEvents<AgentMap>;
  strict: Strict extends { names: true } ? true : false;
}

/** The names of `createCoordinator<Events>()`: these, and those of registered agents. */
export interface Only<Events> extends Names {
  events: Events & AgentEvents<AgentMap>;
  strict: true;
}

type NameIn<N extends Names> = keyof N['events'] & string;

/** Names that may be emitted. */
export type EmitName<N extends Names> = NameIn<N> | (N['strict'] extends true ? never : string & {});

/** Names and patterns that may be listened to. */
export type WhenName<N extends Names> = EmitName<N> | keyof OwnEvents | `${string}*${string}`;

/** Whatever may be listened to. */
export type SelectorOf<N extends Names> =
  WhenName<N> | EventHandle<any> | RegExp | ((event: CoordinatorEvent<string, any>) => boolean);

type Glob<P extends string> = P extends `${infer Head}*${infer Tail}` ? `${Head}${string}${Glob<Tail>}` : P;

/** A pattern: where other names may exist its data can be anything, else it is that of one of the names that it covers. */
type PatternData<N extends Names, P extends string> = P extends `rxbaton.${string}`
  ? OwnEvents[Extract<keyof OwnEvents, Glob<P>>]
  : N['strict'] extends true
    ? N['events'][Extract<keyof N['events'], Glob<P>>]
    : any;

/** The data of the events of one name or pattern. */
export type NameData<N extends Names, S extends string> = S extends `${string}*${string}`
  ? PatternData<N, S>
  : S extends keyof OwnEvents
    ? OwnEvents[S]
    : S extends keyof N['events']
      ? N['events'][S]
      : any;

/** The data of the events that a selector stands for. */
export type DataOf<N extends Names, S> = S extends string
  ? NameData<N, S>
  : S extends EventHandle<infer Data>
    ? Data
    : N['strict'] extends true
      ? N['events'][keyof N['events']]
      : any;

/** The events that a selector stands for. */
export type EventOf<N extends Names, S> = CoordinatorEvent<
  S extends string ? (S extends `${string}*${string}` ? string : S) : string,
  DataOf<N, S>
>;
