/** Commands for the completion of command lines in a shell. */
import { any, callerCommand, one } from '../descriptor.ts';

export const completion = callerCommand('completion', {
  description:
    'Print a script that lets a shell complete commands, options and names. To run it when the shell starts, put eval "$(tributary completion bash)" into ~/.bashrc, or the same with zsh into ~/.zshrc. For fish, write it to ~/.config/fish/completions/tributary.fish.',
  examples: ['completion bash', 'completion zsh', 'completion fish'],
  operands: { shell: one('shell', ['bash', 'zsh', 'fish']) },
  load: () => import('../commands/completion.ts'),
});

/** The command that the script runs. */
export const complete = callerCommand('complete', {
  description: 'Print the possible completions of the last word, for a shell.',
  examples: ['complete bash -- dead-letters l'],
  operands: { shell: one('shell'), words: any('words') },
  isHidden: true,
  load: () => import('../commands/complete.ts'),
});
