/** The same desk with rxbaton: the agents are chained by their events, the model and the report have gates. */
import { bufferCount, filter, map, merge as mergeStreams, take } from 'rxjs';
import { allOf, mutex, rateLimiter, run, semaphore, type Retry } from 'rxbaton';
import type { Document } from './collector.ts';
import { contrast, GROUP, merge, study, together, type Ask, type Job } from './desk.ts';
import type { Limits } from './localModel.ts';
import { TooManyRequestsError, type Model } from './model.ts';
import type { Finding } from './prompts.ts';
import type { Desk } from './story.ts';

export async function runCoordinated(desk: Desk, job: Job, model: Model, { rate, concurrency }: Limits): Promise<void> {
  // Counted from the release: however long a request is under way, the server never counts more in a second than we do.
  const pace = rateLimiter('model-rate', { limit: rate, per: '1s', from: 'release' });
  const slots = semaphore('model-slots', { permits: concurrency });
  const report = mutex('report');

  /** Asks the model when it has time for us. Whoever holds the report goes first, since others wait for that. */
  const asking =
    (label: string, priority: number): Ask =>
    (prompt) =>
      run(allOf(pace, slots), { label, priority }, async ({ signal }) => {
        try {
          return await model.ask(prompt, signal);
        } catch (error) {
          // Somebody else uses up the same allowance: everybody here pauses as long as the server says.
          if (error instanceof TooManyRequestsError) await desk.open(pace).pauseUntil(Date.now() + error.retryAfter);
          throw error;
        }
      });

  const retry: Retry = {
    attempts: 5,
    when: (error) => error instanceof TooManyRequestsError && error.retryAfter,
  };
  const researcher = desk.coordinate('researcher', { retry }, (document: Document) =>
    study(asking(document.title, 0), document),
  );
  const analyst = desk.coordinate('analyst', { retry }, (findings: Finding[]) =>
    contrast(asking(together(findings), 1), findings),
  );
  const writer = desk.coordinate('writer', { retry, lock: report }, (finding: Finding) =>
    merge(asking(finding.title, 2), job, finding),
  );

  // Every agent here is started by a handler, so what fails ends up here.
  desk.when('rxbaton.handler_failed', ({ name, error }) => job.failed(`after ${name}`, error.message));

  desk.when('document_found', (document) => researcher(document));
  desk.when(researcher.complete, ({ result }) => writer(result));
  // The analyst gets findings by the half dozen; the last ones too, since the stream ends with the last document.
  mergeStreams(
    desk.when(researcher.complete).pipe(map(({ data }) => data.result)),
    desk.when(researcher.failed).pipe(map(() => null)),
  )
    .pipe(
      take(job.documents.length),
      filter((finding) => finding !== null),
      bufferCount(GROUP),
    )
    .subscribe((findings) => desk.emit('group_complete', findings));
  desk.when('group_complete', (findings) => analyst(findings));
  desk.when(analyst.complete, ({ result }) => writer(result));

  for (const document of job.documents) desk.emit('document_found', document, { sender: 'collector' });
  await desk.settled();
}
