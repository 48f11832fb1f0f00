export { marbles } from './marbles.ts';
export type { MarblesHelpers, MarblesOptions } from './marbles.ts';
export { virtualTime } from './virtualTime.ts';
export type { VirtualTime, VirtualTimeOptions } from './virtualTime.ts';
