export { fileLog } from './fileLog.ts';
export type { FileLogOptions } from './fileLog.ts';
export { fileLogger } from './fileLogger.ts';
export type { FileLoggerOptions } from './fileLogger.ts';
export { openRecording } from './openRecording.ts';
export type { RecordingOptions } from './openRecording.ts';
export { recordTo } from './recordTo.ts';
export type { RecordOptions, Recording } from './recordTo.ts';
export type { Fsync } from './Tail.ts';
