import { currentHost } from '../gates/host.ts';
import { currentKernel } from './defaultCoordinator.ts';
import { defineWith, type Define } from './defineWith.ts';
import type { Registered } from './maps.ts';

/**
 * Pins what a name means, everywhere in the coordinator of the running code, else in the default one: the settings of a
 * gate, so that its bare name means them, or the schema of an event, so that no other data goes out under that name.
 *
 * `emit` asks the schema (zod, valibot, arktype or whatever else speaks Standard Schema) at once: data that breaks it is
 * refused with a `SchemaError` that the sender sees, and nothing is emitted. What the schema returns is what is delivered, so
 * defaults are filled in and conversions are done once, for all who listen. The lifecycle events of coordinated functions may
 * have schemas too; a call never fails for them: the event is withheld and its `SchemaError` goes to `onError`. Names without a
 * schema are not looked at.
 *
 * @returns The description, or a handle for `when` and `emit` that knows the types of the schema.
 * @throws SpecConflictError when the name is defined or in use with other settings, or has another schema. ConfigError for
 * what is neither a description nor a schema, and for events of the library's own.
 * @example
 * ```ts
 * const orderPlaced = define('order_placed', z.object({ id: z.string(), total: z.number().positive() }));
 * when(orderPlaced, ({ total }) => charge(total));
 * emit(orderPlaced, { id: 'a1', total: -5 });      // SchemaError: total: ...
 * define(semaphore('gpu', { permits: 3 }));        // and 'gpu' means this one
 * ```
 */
export const define: Define<Registered> = /*@__PURE__*/ defineWith(currentHost, currentKernel);
