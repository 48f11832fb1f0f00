/** The table of free locks, once for each way of tracking: in one process that is a property of all that run in it. */
import { floor, floors, ours, peers } from './locks.mjs';
import { connect } from './server.mjs';

export const ping = '1 PING';
const alone = 'one after another';
const many = '100 ways';

async function cycles(lock, n) {
  for (let i = 0; i < n; i++) {
    const release = await lock.acquire();
    await release();
  }
}

/** `ways` loops side by side, with a key each. */
const looping = (make) => async (ways) => {
  const lockOf = await make();
  const locks = Array.from({ length: ways }, (_, i) => lockOf(`${ways}-${i}`));
  return { per: ways * 1_000, block: (n) => Promise.all(locks.map((lock) => cycles(lock, n))) };
};

const pinging = async (ways) => {
  const redis = await connect();
  const loop = async (n) => {
    for (let i = 0; i < n; i++) await redis.ping();
  };
  return { per: ways * 1_000, block: (n) => Promise.all(Array.from({ length: ways }, () => loop(n))) };
};

const each = (entries) => Object.fromEntries(Object.entries(entries).map(([name, make]) => [name, looping(make)]));

export function cycleTable(context) {
  const name = `rxbaton enter, tracking ${context}`;
  const acknowledged = `${name}, release awaited`;
  const redlocks = Object.keys(peers).filter((peer) => peer.includes('redlock'));
  return {
    title: `A free lock, tracking ${context} for all: acquire and release`,
    unit: 'us for each cycle',
    base: floor,
    options: { together: true },
    cases: { [alone]: 1, [many]: 100 },
    // Whoever waits for all releases of the process waits for those of the other 99.
    skip: (row, column) => row === acknowledged && column === many,
    implementations: {
      ...each(floors),
      [ping]: pinging,
      ...each(peers),
      [name]: looping(ours(context)),
      [acknowledged]: looping(ours(context, true)),
    },
    bars: [
      {
        text: `free lock, tracking ${context}, release awaited, against SET NX PX and EVALSHA`,
        atMost: 1.25,
        of: (at) => at(acknowledged, alone) / at(floor, alone),
      },
      {
        text: `free locks 100 ways, tracking ${context}, cycles a second against SET NX PX and EVALSHA`,
        atLeast: 0.78,
        of: (at) => at(floor, many) / at(name, many),
      },
      ...redlocks.flatMap((redlock) => [
        {
          text: `${redlock} against a free lock, tracking ${context}, release awaited`,
          atLeast: 1,
          of: (at) => at(redlock, alone) / at(acknowledged, alone),
        },
        {
          text: `${redlock} against free locks 100 ways, tracking ${context}`,
          atLeast: 1,
          of: (at) => at(redlock, many) / at(name, many),
        },
      ]),
    ],
  };
}
