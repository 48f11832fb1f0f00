import { expected, optionsFirst } from '../internal/options.ts';
import { Call } from './call.ts';
import { type CallOptions, type MethodOptions, type Plan, planOf } from './callOptions.ts';
import type { AnyFunction, Coordinated, StreamLike } from './handles.ts';
import type { Kernel } from './kernel.ts';
import { observeCall } from './observeCall.ts';

type PromiseMethod = (this: never, ...args: never[]) => Promise<unknown>;

/** `never` for methods that it cannot take: their promise brings a stream, or its options want other arguments. */
type Fits<F extends PromiseMethod, Args extends readonly unknown[]> = [Awaited<ReturnType<F>>] extends [StreamLike]
  ? never
  : ((...args: Args) => void) extends (...args: Parameters<F>) => void
    ? unknown
    : never;

/** Makes the calls of a method calls of a coordinated function. */
export type CoordinateMethod<Args extends readonly unknown[]> = <F extends PromiseMethod>(
  method: F,
  context: ClassMethodDecoratorContext<ThisParameterType<F>> & Fits<F, Args>,
) => F;

/** `coordinate`, for one coordinator or for that of the running code. */
export interface Coordinate {
  <const F extends AnyFunction>(name: string, fn: F): Coordinated<F>;
  <const F extends AnyFunction, Collected = never>(
    name: string,
    options: CallOptions<F, Collected>,
    fn: F,
  ): Coordinated<F, Collected>;
  <Args extends readonly unknown[] = unknown[]>(name: string, options?: MethodOptions<Args>): CoordinateMethod<Args>;
}

/** Binds `coordinate` to where calls find their coordinator: asked for each call anew. */
export function coordinateWith(kernelOf: () => Kernel): Coordinate {
  function coordinate(name: string, ...rest: [(object | AnyFunction)?, AnyFunction?]): unknown {
    const [first, second] = rest;
    const options = first === undefined ? {} : first;
    if (typeof first === 'function') {
      if (second !== undefined) optionsFirst(`coordinate('${name}')`);
      return coordinated(planOf(name, {}, first as AnyFunction), first as AnyFunction, kernelOf);
    }
    if (rest.length > 1)
      return coordinated(planOf(name, options, second as AnyFunction), second as AnyFunction, kernelOf);
    return (method: AnyFunction, context: ClassMethodDecoratorContext | undefined) => {
      if (context?.kind !== 'method')
        expected(`What @coordinate('${name}') decorates`, 'a method (of standard decorators)', context?.kind);
      return coordinated(planOf(name, options, method), method, kernelOf);
    };
  }
  return coordinate as Coordinate;
}

function coordinated(plan: Plan, fn: AnyFunction, kernelOf: () => Kernel): unknown {
  function call(this: unknown, ...args: unknown[]): Promise<unknown> {
    // It never throws: all that goes wrong is a rejection.
    return new Promise((resolve, reject) => {
      new Call(plan, kernelOf(), this, args, { value: null, resolve, reject }).start();
    });
  }
  function observe(this: unknown, ...args: unknown[]): unknown {
    return observeCall(plan, kernelOf, this === call ? undefined : this, args);
  }
  Object.defineProperties(call, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
  });
  return Object.assign(call, fn, {
    started: { event: plan.started },
    complete: { event: plan.complete },
    failed: { event: plan.failed },
    cancelled: { event: plan.cancelled },
    observe,
  });
}
