import type { SpecPatch } from '../../gates/spec.ts';

/** What can happen at gates. `gate` may be left out where the oracle has only one; a list of names asks for all together. */
export type OracleCommand =
  | {
      readonly do: 'arrive';
      /** A new one for each request. */
      readonly id: string;
      readonly gate?: string | readonly string[];
      readonly cost?: number;
      readonly priority?: number;
      /** Now or not at all. */
      readonly attempt?: boolean;
    }
  /** A waiter goes away, whatever its reason. */
  | { readonly do: 'leave'; readonly id: string }
  /** A holder gives back all that it got. */
  | { readonly do: 'release'; readonly id: string }
  /** A holder moves the end of its lease to `ms` from now. */
  | { readonly do: 'extend'; readonly id: string; readonly ms: number }
  /** What a reservation really cost. */
  | { readonly do: 'charge'; readonly id: string; readonly actual: number }
  /** A holder loses what it holds. */
  | { readonly do: 'force'; readonly id: string }
  /** Other limits, or a pause; the calendar of the oracle begins in 1970. */
  | { readonly do: 'change'; readonly gate?: string; readonly patch: SpecPatch }
  /** Time goes on, up to this moment. */
  | { readonly do: 'advance'; readonly to: number };
