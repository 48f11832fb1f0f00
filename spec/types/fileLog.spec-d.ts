import type { Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import type { Coordinator, EventLog, Logger, Persistence, Stored } from 'rxbaton';
import {
  fileLog,
  fileLogger,
  openRecording,
  recordTo,
  verify,
  type Damage,
  type FileLogOptions,
  type Fsync,
  type Recording,
  type RecordOptions,
  type Verification,
} from 'rxbaton/adapters/file';

type Step = { readonly name: 'begun'; readonly by: string } | { readonly name: 'done' };
declare const coordinator: Coordinator;

describe('a log in files', () => {
  it('gives back what it takes', () => {
    expectTypeOf(fileLog<Step>({ directory: 'd' })).toEqualTypeOf<Promise<EventLog<Step>>>();
    expectTypeOf(fileLog({ directory: 'd' })).toEqualTypeOf<Promise<EventLog>>();
    const log = {} as Awaited<ReturnType<typeof fileLog<Step>>>;
    expectTypeOf(log.read('s')).toEqualTypeOf<Observable<Stored<Step>>>();
    // @ts-expect-error A step that was begun says by whom.
    void log.append('s', [{ name: 'begun' }]);
  });

  it('knows its options', () => {
    void fileLog({ directory: 'd', fsync: 'batch', segmentBytes: 1, retention: { bytes: 1, age: '7d' } });
    void fileLog({ directory: 'd', retention: { age: 1_000 }, maxCommitBytes: 1, readOnly: true, submit: false });
    expectTypeOf<FileLogOptions['fsync']>().toEqualTypeOf<Fsync | undefined>();
    expectTypeOf<Fsync>().toEqualTypeOf<'always' | 'batch' | 'never'>();
    // @ts-expect-error It is somewhere.
    void fileLog({});
    // @ts-expect-error It says where by name.
    void fileLog('d');
    // @ts-expect-error There is no such setting.
    void fileLog({ directory: 'd', fsync: 'sync' });
    // @ts-expect-error There is no such option.
    void fileLog({ directory: 'd', readonly: true });
    // @ts-expect-error Bytes are a number.
    void fileLog({ directory: 'd', segmentBytes: '64MiB' });
    // @ts-expect-error A time has a unit.
    void fileLog({ directory: 'd', retention: { age: '7 fortnights' } });
    // @ts-expect-error There is nothing else by which segments go.
    void fileLog({ directory: 'd', retention: { count: 3 } });
    // @ts-expect-error A codec reads what it writes.
    void fileLog({ directory: 'd', codec: { encode: JSON.stringify } });
    const options = {} as FileLogOptions;
    // @ts-expect-error Options stay as they were given.
    options.directory = 'elsewhere';
  });
});

describe('a recording', () => {
  it('is kept as persist keeps a log, in a file of its own', () => {
    expectTypeOf(recordTo(coordinator, 'f')).toEqualTypeOf<Promise<Recording>>();
    expectTypeOf<Recording>().toExtend<Persistence>();
    expectTypeOf<Recording['file']>().toBeString();
    void recordTo(coordinator, 'f', { names: ['order_*'], redact: ['**.card'] });
    // @ts-expect-error It is the one stream of its file.
    void recordTo(coordinator, 'f', { stream: 's' });
    // @ts-expect-error What is kept of a recording is not to be chosen.
    void recordTo(coordinator, 'f', { durability: 'sync' });
    // @ts-expect-error A recording is in a file.
    void recordTo(coordinator);
    // @ts-expect-error A log is not what is recorded.
    void recordTo({} as EventLog, 'f');
    expectTypeOf<keyof RecordOptions>().not.toEqualTypeOf<never>();
  });

  it('is opened as a log', () => {
    expectTypeOf(openRecording<Step>('f')).toEqualTypeOf<Promise<EventLog<Step>>>();
    expectTypeOf(openRecording('f')).toEqualTypeOf<Promise<EventLog>>();
    // @ts-expect-error Nobody writes to it.
    void openRecording('f', { fsync: 'always' });
    // @ts-expect-error It has a path.
    void openRecording({ file: 'f' });
  });
});

describe('what was found', () => {
  it('is told and stays', async () => {
    expectTypeOf(verify('d')).toEqualTypeOf<Promise<Verification>>();
    const { damages, torn } = await verify('d');
    expectTypeOf(damages).toEqualTypeOf<readonly Damage[]>();
    // @ts-expect-error Most logs end where a record does.
    expectTypeOf(torn.bytes).toBeNumber();
    // @ts-expect-error A finding is no place to put anything.
    damages.push({ file: 'f', offset: 0, what: 'w' });
    // @ts-expect-error A log is verified where it is, not as it is read.
    void verify({} as EventLog);
  });
});

describe('lines of a logger', () => {
  it('go to a file', () => {
    expectTypeOf(fileLogger('f')).toEqualTypeOf<Logger>();
    fileLogger('f', { level: 'debug', json: true });
    // @ts-expect-error There is no such level.
    fileLogger('f', { level: 'loud' });
    // @ts-expect-error There is no such option.
    fileLogger('f', { clock: null });
    // @ts-expect-error It has a path.
    fileLogger();
  });
});
