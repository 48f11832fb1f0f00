/** A client for any endpoint that speaks the protocol of OpenAI's chat completions. */
import { InputError } from './collector.ts';
import type { Prompt } from './prompts.ts';

/** The server is busy or asks for patience: worth another try after `retryAfter` milliseconds. */
export class TooManyRequestsError extends Error {
  override readonly name = 'TooManyRequestsError';
  readonly retryAfter: number;
  constructor(retryAfter: number) {
    super(`429, try again in ${retryAfter} ms`);
    this.retryAfter = retryAfter;
  }
}

export interface Endpoint {
  /** With the version: `https://api.openai.com/v1`. */
  readonly url: string;
  readonly key: string;
  readonly model: string;
}

/** One conversation partner, and what it has been through. */
export interface Model {
  ask(prompt: Prompt, signal?: AbortSignal): Promise<string>;
  /** Requests that were answered. */
  readonly answered: number;
  /** Requests that were refused with 429. */
  readonly refused: number;
}

/** The longest wait for an answer. */
const PATIENCE = 60_000;

export function connect({ url, key, model }: Endpoint): Model {
  let answered = 0;
  let refused = 0;
  return {
    get answered() {
      return answered;
    },
    get refused() {
      return refused;
    },
    async ask({ system, user }, signal) {
      const messages = [
        { role: 'system', content: system },
        { role: 'user', content: user },
      ];
      const patience = AbortSignal.timeout(PATIENCE);
      const response = await fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ model, messages, temperature: 0, max_tokens: 300 }),
        signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
      });
      // Read to the end in any case: only then has the server forgotten the request.
      const text = await response.text();
      const body = parse(text);
      if (response.status === 429 && body.error?.code !== 'insufficient_quota') {
        refused++;
        throw new TooManyRequestsError(1_000 * Number(response.headers.get('retry-after') ?? 1) || 1_000);
      }
      const answer = body.choices?.[0]?.message?.content;
      if (typeof answer !== 'string')
        throw new Error(`the model answered ${response.status}: ${body.error?.message ?? text.slice(0, 80)}`);
      answered++;
      return answer;
    },
  };
}

/** Finds out, before any work, whether somebody is there and knows us. */
export async function reach({ url, key }: Endpoint): Promise<void> {
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    throw new InputError(`OPENAI_BASE_URL is not an address: ${url}`);
  const options = { headers: { authorization: `Bearer ${key}` }, signal: AbortSignal.timeout(10_000) };
  const { status } = await fetch(`${url}/models`, options).catch((error: unknown) => {
    const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
    throw new InputError(`cannot reach the model at ${url}: ${cause?.code ?? cause?.message ?? message}`);
  });
  if (status === 401 || status === 403) throw new InputError(`the model at ${url} refuses OPENAI_API_KEY (${status})`);
}

interface Completion {
  readonly choices?: readonly { readonly message?: { readonly content?: unknown } }[];
  readonly error?: { readonly message?: string; readonly code?: string };
}

function parse(text: string): Completion {
  try {
    return JSON.parse(text) as Completion;
  } catch {
    return {};
  }
}
