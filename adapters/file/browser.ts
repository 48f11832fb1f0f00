/** What browsers get instead of this adapter, by the condition of that name in package.json: an answer, and no code of Node. */
import { ConfigError } from '../../lib/errors.ts';

function refuse(what: string): ConfigError {
  return new ConfigError(`${what} needs files, and there are none here.`, {
    hint: "Keep events in memory, with configureBroker('memory'), or in an EventLog of your own.",
  });
}

export const fileLog = (): Promise<never> => Promise.reject(refuse('fileLog()'));

export function fileLogger(): never {
  throw refuse('fileLogger()');
}
