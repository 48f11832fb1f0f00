export { fileLogger } from './fileLogger.ts';
export type { FileLoggerOptions } from './fileLogger.ts';
