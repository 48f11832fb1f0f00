export { fileLogger } from './fileLogger.ts';
export type { FileLoggerOptions } from './fileLogger.ts';
export { fileLog } from './fileLog.ts';
export type { FileLogOptions } from './fileLog.ts';
