/** The desk as it is written first: everything at once, and a retry around each call of the model. */
import { setTimeout as sleep } from 'node:timers/promises';
import { contrast, GROUP, merge, study, type Job } from './desk.ts';
import { TooManyRequestsError, type Model } from './model.ts';
import type { Finding } from './prompts.ts';

/** Twice what the SDKs do unless told otherwise. */
const RETRIES = 4;

export async function runNaive(job: Job, model: Model): Promise<void> {
  const ask = (prompt: Parameters<Model['ask']>[0]) => retrying(() => model.ask(prompt));
  const findings: Finding[] = [];
  await Promise.all(
    job.documents.map(async (document) => {
      try {
        const finding = await study(ask, document);
        findings.push(finding);
        await merge(ask, job, finding);
      } catch (error) {
        job.failed(document.title, String(error));
      }
    }),
  );
  const groups = Array.from({ length: Math.ceil(findings.length / GROUP) }, (_, n) =>
    findings.slice(n * GROUP, (n + 1) * GROUP),
  );
  await Promise.all(
    groups.map(async (group, n) => {
      try {
        await merge(ask, job, await contrast(ask, group));
      } catch (error) {
        job.failed(`comparison ${n + 1}`, String(error));
      }
    }),
  );
}

/** Waits as long as the server says, with the usual jitter, then tries again. */
async function retrying<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof TooManyRequestsError) || attempt === RETRIES) throw error;
      await sleep(error.retryAfter * (1 + Math.random() / 4));
    }
  }
}
