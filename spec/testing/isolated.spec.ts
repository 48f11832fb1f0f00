import { describe, expect, it } from 'vitest';
import { ClosedError, emit, settled, when, type CoordinatorEvent } from 'rxbaton';
import { isolated, resetDefault, virtualTime } from 'rxbaton/testing';
import { Observable } from 'rxjs';

describe('isolated', () => {
  it('gives bare functions a coordinator of their own, with these options, and returns what the test does', async () => {
    resetDefault();
    const outside: CoordinatorEvent[] = [];
    when('*').subscribe((event) => outside.push(event));
    const stamp = await isolated(
      async () => {
        let at = 0;
        when('tick', (_, { timestamp }) => (at = timestamp));
        await null;
        emit('tick');
        await settled();
        return at;
      },
      { clock: virtualTime({ epoch: 9 }) },
    );
    expect([stamp, outside]).toEqual([9, []]);
    resetDefault();
  });

  it('closes it, and stops what goes on, also when the test fails', async () => {
    let stopped = 0;
    let left!: (name: string) => string;
    const failing = isolated((coordinator) => {
      left = coordinator.emit;
      when('tick', () => new Observable(() => () => stopped++));
      emit('tick');
      throw new Error('assertion');
    });
    await expect(failing).rejects.toThrow('assertion');
    expect(stopped).toBe(1);
    expect(() => left('tick')).toThrow(ClosedError);
  });
});
