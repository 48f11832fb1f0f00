import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { events, turn } from './events.mjs';
import { file } from './persisting.mjs';
import { temporary } from './temporary.mjs';

const producers = { '1 producer': 1, '10 producers': 10, '100 producers': 100, '1,000 producers': 1_000 };

/** Every producer has its event; the others need the text of it too. */
const eventOf = (producer) => events[producer % turn];

/** All of them at once, each waiting for its own append before the next one. */
const rxbaton = async (count) => {
  const log = await file('always')();
  const produce = async (producer, n) => {
    for (let i = 0; i < n; i++) await log.append('events', [eventOf(producer)]);
  };
  return { per: count, block: (n) => Promise.all(Array.from({ length: count }, (_, i) => produce(i, n))) };
};

/** One write and one fdatasync for as many events as there are producers. */
const group = async (count) => {
  const handle = await open(join(temporary(), 'events.jsonl'), 'a');
  return {
    per: count,
    async block(n) {
      for (let i = 0; i < n; i++) {
        let text = '';
        for (let k = 0; k < count; k++) text += `${JSON.stringify(eventOf(k))}\n`;
        await handle.write(text);
        await handle.datasync();
      }
    },
  };
};

/** A transaction of as many events as there are producers. */
const sqlite = async (count) => {
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(join(temporary(), 'events.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE events (seq INTEGER PRIMARY KEY, event TEXT NOT NULL)');
  const insert = database.prepare('INSERT INTO events (event) VALUES (?)');
  const commit = database.transaction(() => {
    for (let k = 0; k < count; k++) insert.run(JSON.stringify(eventOf(k)));
  });
  return {
    per: count,
    block(n) {
      for (let i = 0; i < n; i++) commit();
    },
  };
};

const single = 'floor: write and fdatasync for each event';
const batched = 'floor: write and fdatasync for all of them';
const database = 'better-sqlite3, WAL, synchronous FULL, one transaction for all';
const ours = "rxbaton, fsync 'always'";

export default {
  title: 'Durable appends by concurrent producers, each waiting for its own',
  unit: 'ns for each event',
  base: single,
  cases: producers,
  /** However many they are, they stand in one line. */
  skip: (name, column) => name === single && column !== '1 producer',
  implementations: { [single]: group, [batched]: group, [database]: sqlite, [ours]: rxbaton },
  bars: [
    {
      text: 'a lone producer against write and fdatasync for each event (time)',
      atMost: 1.5,
      of: (at) => at(ours, '1 producer') / at(single, '1 producer'),
    },
    ...[
      ['100 producers', 40],
      ['1,000 producers', 100],
    ].map(([column, atLeast]) => ({
      text: `${column} against write and fdatasync for each event (rate)`,
      atLeast,
      of: (at) => at(single, '1 producer') / at(ours, column),
    })),
    ...['100 producers', '1,000 producers'].map((column) => ({
      text: `${column} against better-sqlite3 at equal batch (rate)`,
      atLeast: 1.2,
      of: (at) => at(database, column) / at(ours, column),
    })),
  ],
};
