import type { RedisServer } from './redisServer.ts';

/** Resolves when a server has printed it, now or before. */
export function printed(server: RedisServer, what: RegExp, ms = 30_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Not within ${ms} ms: ${server.port} says ${what}.`)), ms);
    const look = (): void => {
      if (!what.test(server.printed())) return;
      clearTimeout(timer);
      server.process?.stdout?.off('data', look);
      resolve();
    };
    server.process?.stdout?.on('data', look);
    look();
  });
}
