import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { prose } from '../../examples/research-desk/extract.ts';
import { answer, startLocalModel, type Limits, type LocalModel } from '../../examples/research-desk/localModel.ts';
import { connect, reach, TooManyRequestsError } from '../../examples/research-desk/model.ts';
import { compare, place, readFinding, readHeading, research } from '../../examples/research-desk/prompts.ts';

let server: LocalModel | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const start = async (limits: Limits): Promise<LocalModel> => (server = await startLocalModel(limits));
const ask = { system: 'Say it', user: 'Water is wet and the sea is made of it.' };
const refusals = (results: PromiseSettledResult<string>[]): unknown[] =>
  results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));

describe('the local model', () => {
  it('refuses what exceeds its rate and says when to come back', async () => {
    const model = connect(await start({ rate: 3, concurrency: 100 }));
    const refused = refusals(await Promise.allSettled(Array.from({ length: 10 }, () => model.ask(ask))));
    expect(refused).toHaveLength(7);
    for (const error of refused) expect(error).toMatchObject({ name: 'TooManyRequestsError', retryAfter: 1000 });
    expect(model).toMatchObject({ answered: 3, refused: 7 });
  });

  it('refuses what exceeds its concurrency, and serves again when somebody is done', async () => {
    const model = connect(await start({ rate: 100, concurrency: 2 }));
    const refused = refusals(await Promise.allSettled(Array.from({ length: 5 }, () => model.ask(ask))));
    expect(refused).toHaveLength(3);
    await expect(model.ask(ask)).resolves.toBe(ask.user);
  });

  it('answers 400 to nonsense and 404 to other paths', async () => {
    const { url } = await start({ rate: 10, concurrency: 10 });
    expect((await fetch(`${url}/chat/completions`, { method: 'POST', body: 'hello' })).status).toBe(400);
    expect((await fetch(`${url}/embeddings`)).status).toBe(404);
    // The places of the ones that failed are free again.
    await expect(connect({ url, key: '', model: '' }).ask(ask)).resolves.toBeTypeOf('string');
  });
});

describe('its answers', () => {
  const text = readFileSync('node_modules/rxjs/README.md', 'utf8');
  const { system, user } = research({ title: 'rxjs', text });

  it('are sentences and words of the text, the same each time', () => {
    const finding = readFinding('rxjs', answer(system, user));
    expect(readFinding('rxjs', answer(system, user))).toEqual(finding);
    const flat = prose(user).replace(/\s+/g, ' ');
    for (const sentence of finding.summary.split(/(?<=[.!?])\s+(?=[A-Z])/)) expect(flat).toContain(sentence);
    expect(finding.terms).toHaveLength(6);
    for (const term of finding.terms) expect(flat.toLowerCase()).toContain(term);
  });

  it('name what findings share and who stands alone', () => {
    const findings = [
      { title: 'a', summary: 'One.', terms: ['lock', 'queue'] },
      { title: 'b', summary: 'Two.', terms: ['lock', 'timer'] },
      { title: 'c', summary: 'Three.', terms: ['colour'] },
    ];
    const prompt = compare(findings);
    expect(answer(prompt.system, prompt.user)).toBe('a and b share "lock". On its own: c (colour).');
  });

  it('place a section under a heading that fits, else under a new one', () => {
    const finding = { title: 'a', summary: 'One.', terms: ['queue', 'lock'] };
    const heading = (headings: string[]): string => {
      const prompt = place(headings, finding);
      return readHeading(answer(prompt.system, prompt.user));
    };
    expect(heading(['Colour', 'Lock'])).toBe('Lock');
    expect(heading(['Colour'])).toBe('Queue');
  });
});

describe('the client', () => {
  const reply = (status: number, body: string, headers: Record<string, string> = {}) => {
    const before = globalThis.fetch;
    globalThis.fetch = async () => new Response(body, { status, headers });
    return () => (globalThis.fetch = before);
  };
  const model = connect({ url: 'http://model.invalid/v1', key: 'k', model: 'm' });

  it.each([
    [
      'an exhausted quota, which no patience cures',
      429,
      '{"error":{"code":"insufficient_quota","message":"pay"}}',
      'the model answered 429: pay',
    ],
    ['something that is no JSON', 502, '<h1>Bad gateway</h1>', 'the model answered 502: <h1>Bad gateway</h1>'],
    ['an answer without content', 200, '{"choices":[]}', 'the model answered 200: {"choices":[]}'],
  ])('reports %s', async (_, status, body, message) => {
    const restore = reply(status, body);
    try {
      await expect(model.ask(ask)).rejects.toThrow(message);
      await expect(model.ask(ask)).rejects.not.toBeInstanceOf(TooManyRequestsError);
    } finally {
      restore();
    }
  });

  it('reads `retry-after`', async () => {
    const restore = reply(429, '{}', { 'retry-after': '7' });
    try {
      await expect(model.ask(ask)).rejects.toMatchObject({ retryAfter: 7000 });
    } finally {
      restore();
    }
  });

  it('says who refused the key', async () => {
    const restore = reply(401, '{}');
    try {
      await expect(reach({ url: 'http://model.invalid/v1', key: 'k', model: 'm' })).rejects.toThrow(
        'refuses OPENAI_API_KEY (401)',
      );
    } finally {
      restore();
    }
  });
});
