import { count, lastValueFrom } from 'rxjs';
import { fileLog } from '../../adapters/file/fileLog.ts';
import { shownError } from './shownError.ts';

/** Opens a log as somebody who may only look, to whom the rights of a file mean something. */
export async function trespass(directory: string, say: (what: object) => void): Promise<void> {
  if (process.getuid?.() === 0) {
    process.setgid?.(65534);
    process.setuid?.(65534);
  }
  say(await fileLog({ directory }).then(() => ({ opened: true }), shownError));
  const reader = await fileLog({ directory, readOnly: true });
  say({ events: await lastValueFrom(reader.read('s').pipe(count())) });
}
