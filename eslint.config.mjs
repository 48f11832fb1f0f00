import { defineConfig } from 'eslint/config';
import rxjsX from 'eslint-plugin-rxjs-x';
import tseslint from 'typescript-eslint';

const time =
  'Time comes from a clock: clock.now(), clock.schedule(work, ms). Only lib/internal/env.ts knows the real one.';
const host = 'Only lib/internal/env.ts and lib/internal/context.ts look at the host.';
const forbid = (names, message) => names.map((name) => ({ name, message }));

export default defineConfig(
  // The wrong halves of the pitfalls break rules on purpose.
  { ignores: ['dist', 'docs', 'coverage', '**/*.mjs', 'spec/pitfalls.spec.ts'] },
  tseslint.configs.strictTypeChecked,
  rxjsX.configs.strict,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['lib/**', 'operators/**', 'adapters/**'],
    ignores: ['lib/internal/env.ts', 'lib/internal/context.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...forbid(['setTimeout', 'setInterval', 'setImmediate', 'performance'], time),
        ...forbid(
          ['process', 'Buffer', 'globalThis', 'global', 'window', 'self', 'document', 'require', 'crypto', 'console'],
          host,
        ),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: time },
        { object: 'Math', property: 'random', message: host },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: time },
      ],
    },
  },
  {
    files: ['lib/**', 'operators/**', 'adapters/**'],
    rules: {
      // Callers without a compiler are checked at run time, against what the types already promise.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Loops know their bounds; a check for each index is what they are written to avoid.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Behind the port a backend gets back the cores that it made.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    // Names that nobody registered carry `any`.
    files: ['lib/events/maps.ts', 'lib/events/Coordinator.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off' },
  },
  {
    // The hot paths: each request, each value or each call passes here. Nobody else subclasses RxJS.
    files: [
      'lib/internal/stream.ts',
      'lib/gates/{acquire,hold,holder,foreign}.ts',
      'operators/{exclusive,persistTo,rateLimit,withLock}.ts',
    ],
    rules: { 'rxjs-x/no-subclass': 'off', '@typescript-eslint/no-deprecated': 'off' },
  },
  {
    files: ['spec/**', 'bench/**', 'examples/**'],
    rules: {
      'rxjs-x/no-exposed-subjects': 'off',
      'rxjs-x/no-floating-observables': 'off',
      'rxjs-x/no-ignored-default-value': 'off',
      'rxjs-x/no-ignored-error': 'off',
      // What happens when one subscribes inside another is what many specs are about.
      'rxjs-x/no-nested-subscribe': 'off',
      'rxjs-x/no-subscribe-in-pipe': 'off',
      'rxjs-x/throw-error': 'off',
      // Specs await what may be a promise, throw what is no Error, and know what they have put into a list.
      '@typescript-eslint/await-thenable': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/no-deprecated': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['spec/types/**'], rules: { '@typescript-eslint/no-unused-vars': 'off' } },
);
