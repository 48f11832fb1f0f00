/** The library under test: the built package with a backend in the server of the table. */
import { rxbaton } from '../rxbaton.mjs';
import { connect } from './server.mjs';

const made = new Map();

/** The whole API on a default coordinator whose gates are in Redis; the same for everybody in this process. */
export function shared(context = 'off') {
  if (!made.has(context)) made.set(context, make(context));
  return made.get(context);
}

async function make(context) {
  const { redisBackend } = await import('../../dist/adapters/redis.js');
  const backend = redisBackend({ client: await connect(), prefix: `rxbaton-bench-${process.pid}` });
  return { ...(await rxbaton(context, { backend })), backend };
}
