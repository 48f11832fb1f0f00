// Research with one model, analysis with another, a summary with none: each API has a lock of its own.
import { coordinate, settled, when } from 'rxbaton';
import { fakeModel } from './support/fakeModel.ts';

const openai = fakeModel('gpt-4o');
const anthropic = fakeModel('claude');

const research = coordinate('researcher', { lock: 'openai_api' }, (topic: string) => openai(`Research: ${topic}`));
const analyse = coordinate('analyser', { lock: 'anthropic_api' }, (text: string) => anthropic(`Analyse: ${text}`));
const summarise = coordinate('summariser', (analysis: string) => `Summary: ${analysis.slice(0, 60)}...`);

when(research.complete, ({ result }) => analyse(result));
when(analyse.complete, ({ result }) => summarise(result));
when(summarise.complete, ({ result }) => console.log(result));

// The analysis of the first topic and the research of the second run side by side.
await Promise.all([research('AI and software'), research('AI and law')]);
await settled();
console.log('together:', openai.busiest, 'gpt-4o,', anthropic.busiest, 'claude');
