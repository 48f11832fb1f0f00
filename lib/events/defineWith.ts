import type { GateHost } from '../gates/host.ts';
import type { GateSpec } from '../gates/spec.ts';
import type { Kernel } from './kernel.ts';
import type { EmitName, NameData, Names } from './maps.ts';
import type { AnySchema, DefinedEvent, InputOf, StandardSchema } from './schema.ts';

/** Nothing more to ask of a schema that takes what `emit` takes for its name; no schema can be a `never`. */
type Takes<S extends AnySchema, Data> = [Data] extends [InputOf<S>] ? unknown : never;

/** `define`, for the names of one coordinator. */
export interface Define<N extends Names> {
  <S extends GateSpec>(spec: S): S;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what it takes is asked for by `Takes`
  <const Name extends EmitName<N>, S extends StandardSchema<any, NameData<N, Name>>>(
    name: Name,
    schema: S & Takes<S, NameData<N, Name>>,
  ): DefinedEvent<S>;
}

/** `define` of the coordinator whose gates and kernel these are. */
export function defineWith<N extends Names>(gates: () => GateHost, kernel: () => Pick<Kernel, 'pin'>): Define<N> {
  return ((of: GateSpec | string, schema?: AnySchema): GateSpec | DefinedEvent => {
    if (typeof of === 'string') {
      kernel().pin(of, schema as AnySchema);
      return { event: of, schema: schema as AnySchema };
    }
    gates().define(of);
    return of;
  }) as Define<N>;
}
