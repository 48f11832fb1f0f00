import process from 'node:process';
import { styleText } from 'node:util';

/** Where a command speaks: data goes to stdout, messages go to stderr. */
export interface Terminal {
  /** A line of data. Lines of one burst are written together. */
  print(line: string): void;
  /** A line of data in JSON. */
  json(value: unknown): void;
  /** A message to a person. */
  say(line: string): void;
  /** Coloured, where stdout shows colours and nobody has set `NO_COLOR`. */
  readonly paint: (colour: Colour, text: string) => string;
  /** How many columns a line of data may have: no limit where no person looks at it. */
  readonly columns: number;
  /** The command has found something: the exit code, if nothing worse happens. */
  found(code: number): void;
  /** Writes what is still to be written; answers the exit code so far. */
  end(): number;
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

const burst = 65_536;

/** The terminal, pipe or file that this process was started with. */
export function terminal(): Terminal {
  const { stdout, stderr } = process;
  let waiting = '';
  let code = 0;

  // Whoever reads us has seen enough (`| head`): that is no mistake.
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });

  const flush = (): void => {
    const text = waiting;
    waiting = '';
    if (text !== '') stdout.write(text);
  };
  for (const [signal, number] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => {
      flush();
      process.exit(number);
    });

  function print(line: string): void {
    if (waiting === '') queueMicrotask(flush);
    waiting += `${line}\n`;
    if (waiting.length > burst) flush();
  }

  return {
    print,
    json(value) {
      print(JSON.stringify(value));
    },
    say(line) {
      flush();
      stderr.write(`${line}\n`);
    },
    paint: (colour, text) => styleText(colour, text, { stream: stdout }),
    columns: stdout.isTTY ? stdout.columns : Infinity,
    found(found) {
      code = found;
    },
    end() {
      flush();
      return code;
    },
  };
}
