// Three agents share one API that takes one call at a time. The lock's name is all that they have to agree on.
import { coordinate } from 'rxbaton';
import { fakeModel } from './support/fakeModel.ts';

const openai = fakeModel('gpt');
const researcher = (topic: string) => openai(`research ${topic}`);
const analyser = (topic: string) => openai(`analyse ${topic}`);
const summariser = (topic: string) => openai(`summarise ${topic}`);

await Promise.all([researcher('x'), analyser('x'), summariser('x')]);
console.log('uncoordinated:', openai.busiest, 'calls at a time');

openai.busiest = 0;
const lock = 'openai_api';
const queued = [
  coordinate('researcher', { lock }, researcher),
  coordinate('analyser', { lock }, analyser),
  coordinate('summariser', { lock }, summariser),
];
console.log((await Promise.all(queued.map((agent) => agent('x')))).join('\n'));
console.log('coordinated:  ', openai.busiest, 'call at a time');
