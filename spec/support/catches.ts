import { expect, it } from 'vitest';

/** Two tests: the check has to reject the wrong version and to accept the right one. A check that cannot fail proves nothing. */
export function catches<Version>(
  name: string,
  wrong: Version,
  right: Version,
  check: (version: Version) => void | Promise<void>,
): void {
  it(`${name}: catches the wrong version`, async () => {
    await expect((async () => check(wrong))()).rejects.toThrow();
  });
  it(`${name}: accepts ours`, async () => {
    await check(right);
  });
}
