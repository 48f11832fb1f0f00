import { defineConfig } from 'eslint/config';
import rxjsX from 'eslint-plugin-rxjs-x';
import tseslint from 'typescript-eslint';

const time =
  'Time comes from a clock: clock.now(), clock.schedule(work, ms). Only lib/internal/env.ts knows the real one.';
const host = 'Only lib/internal/env.ts and lib/internal/context.ts look at the host.';
const forbid = (names, message) => names.map((name) => ({ name, message }));

export default defineConfig(
  { ignores: ['dist', 'docs', 'coverage', '**/*.mjs'] },
  tseslint.configs.strictTypeChecked,
  rxjsX.configs.strict,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
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
    files: ['spec/**', 'bench/**', 'examples/**'],
    rules: {
      'rxjs-x/no-exposed-subjects': 'off',
      'rxjs-x/no-floating-observables': 'off',
      'rxjs-x/no-ignored-error': 'off',
      'rxjs-x/throw-error': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
);
