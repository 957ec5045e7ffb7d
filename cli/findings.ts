/** What `tributary doctor` has to say: one finding for each thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do about it. */
  readonly todo?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, state: 'ok', message });
export const warning = (check: string, message: string, todo: string): Finding => ({
  check,
  state: 'warning',
  message,
  todo,
});
export const problem = (check: string, message: string, todo: string): Finding => ({
  check,
  state: 'problem',
  message,
  todo,
});
