import { ConfigError } from '../errors.ts';

/** Parameters of a URL whose values are nobody's business. */
const secrets = /pass|pwd|secret|token|key|auth/i;

/** A URL as it may be shown: passwords are `***`. What is no URL is not shown at all, since nobody knows what is in it. */
export function maskUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.host === '') return '***';
  if (url.password !== '') url.password = '***';
  // A token that stands alone in front of the host.
  else if (url.username !== '') url.username = '***';
  for (const name of url.searchParams.keys()) if (secrets.test(name)) url.searchParams.set(name, '***');
  return url.href;
}

/** @throws ConfigError, which shows no password, when this is no URL of a Redis server. */
export function checkRedisUrl(value: unknown, owner: string): string {
  const text = typeof value === 'string' ? value : '';
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return text;
  throw new ConfigError(
    `${owner} must be a URL with a host, beginning with redis:// or rediss://, not ${maskUrl(text)}.`,
    {
      hint: "For example 'redis://localhost:6379'.",
      details: { option: owner },
    },
  );
}
