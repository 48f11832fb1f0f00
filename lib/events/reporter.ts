import { reportUnhandled } from '../internal/env.ts';
import type { CoordinatorOptions, Logger } from './Coordinator.ts';

/** Where errors and remarks go. None of its functions throws, whatever the logger and `onError` do. */
export interface Reporter {
  log(level: keyof Logger, facts: object, message: string): void;
  /** An error that must not get lost. `received`: somebody else has heard of it, so that it need not be thrown. */
  report(error: unknown, what: string, received?: boolean): void;
}

export function reporter({ logger, onError }: Pick<CoordinatorOptions, 'logger' | 'onError'>): Reporter {
  const log = (level: keyof Logger, facts: object, message: string): void => {
    try {
      logger?.[level](facts, message);
    } catch (error) {
      reportUnhandled(error);
    }
  };
  const report = (error: unknown, what: string, received = false): void => {
    log('error', { err: error }, what);
    if (onError === undefined) {
      if (!received) reportUnhandled(error);
      return;
    }
    try {
      onError(error, what);
    } catch (mistake) {
      reportUnhandled(mistake);
    }
  };
  return { log, report };
}
