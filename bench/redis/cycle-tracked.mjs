import { cycleTable } from './cycles.mjs';

export default cycleTable('on');
