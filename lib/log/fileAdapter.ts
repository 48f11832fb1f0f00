export type { FileLogOptions } from 'rxbaton/adapters/file';

/**
 * The one place where the library reaches for an adapter: by its public name and only when a file is wanted, so that programs
 * without one neither load it nor ship it.
 */
export const fileAdapter = (): Promise<typeof import('rxbaton/adapters/file')> => import('rxbaton/adapters/file');
