import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installTime, redisForSpecs, type RedisServer } from '../support/redisServer.ts';
import { runExample } from '../support/runExample.ts';

/** Text without the indentation that it has here. */
const story = ([text = '']: TemplateStringsArray): string =>
  text.replace(/^\n/, '').replace(/^ {4}/gm, '').trimEnd() + '\n';

/** What each example prints, word for word but for the ids of calls. */
const stories: Record<string, string> = {
  'agent-chain': story`
    in short: what facts about rivers mean
    researcher_failed: no topic
  `,
  'agent-streams': story`
    row 1: gpt on "tides"
    row 2: gpt on "moons"
    row 3: gpt on "comets"
    the third had to wait: true
  `,
  cancelling: story`
    chapter 1 begins
    the lock is held by 1, awaited by 1
    cancelled
    chapter 2 begins
    chapter 2 is written
  `,
  'collect-then-analyse': story`
    3 rows analysed: crm row, shop row, web row
  `,
  'custom-events': story`
    collector has 3 rows
    collector has 2 rows
    rejected: not a number, among the 2 rows
    ids sort by time: true
  `,
  'customer-record': story`
    profile 456 begins
    profile 789 begins
    profile 456 ends
    preferences 456 begins
    profile 789 ends
    preferences 456 ends
  `,
  'customer-state': story`
    without a lock: { profile: 'updated' }
    with a lock:    { status: 'processed', profile: 'updated' }
  `,
  deadlock: story`
    writer waits for customer, held by enricher
    RXB_DEADLOCK
    enricher would wait for style-guide for ever: enricher waits for style-guide, held by writer; writer waits for customer, held by enricher. Take all of them in one allOf(...), or always in the same order; work that its caller does not await belongs in detached(fn).
    writer is done
    with both locks at once: [ 'writer', 'enricher' ]
  `,
  decorators: story`
    heard: [ 'facts about rivers', 'facts about lakes' ]
    after unsubscribing: 2
  `,
  'four-workers': story`
    20 payments of 10 are to be booked by 4 workers
    one of them dies with the lock in its hand
    the others get the lock when its lease is over, and book the rest
    balance 200, 20 payments, 0 left
  `,
  'late-writer': story`
    the first one holds the lock
    the second one gets the lock when the lease of the first is over, and writes
    the first one hears that it has lost: RXB_LEASE_LOST
    the first one writes all the same, and is refused: RXB_STALE_FENCE
    customer 42 is cancelled
  `,
  'hotel-booking': story`
    compares Lisbon Palace at 320
    compares Lisbon Inn at 95
    compares Hotel Lisbon at 140
    Lisbon Inn is booked
  `,
  incident: story`
    reproduced
    Friday's shop charges once: false
    today's shop charges once: true
    The replay came out another way: 0 changed, 2 missing (-), 1 new (+).

      ... 3 as recorded
      order_placed by web { id: "a1", total: 30, card: "[redacted]" }
    -   order_charged { id: "a1", total: 30, card: "[redacted]" }
    -     order_shipped { id: "a1" }
    +   order_ignored { id: "a1" }
  `,
  'lifecycle-events': story`
    started with [ [ 1, 2, 3 ] ]
    complete: [ 2, 4, 6 ] true
    data_processor_complete had 3 rows
    started with [ [] ]
    failed: nothing to process
    watchdog reports data_processor_failed
  `,
  'market-research': story`
    gpt on "chips trends"
    gpt on "competitors of Acme"
    gpt on "steel trends"
    gpt on "competitors of Umbrella"
    at most 2 calls at a time
  `,
  'merge-barrier': story`
    intro is ready
    method is ready
    results is ready
    outlook is ready
    sources is ready
    merged 5 parts: intro method results outlook sources
  `,
  'multi-llm-chain': story`
    Summary: claude on "Analyse: gpt-4o on "Research: AI and software""...
    Summary: claude on "Analyse: gpt-4o on "Research: AI and law""...
    together: 1 gpt-4o, 1 claude
  `,
  'per-key-limits': story`
    noisy 1 at once
    noisy 2 at once
    noisy 3 later
    noisy 4 later
    quiet 1 at once
  `,
  quickstart: story`
    analysis of (gpt on "AI safety")
    stored [ [ '42', 'Ada' ] ]
  `,
  'shared-catalogue': story`
    ada begins to read
    bob begins to read
    ada read: a chair is 40
    bob read: a chair is 40
    the update begins
    the update is done
    eve begins to read
    eve read: a chair is 45
  `,
  'three-agents-one-api': story`
    uncoordinated: 3 calls at a time
    gpt on "research x"
    gpt on "analyse x"
    gpt on "summarise x"
    coordinated:   1 call at a time
  `,
  'token-stream': story`
    token paced
    token for
    token a
    token slow
    token reader
    one slot for the whole answer
    5 tokens, open at a time: 1
  `,
};

let server: RedisServer;
beforeAll(async () => {
  server = await redisForSpecs();
}, installTime);
afterAll(() => server.stop());

const examples = readdirSync('examples')
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replace('.ts', ''));

it('has a story for every example', () => {
  expect(Object.keys(stories).sort()).toEqual(examples.sort());
});

it('finds every example in the list', () => {
  const listed = [...readFileSync('examples/README.md', 'utf8').matchAll(/^\| \[([\w-]+)\]\(\1\.ts\)/gm)];
  expect(listed.map(([, name]) => name).sort()).toEqual(examples.sort());
});

describe.concurrent('prints its story', () => {
  it.each(Object.entries(stories))('%s', { timeout: 60_000 }, async (name, expected) => {
    const { code, stdout, stderr } = await runExample(`${name}.ts`, [], { REDIS_URL: server.url });
    const told = stdout.replace(/#[0-9A-Z]{26}/g, '');
    expect({ code, told, stderr }).toEqual({ code: 0, told: expected, stderr: '' });
  });
});
