/** What the person who starts the job can say. */
import { parseArgs } from 'node:util';
import { InputError } from './collector.ts';

export const HELP = `Usage: npm start -- [folder] [options]

Runs a desk of agents over the documents in a folder: researchers read, an analyst compares, a writer merges everything
into one report. It does so twice, without and with rxbaton, and shows what the difference is. What happened is recorded
beside the reports; the run says where.

  folder               where the documents are (default: node_modules, whose README files are read)
  --documents <n>      how many to read (default 24)
  --rate <n>           requests that the model allows each second (default 10)
  --concurrency <n>    requests that it allows at the same time (default 4)
  --out <folder>       where the reports and the recording go (default: a new temporary folder)
  --compare            run without rxbaton too, although a real endpoint is paid for twice then
  --json               print the outcome as JSON
  --replay <file>      play a recorded run back: no documents, no model, no waiting; alone or with --json
  --help               print this

The model is a local server that finds its answers in the texts and enforces both limits. To use any OpenAI-compatible
endpoint instead, set OPENAI_BASE_URL (with the version: https://api.openai.com/v1), OPENAI_API_KEY and OPENAI_MODEL.
`;

export interface Options {
  readonly folder: string;
  readonly documents: number;
  readonly rate: number;
  readonly concurrency: number;
  readonly out: string | undefined;
  readonly compare: boolean;
  readonly json: boolean;
  /** A recording; nothing else is done then. */
  readonly replay: string | undefined;
  readonly help: boolean;
}

export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  if (values.replay !== undefined) {
    const others = Object.keys(values).filter((name) => !['replay', 'json', 'help'].includes(name));
    const unread = [...positionals, ...others.map((name) => `--${name}`)];
    if (unread.length > 0) throw new InputError(`--replay needs nothing else, and would not read ${unread.join(' ')}`);
  }
  if (positionals.length > 1) throw new InputError(`one folder, not ${positionals.length}: ${positionals.join(' ')}`);
  return {
    folder: positionals[0] ?? 'node_modules',
    documents: count('documents', values.documents ?? '24'),
    rate: count('rate', values.rate ?? '10'),
    concurrency: count('concurrency', values.concurrency ?? '4'),
    out: values.out,
    compare: values.compare ?? false,
    json: values.json ?? false,
    replay: values.replay,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        documents: { type: 'string' },
        rate: { type: 'string' },
        concurrency: { type: 'string' },
        out: { type: 'string' },
        compare: { type: 'boolean' },
        json: { type: 'boolean' },
        replay: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new InputError((error as Error).message.split('. ')[0] ?? 'unreadable options');
  }
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text))
    throw new InputError(`--${name} needs a whole number from 1 to 99999, not "${text}"`);
  return Number(text);
}
