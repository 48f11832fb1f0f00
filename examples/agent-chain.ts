// Nobody orchestrates: each agent starts when the one before it is complete. A failure ends the chain and is heard once.
import { coordinate, settled, when } from 'rxbaton';

const research = coordinate('researcher', async (topic: string) => {
  if (topic === '') throw new Error('no topic');
  return `facts about ${topic}`;
});
const analyse = coordinate('analyser', async (facts: string) => `what ${facts} mean`);
const summarise = coordinate('summariser', async (analysis: string) => `in short: ${analysis}`);

when(research.complete, ({ result }) => analyse(result));
when(analyse.complete, ({ result }) => summarise(result));
when(summarise.complete, ({ result }) => console.log(result));
when('*_failed', ({ error }, event) => console.log(`${event.name}: ${error.message}`));

await research('rivers'); // everything else follows
await research('').catch(() => {});
await settled();
