// Every tenant has its own allowance; a noisy one waits in its own queue and nobody else notices.
import { rateLimiter, run } from 'rxbaton';

const perTenant = rateLimiter('tenant-calls', { limit: 2, per: 100 });

const call = (tenant: string, n: number): Promise<string> =>
  run(perTenant, { key: tenant }, ({ waited }) => `${tenant} ${n} ${waited === 0 ? 'at once' : 'later'}`);

const calls = [call('noisy', 1), call('noisy', 2), call('noisy', 3), call('noisy', 4), call('quiet', 1)];
console.log((await Promise.all(calls)).join('\n'));
