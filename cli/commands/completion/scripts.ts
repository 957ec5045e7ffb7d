/**
 * The script for each shell. At the Tab key it calls `tributary complete <shell> -- <words>`, and so knows the commands of the installed
 * version and the names of the current folder. The line `:files` stands for file names, which a shell completes better.
 */
export const SCRIPTS = {
  bash: `# Completion of tributary for bash: eval "$(tributary completion bash)"
_tributary() {
  local program=\${COMP_WORDS[0]/#\\~\\//$HOME/} line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null || true
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
    else
      COMPREPLY+=("$line")
    fi
  done < <("$program" complete bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _tributary tributary
`,
  zsh: `#compdef tributary
# Completion of tributary for zsh: eval "$(tributary completion zsh)", or as a file _tributary in a folder of $fpath
_tributary() {
  local program=\${words[1]/#\\~\\//$HOME/}
  local -a lines
  lines=("\${(@f)$("$program" complete zsh -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  lines=(\${lines:#})
  if [[ $lines[1] == :files ]]; then
    _files
  elif (( $#lines )); then
    _describe -V tributary lines
  fi
}
if [[ $funcstack[1] == _tributary ]]; then
  _tributary "$@"
elif (( $+functions[compdef] )); then
  compdef _tributary tributary
fi
`,
  fish: `# Completion of tributary for fish: tributary completion fish > ~/.config/fish/completions/tributary.fish
function __tributary_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($before[1] complete fish -- $before[2..-1] "$current" 2>/dev/null)
    if test "$lines[1]" = :files
        __fish_complete_path "$current"
    else
        printf '%s\\n' $lines
    end
end
complete -c tributary -f -k -a '(__tributary_complete)'
`,
} as const;

export type Shell = keyof typeof SCRIPTS;
