/** Coordinators whose events are kept, and the logs for them. */
import { rxbaton } from '../rxbaton.mjs';
import { temporary } from './temporary.mjs';

export const nothing = () => undefined;

export const memory = ({ memoryLog }) => memoryLog({ keep: 1_000 });

/** A real file in the folder for temporary ones. */
export const file = (fsync) => async () => {
  const { fileLog } = await import('../../dist/adapters/file.js');
  return fileLog({ directory: temporary(), fsync, retention: { bytes: 256 * 1024 * 1024 } });
};

export async function persisting(context, open) {
  const api = await rxbaton(context);
  const log = await open(api);
  return { coordinator: api.createCoordinator({ context, ...(log === undefined ? {} : { log }) }) };
}
