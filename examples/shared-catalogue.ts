// Many agents read one catalogue at once; who updates it is alone, and is not kept waiting by readers who come later.
import { readWriteLock, run } from 'rxbaton';

const catalogue = readWriteLock('catalogue');
const prices = new Map([['chair', 40]]);
const log: string[] = [];
const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

const read = (agent: string): Promise<void> =>
  run(catalogue.read, async () => {
    log.push(`${agent} begins to read`);
    await aMoment();
    log.push(`${agent} read: a chair is ${prices.get('chair')}`);
  });

const update = (price: number): Promise<void> =>
  run(catalogue.write, async () => {
    log.push('the update begins');
    await aMoment();
    prices.set('chair', price);
    log.push('the update is done');
  });

await Promise.all([read('ada'), read('bob'), update(45), read('eve')]);
console.log(log.join('\n'));
