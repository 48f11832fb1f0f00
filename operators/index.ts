export { ofName } from './ofName.ts';
