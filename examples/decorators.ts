// The same with classes: standard decorators, no compiler flag. `attach` subscribes what `@when.method` marked.
import { coordinate, createCoordinator, when, within } from 'rxbaton';

class Desk {
  readonly notes: string[] = [];

  @coordinate('researcher', { lock: 'openai_api' })
  async research(topic: string): Promise<string> {
    return `facts about ${topic}`;
  }

  @when.method('researcher_complete')
  async note({ result }: { result: string }): Promise<void> {
    this.notes.push(result);
  }
}

const coordinator = createCoordinator();
const desk = new Desk();
const attached = coordinator.attach(desk);

await within(coordinator, async () => {
  await desk.research('rivers');
  await desk.research('lakes');
});
await coordinator.settled();
console.log('heard:', desk.notes);

attached.unsubscribe();
await within(coordinator, () => desk.research('seas'));
await coordinator.settled();
console.log('after unsubscribing:', desk.notes.length);
