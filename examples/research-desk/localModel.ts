/**
 * A model server for machines without one. It speaks the protocol of OpenAI's chat completions, answers with what it
 * really finds in the text, always the same for the same text, and enforces its limits as the real ones do: 429, `retry-after`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { text as readAll } from 'node:stream/consumers';
import { keyTerms, overlaps, summary } from './extract.ts';
import type { Endpoint } from './model.ts';
import { COMPARE, PLACE, RESEARCH, readFinding } from './prompts.ts';

export interface Limits {
  /** Requests in any second, counted as they arrive. A refused one does not count. */
  readonly rate: number;
  /** Requests at the same time. */
  readonly concurrency: number;
}

export interface LocalModel extends Endpoint {
  close(): Promise<void>;
}

const SECOND = 1_000;

/** Starts the server on a spare port of the loopback interface. */
export async function startLocalModel({ rate, concurrency }: Limits): Promise<LocalModel> {
  const arrivals: number[] = [];
  let working = 0;

  /** How long the caller should stay away, in milliseconds; 0: come in. */
  function refusal(now: number): number {
    while ((arrivals[0] ?? Infinity) <= now - SECOND) arrivals.shift();
    if (arrivals.length >= rate) return (arrivals[0] as number) + SECOND - now;
    return working >= concurrency ? SECOND : 0;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
      reply(request.url === '/v1/models' ? 200 : 404, { object: 'list', data: [] });
      return;
    }
    const now = performance.now();
    const wait = refusal(now);
    if (wait > 0) {
      request.resume();
      const error = { message: 'Rate limit reached.', type: 'requests', code: 'rate_limit_exceeded' };
      reply(429, { error }, { 'retry-after': String(Math.ceil(wait / SECOND)) });
      return;
    }
    arrivals.push(now);
    working++;
    try {
      const { messages } = JSON.parse(await readAll(request)) as { messages: { content: string }[] };
      const [system = '', user = ''] = messages.map(({ content }) => content);
      // Thinking takes time, and more for more text.
      await sleep(60 + user.length / 50);
      const message = { role: 'assistant', content: answer(system, user) };
      working--;
      reply(200, {
        object: 'chat.completion',
        model: 'extract',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
      });
    } catch (error) {
      working--;
      reply(400, { error: { message: String(error), type: 'invalid_request_error' } });
    }
  }

  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    key: 'none',
    model: 'extract',
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The answer of an honest clerk with a highlighter. */
export function answer(system: string, user: string): string {
  switch (system) {
    case RESEARCH:
      return `${summary(user, 2) || 'The text says little in whole sentences.'}\nTerms: ${keyTerms(user, 6).join(', ')}`;
    case COMPARE:
      return comparison(findings(user));
    case PLACE:
      return heading(user);
    default:
      return summary(user, 2);
  }
}

const findings = (user: string) =>
  user
    .split(/^## /m)
    .slice(1)
    .map((part) => readFinding(part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n'))));

function comparison(entries: ReturnType<typeof findings>): string {
  const shared = overlaps(entries);
  const said = shared.slice(0, 3).map(([term, titles]) => `${titles.join(' and ')} share "${term}".`);
  const loners = entries.filter(({ title }) => !shared.some(([, titles]) => titles.includes(title)));
  const apart = loners.map(({ title, terms }) => `${title} (${terms.slice(0, 2).join(', ')})`);
  if (apart.length > 0) said.push(`On ${apart.length === 1 ? 'its' : 'their'} own: ${apart.join(', ')}.`);
  return said.join(' ');
}

/** The heading that one of the section's terms names already, else its first term. */
function heading(user: string): string {
  const existing = [...user.matchAll(/^Heading: (.*)$/gm)].map(([, name]) => name as string);
  const terms = findings(user)[0]?.terms ?? [];
  const first = terms[0] ?? 'other';
  return existing.find((name) => terms.includes(name.toLowerCase())) ?? first.charAt(0).toUpperCase() + first.slice(1);
}
