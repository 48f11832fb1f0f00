// Prints "N passed, N failed" from vitest's JSON report. Usage: count.mjs <report> <number of failed steps>
import { readFileSync } from 'node:fs';

const [report, failedSteps] = process.argv.slice(2);
let tests = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
try {
  tests = JSON.parse(readFileSync(report, 'utf8'));
} catch (error) {
  console.log(`no test results: ${error.message}`);
}

// A file that cannot be loaded has no test that could fail.
const unloadable = tests.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
);
for (const { name } of unloadable) console.log(`could not be loaded: ${name}`);
const skipped = tests.numPendingTests + tests.numTodoTests;
if (skipped > 0) console.log(`${skipped} skipped, which is not allowed`);

const passed = tests.numPassedTests;
const failed = tests.numFailedTests + unloadable.length + skipped;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 && failedSteps === '0' ? 0 : 1;
