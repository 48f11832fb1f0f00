// Two agents: one may write to the database only alone, one may call the API only alone. The second starts a third.
import { coordinate, settled, when } from 'rxbaton';
import { fakeModel } from './support/fakeModel.ts';

const llm = fakeModel('gpt');
const database = new Map<string, string>();

const processCustomer = coordinate(
  'data_processor',
  { lock: 'customer_database' },
  async (id: string, data: string) => {
    database.set(id, data);
    return id;
  },
);

const research = coordinate('researcher', { lock: 'openai_api' }, async (topic: string) => llm(topic));

const analyse = coordinate('analyst', async (text: string) => `analysis of (${text})`);

when(research.complete, ({ result }) => analyse(result));
when(analyse.complete, ({ result }) => console.log(result));

await Promise.all([research('AI safety'), processCustomer('42', 'Ada')]);
await settled();
console.log('stored', [...database]);
