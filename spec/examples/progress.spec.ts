import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { showProgress } from '../../examples/research-desk/progress.ts';

function display(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    // Node's own answer, which knows NO_COLOR.
    getColorDepth: () => WriteStream.prototype.getColorDepth(process.env),
  });
  const progress = showProgress('work', 8, stream as unknown as NodeJS.WriteStream);
  for (let n = 0; n < 8; n++) progress.step();
  progress.done('8 sections');
  return String(stream.read());
}

beforeEach(() => {
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', undefined);
  // Node takes a CI for a terminal of its own kind.
  vi.stubEnv('CI', undefined);
  vi.stubEnv('TERM', 'xterm-256color');
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('showProgress', () => {
  it('draws a bar that redraws itself on a terminal', () => {
    const shown = display(true);
    expect(shown).toContain('\r\x1b[2K');
    expect(shown).toContain('\x1b[36m█');
    expect(shown).toContain('4/8');
    expect(shown.endsWith('8 sections\n')).toBe(true);
  });

  it('uses no colour where NO_COLOR says so', () => {
    vi.stubEnv('NO_COLOR', '1');
    const shown = display(true);
    expect(shown).toContain('█');
    expect(shown).not.toContain('\x1b[36m');
  });

  it('prints a line now and then in a pipe', () => {
    expect(display(false)).toBe('work: 2 of 8\nwork: 4 of 8\nwork: 6 of 8\nwork: 8 sections\n');
  });
});
