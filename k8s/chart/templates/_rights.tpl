{{/*
Exactly the rights of a workload that docs/operate.md lists. It reads the topics of its groups, writes what it emits, dead letters and
marks, and can see whether the other topics exist. The operator's rights are for people who sign in to repair something.
*/}}
{{- define "tributary.rights" -}}
{{- $all := keys (.root.Files.Get "files/workloads.yaml" | fromYaml).topics }}
{{- /* A process checks that all topics of its platform exist, including those of other modules. */}}
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
{{- /* Timers, forwarded records, and its reports of batches. */}}
{{- if eq $.kind "job" }}{{ $writes = append (append $writes $of.topic) "pipeline.events" }}{{ end }}
{{- end }}
{{- if eq (default "on" .root.Values.config.pipelineEvents) "off" }}{{ $writes = without $writes "pipeline.events" }}{{ end }}
{{- /* The service produces the events that its callers send. */}}
{{- if has .kind (list "service" "operator") }}{{ $writes = concat $writes $all }}{{ end }}
{{- /* It also shows operators the records that jobs have read and rejected. */}}
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
