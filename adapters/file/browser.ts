/** What browsers get instead of this adapter, by the condition of that name in package.json: an answer, and no code of Node. */
import { ConfigError } from '../../lib/errors.ts';

function refuse(what: string): ConfigError {
  return new ConfigError(`${what} needs files, and there are none here.`, {
    hint: "Keep events in memory, with configureBroker('memory'), or in an EventLog of your own.",
  });
}

const refused = (what: string) => (): Promise<never> => Promise.reject(refuse(what));

export const fileLog: () => Promise<never> = refused('fileLog()');
export const openRecording: () => Promise<never> = refused('openRecording()');
export const recordTo: () => Promise<never> = refused('recordTo()');
export const verify: () => Promise<never> = refused('verify()');

export function fileLogger(): never {
  throw refuse('fileLogger()');
}
