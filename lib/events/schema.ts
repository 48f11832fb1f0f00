/**
 * Schemas of events. Any library that speaks Standard Schema (https://standardschema.dev) will do: zod, valibot, arktype, or
 * twenty lines of one's own.
 */
import { ConfigError, SchemaError } from '../errors.ts';
import { show } from '../internal/options.ts';
import type { EventHandle } from './event.ts';

/** What is wrong with a value, and where in it. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The value as it goes on, or what is wrong with it. */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** Version 1 of Standard Schema, as far as it is asked for: these are its types, so that it need not be installed. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/* eslint-disable @typescript-eslint/no-explicit-any -- any schema, whatever it takes and gives */
/** A schema of any values. */
export type AnySchema = StandardSchema<any, any>;
/* eslint-enable */

/** What a schema takes. */
export type InputOf<S extends AnySchema> = NonNullable<S['~standard']['types']>['input'];
/** What it makes of that. */
export type OutputOf<S extends AnySchema> = NonNullable<S['~standard']['types']>['output'];

/** A name with its schema: `when(orderPlaced, ...)` and `emit(orderPlaced, ...)` know the types of its data. */
export interface DefinedEvent<S extends AnySchema = AnySchema> extends EventHandle<OutputOf<S>> {
  readonly schema: S;
}

/** The schema of a name, at work. */
export interface Pinned {
  readonly schema: AnySchema;
  /**
   * The data as it is delivered.
   *
   * @throws SchemaError when it breaks the schema. ConfigError when the schema answers with a promise.
   */
  check(data: unknown): unknown;
}

/** @throws ConfigError when it is no schema. */
export function pinned(name: string, schema: AnySchema): Pinned {
  const standard = (schema as Partial<AnySchema> | null | undefined)?.['~standard'];
  if (typeof standard?.validate !== 'function' || standard.version !== 1) {
    throw new ConfigError(`define('${name}') needs a schema of version 1 of Standard Schema, not ${show(schema)}.`, {
      hint: "A schema of zod, valibot or arktype is one. A gate is pinned by its description: define(mutex('db')).",
      details: { name },
    });
  }
  return {
    schema,
    check(data) {
      const result = answer(name, schema, data);
      if (result.issues === undefined) return result.value;
      throw refusal(name, result.issues);
    },
  };
}

function answer(name: string, schema: AnySchema, data: unknown): SchemaResult<unknown> {
  let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
  try {
    result = schema['~standard'].validate(data);
  } catch (error) {
    throw new SchemaError(`The schema of '${name}' failed instead of answering.`, {
      cause: error,
      details: { name, issues: [] },
    });
  }
  if (typeof (result as Partial<PromiseLike<unknown>>).then !== 'function') return result as SchemaResult<unknown>;
  // Nobody asks any more, so how it ends is not news.
  (result as Promise<unknown>).then(undefined, () => {});
  throw new ConfigError(`The schema of '${name}' answers with a promise, but emit needs to know at once.`, {
    hint: 'Leave out what it awaits, and check that before you emit or in the handler.',
    details: { name },
  });
}

function refusal(name: string, found: readonly SchemaIssue[]): SchemaError {
  const issues = found.map(({ message, path = [] }) => ({
    message,
    path: path.map((step) => (typeof step === 'object' ? step.key : step)),
  }));
  const listed = issues
    .slice(0, shown)
    .map(({ message, path }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`));
  if (issues.length > shown) listed.push(`and ${issues.length - shown} more`);
  return new SchemaError(`'${name}' does not fit its schema: ${listed.join('; ')}.`, { details: { name, issues } });
}

/** How many issues a message tells. All of them are in `details.issues`. */
const shown = 5;
