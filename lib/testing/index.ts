export { virtualTime } from './virtualTime.ts';
