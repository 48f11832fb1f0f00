// Two researchers, one API that allows two calls at a time and five each second. Nobody sees a 429, nobody retries.
import { coordinate, rateLimiter, semaphore } from 'rxbaton';
import { fakeModel } from './support/fakeModel.ts';

const openai = fakeModel('gpt');
const api = {
  lock: semaphore('openai_calls', { permits: 2 }),
  limits: rateLimiter('openai_rate', { limit: 5, per: '1s' }),
};

const researchMarket = coordinate('market_researcher', api, (industry: string) => openai(`${industry} trends`));
const researchCompetitors = coordinate('competitor_researcher', api, (company: string) =>
  openai(`competitors of ${company}`),
);

const answers = await Promise.all([
  researchMarket('chips'),
  researchCompetitors('Acme'),
  researchMarket('steel'),
  researchCompetitors('Umbrella'),
]);
console.log(answers.join('\n'));
console.log('at most', openai.busiest, 'calls at a time');
