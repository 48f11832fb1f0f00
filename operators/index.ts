export { coordinated } from './coordinated.ts';
export { ofName } from './ofName.ts';
