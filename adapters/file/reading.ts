import { defer, from, mergeMap, Observable } from 'rxjs';
import type { EventLog, Stored } from '../../lib/log/EventLog.ts';
import { rangeOf, readRequest } from '../../lib/log/readRequest.ts';
import { dueRequest, headRequest, streamsRequest } from '../../lib/log/requests.ts';
import type { Contents } from './Contents.ts';
import { FileReader } from './FileReader.ts';
import type { Source } from './Walk.ts';

/** May write records; its answer is given when everything before it, and they, are where they belong. */
export type Question<T> = (contents: Contents, now: number) => T;

/** What can be asked about the files of a log. */
export interface Questioned extends Source {
  join(reader: FileReader): void;
  leave(reader: FileReader): void;
  ask<T>(question: Question<T>): Promise<T>;
}

/**
 * The methods of a log that change nothing.
 *
 * @param open Throws when nothing may be asked any more; gets the name of the method.
 */
export function reading<E>(
  files: Questioned,
  open: (method: string) => void,
): Pick<EventLog<E>, 'read' | 'head' | 'due' | 'streams'> {
  const ask = async <T>(method: string, question: Question<T>): Promise<T> => {
    open(method);
    return files.ask(question);
  };
  return {
    read(stream, given) {
      const request = readRequest(stream, given);
      return new Observable<Stored>((subscriber) => {
        let reader: FileReader | null = null;
        const leave = (): void => {
          if (reader !== null) files.leave(reader);
        };
        open('read()');
        const ready = files.ask(({ ledger }) => {
          // Asked again when what the first answer rested on was lost.
          leave();
          reader = new FileReader(files, request, rangeOf(request, ledger.head(stream)), subscriber);
          if (!subscriber.closed) files.join(reader);
          return reader;
        });
        ready.then(
          (reader) => reader.start(),
          (error: unknown) => subscriber.error(error),
        );
        return leave;
      }) as Observable<Stored<E>>;
    },
    head: (stream) => ask('head()', ({ ledger }) => ledger.head(headRequest(stream))),
    due: (index, given) => ask('due()', ({ ledger }, now) => ledger.due(index, dueRequest(index, given), now)),
    streams(given) {
      const wanted = streamsRequest(given);
      return defer(() =>
        ask('streams()', ({ ledger }) =>
          ledger.names().filter((stream) => wanted(stream, ledger.facts(stream)?.closed === true)),
        ),
      ).pipe(mergeMap((names) => from(names)));
    },
  };
}
