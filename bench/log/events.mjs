/** Events as agents make them: about 200 bytes of JSON each. */
export const turn = 100;

/** What is given to `emit`. */
export const payloads = Array.from({ length: turn }, (_, i) => ({
  tool: 'search',
  query: `what is the price of eggs in town ${i}`,
  tokens: 1_000 + i,
  cached: i % 2 === 0,
  tags: ['shop', 'food'],
}));

/** The same as whole events. */
export const events = payloads.map((data, i) => ({
  name: 'agent.step',
  id: `01KAGXM0000000000000000${String(i).padStart(3, '0')}`,
  timestamp: 1_763_600_000_000 + i,
  seq: i + 1,
  data,
}));
