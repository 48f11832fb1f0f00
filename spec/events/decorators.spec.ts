import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../lib/errors.ts';
import { attach } from '../../lib/events/attach.ts';
import { coordinate } from '../../lib/events/coordinate.ts';
import { currentCall } from '../../lib/events/currentCall.ts';
import { within } from '../../lib/events/defaultCoordinator.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import type { CoordinatorEvent } from '../../lib/events/event.ts';
import { whenMethod } from '../../lib/events/whenMethod.ts';
import { agents } from '../support/agents.ts';
import { deferred } from '../support/deferred.ts';

describe('@coordinate', () => {
  it('makes calls of methods events, with their instance, their name and their options', async () => {
    const { coordinate, clock, names, gate } = agents();
    class Desk {
      readonly #suffix = '!';

      @coordinate('researcher', { lock: (topic: string) => `topic:${topic}`, retry: { attempts: 2, delay: 0 } })
      async research(topic: string, _depth: number): Promise<string> {
        if (currentCall().attempt === 1) throw new Error('again');
        return `${topic}${this.#suffix} ${gate(`topic:${topic}`).holders.length}`;
      }
    }
    const desk = new Desk();
    const call = desk.research('rivers', 1);
    await clock.flush();

    expect(await call).toBe('rivers! 1');
    expect([desk.research.name, desk.research.length]).toEqual(['research', 2]);
    expect(names()).toEqual(['researcher_started', 'researcher_retrying', 'researcher_complete']);
  });

  it('leaves instances apart', async () => {
    const { coordinate } = agents();
    class Counter {
      count = 0;

      @coordinate('counter', { lock: 'counters' })
      async increment(): Promise<number> {
        return ++this.count;
      }
    }
    const [one, two] = [new Counter(), new Counter()];

    expect([await one.increment(), await two.increment(), await one.increment()]).toEqual([1, 1, 2]);
  });

  it('works on private and static methods', async () => {
    const { coordinate, names } = agents();
    class Desk {
      @coordinate('static')
      static async open(): Promise<number> {
        return 1;
      }

      @coordinate('private')
      async #think(): Promise<number> {
        return 2;
      }

      think(): Promise<number> {
        return this.#think();
      }
    }

    expect([await Desk.open(), await new Desk().think()]).toEqual([1, 2]);
    expect(names()).toEqual(['static_started', 'static_complete', 'private_started', 'private_complete']);
  });

  it('refuses mistakes when the class is made', () => {
    const decorate = (name: string, options: object, context: unknown): unknown =>
      coordinate(name, options)((async () => {}) as never, context as never);

    expect(() => decorate('a', { lokc: 'db' }, { kind: 'method' })).toThrow(ConfigError);
    expect(() => decorate('', {}, { kind: 'method' })).toThrow(ConfigError);
    expect(() => decorate('a', {}, { kind: 'field' })).toThrow('a method');
    expect(() => decorate('a', {}, undefined)).toThrow('standard decorators');
  });
});

describe('@when.method', () => {
  class Desk {
    readonly heard: unknown[] = [];

    @whenMethod('note_taken')
    @whenMethod('*_failed')
    listen(data: unknown, event: CoordinatorEvent): void {
      this.heard.push(event.name, data);
    }
  }

  it('only marks: attach subscribes, and its subscription ends it', () => {
    const { kernel } = agents();
    const desk = new Desk();
    kernel.emit('note_taken', 0);
    const attached = attach(kernel, desk);
    kernel.emit('note_taken', 1);
    kernel.emit('x_failed', 2);
    attached.unsubscribe();
    kernel.emit('note_taken', 3);

    expect(desk.heard).toEqual(['note_taken', 1, 'x_failed', 2]);
  });

  it('is attached for each instance and each coordinator anew', () => {
    const [here, there] = [agents().kernel, agents().kernel];
    const [one, two] = [new Desk(), new Desk()];
    attach(here, one);
    attach(there, one);
    attach(there, two);
    here.emit('note_taken', 'here');
    there.emit('note_taken', 'there');

    expect([one.heard, two.heard]).toEqual([
      ['note_taken', 'here', 'note_taken', 'there'],
      ['note_taken', 'there'],
    ]);
  });

  it('hears what subclasses and other decorators have made of the method', async () => {
    const { kernel, coordinate, names } = agents();
    class Loud extends Desk {
      override listen(data: unknown): void {
        this.heard.push(`${String(data)}!`);
      }
    }
    class Agent {
      @coordinate('agent')
      @whenMethod('go')
      async work(_data: unknown): Promise<void> {}
    }
    const loud = new Loud();
    attach(kernel, loud);
    attach(kernel, new Agent());
    kernel.emit('note_taken', 'hey');
    kernel.emit('go', 1);
    await kernel.settled();

    expect(loud.heard).toEqual(['hey!']);
    expect(names()).toEqual(['note_taken', 'go', 'agent_started', 'agent_complete']);
  });

  it('refuses an option that means nothing where it decorates, before anything is made', () => {
    for (const options of [{ bogus: 1 }, { concurrency: 0 }, { once: true, concurrency: 2 }])
      expect(() => whenMethod('q', options as object)).toThrow(ConfigError);
    expect(() => whenMethod('q', { bogus: 1 } as object)).toThrow("@when.method('q') has no option 'bogus'");
  });

  it('takes the options of handlers', async () => {
    const { kernel } = agents();
    const work = deferred();
    let running = 0;
    class Slow {
      @whenMethod('job', { concurrency: 1 })
      async work(): Promise<void> {
        running++;
        await work.promise;
      }
    }
    attach(kernel, new Slow());
    kernel.emit('job');
    kernel.emit('job');
    expect(running).toBe(1);
    work.resolve();
    await kernel.settled();
    expect(running).toBe(2);
  });

  it('refuses mistakes', () => {
    const { kernel } = agents();
    expect(() => whenMethod('')).toThrow(ConfigError);
    expect(() => {
      whenMethod('a')((() => {}) as never, { kind: 'field' } as never);
    }).toThrow('a method');
    expect(() => attach(kernel, new Date())).toThrow('Date');
    expect(() => attach(kernel, Desk)).toThrow('no method of the class Desk is marked');
    expect(() => attach(kernel, null as never)).toThrow('no method of null is marked');
    expect(() => attach(kernel, Desk)).toThrow(ConfigError);
  });
});

it('both resolve the coordinator of the code that calls', async () => {
  const coordinator = createCoordinator();
  const heard: string[] = [];
  coordinator.when('*', (_data, { name }) => heard.push(name));
  class Desk {
    @coordinate('desk')
    async work(): Promise<void> {}
  }
  await within(coordinator, () => new Desk().work());

  expect(heard).toEqual(['desk_started', 'desk_complete']);
});
