{{/*
The rights of a workload, as docs/operate.md has them, and no others: it reads the topics of its groups, writes what it emits, dead letters and
marks, and sees that the other topics are there. The operator's are those of whoever signs in to repair something.
*/}}
{{- define "tributary.rights" -}}
{{- $all := keys (.root.Files.Get "files/workloads.yaml" | fromYaml).topics }}
{{- /* A process looks whether all topics of its platform are there, those of other modules among them. */}}
{{- range concat (values .root.Values.extraJobs) (values .root.Values.rollups.extra) }}
{{- range (append (default (list) .writes) .topic | uniq) }}
{{- if not (has . $all) }}{{ $all = append $all . }}{{ end }}
{{- if not (or (has (printf "%s.dead-letter" .) $all) (has . (list "tributary.marks"))) }}{{ $all = append $all (printf "%s.dead-letter" .) }}{{ end }}
{{- end }}
{{- end }}
{{- $reads := list "tributary.marks" }}
{{- $writes := list "tributary.marks" }}
{{- range $group, $of := .groups }}
{{- $reads = append $reads $of.topic }}
{{- $writes = concat $writes (list (printf "%s.dead-letter" $of.topic)) (default (list) $of.writes) }}
{{- /* Timers, records that are sent on, and what it reports of a batch. */}}
{{- if eq $.kind "job" }}{{ $writes = append (append $writes $of.topic) "pipeline.events" }}{{ end }}
{{- end }}
{{- if eq (default "on" .root.Values.config.pipelineEvents) "off" }}{{ $writes = without $writes "pipeline.events" }}{{ end }}
{{- /* The service produces what its callers send. */}}
{{- if has .kind (list "service" "operator") }}{{ $writes = concat $writes $all }}{{ end }}
{{- /* It shows to operators what jobs have read and rejected, too. */}}
{{- if has .kind (list "service" "operator") }}{{ $reads = $all }}{{ end }}
{{- range $topic := (concat $all $reads $writes | uniq | sortAlpha) }}
{{- $operations := list "Describe" }}
{{- if has $topic $reads }}{{ $operations = append $operations "Read" }}{{ end }}
{{- if has $topic $writes }}{{ $operations = append $operations "Write" }}{{ end }}
{{- if eq $.kind "operator" }}{{ $operations = concat $operations (list "DescribeConfigs" "Create" "Alter") }}{{ end }}
- resource: { type: topic, name: {{ $topic }}, patternType: literal }
  operations: [{{ join ", " $operations }}]
{{- end }}
{{- if eq .kind "operator" }}
- resource: { type: group, name: '*', patternType: literal }
  operations: [Read]
- resource: { type: transactionalId, name: tributary, patternType: prefix }
  operations: [Write, Describe]
- resource: { type: cluster }
  operations: [IdempotentWrite, DescribeConfigs]
{{- else }}
{{- if eq .kind "service" }}
- resource: { type: group, name: '*', patternType: literal }
  operations: [Describe]
- resource: { type: transactionalId, name: tributary/dead-letters, patternType: literal }
  operations: [Write, Describe]
{{- end }}
{{- range $group, $of := .groups }}
- resource: { type: group, name: {{ $group }}, patternType: literal }
  operations: [Read]
- resource: { type: transactionalId, name: tributary/{{ $group }}/, patternType: prefix }
  operations: [Write, Describe]
{{- end }}
- resource: { type: cluster }
  operations: [IdempotentWrite]
{{- end }}
{{- end }}
