import { describe, expect, it } from 'vitest';
import { ClosedError, ConfigError, DeadlockError, OutsideCallError } from '../../lib/errors.ts';
import { coordinate } from '../../lib/events/coordinate.ts';
import { createCoordinator } from '../../lib/events/createCoordinator.ts';
import { type CurrentCall, currentCall } from '../../lib/events/currentCall.ts';
import { within } from '../../lib/events/defaultCoordinator.ts';
import { currentFrame } from '../../lib/internal/context.ts';
import { mutex } from '../../lib/gates/mutex.ts';
import { agents, epoch } from '../support/agents.ts';
import { deferred } from '../support/deferred.ts';

/** The objects that this one keeps from being collected, as far as their properties tell. */
function reachable(from: object | null): object[] {
  const found = new Set<object>(from === null ? [] : [from]);
  for (const object of found) {
    for (const value of Object.values(object) as unknown[]) {
      if (typeof value === 'object' && value !== null) found.add(value);
    }
  }
  return [...found];
}

describe('the function', () => {
  it('is called with its arguments and its this, and keeps its name and length', async () => {
    const { coordinate } = agents();
    const agent = {
      greeting: 'hello',
      greet: coordinate('greeter', async function greet(this: { greeting: string }, name: string, _again?: number) {
        return `${this.greeting} ${name}`;
      }),
    };

    expect(await agent.greet('Ada')).toBe('hello Ada');
    expect([agent.greet.name, agent.greet.length]).toEqual(['greet', 2]);
  });

  it('keeps what else is on it', () => {
    const { coordinate } = agents();
    const fn = Object.assign(async () => 1, { version: 3 });

    expect(coordinate('a', fn).version).toBe(3);
  });

  it('becomes asynchronous if it is not, also where it throws', async () => {
    const { coordinate } = agents();
    const thrown = new Error('no');

    expect(await coordinate('a', (n: number) => n + 1)(1)).toBe(2);
    await expect(
      coordinate('b', () => {
        throw thrown;
      })(),
    ).rejects.toBe(thrown);
  });

  it('begins before the call returns, if nothing is in the way', () => {
    const { coordinate } = agents();
    let begun = false;
    void coordinate('a', { lock: 'free' }, async () => {
      begun = true;
    })();

    expect(begun).toBe(true);
  });

  it('rejects with the very error of the function', async () => {
    const { coordinate } = agents();
    const error = new TypeError('bad');

    await expect(coordinate('a', () => Promise.reject(error))()).rejects.toBe(error);
  });
});

describe('its events', () => {
  it('say when it began and how it ended', async () => {
    const { coordinate, clock, events } = agents();
    const research = coordinate('researcher', async (topic: string) => {
      await clock.advance(30);
      return topic.length;
    });
    await clock.advance(5);
    await research('rivers');

    expect(events).toMatchObject([
      { name: 'researcher_started', sender: 'researcher', data: { args: ['rivers'], timestamp: epoch + 5 } },
      {
        name: 'researcher_complete',
        sender: 'researcher',
        data: { result: 6, timestamp: epoch + 35, duration: 30, waited: 0 },
      },
    ]);
    expect(Object.keys(events[1]?.data)).toEqual(['result', 'timestamp', 'duration', 'waited']);
  });

  it('carry the error as data', async () => {
    const { coordinate, clock, data } = agents();
    const error = Object.assign(new TypeError('bad', { cause: new Error('worse') }), { code: 'E_BAD' });
    const fails = coordinate('a', async () => {
      await clock.advance(3);
      throw error;
    });
    await fails().catch(() => {});

    expect(data('a_failed')).toEqual({
      error: {
        name: 'TypeError',
        message: 'bad',
        stack: error.stack,
        code: 'E_BAD',
        cause: expect.objectContaining({ name: 'Error', message: 'worse' }),
      },
      timestamp: epoch + 3,
      duration: 3,
      waited: 0,
    });
  });

  it('tell calls of one name apart by their runId', async () => {
    const { coordinate, events } = agents();
    const gates = [deferred<string>(), deferred<string>()];
    const wait = coordinate('a', (n: number) => gates[n]!.promise);
    const calls = [wait(0), wait(1)];
    gates[1]?.resolve('second');
    gates[0]?.resolve('first');
    await Promise.all(calls);

    const [started0, started1, complete1, complete0] = events;
    expect(started0?.runId).toMatch(/.+/);
    expect(started0?.runId).not.toBe(started1?.runId);
    expect([complete0?.runId, complete1?.runId]).toEqual([started0?.runId, started1?.runId]);
    expect(complete1?.data.result).toBe('second');
  });

  it('wake handlers by handle, and never those of another name', async () => {
    const { coordinate, kernel } = agents();
    const research = coordinate('researcher', async () => 'facts');
    const other = coordinate('other', async () => {
      throw new Error('no');
    });
    const heard: unknown[] = [];
    for (const handle of [research.started, research.complete, research.failed, research.cancelled]) {
      kernel.handle(handle, (_data, event: { name: string }) => heard.push(event.name));
    }
    await research();
    await other().catch(() => {});

    expect(heard).toEqual(['researcher_started', 'researcher_complete']);
  });

  it('know the event that led to the call', async () => {
    const { coordinate, kernel, events } = agents();
    const second = coordinate('second', async () => 2);
    const first = coordinate('first', async () => 1);
    kernel.handle(first.complete, () => second());
    await first();
    await kernel.settled();

    const [, complete, started, ended] = events;
    expect([started?.name, ended?.name]).toEqual(['second_started', 'second_complete']);
    expect([started?.causationId, ended?.causationId]).toEqual([complete?.id, complete?.id]);
  });

  it('belong to the call that emits them', async () => {
    const { coordinate, kernel, events } = agents();
    await coordinate('a', async () => {
      await Promise.resolve();
      kernel.emit('progress', 50);
    })();

    expect(events.map(({ name, runId }) => [name, runId === events[0]?.runId])).toEqual([
      ['a_started', true],
      ['progress', true],
      ['a_complete', true],
    ]);
  });
});

describe('currentCall', () => {
  it('shows the call, also after an await', async () => {
    const { coordinate, events, gate } = agents();
    const seen: CurrentCall[] = [];
    await coordinate('a', { lock: ['x', 'y'] }, async () => {
      await Promise.resolve();
      seen.push(currentCall());
      expect(currentCall().fences).toEqual({
        x: gate('x').holders[0]?.fence,
        y: gate('y').holders[0]?.fence,
      });
    })();

    expect(seen[0]).toMatchObject({ name: 'a', runId: events[0]?.runId, attempt: 1 });
    expect(seen[0]?.signal.aborted).toBe(false);
    expect(seen[0]?.signal).toBe(seen[0]?.signal);
  });

  it('shows the innermost call', async () => {
    const { coordinate } = agents();
    const inner = coordinate('inner', async () => currentCall().name);
    const outer = coordinate('outer', async () => [await inner(), currentCall().name]);

    expect(await outer()).toEqual(['inner', 'outer']);
  });

  it('is an error outside', () => {
    expect(() => currentCall()).toThrow(OutsideCallError);
  });

  it("is known until the first await with context: 'off'", async () => {
    const { coordinate } = agents({ context: 'off' });
    const names: unknown[] = [];
    await coordinate('a', async () => {
      names.push(currentCall().name);
      await Promise.resolve();
      try {
        currentCall();
      } catch (error) {
        names.push(error);
      }
    })();

    expect(names).toEqual(['a', expect.any(OutsideCallError)]);
  });
});

describe('the coordinator of a call', () => {
  it('is that of the code that makes it', async () => {
    const one = createCoordinator();
    const heard: string[] = [];
    one.when('*', (_data, { name }) => heard.push(name));
    const inner = coordinate('inner', async () => 1);
    const outer = coordinate('outer', async () => {
      await Promise.resolve();
      return inner();
    });
    await within(one, () => outer());

    expect(heard).toEqual(['outer_started', 'inner_started', 'inner_complete', 'outer_complete']);
  });

  it('is asked for when .observe is subscribed to', async () => {
    const one = createCoordinator();
    const heard: string[] = [];
    one.when('*', (_data, { name }) => heard.push(name));
    const observed = coordinate('a', async () => 1).observe();
    await within(one, () => observed.forEach(() => {}));

    expect(heard).toEqual(['a_started', 'a_complete']);
  });

  it('refuses calls once it is closed, without a word on the bus', async () => {
    const { coordinate, kernel, events } = agents();
    let called = false;
    const late = coordinate('a', async () => {
      called = true;
    });
    await kernel.close();

    await expect(late()).rejects.toThrow(ClosedError);
    expect([called, events]).toEqual([false, []]);
  });

  it('is settled when the calls are', async () => {
    const { coordinate, kernel } = agents();
    const work = deferred();
    let settled = false;
    void coordinate('a', () => work.promise)();
    const waiting = kernel.settled().then(() => (settled = true));
    await Promise.resolve();
    expect(settled).toBe(false);
    work.resolve();
    await waiting;
  });
});

describe('a call that starts the next one and ends', () => {
  it('leaves no chain of frames behind, however often it is done', async () => {
    const { coordinate, kernel } = agents();
    let left = 300;
    let most = 0;
    const poll = coordinate('poll', async () => {
      await Promise.resolve();
      const frames = reachable(currentFrame()).filter((object) => object.constructor === currentFrame()?.constructor);
      most = Math.max(most, frames.length);
      if (--left > 0) void poll();
    });
    await poll();
    await kernel.settled();

    expect(left).toBe(0);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(8);
  });
});

describe('nested calls', () => {
  it('find out that they would wait for the call that they are part of', async () => {
    const { coordinate } = agents();
    const lock = mutex('db');
    const inner = coordinate('inner', { lock }, async () => 'inner');
    const outer = coordinate('outer', { lock }, async () => {
      await Promise.resolve();
      return inner();
    });

    const error: unknown = await outer().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeadlockError);
    expect((error as Error).message).toMatch(/inner.*outer/);
  });

  it('wait for their siblings, which is no deadlock', async () => {
    const { coordinate } = agents();
    const child = coordinate('child', { lock: 'db' }, async (n: number) => n);
    const parent = coordinate('parent', () => Promise.all([child(1), child(2)]));

    expect(await parent()).toEqual([1, 2]);
  });
});

describe('mistakes', () => {
  const { coordinate } = agents();
  const work = async (): Promise<void> => {};

  it.each(['', 'a*', 'rxbaton.mine', 7])('refuses the name %j', (name) => {
    expect(() => coordinate(name as string, work)).toThrow(ConfigError);
  });

  it.each([
    ['lokc', 'db'],
    ['lock', 7],
    ['lock', ''],
    ['lock', ['db', null]],
    ['limits', {}],
    ['acquireTimeout', -1],
    ['acquireTimeout', 'soon'],
    ['timeout', 0],
    ['timeout', Infinity],
    ['signal', 'abort'],
    ['retry', 0],
    ['retry', 1.5],
    ['retry', { attempts: 2, delay: -1 }],
    ['retry', { attempts: 2, tries: 3 }],
    ['abandonAfter', NaN],
    ['collect', 'all'],
  ])('refuses { %s: %j } at once, and names it', (option, value) => {
    const options = { [option]: value };
    expect(() => coordinate('a', options, work)).toThrow(ConfigError);
    expect(() => coordinate('a', options, work)).toThrow(option);
  });

  it('refuses work that is no function, and options that are no object', () => {
    expect(() => coordinate('a', {}, 'work' as never)).toThrow(ConfigError);
    expect(() => coordinate('a', {}, undefined as never)).toThrow(ConfigError);
    expect(() => coordinate('a', null as never, work)).toThrow(ConfigError);
  });
});
