import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configure, ConfigError, createCoordinator, emit, settled, when } from 'rxbaton';
import { resetDefault, virtualTime } from 'rxbaton/testing';
import { defaultHost } from '../../lib/gates/host.ts';
import { memoryBackend } from '../../lib/gates/memoryBackend.ts';
import { currentKernel } from '../../lib/events/defaultCoordinator.ts';

describe('coordinators', () => {
  it('share nothing', () => {
    const [one, two] = [createCoordinator(), createCoordinator()];
    const seen: string[] = [];
    one.when('*', () => seen.push('one'));
    two.when('*', () => seen.push('two'));
    two.emit('a');
    expect(seen).toEqual(['two']);
    expect(one.gates).not.toBe(two.gates);
  });

  it('hand their options to their gates', () => {
    const clock = virtualTime();
    const backend = memoryBackend();
    const { gates } = createCoordinator({ clock, backend, deadlock: 'report', context: 'off', random: () => 0.5 });
    expect(gates.backend).toBe(backend);
    expect([gates.tracks, gates.env.deadlock, gates.env.clock.now(), gates.env.random()]).toEqual([
      false,
      'report',
      0,
      (0.5).toString(36).slice(2),
    ]);
    expect(createCoordinator().gates).toMatchObject({ tracks: true, env: { deadlock: 'error', activity: null } });
  });

  it('report errors of their gates that have no receiver', () => {
    const errors: unknown[] = [];
    const { gates } = createCoordinator({ onError: (error, what) => errors.push([error, what]) });
    gates.env.report(new Error('lost'));
    expect(errors).toEqual([[expect.objectContaining({ message: 'lost' }), expect.stringContaining('gate')]]);
  });

  it('take their timestamps from the clock', () => {
    const clock = virtualTime({ epoch: 1_000 });
    const { when, emit } = createCoordinator({ clock });
    const at: number[] = [];
    when('a', (_, { timestamp }) => at.push(timestamp));
    emit('a');
    expect(at).toEqual([1_000]);
  });

  it.each([
    [{ backnd: 1 }, "createCoordinator() has no option 'backnd'"],
    [{ context: 'no' }, "context must be one of 'on', 'off'"],
    [{ deadlock: true }, 'deadlock must be one of'],
    [{ freeze: 1 }, 'freeze must be true or false'],
    [{ backend: {} }, 'backend must be a gate backend'],
    [{ clock: {} }, 'clock must be a scheduler'],
    [{ logger: { info() {} } }, 'it has no debug, warn, error'],
    [{ random: 5 }, 'random must be a function'],
    [{ onError: 'log' }, 'onError must be a function'],
    [null, 'takes an object of options'],
  ])('refuse %o', (options, message) => {
    expect(() => createCoordinator(options as never)).toThrow(message);
    expect(() => createCoordinator(options as never)).toThrow(ConfigError);
  });
});

describe('the default coordinator', () => {
  beforeEach(resetDefault);
  afterEach(resetDefault);

  it('is made on first use, and is what bare functions mean', async () => {
    const seen: unknown[] = [];
    when('a', async (data) => {
      await null;
      seen.push(data);
    });
    emit('a', 1);
    await settled();
    expect(seen).toEqual([1]);
    expect(currentKernel().gates).toBe(defaultHost());
  });

  it('can be configured before its first use, which no Observable is until somebody subscribes', () => {
    const stream = when('a');
    const seen: unknown[] = [];
    configure({ clock: virtualTime({ epoch: 7 }) });
    stream.subscribe(({ timestamp }) => seen.push(timestamp));
    emit('a');
    expect(seen).toEqual([7]);
    expect(currentKernel().gates).toBe(defaultHost());
  });

  it('cannot be configured twice, after an event, or after a gate was used', () => {
    configure({});
    expect(() => {
      configure({});
    }).toThrow('came too late');
    resetDefault();
    emit('a');
    expect(() => {
      configure({});
    }).toThrow(ConfigError);
    resetDefault();
    defaultHost();
    expect(() => {
      configure({});
    }).toThrow(ConfigError);
  });

  it('is not made by a configuration that was refused', () => {
    expect(() => {
      configure({ contxt: 'off' } as never);
    }).toThrow("configure() has no option 'contxt'");
    configure({ context: 'off' });
    expect(defaultHost().tracks).toBe(false);
  });
});
